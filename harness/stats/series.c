// SPDX-License-Identifier: GPL-2.0-only
/* Changes of level in a series, and its noise. */
#include "stats/series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/internal.h"
#include "stats/stats.h"

/* Sums that are equal but for rounding are equal. */
#define ROUNDING (1 - 1e-9)

struct split {
	size_t at;
	double q;
};

struct search {
	size_t least;
	double p_max;
	uint64_t state; /* of the shufflings */
	double *shuffled;
	struct stats_change *out;
	size_t nr;
};

/* Mean distance of the pairs of n values whose distances add up to sum. */
static double mean_within(double sum, size_t n)
{
	return n < 2 ? 0 : 2 * sum / ((double)n * (double)(n - 1));
}

/* left, right, across: sums of distances of pairs, with m values on the left. */
static double q_of(double left, double right, double across, size_t m, size_t n)
{
	double pairs = (double)m * (double)n;

	return pairs / (double)(m + n) *
	       (2 * across / pairs - mean_within(left, m) - mean_within(right, n));
}

static double distances(const double *x, size_t n, double from)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += fabs(x[i] - from);
	return sum;
}

/* Value after value goes over to the left, and its distances with it. */
static struct split best_split(const double *x, size_t n, size_t least)
{
	struct split best = {0, 0};
	double left = 0, right = 0, across = 0;
	size_t m;

	for (m = 0; m < n; m++)
		right += distances(x + m + 1, n - m - 1, x[m]);
	for (m = 1; m + least <= n; m++) {
		double to_left = distances(x, m - 1, x[m - 1]);
		double to_right = distances(x + m, n - m, x[m - 1]);
		double q;

		left += to_left;
		right -= to_right;
		across += to_right - to_left;
		q = q_of(left, right, across, m, n - m);
		if (m >= least && q > best.q)
			best = (struct split){m, q};
	}
	return best;
}

static void shuffle(double *x, size_t n, uint64_t *state)
{
	size_t i;

	for (i = n; i > 1; i--) {
		size_t k = (size_t)(stats_random(state) % i);
		double was = x[i - 1];

		x[i - 1] = x[k];
		x[k] = was;
	}
}

/* The share of shufflings that have a split as good; once it is above p_max it is not told exactly. */
static double p_of(struct search *s, const double *x, size_t n, double q)
{
	size_t most = (size_t)ceil(4 / s->p_max), as_good = 1, i;

	memcpy(s->shuffled, x, n * sizeof(*x));
	for (i = 1; i < most && (double)as_good <= s->p_max * (double)most; i++) {
		shuffle(s->shuffled, n, &s->state);
		as_good += best_split(s->shuffled, n, s->least).q >= q * ROUNDING;
	}
	return (double)as_good / (double)i;
}

static void search(struct search *s, const double *x, size_t from, size_t to)
{
	struct split best;
	double p;

	if (to - from < 2 * s->least)
		return;
	best = best_split(x + from, to - from, s->least);
	if (!(best.q > 0))
		return;
	p = p_of(s, x + from, to - from, best.q);
	if (p > s->p_max)
		return;
	search(s, x, from, from + best.at);
	s->out[s->nr++] = (struct stats_change){.at = from + best.at, .p = p};
	search(s, x, from + best.at, to);
}

static void fill_levels(const double *x, size_t n, struct stats_change *c, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		size_t from = i ? c[i - 1].at : 0, to = i + 1 < nr ? c[i + 1].at : n;

		c[i].before = stats_median(x + from, c[i].at - from);
		c[i].after = stats_median(x + c[i].at, to - c[i].at);
	}
}

int stats_changes(const double *x, size_t n, size_t least, double p_max, struct stats_change *out,
		  size_t *nr)
{
	struct search s = {.least = least, .p_max = p_max, .state = 1, .out = out};

	if (least < 2 || !(p_max >= 0.0001 && p_max <= 0.5) || n > STATS_SERIES_MAX ||
	    !stats_usable(x, n))
		return -EINVAL;
	s.shuffled = calloc(n + 1, sizeof(*s.shuffled));
	if (!s.shuffled)
		return -ENOMEM;
	search(&s, x, 0, n);
	fill_levels(x, n, out, s.nr);
	*nr = s.nr;
	free(s.shuffled);
	return 0;
}

double stats_noise(const double *x, size_t n)
{
	double *d, noise;
	size_t i;

	if (n < 2 || !stats_usable(x, n))
		return NAN;
	d = calloc(n - 1, sizeof(*d));
	if (!d)
		return NAN;
	for (i = 0; i + 1 < n; i++)
		d[i] = fabs(x[i + 1] - x[i]);
	noise = stats_median(d, n - 1) * STATS_MAD_TO_SD / sqrt(2);
	free(d);
	return noise;
}
