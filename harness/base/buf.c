// SPDX-License-Identifier: GPL-2.0-only
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n, size_t size)
{
	return must(reallocarray(p, n ? n : 1, size ? size : 1));
}

char *xstrdup(const char *s)
{
	return must(strdup(s));
}

/* The text may hold NULs ("%c"), so its length is told. */
static char *format(const char *fmt, va_list ap, size_t *len)
{
	char *s;
	int n = vasprintf(&s, fmt, ap);

	*len = n < 0 ? 0 : (size_t)n;
	return must(n < 0 ? NULL : s);
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	size_t len;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap, &len);
	va_end(ap);
	return s;
}

static void buf_reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;

	if (need <= buf->cap)
		return;
	buf->cap = need < 2 * buf->cap ? 2 * buf->cap : need;
	buf->data = xrealloc(buf->data, buf->cap, 1);
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	buf_reserve(buf, len);
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *s)
{
	buf_add(buf, s, strlen(s));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap;
	size_t len;
	char *s;

	va_start(ap, fmt);
	s = format(fmt, ap, &len);
	va_end(ap);
	buf_add(buf, s, len);
	free(s);
}

void buf_add_shell(struct buf *buf, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_-+=,./:@%";

	if (*s && !s[strspn(s, plain)]) {
		buf_adds(buf, s);
		return;
	}
	buf_adds(buf, "'");
	for (; *s; s++)
		buf_add(buf, *s == '\'' ? "'\\''" : s, *s == '\'' ? 4 : 1);
	buf_adds(buf, "'");
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buf_release(struct buf *buf)
{
	free(buf->data);
	memset(buf, 0, sizeof(*buf));
}

const char *buf_str(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

void cleanup_freep(void *p)
{
	free(*(void **)p);
}

void cleanup_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
