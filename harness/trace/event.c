// SPDX-License-Identifier: GPL-2.0-only
/* An event's fields, by the kernel's own description of them. */
#include <inttypes.h>
#include <string.h>

#include "trace/trace.h"

/* Longest text or list of bytes that is printed of a field. */
#define PRINT_MAX 64

static const struct trace_field *find(const struct trace_format *f, const char *name)
{
	size_t i;

	for (i = 0; i < f->nr_fields; i++)
		if (!strcmp(f->field[i].name, name))
			return &f->field[i];
	return NULL;
}

static bool inside(const struct trace_event *e, size_t offset, size_t size)
{
	return offset <= e->len && size <= e->len - offset;
}

const uint8_t *trace_bytes(const struct trace_event *e, const struct trace_field *f, size_t *len)
{
	size_t offset = f->offset, size = f->size;
	uint32_t loc;

	if (!inside(e, offset, size))
		return NULL;
	if (f->loc) {
		memcpy(&loc, e->data + offset, sizeof(loc));
		offset = (loc & 0xffff) + (f->rel ? offset + 4 : 0);
		size = loc >> 16;
		if (!inside(e, offset, size))
			return NULL;
	}
	*len = size;
	return e->data + offset;
}

static int64_t number(const uint8_t *p, size_t size, bool is_signed)
{
	uint64_t v = 0;
	unsigned int shift = 64 - 8 * (unsigned int)size;

	memcpy(&v, p, size);
	/* Moved up and back down, the sign comes along. */
	return is_signed ? (int64_t)(v << shift) >> shift : (int64_t)v;
}

bool trace_number(const struct trace_event *e, const char *field, int64_t *value)
{
	const struct trace_field *f = find(e->format, field);

	if (!f || f->kind != TRACE_NUMBER || !inside(e, f->offset, f->size))
		return false;
	*value = number(e->data + f->offset, f->size, f->is_signed);
	return true;
}

int64_t trace_number_or(const struct trace_event *e, const char *field, int64_t value)
{
	trace_number(e, field, &value);
	return value;
}

static void print_text(const uint8_t *p, size_t len, struct buf *out)
{
	size_t i;

	for (i = 0; i < len && i < PRINT_MAX && p[i]; i++)
		buf_printf(out, "%c", p[i] > 0x20 && p[i] < 0x7f ? p[i] : '?');
}

static void print_bytes(const uint8_t *p, size_t len, struct buf *out)
{
	size_t i;

	for (i = 0; i < len && i < PRINT_MAX; i++)
		buf_printf(out, "%02x", p[i]);
}

void trace_print_field(const struct trace_event *e, const struct trace_field *f, struct buf *out)
{
	size_t len = 0;
	const uint8_t *p = trace_bytes(e, f, &len);

	buf_printf(out, " %s=", f->name);
	if (!p)
		buf_adds(out, "?");
	else if (f->kind == TRACE_TEXT)
		print_text(p, len, out);
	else if (f->kind == TRACE_BYTES)
		print_bytes(p, len, out);
	else if (f->is_signed)
		buf_printf(out, "%" PRId64, number(p, len, true));
	else
		buf_printf(out, "%" PRIu64, (uint64_t)number(p, len, false));
}

void trace_print_fields(const struct trace_event *e, struct buf *out)
{
	size_t i;

	for (i = 0; i < e->format->nr_fields; i++)
		if (strncmp(e->format->field[i].name, "common_", 7))
			trace_print_field(e, &e->format->field[i], out);
}
