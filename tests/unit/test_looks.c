// SPDX-License-Identifier: GPL-2.0-only
/*
 * Levels of repeated looks, against published tables.  Boundaries of the spending functions: program of
 * Reboussin, DeMets, Kim & Lan, "Computations for Group Sequential Boundaries Using the Lan-DeMets
 * Spending Function Method", Controlled Clinical Trials 21(3), 2000.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stats/looks.h"
#include "stats/stats.h"

#define assert_near(x, y, tol) assert_true(fabs((x) - (y)) <= (tol))

static const double fifths[] = {0.2, 0.4, 0.6, 0.8, 1};

static double z_of(double p)
{
	return stats_normal_quantile(1 - p / 2);
}

static void check(enum stats_spending how, const double *z)
{
	double p[5];
	size_t i;

	assert_int_equal(stats_looks(fifths, 5, 0.05, how, p), 0);
	for (i = 0; i < 5; i++)
		assert_near(z_of(p[i]), z[i], 0.0006);
}

static void test_tables(void **state)
{
	static const double pocock[] = {2.4380, 2.4268, 2.4101, 2.3966, 2.3859};
	static const double obrien[] = {4.8769, 3.3569, 2.6803, 2.2898, 2.0310};

	(void)state;
	check(STATS_POCOCK, pocock);
	check(STATS_OBRIEN, obrien);
}

/* One look is no repetition; a last look before all data are in leaves some of alpha over. */
static void test_one(void **state)
{
	static const double all = 1, half = 0.5;
	double p;

	(void)state;
	assert_int_equal(stats_looks(&all, 1, 0.05, STATS_POCOCK, &p), 0);
	assert_near(p, 0.05, 1e-9);
	assert_int_equal(stats_looks(&all, 1, 0.01, STATS_OBRIEN, &p), 0);
	assert_near(p, 0.01, 1e-9);
	assert_int_equal(stats_looks(&half, 1, 0.05, STATS_POCOCK, &p), 0);
	assert_near(p, 0.05 * log(1 + (M_E - 1) / 2), 1e-9);
}

static double uniform(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

/* Looking at 4, 8, 12, 16 of 16 values, with nothing there: one in twenty crosses. */
static void test_simulated(void **state)
{
	static const double share[] = {0.25, 0.5, 0.75, 1};
	const int trials = 40000;
	uint64_t seed = 42;
	int crossed = 0, t, i;
	double p[4];

	(void)state;
	assert_int_equal(stats_looks(share, 4, 0.05, STATS_POCOCK, p), 0);
	for (t = 0; t < trials; t++) {
		double sum = 0;

		for (i = 1; i <= 16; i++) {
			sum += stats_normal_quantile(uniform(&seed));
			if (i % 4 || fabs(sum) / sqrt(i) < z_of(p[i / 4 - 1]))
				continue;
			crossed++;
			break;
		}
	}
	/* The standard deviation of the share is 0.0011. */
	assert_near((double)crossed / trials, 0.05, 0.004);
}

static void test_refused(void **state)
{
	static const double down[] = {0.5, 0.4}, twice[] = {0.5, 0.5}, over[] = {0.5, 1.1}, none[] = {0, 1};
	double many[STATS_LOOKS_MAX + 1], p[STATS_LOOKS_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i <= STATS_LOOKS_MAX; i++)
		many[i] = (double)(i + 1) / (STATS_LOOKS_MAX + 1);
	assert_int_equal(stats_looks(down, 2, 0.05, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(twice, 2, 0.05, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(over, 2, 0.05, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(none, 2, 0.05, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(fifths, 0, 0.05, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(fifths, 5, 0, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(fifths, 5, NAN, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(many, STATS_LOOKS_MAX + 1, 0.05, STATS_POCOCK, p), -EINVAL);
	assert_int_equal(stats_looks(many, STATS_LOOKS_MAX, 0.05, STATS_POCOCK, p), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_simulated),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
