// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "stats/stats.h"

/* What was seen at one point. */
struct seen {
	size_t point;
	double n, sum;
};

double model_rate_ml(double s, double n)
{
	return lgamma(s + 0.5) + lgamma(n - s + 0.5) - lgamma(n + 1) - log(M_PI);
}

/* The part of the residual that a half leaves, its mean integrated out. */
static double explained(double n, double sum)
{
	return sum * sum / (n + LEVEL_KAPPA);
}

double model_level_ml(double n1, double sum1, double n2, double sum2, double squares)
{
	double a = LEVEL_A + (n1 + n2) / 2;
	double b = LEVEL_B + (squares - explained(n1, sum1) - explained(n2, sum2)) / 2;

	return -0.5 * (log(n1 + LEVEL_KAPPA) + log(n2 + LEVEL_KAPPA)) - a * log(b);
}

static int by_value(const void *a, const void *b)
{
	const double *const *x = a, *const *y = b;

	return **x < **y ? -1 : **x > **y;
}

/* Those from..to are equal: their mean score to each, what they then lack to ties. */
static double share_scores(const double *const *order, const double *x, size_t from, size_t to, size_t n,
			   double *score)
{
	double sum = 0, squares = 0, mean;
	size_t i;

	for (i = from; i < to; i++) {
		double z = stats_normal_quantile(((double)i + 0.5) / (double)n);

		sum += z;
		squares += z * z;
	}
	mean = sum / (double)(to - from);
	for (i = from; i < to; i++)
		score[order[i] - x] = mean;
	return fmax(squares - mean * sum, 0);
}

int model_scores(const double *x, size_t n, double *score, double *ties)
{
	const double **order = xcalloc(n, sizeof(*order));
	size_t i, from;
	int ret = 0;

	*ties = 0;
	for (i = 0; i < n; i++) {
		order[i] = &x[i];
		ret = isfinite(x[i]) ? ret : -EINVAL;
	}
	if (!ret && n)
		qsort(order, n, sizeof(*order), by_value);
	for (from = 0; !ret && from < n; from = i) {
		for (i = from + 1; i < n && *order[i] == *order[from];)
			i++;
		*ties += share_scores(order, x, from, i, n, score);
	}
	free(order);
	return ret;
}

static size_t sum_up(const struct sample *sample, const double *value, size_t nr, struct seen *out)
{
	size_t i, k, n = 0;

	for (i = 0; i < nr; i++) {
		for (k = 0; k < n && out[k].point != sample[i].point;)
			k++;
		if (k == n)
			out[n++] = (struct seen){.point = sample[i].point};
		out[k].n++;
		out[k].sum += value[i];
	}
	return n;
}

/* The two halves that a culprit makes: [0] does not see it. */
static void split(const struct line *line, size_t c, const struct seen *seen, size_t nr,
		  struct seen half[2])
{
	size_t i;

	memset(half, 0, 2 * sizeof(*half));
	for (i = 0; i < nr; i++) {
		struct seen *h = &half[line_after(line, seen[i].point, c)];

		h->n += seen[i].n;
		h->sum += seen[i].sum;
	}
}

static double likelihood(enum model model, const struct seen half[2], double squares)
{
	if (model == MODEL_RATE)
		return model_rate_ml(half[0].sum, half[0].n) + model_rate_ml(half[1].sum, half[1].n);
	return model_level_ml(half[0].n, half[0].sum, half[1].n, half[1].sum, squares);
}

static void normalise(double *p, size_t nr)
{
	double most = -INFINITY, sum = 0;
	size_t c;

	for (c = 1; c < nr; c++)
		most = fmax(most, p[c]);
	for (c = 1; c < nr; c++) {
		p[c] = exp(p[c] - most);
		sum += p[c];
	}
	for (c = 1; c < nr; c++)
		p[c] /= sum;
	p[0] = 0;
}

static void contrast_of(enum model model, const struct seen half[2], double squares,
			struct contrast *out)
{
	double n = half[0].n + half[1].n, mean[2], variance;
	int i;

	*out = (struct contrast){0};
	if (model == MODEL_RATE) {
		out->old = (half[0].sum + 0.5) / (half[0].n + 1);
		out->new = (half[1].sum + 0.5) / (half[1].n + 1);
		return;
	}
	for (i = 0; i < 2; i++)
		mean[i] = half[i].sum / (half[i].n + LEVEL_KAPPA);
	variance = (LEVEL_B + (squares - explained(half[0].n, half[0].sum) -
			       explained(half[1].n, half[1].sum)) / 2) / (LEVEL_A + n / 2);
	out->distance = fabs(mean[0] - mean[1]) / sqrt(variance);
}

static size_t likeliest(const double *p, size_t nr)
{
	size_t c, best = 1;

	for (c = 1; c < nr; c++)
		if (p[c] > p[best])
			best = c;
	return best;
}

static int values_of(enum model model, const struct sample *sample, size_t nr, double *out,
		     double *squares)
{
	double *x = xcalloc(nr, sizeof(*x)), ties = 0;
	size_t i;
	int ret = 0;

	*squares = 0;
	for (i = 0; i < nr; i++)
		x[i] = sample[i].value;
	if (model == MODEL_LEVEL)
		ret = model_scores(x, nr, out, &ties);
	for (i = 0; !ret && i < nr; i++) {
		if (model == MODEL_RATE) {
			out[i] = x[i];
			ret = x[i] == 0 || x[i] == 1 ? 0 : -EINVAL;
		}
		*squares += out[i] * out[i];
	}
	*squares += ties;
	free(x);
	return ret;
}

void model_coarsen(struct sample *sample, size_t nr, double good, double bad)
{
	double step = (bad - good) / 4;
	size_t i;

	if (!(fabs(step) > 0))
		return;
	for (i = 0; i < nr; i++)
		sample[i].value = round((sample[i].value - good) / step);
}

int model_posterior(const struct line *line, enum model model, const struct sample *sample, size_t nr,
		    double *p, struct contrast *contrast)
{
	double *value = xcalloc(nr, sizeof(*value)), squares;
	struct seen *seen = xcalloc(nr, sizeof(*seen)), half[2], last[2];
	int ret = values_of(model, sample, nr, value, &squares);
	size_t c, n;

	if (!ret) {
		n = sum_up(sample, value, nr, seen);
		for (c = 1; c < line->nr; c++) {
			split(line, c, seen, n, half);
			/* Between two points that were seen all are alike. */
			p[c] = c > 1 && !memcmp(half, last, sizeof(last)) ?
				p[c - 1] : likelihood(model, half, squares);
			memcpy(last, half, sizeof(last));
		}
		normalise(p, line->nr);
		split(line, likeliest(p, line->nr), seen, n, half);
		contrast_of(model, half, squares, contrast);
	}
	free(value);
	free(seen);
	return ret;
}

double model_credible(const double *p, size_t nr, double share, bool *in)
{
	double mass = 0;
	size_t c, best;

	memset(in, 0, nr * sizeof(*in));
	/* Rounding must not make it take in those that have nothing. */
	while (mass < share - 1e-12) {
		for (best = 0, c = 1; c < nr; c++)
			if (!in[c] && p[c] > (best ? p[best] : 0))
				best = c;
		if (!best)
			break;
		in[best] = true;
		mass += p[best];
	}
	return mass;
}
