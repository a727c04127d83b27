// SPDX-License-Identifier: GPL-2.0-only
/* Suites: what files may say, what looks decide, what is run next, and what farms leave. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "farm/farm.h"
#include "result/store.h"
#include "suite/run.h"
#include "tests/unit/made.h"


#define SEEDS  12

static char tmp[] = "/tmp/wringer-test-suite-XXXXXX";
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

static int load_text(const char *text, struct suite *suite, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/made.conf", tmp);

	err->msg[0] = '\0';
	assert_int_equal(file_write(path, text, strlen(text), err), 0);
	return suite_load(path, suite, err);
}

#define HEAD "[suite]\ntitle = t\n"
#define AXES "kernel = k\npolicy = lru, mglru\nscenario = kv-scan\n"

static void test_bad_files(void **state)
{
	static const struct {
		const char *text, *complaint;
	} bad[] = {
		{"", "no [suite]"},
		{HEAD, "nothing to run"},
		{HEAD "[cells]\n" AXES, "[cells NAME]"},
		{HEAD "[cells a]\nkernel = k\npolicy = lru\n", "needs the key 'scenario'"},
		{HEAD "[cells a]\n" AXES "seeds = 1-x\n", "seeds = 1-x"},
		{HEAD "[cells a]\n" AXES "seeds = 1-1001\n", "at most 1000"},
		{HEAD "[cells a]\n" AXES "seeds = 1-8\nlooks = 8, 4\n", "more seeds than the one before"},
		{HEAD "[cells a]\n" AXES "seeds = 1-8\nlooks = 1,8\n", "2 to 8"},
		{HEAD "[cells a]\n" AXES "seeds = 1-8\nlooks = 4,9\n", "2 to 8"},
		{HEAD "[cells a]\n" AXES "seeds = 1-40\nlooks = 2-10\n", "at most 8 numbers"},
		{HEAD "[cells a]\n" AXES "seeds = 1-40\nlooks = 2-9\n", "the last one has all 40"},
		{HEAD "[cells a]\n" AXES "compare = scenario\n", "kernel, guest, policy and engine"},
		{HEAD "[cells a]\n" AXES "expect = good\n", "expect"},
		{HEAD "[cells a]\n" AXES "priority = 10\n", "priority"},
		{HEAD "[cells a]\n" AXES "wish = 1\n", "wish"},
		{HEAD "alpha = 0.6\n[cells a]\n" AXES, "alpha"},
	};
	struct suite suite;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_not_equal(load_text(bad[i].text, &suite, &err), 0);
		if (!strstr(err.msg, bad[i].complaint))
			fail_msg("%zu: %s", i, err.msg);
	}
}

static void test_file(void **state)
{
	struct suite suite;
	struct err err;

	(void)state;
	assert_int_equal(load_text("[suite]\ntitle = t\nspending = obrien\n[kernels]\na = newest\n[cells x]\n" AXES
				   "seeds = 3, 5-8 11\nlooks = 2 4\nbudget = 2m\nexpect = any\n", &suite, &err), 0);
	assert_string_equal(suite.name, "made");
	assert_int_equal(suite.spending, STATS_OBRIEN);
	assert_int_equal(suite.cells[0].nr_seeds, 6);
	assert_int_equal(suite.cells[0].seed[5], 11);
	/* All seeds are a look, named or not. */
	assert_int_equal(suite.cells[0].nr_looks, 3);
	assert_int_equal(suite.cells[0].look[2], 6);
	assert_int_equal(suite.cells[0].word[AXIS_POLICY].nr, 2);
	assert_int_equal(suite.cells[0].by, AXIS_NR);
	assert_int_equal(suite.cells[0].expect, SUITE_ANY);
	suite_release(&suite);
}

static void test_rules(void **state)
{
	struct suite suite;
	struct err err;

	(void)state;
	assert_int_equal(load_text(HEAD "[kernels]\na = newest\nb = last-good\nc = each\n[cells x]\n"
				   "kernel = a, b\npolicy = lru\nscenario = kv-scan\n", &suite, &err), 0);
	assert_int_equal(suite_kernels(&suite, NULL, &err), 0);
	assert_string_equal(suite.kernel[0].is.name[0], "newest");
	assert_int_equal(suite.kernel[1].is.nr, 0);
	assert_int_equal(suite_remember(&suite, "last-good", "7.2.13", &err), 0);
	assert_int_equal(suite_kernels(&suite, NULL, &err), 0);
	assert_string_equal(suite.kernel[1].is.name[0], "7.2.13");
	suite_release(&suite);
	assert_int_equal(load_text(HEAD "[kernels]\na = the best\n[cells x]\nkernel = a\npolicy = lru\n"
				   "scenario = kv-scan\n", &suite, &err), 0);
	assert_int_equal(suite_kernels(&suite, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "each FROM..TO"));
	suite_release(&suite);
}

/* One contest of two policies on each of nr scenarios, with looks at 6, 8 and 12 seeds. */
static void make_plan(struct suite_plan *plan, size_t nr)
{
	static const char *const policies[] = {"lru", "mglru"};
	static const size_t looks[] = {6, 8, SEEDS};
	size_t i;

	*plan = (struct suite_plan){.suite = xstrdup("made"), .alpha = 0.05};
	for (i = 0; i < nr; i++) {
		cleanup_free char *name = xasprintf("s%zu", i);

		made_contest(plan, "x", AXIS_POLICY, policies, NULL, "7.3", name, looks, ARRAY_SIZE(looks), 0);
	}
	suite_plan_count(plan);
}

/* Level of the second arm against the first's 1000, and how much seeds differ, by scenario. */
static double gain[8], noise[8];

static double value_of(const char *policy, const char *kernel, const char *scenario, uint64_t seed)
{
	static const double around[SEEDS] = {-1, 0.7, -0.3, 1, 0.2, -0.8, 0.5, -0.5, 0.9, -0.1, 0.4, -0.6};
	size_t at = (size_t)(scenario[1] - '0');
	bool other = !strcmp(policy, "mglru");

	(void)kernel;
	return 1000 + around[(seed + 3 * other) % SEEDS] * noise[at] + (other ? gain[at] : 0);
}

static void set_case(size_t at, double by, double around)
{
	gain[at] = by;
	noise[at] = around;
}

static void run_it(struct suite_plan *plan, const struct suite_run *run, struct suite_standings *s)
{
	struct err err = {""};

	made_stored = 0;
	if (suite_run(plan, run, s, &err))
		fail_msg("%s", err.msg);
}

/* What is clear stops at its first look; what is not goes on to the last. */
static void test_settles(void **state)
{
	struct suite_run run = {.farm = &made_farm, .opts.run.jobs = 2};
	struct suite_standings s;
	struct suite_plan plan;

	(void)state;
	set_case(0, -300, 10); /* worse */
	set_case(1, 0, 3);     /* the same: a margin is 20 */
	set_case(2, 0, 300);   /* nobody knows */
	make_plan(&plan, 3);
	assert_int_equal(plan.nr_tests, 3);
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 2 * (6 + 6 + 12));
	assert_int_equal(s.of[0].pair[0].row[0].r.verdict, STATS_WORSE);
	assert_int_equal(s.of[1].pair[0].row[0].r.verdict, STATS_SAME);
	assert_int_equal(s.of[2].pair[0].row[0].r.verdict, STATS_UNDECIDED);
	assert_int_equal(s.findings, 1);
	suite_standings_release(&plan, &s);
	/* What is there is not run again. */
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 0);
	suite_standings_release(&plan, &s);
	run.all = true;
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 2 * (6 + 6));
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

/* Six seeds that do not overlap have a p of 0.0022: enough for few comparisons, not for many. */
static void test_shares_alpha(void **state)
{
	struct suite_run run = {.farm = &made_farm, .opts.run.jobs = 2};
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};

	(void)state;
	set_case(0, -300, 10);
	make_plan(&plan, 1);
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 12);
	assert_int_equal(s.of[0].pair[0].row[0].r.verdict, STATS_WORSE);
	suite_standings_release(&plan, &s);
	plan.contest[0].nr_metrics = 60;
	suite_plan_count(&plan);
	assert_int_equal(suite_judge(&plan, &s, &err), 0);
	assert_int_equal(s.of[0].looks, 1);
	assert_int_equal(s.of[0].pair[0].row[0].r.verdict, STATS_UNDECIDED);
	assert_false(s.of[0].settled);
	suite_standings_release(&plan, &s);
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 4);
	assert_int_equal(s.of[0].pair[0].row[0].r.verdict, STATS_WORSE);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

static void test_expect(void **state)
{
	static const struct {
		unsigned int expect;
		size_t findings[3]; /* of worse, better, the same */
	} rows[] = {
		{SUITE_ANY, {0, 0, 0}},
		{SUITE_NOT_WORSE, {1, 0, 0}},
		{SUITE_SAME, {1, 1, 0}},
		{SUITE_BETTER, {1, 0, 1}},
	};
	static const double gains[] = {-300, 300, 0};
	struct suite_run run = {.farm = &made_farm, .opts.run.jobs = 2};
	struct suite_standings s;
	struct suite_plan plan;
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(gains); k++) {
		new_results(state);
		set_case(0, gains[k], 3);
		make_plan(&plan, 1);
		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			plan.contest[0].expect = rows[i].expect;
			run_it(&plan, &run, &s);
			assert_int_equal(s.findings, rows[i].findings[k]);
			suite_standings_release(&plan, &s);
		}
		suite_plan_release(&plan);
	}
}

/* An arm's twelve experiments are 120 s: with 100 it has two looks. */
static void test_budget(void **state)
{
	struct suite_run run = {.farm = &made_farm, .opts.run.jobs = 2};
	struct suite_standings s;
	struct suite_plan plan;

	(void)state;
	set_case(0, 0, 300);
	make_plan(&plan, 1);
	plan.contest[0].budget = 100;
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 16);
	assert_true(s.of[0].broke);
	assert_false(s.of[0].settled);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

/* A night that is over after one batch. */
static int farm_once(struct experiments *exps, const struct farm_opts *opts, struct err *err)
{
	int ret = made_farm_run(exps, opts, err);

	return ret ? ret : err_set(err, -EINTR, "stopped");
}

static const struct farm once = {"once", "for tests", farm_once, NULL};

/* A look of a contest is 120 s of CPU time, 60 s on two. */
static void test_time(void **state)
{
	struct suite_run run = {.farm = &once, .opts.run.jobs = 2, .seconds = 130};
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};

	(void)state;
	set_case(0, 0, 300);
	set_case(1, 0, 300);
	set_case(2, 0, 300);
	make_plan(&plan, 3);
	plan.contest[2].priority = 9;
	made_stored = 0;
	assert_int_equal(suite_run(&plan, &run, &s, &err), -EINTR);
	/* The one that matters more had its turn; and there was no time for all three. */
	assert_int_equal(made_stored, 24);
	assert_int_equal(s.of[2].present, 12);
	suite_standings_release(&plan, &s);
	/* And it goes on there. */
	run.seconds = 0;
	made_stored = 0;
	assert_int_equal(suite_run(&plan, &run, &s, &err), -EINTR);
	assert_int_equal(made_stored, 12 + 2 * 4);
	suite_standings_release(&plan, &s);
	run.seconds = 1;
	run_it(&plan, &run, &s);
	assert_int_equal(made_stored, 0);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

/* Of two that are undecided, the one that is nearer to an answer is worth more. */
static void test_worth(void **state)
{
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};
	size_t i;

	(void)state;
	set_case(0, -25, 60);
	set_case(1, -25, 600);
	make_plan(&plan, 2);
	for (i = 0; i < plan.nr; i++)
		if (plan.cell[i].seed <= 6)
			assert_int_equal(made_store(&plan.exps.exp[i], &err), 0);
	assert_int_equal(suite_judge(&plan, &s, &err), 0);
	assert_int_equal(s.of[0].pair[0].row[0].r.verdict, STATS_UNDECIDED);
	assert_true(suite_worth(&plan, &s, 0) > 2 * suite_worth(&plan, &s, 1));
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
}

static void test_plan_file(void **state)
{
	struct suite suite = {.name = (char *)"made"};
	struct suite_plan plan, again;
	cleanup_free char *path = NULL;
	cleanup_buf struct buf first = {0}, second = {0};
	struct err err = {""};

	(void)state;
	assert_int_equal(suite_plan_load(&suite, &again, &err), -ENOENT);
	make_plan(&plan, 2);
	assert_int_equal(suite_plan_save(&suite, &plan, &err), 0);
	path = suite_file(&suite, "plan.json");
	assert_int_equal(file_read(path, &first, &err), 0);
	assert_int_equal(suite_plan_load(&suite, &again, &err), 0);
	assert_int_equal(again.nr_tests, plan.nr_tests);
	assert_int_equal(suite_plan_save(&suite, &again, &err), 0);
	assert_int_equal(file_read(path, &second, &err), 0);
	assert_string_equal(buf_str(&first), buf_str(&second));
	suite_plan_release(&again);
	suite_plan_release(&plan);
}

/* Numbers that point nowhere. */
static void test_damaged_plan(void **state)
{
	static const char *const damage[][2] = {
		{"\"arm\": 1", "\"arm\": 9"}, {"\"contest\": 0", "\"contest\": -1"},
		{"\"by\": \"policy\"", "\"by\": \"guest\""}, {"\"schema\": 1", "\"schema\": 2"},
		{"\"suite\"", "\"sweet\""}, {"{", "["},
	};
	struct suite suite = {.name = (char *)"made"};
	cleanup_free char *path = suite_file(&suite, "plan.json");
	cleanup_buf struct buf text = {0};
	struct suite_plan plan;
	struct err err = {""};
	size_t i;

	(void)state;
	make_plan(&plan, 1);
	assert_int_equal(suite_plan_save(&suite, &plan, &err), 0);
	assert_int_equal(file_read(path, &text, &err), 0);
	suite_plan_release(&plan);
	for (i = 0; i < ARRAY_SIZE(damage); i++) {
		cleanup_buf struct buf bad = {0};
		char *at = strstr(text.data, damage[i][0]);

		assert_non_null(at);
		buf_add(&bad, text.data, (size_t)(at - text.data));
		buf_adds(&bad, damage[i][1]);
		buf_adds(&bad, at + strlen(damage[i][0]));
		assert_int_equal(file_write(path, bad.data, bad.len, &err), 0);
		if (suite_plan_load(&suite, &plan, &err) != -EBADMSG)
			fail_msg("damage %zu was not seen", i);
	}
}

/* What a worker left is looked at before it is a result; what is not what it should be goes. */
static void test_spool(void **state)
{
	cleanup_free char *real = xstrdup(path_results());
	cleanup_free char *spool = xasprintf("%s/.spool/worker", real);
	struct experiment *exp;
	struct suite_plan plan;
	struct err err = {""};
	size_t taken;

	(void)state;
	set_case(0, 0, 1);
	make_plan(&plan, 1);
	exp = &plan.exps.exp[0];
	assert_int_equal(cells_put(&plan.exps, &err), 0);
	path_set_results(spool);
	assert_int_equal(dir_make(spool, &err), 0);
	assert_int_equal(made_store(exp, &err), 0);
	path_set_results(real);
	assert_false(store_has(exp->id));
	/* It has no hash of a record stream, so it is no result. */
	assert_int_equal(cells_collect(&plan.exps, &taken, &err), 0);
	assert_int_equal(taken, 0);
	assert_false(store_has(exp->id));
	assert_int_equal(cells_missing(&plan.exps), plan.nr);
	path_set_results(spool);
	assert_false(store_has(exp->id));
	path_set_results(real);
	suite_plan_release(&plan);
}

static void test_cell_refuses(void **state)
{
	struct run_opts opts = {.jobs = 1, .limit_ms = 1000};
	static const char id[] = "0123456789012345678901234567890123456789012345678901234567890123";
	cleanup_free char *dir = xasprintf("%s/.cells", path_results());
	cleanup_free char *path = xasprintf("%s/%s.json", dir, id);
	struct err err = {""};
	enum status status;

	(void)state;
	assert_int_equal(cell_run("../../etc/passwd", &opts, &status, &err), -ENOENT);
	assert_int_equal(cell_run(id, &opts, &status, &err), -ENOENT);
	assert_int_equal(dir_make(dir, &err), 0);
	assert_int_equal(file_write(path, "{", 1, &err), 0);
	assert_int_equal(cell_run(id, &opts, &status, &err), -EBADMSG);
	assert_non_null(farm_find("slurm"));
	assert_null(farm_find("cloud"));
}

static void test_numbers(void **state)
{
	static const char *const bad[] = {"", "x", "3-1", "1,,2", "-1", "1-", "9223372036854775807", "1-11"};
	uint64_t *list = NULL;
	size_t nr = 0, i;

	(void)state;
	assert_int_equal(parse_numbers("3-5,9", 10, &list, &nr), 0);
	assert_int_equal(parse_numbers("1", 10, &list, &nr), 0);
	assert_int_equal(nr, 5);
	assert_int_equal(list[2], 5);
	assert_int_equal(list[4], 1);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		nr = 0;
		assert_int_not_equal(parse_numbers(bad[i], 10, &list, &nr), 0);
	}
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bad_files, new_results),
		cmocka_unit_test_setup(test_file, new_results),
		cmocka_unit_test_setup(test_rules, new_results),
		cmocka_unit_test_setup(test_settles, new_results),
		cmocka_unit_test_setup(test_shares_alpha, new_results),
		cmocka_unit_test_setup(test_expect, new_results),
		cmocka_unit_test_setup(test_budget, new_results),
		cmocka_unit_test_setup(test_time, new_results),
		cmocka_unit_test_setup(test_worth, new_results),
		cmocka_unit_test_setup(test_plan_file, new_results),
		cmocka_unit_test_setup(test_damaged_plan, new_results),
		cmocka_unit_test_setup(test_spool, new_results),
		cmocka_unit_test_setup(test_cell_refuses, new_results),
		cmocka_unit_test(test_numbers),
	};
	int ret;

	made_value = value_of;
	if (!mkdtemp(tmp))
		return 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	dir_remove(tmp, NULL);
	free(results);
	return ret;
}
