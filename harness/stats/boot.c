// SPDX-License-Identifier: GPL-2.0-only
#include "stats/boot.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "stats/internal.h"
#include "stats/random.h"
#include "stats/stats.h"

struct boot {
	stats_number_fn *number;
	const void *arg;
	const struct stats_sample *s;
	size_t nr;
	double value;
	struct stats_sample *drawn;
	double *pool; /* what drawn points into */
	double *rep;  /* numbers of the resamplings */
	size_t reps;
	uint64_t state;
};

static size_t total(const struct stats_sample *s, size_t nr)
{
	size_t sum = 0, i;

	for (i = 0; i < nr; i++)
		sum += s[i].n;
	return sum;
}

static double *pool_of(const struct boot *b, size_t sample)
{
	return b->pool + total(b->s, sample);
}

static double number_of_drawn(const struct boot *b)
{
	return b->number(b->drawn, b->nr, b->arg);
}

static void draw(struct boot *b, size_t sample)
{
	const struct stats_sample *s = &b->s[sample];
	double *to = pool_of(b, sample);
	size_t i;

	for (i = 0; i < s->n; i++)
		to[i] = s->x[stats_random(&b->state) % s->n];
}

static void resample(struct boot *b, size_t reps)
{
	size_t i, k;
	double v;

	for (i = 0; i < reps; i++) {
		for (k = 0; k < b->nr; k++)
			draw(b, k);
		v = number_of_drawn(b);
		if (isfinite(v))
			b->rep[b->reps++] = v;
	}
}

static void copy(struct boot *b, size_t sample)
{
	const struct stats_sample *s = &b->s[sample];
	size_t i;

	for (i = 0; i < s->n; i++)
		pool_of(b, sample)[i] = s->x[i];
}

/* Without value i: the last takes its place. */
static double without(struct boot *b, size_t sample, size_t i)
{
	const struct stats_sample *s = &b->s[sample];
	double *x = pool_of(b, sample), v;

	x[i] = s->x[s->n - 1];
	b->drawn[sample].n--;
	v = number_of_drawn(b);
	b->drawn[sample].n++;
	x[i] = s->x[i];
	return v;
}

/* Adds the powers of each value's influence, (n - 1) (mean of all without - without it) / n. */
static bool add_influence(struct boot *b, size_t sample, double *square, double *cube)
{
	size_t n = b->s[sample].n, i;
	double mean = 0;

	for (i = 0; i < n; i++)
		mean += without(b, sample, i) / (double)n;
	for (i = 0; i < n; i++) {
		double l = (double)(n - 1) * (mean - without(b, sample, i)) / (double)n;

		*square += l * l;
		*cube += l * l * l;
	}
	return isfinite(mean);
}

/* 0 where leaving out values says nothing. */
static double acceleration(struct boot *b)
{
	double square = 0, cube = 0;
	size_t k;

	for (k = 0; k < b->nr; k++)
		copy(b, k);
	for (k = 0; k < b->nr; k++)
		if (b->s[k].n > 1 && !add_influence(b, k, &square, &cube))
			return 0;
	return square > 0 ? cube / (6 * pow(square, 1.5)) : 0;
}

/* Where the value is among the resamplings', those that equal it counted half. */
static double bias(const struct boot *b)
{
	double below = 0;
	size_t i;

	for (i = 0; i < b->reps; i++)
		below += b->rep[i] < b->value ? 1 : b->rep[i] == b->value ? 0.5 : 0;
	below = fmin(fmax(below, 0.5), (double)b->reps - 0.5);
	return stats_normal_quantile(below / (double)b->reps);
}

static double end_of(const struct boot *b, double z0, double a, double z)
{
	double to = z0 + (z0 + z) / (1 - a * (z0 + z));

	return stats_quantile(b->rep, b->reps, erfc(-to / sqrt(2)) / 2);
}

static int interval(struct boot *b, double conf, size_t reps, struct stats_boot *out)
{
	double z = stats_normal_quantile((1 + conf) / 2), z0, a;

	b->value = b->number(b->s, b->nr, b->arg);
	resample(b, reps);
	if (!isfinite(b->value) || b->reps * 2 < reps)
		return -EDOM;
	z0 = bias(b);
	a = acceleration(b);
	*out = (struct stats_boot){.value = b->value, .lost = reps - b->reps,
				   .lo = end_of(b, z0, a, -z), .hi = end_of(b, z0, a, z)};
	return 0;
}

static bool sane(const struct stats_sample *s, size_t nr, double conf, size_t reps)
{
	size_t i;

	if (!nr || !(conf > 0 && conf < 1) || reps < 100 || reps > 1000000)
		return false;
	for (i = 0; i < nr; i++)
		if (!s[i].n || !stats_usable(s[i].x, s[i].n))
			return false;
	return true;
}

int stats_boot(stats_number_fn *number, const void *arg, const struct stats_sample *s, size_t nr,
	       double conf, size_t reps, struct stats_boot *out)
{
	struct boot b = {.number = number, .arg = arg, .s = s, .nr = nr, .state = 1};
	size_t i;
	int ret = -ENOMEM;

	if (!sane(s, nr, conf, reps))
		return -EINVAL;
	b.drawn = calloc(nr, sizeof(*b.drawn));
	b.pool = calloc(total(s, nr), sizeof(*b.pool));
	b.rep = calloc(reps, sizeof(*b.rep));
	for (i = 0; b.drawn && i < nr; i++)
		b.drawn[i] = (struct stats_sample){pool_of(&b, i), s[i].n};
	if (b.drawn && b.pool && b.rep)
		ret = interval(&b, conf, reps, out);
	free(b.drawn);
	free(b.pool);
	free(b.rep);
	return ret;
}

double stats_geomean_ratio(const struct stats_sample *s, size_t nr, const void *arg)
{
	double sum = 0;
	size_t i;

	(void)arg;
	for (i = 0; i + 1 < nr; i += 2) {
		double a = stats_median(s[i].x, s[i].n), b = stats_median(s[i + 1].x, s[i + 1].n);

		if (!(a > 0 && b > 0))
			return NAN;
		sum += log(b / a);
	}
	return exp(sum / (double)(nr / 2));
}
