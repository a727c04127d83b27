// SPDX-License-Identifier: GPL-2.0-only
/* A trace.dat, version 6: trace-cmd.dat.v6(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"

#define OPTION_CLOCK 4
#define CLOCK        "[mono]"
#define CMDLINES     "saved_cmdlines"

static void add_u16(struct buf *out, uint16_t v)
{
	buf_add(out, &v, sizeof(v));
}

static void add_u32(struct buf *out, uint32_t v)
{
	buf_add(out, &v, sizeof(v));
}

static void add_u64(struct buf *out, uint64_t v)
{
	buf_add(out, &v, sizeof(v));
}

static void add_text(struct buf *out, struct text t)
{
	add_u64(out, t.len);
	if (t.len)
		buf_add(out, t.p, t.len);
}

static void add_head(const struct trace *t, struct buf *out)
{
	static const char magic[] = "\x17\x08\x44tracing6";
	static const char little_endian_8[2] = {0, 8};

	buf_add(out, magic, sizeof(magic));
	buf_add(out, little_endian_8, sizeof(little_endian_8));
	add_u32(out, t->layout.page);
	buf_add(out, "header_page", sizeof("header_page"));
	add_text(out, t->header_page);
	buf_add(out, "header_event", sizeof("header_event"));
	add_text(out, t->header_event);
	/* Formats of ftrace's own events: none are recorded. */
	add_u32(out, 0);
}

/* The first format of this system. */
static bool first_of(const struct trace *t, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!strcmp(t->format[k].system, t->format[i].system))
			return false;
	return true;
}

static void add_system(const struct trace *t, const char *system, struct buf *out)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < t->nr_formats; i++)
		n += !strcmp(t->format[i].system, system);
	buf_add(out, system, strlen(system) + 1);
	add_u32(out, n);
	for (i = 0; i < t->nr_formats; i++)
		if (!strcmp(t->format[i].system, system))
			add_text(out, t->format[i].text);
}

static void add_systems(const struct trace *t, struct buf *out)
{
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < t->nr_formats; i++)
		n += first_of(t, i);
	add_u32(out, n);
	for (i = 0; i < t->nr_formats; i++)
		if (first_of(t, i))
			add_system(t, t->format[i].system, out);
}

/* The names of tasks; no symbols, and nobody used trace_printk(). */
static void add_names(const struct records *rec, struct buf *out)
{
	struct text names = {NULL, 0};
	size_t i;

	for (i = 0; i < rec->nr_sets; i++) {
		struct text text = records_text(rec, &rec->set[i], CMDLINES);

		names = text.p ? text : names;
	}
	add_u32(out, 0);
	add_u32(out, 0);
	add_text(out, names);
}

static void add_options(const struct trace *t, struct buf *out)
{
	add_u32(out, t->nr_cpus);
	buf_add(out, "options  ", 10);
	add_u16(out, OPTION_CLOCK);
	add_u32(out, sizeof(CLOCK));
	buf_add(out, CLOCK, sizeof(CLOCK));
	add_u16(out, 0);
	buf_add(out, "flyrecord", 10);
}

static void add_zeroes(struct buf *out, size_t n)
{
	static const char zero[256];

	for (; n > sizeof(zero); n -= sizeof(zero))
		buf_add(out, zero, sizeof(zero));
	buf_add(out, zero, n);
}

/* Of each CPU where its pages are and how many bytes, then the pages, whole again. */
static void add_pages(const struct trace *t, struct buf *out)
{
	uint64_t page = t->layout.page, at;
	unsigned int cpu;
	size_t i;

	at = (out->len + 16ull * t->nr_cpus + page - 1) / page * page;
	for (cpu = 0; cpu < t->nr_cpus; cpu++) {
		add_u64(out, at);
		add_u64(out, t->cpu[cpu].nr_pages * page);
		at += t->cpu[cpu].nr_pages * page;
	}
	add_zeroes(out, (page - out->len % page) % page);
	for (cpu = 0; cpu < t->nr_cpus; cpu++)
		for (i = 0; i < t->cpu[cpu].nr_pages; i++) {
			buf_add(out, t->cpu[cpu].page[i].p, t->cpu[cpu].page[i].len);
			add_zeroes(out, page - t->cpu[cpu].page[i].len);
		}
}

int trace_dat(const struct trace *t, const struct records *rec, struct buf *out)
{
	if (!t->header_page.p)
		return -ENODATA;
	add_head(t, out);
	add_systems(t, out);
	add_names(rec, out);
	add_options(t, out);
	add_pages(t, out);
	return 0;
}
