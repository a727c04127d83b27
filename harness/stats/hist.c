// SPDX-License-Identifier: GPL-2.0-only
/* Quantiles of histograms whose buckets are given by their upper bounds. */
#include <float.h>
#include <math.h>

#include "stats/stats.h"

uint64_t stats_hist_total(const struct stats_bucket *b, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += b[i].count;
	return total;
}

/*
 * ceil(q * total), except that a product that is whole but for rounding stays whole: 0.07 * 100
 * comes out a little above 7 and must not ask for the 8th event. A q below 1 takes off at
 * least what the conversion of total can have added, so the rank never exceeds total.
 */
static uint64_t rank_of(double q, uint64_t total)
{
	double want = q * (double)total, whole = floor(want);
	uint64_t rank;

	if (q >= 1)
		return total;
	rank = (uint64_t)whole;
	if (want - whole > want * 4 * DBL_EPSILON)
		rank++;
	return rank;
}

uint64_t stats_hist_quantile(const struct stats_bucket *b, size_t n, double q)
{
	uint64_t left, total = stats_hist_total(b, n);

	if (!total || !(q > 0 && q <= 1))
		return 0;
	left = rank_of(q, total);
	for (size_t i = 0; i < n; i++) {
		if (b[i].count >= left)
			return b[i].upper;
		left -= b[i].count;
	}
	return 0;
}
