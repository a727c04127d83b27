/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share; nobody else includes it. */
#ifndef KERNEL_INTERNAL_H
#define KERNEL_INTERNAL_H

#include <jansson.h>

#include "base/buf.h"
#include "kernel/kernel.h"

/* Bounds on what a package or a modules folder may hold; kernels have a tenth of it. */
#define KERNEL_FILES_MAX 20000
#define KERNEL_BYTES_MAX (4ull << 30)

/* index.c: package indexes as text. */

/* Appends what the ladder needs of an index's kernel packages, each with the suite it is from. */
void index_filter(const char *text, size_t len, const char *suite, struct buf *out);
/* Sets the rungs, oldest first, from what index_filter() made; fetched is left false. */
void index_parse(const char *text, size_t len, struct ladder *ladder);

/* apt.c: all that runs apt. */

/* Appends what index_filter() made of every suite: from the cache, or fetched if old. */
int apt_index(bool refresh, struct buf *out, struct err *err);
/* Downloads a rung's packages into a folder. */
int apt_download(const struct rung *rung, const char *dir, struct err *err);

/* bzimage.c */

/* -ENOEXEC when the file is no whole bootable x86 image.  *release is heap memory. */
int bzimage_check(const char *path, char **release, struct err *err);

/* Whichever of both it is. */
int image_check(const char *path, char **release, struct err *err);

/* uml.c */

/* Whether it is a program that holds a kernel for User-Mode Linux. */
bool uml_image(const char *path);
/* The release of one; -ENOEXEC when it does not say. */
int uml_image_check(const char *path, char **release, struct err *err);

/* vmlinux.c */

/* Remembers the vmlinux beside a bzImage that was imported under this id, if there is one. */
int vmlinux_note(const char *bzimage, const char *id, struct err *err);

/* deb.c */

/* Unpacks the kernel's files of a package into dir, under the names that struct kernel has. */
int deb_unpack(const char *deb, const char *dir, struct err *err);
/* Whether it is the name of a module: .ko, .ko.xz, .ko.zst. */
bool is_module(const char *name);

/* store.c: the cache. */

/* A kernel being put together, in a folder of its own that goes away unless it is committed. */
struct draft {
	char *dir;           /* temporary folder; downloads go into it */
	char *kernel;        /* <dir>/kernel: what will be in the cache */
	int lock;            /* held while someone works in dir */
	const char *version; /* NULL: the release of the image */
	const char *package; /* NULL: not from a package */
	const char *packaging;
	const char *suite; /* NULL: not from a package */
	json_t *packages;  /* what it came from, an array */
	const json_t *build; /* how it was built, borrowed; kept as build.json; NULL: not here */
};

int draft_open(struct draft *draft, struct err *err);
/* Checks the image, names the kernel by its content and moves it into the cache. */
int draft_commit(struct draft *draft, struct kernel *out, struct err *err);
void draft_release(struct draft *draft);
#define cleanup_draft __attribute__((cleanup(draft_release)))

/* Makes the folder that a file will be in. */
int parent_make(const char *path, struct err *err);

/* The newest kernel in the cache with this package version or, if !exact, this upstream version. */
int cached_find(const char *version, bool exact, struct kernel *out, struct err *err);

#endif
