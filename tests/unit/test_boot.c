// SPDX-License-Identifier: GPL-2.0-only
/* The bootstrap: what must be so whatever is drawn, and how often its interval holds the truth. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stats/boot.h"

#define assert_near(x, y, tol) assert_true(fabs((x) - (y)) <= (tol))

static double uniform(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

static double mean(const struct stats_sample *s, size_t nr, const void *arg)
{
	double sum = 0;
	size_t i;

	(void)nr;
	(void)arg;
	for (i = 0; i < s->n; i++)
		sum += s->x[i];
	return sum / (double)s->n;
}

/* Samples of an exponential distribution, which leans. */
static void test_covers(void **state)
{
	const int trials = 600;
	uint64_t seed = 5;
	int held = 0, t, i;

	(void)state;
	for (t = 0; t < trials; t++) {
		double x[20];
		struct stats_sample s = {x, 20};
		struct stats_boot out;

		for (i = 0; i < 20; i++)
			x[i] = -log(uniform(&seed));
		assert_int_equal(stats_boot(mean, NULL, &s, 1, 0.95, 1000, &out), 0);
		assert_true(out.lo < out.value && out.value < out.hi);
		held += out.lo <= 1 && out.hi >= 1;
	}
	assert_true(held > trials * 0.89 && held < trials * 0.97);
}

static void test_same(void **state)
{
	static const double x[] = {1, 2, 3, 4, 9}, c[] = {7, 7, 7};
	struct stats_sample s = {x, 5}, constant = {c, 3};
	struct stats_boot a, b;

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	assert_int_equal(stats_boot(mean, NULL, &s, 1, 0.9, 500, &a), 0);
	assert_int_equal(stats_boot(mean, NULL, &s, 1, 0.9, 500, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_near(a.value, 3.8, 1e-12);
	assert_int_equal(stats_boot(mean, NULL, &constant, 1, 0.9, 500, &a), 0);
	assert_true(a.lo == 7 && a.hi == 7 && a.value == 7);
}

/* Twice as much in one metric and half as much in the other is 1; the interval knows of both. */
static void test_geomean(void **state)
{
	static const double a[] = {9, 10, 11}, b[] = {19, 20, 21}, c[] = {5, 6, 7}, d[] = {2, 3, 4};
	const struct stats_sample s[] = {{a, 3}, {b, 3}, {c, 3}, {d, 3}};
	static const double none[] = {0, 0, 1};
	const struct stats_sample bad[] = {{none, 3}, {b, 3}}, some[] = {{c, 3}, {none + 1, 2}};
	struct stats_boot out;

	(void)state;
	assert_int_equal(stats_boot(stats_geomean_ratio, NULL, s, 2, 0.95, 2000, &out), 0);
	assert_near(out.value, 2, 1e-12);
	assert_true(out.lo >= 19.0 / 11 && out.lo < 2 && out.hi > 2 && out.hi <= 21.0 / 9);
	assert_int_equal(stats_boot(stats_geomean_ratio, NULL, s, 4, 0.95, 2000, &out), 0);
	assert_near(out.value, 1, 1e-12);
	assert_int_equal(out.lost, 0);
	assert_int_equal(stats_boot(stats_geomean_ratio, NULL, bad, 2, 0.95, 2000, &out), -EDOM);
	/* Drawn as two zeros it has no ratio. */
	assert_int_equal(stats_boot(stats_geomean_ratio, NULL, some, 2, 0.95, 2000, &out), 0);
	assert_true(out.lost > 400 && out.lost < 600);
}

static void test_refused(void **state)
{
	static const double x[] = {1, INFINITY};
	struct stats_sample s = {x, 1}, none = {x, 0}, infinite = {x, 2};
	struct stats_boot out;

	(void)state;
	assert_int_equal(stats_boot(mean, NULL, &s, 0, 0.95, 1000, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &none, 1, 0.95, 1000, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &infinite, 1, 0.95, 1000, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &s, 1, 1, 1000, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &s, 1, NAN, 1000, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &s, 1, 0.95, 99, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &s, 1, 0.95, 1000001, &out), -EINVAL);
	assert_int_equal(stats_boot(mean, NULL, &s, 1, 0.95, 1000, &out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_geomean),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
