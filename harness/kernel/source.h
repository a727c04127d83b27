/* SPDX-License-Identifier: GPL-2.0-only */
/* The source of a kernel: where it is, what it holds, a folder of our own that holds it. */
#ifndef KERNEL_SOURCE_H
#define KERNEL_SOURCE_H

#include "base/buf.h"
#include "base/err.h"
#include "kernel/build.h"

/* An object id of git: SHA-1 or SHA-256. */
#define GIT_ID_MAX 65

struct source {
	char *from;   /* canonical: a path, or "debian:7.3" */
	char *dir;    /* <cache>/trees/<key> */
	char *origin; /* of a package its file's name, else "" */
	char commit[GIT_ID_MAX]; /* "" when it is not just a commit */
	char tree[GIT_ID_MAX];   /* what it holds */
	char version[64];        /* "7.3.4", "7.4.0-rc3" */
	int lock;                /* held while the folder is in use */
};
#define SOURCE_NONE ((struct source){.lock = -1})

/*
 * Finds out what the tree holds.  spec and commit as in struct build.  -EINVAL when it is no kernel
 * tree, -ENOENT when tree or commit are not there.
 */
int source_open(const char *spec, const char *commit, void (*say)(const char *line),
		struct source *out, struct err *err);
void source_release(struct source *source);
#define cleanup_source __attribute__((cleanup(source_release)))
/* Changes what it holds, by the first nr patches.  BUILD_CONFLICT names patch, file and hunk. */
int source_patch(struct source *source, const struct patches *series, size_t nr, struct err *err);
/* A file of it. */
int source_read(const struct source *source, const char *path, struct buf *out, struct err *err);
/* Whether a Kconfig file has this symbol. */
bool source_has_symbol(const struct source *source, const char *symbol);
/* Makes <dir>/src hold it; a file that is the same already is not touched. */
int source_checkout(const struct source *source, struct err *err);

#endif
