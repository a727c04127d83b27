// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of counters_each() with texts of three real kernels, tests/corpus/sources/: how many numbers
 * there are was counted by other means, and some are looked at.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "records/counters.h"

#define CORPUS "tests/corpus/sources"

static void collect(void *ctx, const char *name, uint64_t value)
{
	json_t *all = ctx;

	assert_true(strlen(name) && strlen(name) < COUNTER_NAME_MAX);
	assert_null(strpbrk(name, " ,\"\t\n"));
	/* one name, one number */
	if (json_object_get(all, name))
		fail_msg("%s is there twice", name);
	json_object_set_new(all, name, json_integer((json_int_t)value));
}

/* All numbers of a text; it and the source's name lie in heap blocks of just their sizes. */
static json_t *flatten(const char *source, const char *body, size_t len)
{
	char *name = malloc(strlen(source) + !*source), *text = malloc(len + !len);
	json_t *all = json_object();

	memcpy(name, source, strlen(source));
	if (len)
		memcpy(text, body, len);
	counters_each((struct text){name, strlen(source)}, (struct text){text, len}, collect, all);
	free(name);
	free(text);
	return all;
}

static json_t *flatten_file(const char *path, const char *source)
{
	cleanup_free char *file = xasprintf(CORPUS "/%s", path);
	cleanup_buf struct buf body = {0};
	struct err err;

	if (file_read(file, &body, &err))
		fail_msg("%s", err.msg);
	return flatten(source, body.data, body.len);
}

struct value {
	const char *name;
	json_int_t value;
};

static void check_values(json_t *all, const struct value *v, size_t n)
{
	size_t i;

	for (i = 0; i < n && v[i].name; i++) {
		json_t *got = json_object_get(all, v[i].name);

		if (!got || json_integer_value(got) != v[i].value)
			fail_msg("%s is %lld, not %lld", v[i].name,
				 got ? (long long)json_integer_value(got) : -1,
				 (long long)v[i].value);
	}
}

struct sample {
	const char *path;
	const char *source;
	size_t count;
	struct value value[8];
};

static const struct sample samples[] = {
	{"6.1/vmstat", "vmstat", 171, {{"vmstat.pgscan_kswapd", 0}}},
	{"6.12/vmstat", "vmstat", 182, {{"vmstat.pgscan_kswapd", 0}}},
	{"7.3/vmstat", "vmstat", 202, {{"vmstat.pgscan_kswapd", 0}}},
	{"6.1/node.vmstat-0", "node.vmstat 0", 60, {{NULL, 0}}},
	{"6.12/node.vmstat-0", "node.vmstat 0", 65, {{NULL, 0}}},
	{"7.3/node.vmstat-0", "node.vmstat 0", 87, {{"node.0.pgscan_kswapd", 0}}},
	{"6.1/memory.stat-app", "memory.stat app", 47, {{NULL, 0}}},
	{"6.12/memory.stat-app", "memory.stat a/b", 60, {{NULL, 0}}},
	{"7.3/memory.stat-app", "memory.stat app", 71, {{NULL, 0}}},
	{"6.1/meminfo", "meminfo", 51, {{NULL, 0}}},
	{"6.12/meminfo", "meminfo", 53, {{NULL, 0}}},
	{"7.3/meminfo", "meminfo", 60, {{"meminfo.MemTotal", 436872}, {"meminfo.Buffers", 92}}},
	{"6.1/node.meminfo-0", "node.meminfo 0", 36, {{NULL, 0}}},
	{"6.12/node.meminfo-0", "node.meminfo 0", 37, {{NULL, 0}}},
	{"7.3/node.meminfo-0", "node.meminfo 0", 40,
	 {{"node.0.meminfo.MemTotal", 196552}, {"node.0.meminfo.MemFree", 52740}}},
	{"6.1/zoneinfo", "zoneinfo", 295,
	 {{"zone.0.DMA.free", 3808}, {"zone.1.DMA32.free", 52305}, {"zone.1.DMA32.low", 446},
	  {"zone.1.DMA32.managed", 60079}, {"zone.0.DMA.cpu.0.high", 27}}},
	{"6.12/zoneinfo", "zoneinfo", 316,
	 {{"zone.0.DMA.free", 3808}, {"zone.1.DMA32.free", 45529}, {"zone.1.DMA32.low", 448},
	  {"zone.0.node.nr_active_anon", 12318}, {"zone.0.node.nr_mapped", 388}}},
	{"7.3/zoneinfo", "zoneinfo", 372,
	 {{"zone.0.DMA.min", 23}, {"zone.0.DMA.promo", 38}, {"zone.1.DMA32.protection.4", 0},
	  {"zone.1.DMA32.cpu.0.high_max", 7510}, {"zone.1.DMA32.cpu.0.stats_threshold", 4},
	  {"zone.1.DMA32.node_unreclaimable", 0}, {"zone.1.DMA32.start_pfn", 61440},
	  {"zone.1.DMA32.numa_hit", 12395}}},
	{"7.3/zoneinfo-memoryless", "zoneinfo", 287,
	 {{"zone.0.DMA32.managed", 153060}, {"zone.1.DMA32.managed", 0},
	  {"zone.1.Device.protection.4", 0}, {"zone.0.DMA.protection.1", 597}}},
	{"6.1/buddyinfo", "buddyinfo", 33, {{"buddy.1.DMA32.0", 3}, {"buddy.1.DMA32.10", 50}}},
	{"6.12/buddyinfo", "buddyinfo", 33, {{"buddy.1.DMA32.1", 4}, {"buddy.1.DMA32.10", 43}}},
	{"7.3/buddyinfo", "buddyinfo", 33, {{"buddy.0.DMA.5", 1}, {"buddy.1.DMA32.10", 44}}},
	{"6.1/lru_gen", "lru_gen", 68, {{"lru_gen.app.node.1.gen.0.age_ms", 4132}}},
	{"6.12/lru_gen", "lru_gen", 68,
	 {{"lru_gen.app.node.0.min_seq", 1}, {"lru_gen.app.node.0.max_seq", 3},
	  {"lru_gen.app.node.0.gen.0.anon", 12316}, {"lru_gen.app.node.0.gen.2.file", 2687},
	  {"lru_gen.app.node.0.gen.2.seq", 1}}},
	{"7.3/lru_gen", "lru_gen", 72,
	 {{"lru_gen./.node.1.gen.2.file", 11}, {"lru_gen.app.node.0.max_seq", 7},
	  {"lru_gen.app.node.0.gen.1.anon", 12231}, {"lru_gen.app.node.0.gen.3.age_ms", 1468}}},
	{"6.1/memory.numa_stat-app", "memory.numa_stat app", 54,
	 {{"cgroup.app.numa.0.anon", 50454528}, {"cgroup.app.numa.0.file", 16220160},
	  {"cgroup.app.numa.1.anon", 0}}},
	{"6.12/memory.numa_stat-app", "memory.numa_stat app", 62, {{NULL, 0}}},
	{"7.3/memory.numa_stat-app", "memory.numa_stat app", 86, {{NULL, 0}}},
	{"7.3/memory.events-app", "memory.events app", 7, {{"cgroup.app.events.max", 256}}},
	{"7.3/memory.events.local-app", "memory.events.local app", 7,
	 {{"cgroup.app.events.local.oom", 0}}},
	{"7.3/memory.swap.events-app", "memory.swap.events app", 3,
	 {{"cgroup.app.swap.events.fail", 0}}},
	{"7.3/psi.memory", "psi.memory", 2,
	 {{"psi.memory.some_us", 94000}, {"psi.memory.full_us", 64418}}},
	{"7.3/cpu.pressure-app", "cpu.pressure app", 2,
	 {{"cgroup.app.psi.cpu.some_us", 899253}, {"cgroup.app.psi.cpu.full_us", 7960}}},
	{"7.3/task-anon", "task anon", 3,
	 {{"task.anon.cpu_ns", 1540726597}, {"task.anon.wait_ns", 472632284},
	  {"task.anon.slices", 15058}}},
	{"7.3/task.stat-kswapd0", "task.stat kswapd0", 5,
	 {{"task.kswapd0.state", 'S'}, {"task.kswapd0.minflt", 0},
	  {"task.kswapd0.stime_ticks", 0}}},
	{"6.1/device-data", "device data", 17,
	 {{"device.data.reads", 19270}, {"device.data.read_merges", 15},
	  {"device.data.write_sectors", 327816}, {"device.data.flush_ms", 0}}},
	{"7.3/zram-swap", "zram swap", 9,
	 {{"zram.swap.stored", 65536}, {"zram.swap.compressed", 5964},
	  {"zram.swap.max_memory", 172032}}},
	{"7.3/zram.io-swap", "zram.io swap", 4, {{"zram.swap.notify_free", 58}}},
};

static void test_corpus(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		json_t *all = flatten_file(s->path, s->source);

		if (json_object_size(all) != s->count)
			fail_msg("%s has %zu numbers, not %zu", s->path, json_object_size(all),
				 s->count);
		check_values(all, s->value, ARRAY_SIZE(s->value));
		json_decref(all);
	}
}

/* A state is a letter, and what is in the parentheses is the task's own choice. */
static void test_stat(void **unused)
{
	static const char text[] = "7 (a) R 9 (b)) D 1 1 1 0 -1 64 11 0 22 0 33 44 0 0 20\n";
	static const struct value want[] = {{"task.x.state", 'D'}, {"task.x.minflt", 11},
					    {"task.x.majflt", 22}, {"task.x.utime_ticks", 33},
					    {"task.x.stime_ticks", 44}};
	json_t *all = flatten("task.stat x", text, strlen(text));

	(void)unused;
	assert_int_equal(json_object_size(all), ARRAY_SIZE(want));
	check_values(all, want, ARRAY_SIZE(want));
	json_decref(all);
}

static void test_count(void **unused)
{
	static const struct value want[] = {{"policy.tried", 31}};
	json_t *all = flatten("count tried", "31\n", 3);

	(void)unused;
	assert_int_equal(json_object_size(all), ARRAY_SIZE(want));
	check_values(all, want, ARRAY_SIZE(want));
	json_decref(all);
}

/* Sources that are not known, lack their scope or have one too many; texts that make no sense. */
static void test_nothing(void **unused)
{
	static const char *const cases[][2] = {
		{"", "a 1\n"}, {"vmstat x", "a 1\n"}, {"memory.stat", "a 1\n"}, {"other", "1\n"},
		{"vmstat", ""}, {"vmstat", "a\n"}, {"memory.current a", "max\n"},
		{"memory.current a,b", "1\n"}, {"memory.current \"", "1\n"},
		{"zoneinfo", "pages free 1\n"}, {"zoneinfo", "Node x, zone DMA\n  pages free 1\n"},
		{"zoneinfo", "Node 0, zone\n  pages free 1\n"}, {"zoneinfo", "Node\n  free 1\n"},
		{"buddyinfo", "Node 0, zone\n"}, {"buddyinfo", "Node 0 zone DMA 1 2\n"},
		{"lru_gen", " node 0\n 1 2 3 4\n"}, {"lru_gen", "memcg 1\n node 0\n 1 2 3 4\n"},
		{"lru_gen", "memcg 1 /\n 1 2 3 4\n"}, {"memory.numa_stat a", "anon N=1 N0= x N0\n"},
		{"task.stat a", "1 (x"}, {"task.stat a", "1 (x) RR 1"}, {"task a", "x 1 2\n"},
		{"meminfo", "MemTotal 1 kB\n"}, {"meminfo", "Node\n"}, {"meminfo", ": 1\n"},
		{"psi.memory", "some avg10=0.00\n"},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *all = flatten(cases[i][0], cases[i][1], strlen(cases[i][1]));

		if (json_object_size(all))
			fail_msg("case %zu gives %s", i, json_dumps(all, 0));
		json_decref(all);
	}
	counters_each((struct text){"vmstat", 6}, (struct text){NULL, 0}, collect, NULL);
	counters_each((struct text){NULL, 0}, (struct text){"a 1\n", 4}, collect, NULL);
}

/* Names up to the longest, and none beyond: what is cut off could be taken for another. */
static void test_long_names(void **unused)
{
	char source[COUNTER_NAME_MAX + 64] = "memory.current ";
	size_t head = strlen(source), len;

	(void)unused;
	for (len = 1; len < COUNTER_NAME_MAX + 32; len++) {
		json_t *all;

		memset(source + head, 'x', len);
		source[head + len] = '\0';
		all = flatten(source, "7\n", 2);
		/* "cgroup." and ".current" */
		assert_int_equal(json_object_size(all), len + 15 < COUNTER_NAME_MAX);
		json_decref(all);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
