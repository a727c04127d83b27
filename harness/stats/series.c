// SPDX-License-Identifier: GPL-2.0-only
/* Changes of level in a series, and its noise. */
#include "stats/series.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "stats/internal.h"
#include "stats/random.h"
#include "stats/stats.h"

/* Sums that are equal but for rounding are equal. */
#define ROUNDING (1 - 1e-9)

struct split {
	size_t at;
	double q;
};

/* Values of a part of the series; they are known by their place when sorted. */
struct part {
	size_t n;
	size_t *order;    /* the places of the values, in the order of the series or shuffled */
	double *value;    /* sorted */
	double *distance; /* of each to all others together */
	double *sum;      /* trees over places (Fenwick, "A New Data Structure for Cumulative */
	size_t *count;    /* Frequency Tables", Software 24(3), 1994): of what is on the left */
};

struct search {
	size_t least;
	double p_max;
	uint64_t state; /* of the shufflings */
	struct part part;
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

static void put_left(struct part *p, size_t place)
{
	size_t i;

	for (i = place + 1; i <= p->n; i += i & -i) {
		p->sum[i] += p->value[place];
		p->count[i]++;
	}
}

/* The distances of a value to those on the left, of which there are nr with that sum. */
static double to_left(const struct part *p, size_t place, size_t nr, double sum)
{
	double v = p->value[place], below = 0;
	size_t fewer = 0, i;

	for (i = place; i; i -= i & -i) {
		below += p->sum[i];
		fewer += p->count[i];
	}
	return v * (double)fewer - below + (sum - below) - v * (double)(nr - fewer);
}

static double all_pairs(const struct part *p)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		sum += p->distance[i];
	return sum / 2;
}

/* Value after value goes over to the left, and its distances with it. */
static struct split best_split(struct part *p, size_t least)
{
	double left = 0, right = all_pairs(p), across = 0, sum = 0;
	struct split best = {0, 0};
	size_t m;

	memset(p->sum, 0, (p->n + 1) * sizeof(*p->sum));
	memset(p->count, 0, (p->n + 1) * sizeof(*p->count));
	for (m = 1; m + least <= p->n; m++) {
		size_t place = p->order[m - 1];
		double near = to_left(p, place, m - 1, sum), far = p->distance[place] - near, q;

		put_left(p, place);
		sum += p->value[place];
		left += near;
		right -= far;
		across += far - near;
		q = q_of(left, right, across, m, p->n - m);
		if (m >= least && q > best.q)
			best = (struct split){m, q};
	}
	return best;
}

/* The share of shufflings that have a split as good; once it is above p_max it is not told exactly. */
static double p_of(struct search *s, double q)
{
	size_t most = (size_t)ceil(2 / s->p_max), as_good = 1, i;

	for (i = 1; i < most && (double)as_good <= s->p_max * (double)most; i++) {
		stats_random_shuffle(&s->state, s->part.order, s->part.n);
		as_good += best_split(&s->part, s->least).q >= q * ROUNDING;
	}
	return (double)as_good / (double)i;
}

static int by_value(const void *a, const void *b, void *x)
{
	const double *v = x, va = v[*(const size_t *)a], vb = v[*(const size_t *)b];

	return va < vb ? -1 : va > vb;
}

/* Distances of sorted values: those below, and those above. */
static void sum_distances(struct part *p)
{
	double below = 0, all = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		all += p->value[i];
	for (i = 0; i < p->n; i++) {
		double v = p->value[i];

		p->distance[i] = v * (double)i - below + (all - below - v) - v * (double)(p->n - i - 1);
		below += v;
	}
}

/* Less the smallest: where all are the same no distance is left, not even by rounding. */
static void set_part(struct part *p, const double *x, size_t n)
{
	size_t *index = p->count, i;

	p->n = n;
	for (i = 0; i < n; i++)
		index[i] = i;
	qsort_r(index, n, sizeof(*index), by_value, (void *)x);
	for (i = 0; i < n; i++) {
		p->value[i] = x[index[i]] - x[index[0]];
		p->order[index[i]] = i;
	}
	sum_distances(p);
}

static void search(struct search *s, const double *x, size_t from, size_t to)
{
	struct split best;
	double p;

	if (to - from < 2 * s->least)
		return;
	set_part(&s->part, x + from, to - from);
	best = best_split(&s->part, s->least);
	if (!(best.q > 0))
		return;
	p = p_of(s, best.q);
	if (p > s->p_max)
		return;
	search(s, x, from, from + best.at);
	s->out[s->nr++] = (struct stats_change){.at = from + best.at, .p = p};
	search(s, x, from + best.at, to);
}

static bool part_make(struct part *p, size_t n)
{
	p->order = calloc(n + 1, sizeof(*p->order));
	p->value = calloc(n + 1, sizeof(*p->value));
	p->distance = calloc(n + 1, sizeof(*p->distance));
	p->sum = calloc(n + 1, sizeof(*p->sum));
	p->count = calloc(n + 1, sizeof(*p->count));
	return p->order && p->value && p->distance && p->sum && p->count;
}

static void part_release(struct part *p)
{
	free(p->order);
	free(p->value);
	free(p->distance);
	free(p->sum);
	free(p->count);
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
	if (!part_make(&s.part, n)) {
		part_release(&s.part);
		return -ENOMEM;
	}
	search(&s, x, 0, n);
	fill_levels(x, n, out, s.nr);
	*nr = s.nr;
	part_release(&s.part);
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
