// SPDX-License-Identifier: GPL-2.0-only
/* Permutation tests of two arms, one by one and of many numbers together. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stats/internal.h"
#include "stats/random.h"
#include "stats/stats.h"

/* Sums that are equal but for rounding are equal. */
#define ROUNDING (1 - 1e-9)

static void set(struct stats_labels *l, size_t label, const bool *in_b)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		l->w[i * l->nr + label] = in_b[i] ? 1 : l->paired ? -1 : 0;
}

/* The next choice of as many in lexicographic order, those of arm a first; false behind the last. */
static bool next_choice(bool *in_b, size_t n)
{
	size_t i = n, tail = 0, k;

	/* The last b with an a before it ... */
	while (i > 1 && !(in_b[i - 1] && !in_b[i - 2])) {
		i--;
		tail += in_b[i];
	}
	if (i < 2)
		return false;
	/* ... changes places with it, and what is behind starts anew. */
	in_b[i - 2] = true;
	in_b[i - 1] = false;
	for (k = i; k < n; k++)
		in_b[k] = k >= n - tail;
	return true;
}

/* The first pair keeps its order: the mirror image of a labelling says the same. */
static bool next_signs(bool *in_b, size_t n)
{
	size_t i;

	for (i = n; i > 1; i--) {
		in_b[i - 1] = !in_b[i - 1];
		if (!in_b[i - 1])
			return true;
	}
	return false;
}

static void shuffle(bool *in_b, size_t n, bool paired, uint64_t *state)
{
	size_t i;

	for (i = n; i > 1; i--) {
		size_t k = (size_t)(stats_random(state) % i);
		bool was = in_b[i - 1];

		if (paired) {
			in_b[i - 1] = stats_random(state) >> 63;
			continue;
		}
		in_b[i - 1] = in_b[k];
		in_b[k] = was;
	}
}

static double count_labels(size_t na, size_t nb, bool paired)
{
	if (paired)
		return ldexp(1, (int)na - 1);
	return stats_choose(na + nb, na) / (na == nb ? 2 : 1);
}

int stats_labels_make(size_t na, size_t nb, bool paired, size_t most, struct stats_labels *out)
{
	struct stats_labels l = {.na = na, .nb = nb, .paired = paired};
	uint64_t state = 1;
	bool *in_b;
	size_t i;

	if (!na || !nb || !most || (paired && na != nb) || na + nb > STATS_EXACT_MAX)
		return -EINVAL;
	l.n = paired ? na : na + nb;
	l.all = count_labels(na, nb, paired) <= (double)most;
	l.nr = l.all ? (size_t)count_labels(na, nb, paired) : most;
	l.w = calloc(l.n * l.nr, sizeof(*l.w));
	l.sum = calloc(l.nr, sizeof(*l.sum));
	in_b = calloc(l.n, sizeof(*in_b));
	if (!l.w || !l.sum || !in_b) {
		stats_labels_release(&l);
		free(in_b);
		return -ENOMEM;
	}
	for (i = 0; i < l.n; i++)
		in_b[i] = paired || i >= na;
	for (i = 0; i < l.nr; i++) {
		set(&l, i, in_b);
		if (!l.all)
			shuffle(in_b, l.n, paired, &state);
		else if (paired)
			next_signs(in_b, l.n);
		else
			next_choice(in_b, l.n);
	}
	free(in_b);
	*out = l;
	return 0;
}

void stats_labels_release(struct stats_labels *l)
{
	free(l->w);
	free(l->sum);
	*l = (struct stats_labels){0};
}

/*
 * Into l->sum, of each labelling, the sum over arm b of what is left of x without its mean, or of the
 * pairs' signed differences.  Both the difference of the means and what varies inside the arms follow
 * from it.  Returns the sum of the squares.
 */
static double sums(const struct stats_labels *l, const double *x)
{
	double mean = 0, squares = 0;
	size_t i, k;

	for (i = 0; !l->paired && i < l->n; i++)
		mean += x[i] / (double)l->n;
	memset(l->sum, 0, l->nr * sizeof(*l->sum));
	for (i = 0; i < l->n; i++) {
		double y = l->paired ? x[l->na + i] - x[i] : x[i] - mean;
		const double *w = &l->w[i * l->nr];

		squares += y * y;
		for (k = 0; y != 0 && k < l->nr; k++)
			l->sum[k] += w[k] * y;
	}
	return squares;
}

static double distance(const struct stats_labels *l, double sum, double squares, double floor)
{
	double n = (double)l->n, part, within;

	if (l->paired) {
		within = (squares - sum * sum / n) / (n - 1) / 2;
		return fabs(sum / n) / (sqrt(within > 0 ? within : 0) + floor);
	}
	part = 1 / (double)l->na + 1 / (double)l->nb;
	within = (squares - sum * sum * part) / (n - 2);
	return fabs(sum * part) / (sqrt(within > 0 ? within : 0) + floor);
}

double stats_labels_distance(const struct stats_labels *l, const double *x, double floor,
			     double *best)
{
	double squares = sums(l, x), d;
	size_t i;

	for (i = 0; i < l->nr; i++) {
		d = distance(l, l->sum[i], squares, floor);
		if (d > best[i])
			best[i] = d;
	}
	d = distance(l, l->sum[0], squares, floor);
	return l->sum[0] < 0 ? -d : d;
}

double stats_labels_p(const struct stats_labels *l, const double *x)
{
	size_t i, n = 0;

	sums(l, x);
	for (i = 0; i < l->nr; i++)
		n += fabs(l->sum[i]) >= fabs(l->sum[0]) * ROUNDING;
	return (double)n / (double)l->nr;
}

double stats_labels_p_of(const struct stats_labels *l, const double *best, double d)
{
	size_t i, n = 0;

	for (i = 0; i < l->nr; i++)
		n += best[i] >= fabs(d) * ROUNDING;
	return (double)n / (double)l->nr;
}
