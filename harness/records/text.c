// SPDX-License-Identifier: GPL-2.0-only
#include "records/text.h"

#include <ctype.h>
#include <string.h>

/* Decimal digits up to end; false when there are none or they do not fit. */
static bool number(const char **p, const char *end, uint64_t *value)
{
	const char *start = *p;
	uint64_t v = 0;

	for (; *p < end && isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(**p - '0'), &v))
			return false;
	*value = v;
	return *p > start;
}

static bool key_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_.()-", c));
}

static bool parse_line(const char *p, const char *end, char key[TEXT_KEY_MAX], uint64_t *value)
{
	size_t len = 0;

	while (p < end && key_char(*p)) {
		if (len == TEXT_KEY_MAX - 1)
			return false;
		key[len++] = *p++;
	}
	key[len] = '\0';
	if (!len || p == end || *p++ != ' ')
		return false;
	return number(&p, end, value) && p == end;
}

bool text_next(struct text text, size_t *pos, char key[TEXT_KEY_MAX], uint64_t *value)
{
	while (text.p && *pos < text.len) {
		const char *line = text.p + *pos;
		const char *nl = memchr(line, '\n', text.len - *pos);
		const char *end = nl ? nl : text.p + text.len;

		*pos = (size_t)(end - text.p) + 1;
		if (parse_line(line, end, key, value))
			return true;
	}
	return false;
}

bool text_get(struct text text, const char *want, uint64_t *value)
{
	char key[TEXT_KEY_MAX];
	size_t pos = 0;
	uint64_t v;

	while (text_next(text, &pos, key, &v)) {
		if (strcmp(key, want))
			continue;
		*value = v;
		return true;
	}
	return false;
}

bool text_psi(struct text text, const char *kind, uint64_t *total_us)
{
	size_t klen = strlen(kind);
	const char *end, *p, *nl;

	if (!text.p)
		return false;
	end = text.p + text.len;
	for (p = text.p; p < end; p = nl + 1) {
		const char *at;

		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		if ((size_t)(nl - p) <= klen || memcmp(p, kind, klen) || p[klen] != ' ')
			continue;
		at = memmem(p, (size_t)(nl - p), " total=", 7);
		if (!at)
			return false;
		at += 7;
		return number(&at, nl, total_us) && at == nl;
	}
	return false;
}

bool text_number(struct text text, uint64_t *value)
{
	const char *p = text.p;

	return p && number(&p, text.p + text.len, value) && (p == text.p + text.len || *p == '\n');
}

bool text_numbers(struct text t, uint64_t *out, size_t n)
{
	const char *p = t.p;
	size_t i;

	for (i = 0; p && i < n; i++) {
		while (p < t.p + t.len && *p == ' ')
			p++;
		if (!number(&p, t.p + t.len, &out[i]))
			return false;
	}
	return p;
}

bool text_line(struct text *rest, struct text *line)
{
	const char *nl;

	if (!rest->p || !rest->len)
		return false;
	nl = memchr(rest->p, '\n', rest->len);
	*line = (struct text){rest->p, nl ? (size_t)(nl - rest->p) : rest->len};
	rest->p += line->len + (nl != NULL);
	rest->len -= line->len + (nl != NULL);
	return true;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

struct text text_word(struct text *rest)
{
	struct text word;

	while (rest->len && blank(*rest->p)) {
		rest->p++;
		rest->len--;
	}
	/* Of nothing there may be no place. */
	if (!rest->len)
		return *rest;
	word = (struct text){rest->p, 0};
	while (word.len < rest->len && !blank(rest->p[word.len]))
		word.len++;
	rest->p += word.len;
	rest->len -= word.len;
	return word;
}

bool text_is(struct text text, const char *s)
{
	return text.p && text.len == strlen(s) && !memcmp(text.p, s, text.len);
}

void text_printable(char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			s[i] = '?';
}

void text_copy(char *out, size_t size, struct text text)
{
	size_t n = text.len < size - 1 ? text.len : size - 1;

	if (n)
		memcpy(out, text.p, n);
	out[n] = '\0';
	text_printable(out, n);
}
