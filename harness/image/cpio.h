/* SPDX-License-Identifier: GPL-2.0-only */
/* Writes a newc archive into memory, the same bytes for the same calls. */
#ifndef IMAGE_CPIO_H
#define IMAGE_CPIO_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* The most an archive may hold: the guest keeps all of it in memory. */
#define CPIO_SIZE_MAX (256u << 20)

struct archive;

struct cpio {
	struct archive *archive;
	struct buf bytes; /* the archive; whole after cpio_finish() */
	char **name;      /* what is in it */
	size_t nr;
};

int cpio_start(struct cpio *cpio, struct err *err);
/*
 * A regular file of root's with permission bits mode, after the folders above it that are not
 * there yet.  -EINVAL for a name that is absolute, holds an empty, "." or ".." component or
 * anything but printable ASCII; -EEXIST for one that is there; -EFBIG over CPIO_SIZE_MAX.
 */
int cpio_add(struct cpio *cpio, const char *name, unsigned int mode, const void *data, size_t len,
	     struct err *err);
/* A symbolic link; its name is as that of a file. */
int cpio_link(struct cpio *cpio, const char *name, const char *to, struct err *err);
int cpio_finish(struct cpio *cpio, struct err *err);
/* Frees everything, also when cpio_finish() was not reached. */
void cpio_release(struct cpio *cpio);

#endif
