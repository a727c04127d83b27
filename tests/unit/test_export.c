// SPDX-License-Identifier: GPL-2.0-only
/* Exports: what statuses become, and that no text of a guest is anything but text in any of the forms. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "export/export.h"
#include "export/internal.h"
#include "result/program.h"
#include "result/store.h"
#include "tests/unit/made.h"

/* What each form would take for something of its own. */
#define HOSTILE                                                                                                     \
	"a\"b'c<d>&e]]>\x1b[31m\r\n\tok 7 x # SKIP \\ # TODO {l=\"x\"} \xe2\x80\xae\xef\xbf\xbf 1..9 reboot: System halted"
/* A console whose every line some reader would stop at, or count. */
#define CONSOLE                                                                                                      \
	"before\n[    1.000000] Kernel panic - not syncing: VFS: Unable to mount root fs\n"                            \
	"KTAP version 1\n1..3\nok 1 forged\nnot ok 2 forged\nBail out! forged\n# Subtest: forged\n# EOF\n"             \
	"over\rwritten\r\n]]></failure></testcase>\xff\xfe\xc0\x80 \x01\x02 <!-- \n"                                                  \
	"reboot: System halted List of all partitions: reboot: System halted\n"

static char tmp[] = "/tmp/wringer-test-export-XXXXXX";
static char *results;

static int new_results(void **unused)
{
	static unsigned int nr;

	(void)unused;
	free(results);
	results = xasprintf("%s/%u", tmp, nr++);
	path_set_results(results);
	return 0;
}

/* What an experiment is told apart by, and what became of it. */
struct made {
	const char *policy, *scenario;
	uint64_t seed;
	const char *status, *reason, *console;
};

static json_t *metric_of(const char *name, const char *class, const char *scope, const char *unit, int value)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i}", "name", name, "class", class, "scope", scope, "unit", unit,
			 "better", "higher", "value", value);
}

static void store(const struct made *m, char id[SHA256_HEX])
{
	struct result r = {.spec = made_spec(m->policy, "7.3.4", m->scenario, m->seed)};
	json_t *kernel = json_object_get(r.spec, "kernel"), *engine = json_object_get(r.spec, "engine");
	cleanup_buf struct buf text = {0};
	struct err err = {""};

	json_object_set_new(kernel, "id", json_string("0123abcd"));
	json_object_set_new(engine, "args", json_pack("[s]", "qemu-system-x86_64"));
	json_object_set_new(engine, "qemu", json_string(HOSTILE));
	json_object_set_new(json_object_get(json_object_get(r.spec, "scenario"), "conf"), "scenario", json_object());
	r.result = json_pack("{s:s, s:s, s:[o, o, o, {s:s, s:s, s:s}]}", "status", m->status, "reason", m->reason,
			     "metrics", metric_of(MADE_METRIC, "primary", "workload kv", "op/s", 1000 + (int)m->seed),
			     metric_of("io.read_kib", "secondary", "system", "KiB", 7),
			     metric_of(HOSTILE, "primary", HOSTILE, HOSTILE, 1), "name", "gone", "class", "primary",
			     "absent", "why");
	r.host = json_pack("{s:s, s:f}", "ended", "2026-11-22T20:41:31Z", "wall_seconds", 21.244);
	buf_adds(&r.console, m->console);
	json_canonical(r.spec, &text);
	sha256_buf(buf_str(&text), text.len, id);
	if (store_save(id, &r, true, &err))
		fail_msg("%s", err.msg);
	result_release(&r);
}

static void store_all(void)
{
	static const struct made all[] = {
		{"lru", "kv-scan", 1, "done", "", ""},
		{"lru", "kv-scan", 2, "done", "", ""},
		{"mglru", "kv-scan", 1, "done", "", ""},
		{"mglru", "kv-scan", 2, "panic", HOSTILE, CONSOLE},
		{"mglru", HOSTILE, 1, "setup-failed", "SKIP this one", "no end of line"},
		{HOSTILE, "kv-scan", 18446744073709551, "done", "", ""},
	};
	char id[SHA256_HEX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		store(&all[i], id);
}

static void load(const struct export_pick *pick, struct export *e)
{
	struct arms_filter filter = {0};
	struct arms arms;
	struct err err = {""};
	size_t i;

	*e = (struct export){0};
	if (arms_load(&filter, &arms, &err))
		fail_msg("%s", err.msg);
	for (i = 0; i < arms.nr; i++)
		export_arm(e, &arms.arm[i], pick);
	arms_release(&arms);
}

static const struct export_group *group_of(const struct export *e, const char *policy)
{
	size_t i;

	for (i = 0; i < e->nr; i++)
		if (!strcmp(e->group[i].label[AXIS_POLICY], policy) &&
		    !strcmp(e->group[i].label[AXIS_SCENARIO], "kv-scan"))
			return &e->group[i];
	fail_msg("there is no group of %s", policy);
	return NULL;
}

static void statuses(void **state)
{
	static const enum export_status want[STATUS_NR] = {
		[STATUS_DONE] = EXPORT_PASS, [STATUS_EXPECTATION_FAILED] = EXPORT_FAIL, [STATUS_OOM] = EXPORT_FAIL,
		[STATUS_HUNG] = EXPORT_FAIL, [STATUS_LOCKUP] = EXPORT_FAIL, [STATUS_PANIC] = EXPORT_FAIL,
		[STATUS_POLICY_LOST] = EXPORT_ERROR, [STATUS_WORKLOAD_FAILED] = EXPORT_FAIL,
		[STATUS_SETUP_FAILED] = EXPORT_ERROR, [STATUS_TIMEOUT] = EXPORT_MISS,
		[STATUS_HARNESS_ERROR] = EXPORT_MISS, [STATUS_OOPS] = EXPORT_FAIL, [STATUS_BUG] = EXPORT_FAIL,
		[STATUS_WARNING] = EXPORT_FAIL, [STATUS_HUNG_TASK] = EXPORT_FAIL, [STATUS_RCU_STALL] = EXPORT_FAIL,
		[STATUS_TRIPLE_FAULT] = EXPORT_FAIL, [STATUS_CONSOLE_FLOOD] = EXPORT_FAIL,
		[STATUS_RECORD_FLOOD] = EXPORT_ERROR, [STATUS_VIRTUAL_TIMEOUT] = EXPORT_FAIL,
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < STATUS_NR; i++)
		assert_int_equal(export_status_of((enum status)i), want[i]);
}

static void cases(void **state)
{
	const struct export_pick primary = {0};
	const struct export_group *g;
	struct export e;

	(void)state;
	store_all();
	load(&primary, &e);
	assert_int_equal(e.nr, 4);
	assert_true(export_is_bad(&e));
	g = group_of(&e, "mglru");
	assert_int_equal(g->nr, 2);
	assert_int_equal(group_status(g), EXPORT_FAIL);
	assert_string_equal(g->c[1].name, "seed-2");
	assert_string_equal(g->c[1].word, "panic");
	/* The report, not what was before it; bytes that are no text are visible. */
	assert_ptr_equal(strstr(g->c[1].log, "[    1.000000] Kernel panic"), g->c[1].log);
	assert_non_null(strstr(g->c[1].log, "</testcase>\\xff\\xfe\\xc0\\x80 \\x01\\x02"));
	assert_non_null(strstr(g->c[1].log, "\nover\\x0dwritten\n"));
	assert_string_equal(g->c[0].log, "");
	/* Its own and the hostile one are primary; absent ones have no value. */
	assert_int_equal(g->c[0].nr, 2);
	assert_true(g->c[0].value[0].value == 1001);
	/* 20:41:31 without 21.244 s */
	assert_int_equal(g->c[0].start, 1795380070);
	assert_true(g->c[0].seconds == 21.244);
	assert_int_equal(group_status(group_of(&e, "lru")), EXPORT_PASS);
	export_release(&e);
}

static void picks(void **state)
{
	char name[] = "io.read_kib", other[] = "no.such";
	char *const named[] = {name, other, NULL};
	const struct export_pick all = {.all = true}, some = {.name = named};
	struct export e;

	(void)state;
	store_all();
	load(&all, &e);
	assert_int_equal(group_of(&e, "lru")->c[0].nr, 3);
	export_release(&e);
	load(&some, &e);
	assert_int_equal(group_of(&e, "lru")->c[0].nr, 1);
	assert_string_equal(group_of(&e, "lru")->c[0].value->name, name);
	export_release(&e);
}

static void take_text(void (*form)(const struct export *e, struct buf *out), struct buf *out)
{
	const struct export_pick all = {.all = true};
	struct export e;

	load(&all, &e);
	form(&e, out);
	export_release(&e);
}

static bool matches(const char *pattern, const char *text)
{
	regex_t re;
	int ret;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ret = regexec(&re, text, 0, NULL, 0);
	regfree(&re);
	return !ret;
}

/* kunit_parser.py: KTAP_START, TEST_HEADER, TEST_PLAN, TEST_RESULT and TEST_RESULT_SKIP, KTAP_END. */
static void a_line_is_one_thing(const char *line)
{
	static const char *const kinds[] = {
		"^ *KTAP version 1$", "^ *# Subtest: [A-Za-z0-9_.-]+$", "^ *1\\.\\.[0-9]+$", "^  # \\| ",
		"^ *(ok|not ok) [0-9]+ [^# ]([^#]*[^# ])?( # [^#]*)?$",
	};
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		n += matches(kinds[i], line);
	if (n != 1 || matches("List of all partitions:|Kernel panic - not syncing: VFS:|reboot: System halted", line) ||
	    matches("[[:cntrl:]]", line))
		fail_msg("'%s'", line);
}

static size_t count_outcome(const json_t *detail, const char *outcome)
{
	const json_t *test;
	size_t i, n = 0;

	json_array_foreach(detail, i, test)
		n += !strcmp(json_string_value(json_object_get(test, "outcome")), outcome);
	return n;
}

static void ktap_is_read_as_it_was_meant(void **state)
{
	struct program_report report = {0};
	cleanup_buf struct buf text = {0};
	char *copy, *rest, *line;

	(void)state;
	store_all();
	take_text(export_ktap, &text);
	copy = rest = xstrdup(buf_str(&text));
	while ((line = strsep(&rest, "\n")))
		if (rest)
			a_line_is_one_thing(line);
	assert_string_equal(copy + strlen(copy), "");
	free(copy);
	ktap_read(buf_str(&text), text.len, &report);
	assert_string_equal(report.error, "");
	assert_int_equal(json_array_size(report.detail), 6);
	assert_int_equal(count_outcome(report.detail, "passed"), 4);
	assert_int_equal(count_outcome(report.detail, "failed"), 2);
	program_report_release(&report);
	assert_non_null(strstr(buf_str(&text), "\n  # | workload.kv.rate = 1001 op/s\n"));
	assert_non_null(strstr(buf_str(&text), "\n  not ok 1 seed-1 # ERROR setup-failed: SKIP this one\n"));
	assert_non_null(strstr(buf_str(&text), "  not ok 2 seed-2 # panic: a\"b"));
	assert_non_null(strstr(buf_str(&text), "Kernel  panic - not syncing: VFS:"));
}

static void junit_has_no_other_elements(void **state)
{
	cleanup_buf struct buf text = {0};
	const char *at;

	(void)state;
	store_all();
	take_text(export_junit, &text);
	/* Every < is one of ours; what XML forbids is not there. */
	for (at = buf_str(&text); (at = strchr(at, '<')); at++)
		assert_true(matches("^<(\\?xml|/?(testsuites|testsuite|properties|property|testcase|failure|error)[ />])",
				    at));
	assert_null(strstr(buf_str(&text), "]]>"));
	assert_null(strstr(buf_str(&text), "\xef\xbf\xbf"));
	assert_null(strchr(buf_str(&text), '\x1b'));
	assert_non_null(strstr(buf_str(&text), "<testsuites name=\"wringer\" tests=\"6\" failures=\"1\" errors=\"1\" "
					       "skipped=\"0\" time=\"127.464\">"));
	assert_non_null(strstr(buf_str(&text), " timestamp=\"2026-11-22T20:41:10\">"));
}

static void openmetrics_has_one_family_each(void **state)
{
	cleanup_buf struct buf text = {0};
	const char *s;

	(void)state;
	store_all();
	take_text(export_openmetrics, &text);
	s = buf_str(&text);
	assert_non_null(strstr(s, "# TYPE wringer_workload_rate_op_per_s gauge\n"
				  "# UNIT wringer_workload_rate_op_per_s op_per_s\n"));
	assert_null(strstr(strstr(s, "# TYPE wringer_workload_rate_op_per_s ") + 1,
			   "# TYPE wringer_workload_rate_op_per_s "));
	assert_non_null(strstr(s, "policy=\"lru\",scenario=\"kv-scan\",engine=\"exact\",seed=\"2\""));
	assert_non_null(strstr(s, ",workload=\"kv\",metric=\"workload.kv.rate\"} 1002\n"));
	assert_non_null(strstr(s, "wringer_io_read_kib{"));
	/* Quotes and backslashes of a name; the line end in it was made visible before. */
	assert_non_null(strstr(s, "a\\\"b'c<d>&e]]>\\\\x1b[31m\\\\x0d\\\\x0a\\\\x09ok 7"));
	assert_string_equal(s + text.len - 6, "# EOF\n");
}

static void kcidb_is_complete(void **state)
{
	const struct export_pick primary = {0};
	json_t *json, *test, *found = NULL;
	struct export e;
	size_t i;

	(void)state;
	store_all();
	load(&primary, &e);
	json = export_kcidb(&e, "lab_1");
	export_release(&e);
	assert_int_equal(json_array_size(json_object_get(json, "checkouts")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "builds")), 1);
	assert_int_equal(json_array_size(json_object_get(json, "tests")), 6);
	json_array_foreach(json_object_get(json, "tests"), i, test)
		if (!strcmp(json_string_value(json_object_get(test, "status")), "FAIL"))
			found = test;
	assert_non_null(found);
	assert_string_equal(json_string_value(json_object_get(found, "path")), "wringer.two.mglru.exact.kv-scan.seed-2");
	assert_string_equal(json_string_value(json_object_get(found, "build_id")), "lab_1:0123abcd");
	assert_string_equal(json_string_value(json_object_get(found, "start_time")), "2026-11-22T20:41:10+00:00");
	test = json_object_get(found, "number");
	assert_int_equal(json_integer_value(json_object_get(test, "value")), 1002);
	assert_string_equal(json_string_value(json_object_get(test, "unit")), "op/s");
	json_decref(json);
	assert_false(export_is_origin(""));
	assert_false(export_is_origin("My:lab"));
}

/* Names, reasons and logs of any length are cut, and lose no line's end. */
static void long_text_is_cut(void **state)
{
	size_t len = 1 << 20, i;
	char *text = xcalloc(len + 1, 1);
	struct made m = {"p", text, 1, "oops", text, text};
	const struct export_pick primary = {0};
	char id[SHA256_HEX];
	struct export e;
	json_t *json;

	(void)state;
	for (i = 0; i < len; i++)
		text[i] = i % 300 ? (char)(i % 9 ? 'x' : 1) : '\n';
	store(&m, id);
	load(&primary, &e);
	assert_true(strlen(e.group[0].label[AXIS_SCENARIO]) < EXPORT_NAME_MAX + 10);
	assert_true(strlen(e.group[0].c[0].reason) < EXPORT_REASON_MAX + 10);
	i = strlen(e.group[0].c[0].log);
	assert_true(i > EXPORT_LOG_MAX / 2 && i <= EXPORT_LOG_MAX);
	assert_int_equal(e.group[0].c[0].log[i - 1], '\n');
	json = export_kcidb(&e, "w");
	assert_non_null(json);
	json_decref(json);
	export_release(&e);
	free(text);
}

static void numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} n[] = {
		{0, "0"}, {-77, "-77"}, {1e15, "1000000000000000"}, {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"},
		{1e300, "1e+300"}, {-2.5e-9, "-2.5e-09"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(n); i++) {
		cleanup_buf struct buf out = {0};

		number_add(&out, n[i].value);
		assert_string_equal(buf_str(&out), n[i].text);
	}
}

/* What differs, what nobody knows, and a contest that is not run: s0, s1, s2. */
static double value_of(const char *policy, const char *kernel, const char *scenario, uint64_t seed)
{
	static const double around[] = {-1, 0.7, -0.3, 1, 0.2, -0.8, 0.5, -0.5};
	bool other = !strcmp(policy, "mglru");
	double noise = scenario[1] == '1' ? 300 : 3;

	(void)kernel;
	return 1000 + around[(seed + 3 * other) % 8] * noise - (other && scenario[1] == '0' ? 300 : 0);
}

static void make_suite(struct suite_plan *plan)
{
	static const char *const policies[] = {"lru", "mglru"}, *const scenarios[] = {"s0", "s1", "s2"};
	static const size_t looks[] = {6, 8};
	struct err err = {""};
	size_t i;

	made_value = value_of;
	*plan = (struct suite_plan){.suite = xstrdup("made"), .alpha = 0.05};
	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		made_contest(plan, "x", AXIS_POLICY, policies, NULL, "7.3.4", scenarios[i], looks, ARRAY_SIZE(looks), 0);
	suite_plan_count(plan);
	for (i = 0; i < plan->exps.nr; i++)
		if (strcmp(made_name(plan->exps.exp[i].spec, "scenario", "name"), "s2"))
			assert_int_equal(made_store(&plan->exps.exp[i], &err), 0);
}

static void judge(const struct suite_plan *plan, struct suite_standings *s, struct export *e)
{
	struct err err = {""};

	*e = (struct export){0};
	if (suite_judge(plan, s, &err) || export_suite(e, plan, s, &err))
		fail_msg("%s", err.msg);
}

static const struct export_case *case_of(const struct export *e, const char *policy, const char *scenario)
{
	size_t i;

	for (i = 0; i < e->nr; i++)
		if (!strcmp(e->group[i].label[AXIS_POLICY], policy) &&
		    !strcmp(e->group[i].label[AXIS_SCENARIO], scenario))
			return &e->group[i].c[0];
	fail_msg("no %s of %s", policy, scenario);
	return NULL;
}

static void a_suite_passes_without_findings(void **state)
{
	const char *both = "mglru against lru";
	const struct export_case *c;
	struct suite_standings s;
	struct suite_plan plan;
	struct export e;
	json_t *json;

	(void)state;
	make_suite(&plan);
	judge(&plan, &s, &e);
	assert_int_equal(s.findings, 1);
	assert_int_equal(e.nr, 9);
	c = case_of(&e, both, "s0");
	assert_int_equal(c->status, EXPORT_FAIL);
	assert_string_equal(c->name, MADE_METRIC);
	assert_string_equal(c->word, "WORSE");
	assert_true(c->value[0].value < -290);
	assert_int_equal(case_of(&e, both, "s1")->status, EXPORT_DONE);
	assert_int_equal(case_of(&e, both, "s2")->status, EXPORT_SKIP);
	assert_int_equal(case_of(&e, "lru", "s0")->status, EXPORT_PASS);
	assert_int_equal(case_of(&e, "lru", "s2")->status, EXPORT_SKIP);
	/* What has not run is of no build. */
	json = export_kcidb(&e, "w");
	assert_int_equal(json_array_size(json_object_get(json, "tests")), 6);
	json_decref(json);
	export_release(&e);
	suite_standings_release(&plan, &s);
	plan.contest[0].expect = SUITE_ANY;
	judge(&plan, &s, &e);
	assert_int_equal(s.findings, 0);
	assert_false(export_is_bad(&e));
	export_release(&e);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

/* An experiment that did not end well is a finding, but where nothing is expected. */
static void a_suite_tells_what_failed(void **state)
{
	struct suite_standings s;
	struct suite_plan plan;
	struct export e;
	struct result r;
	struct err err = {""};
	const char *id;

	(void)state;
	make_suite(&plan);
	plan.contest[0].expect = SUITE_ANY;
	id = plan.cell[plan.contest[1].arm[1].member[3].cell].id;
	assert_int_equal(store_load(id, &r, &err), 0);
	json_object_set_new(r.result, "status", json_string("oom"));
	json_object_set_new(r.result, "reason", json_string("no\nmemory"));
	assert_int_equal(store_save(id, &r, true, &err), 0);
	result_release(&r);
	judge(&plan, &s, &e);
	assert_int_equal(s.findings, 1);
	assert_int_equal(case_of(&e, "mglru", "s1")->status, EXPORT_FAIL);
	assert_non_null(strstr(case_of(&e, "mglru", "s1")->log, "oom: no\\x0amemory\n"));
	assert_int_equal(case_of(&e, "lru", "s1")->status, EXPORT_PASS);
	export_release(&e);
	suite_standings_release(&plan, &s);
	plan.contest[1].expect = SUITE_ANY;
	judge(&plan, &s, &e);
	assert_false(export_is_bad(&e));
	assert_int_equal(case_of(&e, "mglru", "s1")->status, EXPORT_PASS);
	export_release(&e);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

/* For export.t: results of hostile experiments, and beside them those of a suite. */
static int leave_results(const char *dir)
{
	cleanup_free char *one = xasprintf("%s/one", dir), *two = xasprintf("%s/two", dir);
	struct suite suite = {.name = xstrdup("made")};
	struct suite_plan plan;
	struct err err = {""};
	int ret;

	path_set_results(one);
	store_all();
	path_set_results(two);
	make_suite(&plan);
	ret = suite_plan_save(&suite, &plan, &err);
	suite_plan_release(&plan);
	free(suite.name);
	return ret ? 1 : 0;
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(tmp) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(results);
	return dir_remove(tmp, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(numbers),
		cmocka_unit_test_setup(cases, new_results),
		cmocka_unit_test_setup(picks, new_results),
		cmocka_unit_test_setup(ktap_is_read_as_it_was_meant, new_results),
		cmocka_unit_test_setup(junit_has_no_other_elements, new_results),
		cmocka_unit_test_setup(openmetrics_has_one_family_each, new_results),
		cmocka_unit_test_setup(kcidb_is_complete, new_results),
		cmocka_unit_test_setup(long_text_is_cut, new_results),
		cmocka_unit_test_setup(a_suite_passes_without_findings, new_results),
		cmocka_unit_test_setup(a_suite_tells_what_failed, new_results),
	};

	if (argc > 1)
		return leave_results(argv[1]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
