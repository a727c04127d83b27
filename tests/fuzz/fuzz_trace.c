// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest may write as tracepoints.  The input is a list of records, from which a stream is made that
 * the wire accepts; each is kind, id and length (one byte, one byte, two bytes), then its bytes.  Kinds:
 *	0	a page or several, as they are
 *	1	the same behind a page head that says how much is in use: most bytes then matter
 *	2	a format
 *	3	statistics of a CPU
 *	4	a source's name
 *	5	a source's text
 *	6	a phase
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "trace/summary.h"
#include "trace/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KINDS 7
/* What a small input may grow to is bounded, or the fuzzer measures nothing but memory. */
#define REGION (1u << 20)

static void put_page(struct wire_writer *w, unsigned int id, const uint8_t *data, size_t len)
{
	uint64_t head[2] = {1000000, len};

	wire_put2(w, WIRE_TRACE, (uint16_t)id, 0, head, sizeof(head), data, (uint32_t)len);
}

static void put_one(struct wire_writer *w, const uint8_t *head, const uint8_t *data, size_t len,
		    uint64_t time)
{
	static const enum wire_type type[KINDS] = {WIRE_TRACE, WIRE_TRACE, WIRE_FORMAT, WIRE_LOST,
						   WIRE_SOURCE, WIRE_TEXT, WIRE_PHASE};
	unsigned int kind = head[0] % KINDS;

	if (kind == 1)
		put_page(w, head[1], data, len);
	else
		wire_put(w, type[kind], head[1], time, data, kind == 6 ? 0 : (uint32_t)len);
}

static size_t make_region(uint8_t *region, const uint8_t *data, size_t size)
{
	struct wire_writer w;
	uint64_t time = 0;

	wire_start(&w, region, REGION);
	while (size >= 4) {
		size_t len = data[2] | (size_t)data[3] << 8;

		len = len > size - 4 ? size - 4 : len;
		put_one(&w, data, data + 4, len, time += 1000000);
		data += 4 + len;
		size -= 4 + len;
	}
	return sizeof(struct wire_header) + (size_t)((struct wire_header *)region)->used;
}

static void go_through(const struct trace *t, struct buf *out)
{
	struct trace_iter *it = calloc(1, sizeof(*it));
	struct trace_event e;
	uint64_t last = 0;

	trace_begin(it, t);
	while (trace_next(it, &e)) {
		if (e.time_ns < last)
			abort();
		last = e.time_ns;
		trace_print_fields(&e, out);
	}
	free(it);
}

static void use(const struct records *rec)
{
	struct trace *t = malloc(sizeof(*t));
	struct trace_summary sum;
	struct buf out = {0};

	if (!trace_load(t, rec)) {
		go_through(t, &out);
		trace_dat(t, rec, &out);
		trace_timeline(t, rec, &out);
		trace_release(t);
	}
	if (!trace_summarise(rec, 1000000, 1ull << 40, &sum, NULL))
		trace_summary_release(&sum);
	buf_release(&out);
	free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t region[REGION];
	size_t len = make_region(region, data, size);
	/* In a heap block of just its size, so that a step outside is seen. */
	uint8_t *copy = malloc(len);
	struct records rec;

	memcpy(copy, region, len);
	if (!records_parse(&rec, copy, len))
		use(&rec);
	records_release(&rec);
	free(copy);
	return 0;
}
