// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/choose.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/buf.h"

/* However many could not be tested beside it. */
#define CHANCE_MIN 0.01

/* Less than this of a bit is nothing: rounding, or a side that is as good as excluded. */
#define BITS_MIN 1e-6

static double entropy(double q)
{
	return q <= 0 || q >= 1 ? 0 : -(q * log2(q) + (1 - q) * log2(1 - q));
}

/* J(s): what one value of standard deviation 1 tells of a sign, s being twice its amplitude. */
static double gaussian_share(double s)
{
	return pow(1 - exp2(-0.3073 * pow(s, 2 * 0.8935)), 1.1064);
}

/* Mutual information of a fair bit and the number of ones that either rate gives. */
static double rate_share(double a, double b, size_t n)
{
	double bits = 0;
	size_t s;

	for (s = 0; s <= n; s++) {
		double k = lgamma((double)n + 1) - lgamma((double)s + 1) - lgamma((double)(n - s) + 1);
		double pa = exp(k + (double)s * log(a) + (double)(n - s) * log1p(-a));
		double pb = exp(k + (double)s * log(b) + (double)(n - s) * log1p(-b));
		double m = (pa + pb) / 2;

		bits += (pa > 0 ? pa * log2(pa / m) : 0) + (pb > 0 ? pb * log2(pb / m) : 0);
	}
	return fmax(bits / 2, 0);
}

double choose_share(enum model model, const struct contrast *contrast, size_t n)
{
	if (model == MODEL_RATE)
		return rate_share(contrast->old, contrast->new, n);
	return gaussian_share(contrast->distance * sqrt((double)n));
}

/* q of every point: how likely it is that a test there sees the culprit. */
static void seen_chances(const struct line *line, const double *p, double *q)
{
	size_t k, c;

	for (k = 0; k < line->nr; k++) {
		q[k] = k && !line->after ? q[k - 1] + p[k] : 0;
		for (c = 1; line->after && c < line->nr; c++)
			q[k] += line_after(line, k, c) ? p[c] : 0;
	}
}

/* The chance that what lies side by side with what could not be tested can be. */
static void testable_chances(const struct line *line, const struct site *site, double *chance)
{
	size_t k, first = 0, last = 0, d, i;
	double run = 0;

	for (k = 0; k < line->nr; k++)
		chance[k] = 1;
	for (k = 0; k < line->nr; k++) {
		if (site[k].skipped) {
			first = run ? first : k;
			last = k;
			run++;
		}
		if (!run || !(site[k].ready || k + 1 == line->nr))
			continue;
		for (i = 0; i < line->nr; i++) {
			d = i < first ? first - i : i > last ? i - last : 1;
			chance[i] = fmin(chance[i], (double)d / ((double)d + exp2(fmin(run, 60)) - 1));
		}
		run = 0;
	}
}

int choose_next(const struct line *line, enum model model, const double *p,
		const struct contrast *contrast, const struct site *site, double cost_experiment,
		struct choice *out)
{
	static const size_t batch[] = {1, 2, 3, 4, 6, CHOOSE_SEEDS_MAX};
	double *q = xcalloc(line->nr, sizeof(*q)), *chance = xcalloc(line->nr, sizeof(*chance));
	double share[ARRAY_SIZE(batch)], best = 0;
	size_t k, b;

	for (b = 0; b < ARRAY_SIZE(batch); b++)
		share[b] = choose_share(model, contrast, batch[b]);
	seen_chances(line, p, q);
	testable_chances(line, site, chance);
	for (k = 0; k < line->nr; k++) {
		double setup = site[k].ready ? 0 : line->point[k].cost;

		for (b = 0; !site[k].skipped && b < ARRAY_SIZE(batch) && batch[b] <= site[k].left; b++) {
			double bits = entropy(q[k]) * share[b];
			double worth = bits * (site[k].ready ? 1 : fmax(chance[k], CHANCE_MIN)) /
				       (setup + cost_experiment * (double)batch[b]);

			if (bits < BITS_MIN || worth <= best * (1 + 1e-9))
				continue;
			best = worth;
			*out = (struct choice){.point = k, .seeds = batch[b], .bits = bits};
		}
	}
	free(q);
	free(chance);
	return best > 0 ? 0 : -ENOENT;
}
