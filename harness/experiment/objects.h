/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy's BPF objects as the guest gets them: one file, "NAME BYTES\n" and the bytes for each, in
 * the order of their names.  It is kept in <cache>/objects/ by its SHA-256, so that a result can be
 * run again when the policy has changed since.
 */
#ifndef EXPERIMENT_OBJECTS_H
#define EXPERIMENT_OBJECTS_H

#include "base/err.h"
#include "base/file.h"
#include "experiment/policy.h"

/* What the guest takes, bytes. */
#define OBJECTS_MAX (2u << 20)

/*
 * Keeps those of a policy; id and path, a heap string, are theirs.  One without any has no path.
 * -E2BIG when there are more bytes than OBJECTS_MAX.
 */
int objects_keep(const struct policy *policy, char id[SHA256_HEX], char **path, struct err *err);
/* Those that were kept; -ENOENT when the cache has them no more. */
int objects_open(const char *id, char **path, struct err *err);
/* Has them, or an empty file where path is NULL, as RUN_OBJECTS in a folder. */
int objects_put(const char *path, const char *dir, struct err *err);

#endif
