// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what harness/stats makes of random samples, as calls of functions in R; tests/unit/stats.R
 * defines them, and stops where R makes something else of the samples.
 */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "stats/boot.h"
#include "stats/looks.h"
#include "stats/series.h"
#include "stats/stats.h"

#define MOST 300

static uint64_t seed = 1;

static void print_value(const char *name, double value)
{
	printf(", %s=%.17g", name, value);
}

static void print_values(const char *name, const double *x, size_t n)
{
	size_t i;

	printf("%s=c(", name);
	for (i = 0; i < n; i++)
		printf("%s%.17g", i ? ", " : "", x[i]);
	printf(")");
}

static void check(int ret, const char *what)
{
	if (!ret)
		return;
	fprintf(stderr, "%s: %d\n", what, ret);
	exit(1);
}

static double uniform(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((double)((seed * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

/* Without ties, or of few values. */
static void fill(double *x, size_t n, double shift, unsigned int values)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = shift + (values ? floor(uniform() * values) : stats_normal_quantile(uniform()));
}

static void two_arms(size_t na, size_t nb, double shift, unsigned int values)
{
	double a[MOST], b[MOST];
	struct stats_shift s;
	struct stats_mwu m;

	fill(a, na, 0, values);
	fill(b, nb, shift, values);
	check(stats_mwu(a, na, b, nb, &m), "stats_mwu");
	check(stats_shift(a, na, b, nb, 0.95, &s), "stats_shift");
	printf("arms(");
	print_values("a", a, na);
	print_values(", b", b, nb);
	print_value("u", m.u);
	print_value("p", m.p);
	print_value("a12", m.a12);
	print_value("shift", s.shift);
	print_value("lo", s.bounded ? s.lo : 0);
	print_value("hi", s.bounded ? s.hi : 0);
	printf(", bounded=%s)\n", s.bounded ? "TRUE" : "FALSE");
}

/* Arms that are the same within a margin: two one-sided tests, the other way about. */
static void same_within(size_t na, size_t nb, double shift, double margin)
{
	const struct stats_gate gate = {.min_abs = margin, .alpha = 0};
	double a[MOST], b[MOST];
	struct stats_shift s;

	fill(a, na, 0, 0);
	fill(b, nb, shift, 0);
	check(stats_shift(a, na, b, nb, 0.95, &s), "stats_shift");
	printf("within(");
	print_values("a", a, na);
	print_values(", b", b, nb);
	print_value("margin", margin);
	printf(", is=%s)\n",
	       stats_judge(STATS_DIR_LOWER, 1, &s, 1, &gate) == STATS_SAME ? "TRUE" : "FALSE");
}

static void share(size_t k, size_t n, double conf)
{
	struct stats_share s;

	check(stats_share(k, n, conf, &s), "stats_share");
	printf("share(k=%zu, n=%zu", k, n);
	print_value("conf", conf);
	print_value("lo", s.lo);
	print_value("hi", s.hi);
	printf(")\n");
}

static void student(double p, double df)
{
	printf("student(p=%.17g", p);
	print_value("df", df);
	print_value("t", stats_t_quantile(p, df));
	printf(")\n");
}

static void beta(double x, double a, double b)
{
	printf("incomplete(x=%.17g", x);
	print_value("a", a);
	print_value("b", b);
	print_value("p", stats_beta(x, a, b));
	printf(")\n");
}

static void labels(size_t na, size_t nb, unsigned int values)
{
	struct stats_labels l;
	double x[MOST];

	fill(x, na, 0, values);
	fill(x + na, nb, 1, values);
	check(stats_labels_make(na, nb, false, 100000, &l), "stats_labels_make");
	printf("labels(");
	print_values("x", x, na + nb);
	print_value("na", (double)na);
	print_value("p", stats_labels_p(&l, x));
	printf(")\n");
	stats_labels_release(&l);
}

static void one_arm(size_t n, unsigned int values)
{
	double x[MOST], q = uniform();
	struct stats_spread s;

	fill(x, n, 10, values);
	check(stats_spread(x, n, &s), "stats_spread");
	printf("arm(");
	print_values("x", x, n);
	print_value("median", s.median);
	print_value("sd", s.sd);
	print_value("robust", s.robust_cv);
	print_value("at", q);
	print_value("quantile", stats_quantile(x, n, q));
	print_value("noise", stats_noise(x, n));
	print_value("z", stats_normal_quantile(q));
	printf(")\n");
}

static void family(size_t n)
{
	double p[MOST], holm[MOST], bh[MOST];
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = pow(uniform(), 3);
	if (n > 3)
		p[1] = p[2];
	check(stats_holm(p, n, holm), "stats_holm");
	check(stats_bh(p, n, bh), "stats_bh");
	printf("family(");
	print_values("p", p, n);
	print_values(", holm", holm, n);
	print_values(", bh", bh, n);
	printf(")\n");
}

static void looks(size_t n, enum stats_spending how)
{
	double share[MOST], p[MOST], at = 0;
	size_t i;

	for (i = 0; i < n; i++)
		share[i] = at += 0.1 + uniform();
	for (i = 0; i < n; i++)
		share[i] /= at;
	share[n - 1] = 1;
	check(stats_looks(share, n, 0.05, how, p), "stats_looks");
	printf("looks(");
	print_values("share", share, n);
	print_values(", p", p, n);
	printf(", pocock=%s)\n", how == STATS_POCOCK ? "TRUE" : "FALSE");
}

/* The first that is found is the best split of the whole, where it is the only one. */
static void change(size_t n, size_t at, unsigned int values)
{
	struct stats_change c[MOST];
	double x[MOST];
	size_t nr;

	fill(x, at, 0, values);
	fill(x + at, n - at, 7, values);
	check(stats_changes(x, n, 2, 0.01, c, &nr), "stats_changes");
	printf("change(");
	print_values("x", x, n);
	print_value("nr", (double)nr);
	print_value("at", nr ? (double)c[0].at : 0);
	printf(")\n");
}

static void boot(size_t na, size_t nb)
{
	double a[MOST], b[MOST];
	const struct stats_sample s[] = {{a, na}, {b, nb}};
	struct stats_boot out;

	fill(a, na, 10, 0);
	fill(b, nb, 12, 0);
	check(stats_boot(stats_geomean_ratio, NULL, s, 2, 0.9, 50000, &out), "stats_boot");
	printf("ratio(");
	print_values("a", a, na);
	print_values(", b", b, nb);
	print_value("value", out.value);
	print_value("lo", out.lo);
	print_value("hi", out.hi);
	printf(")\n");
}

int main(void)
{
	size_t i;

	for (i = 0; i < 60; i++) {
		two_arms(2 + i % 19, 2 + i % 13, (double)(i % 5) / 2, 0);
		two_arms(2 + i % 5, 2 + i % 6, (double)(i % 3), 4);
		labels(2 + i % 5, 2 + i % 4, i % 2 ? 3 : 0);
		one_arm(2 + i, i % 2 ? 6 : 0);
		family(1 + i);
		same_within(4 + i % 17, 5 + i % 13, (double)(i % 3) / 4, 0.5 + (double)(i % 7) / 4);
		share(i * i / 60, 1 + i * i / 20, i % 2 ? 0.95 : 0.999);
		student(i % 2 ? 0.975 : uniform(), 1 + (double)(i / 3));
		beta(uniform(), 0.5 + (double)i, 0.5 + (double)(i % 11));
	}
	two_arms(120, 130, 0.2, 0);
	two_arms(120, 130, 0, 5);
	share(250, 5000, 0.95);
	share(1, 1000000, 0.95);
	student(0.9999, 1);
	beta(0.05, 50001, 949999);
	for (i = 1; i < 7; i++) {
		looks(i, STATS_POCOCK);
		looks(i, STATS_OBRIEN);
		change(20 + i * 7, 4 + i * 3, i % 2 ? 4 : 0);
		boot(12 + i, 18 - i);
	}
	return 0;
}
