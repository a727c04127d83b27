// SPDX-License-Identifier: GPL-2.0-only
/* The beta distribution, and what is told by way of it: intervals of shares, Student's t. */
#include <errno.h>
#include <math.h>

#include "stats/stats.h"

/* Terms of the continued fraction; some sqrt(max(a, b)) of them are needed. */
#define TERMS 100000

/* Abramowitz & Stegun, "Handbook of Mathematical Functions", 26.5.8. */
static double coefficient(double a, double b, double x, int i)
{
	double m = i / 2;

	if (i % 2)
		return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
	return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
}

/*
 * What the first factor of I_x(a, b) is divided by, by the modified method of Lentz: Thompson &
 * Barnett, "Coulomb and Bessel Functions of Complex Arguments and Order", J. of Computational
 * Physics 64(2), 1986.
 */
static double fraction(double a, double b, double x)
{
	double c = 1, d = 0, f = 1;
	int i;

	for (i = 1; i < TERMS; i++) {
		double term = coefficient(a, b, x, i);

		d = 1 / (1 + term * d);
		c = 1 + term / c;
		f *= c * d;
		if (fabs(c * d - 1) < 1e-15)
			break;
	}
	return f;
}

/* lgamma() keeps a sign in the program's memory. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

/* Which side converges fast is x's. */
double stats_beta(double x, double a, double b)
{
	double front;

	if (!(a > 0 && b > 0) || !(x >= 0 && x <= 1))
		return NAN;
	if (x == 0 || x == 1)
		return x;
	if (x > (a + 1) / (a + b + 2))
		return 1 - stats_beta(1 - x, b, a);
	front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) +
		    a * log(x) + b * log1p(-x)) / a;
	return fmin(front / fraction(a, b, x), 1);
}

/* The x up to which the distribution has p. */
static double beta_quantile(double p, double a, double b)
{
	double lo = 0, hi = 1;

	for (double mid = 0.5; mid > lo && mid < hi; mid = lo + (hi - lo) / 2) {
		if (stats_beta(mid, a, b) < p)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

int stats_share(size_t k, size_t n, double conf, struct stats_share *out)
{
	double x = (double)k, tail = (1 - conf) / 2;

	if (!n || k > n || n > STATS_SHARE_MAX || !(conf > 0 && conf < 1))
		return -EINVAL;
	out->share = x / (double)n;
	out->lo = k ? beta_quantile(tail, x, (double)(n - k) + 1) : 0;
	out->hi = k < n ? beta_quantile(1 - tail, x + 1, (double)(n - k)) : 1;
	return 0;
}

static double t_above(double t, double df)
{
	return stats_beta(df / (df + t * t), df / 2, 0.5) / 2;
}

static double t_density(double t, double df)
{
	return exp(log_gamma((df + 1) / 2) - log_gamma(df / 2) - (df + 1) / 2 * log1p(t * t / df)) /
	       sqrt(df * M_PI);
}

double stats_t_quantile(double p, double df)
{
	double t, step = 1;

	if (!(p > 0 && p < 1) || !(df >= 1 && isfinite(df)))
		return NAN;
	if (p < 0.5)
		return -stats_t_quantile(1 - p, df);
	/*
	 * Newton's steps come from below and cannot go too far: the tails are heavier than the
	 * normal's, and the distribution is concave above 0.
	 */
	t = stats_normal_quantile(p);
	for (int i = 0; i < 200 && step > 1e-13 * t; i++) {
		step = (t_above(t, df) - (1 - p)) / t_density(t, df);
		t += step;
	}
	return t;
}
