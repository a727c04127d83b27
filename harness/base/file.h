/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files and folders.  Every function returns 0 or a negative errno and says in err which path.
 * What is written here is written whole or not at all.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The most that file_read() takes into memory. */
#define FILE_READ_MAX (256u << 20)

/* Appends the whole file to out.  -EFBIG over FILE_READ_MAX. */
int file_read(const char *path, struct buf *out, struct err *err);
/* As file_read(), relative to a folder. */
int file_read_at(int dirfd, const char *name, struct buf *out, struct err *err);

/* Writes a temporary file beside path, syncs and renames it; mode 0644. */
int file_write(const char *path, const void *data, size_t len, struct err *err);

/* As "mkdir -p"; mode 0755. */
int dir_make(const char *path, struct err *err);
/* Removes a folder and all in it without following links; fine if it is not there. */
int dir_remove(const char *path, struct err *err);
/* fsync of every file in a folder (one level) and of the folder. */
int dir_sync(const char *path, struct err *err);

/* A hard link, or where that cannot be had a copy.  to must not exist. */
int file_link(const char *from, const char *to, struct err *err);
/* Copies bytes; to is created or replaced with mode 0644. */
int file_copy(const char *from, const char *to, struct err *err);
bool file_exists(const char *path);

/* SHA-256 in 64 lower-case hexadecimal digits and a NUL. */
#define SHA256_HEX 65
void sha256_buf(const void *data, size_t len, char hex[SHA256_HEX]);
int sha256_file(const char *path, char hex[SHA256_HEX], struct err *err);

#endif
