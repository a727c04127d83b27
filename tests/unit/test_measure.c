// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is computed from several counters, conservation, state, schemas, and how two results differ.
 * Records are put together here; numbers wanted were computed by hand.
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
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "report/divergence.h"
#include "report/json_diff.h"
#include "result/check.h"
#include "result/measure.h"
#include "result/metric_schema.h"
#include "result/schema.h"
#include "result/state.h"

#define SETS 3
#define BOTH(name, t) source(name, t, NULL, t)

static struct records rec;
static struct trace_summary trace;

static struct text text(const char *s)
{
	return (struct text){s, strlen(s)};
}

static void begin(void)
{
	size_t i;

	free(rec.set);
	memset(&rec, 0, sizeof(rec));
	memset(&trace, 0, sizeof(trace));
	rec.set = calloc(SETS, sizeof(*rec.set));
	assert_non_null(rec.set);
	rec.nr_sets = SETS;
	for (i = 0; i < SETS; i++)
		rec.set[i].time_ns = i * 1000000000u;
	rec.set[0].phase = WIRE_OPEN;
	rec.set[1].phase = WIRE_SAMPLE;
	rec.set[2].phase = WIRE_CLOSE;
}

/* A source and its texts; NULL where a set does not have it. */
static void source(const char *name, const char *open, const char *sample, const char *close)
{
	const char *const texts[SETS] = {open, sample, close};
	size_t i;

	rec.source[rec.nr_sources] = text(name);
	for (i = 0; i < SETS; i++)
		if (texts[i])
			rec.set[i].text[rec.nr_sources] = text(texts[i]);
	rec.nr_sources++;
}

static void state(const char *line)
{
	rec.state[rec.nr_states++] = text(line);
}

static void work(const char *name, const char *type, uint64_t ops)
{
	unsigned int i = rec.nr_works++;

	rec.work_name[i] = text(name);
	rec.work_type[i] = text(type);
	rec.set[0].work[i] = (struct records_work){.present = true};
	rec.set[2].work[i] = (struct records_work){.present = true, .work = {.ops = ops}};
}

static const json_t *found(const json_t *list, const char *name)
{
	const json_t *m;
	size_t i;

	json_array_foreach(list, i, m)
		if (!strcmp(json_string_value(json_object_get(m, "name")), name))
			return m;
	return NULL;
}

static const json_t *named(const json_t *list, const char *name)
{
	const json_t *m = found(list, name);

	if (!m)
		fail_msg("there is no %s", name);
	return m;
}

static int64_t value(const char *name)
{
	json_t *list = measure_metrics(&rec, &trace);
	const json_t *v = json_object_get(named(list, name), "value");
	int64_t n = json_integer_value(v);

	if (!v)
		fail_msg("%s is absent", name);
	json_decref(list);
	return n;
}

/* Why there is no value; "" when there is one. */
static void assert_absent(const char *name, const char *why)
{
	json_t *list = measure_metrics(&rec, &trace);

	assert_string_equal(json_string_value(json_object_get(named(list, name), "absent")), why);
	json_decref(list);
}

static void assert_meaning(const char *name, const char *want)
{
	json_t *list = measure_metrics(&rec, &trace);

	assert_string_equal(json_string_value(json_object_get(named(list, name), "meaning")), want);
	json_decref(list);
}

static void test_ratio(void **unused)
{
	(void)unused;
	begin();
	source("vmstat", "pgscan_anon 10\npgscan_file 0\npgsteal_anon 0\npgsteal_file 0\n", NULL,
	       "pgscan_anon 110\npgscan_file 300\npgsteal_anon 50\npgsteal_file 50\n");
	assert_int_equal(value("reclaim.efficiency_ppm"), 250000);
	assert_int_equal(value("reclaim.efficiency.anon_ppm"), 500000);
	begin();
	source("vmstat", "pgscan_anon 10\npgsteal_anon 5\n", NULL, "pgscan_anon 10\npgsteal_anon 5\n");
	assert_absent("reclaim.efficiency.anon_ppm", "there was no pgscan_anon in the window");
}

/* Meanings come from what the kernel has, never from its version. */
static void test_meaning(void **unused)
{
	(void)unused;
	begin();
	BOTH("vmstat", "pgscan_direct 0\nworkingset_refault_file 0\nworkingset_activate_file 0\n"
		       "nr_vmscan_write 0\n");
	state("lru_gen.enabled=0x0007");
	assert_meaning("reclaim.scan.direct",
		       "without-cgroup-limits,with-proactive,with-khugepaged,isolated");
	assert_meaning("refault.file", "to-same-lruvec");
	rec.hello[1] = text("6.12.107+deb13-cloud-amd64");
	assert_meaning("refault.activate.file", "mglru-of-6.12");
	assert_meaning("vmstat.nr_vmscan_write", "folios");
	begin();
	source("node.vmstat 0", "pgscan_kswapd 0\n", NULL, "pgscan_kswapd 0\n");
	source("vmstat", "pgscan_direct 0\npgscan_proactive 0\nworkingset_refault_file 0\n", NULL,
	       "pgscan_direct 0\npgscan_proactive 0\nworkingset_refault_file 0\n");
	state("lru_gen.enabled=0x0000");
	assert_meaning("reclaim.scan.direct",
		       "with-cgroup-limits,without-proactive,with-khugepaged,looked-at");
	assert_meaning("refault.file", "all");
}

/* What a policy has counted from files of the kernel. */
static void test_policy_counts(void **unused)
{
	json_t *list;

	(void)unused;
	begin();
	source("count tried", "100\n", "150\n", "223\n");
	source("count gone", NULL, NULL, NULL);
	assert_int_equal(value("policy.tried"), 123);
	list = measure_metrics(&rec, &trace);
	assert_null(found(list, "policy.gone"));
	json_decref(list);
}

/* Rates 1 and 3: 16 / (2 * 10). */
static void test_fairness_ops(void **unused)
{
	(void)unused;
	begin();
	work("a", "kv", 100);
	work("b", "scan", 7);
	assert_absent("fairness.ops_ppm", "no two workloads have one type");
	work("c", "kv", 300);
	assert_int_equal(value("fairness.ops_ppm"), 800000);
}

/* 100 scans on 100 pages, 100 on 300: pressures 1 and 1/3, (4/3)^2 / (2 * 10/9) = 0.8. */
static void test_fairness_scan(void **unused)
{
	(void)unused;
	begin();
	source("memory.stat a", "pgscan 0\n", NULL, "pgscan 100\n");
	source("memory.current a", "409600", NULL, "409600");
	source("memory.stat b", "pgscan 0\n", NULL, "pgscan 100\n");
	source("memory.current b", "1228800", NULL, "1228800");
	/* a parent is no peer of its children */
	source("memory.stat c", "pgscan 0\n", NULL, "pgscan 100\n");
	source("memory.current c", "4096", NULL, "4096");
	source("memory.stat c/d", "pgscan 0\n", NULL, "pgscan 1\n");
	assert_in_range(value("fairness.scan_ppm"), 799998, 800002);
}

#define ZONES(free) "Node 0, zone   Normal\n  pages free     " free "\n        min      10\n"        \
	"        low      20\n        high     100\n        managed  5000\n"

/* kswapd runs before the second set and leaves 500 - 100 pages over; then it sleeps. */
static void test_over_reclaim(void **unused)
{
	(void)unused;
	begin();
	source("zoneinfo", ZONES("4000"), ZONES("500"), ZONES("900"));
	source("task kswapd0", "5 0 1", "9 0 1", "9 0 1");
	assert_int_equal(value("reclaim.over_kib"), 1600);
	assert_int_equal(value("kswapd.cpu_us"), 0);
	begin();
	source("vmstat", "a 1\n", NULL, "a 1\n");
	assert_absent("reclaim.over_kib", "there is no zoneinfo with kswapd's CPU time twice");
	assert_absent("kswapd.cpu_us", "this kernel has no such task or counter");
}

/* Above, then below and scanned, then below and left alone: one of two samples. */
static void test_protection(void **unused)
{
	(void)unused;
	begin();
	source("memory.stat a", "pgscan 0\n", "pgscan 10\n", "pgscan 10\n");
	source("memory.current a", "9000", "7000", "7000");
	assert_absent("cgroup.a.protection.violated_ppm",
		      "the cgroup has no memory.min and no memory.low");
	state("cgroup.a.memory.min=0");
	state("cgroup.a.memory.low=8192");
	assert_int_equal(value("cgroup.a.protection.violated_ppm"), 500000);
	begin();
	source("memory.stat a", "pgscan 0\n", "pgscan 10\n", "pgscan 20\n");
	source("memory.current a", "7000", "7000", "7000");
	state("cgroup.a.memory.low=8192");
	assert_int_equal(value("cgroup.a.protection.violated_ppm"), 0);
}

static void test_trace_rows(void **unused)
{
	static struct trace_hist hist[2] = {
		{.name = "kswapd.run", .scope = "node.0", .unit = "ns", .count = 2, .sum = 3000000},
		{.name = "stall.memcg", .scope = "cgroup.a", .unit = "ns", .count = 10,
		 .sum = 12345678, .max = 4000}};

	static struct trace_count count[3] = {
		{.name = "isolate.scanned", .scope = "system", .value = 400},
		{.name = "isolate.taken", .scope = "system", .value = 100},
		{.name = "scan.memcg", .scope = "node.0", .value = 77}};

	(void)unused;
	begin();
	source("memory.stat a", "pgscan 0\n", NULL, "pgscan 0\n");
	source("node.vmstat 0", "x 0\n", NULL, "x 0\n");
	hist[1].bucket[wire_bucket(1000)] = 9;
	hist[1].bucket[wire_bucket(4000)] = 1;
	trace = (struct trace_summary){.present = true, .hist = hist, .nr_hists = 2};
	/* no event is not the same as an event that never came */
	assert_absent("cgroup.a.stall.memcg.count",
		      "the event mm_vmscan_memcg_reclaim_end was not recorded");
	state("trace.events.vmscan=mm_vmscan_memcg_reclaim_end mm_vmscan_direct_reclaim_end "
	      "mm_vmscan_kswapd_sleep");
	assert_absent("stall.throttled.count", "the event mm_vmscan_throttled was not recorded");
	assert_int_equal(value("cgroup.a.stall.memcg.count"), 10);
	assert_int_equal(value("cgroup.a.stall.memcg.total_us"), 12345);
	assert_int_equal(value("cgroup.a.stall.memcg.p90_ns"), 1023);
	assert_int_equal(value("cgroup.a.stall.memcg.p99_ns"), 4095);
	assert_int_equal(value("cgroup.a.stall.memcg.max_ns"), 4000);
	assert_int_equal(value("cgroup.a.stall.direct.count"), 0);
	assert_int_equal(value("stall.memcg.p99_ns"), 0);
	assert_int_equal(value("node.0.kswapd.run.total_us"), 3000);
	/* batches are recorded on request */
	trace.count = count;
	trace.nr_counts = 3;
	assert_absent("node.0.trace.scan.memcg", "the scenario does not say trace = batch, or all");
	state("trace.level=batch");
	assert_int_equal(value("node.0.trace.scan.memcg"), 77);
	assert_int_equal(value("node.0.trace.scan.kswapd"), 0);
	assert_int_equal(value("isolate.efficiency_ppm"), 250000);
	/* numbers that are not complete are none */
	trace.lost = 3;
	assert_absent("cgroup.a.stall.memcg.count", "3 events of the trace were lost");
}

static void assert_verdict(const char *check, const char *want)
{
	json_t *list = check_conservation(&rec, &trace), *violated = check_violated(list);
	const char *verdict = json_string_value(json_object_get(named(list, check), "verdict"));

	if (strcmp(verdict, want))
		fail_msg("%s: %s, not %s: %s", check, verdict, want,
			 json_string_value(json_object_get(named(list, check), "detail")));
	assert_int_equal(json_array_size(violated), !strcmp(want, "violated"));
	json_decref(violated);
	json_decref(list);
}

static void test_check_nodes(void **unused)
{
	(void)unused;
	begin();
	BOTH("vmstat", "workingset_nodes 7\nnr_free_pages 1\n");
	assert_verdict("nodes", "absent");
	BOTH("node.vmstat 0", "workingset_nodes 3\nnr_free_pages 9\n");
	BOTH("node.vmstat 1", "workingset_nodes 4\n");
	assert_verdict("nodes", "held");
	BOTH("node.vmstat 2", "workingset_nodes 1\n");
	assert_verdict("nodes", "violated");
	/* of several CPUs one goes on while the files are read */
	state("cpus.online=0-1");
	assert_verdict("nodes", "held");
}

static void test_check_steal(void **unused)
{
	(void)unused;
	begin();
	assert_verdict("steal", "absent");
	BOTH("vmstat", "pgscan_kswapd 5\npgsteal_kswapd 5\npgscan_anon 5\npgsteal_anon 5\n");
	assert_verdict("steal", "held");
	begin();
	BOTH("vmstat", "pgscan_direct 5\npgsteal_direct 6\n");
	assert_verdict("steal", "violated");
	begin();
	BOTH("memory.stat a", "pgscan 5\npgsteal 6\n");
	assert_verdict("cgroup.steal", "violated");
}

static void test_check_contexts(void **unused)
{
	(void)unused;
	begin();
	/* limits of cgroups are not among the contexts: less is right, more is not */
	BOTH("vmstat", "pgscan_kswapd 3\npgscan_anon 2\npgscan_file 2\n");
	assert_verdict("contexts", "held");
	begin();
	BOTH("vmstat", "pgscan_kswapd 5\npgscan_anon 2\npgscan_file 2\n");
	assert_verdict("contexts", "violated");
	begin();
	/* node counters lag by up to 125 pages each */
	BOTH("node.vmstat 0", "pgscan_kswapd 1000\n");
	source("vmstat", "pgscan_kswapd 1000\npgscan_anon 1250\n", NULL,
	       "pgscan_kswapd 1000\npgscan_anon 1250\n");
	assert_verdict("contexts", "held");
	begin();
	BOTH("node.vmstat 0", "pgscan_kswapd 1000\n");
	BOTH("vmstat", "pgscan_kswapd 1000\npgscan_anon 1251\n");
	assert_verdict("contexts", "violated");
	begin();
	BOTH("memory.stat a", "pgscan 5\npgscan_kswapd 2\npgscan_direct 2\n");
	assert_verdict("cgroup.contexts", "violated");
}

static void test_check_cgroup_sums(void **unused)
{
	(void)unused;
	begin();
	BOTH("memory.stat a", "pgscan 10\n");
	BOTH("memory.stat a/b", "pgscan 6\n");
	BOTH("memory.stat a/c", "pgscan 4\n");
	BOTH("vmstat", "pgscan_anon 10\npgscan_file 0\n");
	assert_verdict("cgroup.sums", "held");
	/* a read leaves up to 64 updates unfolded, of each */
	BOTH("memory.stat a/d", "pgscan 128\n");
	assert_verdict("cgroup.sums", "held");
	BOTH("memory.stat a/e", "pgscan 1\n");
	assert_verdict("cgroup.sums", "violated");
	begin();
	BOTH("memory.stat a", "pgscan 139\n");
	BOTH("vmstat", "pgscan_anon 10\npgscan_file 0\n");
	assert_verdict("cgroup.sums", "violated");
}

static void test_check_latencies(void **unused)
{
	static uint64_t bucket[WIRE_BUCKETS];

	(void)unused;
	begin();
	work("a", "kv", 5);
	assert_verdict("latencies", "absent");
	rec.set[2].work[0].has_buckets = true;
	rec.set[2].work[0].bucket = (const uint8_t *)bucket;
	bucket[3] = 2;
	bucket[40] = 3;
	assert_verdict("latencies", "held");
	/* so many threads may be in between */
	bucket[40] = 3 + 64;
	assert_verdict("latencies", "held");
	bucket[40] = 4 + 64;
	assert_verdict("latencies", "violated");
	bucket[40] = 2;
	assert_verdict("latencies", "violated");
}

static void test_check_trace(void **unused)
{
	static struct trace_hist hist = {.name = "stall.memcg", .scope = "system"};
	static struct trace_count count[2] = {
		{.name = "trace.event.oom.mark_victim", .scope = "system", .value = 1},
		{.name = "trace.event.vmscan.mm_vmscan_memcg_reclaim_end", .scope = "system",
		 .value = 4}};

	(void)unused;
	begin();
	assert_verdict("trace.lost", "absent");
	source("vmstat", "oom_kill 1\n", NULL, "oom_kill 2\n");
	trace = (struct trace_summary){.present = true, .events = 9, .hist = &hist, .nr_hists = 1,
				       .count = count, .nr_counts = 2};
	hist.bucket[7] = 4;
	assert_verdict("trace.histograms", "held");
	assert_verdict("trace.oom", "held");
	assert_verdict("trace.lost", "held");
	/* one may have begun before the tracepoint was switched on, for each CPU */
	hist.bucket[7] = 3;
	assert_verdict("trace.histograms", "held");
	hist.bucket[7] = 2;
	assert_verdict("trace.histograms", "violated");
	hist.bucket[7] = 5;
	assert_verdict("trace.histograms", "violated");
	hist.bucket[7] = 4;
	count[0].value = 0;
	assert_verdict("trace.oom", "violated");
	trace.lost = 1;
	assert_verdict("trace.lost", "violated");
}

static const char *state_is(const json_t *states, const char *key)
{
	const char *s = json_string_value(json_object_get(states, key));

	return s ? s : "(none)";
}

/* The trap of R22: both kernels say "always", one never gets a huge page. */
static void test_state_thp(void **unused)
{
	json_t *s;

	(void)unused;
	begin();
	state("thp.enabled=[always] madvise never");
	BOTH("vmstat", "thp_fault_alloc 3\n");
	s = state_of(&rec);
	assert_string_equal(state_is(s, "thp.anon"), "absent");
	json_decref(s);
	source("meminfo", "AnonHugePages:         0 kB\n", NULL, "AnonHugePages:         0 kB\n");
	s = state_of(&rec);
	assert_string_equal(state_is(s, "thp.anon"), "none");
	assert_string_equal(state_is(s, "thp.enabled"), "[always] madvise never");
	json_decref(s);
	rec.nr_sources--;
	source("meminfo", "AnonHugePages:         0 kB\n", "AnonHugePages:     16384 kB\n",
	       "AnonHugePages:         0 kB\n");
	s = state_of(&rec);
	assert_string_equal(state_is(s, "thp.anon"), "some");
	json_decref(s);
	begin();
	source("vmstat", "thp_fault_alloc 3\n", NULL, "thp_fault_alloc 4\n");
	s = state_of(&rec);
	assert_string_equal(state_is(s, "thp.anon"), "some");
	json_decref(s);
}

static void test_state_zones(void **unused)
{
	json_t *s;

	(void)unused;
	begin();
	source("zoneinfo", ZONES("4000"), NULL, ZONES("500"));
	s = state_of(&rec);
	assert_string_equal(state_is(s, "node.0.zone.Normal.high"), "100");
	assert_string_equal(state_is(s, "node.0.zone.Normal.managed"), "5000");
	assert_string_equal(state_is(s, "node.0.zone.Normal.free"), "(none)");
	json_decref(s);
	/* A boost is in the watermarks that the kernel shows, of its own zone only. */
	begin();
	source("zoneinfo",
	       "Node 0, zone   Normal\n  pages free     900\n        boost    30\n"
	       "        min      40\n        low      50\n        high     60\n"
	       "Node 1, zone   Normal\n  pages free     900\n        boost    0\n"
	       "        min      40\n        high     60\n",
	       NULL, ZONES("500"));
	s = state_of(&rec);
	assert_string_equal(state_is(s, "node.0.zone.Normal.min"), "10");
	assert_string_equal(state_is(s, "node.0.zone.Normal.high"), "30");
	assert_string_equal(state_is(s, "node.1.zone.Normal.high"), "60");
	json_decref(s);
}

static int count_difference(void *ctx, const char *path, const json_t *a, const json_t *b)
{
	char *out = ctx;
	size_t len = strlen(out);

	snprintf(out + len, 256 - len, "%s%s;", path, !a ? "(b)" : !b ? "(a)" : "");
	return 0;
}

static void test_json_diff(void **unused)
{
	json_t *a = json_loads("{\"x\":{\"y\":1,\"z\":[1,2]},\"s\":\"t\",\"only\":0}", 0, NULL);
	json_t *b = json_loads("{\"x\":{\"y\":2,\"z\":[1,3]},\"s\":\"t\",\"more\":{}}", 0, NULL);
	char out[256] = "";

	(void)unused;
	assert_int_equal(json_diff(a, a, "", count_difference, out), 0);
	assert_string_equal(out, "");
	assert_int_equal(json_diff(a, b, "", count_difference, out), 0);
	assert_string_equal(out, "x.y;x.z;only(a);more(b);");
	json_decref(a);
	json_decref(b);
}

static void test_divergence(void **unused)
{
	struct records first;
	json_t *list;
	const json_t *d;

	(void)unused;
	begin();
	source("vmstat", "pgscan_anon 1\nnr_free_pages 5\nx 1\n", "pgscan_anon 2\nnr_free_pages 4\nx 1\n",
	       "pgscan_anon 3\nnr_free_pages 4\nx 1\n");
	first = rec;
	rec.set = NULL;
	begin();
	source("vmstat", "pgscan_anon 1\nnr_free_pages 5\ny 1\n", "pgscan_anon 2\nnr_free_pages 6\ny 1\n",
	       "pgscan_anon 9\nnr_free_pages 7\ny 1\n");
	list = divergence(&first, &rec);
	assert_int_equal(json_array_size(list), 2);
	d = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(d, "name")), "vmstat.nr_free_pages");
	assert_int_equal(json_integer_value(json_object_get(d, "set")), 1);
	assert_int_equal(json_integer_value(json_object_get(d, "time_ns")), 1000000000);
	assert_int_equal(json_integer_value(json_object_get(d, "b")), 6);
	d = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(d, "name")), "vmstat.pgscan_anon");
	assert_int_equal(json_integer_value(json_object_get(d, "set")), 2);
	json_decref(list);
	list = divergence(&rec, &rec);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
	free(first.set);
}

/*
 * ---- Schemas ----
 */

static char dir[] = "/tmp/test_measure.XXXXXX";

static void write_schema(const char *name, const char *schema)
{
	char *path = xasprintf("%s/%s.schema.json", dir, name);
	struct err err = {""};

	if (file_write(path, schema, strlen(schema), &err))
		fail_msg("%s", err.msg);
	free(path);
}

/* What checking says: "" when the value is as it should be. */
static int checked(const char *json, struct err *err)
{
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
	struct schema *s;
	int ret;

	*err = (struct err){""};
	assert_non_null(v);
	assert_int_equal(schema_open(dir, "a", &s, err), 0);
	ret = schema_check(s, v, err);
	schema_close(s);
	json_decref(v);
	return ret;
}

static void test_schema(void **unused)
{
	static const struct {
		const char *json;
		const char *why; /* "" = fine */
	} cases[] = {
		{"{\"n\":1,\"s\":\"ab\"}", ""},
		{"{\"n\":1,\"s\":\"ab\",\"list\":[{\"k\":true}],\"v\":null}", ""},
		{"[]", "the whole: is not of type object"},
		{"{\"n\":1}", "the whole: has no s"},
		{"{\"n\":-1,\"s\":\"ab\"}", "n: is below 0"},
		{"{\"n\":10,\"s\":\"ab\"}", "n: is above 9"},
		{"{\"n\":1.5,\"s\":\"ab\"}", "n: is not of type integer"},
		{"{\"n\":1,\"s\":\"xyz\"}", "s: 'xyz' does not match ^a?b*$"},
		{"{\"n\":1,\"s\":\"b\",\"t\":1}", "the whole: has the unknown key t"},
		{"{\"n\":1,\"s\":\"b\",\"list\":[]}", "list: has less than 1 items"},
		{"{\"n\":1,\"s\":\"b\",\"list\":[{\"k\":true},{\"k\":1}]}",
		 "list[1].k: is not of type boolean"},
		{"{\"n\":1,\"s\":\"b\",\"v\":3}", "v: is like none of the 2 forms it can have"},
		{"{\"n\":1,\"s\":\"b\",\"e\":\"c\"}", "e: 'c' is none of the values it can have"},
		{"{\"n\":1,\"s\":\"b\",\"c\":8}",
		 "c: has another value than the one it can have"},
	};
	struct err err;
	size_t i;

	(void)unused;
	write_schema("b", "{\"type\":\"object\",\"properties\":{\"k\":{\"$ref\":\"#/$defs/flag\"}},"
			  "\"$defs\":{\"flag\":{\"type\":\"boolean\"}}}");
	write_schema("a", "{\"type\":\"object\",\"required\":[\"n\",\"s\"],"
			  "\"additionalProperties\":false,\"properties\":{"
			  "\"n\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9},"
			  "\"s\":{\"type\":\"string\",\"pattern\":\"^a?b*$\"},"
			  "\"list\":{\"type\":\"array\",\"minItems\":1,"
			  "\"items\":{\"$ref\":\"b.schema.json\"}},"
			  "\"v\":{\"anyOf\":[{\"type\":\"null\"},{\"const\":\"x\"}]},"
			  "\"e\":{\"enum\":[\"a\",1]},\"c\":{\"const\":7}}}");
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		int ret = checked(cases[i].json, &err);

		assert_int_equal(ret, *cases[i].why ? -EBADMSG : 0);
		assert_string_equal(err.msg, cases[i].why);
	}
}

/* What cannot be checked is an error of the schema, never passed over. */
static void test_schema_bad(void **unused)
{
	static const char *const schemas[] = {
		"{\"maxLength\":3}", "{\"$ref\":\"#/$defs/x\"}", "{\"$ref\":\"none.schema.json\"}",
		"{\"$ref\":\"a.schema.json\"}", "{\"pattern\":\"[\"}", "{\"type\":3}",
		"{\"items\":[]}",
	};
	struct schema *s;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(schemas); i++) {
		write_schema("a", schemas[i]);
		assert_int_not_equal(checked("[\"x\"]", &err), 0);
		assert_int_not_equal(checked("[\"x\"]", &err), -EBADMSG);
	}
	assert_int_equal(schema_open(dir, "nothing", &s, &err), -ENOENT);
	write_schema("a", "{");
	assert_int_equal(schema_open(dir, "a", &s, &err), -EINVAL);
}

/* A metric is as the registry has it; another unit, direction or class is an error. */
static void test_metric_schema(void **unused)
{
	static const char fine[] =
		"{\"name\":\"cgroup.a/b.refault.file\",\"scope\":\"cgroup a/b\",\"unit\":\"pages\","
		"\"better\":\"none\",\"class\":\"secondary\",\"value\":3,\"meaning\":\"all\"}";
	static const char *const bad[][2] = {
		{"\"pages\"", "\"bytes\""}, {"\"none\"", "\"lower\""},
		{"\"secondary\"", "\"primary\""}, {"refault.file", "refault_file"},
		{"\"value\":3", "\"value\":3.5"}, {"\"value\":3,", ""},
		{"\"scope\":\"cgroup a/b\",", ""}, {"\"meaning\"", "\"sense\""},
	};
	json_t *schema = metric_schema();
	char *text_ = json_dumps(schema, 0);
	struct err err;
	size_t i;

	(void)unused;
	write_schema("a", text_);
	if (checked(fine, &err))
		fail_msg("%s", err.msg);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		char *copy = xasprintf("%.*s%s%s", (int)(strstr(fine, bad[i][0]) - fine), fine,
				       bad[i][1], strstr(fine, bad[i][0]) + strlen(bad[i][0]));

		assert_int_equal(checked(copy, &err), -EBADMSG);
		free(copy);
	}
	free(text_);
	json_decref(schema);
}

static int make_dir(void **unused)
{
	(void)unused;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **unused)
{
	(void)unused;
	free(rec.set);
	return dir_remove(dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ratio),
		cmocka_unit_test(test_meaning),
		cmocka_unit_test(test_fairness_ops),
		cmocka_unit_test(test_fairness_scan),
		cmocka_unit_test(test_over_reclaim),
		cmocka_unit_test(test_protection),
		cmocka_unit_test(test_policy_counts),
		cmocka_unit_test(test_trace_rows),
		cmocka_unit_test(test_check_nodes),
		cmocka_unit_test(test_check_steal),
		cmocka_unit_test(test_check_contexts),
		cmocka_unit_test(test_check_cgroup_sums),
		cmocka_unit_test(test_check_latencies),
		cmocka_unit_test(test_check_trace),
		cmocka_unit_test(test_state_thp),
		cmocka_unit_test(test_state_zones),
		cmocka_unit_test(test_json_diff),
		cmocka_unit_test(test_divergence),
		cmocka_unit_test(test_schema),
		cmocka_unit_test(test_schema_bad),
		cmocka_unit_test(test_metric_schema),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
