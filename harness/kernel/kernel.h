/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernels that can be booted: the ladder of prebuilt Debian packages, and files given by path.
 *
 * A kernel in the cache is a folder <cache>/kernels/<id>/ with
 *	vmlinuz			the bootable image, checked to be one
 *	linux			in its place, of a kernel for User-Mode Linux: that program
 *	config			its configuration, where the packages have it
 *	modules/		its .ko, .ko.xz, .ko.zst files, folders as packaged; may be absent
 *	modules.builtin		where the packages have it
 *	meta.json		what it is and which packages (with their SHA-256) it came from
 * and its id is the SHA-256 of the list "sha256  relative path\n" of all files but meta.json,
 *sorted by path.  A folder that is there is complete: it is filled under another name and renamed.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"

struct kernel {
	char id[SHA256_HEX];
	char *dir;       /* its folder in the cache */
	char *version;   /* "6.12.107", "7.3~rc7"; for a file the release from its header */
	char *package;   /* full package version "6.12.107-1"; "" for a file */
	char *packaging; /* name of the packaging (struct rung), or "file" */
	char *release;   /* what uname -r says in it, from the image's own header */
	bool has_modules;
};

/* Whether it is one for User-Mode Linux: a program, not a bzImage. */
bool kernel_is_uml(const struct kernel *kernel);
/* The file that is booted or run, a heap string. */
char *kernel_image(const struct kernel *kernel);
void kernel_release(struct kernel *kernel);

/* One kernel of the ladder, as the package indexes have it. */
struct rung {
	char *version;         /* upstream: "6.12.107" */
	char *package;         /* full package version: "6.12.94-1~bpo12+1" */
	char *suite;           /* "bookworm-backports" */
	const char *packaging; /* static: which of the five packagings (see index.c) */
	char **name;           /* binary packages to download, NULL-terminated */
	uint64_t size;         /* bytes to download */
	bool has_modules;
	bool fetched;
};

struct ladder {
	struct rung *rung; /* oldest first, one a package version */
	size_t nr;
};

/*
 * Reads the ladder from the package indexes through a private apt configuration derived from the
 * machine's own sources (the apt-conf script in path_data()).  Indexes are kept in the cache for a
 * day; refresh fetches them again.  -ENOTSUP when the machine has no apt or no Debian sources.
 */
int ladder_load(struct ladder *ladder, bool refresh, struct err *err);
void ladder_release(struct ladder *ladder);
/*
 * Finds a rung: a full package version, an upstream version ("6.12.107": its newest package), a
 * branch ("6.12": its newest version), or "newest" (of the released ones: no ~rc).  -ENOENT names
 * the nearest versions there are.
 */
int ladder_find(const struct ladder *ladder, const char *name, const struct rung **out,
		struct err *err);

/*
 * Puts a rung into the cache if it is not there: download with apt's own checks, unpack, rename.
 * say, if not NULL, is told in one line what is being done.
 */
int kernel_fetch(const struct rung *rung, void (*say)(const char *line), struct kernel *out,
		 struct err *err);
/*
 * Puts a bzImage or a kernel for User-Mode Linux, and the .ko files below modules_dir (may be NULL),
 * into the cache.  -ENOEXEC when the file is neither.
 */
int kernel_import(const char *bzimage, const char *modules_dir, struct kernel *out,
		  struct err *err);

/*
 * Whatever a user may write after -k: a name for ladder_find(), or the path of a bzImage (it holds
 * a slash), "PATH:MODULES" with its modules folder.  A kernel already in the cache needs no
 * network and no apt: an exact version or package version that was fetched before is found first.
 */
int kernel_resolve(const char *name, void (*say)(const char *line), struct kernel *out,
		   struct err *err);
/* The kernel with this id from the cache; -ENOENT if it is not there. */
int kernel_open(const char *id, struct kernel *out, struct err *err);
/* The vmlinux of the same build beside the file it came from, a heap string; NULL without one. */
char *kernel_vmlinux(const struct kernel *kernel);
/*
 * Of its configuration the symbols that decide what reclaim does and costs, a new object
 * {"LRU_GEN": "y", ...}; "n" stands for what is not set or not known.  {} without a config.
 */
json_t *kernel_config(const struct kernel *kernel);
/* Every kernel in the cache, sorted by version; kernels_release() frees them and the array. */
int kernel_cached(struct kernel **out, size_t *nr, struct err *err);
void kernels_release(struct kernel *kernel, size_t nr);

/* Order of Debian versions as dpkg has it, '~' before everything: <0, 0, >0. */
int kernel_version_cmp(const char *a, const char *b);

#endif
