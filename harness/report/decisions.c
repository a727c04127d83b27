// SPDX-License-Identifier: GPL-2.0-only
#include "report/decisions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "trace/trace.h"

/* Names of page frames: the n-th that is named is n. */
struct frames {
	struct {
		uint64_t pfn;
		uint64_t name; /* 0 = free */
	} *slot;
	size_t size; /* a power of two */
	uint64_t nr;
};

/* One run, being read. */
struct side {
	struct trace trace;
	struct trace_iter it;
	struct trace_event event;
	struct frames frames;
	struct buf text;
	bool more;
};

static size_t find_slot(const struct frames *f, uint64_t pfn)
{
	size_t i = (size_t)(pfn * 0x9e3779b97f4a7c15ull >> 20) & (f->size - 1);

	while (f->slot[i].name && f->slot[i].pfn != pfn)
		i = (i + 1) & (f->size - 1);
	return i;
}

static void grow(struct frames *f)
{
	struct frames old = *f;
	size_t i;

	f->size = old.size ? 2 * old.size : 1024;
	f->slot = xcalloc(f->size, sizeof(*f->slot));
	for (i = 0; i < old.size; i++)
		if (old.slot[i].name)
			f->slot[find_slot(f, old.slot[i].pfn)] = old.slot[i];
	free(old.slot);
}

static uint64_t frame_name(struct frames *f, uint64_t pfn)
{
	size_t i;

	if (2 * f->nr >= f->size)
		grow(f);
	i = find_slot(f, pfn);
	if (!f->slot[i].name) {
		f->slot[i].pfn = pfn;
		f->slot[i].name = ++f->nr;
	}
	return f->slot[i].name;
}

static bool is_left_out(const struct trace_field *f)
{
	static const char *const addresses[] = {"ip", "call_site", "caller", "function"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		if (!strcmp(f->name, addresses[i]))
			return true;
	return f->pointer || !strncmp(f->name, "common_", 7);
}

static void print(struct side *s, bool rename)
{
	const struct trace_format *f = s->event.format;
	int64_t v;
	size_t i;

	s->text.len = 0;
	buf_printf(&s->text, "%s:%s", f->system, f->name);
	for (i = 0; i < f->nr_fields; i++) {
		if (is_left_out(&f->field[i]))
			continue;
		if (rename && !strcmp(f->field[i].name, "pfn") &&
		    trace_number(&s->event, "pfn", &v))
			buf_printf(&s->text, " page=%llu",
				   (unsigned long long)frame_name(&s->frames, (uint64_t)v));
		else
			trace_print_field(&s->event, &f->field[i], &s->text);
	}
}

static void next(struct side *s, bool rename)
{
	s->more = trace_next(&s->it, &s->event);
	if (s->more)
		print(s, rename);
}

static bool equal(const struct side *a, const struct side *b)
{
	return a->more && b->more && a->event.time_ns == b->event.time_ns &&
	       a->text.len == b->text.len && !memcmp(a->text.data, b->text.data, a->text.len);
}

static void tell(struct decisions *out, unsigned int which, const struct side *s)
{
	out->side[which].text[0] = '\0';
	out->side[which].time_ns = 0;
	if (!s->more)
		return;
	out->side[which].time_ns = s->event.time_ns;
	snprintf(out->side[which].text, DECISION_TEXT, "%s", buf_str(&s->text));
}

static void release(struct side *s)
{
	free(s->frames.slot);
	buf_release(&s->text);
	s->frames = (struct frames){.slot = NULL};
	s->text = (struct buf){0};
}

static void compare(struct side *s, bool rename, struct decisions *out)
{
	trace_begin(&s[0].it, &s[0].trace);
	trace_begin(&s[1].it, &s[1].trace);
	out->nr = 0;
	next(&s[0], rename);
	next(&s[1], rename);
	while (equal(&s[0], &s[1])) {
		out->nr++;
		next(&s[0], rename);
		next(&s[1], rename);
	}
	out->renamed = rename;
	out->differ = s[0].more || s[1].more;
	tell(out, 0, &s[0]);
	tell(out, 1, &s[1]);
	release(&s[0]);
	release(&s[1]);
}

int decisions_compare(const struct records *a, const struct records *b, struct decisions *out,
		      struct err *err)
{
	struct side *s = xcalloc(2, sizeof(*s));
	int ret = trace_load(&s[0].trace, a);

	memset(out, 0, sizeof(*out));
	if (!ret) {
		ret = trace_load(&s[1].trace, b);
		if (!ret) {
			compare(s, false, out);
			if (out->differ)
				compare(s, true, out);
			out->side[0].lost = s[0].trace.lost;
			out->side[1].lost = s[1].trace.lost;
			trace_release(&s[1].trace);
		}
		trace_release(&s[0].trace);
	}
	free(s);
	return ret ? err_set(err, ret, "the guest recorded no events") : 0;
}
