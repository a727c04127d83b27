// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's descriptions of its events: events/SYSTEM/NAME/format and events/header_page. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

#define LINES_MAX 512
#define LINE_MAX_ 400
/* Pages of the ring buffer are of this size unless the kernel says otherwise. */
#define PAGE_MIN  64u
#define PAGE_MAX  4096u

/* The next line, cut to LINE_MAX_; false at the end. */
static bool next_line(struct text *rest, char line[LINE_MAX_])
{
	const char *nl;
	size_t len, used;

	if (!rest->len)
		return false;
	nl = memchr(rest->p, '\n', rest->len);
	len = nl ? (size_t)(nl - rest->p) : rest->len;
	used = len + (nl != NULL);
	if (len >= LINE_MAX_)
		len = LINE_MAX_ - 1;
	memcpy(line, rest->p, len);
	line[len] = '\0';
	rest->p += used;
	rest->len -= used;
	return true;
}

static bool number_behind(const char *line, const char *key, uint32_t *out)
{
	const char *at = strstr(line, key);
	unsigned long v;
	char *end;

	if (!at || !isdigit((unsigned char)at[strlen(key)]))
		return false;
	v = strtoul(at + strlen(key), &end, 10);
	*out = (uint32_t)v;
	return v <= 1u << 20 && *end == ';';
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The declaration's last word, in front of brackets if it has any there. */
static bool field_name(const char *decl, size_t len, char *out, size_t size)
{
	size_t end = len, start;

	if (end && decl[end - 1] == ']')
		while (end && decl[end - 1] != '[')
			end--;
	end -= end && end < len;
	for (start = end; start && name_char(decl[start - 1]); start--)
		;
	if (start == end || end - start >= size)
		return false;
	snprintf(out, size, "%.*s", (int)(end - start), decl + start);
	return true;
}

static enum trace_field_kind kind_of(const char *decl, const struct trace_field *f)
{
	bool chars = strstr(decl, "char") != NULL;

	if (f->loc || strchr(decl, '['))
		return chars ? TRACE_TEXT : TRACE_BYTES;
	if (f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8)
		return TRACE_NUMBER;
	return TRACE_BYTES;
}

/* "\tfield:TYPE NAME;\toffset:N;\tsize:N;\tsigned:N;" */
static bool parse_field(const char *line, struct trace_field *f)
{
	const char *decl = strstr(line, "field:"), *end;
	char word[LINE_MAX_];
	uint32_t sign = 0;

	memset(f, 0, sizeof(*f));
	end = decl ? strchr(decl, ';') : NULL;
	if (!end || !number_behind(end, "offset:", &f->offset) ||
	    !number_behind(end, "size:", &f->size))
		return false;
	number_behind(end, "signed:", &sign);
	f->is_signed = sign;
	decl += strlen("field:");
	snprintf(word, sizeof(word), "%.*s", (int)(end - decl), decl);
	f->rel = !strncmp(word, "__rel_loc ", 10);
	f->loc = f->rel || !strncmp(word, "__data_loc ", 11);
	if (f->loc && f->size != 4)
		return false;
	f->kind = kind_of(word, f);
	f->pointer = !f->loc && strchr(word, '*');
	return field_name(word, strlen(word), f->name, sizeof(f->name));
}

static bool word_ok(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (!name_char(s[i]) && s[i] != '-')
			return false;
	return i > 0;
}

/* "system/name" */
static bool parse_name(const char *line, struct trace_format *f)
{
	const char *slash = strchr(line, '/');

	if (!slash || slash - line >= (long)sizeof(f->system) ||
	    strlen(slash + 1) >= sizeof(f->name))
		return false;
	snprintf(f->system, sizeof(f->system), "%.*s", (int)(slash - line), line);
	snprintf(f->name, sizeof(f->name), "%s", slash + 1);
	return word_ok(f->system) && word_ok(f->name);
}

static bool parse_id(const char *line, uint16_t *id)
{
	unsigned long v;
	char *end;

	if (strncmp(line, "ID: ", 4) || !isdigit((unsigned char)line[4]))
		return false;
	v = strtoul(line + 4, &end, 10);
	*id = (uint16_t)v;
	return !*end && v > 0 && v <= UINT16_MAX;
}

/* record: "system/name", a newline, the file.  -EBADMSG when it is no such thing. */
int trace_parse_format(struct trace_format *f, struct text record)
{
	char line[LINE_MAX_];
	size_t lines = 0;

	memset(f, 0, sizeof(*f));
	if (!next_line(&record, line) || !parse_name(line, f))
		return -EBADMSG;
	f->text = record;
	f->field = xcalloc(TRACE_FIELDS_MAX, sizeof(*f->field));
	while (lines++ < LINES_MAX && next_line(&record, line)) {
		if (!strncmp(line, "print fmt:", 10))
			break;
		if (!f->id)
			parse_id(line, &f->id);
		if (f->nr_fields < TRACE_FIELDS_MAX && parse_field(line, &f->field[f->nr_fields]))
			f->nr_fields++;
	}
	if (f->id)
		return 0;
	free(f->field);
	f->field = NULL;
	return -EBADMSG;
}

/* Only what makes sense is taken; all kernels known are laid out as the default is. */
void trace_parse_layout(struct trace_layout *layout, struct text text)
{
	struct trace_layout l = {0, 8, 16, 4096};
	struct trace_field f;
	char line[LINE_MAX_];
	size_t lines = 0;

	*layout = l;
	while (lines++ < LINES_MAX && next_line(&text, line)) {
		if (!parse_field(line, &f))
			continue;
		if (!strcmp(f.name, "timestamp") && f.size == 8)
			l.time = f.offset;
		if (!strcmp(f.name, "commit") && f.size >= 4)
			l.commit = f.offset;
		if (!strcmp(f.name, "data")) {
			l.data = f.offset;
			l.page = f.offset + f.size;
		}
	}
	if (l.page >= PAGE_MIN && l.page <= PAGE_MAX && l.data < l.page && l.time + 8 <= l.data &&
	    l.commit + 4 <= l.data)
		*layout = l;
}
