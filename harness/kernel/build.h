/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels that are built here: a tree, a commit of it, patches, and fragments of configuration.
 *
 * A kernel is a function of its inputs: what the source holds (a git tree id, after the patches), the
 * fragments' text, and the toolchain's versions.  Their hash names it: "7.3.4-base+numa-1a2b3c4d".
 * Whatever else there is - folders, users, times, what was built before in the same folder - does not
 * reach the image, and a build whose inputs were built before costs nothing.
 *
 *	<cache>/trees/<key>/	a tree: git/ (objects of its own beside the user's), src/ (what was
 *				checked out last), build-<key>/ (an out-of-tree folder for each set of
 *				fragments and toolchain, shared by the tree's commits)
 *	<cache>/builds/<name>.json	what was built under that name, and the kernel's id
 *
 * The user's own folder is only read.  Running a tree's makefiles runs what the tree says: build what
 * you trust.
 */
#ifndef KERNEL_BUILD_H
#define KERNEL_BUILD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "kernel/kernel.h"

/* The most fragments of one kernel. */
#define FRAGMENTS_MAX 16

/* Answers of build_kernel() that say something about the source; all others are about the host. */
#define BUILD_BROKEN   (-ENOEXEC) /* it does not compile or link: err says where */
#define BUILD_CONFIG   (-ENOMSG)  /* a symbol of a fragment is not in it, or did not stick */
#define BUILD_CONFLICT (-EBADRQC) /* a patch does not apply */

struct build_progress {
	size_t done;    /* files so far */
	size_t total;   /* files in all, as far as one can tell */
	double seconds; /* since the start */
	double left;    /* estimated; negative while nobody knows */
	bool last;      /* make has ended */
};

struct build {
	const char *tree;       /* "PATH", "PATH@COMMIT", "debian:7.3", "debian:7.3=PACKAGE-VERSION" */
	const char *commit;     /* in place of "@COMMIT": any name of a commit; or NULL */
	char *const *fragments; /* names in kernel-config/, or paths; ends with NULL */
	const char *patches;    /* folder of a series, or NULL */
	size_t nr_patches;      /* so many of it, if it has them; BUILD_ALL = all */
	const char *toolchain;  /* "auto" or NULL, "host", or a suite such as "trixie" */
	unsigned int jobs;      /* 0 = as many as CPUs */
	void (*say)(const char *line); /* told what takes long; may be NULL */
	void (*progress)(const struct build_progress *p, void *ctx); /* may be NULL */
	void *ctx;
};
#define BUILD_ALL ((size_t)-1)

/* What came of it. */
struct built {
	struct kernel kernel;
	char *name;   /* what -k takes */
	json_t *about; /* build.json: the inputs, and how it was built */
	bool cached;  /* it was there */
};

/*
 * Builds, or finds what was built of the same inputs.  BUILD_BROKEN, BUILD_CONFIG and BUILD_CONFLICT
 * are about the source: a bisection skips it.  -ENOENT, -EINVAL: there is no such tree, commit,
 * fragment or series.  -ENOSPC: the disk is full.  -EINTR: the process got a signal while
 * build_stop was set.  One build at a time in a tree: another process waits.
 */
int build_kernel(const struct build *build, struct built *out, struct err *err);
void built_release(struct built *built);
/* Set by a signal handler: the build ends at once, and is taken up again the next time. */
extern volatile bool build_stop;

/* The kernel that was built under this name; -ENOENT. */
int built_find(const char *name, struct kernel *out, struct err *err);
/* Calls take for each name there is, in no order. */
int built_each(void (*take)(const char *name, const json_t *about, void *ctx), void *ctx,
	       struct err *err);

/* The patches of a folder: those of its file "series" in that order, else *.patch by name. */
struct patches {
	char *dir;
	char **name;
	char (*sha256)[SHA256_HEX];
	size_t nr;
};
int patches_load(const char *dir, struct patches *out, struct err *err);
void patches_release(struct patches *series);
/* Of the first nr. */
void patches_hash(const struct patches *series, size_t nr, char hex[SHA256_HEX]);

#endif
