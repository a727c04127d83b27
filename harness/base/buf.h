/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growable byte string and the two cleanup attributes the harness uses.
 *
 * struct buf always holds a NUL behind its len bytes once anything was added, so that data can be
 * used as a C string.  Allocation failure ends the process: a host program that cannot get a few
 * kilobytes has nothing better to do, and no caller could.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data; /* owned; NULL until something is added */
	size_t len;
	size_t cap;
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_adds(struct buf *buf, const char *s);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* s in single quotes as a POSIX shell word; left bare when it needs no quotes. */
void buf_add_shell(struct buf *buf, const char *s);
/* Makes len zero and keeps the memory. */
void buf_reset(struct buf *buf);
/* Frees the contents; the buf can be used again. */
void buf_release(struct buf *buf);
/* The string, never NULL. */
const char *buf_str(const struct buf *buf);

/* These never return NULL. */
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

void cleanup_freep(void *p);
void cleanup_closep(int *fd);
#define cleanup_buf  __attribute__((cleanup(buf_release)))
#define cleanup_free __attribute__((cleanup(cleanup_freep)))
#define cleanup_fd   __attribute__((cleanup(cleanup_closep)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
