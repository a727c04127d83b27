// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of harness/result but its store: readers of counter files, records and measures.  Streams
 * are written with the wire's own writer and then read from a heap block of just their size.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "records/records.h"
#include "records/series.h"
#include "records/text.h"
#include "result/measure.h"
#include "result/metrics.h"
#include "result/status.h"

/*
 * ---- Counter files, as the kernel writes them ----
 */

static const char vmstat[] = "nr_free_pages 3231\nnr_zone_inactive_anon 1044\n"
			     "workingset_refault_anon 0\nworkingset_refault_file 54309\n"
			     "pgpgin 217224\npgmajfault 118\npgmajfault_x 3\noom_kill 0\n"
			     "swap_ra 0\nnr_unstable 0\n";
static const char memory_stat[] = "anon 49152000\nfile 0\nkernel_stack 16384\npgfault 12003\n"
				  "pgscan 18446744073709551615\nworkingset_refault_anon 77\n";
static const char memory_events[] = "low 0\nhigh 0\nmax 1201\noom 0\noom_kill 0\n"
				    "oom_group_kill 0\n";
static const char pressure[] = "some avg10=1.53 avg60=0.21 avg300=0.04 total=183920\n"
			       "full avg10=0.00 avg60=0.00 avg300=0.00 total=77\n";

/* A text in a heap block of just its size; freed by the next call and at the end. */
static char *block;

static struct text heap(const void *data, size_t len)
{
	free(block);
	block = malloc(len ? len : 1);
	assert_non_null(block);
	memcpy(block, data, len);
	return (struct text){block, len};
}

static struct text text_of(const char *s)
{
	return heap(s, strlen(s));
}

static void test_text_get(void **unused)
{
	struct text t = text_of(vmstat);
	uint64_t v = 1;

	(void)unused;
	assert_true(text_get(t, "nr_free_pages", &v));
	assert_int_equal(v, 3231);
	assert_true(text_get(t, "workingset_refault_file", &v));
	assert_int_equal(v, 54309);
	assert_true(text_get(t, "nr_unstable", &v));
	assert_int_equal(v, 0);
	/* keys are matched whole */
	assert_true(text_get(t, "pgmajfault", &v));
	assert_int_equal(v, 118);
	assert_false(text_get(t, "pgmajfaul", &v));
	assert_false(text_get(t, "", &v));
	t = text_of(memory_stat);
	assert_true(text_get(t, "pgscan", &v));
	assert_int_equal(v, UINT64_MAX);
	t = text_of(memory_events);
	assert_true(text_get(t, "max", &v));
	assert_int_equal(v, 1201);
	assert_true(text_get(t, "oom", &v));
	assert_int_equal(v, 0);
	assert_false(text_get((struct text){NULL, 0}, "max", &v));
}

static void test_text_next(void **unused)
{
	static const char text[] = "a 1\n\nb  2\nc\t3\n d 4\ne 5 \nf 6\r\ng -7\nh 0x8\n"
				   "hugetlb(2M) 9\ni\nj \n k\n=x 1\nl.m-n_o 10\n"
				   "p 18446744073709551616\nq 11";
	static const char *const want[] = {"a", "hugetlb(2M)", "l.m-n_o", "q"};
	static const uint64_t values[] = {1, 9, 10, 11};
	struct text t = text_of(text);
	char key[TEXT_KEY_MAX];
	size_t pos = 0, i;
	uint64_t v;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(text_next(t, &pos, key, &v));
		assert_string_equal(key, want[i]);
		assert_int_equal(v, values[i]);
	}
	assert_false(text_next(t, &pos, key, &v));
	assert_false(text_next(t, &pos, key, &v));
}

static void test_text_hostile(void **unused)
{
	char key[TEXT_KEY_MAX], line[TEXT_KEY_MAX + 16];
	size_t pos, len;
	struct text t;
	uint64_t v;

	(void)unused;
	/* the longest key there may be, and one more */
	for (len = TEXT_KEY_MAX - 1; len <= TEXT_KEY_MAX; len++) {
		memset(line, 'k', len);
		strcpy(line + len, " 1\n");
		t = text_of(line);
		pos = 0;
		assert_int_equal(text_next(t, &pos, key, &v), len < TEXT_KEY_MAX);
	}
	t = heap("a\0b 1\nc 2\0\nd 3\n", 15);
	pos = 0;
	assert_true(text_next(t, &pos, key, &v));
	assert_string_equal(key, "d");
	t = heap("\xff\xfe 1\nz 1", 8);
	pos = 0;
	assert_true(text_next(t, &pos, key, &v));
	assert_string_equal(key, "z");
	t = heap("", 0);
	pos = 0;
	assert_false(text_next(t, &pos, key, &v));
}

static void test_psi(void **unused)
{
	static const char *const bad[] = {
		"", "some", "some ", "some total=", "some total=x\n", "some total=5 x\n",
		"some avg10=0.00\nfull total=5\n", "somex total=5\n", " some total=5\n",
		"some total=18446744073709551616\n", "some total=-1\n", "sometotal=5\n",
		"some xtotal=5\n",
	};
	struct text t = text_of(pressure);
	uint64_t v;
	size_t i;

	(void)unused;
	assert_true(text_psi(t, "some", &v));
	assert_int_equal(v, 183920);
	assert_true(text_psi(t, "full", &v));
	assert_int_equal(v, 77);
	assert_false(text_psi(t, "none", &v));
	assert_false(text_psi((struct text){NULL, 0}, "some", &v));
	t = text_of("some total=18446744073709551615");
	assert_true(text_psi(t, "some", &v));
	assert_int_equal(v, UINT64_MAX);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_psi(text_of(bad[i]), "some", &v));
}

static void test_number(void **unused)
{
	static const char *const bad[] = {"", "\n", "max\n", " 1\n", "1 \n", "-1", "1x",
					  "18446744073709551616\n", "0x10"};
	uint64_t v;
	size_t i;

	(void)unused;
	assert_true(text_number(text_of("50331648\n"), &v));
	assert_int_equal(v, 50331648);
	assert_true(text_number(text_of("0"), &v));
	assert_int_equal(v, 0);
	assert_true(text_number(text_of("18446744073709551615\n"), &v));
	assert_int_equal(v, UINT64_MAX);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_number(text_of(bad[i]), &v));
	assert_false(text_number((struct text){NULL, 0}, &v));
}

static void test_numbers(void **unused)
{
	static const char *const bad[] = {"", "1 2", "1 x 3", "1 2 -3", "1 2 18446744073709551616"};
	uint64_t v[3];
	size_t i;

	(void)unused;
	assert_true(text_numbers(text_of("   10  0 18446744073709551615 7\n"), v, 3));
	assert_int_equal(v[0], 10);
	assert_int_equal(v[1], 0);
	assert_int_equal(v[2], UINT64_MAX);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_numbers(text_of(bad[i]), v, 3));
	assert_false(text_numbers((struct text){NULL, 0}, v, 3));
}

/* Noise of the characters that mean something: any answer will do, inside the block. */
static void test_text_noise(void **unused)
{
	static const char some[] = "some full total=0123456789\n\n  ab_";
	char noise[80], key[TEXT_KEY_MAX];
	uint64_t state = 42, v;
	unsigned int round;
	size_t i, pos;

	(void)unused;
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < sizeof(noise); i++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			noise[i] = some[(state >> 33) % (sizeof(some) - 1)];
		}
		struct text t = heap(noise, (state >> 40) % sizeof(noise));

		for (pos = 0; text_next(t, &pos, key, &v);)
			assert_true(strlen(key) > 0);
		text_psi(t, "some", &v);
		text_number(t, &v);
	}
}

/*
 * ---- Streams ----
 */

#define REGION (8u << 20)

static _Alignas(8) uint8_t region[REGION];
static struct wire_writer writer;
static uint8_t *copy; /* what rec points into */

static void begin(void)
{
	memset(region, 0, sizeof(struct wire_header));
	wire_start(&writer, region, sizeof(region));
}

static void put(enum wire_type type, unsigned int id, uint64_t time_ns, const char *text)
{
	assert_true(wire_put(&writer, type, (uint16_t)id, time_ns, text, (uint32_t)strlen(text)));
}

static void put_phase(enum wire_phase phase, uint64_t time_ns)
{
	put(WIRE_PHASE, phase, time_ns, "");
}

/* Operations, the sum and the largest of their latencies, one metric; buckets may be NULL. */
static void put_work(unsigned int id, const struct wire_work *work, const uint64_t *bucket)
{
	assert_true(wire_put2(&writer, WIRE_WORK, (uint16_t)id, 0, work, sizeof(*work), bucket,
			      bucket ? WIRE_BUCKETS * sizeof(*bucket) : 0));
}

static void parse(struct records *rec)
{
	size_t len = sizeof(struct wire_header) + ((struct wire_header *)region)->used;

	free(copy);
	copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, region, len);
	assert_int_equal(records_parse(rec, copy, len), 0);
}

enum { VMSTAT, PSI, STAT, EVENTS, CURRENT, CGPSI, NODE };

static void put_sources(void)
{
	put(WIRE_SOURCE, VMSTAT, 3, "vmstat");
	put(WIRE_SOURCE, PSI, 3, "psi.memory");
	put(WIRE_SOURCE, STAT, 3, "memory.stat app");
	put(WIRE_SOURCE, EVENTS, 3, "memory.events app");
	put(WIRE_SOURCE, CURRENT, 3, "memory.current app");
	put(WIRE_SOURCE, CGPSI, 3, "memory.pressure app");
	put(WIRE_SOURCE, NODE, 3, "node.vmstat 0");
}

/* All sets hold the same keys; f grows from set to set. */
static void put_texts(unsigned int f)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "workingset_refault_anon %u\npgscan_kswapd %u\nallocstall_normal %u\n"
		 "allocstall_movable %u\npgmajfault %u\noom_kill 0\n",
		 10 * f, 7 * f, 2 * f, 3 * f, 1000 - f);
	put(WIRE_TEXT, VMSTAT, 0, text);
	snprintf(text, sizeof(text), "some avg10=0.00 total=%u\nfull avg10=0.00 total=%u\n",
		 100 * f, 50 * f);
	put(WIRE_TEXT, PSI, 0, text);
	snprintf(text, sizeof(text), "anon %u\nworkingset_refault_anon %u\n", 4096 * f, 9 * f);
	put(WIRE_TEXT, STAT, 0, text);
	snprintf(text, sizeof(text), "low 0\nmax %u\n", 5 * f);
	put(WIRE_TEXT, EVENTS, 0, text);
	snprintf(text, sizeof(text), "%u\n", 1000000 * f);
	put(WIRE_TEXT, CURRENT, 0, text);
	snprintf(text, sizeof(text), "some total=%u\n", 11 * f);
	put(WIRE_TEXT, CGPSI, 0, text);
	snprintf(text, sizeof(text), "nr_free_pages %u\npgscan_kswapd %u\n", 500 + f, f);
	put(WIRE_TEXT, NODE, 0, text);
}

static void put_head(void)
{
	begin();
	put(WIRE_HELLO, 0, 1, "1\n6.12.0-test\n#1 SMP x");
	put_phase(WIRE_BOOT, 1);
	put_phase(WIRE_SETUP, 2);
	put_sources();
	put(WIRE_STATE, 0, 3, "thp.enabled=never");
	put(WIRE_STATE, 0, 3, "cmdline=a=b c");
	put(WIRE_WORKLOAD, 0, 3, "mem\nanon");
	put_phase(WIRE_GATE, 4);
}

/*
 * Latencies: by the open 5 of 100 ns and 200 of 900000, which are no part of the window; by the
 * close 90 more of 1000, 9 of 20000 and one of 300000.
 */
static void put_open(void)
{
	static uint64_t bucket[WIRE_BUCKETS];
	struct wire_work work = {.ops = 205, .latency_sum_ns = 180000500, .latency_max_ns = 900000,
				 .metric = {11, 1}};

	memset(bucket, 0, sizeof(bucket));
	bucket[wire_bucket(100)] = 5;
	bucket[wire_bucket(900000)] = 200;
	put_phase(WIRE_OPEN, 1000000000);
	put_work(0, &work, bucket);
	put_texts(1);
}

static void put_sample(void)
{
	struct wire_work work = {.ops = 250, .latency_sum_ns = 180050000, .metric = {11, 30}};

	put_phase(WIRE_SAMPLE, 2000000000);
	put_work(0, &work, NULL);
	put_texts(2);
}

static void put_close(void)
{
	static uint64_t bucket[WIRE_BUCKETS];
	struct wire_work work = {.ops = 305, .latency_sum_ns = 180000500 + 570000,
				 .latency_max_ns = 900000, .metric = {11, 101}};

	memset(bucket, 0, sizeof(bucket));
	bucket[wire_bucket(100)] = 5;
	bucket[wire_bucket(1000)] = 90;
	bucket[wire_bucket(20000)] = 9;
	bucket[wire_bucket(300000)] = 1;
	bucket[wire_bucket(900000)] = 200;
	put_phase(WIRE_CLOSE, 3000000000);
	put_work(0, &work, bucket);
	put_texts(4);
}

static void put_end(void)
{
	put_phase(WIRE_STOPPED, 3100000000);
	put(WIRE_END, WIRE_DONE, 3200000000, "");
}

static void put_run(void)
{
	put_head();
	put_open();
	put_sample();
	put_close();
	put_end();
}

static void test_records(void **unused)
{
	struct records rec;

	(void)unused;
	put_run();
	parse(&rec);
	assert_true(text_is(rec.hello[0], "1"));
	assert_true(text_is(rec.hello[1], "6.12.0-test"));
	assert_true(text_is(rec.hello[2], "#1 SMP x"));
	assert_int_equal(rec.phase_ns[WIRE_BOOT], 1);
	assert_int_equal(rec.phase_ns[WIRE_SAMPLE], 2000000000);
	assert_int_equal(rec.phase_ns[WIRE_STOPPED], 3100000000);
	assert_int_equal(rec.last_phase, WIRE_STOPPED);
	assert_int_equal(rec.nr_sources, 7);
	assert_int_equal(rec.nr_works, 1);
	assert_true(text_is(rec.work_name[0], "mem"));
	assert_true(text_is(rec.work_type[0], "anon"));
	assert_int_equal(rec.nr_states, 2);
	assert_true(text_is(rec.state[1], "cmdline=a=b c"));
	assert_int_equal(rec.nr_sets, 3);
	assert_true(rec.ended);
	assert_int_equal(rec.end_status, WIRE_DONE);
	assert_null(rec.error.p);
	assert_false(rec.damaged);
	assert_int_equal(rec.last_ns, 3200000000);
	assert_int_equal(rec.bytes,
			 sizeof(struct wire_header) + ((struct wire_header *)region)->used);
	records_release(&rec);
}

static void test_records_sets(void **unused)
{
	const struct records_set *open, *last;
	struct records rec;

	(void)unused;
	put_run();
	parse(&rec);
	open = records_open_set(&rec);
	last = records_last_set(&rec);
	assert_int_equal(open->phase, WIRE_OPEN);
	assert_int_equal(last->phase, WIRE_CLOSE);
	assert_int_equal(last->time_ns, 3000000000);
	assert_true(open->work[0].present && open->work[0].has_buckets);
	assert_true(rec.set[1].work[0].present && !rec.set[1].work[0].has_buckets);
	assert_false(last->work[1].present);
	assert_int_equal(last->work[0].work.ops, 305);
	assert_true(text_is(records_text(&rec, last, "memory.current app"), "4000000\n"));
	assert_null(records_text(&rec, last, "memory.current").p);
	records_release(&rec);
	assert_null(records_last_set(&rec));
}

/* The agent was stopped in the middle: no close, no end, or an error in its place. */
static void test_records_partial(void **unused)
{
	struct records rec;

	(void)unused;
	put_head();
	put_open();
	put_sample();
	parse(&rec);
	assert_int_equal(rec.nr_sets, 2);
	assert_int_equal(records_last_set(&rec)->phase, WIRE_SAMPLE);
	assert_false(rec.ended);
	assert_false(rec.damaged);
	assert_int_equal(rec.phase_ns[WIRE_CLOSE], 0);
	records_release(&rec);
	put(WIRE_ERROR, 0, 2500000000, "workload mem: gone");
	put(WIRE_END, WIRE_WORKLOAD_FAILED, 2500000000, "");
	parse(&rec);
	assert_true(rec.ended);
	assert_int_equal(rec.end_status, WIRE_WORKLOAD_FAILED);
	assert_true(text_is(rec.error, "workload mem: gone"));
	assert_null(records_open_set(&(struct records){0}));
	records_release(&rec);
}

static void test_records_empty(void **unused)
{
	static _Alignas(8) uint8_t zero[sizeof(struct wire_header)];
	struct records rec;

	(void)unused;
	assert_int_equal(records_parse(&rec, zero, sizeof(zero)), -ENODATA);
	assert_int_equal(records_parse(&rec, zero, 5), -EBADMSG);
	assert_int_equal(rec.bytes, 0);
	records_release(&rec);
	begin();
	parse(&rec);
	assert_int_equal(rec.last_phase, 0);
	assert_int_equal(rec.nr_sets, 0);
	assert_false(rec.damaged || rec.ended);
	records_release(&rec);
}

/* What is written behind a good head, and must end the stream there. */
static void bad_source_id(void)
{
	put(WIRE_SOURCE, RECORDS_SOURCES_MAX, 5, "extra");
}

static void bad_source_twice(void)
{
	put(WIRE_SOURCE, VMSTAT, 5, "other");
}

static void bad_source_name_twice(void)
{
	put(WIRE_SOURCE, NODE + 1, 5, "vmstat");
}

static void bad_source_name(void)
{
	put(WIRE_SOURCE, 50, 5, "a,b");
}

static void bad_source_empty(void)
{
	put(WIRE_SOURCE, 50, 5, "");
}

static void bad_source_long(void)
{
	put(WIRE_SOURCE, 50, 5, "0123456789012345678901234567890123456789012345678901234567890123");
}

static void bad_text_id(void)
{
	put_phase(WIRE_OPEN, 5);
	put(WIRE_TEXT, RECORDS_SOURCES_MAX, 5, "a 1\n");
}

static void bad_text_early(void)
{
	put(WIRE_TEXT, 0, 5, "a 1\n");
}

static void bad_work_id(void)
{
	struct wire_work work = {.ops = 1};

	put_phase(WIRE_OPEN, 5);
	put_work(RECORDS_WORKS_MAX, &work, NULL);
}

static void bad_work_length(void)
{
	put_phase(WIRE_OPEN, 5);
	put(WIRE_WORK, 0, 5, "too short");
}

static void bad_work_early(void)
{
	struct wire_work work = {.ops = 1};

	put_work(0, &work, NULL);
}

static void bad_workload_id(void)
{
	put(WIRE_WORKLOAD, RECORDS_WORKS_MAX, 5, "x\nanon");
}

static void bad_workload_twice(void)
{
	put(WIRE_WORKLOAD, 0, 5, "x\nanon");
}

static void bad_workload_name_twice(void)
{
	put(WIRE_WORKLOAD, 1, 5, "mem\nanon");
}

static void bad_workload_name(void)
{
	put(WIRE_WORKLOAD, 3, 5, "\nanon");
}

static void bad_phase(void)
{
	put(WIRE_PHASE, WIRE_MARK + 1, 5, "");
}

static void bad_phase_zero(void)
{
	put(WIRE_PHASE, 0, 5, "");
}

static void bad_type(void)
{
	put((enum wire_type)UINT16_MAX, 0, 5, "");
}

static void bad_type_zero(void)
{
	put((enum wire_type)0, 0, 5, "");
}

static void test_records_bad(void **unused)
{
	static void (*const bad[])(void) = {
		bad_source_id, bad_source_twice, bad_source_name, bad_source_empty, bad_source_long,
		bad_text_id, bad_text_early, bad_work_id, bad_work_length, bad_work_early,
		bad_workload_id, bad_workload_twice, bad_workload_name, bad_phase, bad_phase_zero,
		bad_type, bad_type_zero,
	};
	struct records rec;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put_head();
		bad[i]();
		put_phase(WIRE_STOPPED, 9);
		parse(&rec);
		if (!rec.damaged || rec.last_phase == WIRE_STOPPED)
			fail_msg("bad stream %zu was taken", i);
		assert_int_equal(rec.nr_sources, 7);
		assert_true(text_is(rec.source[VMSTAT], "vmstat"));
		records_release(&rec);
	}
}

/*
 * One text under many names would be measured as often: what a guest writes must not grow beyond a
 * few times its size.
 */
static void test_records_names_twice(void **unused)
{
	static void (*const bad[])(void) = {bad_source_name_twice, bad_workload_name_twice};
	struct records rec;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put_head();
		bad[i]();
		parse(&rec);
		assert_true(rec.damaged);
		records_release(&rec);
	}
}

static void test_records_too_many(void **unused)
{
	struct records rec;
	unsigned int i;

	(void)unused;
	put_head();
	for (i = 0; i < RECORDS_SETS_MAX; i++)
		put_phase(WIRE_SAMPLE, 10 + i);
	parse(&rec);
	assert_int_equal(rec.nr_sets, RECORDS_SETS_MAX);
	assert_false(rec.damaged);
	assert_int_equal(records_last_set(&rec)->time_ns, 10 + RECORDS_SETS_MAX - 1);
	records_release(&rec);
	put_phase(WIRE_SAMPLE, 1);
	parse(&rec);
	assert_int_equal(rec.nr_sets, RECORDS_SETS_MAX);
	assert_true(rec.damaged);
	records_release(&rec);
	begin();
	for (i = 0; i <= RECORDS_STATES_MAX; i++)
		put(WIRE_STATE, 0, 1, "a=b");
	parse(&rec);
	assert_int_equal(rec.nr_states, RECORDS_STATES_MAX);
	assert_true(rec.damaged);
	records_release(&rec);
}

static void test_records_behind_end(void **unused)
{
	struct records rec;

	(void)unused;
	put_run();
	put(WIRE_STATE, 0, 1, "late=1");
	parse(&rec);
	assert_true(rec.ended && rec.damaged);
	assert_int_equal(rec.nr_states, 2);
	records_release(&rec);
}

/* Damage in the middle gives what came before; the count of what did not fit comes along. */
static void test_records_damage(void **unused)
{
	struct wire_header *head = (struct wire_header *)region;
	struct records rec;
	size_t good;

	(void)unused;
	put_head();
	put_open();
	good = sizeof(*head) + (size_t)head->used;
	put_close();
	put_end();
	region[good + 17] ^= 4;
	head->dropped = 3;
	parse(&rec);
	assert_true(rec.damaged);
	assert_false(rec.ended);
	assert_int_equal(rec.nr_sets, 1);
	assert_int_equal(rec.bytes, good);
	assert_int_equal(rec.dropped, 3);
	records_release(&rec);
}

/*
 * ---- Measures ----
 */

static const json_t *find(const json_t *metrics_array, const char *name)
{
	const json_t *m;
	size_t i;

	json_array_foreach(metrics_array, i, m)
		if (!strcmp(json_string_value(json_object_get(m, "name")), name))
			return m;
	return NULL;
}

/* Of a run without a trace. */
static json_t *measure(const struct records *rec)
{
	static const struct trace_summary none;

	return measure_metrics(rec, &none);
}

struct want {
	const char *name;
	int64_t value;
};

static void check_values(const json_t *out, const struct want *want, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const json_t *m = find(out, want[i].name);
		const json_t *v = json_object_get(m, "value");

		if (!json_is_integer(v) || json_integer_value(v) != want[i].value)
			fail_msg("%s is %" JSON_INTEGER_FORMAT ", not %" PRId64, want[i].name,
				 json_integer_value(v), want[i].value);
		assert_null(json_object_get(m, "absent"));
	}
}

static const char *reason(const json_t *out, const char *name)
{
	const char *why = json_string_value(json_object_get(find(out, name), "absent"));

	if (!why)
		fail_msg("%s is not absent", name);
	return why;
}

/*
 * From set 1 to set 4 of put_texts() a value "k * f" changes by 3 k.  100 operations in 2 s; 90 of
 * them in 1000 ns' bucket, which ends at 1023; then 20000 in [19456, 20479], 300000 in
 * [294912, 311295].  The 90th of 100 is the last of the first bucket, the 99th that of the second.
 */
static void test_measure(void **unused)
{
	static const struct want want[] = {
		{"workload.mem.ops", 100},
		{"workload.mem.rate", 50},
		{"workload.mem.latency.mean_ns", 5700},
		{"workload.mem.latency.p50_ns", 1023},
		{"workload.mem.latency.p90_ns", 1023},
		{"workload.mem.latency.p99_ns", 20479},
		{"workload.mem.latency.p999_ns", 311295},
		{"workload.mem.latency.max_ns", 311295},
		{"workload.mem.populated", 0},
		{"workload.mem.touches", 100},
		{"refault.anon", 30},
		{"refault.anon_per_mop", 300000},
		{"fault.major_per_mop", -30000},
		{"reclaim.scan.kswapd", 21},
		{"stall.alloc", 15},
		{"fault.major", -3},
		{"oom.kill", 0},
		{"psi.memory.some_us", 300},
		{"psi.memory.full_us", 150},
		{"cgroup.app.refault.anon", 27},
		{"cgroup.app.events.max", 15},
		{"cgroup.app.events.low", 0},
		{"cgroup.app.memory.current", 4000000},
		{"cgroup.app.psi.memory.some_us", 33},
		{"cgroup.app.stat.anon", 3 * 4096},
		{"vmstat.pgmajfault", -3},
		{"vmstat.allocstall_normal", 6},
		{"node.0.nr_free_pages", 3},
		{"node.0.pgscan_kswapd", 3},
	};
	struct records rec;
	json_t *out;

	(void)unused;
	put_run();
	parse(&rec);
	out = measure(&rec);
	check_values(out, want, ARRAY_SIZE(want));
	assert_string_equal(json_string_value(json_object_get(find(out, "workload.mem.touches"),
							      "better")), "higher");
	assert_string_equal(json_string_value(json_object_get(find(out, "reclaim.scan.kswapd"),
							      "meaning")), "with-cgroup-limits,looked-at");
	assert_string_equal(json_string_value(json_object_get(find(out, "refault.anon"),
							      "meaning")), "all");
	assert_null(json_object_get(find(out, "fault.major"), "meaning"));
	/* 64 pages of 100 operations */
	assert_int_equal(json_integer_value(json_object_get(find(out, "refault.anon_per_mop"),
							    "floor")), 640000);
	assert_null(json_object_get(find(out, "refault.anon"), "floor"));
	assert_string_equal(reason(out, "stall.memcg.p99_ns"), "the run was not traced");
	json_decref(out);
	records_release(&rec);
}

/* A number or a reason, never both and never neither; no name twice. */
static void check_whole(const json_t *out)
{
	const json_t *m, *n;
	size_t i, k;

	json_array_foreach(out, i, m) {
		const json_t *why = json_object_get(m, "absent");
		const char *name = json_string_value(json_object_get(m, "name"));

		assert_true(!json_object_get(m, "value") == !!why);
		assert_true(!why || json_string_length(why) > 10);
		assert_true(json_string_length(json_object_get(m, "unit")) > 0);
		assert_non_null(json_object_get(m, "better"));
		assert_non_null(json_object_get(m, "class"));
		for (k = 0; k < i; k++) {
			n = json_object_get(json_array_get(out, k), "name");
			assert_string_not_equal(json_string_value(n), name);
		}
	}
}

static void test_measure_absent(void **unused)
{
	struct records rec;
	json_t *out;

	(void)unused;
	put_run();
	parse(&rec);
	out = measure(&rec);
	check_whole(out);
	assert_string_equal(reason(out, "swap.in"), "this kernel's vmstat has no pswpin");
	assert_string_equal(reason(out, "io.read_kib_per_mop"),
			    "this kernel's vmstat has no pgpgin");
	assert_string_equal(reason(out, "psi.io.some_us"), "this kernel has no such pressure file");
	assert_string_equal(reason(out, "cgroup.app.psi.memory.full_us"),
			    "this kernel has no such pressure file");
	assert_string_equal(reason(out, "cgroup.app.memory.swap.current"),
			    "this kernel's cgroups have no such file");
	assert_string_equal(reason(out, "cgroup.app.reclaim.scan"),
			    "this kernel's memory.stat app has no pgscan");
	json_decref(out);
	records_release(&rec);
}

/* The run ended between two samples: the window is what there is of it. */
static void test_measure_partial(void **unused)
{
	static const struct want want[] = {
		{"workload.mem.ops", 45}, {"workload.mem.rate", 45},
		{"workload.mem.latency.mean_ns", 1100}, {"refault.anon", 10},
		{"psi.memory.some_us", 100}, {"cgroup.app.memory.current", 2000000},
	};
	struct records rec;
	json_t *out;

	(void)unused;
	put_head();
	put_open();
	put_sample();
	parse(&rec);
	out = measure(&rec);
	check_whole(out);
	check_values(out, want, ARRAY_SIZE(want));
	assert_string_equal(reason(out, "workload.mem.latency.p99_ns"),
			    "the run ended before the window closed");
	json_decref(out);
	records_release(&rec);
}

/* No window, or one without an end: no metrics. */
static void test_measure_none(void **unused)
{
	struct records rec;
	unsigned int with_open;

	(void)unused;
	for (with_open = 0; with_open < 2; with_open++) {
		json_t *out;

		put_head();
		if (with_open)
			put_open();
		parse(&rec);
		out = measure(&rec);
		assert_int_equal(json_array_size(out), 0);
		json_decref(out);
		records_release(&rec);
	}
}

static void put_devices(const char *stat, const char *mm_stat)
{
	put(WIRE_TEXT, 3, 1, stat);
	put(WIRE_TEXT, 4, 1, mm_stat);
}

/* Lines of block/stat.rst and zram.rst: 20 reads of 80 sectors in 3 ms, no write. */
static void test_measure_devices(void **unused)
{
	static const struct want want[] = {
		{"device.data.reads", 20}, {"device.data.read_kib", 40},
		{"device.data.read_mean_ns", 150000}, {"device.data.writes", 0},
		{"device.data.write_kib", 0}, {"device.data.write_mean_ns", 0},
		{"device.swap-2.stored", 8192}, {"device.swap-2.compressed", 3000},
		{"device.swap-2.memory", 4096},
	};
	struct records rec;
	json_t *out;

	(void)unused;
	begin();
	put(WIRE_SOURCE, 3, 1, "device data");
	put(WIRE_SOURCE, 4, 1, "zram swap-2");
	put_phase(WIRE_OPEN, 0);
	put_devices("  10 0 100 5 7 0 56 9 0 0 0 0\n", "4096 100 4096 0 0 0 0 0 0\n");
	put_phase(WIRE_CLOSE, 1000);
	put_devices("  30 0 180 8 7 0 56 9 0 0 0 0\n", "8192 3000 4096 0 0 0 0 0 0\n");
	parse(&rec);
	out = measure(&rec);
	check_values(out, want, ARRAY_SIZE(want));
	check_whole(out);
	json_decref(out);
	records_release(&rec);
}

static void put_hostile(const char *first, const char *second)
{
	begin();
	put(WIRE_SOURCE, 5, 1, "vmstat");
	put_phase(WIRE_OPEN, 0);
	put(WIRE_TEXT, 5, 1, first);
	put_phase(WIRE_CLOSE, 0);
	put(WIRE_TEXT, 5, 1, second);
}

/* Counters that no kernel has, source numbers with gaps, and no time between open and close. */
static void test_measure_hostile(void **unused)
{
	struct records rec;
	json_t *out;

	(void)unused;
	put_hostile("allocstall_dma 0\nallocstall_normal 0\npswpin 18446744073709551615\n",
		    "allocstall_dma 9223372036854775807\nallocstall_normal 9223372036854775807\n"
		    "pswpin 0\n");
	put(WIRE_WORKLOAD, 4, 1, "w");
	parse(&rec);
	out = measure(&rec);
	check_values(out, &(struct want){"swap.in", 1}, 1);
	check_whole(out);
	json_decref(out);
	records_release(&rec);
	/* other keys at the close: nothing is paired with what it is not */
	put_hostile("a 1\nb 2\nc 3\n", "a 5\nx 2\nc 9\n");
	parse(&rec);
	out = measure(&rec);
	check_values(out, &(struct want){"vmstat.a", 4}, 1);
	assert_null(find(out, "vmstat.b"));
	json_decref(out);
	records_release(&rec);
}

/* A workload that did nothing, in a window without time: no division by either. */
static void test_measure_idle(void **unused)
{
	static const struct want want[] = {{"workload.w.rate", 0}, {"workload.w.ops", 0},
					   {"workload.w.latency.mean_ns", 0},
					   {"workload.w.latency.p99_ns", 0},
					   {"workload.w.latency.max_ns", 0}};
	static const uint64_t bucket[WIRE_BUCKETS];
	struct wire_work work = {0};
	struct records rec;
	json_t *out;

	(void)unused;
	begin();
	put(WIRE_WORKLOAD, 2, 1, "w\nno-such-type");
	put_phase(WIRE_OPEN, 7);
	put_work(2, &work, bucket);
	put_phase(WIRE_CLOSE, 7);
	put_work(2, &work, bucket);
	parse(&rec);
	out = measure(&rec);
	check_values(out, want, ARRAY_SIZE(want));
	assert_string_equal(reason(out, "refault.anon_per_mop"),
			    "no workload finished an operation");
	json_decref(out);
	records_release(&rec);
}

static unsigned int count_char(const char *from, const char *to, char c)
{
	unsigned int n = 0;

	for (; from < to; from++)
		n += *from == c;
	return n;
}

/* Every line has as many columns as the first. */
static unsigned int check_columns(const struct buf *csv)
{
	const char *line = buf_str(csv), *nl;
	unsigned int columns = count_char(line, strchr(line, '\n'), ','), n = 0;

	for (; *line; line = nl + 1) {
		nl = strchr(line, '\n');
		assert_non_null(nl);
		assert_int_equal(count_char(line, nl, ','), columns);
		n++;
	}
	return n;
}

/* All of a series as text; patterns NULL: the default ones. */
static void make_csv(const struct records *rec, const char *const *patterns, struct buf *csv)
{
	struct series series;
	struct err err;
	size_t i;

	if (series_select(&series, rec, patterns ? patterns : series_default, &err))
		fail_msg("%s", err.msg);
	series_csv_head(&series, csv);
	for (i = 0; i < rec->nr_sets; i++)
		series_csv_row(&series, i, csv);
	series_release(&series);
}

static void test_series(void **unused)
{
	static const char want[] =
		"time_ns,workload.mem.ops,vmstat.workingset_refault_anon,vmstat.pgscan_kswapd,"
		"vmstat.allocstall_normal,vmstat.allocstall_movable,vmstat.pgmajfault,"
		"vmstat.oom_kill,psi.memory.some_us,psi.memory.full_us,cgroup.app.current,"
		"cgroup.app.psi.memory.some_us\n"
		"1000000000,205,10,7,2,3,999,0,100,50,1000000,11\n"
		"2000000000,250,20,14,4,6,998,0,200,100,2000000,22\n"
		"3000000000,305,40,28,8,12,996,0,400,200,4000000,44\n";
	struct buf csv = {0};
	struct records rec;

	(void)unused;
	put_run();
	parse(&rec);
	make_csv(&rec, NULL, &csv);
	assert_string_equal(buf_str(&csv), want);
	assert_int_equal(check_columns(&csv), 4);
	buf_release(&csv);
	records_release(&rec);
}

static void test_series_select(void **unused)
{
	static const char *const some[] = {"node.0.nr_*", "cgroup.app.events.max",
					   "workload.mem.latency_*", NULL};
	static const char *const none[] = {"vmstat.*", "vmstat.pgmajfaul", NULL};
	static const char want[] =
		"time_ns,workload.mem.latency_sum_ns,workload.mem.latency_max_ns,"
		"cgroup.app.events.max,node.0.nr_free_pages\n"
		"1000000000,180000500,900000,5,501\n2000000000,180050000,0,10,502\n"
		"3000000000,180570500,900000,20,504\n";
	struct buf csv = {0};
	struct series series;
	struct records rec;
	struct err err;

	(void)unused;
	put_run();
	parse(&rec);
	make_csv(&rec, some, &csv);
	assert_string_equal(buf_str(&csv), want);
	assert_int_equal(series_select(&series, &rec, none, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "'vmstat.pgmajfaul'"));
	buf_release(&csv);
	records_release(&rec);
}

/*
 * Texts that are missing, shorter, longer or of another kind leave cells empty, not columns out, and
 * a set without any of them is no row.
 */
static void test_series_uneven(void **unused)
{
	static const char *const texts[][3] = {
		{"a 1\nb 2\n", "some total=1\nfull total=2\n", "5\n"},
		{"a 1\n", "some total=1\n", "max\n"},
		{"x 9\na 1\nb 2\n", "nothing", "18446744073709551615"},
		{"", "7\n", "some total=3\n"},
	};
	struct series series;
	struct buf csv = {0};
	struct records rec;
	unsigned int set, i;
	struct err err;
	json_t *json;
	char *text;

	(void)unused;
	begin();
	put(WIRE_SOURCE, 0, 1, "vmstat");
	put(WIRE_SOURCE, 3, 1, "psi.io");
	put(WIRE_SOURCE, 9, 1, "memory.current x");
	for (set = 0; set < ARRAY_SIZE(texts); set++) {
		put_phase(set ? WIRE_SAMPLE : WIRE_OPEN, set);
		for (i = 0; i < 3; i++)
			put(WIRE_TEXT, i == 2 ? 9 : 3 * i, 1, texts[set][i]);
	}
	put_phase(WIRE_CLOSE, 9);
	parse(&rec);
	make_csv(&rec, NULL, &csv);
	assert_string_equal(buf_str(&csv),
			    "time_ns,vmstat.a,vmstat.b,psi.io.some_us,psi.io.full_us,"
			    "cgroup.x.current,vmstat.x\n0,1,2,1,2,5,\n1,1,,1,,,\n"
			    "2,1,2,,,18446744073709551615,9\n");
	assert_int_equal(series_select(&series, &rec, series_default, &err), 0);
	assert_int_equal(series_json(&series, &json, &err), 0);
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "{\"phase\":[\"open\",\"sample\",\"sample\"],\"time_ns\":[0,1,2],"
				  "\"values\":{\"cgroup.x.current\":[5,null,\"18446744073709551615\"],"
				  "\"psi.io.full_us\":[2,null,null],\"psi.io.some_us\":[1,1,null],"
				  "\"vmstat.a\":[1,1,1],\"vmstat.b\":[2,null,2],"
				  "\"vmstat.x\":[null,null,9]}}");
	free(text);
	json_decref(json);
	series_release(&series);
	buf_release(&csv);
	records_release(&rec);
}

/* A guest can name a new counter in each set: there is an end to what is kept of them. */
static void test_series_flood(void **unused)
{
	static const char *const all[] = {"*", NULL};
	struct buf text = {0};
	struct series series;
	struct records rec;
	unsigned int i;
	struct err err;

	(void)unused;
	begin();
	put(WIRE_SOURCE, 0, 1, "vmstat");
	for (i = 0; i < SERIES_COLUMNS_MAX + 10; i++) {
		if (i % 1000 == 0) {
			put_phase(WIRE_SAMPLE, i);
			buf_reset(&text);
		}
		buf_printf(&text, "k%u 1\n", i);
		if (i % 1000 == 999 || i == SERIES_COLUMNS_MAX + 9)
			put(WIRE_TEXT, 0, i, buf_str(&text));
	}
	parse(&rec);
	assert_int_equal(series_select(&series, &rec, all, &err), 0);
	assert_int_equal(series.nr, SERIES_COLUMNS_MAX);
	assert_true(series.cut);
	series_release(&series);
	buf_release(&text);
	records_release(&rec);
}

/*
 * ---- Turns, costs and versions ----
 */

/* A source that has no turn in a set has no text there; one that says the same again has it. */
static void test_same(void **unused)
{
	struct records rec;

	(void)unused;
	put_head();
	put_open();
	put_phase(WIRE_SAMPLE, 5);
	put(WIRE_SAME, STAT, 5, "");
	put_phase(WIRE_SAMPLE, 6);
	put_phase(WIRE_CLOSE, 7);
	put(WIRE_SAME, STAT, 7, "");
	put(WIRE_TEXT, CURRENT, 7, "9\n");
	put_end();
	parse(&rec);
	assert_false(rec.damaged);
	assert_true(text_is(rec.set[1].text[STAT], "anon 4096\nworkingset_refault_anon 9\n"));
	assert_null(rec.set[1].text[CURRENT].p);
	assert_null(rec.set[2].text[STAT].p);
	assert_true(rec.set[3].text[STAT].p == rec.set[0].text[STAT].p);
	assert_true(text_is(rec.set[3].text[CURRENT], "9\n"));
	records_release(&rec);
	/* the same as nothing */
	put_head();
	put_phase(WIRE_OPEN, 5);
	put(WIRE_SAME, STAT, 5, "");
	parse(&rec);
	assert_true(rec.damaged);
	records_release(&rec);
	put_head();
	put(WIRE_SAME, STAT, 5, "");
	parse(&rec);
	assert_true(rec.damaged);
	records_release(&rec);
	put_head();
	put_open();
	put(WIRE_SAME, RECORDS_SOURCES_MAX, 5, "");
	parse(&rec);
	assert_true(rec.damaged);
	records_release(&rec);
}

static void put_cost(unsigned int id, const struct wire_cost *cost, size_t len)
{
	assert_true(wire_put(&writer, WIRE_COST, (uint16_t)id, 1, cost, (uint32_t)len));
}

static void test_cost(void **unused)
{
	static const struct wire_cost cost = {11, 5000, 900}, all = {20, 70000, 20000};
	static const struct {
		unsigned int id;
		size_t len;
	} bad[] = {{RECORDS_SOURCES_MAX, sizeof(cost)}, {0xfffe, sizeof(cost)},
		   {STAT, sizeof(cost) - 1}, {WIRE_COST_ALL, 0}};
	struct records rec;
	size_t i;

	(void)unused;
	put_head();
	put_cost(STAT, &cost, sizeof(cost));
	put_cost(WIRE_COST_ALL, &all, sizeof(all));
	parse(&rec);
	assert_false(rec.damaged);
	assert_memory_equal(&rec.cost[STAT], &cost, sizeof(cost));
	assert_memory_equal(&rec.cost_all, &all, sizeof(all));
	assert_int_equal(rec.cost[VMSTAT].reads, 0);
	records_release(&rec);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put_head();
		put_cost(bad[i].id, &cost, bad[i].len);
		parse(&rec);
		assert_true(rec.damaged);
		records_release(&rec);
	}
}

/* A stream that an agent wrote before there were turns and costs. */
static void test_version_2(void **unused)
{
	struct buf bytes = {0}, csv = {0};
	struct records rec;
	struct err err;

	(void)unused;
	if (file_read("tests/corpus/records/version-2.bin", &bytes, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(bytes.data[4], 2);
	assert_int_equal(records_parse(&rec, bytes.data, bytes.len), 0);
	assert_false(rec.damaged);
	assert_true(rec.ended);
	assert_int_equal(rec.bytes, bytes.len);
	assert_int_equal(rec.nr_sets, 3);
	assert_int_equal(rec.cost_all.reads, 0);
	make_csv(&rec, NULL, &csv);
	assert_int_equal(check_columns(&csv), 4);
	assert_non_null(strstr(csv.data, ",workload.anon.ops,vmstat.nr_free_pages,"));
	buf_release(&csv);
	buf_release(&bytes);
	records_release(&rec);
}

/*
 * ---- The registry ----
 */

static void test_metric_find(void **unused)
{
	static const struct {
		const char *name;
		enum metric_source source;
		const char *key;
	} cases[] = {
		{"refault.anon", METRIC_STAT, "workingset_refault_anon"},
		{"cgroup.a/b.refault.anon", METRIC_STAT, "workingset_refault_anon"},
		{"cgroup.app.psi.memory.some_us", METRIC_PSI, "memory some"},
		{"node.1.kswapd.run.count", METRIC_HIST, "kswapd.run count"},
		{"refault.anon_per_mop", METRIC_PER_MOP, "workingset_refault_anon"},
		{"psi.memory.some_us", METRIC_PSI, "memory some"},
		{"cgroup.app.memory.current", METRIC_LAST, "memory.current"},
		{"cgroup.app.events.oom_kill", METRIC_EVENTS, "oom_kill"},
		{"workload.kv.rate", METRIC_WORKLOAD, "rate"},
		{"workload.kv.latency.p99_ns", METRIC_WORKLOAD, "990000"},
	};
	static const char *const none[] = {
		"", "rate", "memory.current", "workload.kv.refault.anon", "cgroup.app.rate",
		"cgroup.app", "cgroup.", "cgroup", "workload.kv", "vmstat.pgpgin", "refault.ano",
		"refault.anonx", "workload.kv.scanned", "cgroup.app.stat.anon",
		"cgroup.app.swap.in",
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct metric *m = metric_find(cases[i].name);

		assert_non_null(m);
		assert_int_equal(m->source, cases[i].source);
		assert_string_equal(m->key, cases[i].key);
	}
	for (i = 0; i < ARRAY_SIZE(none); i++)
		assert_null(metric_find(none[i]));
}

static void full_name(const struct metric *m, char out[128])
{
	const char *prefix = metric_prefix(m->scope);

	snprintf(out, 128, "%s%s%s", prefix, *prefix ? "x." : "", m->name);
}

/* Found under its full name it is itself, so no name is there twice. */
static void test_registry(void **unused)
{
	char name[128];
	size_t i;

	(void)unused;
	for (i = 0; i < nr_metrics; i++) {
		const struct metric *m = &metrics[i];

		full_name(m, name);
		assert_ptr_equal(metric_find(name), m);
		assert_true(*m->unit && *m->help && *m->key);
		assert_null(strpbrk(m->name, ", \n"));
		assert_true(m->min_rel >= 0 && m->min_abs > 0);
		assert_true(strlen(m->key) < 200);
		/* what decides must have a direction */
		assert_true(m->class != METRIC_PRIMARY || m->better != STATS_DIR_NONE);
		assert_int_equal(metric_better_find(metric_better_name(m->better)), m->better);
	}
	assert_string_equal(metric_class_name(METRIC_PRIMARY), "primary");
	assert_string_equal(metric_class_name(METRIC_DIAGNOSTIC), "diagnostic");
	assert_string_equal(metric_better_name(STATS_DIR_LOWER), "lower");
	assert_int_equal(metric_better_find("nonsense"), STATS_DIR_NONE);
}

static void test_status(void **unused)
{
	unsigned int i, final = 0;

	(void)unused;
	for (i = 0; i < STATUS_NR; i++) {
		assert_int_equal(status_find(status_name((enum status)i)), i);
		final += status_final((enum status)i);
	}
	assert_int_equal(final, STATUS_NR - 2);
	assert_false(status_final(STATUS_TIMEOUT) || status_final(STATUS_HARNESS_ERROR));
	assert_int_equal(status_find("other"), STATUS_NR);
	assert_string_equal(status_name(STATUS_NR), "invalid");
}

static int tear_down(void **unused)
{
	(void)unused;
	free(block);
	free(copy);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_get),
		cmocka_unit_test(test_text_next),
		cmocka_unit_test(test_text_hostile),
		cmocka_unit_test(test_psi),
		cmocka_unit_test(test_number),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_text_noise),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_records_sets),
		cmocka_unit_test(test_records_partial),
		cmocka_unit_test(test_records_empty),
		cmocka_unit_test(test_records_bad),
		cmocka_unit_test(test_records_names_twice),
		cmocka_unit_test(test_records_too_many),
		cmocka_unit_test(test_records_behind_end),
		cmocka_unit_test(test_records_damage),
		cmocka_unit_test(test_measure),
		cmocka_unit_test(test_measure_devices),
		cmocka_unit_test(test_measure_absent),
		cmocka_unit_test(test_measure_partial),
		cmocka_unit_test(test_measure_none),
		cmocka_unit_test(test_measure_hostile),
		cmocka_unit_test(test_measure_idle),
		cmocka_unit_test(test_series),
		cmocka_unit_test(test_series_select),
		cmocka_unit_test(test_series_uneven),
		cmocka_unit_test(test_series_flood),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_version_2),
		cmocka_unit_test(test_metric_find),
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, tear_down);
}
