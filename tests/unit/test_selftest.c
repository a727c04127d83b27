// SPDX-License-Identifier: GPL-2.0-only
/* How often verdicts are wrong: that the counting is right, and that what is broken is seen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "result/store.h"
#include "selftest/grid.h"
#include "selftest/noise.h"
#include "selftest/resample.h"
#include "selftest/rules.h"
#include "selftest/simulate.h"
#include "stats/stats.h"

static char tmp[] = "/tmp/wringer-test-selftest-XXXXXX";
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

/* Of k in n, expected is what an interval that is wrong once in ten thousand times holds. */
static void assert_rate(const struct tally *t, double expected)
{
	struct stats_share s;

	assert_int_equal(stats_share(t->hit, t->of, 0.9999, &s), 0);
	if (s.lo > expected || s.hi < expected)
		print_error("%zu of %zu is not %g\n", t->hit, t->of, expected);
	assert_true(s.lo <= expected && s.hi >= expected);
}

#define says(rule, a, b) rule_says(rule, a, ARRAY_SIZE(a), b, ARRAY_SIZE(b))

static void test_rules(void **state)
{
	static const double a[] = {10, 12, 11, 13, 14}, far[] = {20, 21, 22, 23, 24};
	/* Its smallest is above a's middle, 12, and its middle, 15, above a's largest. */
	static const double near[] = {15, 13, 16, 12.5, 17};
	/* Beside a, but the gap of 1 is not half of the distance of the middles, 4. */
	static const double beside[] = {15, 16, 16, 17, 18};
	static const double close[] = {100, 100.1, 100.2}, little[] = {100.5, 100.6, 100.7};
	static const double pair[] = {1, 2}, other[] = {8, 9};

	(void)state;
	assert_int_equal(says(RULE_LKP, a, near), 1);
	assert_int_equal(says(RULE_LKP, near, a), -1);
	assert_int_equal(says(RULE_LKP, a, a), 0);
	assert_int_equal(says(RULE_LKP_GAP, a, near), 0);
	assert_int_equal(says(RULE_LKP_GAP, a, beside), 0);
	assert_int_equal(says(RULE_LKP, a, beside), 1);
	assert_int_equal(says(RULE_LKP_GAP, a, far), 1);
	assert_int_equal(says(RULE_LKP_GAP, far, a), -1);
	/* Half a percent is dropped, as is everything with two runs on both sides. */
	assert_int_equal(says(RULE_LKP, close, little), 0);
	assert_int_equal(says(RULE_LKP, pair, other), 0);
	assert_int_equal(says(RULE_LKP, pair, far), 1);
	assert_int_equal(says(RULE_MMTESTS, a, far), 1);
	assert_int_equal(says(RULE_MMTESTS, far, a), -1);
	assert_int_equal(says(RULE_MMTESTS, a, near), 0);
	assert_int_equal(says(RULE_SQUAD, a, near), 1);
	assert_int_equal(says(RULE_SQUAD, near, a), -1);
	assert_int_equal(says(RULE_SQUAD, a, a), 0);
	assert_int_equal(rule_says(RULE_MMTESTS, a, 1, far, 1), 0);
}

/* With 32 values LKP leaves one out at either end. */
static void test_trimmed(void **state)
{
	double a[32], b[32];
	size_t i;

	(void)state;
	for (i = 0; i < 32; i++) {
		a[i] = 100 + (double)i / 100;
		b[i] = 110 + (double)i / 100;
	}
	a[7] = 1e6;
	b[9] = -1e6;
	assert_int_equal(rule_says(RULE_LKP, a, 32, b, 32), 1);
	assert_int_equal(rule_says(RULE_LKP, a, 31, b, 31), 0);
}

/* What was measured of these rules before, in per mille, by another program: normal noise, by n. */
static const struct published {
	size_t n;
	double lkp, gap, mmtests;	/* with no difference, */
	double lkp2, gap2, mmtests2;	/* and with one of 2 standard deviations */
} published[] = {
	{3, 0.202, 0.023, 0.0048, 0.797, 0.228, 0.085},
	{5, 0.048, 0.0003, 0.0053, 0.730, 0.045, 0.357},
	{8, 0.0057, 0, 0.0053, 0.631, 0.0034, 0.748},
	{10, 0.0014, 0, 0.0056, 0.582, 0.0007, 0.885},
};

/* Published figures are rounded, and by chance off a little themselves. */
static void assert_near_share(size_t hit, size_t of, double expected)
{
	double sd = sqrt(fmax(expected, 0.0005) * (1 - expected) / (double)of);

	assert_true(fabs((double)hit / (double)of - expected) < 4.5 * sd + 0.002);
}

static void test_published(void **state)
{
	const size_t trials = 8000;
	uint64_t random = 5;
	size_t i, k, t, hit[2][RULE_NR];
	double a[10], b[10];
	unsigned int rule;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(published); i++) {
		const struct published *p = &published[i];

		memset(hit, 0, sizeof(hit));
		for (t = 0; t < trials; t++) {
			noise_draw(NOISE_NORMAL, &random, a, p->n);
			noise_draw(NOISE_NORMAL, &random, b, p->n);
			for (rule = 0; rule < RULE_NR; rule++)
				hit[0][rule] += rule_says((enum rule)rule, a, p->n, b, p->n) != 0;
			for (k = 0; k < p->n; k++)
				b[k] += 2;
			for (rule = 0; rule < RULE_NR; rule++)
				hit[1][rule] += rule_says((enum rule)rule, a, p->n, b, p->n) != 0;
		}
		assert_near_share(hit[0][RULE_LKP], trials, p->lkp);
		assert_near_share(hit[0][RULE_LKP_GAP], trials, p->gap);
		assert_near_share(hit[0][RULE_MMTESTS], trials, p->mmtests);
		assert_int_equal(hit[0][RULE_SQUAD], trials);
		assert_near_share(hit[1][RULE_LKP], trials, p->lkp2);
		assert_near_share(hit[1][RULE_LKP_GAP], trials, p->gap2);
		assert_near_share(hit[1][RULE_MMTESTS], trials, p->mmtests2);
	}
}

static void test_noise(void **state)
{
	const size_t n = 200000;
	double *x = xcalloc(n, sizeof(*x));
	struct stats_spread s;
	unsigned int noise;
	uint64_t random;

	(void)state;
	for (noise = 0; noise < NOISE_NR; noise++) {
		random = 3;
		noise_draw((enum noise)noise, &random, x, n);
		assert_int_equal(stats_spread(x, n, &s), 0);
		assert_true(fabs(s.mean) < 0.02);
		/* The variance of Student's t with 3 degrees of freedom converges slowly. */
		assert_true(fabs(s.sd - (noise == NOISE_ROUNDED ? sqrt(13.0 / 12) : 1)) <
			    (noise == NOISE_HEAVY ? 0.15 : 0.03));
	}
	free(x);
}

static struct simulation *simulate(size_t trials, uint64_t seed,
				   int (*correct)(const double *, size_t, double *))
{
	const struct sim_ask ask = {trials, seed, 0.02, correct};
	struct simulation *sim = xcalloc(1, sizeof(*sim));
	struct err err;

	assert_int_equal(sim_run(&ask, sim, &err), 0);
	return sim;
}

static char *text_of_simulation(const struct simulation *sim)
{
	cleanup_buf struct buf out = {0};
	json_t *json = sim_json(sim);

	json_canonical(json, &out);
	json_decref(json);
	sim_text(sim, false, &out);
	sim_text(sim, true, &out);
	return xstrdup(buf_str(&out));
}

static void test_determined(void **state)
{
	struct simulation *a = simulate(16, 1, stats_holm), *b = simulate(16, 1, stats_holm);
	struct simulation *c = simulate(16, 2, stats_holm);
	cleanup_free char *ta = text_of_simulation(a), *tb = text_of_simulation(b);
	cleanup_free char *tc = text_of_simulation(c);

	(void)state;
	assert_string_equal(ta, tb);
	assert_string_not_equal(ta, tc);
	free(a);
	free(b);
	free(c);
}

/* Of the four that have no ties. */
static struct tally pooled(const struct simulation *sim, size_t n, size_t shift)
{
	struct tally all = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sim->row); i++) {
		const struct tally *t = &sim->row[i].found[shift][SIM_TEST];

		if (sim->row[i].n != n || sim->row[i].noise == NOISE_ROUNDED)
			continue;
		all.hit += t->hit;
		all.of += t->of;
	}
	return all;
}

/* The rank test has the same chance whatever the noise: 2 P(U <= u) of the tables. */
static void test_level(void **state)
{
	struct simulation *sim = simulate(256, 7, stats_holm);
	cleanup_buf struct buf why = {0};
	struct tally t;

	(void)state;
	t = pooled(sim, 3, 0);
	assert_int_equal(t.hit, 0);
	assert_int_equal(t.of, 4 * 256);
	t = pooled(sim, 4, 0);
	assert_rate(&t, 2.0 / 70);
	t = pooled(sim, 5, 0);
	assert_rate(&t, 8.0 / 252);
	t = pooled(sim, 8, 0);
	assert_rate(&t, 642.0 / 12870);
	assert_int_equal(sim_broken(sim, &why), 0);
	assert_string_equal(buf_str(&why), "");
	/* A family can find nothing with five a side, one metric can. */
	assert_int_equal(sim->row[2].n, 5);
	assert_int_equal(sim->row[2].found[3][SIM_ONE_OF].hit, 0);
	assert_true(sim->row[2].found[3][SIM_TEST].hit > 200);
	/* Who looks four times finds more than one who has it planned. */
	assert_true(sim->looks[SIM_NAIVE].found[0].hit > sim->looks[SIM_POCOCK].found[0].hit);
	assert_true(sim->looks[SIM_POCOCK].runs[2] < 10);
	assert_rate(&sim->looks[SIM_OBRIEN].found[0], 0.05);
	free(sim);
}

static int not_at_all(const double *p, size_t n, double *adj)
{
	memcpy(adj, p, n * sizeof(*p));
	return 0;
}

/* Without the correction nearly every family of 68 has a false alarm, and that is said. */
static void test_broken(void **state)
{
	struct simulation *sim = simulate(64, 1, not_at_all);
	cleanup_buf struct buf why = {0};

	(void)state;
	assert_true(sim_broken(sim, &why) > 0);
	assert_non_null(strstr(buf_str(&why), "any of 68, two heaps, n = 8"));
	assert_null(strstr(buf_str(&why), "looks"));
	free(sim);
}

static void test_refused(void **state)
{
	struct sim_ask ask = {0, 1, 0.02, stats_holm};
	struct simulation *sim = xcalloc(1, sizeof(*sim));
	struct err err = {""};

	(void)state;
	assert_int_equal(sim_run(&ask, sim, &err), -EINVAL);
	assert_string_not_equal(err.msg, "");
	ask = (struct sim_ask){10000000, 1, 0.02, stats_holm};
	assert_int_equal(sim_run(&ask, sim, &err), -EINVAL);
	ask = (struct sim_ask){10, 1, 0, stats_holm};
	assert_int_equal(sim_run(&ask, sim, &err), -EINVAL);
	free(sim);
}

/*
 * Stored results
 */

#define SEEDS 8

struct made {
	const char *scenario;
	const char *policy;
	double noise;	/* of a level of 100000 */
	size_t metrics;
	int seeds;
};

static json_t *metrics_of(const struct made *m, int seed)
{
	json_t *out = json_array();
	uint64_t random = (uint64_t)seed * 1000 + strlen(m->scenario);
	double x[4];
	size_t i;

	noise_draw(NOISE_NORMAL, &random, x, ARRAY_SIZE(x));
	for (i = 0; i < m->metrics; i++) {
		cleanup_free char *name = xasprintf("workload.w%zu.rate", i);

		json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:s, s:I}", "name", name, "class",
						     "primary", "unit", "op/s", "better", "higher",
						     "value", (json_int_t)(100000 * (1 + m->noise * x[i]))));
	}
	return out;
}

static void make(const struct made *m)
{
	char id[SHA256_HEX];
	struct err err;
	int seed;

	for (seed = 1; seed <= m->seeds; seed++) {
		cleanup_buf struct buf text = {0};
		struct result r = {
			.spec = json_pack("{s:{s:s}, s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:i}", "engine",
					  "name", "exact", "kernel", "version", "7.3", "package", "7.3-1",
					  "guest", "name", "two", "policy", "name", m->policy, "scenario",
					  "name", m->scenario, "seed", seed),
			.result = json_pack("{s:s, s:o}", "status", "done", "metrics",
					    metrics_of(m, seed)),
			.host = json_object(),
		};

		json_canonical(r.spec, &text);
		sha256_buf(buf_str(&text), text.len, id);
		assert_int_equal(store_save(id, &r, true, &err), 0);
		result_release(&r);
	}
}

static int resample(const struct resample_ask *ask, struct arms *arms, struct resampled *r,
		    struct err *err)
{
	const struct arms_filter all = {0};

	assert_int_equal(arms_load(&all, arms, err), 0);
	return resample_run(arms, ask, r, err);
}

static const struct resample_ask usual = {
	.splits = 1500, .seed = 1, .change = 0.05, .power = 0.9, .at = 8};

/* All 70 ways to split 8 values are as likely; in two of them the halves do not overlap. */
static void test_split(void **state)
{
	const struct made m = {"one", "lru", 0.1, 1, SEEDS};
	const struct resample_row *row;
	struct resampled r;
	struct arms arms;
	struct err err;

	(void)state;
	make(&m);
	assert_int_equal(resample(&usual, &arms, &r, &err), 0);
	assert_int_equal(r.nr, 1);
	assert_int_equal(r.ask.half, 4);
	assert_int_equal(r.suite->any[RESAMPLE_OURS].of, 1500);
	assert_rate(&r.suite->any[RESAMPLE_OURS], 2.0 / 70);
	assert_int_equal(r.suite->any[RESAMPLE_OTHERS + RULE_SQUAD].hit, 1500);
	row = r.suite->row;
	assert_int_equal(row->s.n, SEEDS);
	assert_true(row->floor == 0.02);
	assert_int_equal(row->needed, stats_n_for_verdict(row->s.cv, 0.05, 0.02, 0.05, 0.9));
	assert_true(row->visible == stats_change_for_verdict(row->s.cv, 8, 0.02, 0.05, 0.9));
	resample_release(&r);
	arms_release(&arms);
}

/* Hardly any noise: one metric alone is always found, and of two none with so few seeds. */
static void test_planted(void **state)
{
	const struct made m = {"one", "lru", 0.001, 1, SEEDS}, two = {"two", "mglru", 0.001, 2, SEEDS};
	struct resampled r;
	struct arms arms;
	struct err err;
	size_t i;

	(void)state;
	make(&m);
	make(&two);
	assert_int_equal(resample(&usual, &arms, &r, &err), 0);
	assert_int_equal(r.nr, 2);
	for (i = 0; i < 2; i++) {
		const struct resample_row *row = r.suite[i].row;
		bool alone = !strcmp(r.suite[i].policy, "lru");

		assert_int_equal(row->found[RESAMPLE_OURS].of, usual.splits);
		assert_int_equal(row->found[RESAMPLE_OURS].hit, alone ? usual.splits : 0);
		assert_int_equal(row->found[RESAMPLE_OTHERS + RULE_LKP].hit, usual.splits);
		assert_int_equal(row->found[RESAMPLE_OTHERS + RULE_MMTESTS].hit, usual.splits);
		/* Far below what matters. */
		assert_int_equal(r.suite[i].any[RESAMPLE_OURS].hit, 0);
	}
	resample_release(&r);
	arms_release(&arms);
}

/*
 * More seeds than a half has are tried where they are stored, and find what as many as a half has miss.  Where fewer are
 * stored there is no such try.
 */
static void test_advised(void **state)
{
	const struct made m = {"one", "lru", 0.03, 1, 40}, few = {"few", "lru", 0.03, 1, SEEDS};
	const struct resample_row *row;
	struct resample_ask ask = usual;
	struct resampled r;
	struct arms arms;
	struct err err;
	size_t i, n;

	(void)state;
	make(&m);
	make(&few);
	ask.half = 4;
	assert_int_equal(resample(&ask, &arms, &r, &err), 0);
	assert_int_equal(r.suite->nr, 2);
	for (i = 0; i < 2; i++) {
		row = &r.suite->row[i];
		assert_true(row->needed > ask.half);
		assert_int_equal(row->at_needed.of, row->s.n == 40 ? ask.splits : 0);
		if (row->at_needed.of)
			assert_true(row->at_needed.hit > 2 * row->found[RESAMPLE_OURS].hit);
	}
	resample_release(&r);
	/* The first 12 say how many, and are no witnesses. */
	ask.pilot = 12;
	assert_int_equal(resample_run(&arms, &ask, &r, &err), 0);
	for (i = 0; i < 2; i++) {
		const struct stats_aim aim = {0.05, r.suite->row[i].floor, 0.05 / 2, 0.9};

		row = &r.suite->row[i];
		assert_int_equal(stats_n_for_values(row->value, row->s.n == 40 ? 12 : row->s.n, &aim, &n), 0);
		assert_int_equal(row->needed, n);
		assert_int_equal(row->at_needed.of, row->s.n == 40 && n <= 14 ? ask.splits : 0);
	}
	resample_release(&r);
	/* With four left there is nobody to ask whether it was right. */
	ask.pilot = 36;
	assert_int_equal(resample_run(&arms, &ask, &r, &err), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(r.suite->row[i].at_needed.of, 0);
	resample_release(&r);
	arms_release(&arms);
}

static char *text_of_resampled(const struct resampled *r)
{
	cleanup_buf struct buf out = {0};
	json_t *json = resample_json(r);

	json_canonical(json, &out);
	json_decref(json);
	resample_text(r, false, &out);
	resample_text(r, true, &out);
	return xstrdup(buf_str(&out));
}

/* The same each time; who has too few seeds is named, and a bar in a name is no column. */
static void test_told(void **state)
{
	const struct made many = {"a|b", "lru", 0.01, 3, SEEDS}, few = {"few", "lru", 0.01, 1, 7};
	const struct resample_ask ask = {4, 50, 3, 0.05, 0.9, 8, 0};
	cleanup_free char *once = NULL, *again = NULL;
	struct resampled r;
	struct arms arms;
	struct err err;

	(void)state;
	make(&many);
	make(&few);
	assert_int_equal(resample(&ask, &arms, &r, &err), 0);
	assert_int_equal(r.suite->nr, 3);
	assert_int_equal(r.suite->nr_left_out, 1);
	once = text_of_resampled(&r);
	assert_non_null(strstr(once, "left out: few, guest two: 7 seeds, of 8"));
	assert_non_null(strstr(once, "| a\\|b | workload.w0.rate | 8 |"));
	resample_release(&r);
	assert_int_equal(resample_run(&arms, &ask, &r, &err), 0);
	again = text_of_resampled(&r);
	assert_string_equal(once, again);
	resample_release(&r);
	arms_release(&arms);
}

static void test_too_few(void **state)
{
	const struct made m = {"one", "lru", 0.1, 1, 5}, none = {"none", "lru", 0.1, 0, SEEDS};
	struct resample_ask ask = usual;
	struct resampled r;
	struct arms arms;
	struct err err;

	(void)state;
	make(&m);
	make(&none);
	ask.half = 3;
	assert_int_equal(resample(&ask, &arms, &r, &err), -ENODATA);
	assert_non_null(strstr(err.msg, "6 seeds"));
	ask.half = 101;
	assert_int_equal(resample_run(&arms, &ask, &r, &err), -EINVAL);
	ask = usual;
	ask.change = 1;
	assert_int_equal(resample_run(&arms, &ask, &r, &err), -EINVAL);
	ask = usual;
	ask.splits = 0;
	assert_int_equal(resample_run(&arms, &ask, &r, &err), -EINVAL);
	arms_release(&arms);
}

/* More false verdicts than there may be are said. */
static void test_broken_suite(void **state)
{
	struct resample_suite suite = {.kernel = "7.3", .policy = "lru", .engine = "exact", .nr = 1};
	const struct resampled r = {.suite = &suite, .nr = 1};
	cleanup_buf struct buf why = {0};

	(void)state;
	suite.any[RESAMPLE_OURS] = (struct tally){50, 1000};
	assert_int_equal(resample_broken(&r, &why), 0);
	suite.any[RESAMPLE_OURS] = (struct tally){100, 1000};
	assert_int_equal(resample_broken(&r, &why), 1);
	assert_non_null(strstr(buf_str(&why), "100 of 1000"));
}

static void test_grid(void **state)
{
	static const struct tally some[] = {{0, 0}, {0, 7}, {7, 7}, {1, 1000}, {1, 3}};
	cleanup_buf struct buf out = {0};
	struct grid g;
	size_t i;

	(void)state;
	grid_init(&g, 1, "a_b c");
	for (i = 0; i < ARRAY_SIZE(some); i++) {
		grid_add(&g, "%s", i < 2 ? "x" : "y");
		grid_add_tally(&g, &some[i]);
	}
	grid_print(&g, false, &out);
	assert_string_equal(buf_str(&out), "a b    c\nx      -\n       0\ny    100\n    0.10\n    33.3\n");
	buf_reset(&out);
	grid_print(&g, true, &out);
	assert_string_equal(buf_str(&out), "| a b | c |\n|---|--:|\n| x | - |\n| x | 0 |\n| y | 100 |\n"
					   "| y | 0.10 |\n| y | 33.3 |\n");
	grid_release(&g);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_trimmed),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_determined),
		cmocka_unit_test(test_level),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test_setup(test_split, new_results),
		cmocka_unit_test_setup(test_planted, new_results),
		cmocka_unit_test_setup(test_advised, new_results),
		cmocka_unit_test_setup(test_told, new_results),
		cmocka_unit_test_setup(test_too_few, new_results),
		cmocka_unit_test(test_broken_suite),
		cmocka_unit_test(test_grid),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
