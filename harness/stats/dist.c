// SPDX-License-Identifier: GPL-2.0-only
/* Medians, quantiles and the five-number summary, without sorting and without memory. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "stats/internal.h"
#include "stats/stats.h"

struct sample {
	const double *x;
	size_t n;
};

bool stats_usable(const double *x, size_t n)
{
	/* A NAN fails every comparison, so this catches it too. */
	for (size_t i = 0; i < n; i++)
		if (!(fabs(x[i]) <= DBL_MAX / 2))
			return false;
	return true;
}

/* Maps doubles to integers of the same order: flip all bits of negatives, the sign of others. */
static uint64_t key_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static double value_of(uint64_t key)
{
	uint64_t bits = key >> 63 ? key & ~(UINT64_C(1) << 63) : ~key;
	double v;

	memcpy(&v, &bits, sizeof(v));
	return v;
}

double stats_select(size_t (*count_le)(const void *set, double t), const void *set, size_t rank)
{
	uint64_t lo = key_of(-DBL_MAX), hi = key_of(DBL_MAX);
	double v;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (count_le(set, value_of(mid)) > rank)
			hi = mid;
		else
			lo = mid + 1;
	}
	/* The smallest double equal to zero is -0.0, which nobody wants to see printed. */
	v = value_of(lo);
	return v == 0 ? 0 : v;
}

static size_t sample_count_le(const void *set, double t)
{
	const struct sample *s = set;
	size_t c = 0;

	for (size_t i = 0; i < s->n; i++)
		c += s->x[i] <= t;
	return c;
}

double stats_quantile(const double *x, size_t n, double q)
{
	struct sample s = { .x = x, .n = n };
	double pos, below, lo, hi;

	if (!n || !(q >= 0 && q <= 1) || !stats_usable(x, n))
		return NAN;
	pos = (double)(n - 1) * q;
	below = floor(pos);
	lo = stats_select(sample_count_le, &s, (size_t)below);
	if (pos == below)
		return lo;
	hi = stats_select(sample_count_le, &s, (size_t)below + 1);
	return lo + (pos - below) * (hi - lo);
}

double stats_median(const double *x, size_t n)
{
	return stats_quantile(x, n, 0.5);
}

int stats_summarise(const double *x, size_t n, struct stats_summary *out)
{
	if (!n || !stats_usable(x, n))
		return -EINVAL;
	out->n = n;
	out->min = stats_quantile(x, n, 0);
	out->q1 = stats_quantile(x, n, 0.25);
	out->median = stats_median(x, n);
	out->q3 = stats_quantile(x, n, 0.75);
	out->max = stats_quantile(x, n, 1);
	return 0;
}

double stats_mean(const double *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum / (double)n;
}

double stats_squares(const double *x, size_t n)
{
	double mean = stats_mean(x, n), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (x[i] - mean) * (x[i] - mean);
	return sum;
}
