// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of harness/stats. Three kinds of witness are used: published tables, values worked out by
 * hand (the working is in the comments), and slow independent implementations that enumerate
 * everything.
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "stats/random.h"
#include "stats/stats.h"

#define ARRAY_SIZE(x) (sizeof(x) / sizeof((x)[0]))

/* Differences of rounding only. */
#define EPS 1e-12

#define assert_near(x, y, tol) assert_true(fabs((x) - (y)) <= (tol))

/*
 * ---- Pseudo-random numbers: xorshift64*, so that every run tests the same inputs ----
 */

static uint64_t next_u64(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

/* Uniform in [0, 1). */
static double next_unit(uint64_t *state)
{
	return (double)(next_u64(state) >> 11) / 9007199254740992.0;
}

static size_t next_below(uint64_t *state, size_t n)
{
	return (size_t)(next_unit(state) * (double)n);
}

/* Integers 0 .. range - 1: small ranges make many ties. */
static void fill_tied(uint64_t *state, double *x, size_t n, size_t range)
{
	for (size_t i = 0; i < n; i++)
		x[i] = (double)next_below(state, range);
}

static void fill_uniform(uint64_t *state, double *x, size_t n, double shift)
{
	for (size_t i = 0; i < n; i++)
		x[i] = next_unit(state) + shift;
}

/*
 * ---- Independent implementations ----
 */

/* Twice the number of pairs with b > a, ties counted half, when the set bits of mask are arm b. */
static unsigned int brute_u2(const double *x, size_t n, unsigned int mask)
{
	unsigned int u2 = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (!(mask >> i & 1) && (mask >> j & 1))
				u2 += 2 * (x[j] > x[i]) + (x[j] == x[i]);
	return u2;
}

static double brute_p(const double *a, size_t na, const double *b, size_t nb)
{
	unsigned int low = 0, high = 0, all = 0, seen;
	double x[16];

	memcpy(x, a, na * sizeof(*x));
	memcpy(x + na, b, nb * sizeof(*x));
	seen = brute_u2(x, na + nb, ((1U << nb) - 1) << na);
	for (unsigned int mask = 0; mask < 1U << (na + nb); mask++) {
		unsigned int u2;

		if ((size_t)__builtin_popcount(mask) != nb)
			continue;
		u2 = brute_u2(x, na + nb, mask);
		low += u2 <= seen;
		high += u2 >= seen;
		all++;
	}
	return fmin(1, 2.0 * (low < high ? low : high) / all);
}

static int cmp_double(const void *l, const void *r)
{
	double x = *(const double *)l, y = *(const double *)r;

	return (x > y) - (x < y);
}

/* All differences b - a in ascending order, into d[na * nb]. */
static void brute_pairs(const double *a, size_t na, const double *b, size_t nb, double *d)
{
	for (size_t i = 0; i < na; i++)
		for (size_t j = 0; j < nb; j++)
			d[i * nb + j] = b[j] - a[i];
	qsort(d, na * nb, sizeof(*d), cmp_double);
}

/* P(U <= u) without ties, by enumeration. */
static double brute_cdf(size_t na, size_t nb, unsigned int u)
{
	unsigned int hit = 0, all = 0;
	double x[16];

	for (size_t i = 0; i < na + nb; i++)
		x[i] = (double)i;
	for (unsigned int mask = 0; mask < 1U << (na + nb); mask++) {
		if ((size_t)__builtin_popcount(mask) != nb)
			continue;
		hit += brute_u2(x, na + nb, mask) <= 2 * u;
		all++;
	}
	return (double)hit / all;
}

/* Untied arms whose U is exactly u: start with b below all of a and lift its members one by one. */
static void arms_with_u(size_t na, size_t nb, size_t u, double *a, double *b)
{
	for (size_t i = 0; i < na; i++)
		a[i] = (double)(i + 1) * 1000;
	for (size_t j = 0; j < nb; j++) {
		size_t lift = u < na ? u : na;

		u -= lift;
		b[j] = (double)lift * 1000 + 500 - (double)j;
	}
	assert_int_equal(u, 0);
}

static double p_of_u(size_t na, size_t nb, size_t u)
{
	double a[100], b[100];
	struct stats_mwu m;

	arms_with_u(na, nb, u, a, b);
	assert_int_equal(stats_mwu(a, na, b, nb, &m), 0);
	assert_true(m.u == (double)u);
	assert_true(m.exact);
	return m.p;
}

/*
 * ---- Order statistics ----
 */

static void median_of_odd_and_even_samples(void **state)
{
	static const double odd[] = { 9, -1, 4 }, even[] = { 7, 1, 10, 2 };

	(void)state;
	assert_true(stats_median(odd, 1) == 9);
	assert_true(stats_median(odd, 3) == 4);
	assert_true(stats_median(even, 4) == 4.5);
	assert_true(stats_median(even, 2) == 4);
}

static void median_leaves_its_input_alone(void **state)
{
	double x[] = { 5, 3, 8, 1 };
	static const double same[] = { 5, 3, 8, 1 };

	(void)state;
	assert_true(stats_median(x, 4) == 4);
	assert_memory_equal(x, same, sizeof(x));
}

/* Type 7 by hand: position 3 q among 10, 20, 40, 80. */
static void quantile_interpolates_as_type_7(void **state)
{
	static const double x[] = { 80, 20, 10, 40 };

	(void)state;
	assert_true(stats_quantile(x, 4, 0) == 10);
	assert_near(stats_quantile(x, 4, 0.25), 17.5, EPS);
	assert_near(stats_quantile(x, 4, 0.5), 30, EPS);
	assert_near(stats_quantile(x, 4, 0.75), 50, EPS);
	assert_near(stats_quantile(x, 4, 0.9), 68, 1e-9);
	assert_true(stats_quantile(x, 4, 1) == 80);
}

static void quantiles_agree_with_sorting(void **state)
{
	uint64_t rng = 42;
	double x[41], s[41];

	(void)state;
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < 41; i++)
			x[i] = (next_unit(&rng) - 0.5) * pow(10, 40 * (next_unit(&rng) - 0.5));
		memcpy(s, x, sizeof(s));
		qsort(s, 41, sizeof(*s), cmp_double);
		for (size_t i = 0; i < 41; i += 10)
			assert_true(stats_quantile(x, 41, (double)i / 40) == s[i]);
	}
}

static void zero_comes_out_without_a_sign(void **state)
{
	static const double x[] = { 0.0, -0.0, 0.0 };

	(void)state;
	assert_true(stats_median(x, 3) == 0);
	assert_false(signbit(stats_median(x, 3)));
}

static void quantile_of_nonsense_is_nan(void **state)
{
	static const double x[] = { 1, 2 }, nan_in[] = { 1, NAN }, inf_in[] = { INFINITY, 1 };

	(void)state;
	assert_true(isnan(stats_median(x, 0)));
	assert_true(isnan(stats_quantile(x, 2, -0.1)));
	assert_true(isnan(stats_quantile(x, 2, 1.1)));
	assert_true(isnan(stats_quantile(x, 2, NAN)));
	assert_true(isnan(stats_median(nan_in, 2)));
	assert_true(isnan(stats_median(inf_in, 2)));
}

static void summary_has_the_five_numbers(void **state)
{
	static const double x[] = { 5, 1, 4, 2, 3 }, bad[] = { 1, NAN };
	struct stats_summary s;

	(void)state;
	assert_int_equal(stats_summarise(x, 5, &s), 0);
	assert_int_equal(s.n, 5);
	assert_true(s.min == 1 && s.q1 == 2 && s.median == 3 && s.q3 == 4 && s.max == 5);
	assert_int_equal(stats_summarise(x, 0, &s), -EINVAL);
	assert_int_equal(stats_summarise(bad, 2, &s), -EINVAL);
	assert_int_equal(s.n, 5);
}

/*
 * ---- Mann-Whitney ----
 */

/*
 * Lower-tail probabilities P(U <= u) to three places: Mann & Whitney 1947, Table I (reprinted as
 * Table J in Siegel, "Nonparametric Statistics for the Behavioral Sciences", 1956).
 */
static void p_matches_the_table_of_mann_and_whitney(void **state)
{
	static const double t33[] = { .050, .100, .200, .350 };
	static const double t44[] = { .014, .029, .057, .100, .171, .243, .343, .443 };
	static const double t55[] = { .004, .008, .016, .028, .048, .075, .111, .155, .210, .274,
				      .345, .421 };
	static const double t36[] = { .012, .024, .048, .083, .131, .190, .274, .357, .452 };

	(void)state;
	for (size_t u = 0; u < ARRAY_SIZE(t33); u++)
		assert_near(p_of_u(3, 3, u) / 2, t33[u], 0.000501);
	for (size_t u = 0; u < ARRAY_SIZE(t44); u++)
		assert_near(p_of_u(4, 4, u) / 2, t44[u], 0.000501);
	for (size_t u = 0; u < ARRAY_SIZE(t55); u++)
		assert_near(p_of_u(5, 5, u) / 2, t55[u], 0.000501);
	for (size_t u = 0; u < ARRAY_SIZE(t36); u++)
		assert_near(p_of_u(3, 6, u) / 2, t36[u], 0.000501);
}

/*
 * Largest U significant at the two-sided level: the table of critical values found in most
 * textbooks, after Auble, Bulletin of the Institute of Educational Research at Indiana University
 * 1(2), 1953 (Siegel 1956, Table K).
 */
static void p_crosses_alpha_at_the_tabulated_critical_values(void **state)
{
	static const struct {
		size_t na, nb, u;
		double alpha;
	} t[] = {
		{ 4, 4, 0, .05 },     { 5, 5, 2, .05 },	   { 6, 6, 5, .05 },   { 7, 7, 8, .05 },
		{ 8, 8, 13, .05 },    { 9, 9, 17, .05 },   { 10, 10, 23, .05 }, { 3, 5, 0, .05 },
		{ 5, 8, 6, .05 },     { 6, 9, 10, .05 },   { 9, 6, 10, .05 },  { 12, 12, 37, .05 },
		{ 15, 15, 64, .05 },  { 10, 20, 55, .05 }, { 20, 20, 127, .05 }, { 5, 5, 0, .01 },
		{ 6, 6, 2, .01 },     { 8, 8, 7, .01 },	   { 10, 10, 16, .01 }, { 12, 12, 27, .01 },
		{ 15, 15, 51, .01 },  { 20, 20, 105, .01 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		assert_true(p_of_u(t[i].na, t[i].nb, t[i].u) <= t[i].alpha);
		assert_true(p_of_u(t[i].na, t[i].nb, t[i].u + 1) > t[i].alpha);
	}
}

/*
 * a = 1 2 2, b = 2 3. Pairs with b > a: 2 > 1, 3 > 1, 3 > 2, 3 > 2; ties 2 = 2 twice: U = 5.
 * Midranks 1, 3, 3, 3, 5; the ten sums of two of them: 4 4 4 6 6 6 6 8 8 8. Seen: 3 + 5 = 8, the
 * upper tail is 3 of 10.
 */
static void ties_by_hand(void **state)
{
	static const double a[] = { 1, 2, 2 }, b[] = { 2, 3 };
	struct stats_mwu m;

	(void)state;
	assert_int_equal(stats_mwu(a, 3, b, 2, &m), 0);
	assert_true(m.u == 5);
	assert_near(m.a12, 5.0 / 6, EPS);
	assert_near(m.p, 0.6, EPS);
	assert_near(m.p_min, 0.2, EPS);
	assert_true(m.exact);
}

static void p_agrees_with_enumeration_with_and_without_ties(void **state)
{
	uint64_t rng = 7;
	double a[8], b[8];

	(void)state;
	for (int round = 0; round < 1500; round++) {
		size_t na = 1 + next_below(&rng, 5), nb = 1 + next_below(&rng, 5);
		size_t range = 1 + next_below(&rng, 8);
		struct stats_mwu m;

		fill_tied(&rng, a, na, range);
		fill_tied(&rng, b, nb, range);
		if (round % 10 == 0)
			fill_uniform(&rng, b, nb, 0);
		assert_int_equal(stats_mwu(a, na, b, nb, &m), 0);
		assert_near(m.p, brute_p(a, na, b, nb), EPS);
		assert_true(m.p >= m.p_min && m.p <= 1);
	}
}

static void swapping_the_arms_mirrors_u_and_keeps_p(void **state)
{
	uint64_t rng = 11;
	double a[40], b[40];

	(void)state;
	for (int round = 0; round < 100; round++) {
		size_t na = 1 + next_below(&rng, 40), nb = 1 + next_below(&rng, 40);
		struct stats_mwu ab, ba;

		fill_tied(&rng, a, na, 12);
		fill_tied(&rng, b, nb, 12);
		assert_int_equal(stats_mwu(a, na, b, nb, &ab), 0);
		assert_int_equal(stats_mwu(b, nb, a, na, &ba), 0);
		assert_near(ab.u + ba.u, (double)(na * nb), EPS);
		assert_near(ab.a12 + ba.a12, 1, EPS);
		assert_near(ab.p, ba.p, EPS);
	}
}

static void separated_arms_reach_the_smallest_p(void **state)
{
	(void)state;
	for (size_t n = 1; n <= 100; n += 9) {
		double a[100], b[100];
		struct stats_mwu m;

		arms_with_u(n, n, n * n, a, b);
		assert_int_equal(stats_mwu(a, n, b, n, &m), 0);
		assert_true(m.exact && m.a12 == 1);
		assert_near(m.p / m.p_min, 1, EPS);
	}
	/* C(10, 5) = 252, C(16, 8) = 12870. */
	assert_near(p_of_u(5, 5, 0), 2.0 / 252, EPS);
	assert_near(p_of_u(8, 8, 64), 2.0 / 12870, EPS);
	assert_true(p_of_u(1, 1, 0) == 1);
}

static void the_middle_of_u_gives_p_of_one(void **state)
{
	(void)state;
	assert_true(p_of_u(5, 6, 15) == 1);
	assert_true(p_of_u(100, 100, 5000) == 1);
}

/* Two different constants are as separated as can be, two equal ones not at all. */
static void constant_arms_are_well_defined(void **state)
{
	static const double three[] = { 3, 3, 3, 3, 3 }, five[] = { 5, 5, 5, 5, 5 };
	struct stats_mwu m;

	(void)state;
	assert_int_equal(stats_mwu(three, 5, five, 5, &m), 0);
	assert_true(m.u == 25 && m.a12 == 1);
	assert_near(m.p, 2.0 / 252, EPS);
	assert_int_equal(stats_mwu(three, 5, three, 5, &m), 0);
	assert_true(m.u == 12.5 && m.a12 == 0.5);
	assert_true(m.p == 1);
}

/*
 * a: 150 zeros; b: 100 zeros and 50 ones. U = 100 * 150 / 2 + 50 * 150 = 15000, half of all pairs
 * is 11250. Tie groups 250 and 50: sum = 15624750 + 124950 = 15749700, N (N - 1) = 89700,
 * variance = 1875 (301 - 175.5819...) = 235158.86..., z = 3749.5 / 484.93... = 7.7320...
 */
static void large_arms_use_the_tie_corrected_normal_curve(void **state)
{
	double a[150] = { 0 }, b[150] = { 0 }, z;
	struct stats_mwu m;

	(void)state;
	for (size_t i = 100; i < 150; i++)
		b[i] = 1;
	assert_int_equal(stats_mwu(a, 150, b, 150, &m), 0);
	assert_false(m.exact);
	assert_true(m.u == 15000);
	z = 3749.5 / sqrt(1875 * (301 - 15749700.0 / 89700));
	assert_near(z, 7.732, 0.0005);
	assert_near(m.p / erfc(z / sqrt(2)), 1, 1e-9);
	assert_int_equal(stats_mwu(a, 150, a, 150, &m), 0);
	assert_true(m.p == 1 && m.u == 11250);
}

/* The exact p of 100 against 100 and the approximate one of 101 against 100 must nearly meet. */
static void exact_and_approximate_p_meet_at_the_limit(void **state)
{
	uint64_t rng = 99;
	double a[101], b[100];

	(void)state;
	for (int round = 0; round < 8; round++) {
		struct stats_mwu exact, approx;

		fill_tied(&rng, a, 101, 30);
		fill_tied(&rng, b, 100, 30 + (size_t)round);
		a[100] = stats_median(b, 100);
		assert_int_equal(stats_mwu(a, 100, b, 100, &exact), 0);
		assert_int_equal(stats_mwu(a, 101, b, 100, &approx), 0);
		assert_true(exact.exact && !approx.exact);
		assert_near(exact.p, approx.p, 0.02);
	}
}

static void mwu_refuses_nonsense_and_leaves_out_alone(void **state)
{
	static const double x[] = { 1, 2 }, bad[] = { 1, NAN }, inf[] = { 1, -INFINITY };
	struct stats_mwu m = { .p = 42 };

	(void)state;
	assert_int_equal(stats_mwu(x, 0, x, 2, &m), -EINVAL);
	assert_int_equal(stats_mwu(x, 2, x, 0, &m), -EINVAL);
	assert_int_equal(stats_mwu(bad, 2, x, 2, &m), -EINVAL);
	assert_int_equal(stats_mwu(x, 2, inf, 2, &m), -EINVAL);
	assert_true(m.p == 42);
}

/*
 * ---- Shift ----
 */

/* Differences of {1, 2, 4} from {3, 7}: 2 1 -1 6 5 3, sorted -1 1 2 3 5 6; the median is 2.5. */
static void shift_is_the_median_difference_by_hand(void **state)
{
	static const double a[] = { 1, 2, 4 }, b[] = { 7, 3 };
	struct stats_shift s;

	(void)state;
	assert_int_equal(stats_shift(a, 3, b, 2, 0.5, &s), 0);
	assert_true(s.shift == 2.5);
	assert_int_equal(stats_shift(b, 2, a, 3, 0.5, &s), 0);
	assert_true(s.shift == -2.5);
}

/* The largest c with P(U <= c - 1) <= limit; *below is that probability. */
static size_t brute_c(size_t na, size_t nb, double limit, double *below)
{
	size_t c = 0;
	double p;

	*below = 0;
	while ((p = brute_cdf(na, nb, (unsigned int)c)) <= limit) {
		*below = p;
		c++;
	}
	return c;
}

static void check_shift(const double *a, size_t na, const double *b, size_t nb, double conf)
{
	struct stats_shift s;
	size_t m = na * nb, c;
	double d[64], below;

	brute_pairs(a, na, b, nb, d);
	c = brute_c(na, nb, (1 - conf) / 2, &below);
	assert_int_equal(stats_shift(a, na, b, nb, conf, &s), 0);
	assert_true(s.exact);
	assert_near(s.shift, (d[(m - 1) / 2] + d[m / 2]) / 2, EPS);
	assert_near(s.coverage, 1 - 2 * below, EPS);
	assert_int_equal(s.bounded, c > 0);
	assert_true(s.lo == (c ? d[c - 1] : -INFINITY));
	assert_true(s.hi == (c ? d[m - c] : INFINITY));
}

/* No confidence here is one that small arms reach exactly: rounding would decide. */
static void shift_and_interval_agree_with_enumeration(void **state)
{
	static const double conf[] = { 0.49, 0.79, 0.91, 0.951, 0.99 };
	uint64_t rng = 5;
	double a[6], b[6];

	(void)state;
	for (int round = 0; round < 150; round++) {
		size_t na = 1 + next_below(&rng, 5), nb = 1 + next_below(&rng, 5);

		if (round % 2) {
			fill_tied(&rng, a, na, 6);
			fill_tied(&rng, b, nb, 6);
		} else {
			fill_uniform(&rng, a, na, 0);
			fill_uniform(&rng, b, nb, 0.4);
		}
		check_shift(a, na, b, nb, conf[round % (int)ARRAY_SIZE(conf)]);
	}
}

static double p_after_moving_b(const double *a, const double *b, size_t n, double by)
{
	double moved[16];
	struct stats_mwu m;

	for (size_t i = 0; i < n; i++)
		moved[i] = b[i] - by;
	assert_int_equal(stats_mwu(a, n, moved, n, &m), 0);
	return m.p;
}

/* A shift is in the interval if and only if the test, with b moved back by it, does not reject. */
static void interval_is_the_inverse_of_the_test(void **state)
{
	uint64_t rng = 17;
	double a[10], b[10];

	(void)state;
	for (int round = 0; round < 50; round++) {
		struct stats_shift s;

		fill_uniform(&rng, a, 10, 0);
		fill_uniform(&rng, b, 10, 0.3);
		assert_int_equal(stats_shift(a, 10, b, 10, 0.95, &s), 0);
		assert_true(p_after_moving_b(a, b, 10, s.lo + 1e-9) > 0.05);
		assert_true(p_after_moving_b(a, b, 10, s.lo - 1e-9) <= 0.05);
		assert_true(p_after_moving_b(a, b, 10, s.hi - 1e-9) > 0.05);
		assert_true(p_after_moving_b(a, b, 10, s.hi + 1e-9) <= 0.05);
	}
}

/*
 * 8 against 8: the interval stands on U <= 13, P = 0.0249 each side (the critical value of the
 * table above), so 5000 trials miss 124 times below and above, give or take 11. Skewed data, so
 * that a normal interval would be off; fixed seed, and bounds six deviations away.
 */
static void interval_covers_as_often_as_it_says(void **state)
{
	const double true_shift = 3;
	uint64_t rng = 2024;
	int above = 0, below = 0;

	(void)state;
	for (int trial = 0; trial < 5000; trial++) {
		struct stats_shift s;
		double a[8], b[8];

		for (int i = 0; i < 8; i++) {
			a[i] = -log(1 - next_unit(&rng));
			b[i] = -log(1 - next_unit(&rng)) + true_shift;
		}
		assert_int_equal(stats_shift(a, 8, b, 8, 0.95, &s), 0);
		assert_true(s.coverage >= 0.95 && s.coverage < 0.951);
		above += s.lo > true_shift;
		below += s.hi < true_shift;
	}
	assert_in_range(above, 58, 190);
	assert_in_range(below, 58, 190);
}

/* 3 against 3 can promise 1 - 2/20 = 90 % and no more. */
static void small_arms_have_no_bounded_interval(void **state)
{
	static const double a[] = { 1, 2, 3 }, b[] = { 5, 6, 9 };
	struct stats_shift s;

	(void)state;
	assert_int_equal(stats_shift(a, 3, b, 3, 0.9, &s), 0);
	assert_true(s.bounded && s.lo == 2 && s.hi == 8);
	assert_near(s.coverage, 0.9, EPS);
	assert_int_equal(stats_shift(a, 3, b, 3, 0.901, &s), 0);
	assert_false(s.bounded);
	assert_true(s.lo == -INFINITY && s.hi == INFINITY && s.coverage == 1);
	assert_true(s.shift == 4);
	assert_int_equal(stats_shift(a, 1, b, 1, 0.5, &s), 0);
	assert_true(!s.bounded && s.shift == 4);
}

static void constant_arms_have_a_point_interval(void **state)
{
	static const double three[] = { 3, 3, 3, 3, 3 }, five[] = { 5, 5, 5, 5, 5 };
	struct stats_shift s;

	(void)state;
	assert_int_equal(stats_shift(three, 5, five, 5, 0.95, &s), 0);
	assert_true(s.bounded && s.shift == 2 && s.lo == 2 && s.hi == 2);
	assert_int_equal(stats_shift(three, 5, three, 5, 0.95, &s), 0);
	assert_true(s.bounded && s.shift == 0 && s.lo == 0 && s.hi == 0);
	assert_int_equal(stats_shift(three, 3, five, 3, 0.95, &s), 0);
	assert_true(!s.bounded && s.shift == 2);
}

/* Far beyond what could be stored pair by pair; the shift of shuffled copies is known. */
static void large_arms_get_a_shift_too(void **state)
{
	enum { N = 20001 };
	double *a = calloc(N, sizeof(*a)), *b = calloc(N, sizeof(*b));
	struct stats_shift s;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	for (size_t i = 0; i < N; i++) {
		a[i] = (double)(i * 7919 % N);
		b[i] = (double)(i * 104729 % N) + 250;
	}
	assert_int_equal(stats_shift(a, N, b, N, 0.95, &s), 0);
	assert_true(!s.exact && s.bounded && s.shift == 250);
	/* 1.96 sqrt(N^2 (2N + 1) / 12) pairs from the middle, 1 / N of them per unit of shift. */
	assert_near(s.lo, 250 - 113, 2);
	assert_near(s.hi, 250 + 113, 2);
	assert_near(s.coverage, 0.95, 0.0001);
	free(a);
	free(b);
}

/* One run more than the exact range must not move the interval by more than a neighbour or two. */
static void exact_and_approximate_intervals_meet_at_the_limit(void **state)
{
	struct stats_shift exact, approx;
	double a[101], b[100];

	(void)state;
	for (size_t i = 0; i < 101; i++)
		a[i] = (double)i;
	for (size_t i = 0; i < 100; i++)
		b[i] = (double)i + 0.25;
	assert_int_equal(stats_shift(a, 100, b, 100, 0.95, &exact), 0);
	assert_int_equal(stats_shift(a, 101, b, 100, 0.95, &approx), 0);
	assert_true(exact.exact && !approx.exact && approx.bounded);
	assert_near(exact.lo, approx.lo, 1);
	assert_near(exact.hi, approx.hi, 1);
	assert_near(approx.coverage, 0.95, 0.001);
}

/*
 * 120 against 110, all differences distinct: the rank c of the interval's lower end can be read off
 * the sorted differences. Mean and variance of U: 6600 and 13200 * 231 / 12 = 254100.
 */
static void large_arms_take_their_interval_from_the_normal_curve(void **state)
{
	double a[120], b[110], below, above, *d = calloc(13200, sizeof(*d));
	struct stats_shift s;
	size_t c = 0;

	(void)state;
	assert_non_null(d);
	for (size_t i = 0; i < 120; i++)
		a[i] = (double)i;
	for (size_t i = 0; i < 110; i++)
		b[i] = (double)i * 1.0001;
	brute_pairs(a, 120, b, 110, d);
	assert_int_equal(stats_shift(a, 120, b, 110, 0.95, &s), 0);
	assert_true(!s.exact && s.bounded);
	while (d[c] < s.lo)
		c++;
	assert_true(d[c] == s.lo && d[13199 - c] == s.hi);
	/* P(U <= c) with the array index c, one less than the rank, and the next one up. */
	below = erfc((6600 - (double)c - 0.5) / sqrt(2 * 254100.0));
	above = erfc((6600 - (double)c - 1.5) / sqrt(2 * 254100.0));
	assert_true(below <= 0.05 && above > 0.05);
	assert_near(s.coverage, 1 - below, EPS);
	free(d);
}

static void shift_refuses_nonsense_and_leaves_out_alone(void **state)
{
	static const double x[] = { 1, 2 }, bad[] = { NAN, 1 };
	struct stats_shift s = { .shift = 42 };

	(void)state;
	assert_int_equal(stats_shift(x, 0, x, 2, 0.95, &s), -EINVAL);
	assert_int_equal(stats_shift(x, 2, bad, 2, 0.95, &s), -EINVAL);
	assert_int_equal(stats_shift(x, 2, x, 2, 0, &s), -EINVAL);
	assert_int_equal(stats_shift(x, 2, x, 2, 1, &s), -EINVAL);
	assert_int_equal(stats_shift(x, 2, x, 2, NAN, &s), -EINVAL);
	assert_true(s.shift == 42);
}

/*
 * ---- Number of runs ----
 */

/* 2 / C(2n, n): n = 3 .1, 4 .0286, 5 .00794, 6 .00216, 7 .000583. */
static void runs_needed_by_hand(void **state)
{
	(void)state;
	assert_int_equal(stats_n_needed(0.05, 1), 4);
	assert_int_equal(stats_n_needed(0.05, 2), 5);
	assert_int_equal(stats_n_needed(0.05, 6), 5);
	assert_int_equal(stats_n_needed(0.05, 7), 6);
	assert_int_equal(stats_n_needed(0.05, 23), 6);
	assert_int_equal(stats_n_needed(0.05, 24), 7);
	assert_int_equal(stats_n_needed(0.01, 1), 5);
	/* Reaching alpha is not enough, stats_judge wants less. */
	assert_int_equal(stats_n_needed(0.1, 1), 4);
	assert_int_equal(stats_n_needed(0.05, 0), 0);
	assert_int_equal(stats_n_needed(0, 1), 0);
	assert_int_equal(stats_n_needed(NAN, 1), 0);
	assert_int_equal(stats_n_needed(1e-70, 1), 0);
}

/* The lowest adjusted p that `tests` separated pairs of arms of n runs can get. */
static double best_adjusted(size_t n, size_t tests)
{
	double p[64], adj[64];

	p[0] = p_of_u(n, n, 0);
	for (size_t i = 1; i < tests; i++)
		p[i] = 1;
	assert_int_equal(stats_holm(p, tests, adj), 0);
	return adj[0];
}

static void runs_needed_are_enough_and_one_less_is_not(void **state)
{
	(void)state;
	for (size_t tests = 1; tests <= 64; tests++) {
		size_t n = stats_n_needed(0.05, tests);

		assert_true(best_adjusted(n, tests) < 0.05);
		assert_false(best_adjusted(n - 1, tests) < 0.05);
	}
}

/*
 * ---- Holm ----
 */

/*
 * Sorted: .005 .01 .03 .04, times 4 3 2 1 = .02 .03 .06 .04; the last is raised to .06 because it
 * must not come out below the one before.
 */
static void holm_by_hand(void **state)
{
	static const double p[] = { 0.01, 0.04, 0.03, 0.005 };
	double adj[4];

	(void)state;
	assert_int_equal(stats_holm(p, 4, adj), 0);
	assert_near(adj[0], 0.03, EPS);
	assert_near(adj[1], 0.06, EPS);
	assert_near(adj[2], 0.06, EPS);
	assert_near(adj[3], 0.02, EPS);
}

static void holm_caps_at_one_and_treats_equals_equally(void **state)
{
	static const double p[] = { 0.6, 0.02, 0.9, 0.02, 0.3 };
	static const double want[] = { 1, 0.1, 1, 0.1, 0.9 };
	double adj[5];

	(void)state;
	assert_int_equal(stats_holm(p, 5, adj), 0);
	for (size_t i = 0; i < 5; i++)
		assert_near(adj[i], want[i], EPS);
	assert_int_equal(stats_holm(p, 1, adj), 0);
	assert_true(adj[0] == 0.6);
}

/* The textbook way: sort, multiply, carry the maximum. */
static void brute_holm(const double *p, size_t n, double *sorted, double *adj)
{
	double carry = 0;

	memcpy(sorted, p, n * sizeof(*p));
	qsort(sorted, n, sizeof(*sorted), cmp_double);
	for (size_t i = 0; i < n; i++) {
		carry = fmax(carry, fmin(1, (double)(n - i) * sorted[i]));
		adj[i] = carry;
	}
}

static void holm_agrees_with_sorting(void **state)
{
	uint64_t rng = 3;
	double p[20], adj[20], sorted[20], want[20];

	(void)state;
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + next_below(&rng, 20);

		for (size_t i = 0; i < n; i++)
			p[i] = pow((double)next_below(&rng, 30) / 29, 3);
		brute_holm(p, n, sorted, want);
		assert_int_equal(stats_holm(p, n, adj), 0);
		qsort(adj, n, sizeof(*adj), cmp_double);
		for (size_t i = 0; i < n; i++)
			assert_near(adj[i], want[i], EPS);
	}
}

static void holm_refuses_what_is_no_probability(void **state)
{
	static const double high[] = { 0.1, 1.5 }, low[] = { -0.1, 1 }, bad[] = { 0.1, NAN };
	double adj[2] = { 42, 42 };

	(void)state;
	assert_int_equal(stats_holm(high, 2, adj), -EINVAL);
	assert_int_equal(stats_holm(low, 2, adj), -EINVAL);
	assert_int_equal(stats_holm(bad, 2, adj), -EINVAL);
	assert_true(adj[0] == 42 && adj[1] == 42);
	assert_int_equal(stats_holm(high, 0, adj), 0);
}

/* The 15 tests of Benjamini & Hochberg 1995, section 4: at 5 % four are found, Holm finds three. */
static void bh_finds_what_was_published(void **state)
{
	static const double p[] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
				   0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.000};
	double adj[15], holm[15];
	size_t i, found = 0, held = 0;

	(void)state;
	assert_int_equal(stats_bh(p, 15, adj), 0);
	assert_int_equal(stats_holm(p, 15, holm), 0);
	for (i = 0; i < 15; i++) {
		found += adj[i] <= 0.05;
		held += holm[i] <= 0.05;
		assert_true(adj[i] >= p[i] && adj[i] <= holm[i] + EPS);
	}
	assert_int_equal(found, 4);
	assert_int_equal(held, 3);
	assert_near(adj[3], 0.0095 * 15 / 4, EPS);
}

static void bh_by_hand(void **state)
{
	static const double p[] = {0.04, 0.01, 0.03, 0.02, 0.9}, tied[] = {0.5, 0.5, 0.01};
	static const double want[] = {0.05, 0.05, 0.05, 0.05, 0.9};
	const double bad[] = {0.5, NAN};
	double adj[5];
	size_t i;

	(void)state;
	assert_int_equal(stats_bh(p, 5, adj), 0);
	for (i = 0; i < 5; i++)
		assert_near(adj[i], want[i], EPS);
	assert_int_equal(stats_bh(tied, 3, adj), 0);
	assert_near(adj[0], 0.5, EPS);
	assert_near(adj[1], 0.5, EPS);
	assert_near(adj[2], 0.03, EPS);
	assert_int_equal(stats_bh(bad, 2, adj), -EINVAL);
	assert_int_equal(stats_bh(p, 0, adj), 0);
}

/*
 * ---- Verdicts ----
 */

struct verdict_case {
	double base, shift, lo, hi, p;
	bool bounded;
	enum stats_verdict if_lower;	/* with STATS_DIR_LOWER */
	enum stats_verdict if_higher;	/* with STATS_DIR_HIGHER */
};

/* Margin: 5 % of the baseline, but at least 2. */
static const struct stats_gate gate = { .min_rel = 0.05, .min_abs = 2, .alpha = 0.05 };

static void check_verdict(const struct verdict_case *c)
{
	struct stats_shift s = {
		.shift = c->shift, .lo = c->lo, .hi = c->hi, .bounded = c->bounded,
	};

	assert_int_equal(stats_judge(STATS_DIR_LOWER, c->base, &s, c->p, &gate), c->if_lower);
	assert_int_equal(stats_judge(STATS_DIR_HIGHER, c->base, &s, c->p, &gate), c->if_higher);
	assert_int_equal(stats_judge(STATS_DIR_NONE, c->base, &s, c->p, &gate), STATS_NONE);
}

static void verdict_truth_table(void **state)
{
	const enum stats_verdict B = STATS_BETTER, W = STATS_WORSE;
	const enum stats_verdict S = STATS_SAME, U = STATS_UNDECIDED;
	const struct verdict_case t[] = {
		/* significant and large enough, both ways; the margin is 5 */
		{ 100, -10, -14, -6, 0.01, true, B, W },
		{ 100, 10, 6, 14, 0.01, true, W, B },
		{ -100, 10, 6, 14, 0.01, true, W, B },
		/* the margin itself is large enough, just below is not */
		{ 100, 5, 1, 9, 0.01, true, W, B },
		{ 100, 4.999, 1, 9, 0.01, true, U, U },
		/* alpha itself is not significant */
		{ 100, 10, 6, 14, 0.05, true, U, U },
		{ 100, 10, 6, 14, 0.0499, true, W, B },
		{ 100, 10, 6, 14, NAN, true, U, U },
		/* certain but too small to matter */
		{ 100, 3, 2, 4, 0.001, true, S, S },
		{ -100, 3, 2, 4, 0.001, true, S, S },
		/* not significant: the interval decides; the margin itself is not inside */
		{ 100, 1, -3, 4, 0.6, true, S, S },
		{ 100, 0, -4.999, 4.999, 1, true, S, S },
		{ 100, 0, -5, 4.999, 1, true, U, U },
		{ 100, 0, -4.999, 5, 1, true, U, U },
		{ 100, 0, -5, 5.001, 1, true, U, U },
		/* few runs prove nothing, whatever the numbers look like */
		{ 100, 0, -INFINITY, INFINITY, 1, false, U, U },
		{ 100, 0, 0, 0, 1, false, U, U },
		/* but a significant shift needs no bounded interval */
		{ 100, 10, -INFINITY, INFINITY, 0.01, false, W, B },
		/* a small baseline falls back on the absolute margin, 2 */
		{ 1, 1.5, 1, 1.9, 0.001, true, S, S },
		{ 1, 2, 1, 3, 0.001, true, W, B },
		{ 0, -2, -3, -1, 0.001, true, B, W },
		/* a baseline that is no number */
		{ NAN, 10, 6, 14, 0.01, true, U, U },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		check_verdict(&t[i]);
}

static void a_zero_margin_never_turns_no_shift_into_a_difference(void **state)
{
	static const struct stats_gate zero = { .alpha = 0.05 };
	struct stats_shift s = { .shift = 0, .lo = -1, .hi = 1, .bounded = true };

	(void)state;
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 1, &s, 0.01, &zero), STATS_UNDECIDED);
	s.lo = s.hi = 0;
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 1, &s, 0.01, &zero), STATS_SAME);
	s.shift = s.lo = s.hi = -1e-9;
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 1, &s, 0.01, &zero), STATS_BETTER);
}

static void verdict_without_a_sound_gate_is_undecided(void **state)
{
	static const struct stats_gate bad[] = {
		{ .min_rel = NAN, .min_abs = 1, .alpha = 0.05 },
		{ .min_rel = 0, .min_abs = NAN, .alpha = 0.05 },
		{ .min_rel = 0, .min_abs = INFINITY, .alpha = 0.05 },
		{ .min_rel = -1, .min_abs = -1, .alpha = 0.05 },
	};
	struct stats_shift s = { .shift = 10, .lo = 9, .hi = 11, .bounded = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(stats_judge(STATS_DIR_LOWER, 1, &s, 0.01, &bad[i]),
				 STATS_UNDECIDED);
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 1, NULL, 0.01, &gate), STATS_UNDECIDED);
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 1, &s, 0.01, NULL), STATS_UNDECIDED);
	assert_int_equal(stats_judge(STATS_DIR_NONE, 1, NULL, 0.01, NULL), STATS_NONE);
}

/* From samples to the verdict, with the real functions in between. */
static enum stats_verdict judge_samples(const double *a, const double *b, size_t n)
{
	struct stats_shift s;
	struct stats_mwu m;

	assert_int_equal(stats_mwu(a, n, b, n, &m), 0);
	assert_int_equal(stats_shift(a, n, b, n, 0.95, &s), 0);
	return stats_judge(STATS_DIR_LOWER, stats_median(a, n), &s, m.p, &gate);
}

static void samples_lead_to_the_expected_verdicts(void **state)
{
	static const double base[] = { 100, 101, 102, 103, 104, 105 };
	static const double less[] = { 80, 81, 84, 85, 86, 89 };
	static const double close[] = { 101, 100, 103, 102, 105, 104 };
	static const double wide[] = { 50, 160, 90, 120, 70, 140 };

	(void)state;
	assert_int_equal(judge_samples(base, less, 6), STATS_BETTER);
	assert_int_equal(judge_samples(less, base, 6), STATS_WORSE);
	assert_int_equal(judge_samples(base, close, 6), STATS_SAME);
	assert_int_equal(judge_samples(base, wide, 6), STATS_UNDECIDED);
	assert_int_equal(judge_samples(base, less, 3), STATS_UNDECIDED);
	assert_int_equal(judge_samples(base, base, 3), STATS_UNDECIDED);
}

/* One more each time, where one matters: among many tests not significant, but never SAME. */
static void a_shift_of_exactly_the_margin_is_never_the_same(void **state)
{
	static const struct stats_gate one = { .min_abs = 1, .alpha = 0.05 };
	static const double none[6] = { 0 }, all[] = { 1, 1, 1, 1, 1, 1 };
	struct stats_shift s;

	(void)state;
	assert_int_equal(stats_shift(none, 6, all, 6, 0.95, &s), 0);
	assert_true(s.bounded && s.lo == 1 && s.hi == 1);
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 0, &s, 1, &one), STATS_UNDECIDED);
	assert_int_equal(stats_judge(STATS_DIR_LOWER, 0, &s, 0.01, &one), STATS_WORSE);
}

static void verdicts_have_names(void **state)
{
	(void)state;
	assert_string_equal(stats_verdict_name(STATS_NONE), "none");
	assert_string_equal(stats_verdict_name(STATS_BETTER), "better");
	assert_string_equal(stats_verdict_name(STATS_WORSE), "worse");
	assert_string_equal(stats_verdict_name(STATS_SAME), "same");
	assert_string_equal(stats_verdict_name(STATS_UNDECIDED), "undecided");
	assert_string_equal(stats_verdict_name((enum stats_verdict)7), "invalid");
}

/*
 * ---- Histograms ----
 */

static void histogram_quantile_is_the_bound_of_its_bucket(void **state)
{
	static const struct stats_bucket b[] = {
		{ 10, 0 }, { 20, 50 }, { 40, 40 }, { 80, 0 }, { 160, 9 }, { 320, 1 }, { 640, 0 },
	};

	(void)state;
	assert_int_equal(stats_hist_total(b, ARRAY_SIZE(b)), 100);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 1e-9), 20);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 0.5), 20);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 0.501), 40);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 0.9), 40);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 0.91), 160);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 0.99), 160);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 0.999), 320);
	assert_int_equal(stats_hist_quantile(b, ARRAY_SIZE(b), 1), 320);
}

/* Every k / 100 of 100 events, one to a bucket, is event k, whatever k / 100 rounds to. */
static void histogram_rank_survives_rounding(void **state)
{
	struct stats_bucket b[100];

	(void)state;
	for (size_t i = 0; i < 100; i++)
		b[i] = (struct stats_bucket){ .upper = i + 1, .count = 1 };
	for (uint64_t k = 1; k <= 100; k++)
		assert_int_equal(stats_hist_quantile(b, 100, (double)k / 100), k);
}

static void histogram_takes_huge_counts(void **state)
{
	static const struct stats_bucket b[] = { { 1, UINT64_MAX - 1 }, { 2, 1 }, { 3, 0 } };

	(void)state;
	assert_int_equal(stats_hist_quantile(b, 3, 0.5), 1);
	assert_int_equal(stats_hist_quantile(b, 3, 1), 2);
	for (uint64_t count = UINT64_MAX; count; count /= 3) {
		const struct stats_bucket all = { .upper = 9, .count = count };

		assert_int_equal(stats_hist_quantile(&all, 1, nextafter(1, 0)), 9);
	}
}

static void histogram_without_events_or_with_a_bad_q_gives_zero(void **state)
{
	static const struct stats_bucket none[] = { { 10, 0 }, { 20, 0 } }, one[] = { { 10, 1 } };

	(void)state;
	assert_int_equal(stats_hist_quantile(none, 2, 0.5), 0);
	assert_int_equal(stats_hist_quantile(NULL, 0, 0.5), 0);
	assert_int_equal(stats_hist_quantile(one, 1, 0), 0);
	assert_int_equal(stats_hist_quantile(one, 1, 1.01), 0);
	assert_int_equal(stats_hist_quantile(one, 1, NAN), 0);
	assert_int_equal(stats_hist_quantile(one, 1, 0.01), 10);
}

/*
 * ---- Spread ----
 */

static void spread_by_hand(void **state)
{
	/* Mean 5, squares 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32; sd = sqrt(32 / 7). */
	static const double x[] = { 2, 4, 4, 4, 5, 5, 7, 9 };
	struct stats_spread s;

	(void)state;
	assert_int_equal(stats_spread(x, ARRAY_SIZE(x), &s), 0);
	assert_int_equal(s.n, 8);
	assert_near(s.mean, 5, EPS);
	assert_near(s.sd, 2.138089935299395, EPS);
	assert_near(s.cv, 0.427617987059879, EPS);
	assert_near(s.median, 4.5, 0);
	assert_near(s.min, 2, 0);
	assert_near(s.max, 9, 0);
	/* Distances 2.5 .5 .5 .5 .5 .5 2.5 4.5: their median is 0.5. */
	assert_near(s.robust_cv, 1.482602218505602 * 0.5 / 4.5, EPS);
}

static void one_wild_value_moves_the_cv_and_not_the_robust_one(void **state)
{
	static const double x[] = { 100, 101, 99, 102, 98, 100, 101, 1000 };
	struct stats_spread s;

	(void)state;
	assert_int_equal(stats_spread(x, ARRAY_SIZE(x), &s), 0);
	assert_true(s.cv > 1);
	assert_true(s.robust_cv < 0.02);
}

static void spread_is_a_number_only_where_it_means_something(void **state)
{
	static const double one[] = { 7 }, same[] = { 3, 3, 3 }, zeros[] = { 0, 0, 0, 5 };
	static const double signs[] = { -1, 1 }, below[] = { -90, -110 };
	static const double huge[] = { 8e307, -8e307, 8e307 };
	struct stats_spread s;

	(void)state;
	assert_int_equal(stats_spread(one, 1, &s), 0);
	assert_true(isnan(s.sd) && isnan(s.cv) && isnan(s.robust_cv));
	assert_near(s.mean, 7, 0);
	assert_int_equal(stats_spread(same, 3, &s), 0);
	assert_true(s.cv == 0 && s.robust_cv == 0);
	assert_int_equal(stats_spread(zeros, 4, &s), 0);
	assert_true(s.cv > 0 && isnan(s.robust_cv));
	assert_int_equal(stats_spread(signs, 2, &s), 0);
	assert_true(isnan(s.cv) && isnan(s.robust_cv));
	assert_int_equal(stats_spread(below, 2, &s), 0);
	assert_near(s.cv, sqrt(200) / 100, EPS);
	assert_int_equal(stats_spread(huge, 3, &s), 0);
	assert_true(isfinite(s.sd) && isfinite(s.cv) && isfinite(s.robust_cv));
	s.n = 77;
	assert_int_equal(stats_spread(one, 0, &s), -EINVAL);
	assert_int_equal(stats_spread((double[]){ 1, NAN }, 2, &s), -EINVAL);
	assert_int_equal(s.n, 77);
}

/*
 * 2 (1.959964 + 0.841621)^2 = 15.69776 runs for a change of one standard deviation by the test on
 * means (the textbooks' 16), divided by 3 / pi = 0.954930, and 1.959964^2 / 4 = 0.960365 more.
 */
static void runs_for_a_change_by_hand(void **state)
{
	(void)state;
	assert_int_equal(stats_n_for_change(0.05, 0.05, 0.05, 0.8), 18);   /* 16.439 + .960 */
	assert_int_equal(stats_n_for_change(0.10, 0.05, 0.05, 0.8), 67);   /* 65.755 + .960 */
	assert_int_equal(stats_n_for_change(0.50, 0.05, 0.05, 0.8), 1645); /* 1643.87 + .96 */
	/* 2 (1.959964 + 1.281552)^2 = 21.01485, over 0.954930 = 22.007. */
	assert_int_equal(stats_n_for_change(0.05, 0.05, 0.05, 0.9), 23);
	/* 2 (2.575829 + 0.841621)^2 = 23.35793, over 0.954930 = 24.460, and 1.659. */
	assert_int_equal(stats_n_for_change(0.05, 0.05, 0.01, 0.8), 27);
	/* Only the ratio counts. */
	assert_int_equal(stats_n_for_change(0.02, 0.01, 0.05, 0.8), 67);
}

static void runs_for_a_change_have_a_floor_and_a_domain(void **state)
{
	(void)state;
	/* 2 / C(8, 4) = 0.0286 is the first below 0.05, 2 / C(10, 5) = 0.0079 the first below 0.01. */
	assert_int_equal(stats_n_for_change(0, 0.05, 0.05, 0.8), 4);
	assert_int_equal(stats_n_for_change(0.02, 0.05, 0.05, 0.8), 4);
	assert_int_equal(stats_n_for_change(0.01, 0.05, 0.01, 0.8), 5);
	assert_int_equal(stats_n_for_change(1, 0.05, 0.05, 0.001), 4);
	assert_int_equal(stats_n_for_change(-0.1, 0.05, 0.05, 0.8), 0);
	assert_int_equal(stats_n_for_change(NAN, 0.05, 0.05, 0.8), 0);
	assert_int_equal(stats_n_for_change(INFINITY, 0.05, 0.05, 0.8), 0);
	assert_int_equal(stats_n_for_change(0.1, 0, 0.05, 0.8), 0);
	assert_int_equal(stats_n_for_change(0.1, 0.05, 0, 0.8), 0);
	assert_int_equal(stats_n_for_change(0.1, 0.05, 0.05, 1), 0);
	assert_int_equal(stats_n_for_change(0.1, 0.05, 1, 0.8), 0);
	assert_int_equal(stats_n_for_change(1e9, 1e-9, 0.05, 0.8), 0);
}

/* The estimate has to be at least the floor: 1.281552^2 2 / 0.954930 = 3.4397. */
static void runs_for_a_verdict_by_hand(void **state)
{
	(void)state;
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, 0, 0.05, 0.9), 23);
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, 0.02, 0.05, 0.9), 23);  /* 9.55 */
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, 0.04, 0.05, 0.9), 86);  /* 85.99 */
	assert_int_equal(stats_n_for_verdict(0, 0.05, 0.04, 0.05, 0.9), 4);
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, 0.04, 0.05, 0.4),
			 stats_n_for_change(0.05, 0.05, 0.05, 0.4));
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, 0.05, 0.05, 0.9), 0);
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, -1, 0.05, 0.9), 0);
	assert_int_equal(stats_n_for_verdict(0.05, 0.05, NAN, 0.05, 0.9), 0);
	assert_int_equal(stats_n_for_verdict(1, 0.05, 0.0499999, 0.05, 0.9), 0);
}

/* The change that n runs show takes n runs, and one a little smaller takes more. */
static void a_change_for_n_is_the_inverse(void **state)
{
	static const double floors[] = { 0, 0.02, 0.1 };

	(void)state;
	for (size_t n = 4; n < 60; n += 3)
		for (size_t i = 0; i < ARRAY_SIZE(floors); i++) {
			double f = floors[i], c = stats_change_for_verdict(0.05, n, f, 0.05, 0.8);
			size_t less = stats_n_for_verdict(0.05, c * 0.999, f, 0.05, 0.8);

			assert_in_range(stats_n_for_verdict(0.05, c * 1.0001, f, 0.05, 0.8), 4, n);
			assert_true(less > n || n == 4 || c * 0.999 <= f);
		}
	assert_true(isinf(stats_change_for_n(0.05, 3, 0.05, 0.8)));
	assert_true(isinf(stats_change_for_verdict(0.05, 3, 0.02, 0.05, 0.8)));
	assert_true(stats_change_for_n(0, 8, 0.05, 0.8) == 0);
	assert_true(stats_change_for_verdict(0, 8, 0.02, 0.05, 0.8) == 0.02);
	assert_true(isnan(stats_change_for_n(-1, 8, 0.05, 0.8)));
	assert_true(isnan(stats_change_for_n(0.05, 8, 0, 0.8)));
	assert_true(isnan(stats_change_for_verdict(0.05, 8, -0.1, 0.05, 0.8)));
}

static void shares_have_a_domain(void **state)
{
	struct stats_share s = { .share = 77 };

	(void)state;
	assert_int_equal(stats_share(0, 0, 0.95, &s), -EINVAL);
	assert_int_equal(stats_share(2, 1, 0.95, &s), -EINVAL);
	assert_int_equal(stats_share(1, (size_t)STATS_SHARE_MAX + 1, 0.95, &s), -EINVAL);
	assert_int_equal(stats_share(1, 2, 0, &s), -EINVAL);
	assert_int_equal(stats_share(1, 2, NAN, &s), -EINVAL);
	assert_true(s.share == 77);
	assert_int_equal(stats_share(0, 10, 0.95, &s), 0);
	/* 1 - 0.025^(1 / 10) */
	assert_true(s.lo == 0 && s.share == 0);
	assert_near(s.hi, 0.30849710781876, 1e-12);
	assert_int_equal(stats_share(10, 10, 0.95, &s), 0);
	assert_true(s.hi == 1 && s.share == 1);
	assert_true(isnan(stats_beta(1.1, 1, 1)) && isnan(stats_beta(0.5, 0, 1)));
	assert_true(isnan(stats_t_quantile(0, 1)) && isnan(stats_t_quantile(0.5, 0)));
	assert_true(isnan(stats_t_quantile(0.5, INFINITY)));
	assert_near(stats_t_quantile(0.975, 2), 4.302652729911, 1e-9);
}

/* Box and Muller. */
static double next_normal(uint64_t *seed)
{
	double u = 1 - next_unit(seed), v = next_unit(seed);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* What the formula promises, the test keeps: that share of 1500 experiments finds the change. */
static void so_many_runs_find_the_change_that_often(void **state)
{
	size_t n = stats_n_for_change(0.06, 0.05, 0.05, 0.8), found = 0;
	double a[64], b[64];
	uint64_t seed = 11;
	struct stats_mwu r;

	(void)state;
	assert_int_equal(n, 25);
	for (int trial = 0; trial < 1500; trial++) {
		for (size_t i = 0; i < n; i++) {
			a[i] = 1 + 0.06 * next_normal(&seed);
			b[i] = 1.05 + 0.06 * next_normal(&seed);
		}
		assert_int_equal(stats_mwu(a, n, b, n, &r), 0);
		found += r.p < 0.05;
	}
	/* 1200, give or take two of its standard deviations of 15.5. */
	assert_in_range(found, 1169, 1231);
}

/* Two heaps of equal size, six of their standard deviations apart, or normal, around 100. */
static double next_value(uint64_t *seed, bool heaps)
{
	double heap = next_unit(seed) < 0.5 ? -3 : 3;

	return 100 + (heaps ? heap : 0) + next_normal(seed);
}

/* How often two arms of n, one of them 5 % of 100 higher, have p < 0.05 / 68. */
static double share_found(size_t n, bool heaps)
{
	size_t found = 0, trials = 1500;
	uint64_t seed = 5;
	double a[64], b[64];

	for (size_t t = 0; t < trials; t++) {
		struct stats_mwu r;

		for (size_t i = 0; i < n; i++) {
			a[i] = next_value(&seed, heaps);
			b[i] = next_value(&seed, heaps) + 5;
		}
		assert_int_equal(stats_mwu(a, n, b, n, &r), 0);
		found += r.p < 0.05 / 68 && r.a12 > 0.5;
	}
	return (double)found / (double)trials;
}

static void runs_by_values_that_are_not_normal(void **state)
{
	const struct stats_aim aim = {0.05, 0.02, 0.05 / 68, 0.9};
	struct stats_spread s;
	double heaps[200], normal[200];
	uint64_t seed = 3;
	size_t n, by_formula;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heaps); i++) {
		heaps[i] = next_value(&seed, true);
		normal[i] = 100 + 3 * next_normal(&seed);
	}
	assert_int_equal(stats_spread(heaps, ARRAY_SIZE(heaps), &s), 0);
	by_formula = stats_n_for_verdict(s.cv, aim.change, aim.floor, aim.p_alpha, aim.power);
	assert_int_equal(stats_n_for_values(heaps, ARRAY_SIZE(heaps), &aim, &n), 0);
	/* Such data is why it is there: what the formula says finds far less than nine in ten. */
	assert_true(share_found(by_formula, true) < 0.8);
	assert_true(share_found(n, true) > 0.88);
	/* And of normal data it says the same, or one or two more. */
	assert_int_equal(stats_spread(normal, ARRAY_SIZE(normal), &s), 0);
	by_formula = stats_n_for_verdict(s.cv, aim.change, aim.floor, aim.p_alpha, aim.power);
	assert_int_equal(stats_n_for_values(normal, ARRAY_SIZE(normal), &aim, &n), 0);
	assert_in_range(n, by_formula, by_formula + 2);
}

/*
 * Drawn as they are, eight values vary by seven eighths of what they were drawn from, and promise as much too
 * much; 20 such samples ask for 1.06 times what the formula says then, and for 1.19 times with all of it.
 */
static void runs_by_few_values(void **state)
{
	const struct stats_aim aim = {0.05, 0.02, 0.05 / 68, 0.9};
	size_t n, by_values = 0, by_formula = 0;
	uint64_t seed = 5;
	struct stats_spread s;
	double x[8];

	(void)state;
	for (size_t k = 0; k < 20; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(x); i++)
			x[i] = 100 + 3 * stats_random_normal(&seed);
		assert_int_equal(stats_spread(x, ARRAY_SIZE(x), &s), 0);
		by_formula += stats_n_for_verdict(s.cv, aim.change, aim.floor, aim.p_alpha, aim.power);
		assert_int_equal(stats_n_for_values(x, ARRAY_SIZE(x), &aim, &n), 0);
		by_values += n;
	}
	assert_in_range(100 * by_values / by_formula, 113, 125);
}

static void runs_by_values_have_a_domain(void **state)
{
	static const double same[8] = {7, 7, 7, 7, 7, 7, 7, 7}, few[] = {99, 99, 99, 101, 101, 101, 101},
			    none[8] = {0};
	struct stats_aim aim = {0.05, 0.02, 0.05, 0.9};
	struct stats_spread s;
	size_t n = 77;

	(void)state;
	assert_int_equal(stats_n_for_values(few, 0, &aim, &n), -EINVAL);
	assert_int_equal(stats_n_for_values((double[]){1, NAN}, 2, &aim, &n), -EINVAL);
	assert_int_equal(n, 77);
	assert_int_equal(stats_n_for_values(same, 8, &aim, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(stats_n_for_values(none, 8, &aim, &n), 0);
	assert_int_equal(n, 0);
	/* Too few to draw from. */
	assert_int_equal(stats_spread(few, 7, &s), 0);
	assert_int_equal(stats_n_for_values(few, 7, &aim, &n), 0);
	assert_int_equal(n, stats_n_for_verdict(s.cv, 0.05, 0.02, 0.05, 0.9));
	aim.floor = aim.change;
	assert_int_equal(stats_n_for_values(same, 8, &aim, &n), 0);
	assert_int_equal(n, 0);
}

/*
 * ---- Many numbers together ----
 */

static void labels_of(size_t na, size_t nb, bool paired, size_t nr)
{
	struct stats_labels l;
	size_t i, k, m;

	assert_int_equal(stats_labels_make(na, nb, paired, 2000, &l), 0);
	assert_true(l.all);
	assert_int_equal(l.nr, nr);
	/* The first is the true one, and no two are the same or mirror images. */
	for (i = 0; i < l.n; i++)
		assert_true(l.w[i * nr] == (paired || i >= na ? 1 : 0));
	for (i = 0; i < nr; i++)
		for (k = 0; k < i; k++) {
			size_t same = 0;

			for (m = 0; m < l.n; m++)
				same += l.w[m * nr + i] == l.w[m * nr + k];
			assert_true(same < l.n && (same > 0 || (!paired && na != nb)));
		}
	stats_labels_release(&l);
}

static void labellings_are_all_there_once(void **state)
{
	(void)state;
	labels_of(1, 1, false, 1);
	labels_of(2, 3, false, 10);
	labels_of(3, 3, false, 10);	/* C(6, 3) / 2 */
	labels_of(4, 4, false, 35);
	labels_of(5, 3, false, 56);
	labels_of(4, 4, true, 8);	/* 2^3 */
	labels_of(8, 8, true, 128);
}

static void drawn_labellings_keep_the_sizes(void **state)
{
	struct stats_labels l;
	size_t i, k, first = 0;

	(void)state;
	assert_int_equal(stats_labels_make(12, 9, false, 500, &l), 0);
	assert_false(l.all);
	assert_int_equal(l.nr, 500);
	for (i = 0; i < l.nr; i++) {
		double in_b = 0;

		for (k = 0; k < l.n; k++)
			in_b += l.w[k * l.nr + i];
		assert_true(in_b == 9);
		first += l.w[i] == 1;
	}
	/* The first run is in b with a chance of 9 in 21. */
	assert_true(first > 170 && first < 260);
	stats_labels_release(&l);
}

/* Means 2 and 6, variance 1 in each: 4 / (1 + floor).  No other of ten labellings is as far apart. */
static void distance_by_hand(void **state)
{
	static const double x[] = {1, 2, 3, 5, 6, 7}, y[] = {5, 5, 5, 5, 5, 6};
	struct stats_labels l;
	double best[10] = {0}, d;

	(void)state;
	assert_int_equal(stats_labels_make(3, 3, false, 100, &l), 0);
	d = stats_labels_distance(&l, x, 0.25, best);
	assert_near(d, 3.2, EPS);
	assert_near(best[0], 3.2, EPS);
	assert_near(stats_labels_p(&l, x), 0.1, EPS);
	assert_near(stats_labels_p_of(&l, best, d), 0.1, EPS);
	/* One run that is off is as far off whatever it is called: nothing. */
	assert_near(stats_labels_p(&l, y), 1, EPS);
	/* And together with it the first is still the farthest, 1/3 / (sqrt(1/6) + 0.001) < 3.2. */
	stats_labels_distance(&l, y, 0.001, best);
	assert_near(stats_labels_p_of(&l, best, d), 0.1, EPS);
	stats_labels_release(&l);
}

/* Each pair differs by 2, however far apart the pairs are: 2 / floor; one of four ways to sign three. */
static void pairs_hold_what_seeds_have_in_common(void **state)
{
	static const double x[] = {1, 1000, 50, 3, 1002, 52};
	struct stats_labels l;
	double best[4] = {0};

	(void)state;
	assert_int_equal(stats_labels_make(3, 3, true, 100, &l), 0);
	assert_near(stats_labels_distance(&l, x, 0.5, best), 4, EPS);
	assert_near(stats_labels_p(&l, x), 0.25, EPS);
	/* Signs +, +, -: mean 2/3, squares 12, variance of the differences 16/3, half of it 8/3. */
	assert_near(best[1], (2.0 / 3) / (sqrt(8.0 / 3) + 0.5), EPS);
	stats_labels_release(&l);
}

/* Of ranks without ties the difference of means is the rank sum, and p that of Mann and Whitney. */
static void labels_agree_with_mann_and_whitney(void **state)
{
	uint64_t seed = 11;
	size_t i, k, trial;

	(void)state;
	for (trial = 0; trial < 50; trial++) {
		struct stats_labels l;
		struct stats_mwu m;
		double x[10];

		for (i = 0; i < 10; i++)
			x[i] = (double)i;
		for (i = 10; i > 1; i--) {
			double was = x[i - 1];

			k = next_u64(&seed) % i;
			x[i - 1] = x[k];
			x[k] = was;
		}
		assert_int_equal(stats_labels_make(5, 5, false, 1000, &l), 0);
		assert_int_equal(stats_mwu(x, 5, x + 5, 5, &m), 0);
		assert_near(stats_labels_p(&l, x), m.p, EPS);
		stats_labels_release(&l);
	}
}

static void labels_refuse_nonsense(void **state)
{
	struct stats_labels l;

	(void)state;
	assert_int_equal(stats_labels_make(0, 3, false, 10, &l), -EINVAL);
	assert_int_equal(stats_labels_make(3, 0, false, 10, &l), -EINVAL);
	assert_int_equal(stats_labels_make(3, 4, true, 10, &l), -EINVAL);
	assert_int_equal(stats_labels_make(3, 3, false, 0, &l), -EINVAL);
	assert_int_equal(stats_labels_make(150, 150, false, 10, &l), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labellings_are_all_there_once),
		cmocka_unit_test(drawn_labellings_keep_the_sizes),
		cmocka_unit_test(distance_by_hand),
		cmocka_unit_test(pairs_hold_what_seeds_have_in_common),
		cmocka_unit_test(labels_agree_with_mann_and_whitney),
		cmocka_unit_test(labels_refuse_nonsense),
		cmocka_unit_test(median_of_odd_and_even_samples),
		cmocka_unit_test(median_leaves_its_input_alone),
		cmocka_unit_test(quantile_interpolates_as_type_7),
		cmocka_unit_test(quantiles_agree_with_sorting),
		cmocka_unit_test(zero_comes_out_without_a_sign),
		cmocka_unit_test(quantile_of_nonsense_is_nan),
		cmocka_unit_test(summary_has_the_five_numbers),
		cmocka_unit_test(p_matches_the_table_of_mann_and_whitney),
		cmocka_unit_test(p_crosses_alpha_at_the_tabulated_critical_values),
		cmocka_unit_test(ties_by_hand),
		cmocka_unit_test(p_agrees_with_enumeration_with_and_without_ties),
		cmocka_unit_test(swapping_the_arms_mirrors_u_and_keeps_p),
		cmocka_unit_test(separated_arms_reach_the_smallest_p),
		cmocka_unit_test(the_middle_of_u_gives_p_of_one),
		cmocka_unit_test(constant_arms_are_well_defined),
		cmocka_unit_test(large_arms_use_the_tie_corrected_normal_curve),
		cmocka_unit_test(exact_and_approximate_p_meet_at_the_limit),
		cmocka_unit_test(mwu_refuses_nonsense_and_leaves_out_alone),
		cmocka_unit_test(shift_is_the_median_difference_by_hand),
		cmocka_unit_test(shift_and_interval_agree_with_enumeration),
		cmocka_unit_test(interval_is_the_inverse_of_the_test),
		cmocka_unit_test(interval_covers_as_often_as_it_says),
		cmocka_unit_test(small_arms_have_no_bounded_interval),
		cmocka_unit_test(constant_arms_have_a_point_interval),
		cmocka_unit_test(large_arms_get_a_shift_too),
		cmocka_unit_test(exact_and_approximate_intervals_meet_at_the_limit),
		cmocka_unit_test(large_arms_take_their_interval_from_the_normal_curve),
		cmocka_unit_test(shift_refuses_nonsense_and_leaves_out_alone),
		cmocka_unit_test(runs_needed_by_hand),
		cmocka_unit_test(runs_needed_are_enough_and_one_less_is_not),
		cmocka_unit_test(spread_by_hand),
		cmocka_unit_test(one_wild_value_moves_the_cv_and_not_the_robust_one),
		cmocka_unit_test(spread_is_a_number_only_where_it_means_something),
		cmocka_unit_test(runs_for_a_change_by_hand),
		cmocka_unit_test(runs_for_a_change_have_a_floor_and_a_domain),
		cmocka_unit_test(runs_for_a_verdict_by_hand),
		cmocka_unit_test(a_change_for_n_is_the_inverse),
		cmocka_unit_test(shares_have_a_domain),
		cmocka_unit_test(so_many_runs_find_the_change_that_often),
		cmocka_unit_test(runs_by_values_that_are_not_normal),
		cmocka_unit_test(runs_by_few_values),
		cmocka_unit_test(runs_by_values_have_a_domain),
		cmocka_unit_test(holm_by_hand),
		cmocka_unit_test(holm_caps_at_one_and_treats_equals_equally),
		cmocka_unit_test(holm_agrees_with_sorting),
		cmocka_unit_test(holm_refuses_what_is_no_probability),
		cmocka_unit_test(bh_finds_what_was_published),
		cmocka_unit_test(bh_by_hand),
		cmocka_unit_test(verdict_truth_table),
		cmocka_unit_test(a_zero_margin_never_turns_no_shift_into_a_difference),
		cmocka_unit_test(verdict_without_a_sound_gate_is_undecided),
		cmocka_unit_test(samples_lead_to_the_expected_verdicts),
		cmocka_unit_test(a_shift_of_exactly_the_margin_is_never_the_same),
		cmocka_unit_test(verdicts_have_names),
		cmocka_unit_test(histogram_quantile_is_the_bound_of_its_bucket),
		cmocka_unit_test(histogram_rank_survives_rounding),
		cmocka_unit_test(histogram_takes_huge_counts),
		cmocka_unit_test(histogram_without_events_or_with_a_bad_q_gives_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
