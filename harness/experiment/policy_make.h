/* SPDX-License-Identifier: GPL-2.0-only */
/* Making policies in BPF: a source to begin with, and its object. */
#ifndef EXPERIMENT_POLICY_MAKE_H
#define EXPERIMENT_POLICY_MAKE_H

#include "base/err.h"

/* Longest name: it is part of the names of BPF programs, which the kernel cuts. */
#define POLICY_NAME_MAX 12

/*
 * Writes NAME.bpf.c and NAME.conf into the current folder, as those of a policy that comes with
 * wringer, under another name.  -EINVAL for a name that is no word of small letters, digits and _,
 * -EEXIST where there are such files, -ENOENT when there is no policy like that one.
 */
int policy_new(const char *name, const char *like, struct err *err);
/*
 * Compiles FOLDER/NAME.bpf.c to FOLDER/NAME.bpf.o.  The compiler says what is wrong on our stderr;
 * then -EIO.  -EINVAL for a file of another name.
 */
int policy_build(const char *source, struct err *err);

#endif
