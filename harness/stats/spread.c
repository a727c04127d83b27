// SPDX-License-Identifier: GPL-2.0-only
/* How much the runs of one arm differ, and how many are needed to see past that. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "stats/internal.h"
#include "stats/stats.h"

/* Asymptotic efficiency of the rank test relative to the t test for normal data. */
#define EFFICIENCY (3 / M_PI)

#define N_MAX 1e9

/* Scaled by the largest, so that no square overflows. */
static void fill_moments(const double *x, size_t n, struct stats_spread *r)
{
	double scale = fmax(fabs(r->min), fabs(r->max)), sum = 0, squares = 0;

	if (scale == 0)
		scale = 1;
	for (size_t i = 0; i < n; i++)
		sum += x[i] / scale;
	for (size_t i = 0; i < n; i++)
		squares += pow(x[i] / scale - sum / (double)n, 2);
	r->mean = scale * (sum / (double)n);
	r->sd = n > 1 ? scale * sqrt(squares / (double)(n - 1)) : NAN;
	r->cv = r->mean != 0 ? r->sd / fabs(r->mean) : NAN;
}

int stats_spread(const double *x, size_t n, struct stats_spread *out)
{
	struct stats_summary s;
	double *distance;
	int err = stats_summarise(x, n, &s);

	if (err)
		return err;
	distance = calloc(n, sizeof(*distance));
	if (!distance)
		return -ENOMEM;
	*out = (struct stats_spread){ .n = n, .min = s.min, .median = s.median, .max = s.max };
	fill_moments(x, n, out);
	for (size_t i = 0; i < n; i++)
		distance[i] = fmin(fabs(x[i] - s.median), 0x1p1022);
	out->robust_cv = n > 1 && s.median != 0 ?
		STATS_MAD_TO_SD * stats_median(distance, n) / fabs(s.median) : NAN;
	free(distance);
	return 0;
}

double stats_normal_quantile(double p)
{
	double lo = -40, hi = 40;

	/* Halved until nothing lies between. */
	for (double mid = 0; mid > lo && mid < hi; mid = lo + (hi - lo) / 2) {
		if (erfc(-mid / M_SQRT2) / 2 < p)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

size_t stats_n_for_change(double cv, double change, double p_alpha, double power)
{
	double z, zp, n, least;

	if (!(cv >= 0 && isfinite(cv)) || !(change > 0) || !(p_alpha > 0 && p_alpha < 1) ||
	    !(power > 0 && power < 1))
		return 0;
	/* -z(p_alpha / 2) is z(1 - p_alpha / 2) without the rounding. */
	zp = -stats_normal_quantile(p_alpha / 2);
	/* A test that is more likely than not to miss needs no negative number of runs. */
	z = fmax(zp + stats_normal_quantile(power), 0);
	n = ceil(2 * z * z * pow(cv / change, 2) / EFFICIENCY + zp * zp / 4);
	least = (double)stats_n_needed(p_alpha, 1);
	if (!(n <= N_MAX) || least == 0)
		return 0;
	return (size_t)fmax(n, least);
}

/* Scatter of the estimated shift of two arms of n runs. */
static double shift_sd(double cv, double n)
{
	return cv * sqrt(2 / n / EFFICIENCY);
}

static bool sane(double cv, double p_alpha, double power)
{
	return cv >= 0 && isfinite(cv) && p_alpha > 0 && p_alpha < 1 && power > 0 && power < 1 &&
	       stats_n_needed(p_alpha, 1);
}

double stats_change_for_n(double cv, size_t n, double p_alpha, double power)
{
	double zp, rest;

	if (!sane(cv, p_alpha, power))
		return NAN;
	zp = -stats_normal_quantile(p_alpha / 2);
	rest = (double)n - zp * zp / 4;
	if (n < stats_n_needed(p_alpha, 1) || !(rest > 0))
		return INFINITY;
	return fmax(zp + stats_normal_quantile(power), 0) * shift_sd(cv, rest);
}

size_t stats_n_for_verdict(double cv, double change, double floor, double p_alpha, double power)
{
	size_t n = stats_n_for_change(cv, change, p_alpha, power);
	double above;

	if (!n || !(floor >= 0 && floor < change))
		return 0;
	above = fmax(stats_normal_quantile(power), 0) * shift_sd(cv, 1) / (change - floor);
	if (!(above * above <= N_MAX))
		return 0;
	return (size_t)fmax((double)n, ceil(above * above));
}

double stats_change_for_verdict(double cv, size_t n, double floor, double p_alpha, double power)
{
	double change = stats_change_for_n(cv, n, p_alpha, power);

	if (!(floor >= 0) || isnan(change))
		return NAN;
	return fmax(change,
		    floor + fmax(stats_normal_quantile(power), 0) * shift_sd(cv, (double)n));
}
