/* SPDX-License-Identifier: GPL-2.0-only */
/* git, run on a repository of ours: no configuration of the user or the machine, no hooks. */
#ifndef KERNEL_GIT_H
#define KERNEL_GIT_H

#include "base/buf.h"
#include "base/err.h"

struct git {
	const char *dir;   /* the repository's own folder; NULL: found from -C in the arguments */
	const char *work;  /* its files, or NULL */
	const char *index; /* or NULL */
	const char *input; /* file that is its stdin, or NULL */
};

/*
 * Runs "git ARGS..." (a list that ends with NULL) and adds what it prints on stdout to out, which may
 * be NULL.  -EIO with git's own last words when it fails.
 */
int git_run(const struct git *git, struct buf *out, struct err *err, ...)
	__attribute__((sentinel));
/* As git_run(); when it fails, all its words of stderr are in why. */
int git_why(const struct git *git, struct buf *why, ...) __attribute__((sentinel));
/* The single line that it prints. */
int git_line(const struct git *git, char *out, size_t size, struct err *err, ...)
	__attribute__((sentinel));

#endif
