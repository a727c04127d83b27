// SPDX-License-Identifier: GPL-2.0-only
/* Changes of level in a series, and its noise, on series that were made with known ones. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "stats/series.h"
#include "stats/stats.h"

#define assert_near(x, y, tol) assert_true(fabs((x) - (y)) <= (tol))
#define NIGHTS 200
#define P_MAX 0.001

static double uniform(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

static void fill(double *x, size_t n, uint64_t seed)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = 100 + stats_normal_quantile(uniform(&seed));
}

static void raise(double *x, size_t from, size_t to, double by)
{
	for (; from < to; from++)
		x[from] += by;
}

static size_t find(const double *x, size_t n, size_t least, struct stats_change *c)
{
	size_t nr = 0;

	assert_int_equal(stats_changes(x, n, least, P_MAX, c, &nr), 0);
	return nr;
}

/* Two steps of four standard deviations. */
static void test_steps(void **state)
{
	struct stats_change c[NIGHTS / 2];
	double x[NIGHTS];

	(void)state;
	fill(x, NIGHTS, 1);
	raise(x, 70, NIGHTS, 4);
	raise(x, 140, NIGHTS, -4);
	assert_int_equal(find(x, NIGHTS, 3, c), 2);
	assert_near((double)c[0].at, 70, 1);
	assert_near((double)c[1].at, 140, 1);
	assert_near(c[0].before, 100, 0.5);
	assert_near(c[0].after, 104, 0.5);
	assert_near(c[1].after, 100, 0.5);
	assert_true(c[0].before != c[1].before);
	assert_true(c[0].p > 0 && c[0].p <= P_MAX);
}

/* Nothing there, and a lone spike as large as it likes. */
static void test_none(void **state)
{
	struct stats_change c[NIGHTS / 2];
	double x[NIGHTS];
	size_t found = 0;
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 40; seed++) {
		fill(x, NIGHTS / 2, seed);
		x[50] += seed % 2 ? 0 : 1000;
		found += find(x, NIGHTS / 2, 3, c);
	}
	assert_true(found <= 1);
}

/* Where the level is new for two values only. */
static void test_soon(void **state)
{
	struct stats_change c[30];
	double x[60];

	(void)state;
	fill(x, 60, 7);
	raise(x, 58, 60, 12);
	assert_int_equal(find(x, 60, 2, c), 1);
	assert_int_equal(c[0].at, 58);
	assert_int_equal(find(x, 59, 2, c), 0);
}

static void test_same(void **state)
{
	double x[20], one[6] = {1, 1, 1, 2, 2, 2};
	struct stats_change c[10];
	size_t i, nr = 7;

	(void)state;
	for (i = 0; i < 20; i++)
		x[i] = 0.1;
	assert_int_equal(find(x, 20, 2, c), 0);
	/* Of 20 shufflings of 3 and 3 two are as good: that is never rare enough. */
	assert_int_equal(find(one, 6, 2, c), 0);
	assert_int_equal(stats_changes(one, 6, 2, 0.5, c, &nr), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(c[0].at, 3);
	assert_int_equal(find(one, 0, 2, c), 0);
	assert_int_equal(find(one, 3, 2, c), 0);
}

static void test_refused(void **state)
{
	double x[4] = {1, 2, 3, NAN};
	struct stats_change c[2];
	size_t nr;

	(void)state;
	assert_int_equal(stats_changes(x, 4, 2, P_MAX, c, &nr), -EINVAL);
	assert_int_equal(stats_changes(x, 3, 1, P_MAX, c, &nr), -EINVAL);
	assert_int_equal(stats_changes(x, 3, 2, 0, c, &nr), -EINVAL);
	assert_int_equal(stats_changes(x, 3, 2, NAN, c, &nr), -EINVAL);
	assert_int_equal(stats_changes(x, STATS_SERIES_MAX + 1, 2, P_MAX, c, &nr), -EINVAL);
}

/* Steps and spikes are no noise. */
static void test_noise(void **state)
{
	static const double odd[] = {1, 3, 2, 6};
	double x[STATS_SERIES_MAX];

	(void)state;
	fill(x, STATS_SERIES_MAX, 3);
	raise(x, 300, STATS_SERIES_MAX, 40);
	raise(x, 700, 701, 1e6);
	assert_near(stats_noise(x, STATS_SERIES_MAX), 1, 0.08);
	/* Distances 2, 1, 4. */
	assert_near(stats_noise(odd, 4), 2 * 1.482602218505602 / sqrt(2), 1e-12);
	assert_true(isnan(stats_noise(odd, 1)));
	x[5] = INFINITY;
	assert_true(isnan(stats_noise(x, 10)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),   cmocka_unit_test(test_none),
		cmocka_unit_test(test_soon),    cmocka_unit_test(test_same),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
