// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/report/explain*: arms of records that are made up here, with a difference planted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "report/divergence.h"
#include "report/explain.h"
#include "wire/wire.h"

#define MS      1000000ull
#define RUNS    32
#define REGION  (2u << 20)
#define GATE_NS (1000 * MS)
#define OPEN_NS (1500 * MS)

static uint64_t next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* 0 to 1 */
static double uniform(uint64_t *state)
{
	return (double)next(state) / 2147483648.0;
}

/* Near enough to a normal one. */
static double noise(uint64_t *state)
{
	return uniform(state) + uniform(state) + uniform(state) + uniform(state) - 2;
}

/*
 * ---- Made records ----
 */

/* What the runs of arm B do that those of A do not. */
struct plant {
	const char *source;  /* in which source, */
	const char *key;     /* which counter, */
	uint64_t at_ms;      /* from when in the window on */
	uint64_t more;       /* counts each ms */
	const char *setting; /* a counter that never moves is another */
	const char *extra;   /* a line that A does not have */
};

static struct {
	uint8_t *region[RUNS];
	struct plant plant;
	unsigned int every_ms[2];
	size_t na, nb;
	bool same_seeds;
	bool short_last; /* the last run ends before its window has a sample */
} made;

static const char *const sources[] = {"vmstat", "node.vmstat 0", "node.vmstat 1",
				      "memory.stat app", "memory.stat db"};
static const char *const keys[] = {"pgscan_direct", "pgsteal_direct", "allocstall_normal",
				   "pswpout", "workingset_refault_file", "nr_free_pages"};

/* A rate of its own in each run, and noise around it; the same up to now whenever it is asked. */
static uint64_t counter_at(size_t source, size_t key, uint64_t seed, uint64_t ms)
{
	uint64_t state = seed * 1000003 + source * 101 + key * 7919 + 1, i;
	double v = 1000 + 50 * noise(&state), rate = 5 * (1 + 0.05 * noise(&state));

	for (i = 0; i < ms / 50; i++)
		v += 50 * rate + 20 * noise(&state);
	return (uint64_t)(v + rate * (double)(ms % 50));
}

static void put_text(struct wire_writer *w, size_t source, uint64_t seed, bool other, uint64_t ms,
		     uint64_t now)
{
	const struct plant *p = &made.plant;
	cleanup_buf struct buf text = {0};
	size_t k;

	for (k = 0; k < ARRAY_SIZE(keys); k++) {
		uint64_t v = counter_at(source, k, seed, ms);

		if (other && p->source && !strcmp(p->source, sources[source]) &&
		    !strcmp(p->key, keys[k]) && ms > p->at_ms)
			v += (ms - p->at_ms) * p->more;
		buf_printf(&text, "%s %llu\n", keys[k], (unsigned long long)v);
	}
	buf_printf(&text, "low %d\n", other && p->setting ? 200 : 100);
	if (other && p->extra)
		buf_printf(&text, "%s 1\n", p->extra);
	wire_put(w, WIRE_TEXT, (uint16_t)source, now, text.data, (uint32_t)text.len);
}

static void put_set(struct wire_writer *w, enum wire_phase phase, uint64_t seed, bool other,
		    uint64_t ms)
{
	/* Samples come a little late, each by another time. */
	uint64_t late = phase == WIRE_SAMPLE ? (seed * 7 + ms) % 9 : 0;
	uint64_t now = OPEN_NS + seed * MS / 4 + (ms + late) * MS;
	size_t i;

	wire_put(w, WIRE_PHASE, (uint16_t)phase, now, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(sources); i++)
		put_text(w, i, seed, other, ms + late, now);
}

static void put_step(struct wire_writer *w, uint64_t ms)
{
	static const char text[] = "shrink\ndone";

	wire_put(w, WIRE_STEP, 0, OPEN_NS + ms * MS, text, sizeof(text) - 1);
}

static void make_run(size_t run)
{
	bool other = run >= made.na;
	uint64_t seed = other && made.same_seeds ? run - made.na + 1 : run + 1, ms;
	unsigned int every = made.every_ms[other] ? made.every_ms[other] : 100;
	struct wire_writer w;
	size_t i;

	made.region[run] = calloc(1, REGION);
	wire_start(&w, made.region[run], REGION);
	wire_put(&w, WIRE_PHASE, WIRE_BOOT, 1, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(sources); i++)
		wire_put(&w, WIRE_SOURCE, (uint16_t)i, 2, sources[i], (uint32_t)strlen(sources[i]));
	wire_put(&w, WIRE_PHASE, WIRE_GATE, GATE_NS + seed * MS / 4, NULL, 0);
	put_set(&w, WIRE_OPEN, seed, other, 0);
	if (made.short_last && run + 1 == made.na + made.nb)
		return;
	for (ms = every; ms < 2000; ms += every) {
		put_set(&w, WIRE_SAMPLE, seed, other, ms);
		if (ms == 1000)
			put_step(&w, ms);
	}
	put_set(&w, WIRE_CLOSE, seed, other, 2000);
	wire_put(&w, WIRE_END, WIRE_DONE, OPEN_NS + 2100 * MS, NULL, 0);
}

static int open_made(void *ctx, size_t run, struct records *rec, struct buf *bytes, struct err *err)
{
	(void)ctx;
	(void)bytes;
	(void)err;
	return records_parse(rec, made.region[run], REGION);
}

static struct explain_source make(size_t na, size_t nb)
{
	size_t i;

	made.na = na;
	made.nb = nb;
	for (i = 0; i < na + nb; i++)
		make_run(i);
	return (struct explain_source){na, nb, made.same_seeds, open_made, NULL};
}

static int teardown(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < RUNS; i++)
		free(made.region[i]);
	memset(&made, 0, sizeof(made));
	return 0;
}

static void explain(const struct explain_source *from, struct explain_data *data, struct explain *e)
{
	struct err err = {""};

	if (explain_load(from, data, &err) || explain_judge(data, e, &err))
		fail_msg("%s", err.msg);
}

static void release(struct explain_data *data, struct explain *e)
{
	explain_release(e);
	explain_data_release(data);
}

/*
 * The planted moment is in the interval, but for how late samples are, and found soon: in the next
 * points that the runs have in common.
 */
static void assert_moment(double lo, double hi, double within_ms)
{
	double at = (double)made.plant.at_ms;

	if (lo / 1e6 > at + 10 || hi / 1e6 < at || hi / 1e6 > at + within_ms)
		fail_msg("parts from %.1f to %.1f ms, not at %.0f", lo / 1e6, hi / 1e6, at);
}

/* The one counter that parts. */
static void assert_parts(size_t na, size_t nb, const char *name, const char *where,
			 double within_ms)
{
	struct explain_source from = make(na, nb);
	struct explain_data data;
	struct explain e;
	double lo, hi;
	char scope[96];

	explain(&from, &data, &e);
	assert_true(e.tested);
	assert_int_equal(e.nr, 1);
	assert_string_equal(e.finding[0].series->name, name);
	explain_scope(name, scope, sizeof(scope));
	assert_string_equal(scope, where);
	assert_false(e.finding[0].start);
	explain_interval(&e.finding[0], &lo, &hi);
	assert_moment(lo, hi, within_ms);
	assert_true(e.finding[0].p <= EXPLAIN_ALPHA);
	assert_true(e.finding[0].distance > 0);
	assert_true(e.finding[0].b.median > e.finding[0].a.median);
	release(&data, &e);
	teardown(NULL);
}

/* Lateness of samples and the points' distance leave 200 ms. */
static void test_planted(void **unused)
{
	(void)unused;
	made.plant = (struct plant){"vmstat", "pgscan_direct", 1000, 20, NULL, NULL};
	assert_parts(8, 8, "vmstat.pgscan_direct", "system", 210);
	made.plant = (struct plant){"node.vmstat 1", "pswpout", 500, 20, NULL, NULL};
	assert_parts(6, 8, "node.1.pswpout", "node 1", 210);
	made.plant = (struct plant){"memory.stat db", "workingset_refault_file", 1500, 40, NULL, NULL};
	assert_parts(8, 8, "cgroup.db.stat.workingset_refault_file", "cgroup db", 210);
}

/* Four runs an arm are the fewest that can show anything; what they show must be large. */
static void test_few(void **unused)
{
	(void)unused;
	made.plant = (struct plant){"vmstat", "pswpout", 1000, 5000, NULL, NULL};
	assert_parts(4, 4, "vmstat.pswpout", "system", 210);
}

/*
 * Pairs of a seed are alike until they part: then a hundredth of what the seeds differ by is seen at
 * once.
 */
static void test_paired(void **unused)
{
	struct explain_source from;
	struct explain_data data;
	struct explain e;

	(void)unused;
	made.same_seeds = true;
	made.plant = (struct plant){"memory.stat app", "pgscan_direct", 1750, 1, NULL, NULL};
	assert_parts(8, 8, "cgroup.app.stat.pgscan_direct", "cgroup app", 110);
	/* And without their seeds they are not. */
	made.plant = (struct plant){"memory.stat app", "pgscan_direct", 1750, 1, NULL, NULL};
	from = make(8, 8);
	explain(&from, &data, &e);
	assert_int_equal(e.nr, 0);
	release(&data, &e);
}

static void test_nothing(void **unused)
{
	static const size_t n[][2] = {{4, 4}, {8, 8}, {5, 9}};
	struct explain_data data;
	struct explain_moment moment;
	struct explain e;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(n); i++) {
		struct explain_source from = make(n[i][0], n[i][1]);

		explain(&from, &data, &e);
		assert_true(e.tested);
		assert_true(e.tests > 100);
		assert_int_equal(e.nr, 0);
		assert_false(explain_first(&data, &e, &moment));
		release(&data, &e);
		teardown(NULL);
	}
}

/* Runs that are the same differ in nothing, however many. */
static void test_identical(void **unused)
{
	struct explain_data data;
	struct explain_source from;
	struct explain e;

	(void)unused;
	made.same_seeds = true;
	from = make(1, 1);
	explain(&from, &data, &e);
	assert_false(e.tested);
	assert_int_equal(e.tests, 0);
	assert_int_equal(e.nr, 0);
	release(&data, &e);
}

/* Without a spread the first difference is told, and that it is not tested. */
static void test_single(void **unused)
{
	struct explain_data data;
	struct explain_groups groups;
	struct explain_source from;
	struct explain_moment moment;
	struct explain_report r = {.data = &data, .groups = &groups};
	struct explain_around around;
	cleanup_buf struct buf out = {0};
	struct err err = {""};
	struct explain e;

	(void)unused;
	made.same_seeds = true;
	made.plant = (struct plant){"memory.stat db", "pgscan_direct", 1000, 1, NULL, NULL};
	from = make(1, 1);
	explain(&from, &data, &e);
	assert_false(e.tested);
	assert_int_equal(e.nr, 1);
	assert_true(explain_first(&data, &e, &moment));
	assert_moment(moment.lo, moment.hi, 110);
	assert_int_equal(explain_look(&from, &data, &moment, &around, &err), 0);
	explain_group(&e, &groups);
	r.e = &e;
	r.moment = &moment;
	r.around = &around;
	explain_text(&r, &out);
	assert_non_null(strstr(buf_str(&out), "One run each knows no spread"));
	assert_non_null(strstr(buf_str(&out), "cgroup.db.stat.pgscan_direct"));
	assert_non_null(strstr(buf_str(&out), "step shrink: window +1.000 s"));
	explain_around_release(&around);
	explain_groups_release(&groups);
	release(&data, &e);
}

/* Sampled every 100 ms and every 250 ms: nothing parts for that, and what does is found in time. */
static void test_intervals(void **unused)
{
	struct explain_source from;
	struct explain_data data;
	struct records a, b;
	struct explain e;
	json_t *list;

	(void)unused;
	made.every_ms[1] = 250;
	made.same_seeds = true;
	from = make(8, 8);
	explain(&from, &data, &e);
	assert_int_equal(e.nr, 0);
	/* No more points than the arm that has fewer. */
	assert_true(data.series[0].nr <= 9);
	release(&data, &e);
	teardown(NULL);
	made.every_ms[1] = 250;
	made.plant = (struct plant){"vmstat", "pswpout", 900, 20, NULL, NULL};
	assert_parts(8, 8, "vmstat.pswpout", "system", 360);
	/* So it is for the diff of two runs, which looks at what was sampled at the same time. */
	made.every_ms[1] = 200;
	made.same_seeds = true;
	from = make(1, 1);
	assert_int_equal(open_made(NULL, 0, &a, NULL, NULL), 0);
	assert_int_equal(open_made(NULL, 1, &b, NULL, NULL), 0);
	list = divergence(&a, &b);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	records_release(&a);
	records_release(&b);
}

/* Another setting is no divergence, and a counter that one arm does not have is none either. */
static void test_by_construction(void **unused)
{
	struct explain_source from;
	struct explain_data data;
	struct explain e;

	(void)unused;
	made.plant = (struct plant){.setting = "low", .extra = "pgdemote_new"};
	from = make(6, 6);
	explain(&from, &data, &e);
	assert_int_equal(e.nr, 0);
	assert_int_equal(e.nr_fixed, ARRAY_SIZE(sources));
	assert_string_equal(e.fixed[0].name, "vmstat.low");
	assert_true(e.fixed[0].a == 100 && e.fixed[0].b == 200);
	assert_int_equal(data.nr_only[0], 0);
	assert_int_equal(data.nr_only[1], ARRAY_SIZE(sources));
	assert_string_equal(data.only[1][0], "vmstat.pgdemote_new");
	release(&data, &e);
}

/* What is no window cannot be explained. */
static void test_no_window(void **unused)
{
	struct explain_source from;
	struct explain_data data;
	struct err err = {""};

	(void)unused;
	made.short_last = true;
	from = make(2, 2);
	assert_int_equal(explain_load(&from, &data, &err), -ENODATA);
	assert_non_null(strstr(err.msg, "before its window had a sample"));
}

/*
 * ---- Made series: what a judge needs, without records ----
 */

struct matrix {
	struct explain_data data;
	size_t n;
};

#define POINTS 12

static double *values(struct explain_data *d, size_t series, size_t point)
{
	return &d->series[series].x[point * (d->na + d->nb)];
}

/*
 * Random walks, of which each third is another one in other words, as vmstat and a node's have the
 * same; counters of few values; and one where now and then a run goes astray.
 */
static void make_walks(struct explain_data *d, size_t na, size_t nb, size_t nr, uint64_t *state)
{
	size_t i, p, k, n = na + nb;

	*d = (struct explain_data){.na = na, .nb = nb, .nr = nr};
	d->run = calloc(n, sizeof(*d->run));
	d->series = calloc(nr, sizeof(*d->series));
	for (i = 0; i < nr; i++) {
		struct explain_series *s = &d->series[i];

		*s = (struct explain_series){.name = xasprintf("vmstat.c%zu", i),
					     .phase = EXPLAIN_WINDOW, .grain = 1, .nr = POINTS,
					     .at = calloc(POINTS, sizeof(double)),
					     .x = calloc(POINTS * n, sizeof(double))};
		for (p = 0; p < POINTS; p++)
			s->at[p] = (double)p * 1e8;
		for (p = 0; p < POINTS; p++)
			for (k = 0; k < n; k++) {
				double was = p ? s->x[(p - 1) * n + k] : 1000;

				s->x[p * n + k] =
					i % 3 == 1 ? 2 * values(d, i - 1, p)[k] :
					i % 5 == 2 ? (double)(next(state) % 8 == 0) :
					i % 7 == 3 && next(state) % 16 == 0 ? 1e6 :
					round(was + 100 + 40 * noise(state));
			}
	}
}

static bool alarms(size_t na, size_t nb, bool paired, uint64_t *state)
{
	struct explain_data data;
	struct explain e;
	struct err err = {""};
	bool any;

	make_walks(&data, na, nb, 40, state);
	data.paired = paired;
	assert_int_equal(explain_judge(&data, &e, &err), 0);
	assert_true(e.tested);
	any = e.nr > 0;
	release(&data, &e);
	return any;
}

/*
 * Of arms that do not differ at most one in twenty may be said to, for all counters and points
 * together.  So many trials miss that by chance by less than two and a half standard deviations; and
 * with no alarm at all the test would be dead.
 */
static void test_false_alarms(void **unused)
{
	static const struct { size_t na, nb; bool paired; } arms[] = {
		{4, 4, false}, {8, 8, true}, {5, 7, false}};
	size_t i, k, n, trials = 240;
	uint64_t state = 1;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(arms); i++) {
		for (k = n = 0; k < trials; k++)
			n += alarms(arms[i].na, arms[i].nb, arms[i].paired, &state);
		print_message("%zu and %zu: %zu false alarms in %zu\n", arms[i].na, arms[i].nb, n,
			      trials);
		assert_true(n > 0);
		assert_true((double)n <= 0.05 * (double)trials +
						 2.5 * sqrt(0.05 * 0.95 * (double)trials));
	}
}

/* The ten names of one event are one group, and the event that comes later is not hidden by them. */
static void test_groups(void **unused)
{
	static const char *const names[] = {
		"vmstat.allocstall_normal", "vmstat.pgscan_direct", "node.0.pgscan_direct",
		"cgroup.kv.stat.pgsteal_direct", "trace.reclaim.direct.ns", "vmstat.pswpout"};
	struct explain_groups groups;
	struct explain_data data;
	struct explain e;
	struct err err = {""};
	uint64_t state = 7;
	size_t i, p, k;

	(void)unused;
	make_walks(&data, 8, 8, ARRAY_SIZE(names), &state);
	for (i = 0; i < data.nr; i++) {
		free(data.series[i].name);
		data.series[i].name = xstrdup(names[i]);
		for (p = 0; p < POINTS; p++)
			for (k = 0; k < 16; k++)
				values(&data, i, p)[k] =
					100 * (double)p + 4 * noise(&state) +
					(k >= 8 && p >= (i == 5 ? 7u : 4u) ? 3000 : 0);
	}
	assert_int_equal(explain_judge(&data, &e, &err), 0);
	assert_int_equal(e.nr, ARRAY_SIZE(names));
	explain_group(&e, &groups);
	assert_int_equal(groups.nr, 2);
	assert_string_equal(groups.group[0].family, "direct reclaim");
	assert_int_equal(groups.group[0].nr, 5);
	assert_true(groups.group[0].hi == 4e8 && groups.group[0].lo == 3e8);
	assert_string_equal(groups.group[1].family, "swapping");
	assert_true(groups.group[1].hi == 7e8);
	explain_groups_release(&groups);
	release(&data, &e);
}

/* A text of findings stays within the columns, and the JSON has what it has. */
static void test_output(void **unused)
{
	struct explain_source from;
	struct explain_data data;
	struct explain_groups groups;
	struct explain_moment moment;
	struct explain_around around;
	json_t *scan = json_pack("{s:s}", "vmstat.pgscan_direct", "looked-at");
	json_t *taken = json_pack("{s:s}", "vmstat.pgscan_direct", "isolated"), *json, *first;
	struct explain_report r = {.data = &data, .groups = &groups, .meaning = {scan, taken}};
	cleanup_buf struct buf out = {0};
	struct err err = {""};
	struct explain e;
	const char *line;

	(void)unused;
	made.plant = (struct plant){"vmstat", "pgscan_direct", 1000, 20, "low", "pgnew"};
	from = make(8, 8);
	explain(&from, &data, &e);
	assert_true(explain_first(&data, &e, &moment));
	assert_int_equal(explain_look(&from, &data, &moment, &around, &err), 0);
	explain_group(&e, &groups);
	r.e = &e;
	r.moment = &moment;
	r.around = &around;
	explain_text(&r, &out);
	for (line = buf_str(&out); *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > 72)
			fail_msg("%.*s", (int)strcspn(line, "\n"), line);
	assert_non_null(strstr(buf_str(&out), "First apart: window +"));
	assert_non_null(strstr(buf_str(&out), "  vmstat.pgscan_direct*\n"));
	assert_non_null(strstr(buf_str(&out), "A looked-at, B isolated"));
	assert_non_null(strstr(buf_str(&out), "Never move, and differ (5):"));
	assert_non_null(strstr(buf_str(&out), "Only B has (5): vmstat.pgnew"));
	json = explain_json(&r);
	first = json_array_get(json_object_get(json, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "name")),
			    "vmstat.pgscan_direct");
	assert_true(json_is_true(json_object_get(first, "meaning_differs")));
	assert_int_equal(json_integer_value(json_object_get(first, "apart_ns")),
			 (json_int_t)moment.hi);
	json_decref(json);
	json_decref(scan);
	json_decref(taken);
	explain_around_release(&around);
	explain_groups_release(&groups);
	release(&data, &e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_planted, teardown),
		cmocka_unit_test_teardown(test_few, teardown),
		cmocka_unit_test_teardown(test_paired, teardown),
		cmocka_unit_test_teardown(test_nothing, teardown),
		cmocka_unit_test_teardown(test_identical, teardown),
		cmocka_unit_test_teardown(test_single, teardown),
		cmocka_unit_test_teardown(test_intervals, teardown),
		cmocka_unit_test_teardown(test_by_construction, teardown),
		cmocka_unit_test_teardown(test_no_window, teardown),
		cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_groups),
		cmocka_unit_test_teardown(test_output, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
