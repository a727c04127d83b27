// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest may write into the record region.  The checksums stop almost any change of bytes, so
 * there are three kinds of input, told apart by the first byte:
 *	3	the rest is the name of a source, a newline, and its text
 *	even	the rest is the region as it is
 *	odd	the rest is a list of records, from which a stream is made that the wire accepts;
 *		each is type, id and length (one byte each, length 255: work with buckets), then
 *		its bytes
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "records/counters.h"
#include "records/records.h"
#include "records/series.h"
#include "result/check.h"
#include "result/expect.h"
#include "result/measure.h"
#include "result/program.h"
#include "result/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_series(const struct records *rec)
{
	static const char *const all[] = {"*", NULL};
	struct buf csv = {0};
	struct series series;
	json_t *json;
	size_t i;

	if (series_select(&series, rec, all, NULL))
		abort();
	series_csv_head(&series, &csv);
	for (i = 0; i < rec->nr_sets; i++)
		series_csv_row(&series, i, &csv);
	if (!series_json(&series, &json, NULL))
		json_decref(json);
	series_release(&series);
	buf_release(&csv);
}

/* Names are used as columns and JSON keys. */
static void check_counter(void *ctx, const char *name, uint64_t value)
{
	(void)ctx;
	(void)value;
	if (!*name || strlen(name) >= COUNTER_NAME_MAX || strpbrk(name, " ,\"\n"))
		abort();
}

static void read_source(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct text body = {copy, size}, name;

	if (size)
		memcpy(copy, data, size);
	if (text_line(&body, &name))
		counters_each(name, body, check_counter, NULL);
	free(copy);
}

/* Whatever a guest wrote, what is made of it can be written as JSON. */
static void dump(json_t *json)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY);

	if (!text)
		abort();
	free(text);
	json_decref(json);
}

/* What a scenario expects is a user's, what it is about a guest's. */
static void read_expect(const struct records *rec)
{
	json_t *expect = json_pack("{s:s, s:s, s:s}", "vmstat.pswpin@open..close", "> 0",
				   "workload.w.ops@m + 1", ">= meminfo.MemFree@close * 2",
				   "cgroup.a.current@m", "1G");

	dump(expect_evaluate(expect, rec, NULL));
	json_decref(expect);
}

static void derive(const struct records *rec)
{
	struct trace_summary trace;

	dump(programs_json(rec));
	if (trace_summarise(rec, 0, UINT64_MAX, &trace, NULL))
		return;
	dump(measure_metrics(rec, &trace));
	dump(check_conservation(rec, &trace));
	dump(trace_summary_json(&trace));
	dump(state_of(rec));
	dump(state_steps(rec));
	read_expect(rec);
	trace_summary_release(&trace);
}

/* In a heap block of just its size, so that a step outside is seen. */
static void read_region(const void *data, size_t size)
{
	uint8_t *copy = malloc(size);
	struct records rec;

	if (size)
		memcpy(copy, data, size);
	if (!records_parse(&rec, copy, size)) {
		if (rec.bytes > size)
			abort();
		derive(&rec);
		read_series(&rec);
	}
	records_release(&rec);
	free(copy);
}

/* Bucket counts from a few bytes, spread over the histogram. */
static void put_buckets(struct wire_writer *w, unsigned int id, const uint8_t *data, size_t len)
{
	static uint64_t bucket[WIRE_BUCKETS];
	struct wire_work work = {.ops = len};
	size_t i;

	memset(bucket, 0, sizeof(bucket));
	for (i = 0; i < len; i++)
		bucket[i * 37 % WIRE_BUCKETS] = (uint64_t)data[i] << data[i] % 64;
	memcpy(&work, data, len < sizeof(work) ? len : sizeof(work));
	wire_put2(w, WIRE_WORK, (uint16_t)id, len, &work, sizeof(work), bucket, sizeof(bucket));
}

static size_t put_one(struct wire_writer *w, const uint8_t *data, size_t size)
{
	unsigned int type = data[0] % (WIRE_STEP + 2), id = data[1], len = data[2];
	bool buckets = type == WIRE_WORK && len == 255;

	if (buckets)
		len = 40;
	if (len > size - 3)
		len = (unsigned int)(size - 3);
	if (buckets)
		put_buckets(w, id, data + 3, len);
	else
		wire_put(w, (enum wire_type)type, (uint16_t)id, len, data + 3, len);
	return 3 + len;
}

static void read_list(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t region[4 << 20];
	struct wire_header *head = (struct wire_header *)region;
	struct wire_writer w;

	wire_start(&w, region, sizeof(region));
	while (size >= 3) {
		size_t used = put_one(&w, data, size);

		data += used;
		size -= used;
	}
	read_region(region, sizeof(*head) + (size_t)head->used);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] == 3)
		read_source(data + 1, size - 1);
	else if (data[0] & 1)
		read_list(data + 1, size - 1);
	else
		read_region(data + 1, size - 1);
	return 0;
}
