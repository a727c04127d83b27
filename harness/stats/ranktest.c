// SPDX-License-Identifier: GPL-2.0-only
/* Mann-Whitney test and Hodges-Lehmann shift of two arms. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/internal.h"
#include "stats/stats.h"

struct item {
	double v;
	bool from_b;
};

/* Both arms in one ascending order. Ranks are doubled: a midrank may end in one half. */
struct pool {
	struct item *item;
	size_t *rank2;
	size_t n;
	size_t sum2_b;		/* doubled rank sum of arm b */
	double ties;		/* sum of t^3 - t over the tie groups */
};

/* The pairwise differences b - a as a multiset that can be counted; both arms ascend. */
struct pairs {
	double *a;
	double *b;
	size_t na;
	size_t nb;
};

static int check_arms(const double *a, size_t na, const double *b, size_t nb)
{
	size_t n, m;

	if (!na || !nb || !stats_usable(a, na) || !stats_usable(b, nb))
		return -EINVAL;
	/* Twice (na + nb)^2 bounds every integer below: doubled rank sums and pair counts. */
	if (__builtin_add_overflow(na, nb, &n) || __builtin_mul_overflow(n, n, &m) ||
	    __builtin_mul_overflow(m, 2, &m))
		return -EOVERFLOW;
	return 0;
}

static int by_value(const void *l, const void *r)
{
	double x = *(const double *)l, y = *(const double *)r;

	return (x > y) - (x < y);
}

static int by_item(const void *l, const void *r)
{
	return by_value(&((const struct item *)l)->v, &((const struct item *)r)->v);
}

/* The doubled mean of ranks i + 1 .. j is i + 1 + j. */
static void rank_group(struct pool *p, size_t i, size_t j)
{
	double t = (double)(j - i);

	p->ties += t * t * t - t;
	for (size_t m = i; m < j; m++) {
		p->rank2[m] = i + 1 + j;
		if (p->item[m].from_b)
			p->sum2_b += p->rank2[m];
	}
}

static void rank_all(struct pool *p)
{
	size_t i, j;

	for (i = 0; i < p->n; i = j) {
		for (j = i + 1; j < p->n && p->item[j].v == p->item[i].v; j++)
			;
		rank_group(p, i, j);
	}
}

static void pool_free(struct pool *p)
{
	free(p->item);
	free(p->rank2);
}

static int pool_init(struct pool *p, const double *a, size_t na, const double *b, size_t nb)
{
	*p = (struct pool){ .n = na + nb };
	p->item = calloc(p->n, sizeof(*p->item));
	p->rank2 = calloc(p->n, sizeof(*p->rank2));
	if (!p->item || !p->rank2) {
		pool_free(p);
		return -ENOMEM;
	}
	for (size_t i = 0; i < na; i++)
		p->item[i] = (struct item){ .v = a[i] };
	for (size_t i = 0; i < nb; i++)
		p->item[na + i] = (struct item){ .v = b[i], .from_b = true };
	qsort(p->item, p->n, sizeof(*p->item), by_item);
	rank_all(p);
	return 0;
}

/* Twice the smaller tail at column `at`; both tails include it. */
static double two_sided(const double *counts, size_t width, size_t at, double total)
{
	double low = 0, high = 0;

	for (size_t s = 0; s <= at; s++)
		low += counts[s];
	for (size_t s = at; s < width; s++)
		high += counts[s];
	return fmin(1, 2 * fmin(low, high) / total);
}

/* The smaller arm tells as much as the larger one, and its table is smaller. */
static int exact_p(const struct pool *p, size_t nb, double *out)
{
	size_t k = nb, at = p->sum2_b, width;
	double *counts;
	int err;

	if (nb > p->n - nb) {
		k = p->n - nb;
		at = p->n * (p->n + 1) - p->sum2_b;
	}
	err = stats_null_counts(p->rank2, p->n, k, &counts, &width);
	if (err)
		return err;
	for (size_t i = 0; i < k; i++)
		at -= p->rank2[i];
	*out = two_sided(counts, width, at, stats_choose(p->n, k));
	free(counts);
	return 0;
}

static double normal_p(double u, double pairs, double n, double ties)
{
	double var = pairs / 12 * (n + 1 - ties / (n * (n - 1)));
	double dist = fabs(u - pairs / 2) - 0.5;

	/* No variance: all values are tied, and nothing is more extreme than anything else. */
	if (!(var > 0) || dist <= 0)
		return 1;
	return erfc(dist / sqrt(2 * var));
}

int stats_mwu(const double *a, size_t na, const double *b, size_t nb, struct stats_mwu *out)
{
	double m = (double)na * (double)nb;
	struct stats_mwu r = { 0 };
	struct pool p;
	int err;

	err = check_arms(a, na, b, nb);
	if (!err)
		err = pool_init(&p, a, na, b, nb);
	if (err)
		return err;
	r.u = (double)(p.sum2_b - nb * (nb + 1)) / 2;
	r.a12 = r.u / m;
	r.p_min = fmin(1, 2 / stats_choose(p.n, nb));
	r.exact = p.n <= STATS_EXACT_MAX;
	if (r.exact)
		err = exact_p(&p, nb, &r.p);
	else
		r.p = normal_p(r.u, m, (double)p.n, p.ties);
	pool_free(&p);
	if (!err)
		*out = r;
	return err;
}

/*
 * One walk along both arms: the larger b[j] is, the fewer a[i] are large enough to keep the
 * difference at or below t. Rounding is monotone, so this holds for the rounded differences too.
 */
static size_t pairs_count_le(const void *set, double t)
{
	const struct pairs *p = set;
	size_t i = 0, c = 0;

	for (size_t j = 0; j < p->nb; j++) {
		while (i < p->na && p->b[j] - p->a[i] > t)
			i++;
		c += p->na - i;
	}
	return c;
}

static double *sorted_copy(const double *x, size_t n)
{
	double *c = calloc(n, sizeof(*c));

	if (!c)
		return NULL;
	memcpy(c, x, n * sizeof(*c));
	qsort(c, n, sizeof(*c), by_value);
	return c;
}

static void pairs_free(struct pairs *p)
{
	free(p->a);
	free(p->b);
}

static int pairs_init(struct pairs *p, const double *a, size_t na, const double *b, size_t nb)
{
	*p = (struct pairs){ .na = na, .nb = nb };
	p->a = sorted_copy(a, na);
	p->b = sorted_copy(b, nb);
	if (p->a && p->b)
		return 0;
	pairs_free(p);
	return -ENOMEM;
}

/* The values of U that fit below the tail limit: how many, and their probability. */
struct tail {
	size_t c;
	double p;
};

/* Untied ranks 1 .. n: the column of the table is U itself. */
static int exact_tail(size_t na, size_t nb, double limit, struct tail *t)
{
	size_t rank[STATS_EXACT_MAX], n = na + nb, k = na < nb ? na : nb, width;
	double *counts, cum = 0, total = stats_choose(n, k);
	int err;

	for (size_t i = 0; i < n; i++)
		rank[i] = i + 1;
	err = stats_null_counts(rank, n, k, &counts, &width);
	if (err)
		return err;
	*t = (struct tail){ 0 };
	for (size_t s = 0; s < (width + 1) / 2; s++) {
		cum += counts[s];
		if (cum / total > limit)
			break;
		*t = (struct tail){ .c = s + 1, .p = cum / total };
	}
	free(counts);
	return 0;
}

/* P(U <= c - 1) by the normal curve, with continuity correction. */
static double normal_below(size_t c, double na, double nb)
{
	double var = na * nb * (na + nb + 1) / 12;

	return erfc((na * nb / 2 - (double)c + 0.5) / sqrt(2 * var)) / 2;
}

static void normal_tail(size_t na, size_t nb, double limit, struct tail *t)
{
	size_t lo = 0, hi = (na * nb + 1) / 2;

	while (lo < hi) {
		size_t mid = hi - (hi - lo) / 2;

		if (normal_below(mid, (double)na, (double)nb) <= limit)
			lo = mid;
		else
			hi = mid - 1;
	}
	t->c = lo;
	t->p = lo ? normal_below(lo, (double)na, (double)nb) : 0;
}

static double pairs_median(const struct pairs *p)
{
	size_t m = p->na * p->nb;
	double lo = stats_select(pairs_count_le, p, (m - 1) / 2);
	double hi = stats_select(pairs_count_le, p, m / 2);

	return lo == hi ? lo : lo / 2 + hi / 2;
}

static void fill_shift(struct stats_shift *r, const struct pairs *p, const struct tail *t)
{
	r->shift = pairs_median(p);
	r->coverage = 1 - 2 * t->p;
	r->bounded = t->c > 0;
	r->lo = -INFINITY;
	r->hi = INFINITY;
	if (r->bounded) {
		r->lo = stats_select(pairs_count_le, p, t->c - 1);
		r->hi = stats_select(pairs_count_le, p, p->na * p->nb - t->c);
	}
}

int stats_shift(const double *a, size_t na, const double *b, size_t nb, double conf,
		struct stats_shift *out)
{
	/* The slack lets 0.9 mean 90 %: two arms of 3 reach exactly that, 1 - 0.9 falls short. */
	double limit = (1 - conf) / 2 * (1 + 1e-12);
	struct tail t = { 0 };
	struct pairs p;
	int err;

	err = check_arms(a, na, b, nb);
	if (!err && !(conf > 0 && conf < 1))
		err = -EINVAL;
	if (err)
		return err;
	if (na + nb <= STATS_EXACT_MAX)
		err = exact_tail(na, nb, limit, &t);
	else
		normal_tail(na, nb, limit, &t);
	if (!err)
		err = pairs_init(&p, a, na, b, nb);
	if (err)
		return err;
	fill_shift(out, &p, &t);
	out->exact = na + nb <= STATS_EXACT_MAX;
	pairs_free(&p);
	return 0;
}

size_t stats_n_needed(double p_alpha, size_t tests)
{
	if (!tests)
		return 0;
	for (size_t n = 1; n <= STATS_EXACT_MAX / 2; n++)
		if (fmin(1, 2 / stats_choose(2 * n, n) * (double)tests) < p_alpha)
			return n;
	return 0;
}
