/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's tracepoints out of a record stream: formats, and events of all CPUs in the order of
 * time.
 *
 * All of it was written by a guest and nothing in it is trusted: whatever the bytes, an event's data
 * lie inside the region, its time never goes back, and there is an end.  Everything points into the
 * memory that the records point into.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "records/records.h"

#define TRACE_CPUS_MAX    256
#define TRACE_FORMATS_MAX 1024
#define TRACE_FIELDS_MAX  64

enum trace_field_kind {
	TRACE_NUMBER, /* an integer of 1, 2, 4 or 8 bytes */
	TRACE_TEXT,   /* characters, up to a NUL */
	TRACE_BYTES,  /* anything else */
};

struct trace_field {
	char name[48];
	uint32_t offset;
	uint32_t size;
	bool is_signed;
	bool pointer; /* an address of the kernel's */
	/* The field holds where its data are: offset in the low half, length in the high one. */
	bool loc;
	bool rel; /* and that offset counts from the field's end */
	enum trace_field_kind kind;
};

struct trace_format {
	uint16_t id;
	char system[32];
	char name[64];
	struct trace_field *field;
	size_t nr_fields;
	struct text text; /* the format file */
};

/* Where things are in a page of the ring buffer. */
struct trace_layout {
	uint32_t time;
	uint32_t commit;
	uint32_t data;
	uint32_t page; /* bytes of a page, all included */
};

struct trace_page {
	const uint8_t *p;
	size_t len; /* at most a page; what was not in use is cut off */
};

struct trace_cpu {
	struct trace_page *page;
	size_t nr_pages;
};

struct trace {
	struct trace_format *format;
	size_t nr_formats;
	uint16_t *index; /* by id: position in format + 1, or 0 */
	struct trace_layout layout;
	struct text header_page;  /* p == NULL without one */
	struct text header_event;
	struct trace_cpu cpu[TRACE_CPUS_MAX];
	unsigned int nr_cpus; /* highest with pages or statistics + 1 */
	uint64_t lost;        /* events, as far as anybody counted them */
};

/* -ENODATA when the guest recorded no events, not even formats. */
int trace_load(struct trace *t, const struct records *rec);
void trace_release(struct trace *t);

struct trace_event {
	uint64_t time_ns;
	unsigned int cpu;
	int32_t pid;
	const struct trace_format *format;
	const uint8_t *data;
	size_t len;
};

/* Where one CPU is; of no use to others. */
struct trace_cursor {
	size_t page; /* the next one */
	const uint8_t *at;
	const uint8_t *end;
	uint64_t time_ns;
	bool ready;
	struct trace_event event;
};

struct trace_iter {
	const struct trace *t;
	struct trace_cursor cpu[TRACE_CPUS_MAX];
};

void trace_begin(struct trace_iter *it, const struct trace *t);
/* The next event whose format is known; false at the end. */
bool trace_next(struct trace_iter *it, struct trace_event *e);

/* A field's number; false when the event has no such field. */
bool trace_number(const struct trace_event *e, const char *field, int64_t *value);
/* The same with a value for events that have no such field. */
int64_t trace_number_or(const struct trace_event *e, const char *field, int64_t value);
/* Where a field's bytes are: inside the event, or NULL. */
const uint8_t *trace_bytes(const struct trace_event *e, const struct trace_field *f, size_t *len);
/* " name=value" of one field. */
void trace_print_field(const struct trace_event *e, const struct trace_field *f, struct buf *out);
/* " name=value" for each field behind the common ones, in printable ASCII. */
void trace_print_fields(const struct trace_event *e, struct buf *out);

/* format.c */
int trace_parse_format(struct trace_format *f, struct text record);
void trace_parse_layout(struct trace_layout *layout, struct text header_page);

/*
 * Tasks by pid: names from what the kernel saved, cgroups from who was in them at the edges of the
 * window.
 */
struct trace_task {
	int32_t pid;
	char comm[20];   /* printable; "" when unknown */
	char cgroup[48]; /* "" for none of the scenario's */
};

struct trace_tasks {
	struct trace_task *task; /* sorted by pid */
	size_t nr;
};

void trace_tasks_load(struct trace_tasks *tasks, const struct records *rec);
void trace_tasks_release(struct trace_tasks *tasks);
/* NULL for one that nothing is known of. */
const struct trace_task *trace_task(const struct trace_tasks *tasks, int32_t pid);

/*
 * A trace.dat (version 6, not compressed) as trace-cmd and KernelShark read it.  -ENODATA when the
 * guest recorded no page header.
 */
int trace_dat(const struct trace *t, const struct records *rec, struct buf *out);

/*
 * A timeline in the trace-event format, for Perfetto and the like: reclaim, compaction, throttling and
 * kswapd as slices, OOM kills as instants, and counters from the samples.
 */
void trace_timeline(const struct trace *t, const struct records *rec, struct buf *out);

#endif
