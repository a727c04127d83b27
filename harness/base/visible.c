// SPDX-License-Identifier: GPL-2.0-only
/* Text of others, made fit to be shown anywhere. */
#include "base/visible.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"

/* The length of a well-formed UTF-8 character of several bytes, and the character; 0 for none. */
static size_t take_utf8(const unsigned char *s, unsigned int *c)
{
	static const unsigned int least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t i, len = *s >= 0xf8 ? 0 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 0;

	if (!len)
		return 0;
	*c = *s & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c < least[len] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : len;
}

/* Controls of the second kind, characters without width, and those that turn the direction of writing. */
static bool is_hidden(unsigned int c)
{
	return c < 0xa0 || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff0 && c <= 0xfffb) || c == 0xfffe || c == 0xffff || c >= 0xe0000;
}

char *visible_in(const char *text, size_t max)
{
	const unsigned char *s = (const unsigned char *)text;
	cleanup_buf struct buf out = {0};
	unsigned int c = 0;
	size_t len, i;

	for (; *s && out.len < max; s += len) {
		bool ascii = *s >= 0x20 && *s < 0x7f;

		len = ascii ? 1 : take_utf8(s, &c);
		if (ascii || (len && !is_hidden(c))) {
			buf_add(&out, s, len);
			continue;
		}
		len = len ? len : 1;
		for (i = 0; i < len; i++)
			buf_printf(&out, "\\x%02x", s[i]);
	}
	if (*s)
		buf_adds(&out, "...");
	return xstrdup(buf_str(&out));
}
