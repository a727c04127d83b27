/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's initramfs: the agent, the workload program and the modules its devices need.
 *
 * The same input gives the same bytes on every machine: newc format, entries in a fixed order, no
 * times, owners or inode numbers of the host.  An image in the cache is <cache>/images/<id>.cpio
 * with id the SHA-256 of its bytes.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "kernel/kernel.h"

/* A file that goes into the image. */
struct image_file {
	const char *name; /* path in the guest without a leading slash: "init"; NULL: path is a whole
			   * archive, which goes behind all else */
	const char *path; /* host file to take it from, or NULL: take data */
	const void *data;
	size_t len;
	unsigned int mode; /* permission bits: 0755 */
};

struct image {
	char id[SHA256_HEX];
	char *path;     /* in the cache */
	char **modules; /* names, with '_', in the order they must be loaded, NULL-terminated */
};

/*
 * Resolves the modules by name against the kernel's own modules (their depends= fields), leaving
 * out what is built in, and writes the image: files, then "modules/<name>.ko" for each,
 * uncompressed.  modules is NULL-terminated; '-' and '_' are the same in names.  -ENOENT names a
 * module that the kernel neither has nor has built in, and says so when the kernel came without any
 * modules; -ELOOP two that depend on each other.  Folders that files' names lie in are made; a name
 * that is not relative or would leave the image is -EINVAL, one that is there twice -EEXIST.  On
 * failure out is empty.
 */
int image_build(const struct kernel *kernel, const char *const *modules,
		const struct image_file *files, size_t nr_files, struct image *out,
		struct err *err);
/*
 * The image with this id from the cache; -ENOENT if it is not there or its bytes are not those of
 * the id.  modules is empty: an archive does not tell the order.
 */
int image_open(const char *id, struct image *out, struct err *err);
void image_release(struct image *image);

/*
 * Name and dependencies of one module, from its .modinfo section.  data is an uncompressed ELF
 * object, untrusted.  deps is the comma-separated list as it stands there.  Both are added to, with
 * letters, digits, '_', '-' and ',' only.  -ENOEXEC, and nothing added, when it is no module.
 */
int module_info(const void *data, size_t len, struct buf *name, struct buf *deps);

/*
 * An empty file system of that many bytes, in the run format that the agent writes to a block
 * device before mounting it (wire/fsruns.h), runs in ascending order.  kind is "ext4" (no journal,
 * made with mke2fs) or "xfs" (mkfs.xfs and xfs_db); UUID, seeds and times are fixed, so the same
 * programs give the same bytes each time.  -ENOENT when the machine lacks them.  size is a
 * multiple of 4096 from 1 MiB to 1 TiB, else -EINVAL; xfs takes no less than 32 MiB.
 */
int fs_make(const char *kind, uint64_t size, struct buf *out, struct err *err);

/* Bytes of its log, which a file system of kind xfs has beside the data. */
#define FS_XFS_LOG (8u << 20)

#endif
