// SPDX-License-Identifier: GPL-2.0-only
/* How many runs see a change, by arms that are drawn from values which were seen. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "stats/internal.h"
#include "stats/random.h"
#include "stats/stats.h"

#define DRAWS 4000
/* What lies below the interval of this confidence is not believed: one chance in twenty. */
#define CONFIDENCE 0.9
/* From here on sums of ranks are normal whatever the values are, and the formula holds. */
#define DRAWN_MAX 64

/* One size of arms, and what p asks of them: pairs are counted twice, so that a tie is one. */
struct draws {
	const double *x;
	size_t nx, n;
	double median, stretch;
	double change, floor; /* a fraction of each value; in the unit of x */
	size_t pairs2;
	double a[DRAWN_MAX], b[DRAWN_MAX];
	uint64_t state;
};

static size_t pairs2_above(const struct draws *d, double by)
{
	size_t i, j, sum = 0;

	for (j = 0; j < d->n; j++)
		for (i = 0; i < d->n; i++)
			sum += (d->b[j] - by > d->a[i]) + (d->b[j] - by >= d->a[i]);
	return sum;
}

/* Values scatter around their own mean by less than around the true one: n - 1 of n of the variance. */
static double pick(struct draws *d)
{
	return d->median + d->stretch * (d->x[stats_random(&d->state) % d->nx] - d->median);
}

/* The shift is the median of all differences, so it is at least floor when half of them are. */
static bool is_seen(struct draws *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		d->a[i] = pick(d);
		d->b[i] = pick(d);
		d->b[i] += d->change * fabs(d->b[i]);
	}
	return pairs2_above(d, 0) >= d->pairs2 && pairs2_above(d, d->floor) >= d->n * d->n;
}

/* The smallest count with p below p_alpha, of values without ties. */
static int find_pairs2(struct draws *d, double p_alpha)
{
	size_t rank[2 * DRAWN_MAX], i, width;
	double *counts, tail = 0, total = stats_choose(2 * d->n, d->n);
	int ret;

	for (i = 0; i < 2 * d->n; i++)
		rank[i] = i + 1;
	ret = stats_null_counts(rank, 2 * d->n, d->n, &counts, &width);
	if (ret)
		return ret;
	for (i = width; i > 0 && 2 * (tail + counts[i - 1]) / total < p_alpha; i--)
		tail += counts[i - 1];
	free(counts);
	d->pairs2 = 2 * i;
	return 0;
}

static int is_enough(struct draws *d, const struct stats_aim *aim, bool *enough)
{
	struct stats_share share;
	size_t i, seen = 0;
	int ret = find_pairs2(d, aim->p_alpha);

	for (i = 0; !ret && i < DRAWS; i++)
		seen += is_seen(d);
	if (!ret)
		ret = stats_share(seen, DRAWS, CONFIDENCE, &share);
	if (!ret)
		*enough = share.lo >= aim->power;
	return ret;
}

static int draw_until_enough(struct draws *d, const struct stats_aim *aim)
{
	bool enough = false;
	int ret = 0;

	while (!ret && !enough && d->n < DRAWN_MAX) {
		ret = is_enough(d, aim, &enough);
		d->n += !ret && !enough;
	}
	return ret;
}

int stats_n_for_values(const double *x, size_t nx, const struct stats_aim *aim, size_t *out)
{
	struct draws d = {.x = x, .nx = nx, .change = aim->change, .state = 1};
	struct stats_spread s;
	int ret = stats_spread(x, nx, &s);

	if (ret)
		return ret;
	/* Without a median of its own a change in percent is nothing. */
	if (s.median != 0)
		d.n = stats_n_for_verdict(s.cv, aim->change, aim->floor, aim->p_alpha, aim->power);
	d.median = s.median;
	d.stretch = nx > 1 ? sqrt((double)nx / (double)(nx - 1)) : 1;
	d.floor = aim->floor * fabs(s.median);
	if (d.n && nx >= STATS_PILOT_MIN)
		ret = draw_until_enough(&d, aim);
	if (!ret)
		*out = d.n;
	return ret;
}
