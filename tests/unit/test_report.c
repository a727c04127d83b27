// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/report: tables of comparisons and of spread, over arms that are made up here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "report/format.h"
#include "report/matrix.h"
#include "report/spread.h"
#include "report/table.h"
#include "report/values.h"

#define SEEDS_MAX 16

static struct arms arms;

/* What an arm is; zeros stand for the usual. */
struct made {
	const char *kernel, *guest, *policy, *scenario, *group, *primary;
	const char *metric[2];      /* two at most */
	double value[2];            /* of the first seed */
	double step[2];             /* more with each seed */
	size_t n;
};

static json_t *metrics_of(const struct made *m, size_t i)
{
	json_t *list = json_array();
	size_t k;

	for (k = 0; k < ARRAY_SIZE(m->metric) && m->metric[k]; k++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", m->metric[k], "unit",
					"op/s", "better", "higher", "class",
					k ? "secondary" : "primary", "value",
					(json_int_t)(m->value[k] + m->step[k] * (double)i)));
	return list;
}

static json_t *spec_of(const struct made *m, size_t seed)
{
	json_t *conf = json_pack("{s:s*, s:s*}", "group", m->group, "primary", m->primary);

	return json_pack("{s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:{s:o}}, s:{s:s}, s:s, s:I}",
			 "kernel", "version", m->kernel ? m->kernel : "6.12.1", "package", "p",
			 "guest", "name", m->guest ? m->guest : "two", "policy", "name", m->policy,
			 "scenario", "name", m->scenario, "conf", "scenario", conf, "engine",
			 "name", "exact", "plan", "", "seed", (json_int_t)seed);
}

static const char *label(const struct arm *arm, const char *axis, const char *key)
{
	return json_string_value(
		json_object_get(json_object_get(arm->member[0].r.spec, axis), key));
}

static struct arm *add(struct made m)
{
	struct arm *arm;
	size_t i;

	arms.arm = xrealloc(arms.arm, arms.nr + 1, sizeof(*arms.arm));
	arm = &arms.arm[arms.nr++];
	*arm = (struct arm){.member = xcalloc(SEEDS_MAX, sizeof(struct member)), .nr = m.n};
	m.metric[0] = m.metric[0] ? m.metric[0] : "workload.kv.rate";
	for (i = 0; i < m.n; i++) {
		arm->member[i].seed = i + 1;
		arm->member[i].r.spec = spec_of(&m, i + 1);
		arm->member[i].r.result = json_pack("{s:s, s:{}, s:o}", "status", "done", "state",
						    "metrics", metrics_of(&m, i));
	}
	arm->label[AXIS_KERNEL] = label(arm, "kernel", "version");
	arm->label[AXIS_GUEST] = label(arm, "guest", "name");
	arm->label[AXIS_POLICY] = label(arm, "policy", "name");
	arm->label[AXIS_SCENARIO] = label(arm, "scenario", "name");
	arm->label[AXIS_ENGINE] = label(arm, "engine", "name");
	return arm;
}

/* Two arms that do not overlap: the other has a tenth more. */
static void add_pair(struct made m)
{
	m.policy = "lru";
	m.value[0] = 1000;
	m.step[0] = 1;
	add(m);
	m.policy = "mglru";
	m.value[0] = 1100;
	add(m);
}

static void set_state(struct member *m, const char *key, const char *value)
{
	json_object_set_new(json_object_get(m->r.result, "state"), key, json_string(value));
}

static int teardown(void **state)
{
	(void)state;
	arms_release(&arms);
	return 0;
}

static void make(struct tables *tables, const char *const *policies, const char *const *scenarios)
{
	struct table_request ask = {.axis = AXIS_POLICY, .words = (char *const *)policies,
				    .scenarios = (char *const *)scenarios};
	struct err err = {""};

	assert_int_equal(tables_make(&arms, &ask, tables, &err), 0);
}

static void no_line_is_longer(const char *text, size_t most)
{
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len > most)
			fail_msg("%zu columns: %.*s", len, (int)len, text);
	}
}

static void assert_note(const struct table *t, bool left_out, const char *of, const char *what)
{
	size_t i;

	for (i = 0; i < t->nr_notes; i++)
		if (t->note[i].left_out == left_out && !strcmp(buf_str(&t->note[i].of), of) &&
		    strstr(t->note[i].what, what))
			return;
	for (i = 0; i < t->nr_notes; i++)
		print_error("%d %s: %s\n", t->note[i].left_out, buf_str(&t->note[i].of),
			    t->note[i].what);
	fail_msg("no note '%s: %s'", of, what);
}

/*
 * ---- Words ----
 */

static void metrics_are_short_and_say_which(void **state)
{
	static const char *const names[][2] = {
		{"workload.kv.latency.p99_ns", "kv.lat.p99"},
		{"workload.anon.rate", "anon.rate"},
		{"refault.anon_per_mop", "refault.anon/M"},
		{"io.read_kib_per_mop", "io.read/M"},
		{"io.read_kib", "io.read"},
		{"cgroup.fg.psi.memory.some_us", "fg.psi.mem.some"},
		{"node.1.reclaim.steal.file", "n1.reclaim.steal.file"},
		{"vmstat.pgscan_kswapd", "vmstat.pgscan_kswapd"},
		{"workload.a_ns.x", "a_ns.x"},
		{"", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *s = format_metric(names[i][0]);

		assert_string_equal(s, names[i][1]);
	}
}

static void paragraphs_and_commands_are_wrapped(void **state)
{
	cleanup_buf struct buf out = {0};
	char longest[101];

	(void)state;
	format_wrap(&out, "  ", "    ", "one  two");
	assert_string_equal(buf_str(&out), "  one two\n");
	buf_reset(&out);
	memset(longest, 'x', 100);
	longest[100] = '\0';
	format_wrap(&out, "", "    ", longest);
	assert_string_equal(strchr(buf_str(&out), '\n'), "\n");
	buf_reset(&out);
	/* 72 columns fit, 73 do not. */
	format_wrap(&out, "", "  ", "12345678901234567890123456789012345678901234567890123456789012345 "
				    "123456 b");
	assert_string_equal(buf_str(&out),
			    "12345678901234567890123456789012345678901234567890123456789012345 "
			    "123456\n  b\n");
	buf_reset(&out);
	/* An option keeps its value, and a broken line its backslash. */
	format_command(&out, "again: ", "\t",
		       "wringer run -k 6.12.107,7.3.4 -p lru,mglru,other-policy --fresh -s all "
		       "-n 1-8");
	assert_string_equal(buf_str(&out),
			    "again: wringer run -k 6.12.107,7.3.4 -p lru,mglru,other-policy --fresh "
			    "\\\n\t-s all -n 1-8\n");
}

/*
 * ---- Tables ----
 */

/* Four seeds that do not overlap have p = 2 / 70: enough for one test, too much for two. */
static void all_rows_are_one_family(void **state)
{
	struct tables one, two;

	(void)state;
	add_pair((struct made){.scenario = "a", .n = 4});
	make(&one, NULL, NULL);
	assert_int_equal(one.nr, 1);
	assert_int_equal(one.table[0].count[STATS_BETTER], 1);
	assert_int_equal(one.table[0].nr_lacking, 0);
	assert_false(one.table[0].finding);
	add_pair((struct made){.scenario = "b", .n = 4});
	make(&two, NULL, NULL);
	assert_int_equal(two.table[0].nr_tests, 2);
	assert_int_equal(two.table[0].count[STATS_UNDECIDED], 2);
	assert_true(two.table[0].row[0].row->p_adjusted > 0.057);
	assert_int_equal(two.table[0].n_needed, 5);
	assert_int_equal(two.table[0].nr_lacking, 2);
	assert_int_equal(two.table[0].lacking, 1);
	tables_release(&one);
	tables_release(&two);
}

static void a_table_looks_like_this(void **state)
{
	static const char want[] =
		"kernel 6.12.1, guest two, n = 5\n"
		"base: lru, other: mglru\n"
		"primary metrics, verdicts at p < 0.05 by Holm over all 3 tests\n"
		"\n"
		"                    base other change  95% interval\n"
		"shapes\n"
		"b-zipf     kv.rate 1.00k 1.10k +10.0%  [+9.7,+10.3] BETTER\n"
		"\n"
		"own\n"
		"scan       kv.rate 1.00k 1.10k +10.0%  [+9.7,+10.3] BETTER\n"
		"scan@tiers kv.rate 1.00k 1.10k +10.0%  [+9.7,+10.3] BETTER\n"
		"\n"
		"3 better, 0 worse, 0 same, 0 undecided\n";
	cleanup_buf struct buf out = {0};
	struct tables tables;

	(void)state;
	add_pair((struct made){.scenario = "scan", .n = 5});
	add_pair((struct made){.scenario = "scan", .guest = "tiers", .n = 5});
	add_pair((struct made){.scenario = "b-zipf", .group = "shapes", .n = 5});
	make(&tables, NULL, NULL);
	table_text(&tables.table[0], &out);
	assert_string_equal(buf_str(&out), want);
	tables_release(&tables);
}

static void arms_stand_side_by_side(void **state)
{
	static const char want[] =
		"kernel 6.12.1, guest two\n"
		"medians, and changes against lru: B better, W worse, = same, ? undecided,\n"
		"at p < 0.05 by Holm over an arm's rows\n"
		"\n"
		"                                      lru     bpf:x     mglru\n"
		"n                                       5         5         5\n"
		"shapes\n"
		"b-zipf            kv.rate           1.00k            +10.0% B\n"
		"\n"
		"own\n"
		"scan              kv.rate           1.00k  -49.9% W  +10.0% B\n"
		"\n"
		"left out of bpf:x:\n"
		"  b-zipf: no results of bpf:x\n";
	static const char *const order[] = {"lru", "bpf:x", "mglru", NULL};
	cleanup_buf struct buf out = {0};
	struct err err = {""};
	struct tables tables;

	(void)state;
	add_pair((struct made){.scenario = "scan", .n = 5});
	add((struct made){.scenario = "scan", .policy = "bpf:x", .n = 5, .value = {500}, .step = {1}});
	add_pair((struct made){.scenario = "b-zipf", .group = "shapes", .n = 5});
	make(&tables, order, NULL);
	assert_int_equal(tables.nr, 2);
	assert_int_equal(matrix_text(&tables, &out, &err), 0);
	assert_string_equal(buf_str(&out), want);
	tables_release(&tables);
}

/* A probe.json with two that reclaim, and one of what cannot be told. */
static void write_probe(const char *dir, struct member *m, const char *id, const char *pages)
{
	cleanup_free char *folder = xasprintf("%s/%s", dir, id);
	cleanup_free char *path = xasprintf("%s/probe.json", folder);
	cleanup_free char *text = xasprintf("{\"schema\": 1, \"pages\": [%s]}", pages);
	struct err err = {""};

	snprintf(m->id, sizeof(m->id), "%s", id);
	assert_int_equal(mkdir(folder, 0755), 0);
	assert_int_equal(file_write(path, text, strlen(text), &err), 0);
}

static void what_reclaim_costs_is_below_a_scenario(void **state)
{
	char dir[] = "/tmp/wringer-report-XXXXXX";
	cleanup_free char *remove = NULL;
	cleanup_buf struct buf out = {0};
	struct err err = {""};
	struct tables tables;
	json_t *costs;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path_set_results(dir);
	add_pair((struct made){.scenario = "scan", .n = 5});
	write_probe(dir, &arms.arm[0].member[0], "a",
		    "{\"pages\": 100, \"instructions_per_page\": 1000},"
		    "{\"pages\": 300, \"instructions_per_page\": 3000}");
	write_probe(dir, &arms.arm[0].member[1], "b",
		    "{\"pages\": 9, \"instructions_per_page\": 9, \"absent\": \"two counters\"}");
	write_probe(dir, &arms.arm[1].member[0], "c",
		    "{\"pages\": 10, \"instructions_per_page\": 5000}");
	make(&tables, NULL, NULL);
	assert_int_equal(matrix_text(&tables, &out, &err), 0);
	assert_non_null(strstr(buf_str(&out),
			       "kv.rate           1.00k  +10.0% B\n"
			       "                  insns/page        2.50k +100.0%  \n"));
	assert_int_equal(matrix_costs_json(&tables, &costs, &err), 0);
	assert_int_equal(json_array_size(costs), 2);
	json_decref(costs);
	tables_release(&tables);
	remove = xasprintf("rm -r '%s'", dir);
	assert_int_equal(system(remove), 0);
}

static void long_names_do_not_widen_a_table(void **state)
{
	cleanup_buf struct buf out = {0};
	struct tables tables;

	(void)state;
	add_pair((struct made){.scenario = "a-scenario-with-a-name:window=2s", .n = 5});
	add_pair((struct made){.scenario = "another-long-name", .group = "devices",
			       .metric = {"cgroup.background.stat.workingset_refault_file"},
			       .n = 5});
	make(&tables, NULL, NULL);
	table_text(&tables.table[0], &out);
	no_line_is_longer(buf_str(&out), REPORT_COLUMNS);
	assert_non_null(strstr(buf_str(&out), "\na-scenario-with-a-name:window=2s\n    "));
	assert_non_null(strstr(buf_str(&out), "background.stat.workingset_refault_file\n    "));
	tables_release(&tables);
}

static void metrics_that_would_look_alike_keep_their_names(void **state)
{
	struct tables tables;

	(void)state;
	add_pair((struct made){.scenario = "a", .n = 4, .primary = "workload.x.rate cgroup.x.rate",
			       .metric = {"workload.x.rate", "cgroup.x.rate"}});
	make(&tables, NULL, NULL);
	assert_int_equal(tables.table[0].nr_rows, 2);
	assert_string_equal(tables.table[0].row[0].metric, "workload.x.rate");
	assert_string_equal(tables.table[0].row[1].metric, "cgroup.x.rate");
	tables_release(&tables);
}

static void what_is_not_in_the_table_is_named(void **state)
{
	static const char *const words[] = {"dir/fine.conf", "gone",   "half",  "half2",
					    "differs",       "killed", "empty", NULL};
	cleanup_buf struct buf out = {0};
	const struct table *t;
	struct tables tables;
	size_t i;

	(void)state;
	add_pair((struct made){.scenario = "fine", .n = 5});
	add((struct made){.scenario = "half", .policy = "lru", .n = 5});
	add((struct made){.scenario = "half2", .policy = "lru", .n = 5});
	add_pair((struct made){.scenario = "differs", .n = 5});
	set_state(&arms.arm[arms.nr - 1].member[0], "vm.swappiness", "10");
	add_pair((struct made){.scenario = "killed", .n = 5});
	for (i = 0; i < 5; i++)
		arms.arm[arms.nr - 1].member[i].status = STATUS_OOM;
	add_pair((struct made){.scenario = "empty", .n = 5, .primary = "workload.kv.rate"});
	for (i = 0; i < 5; i++) {
		json_t *m = json_array_get(json_object_get(
			arms.arm[arms.nr - 1].member[i].r.result, "metrics"), 0);

		json_object_del(m, "value");
		json_object_set_new(m, "absent", json_string("no psi"));
	}
	make(&tables, NULL, words);
	t = &tables.table[0];
	assert_int_equal(t->nr_rows, 1);
	assert_true(t->finding);
	assert_note(t, true, "half, half2", "no results of mglru");
	assert_note(t, true, "gone", "no results");
	assert_note(t, true, "differs", "not comparable: the arms differ in state.vm.swappiness");
	assert_note(t, true, "killed",
		    "5 of 5 of mglru did not end well: seed 1 oom, seed 2 oom, seed 3 oom, "
		    "seed 4 oom and 1 more");
	assert_note(t, true, "empty", "kv.rate is absent: no psi");
	table_text(t, &out);
	assert_non_null(strstr(buf_str(&out), "\nleft out:\n  half, half2: no results of mglru\n"));
	no_line_is_longer(buf_str(&out), REPORT_COLUMNS);
	tables_release(&tables);
}

/* A tiny window never gets steady in some seeds: that is told, and is no reason to refuse. */
static void seeds_that_were_not_warm_or_failed_an_expectation_count(void **state)
{
	const struct table *t;
	struct tables tables;
	size_t i;

	(void)state;
	add_pair((struct made){.scenario = "a", .n = 5});
	for (i = 0; i < 5; i++) {
		set_state(&arms.arm[0].member[i], "warmup.steady", i ? "yes" : "no");
		set_state(&arms.arm[1].member[i], "warmup.ops", i > 2 ? "no" : "yes");
	}
	assert_int_equal(arm_unsteady(&arms.arm[0]), 1);
	assert_int_equal(arm_unsteady(&arms.arm[1]), 2);
	arms.arm[1].member[0].status = STATUS_EXPECTATION_FAILED;
	make(&tables, NULL, NULL);
	t = &tables.table[0];
	assert_int_equal(t->nr_rows, 1);
	assert_int_equal(t->row[0].row->nr_other, 5);
	assert_note(t, false, "a", "1 of 5 of lru were measured before they were warm");
	assert_note(t, false, "a", "2 of 5 of mglru were measured before they were warm");
	assert_note(t, false, "a", "1 of 5 of mglru did not meet what the scenario expects");
	assert_true(t->finding);
	tables_release(&tables);
}

static void numbers_of_seeds_that_differ_are_told(void **state)
{
	cleanup_buf struct buf out = {0};
	struct tables tables;

	(void)state;
	add_pair((struct made){.scenario = "a", .n = 6});
	add_pair((struct made){.scenario = "b", .n = 6});
	add((struct made){.scenario = "c", .policy = "lru", .n = 4, .step = {1}});
	add((struct made){.scenario = "c", .policy = "mglru", .n = 4, .step = {2}});
	make(&tables, NULL, NULL);
	assert_int_equal(tables.table[0].n_base, 6);
	assert_note(&tables.table[0], false, "c", "n = 4 and 4");
	table_text(&tables.table[0], &out);
	assert_non_null(strstr(buf_str(&out), "\nwith 3 tests a clear difference is sure to be called "
					      "from n = 5 on: 1\nundecided row lacks 1 seed\n"));
	tables_release(&tables);
}

static void each_pair_and_kernel_has_its_table(void **state)
{
	static const char *const order[] = {"other", "lru", NULL};
	struct tables tables;
	size_t i;

	(void)state;
	add_pair((struct made){.scenario = "a", .n = 4});
	add((struct made){.scenario = "a", .policy = "other", .n = 4});
	add_pair((struct made){.scenario = "a", .kernel = "7.3.4", .n = 4});
	make(&tables, NULL, NULL);
	assert_int_equal(tables.nr, 4);
	for (i = 0; i < 4; i++) {
		assert_string_equal(tables.table[i].base, "lru");
		assert_string_equal(tables.table[i].other, i % 2 ? "other" : "mglru");
		assert_string_equal(tables.table[i].label[AXIS_KERNEL], i / 2 ? "7.3.4" : "6.12.1");
	}
	assert_note(&tables.table[3], true, "a", "no results of other");
	tables_release(&tables);
	make(&tables, order, NULL);
	assert_string_equal(tables.table[0].base, "other");
	assert_string_equal(tables.table[0].other, "lru");
	assert_string_equal(tables.table[1].other, "mglru");
	tables_release(&tables);
}

static void a_table_as_json_has_the_same(void **state)
{
	struct tables tables;
	json_t *json, *row;

	(void)state;
	add_pair((struct made){.scenario = "a", .group = "storms", .n = 5});
	add((struct made){.scenario = "b", .policy = "lru", .n = 5});
	make(&tables, NULL, NULL);
	json = table_json(&tables.table[0]);
	row = json_array_get(json_object_get(json, "metrics"), 0);
	assert_string_equal(text_of(row, "scenario"), "a");
	assert_string_equal(text_of(row, "group"), "storms");
	assert_string_equal(text_of(row, "verdict"), "BETTER");
	assert_string_equal(text_of(json, "kernel"), "6.12.1");
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json, "count"), "better")), 1);
	row = json_array_get(json_object_get(json, "left_out"), 0);
	assert_string_equal(text_of(row, "scenarios"), "b");
	assert_string_equal(text_of(row, "what"), "no results of mglru");
	json_decref(json);
	tables_release(&tables);
}

/*
 * ---- Spread ----
 */

/* 100, 110, 120, 130, 140: mean and median 120, sd sqrt(250), CV 13.2 %; MAD 10, 12.4 %. */
static void add_spread_arms(void)
{
	add((struct made){.scenario = "b", .policy = "mglru", .group = "shapes", .n = 5,
			  .value = {100}, .step = {10}});
	add((struct made){.scenario = "b", .policy = "lru", .group = "shapes", .n = 5,
			  .value = {100}});
	add((struct made){.scenario = "a", .policy = "lru", .n = 4});
	arms.arm[2].member[3].status = STATUS_PANIC;
	/* 0, 0, 7: a mean, but no median to be a share of. */
	json_object_set_new(json_array_get(json_object_get(arms.arm[2].member[2].r.result,
							   "metrics"), 0),
			    "value", json_integer(7));
}

static void spread_looks_like_this(void **state)
{
	static const char want[] =
		"seeds: needed on each side for a 5 % change (p < 0.05, power 80 %)\n"
		"\n"
		"kernel 6.12.1           policy   n median   CV% rob.%     min..max seeds\n"
		"shapes\n"
		"b, guest two\n"
		"  kv.rate               lru      5    100   0.0   0.0   100..100       4\n"
		"                        mglru    5    120  13.2  12.4   100..140     116\n"
		"own\n"
		"a, guest two\n"
		"  kv.rate               lru      3      0 zero median     0..7\n"
		"shapes: CV at most 13.2 % (b, kv.rate, mglru)\n"
		"\n"
		"1 experiment did not end well and is not counted\n";
	cleanup_buf struct buf out = {0};
	struct spread spread;
	struct err err = {""};

	(void)state;
	add_spread_arms();
	assert_int_equal(spread_make(&arms, 0.05, 0.8, &spread, &err), 0);
	spread_text(&spread, &out);
	assert_string_equal(buf_str(&out), want);
	no_line_is_longer(buf_str(&out), REPORT_COLUMNS);
	spread_release(&spread);
}

static void spread_in_markdown_and_json(void **state)
{
	cleanup_buf struct buf out = {0};
	struct spread spread;
	struct err err = {""};
	json_t *json, *row;

	(void)state;
	add_spread_arms();
	assert_int_equal(spread_make(&arms, 0.1, 0.9, &spread, &err), 0);
	spread_markdown(&spread, &out);
	/* 21.01485 / 0.954930 * 1.31762^2 + 0.960365 = 39.17 */
	assert_non_null(strstr(buf_str(&out), "\n| b | two | workload.kv.rate | mglru | 5 | 120 | "
					      "13.2 | 12.4 | 100 .. 140 | 40 |\n"));
	assert_non_null(strstr(buf_str(&out), "\n| a | two | workload.kv.rate | lru | 3 | 0 | "
					      "zero median | - | 0 .. 7 | - |\n"));
	assert_non_null(strstr(buf_str(&out), "\n## kernel 6.12.1\n\n- shapes: CV at most 13.2 % "));
	assert_non_null(strstr(buf_str(&out), "\n### own\n"));
	json = spread_json(&spread);
	row = json_array_get(json_object_get(json, "rows"), 1);
	assert_string_equal(text_of(row, "policy"), "mglru");
	assert_int_equal(json_integer_value(json_object_get(row, "seeds")), 40);
	row = json_array_get(json_object_get(json, "rows"), 2);
	assert_null(json_object_get(row, "seeds"));
	assert_null(json_object_get(row, "robust_cv"));
	json_decref(json);
	spread_release(&spread);
}

static void an_arm_without_numbers_is_in_the_spread(void **state)
{
	cleanup_buf struct buf out = {0};
	struct spread spread;
	struct err err = {""};

	(void)state;
	add((struct made){.scenario = "a", .policy = "lru", .n = 1});
	arms.arm[0].member[0].status = STATUS_PANIC;
	add((struct made){.scenario = "b", .policy = "lru", .n = 1, .primary = "no.such.metric"});
	assert_int_equal(spread_make(&arms, 0.05, 0.8, &spread, &err), 0);
	spread_text(&spread, &out);
	assert_non_null(strstr(buf_str(&out), " lru      - none ended well\n"));
	assert_non_null(strstr(buf_str(&out), " lru      - no primary metric\n"));
	spread_release(&spread);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
		TEST(metrics_are_short_and_say_which),
		TEST(paragraphs_and_commands_are_wrapped),
		TEST(all_rows_are_one_family),
		TEST(a_table_looks_like_this),
		TEST(arms_stand_side_by_side),
		TEST(what_reclaim_costs_is_below_a_scenario),
		TEST(long_names_do_not_widen_a_table),
		TEST(metrics_that_would_look_alike_keep_their_names),
		TEST(what_is_not_in_the_table_is_named),
		TEST(seeds_that_were_not_warm_or_failed_an_expectation_count),
		TEST(numbers_of_seeds_that_differ_are_told),
		TEST(each_pair_and_kernel_has_its_table),
		TEST(a_table_as_json_has_the_same),
		TEST(spread_looks_like_this),
		TEST(spread_in_markdown_and_json),
		TEST(an_arm_without_numbers_is_in_the_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
