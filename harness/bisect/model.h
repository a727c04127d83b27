/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The posterior over culprits, given what was seen at points of a line.  Every culprit splits the
 * observations into those that do not see it and those that do; each half has a level of its own,
 * unknown, and the level is integrated out.  All culprits are equally likely at first.
 *
 * MODEL_RATE, values 0 and 1: each half has its own rate with Jeffreys' prior, Beta(1/2, 1/2):
 *	P(s of n) = B(s + 1/2, n - s + 1/2) / B(1/2, 1/2)
 *
 * MODEL_LEVEL, numbers: they are replaced by the normal scores of their ranks among all that were
 * seen, z((r - 1/2) / n), so that only their order counts and no outlier decides.  Each half has its own
 * mean and both one variance, with the conjugate prior
 *	mean | variance ~ N(0, variance / LEVEL_KAPPA),	variance ~ InvGamma(LEVEL_A, LEVEL_B)
 * Equal values get the mean of the scores that they would have in some order, and the variance of these
 * is added to the residual: eight equal values say no more of the tail than eight different ones.
 */
#ifndef BISECT_MODEL_H
#define BISECT_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include "bisect/line.h"

#define LEVEL_KAPPA 0.1
#define LEVEL_A     1.0
#define LEVEL_B     0.5

enum model { MODEL_RATE, MODEL_LEVEL };

/* One experiment that has a value. */
struct sample {
	size_t point;
	double value;
};

/* How far the two halves are apart, as far as the likeliest culprit has it. */
struct contrast {
	double old, new; /* MODEL_RATE: the rates' posterior means */
	double distance; /* MODEL_LEVEL: of the means, in standard deviations */
};

/*
 * For MODEL_LEVEL: rounds values to quarters of what lies between the ends (their medians).  Any two kernels
 * differ a little, and where runs are exact their order says so as surely as it says what is looked for;
 * quarters are fine enough for that, and too coarse for the rest.  Ends that are equal or no number leave
 * them as they are.
 */
void model_coarsen(struct sample *sample, size_t nr, double good, double bad);
/*
 * p[1..nr-1] sums to 1, p[0] is 0.  Uniform without samples.  -EINVAL when a value is not finite, or no
 * 0 or 1 where it should be.
 */
int model_posterior(const struct line *line, enum model model, const struct sample *sample, size_t nr,
		    double *p, struct contrast *contrast);

/* Logarithm of the marginal likelihood of s ones in n. */
double model_rate_ml(double s, double n);
/*
 * Of two halves with these numbers, sums and one sum of squares (that of ties with it), but for factors
 * that all culprits share.
 */
double model_level_ml(double n1, double sum1, double n2, double sum2, double squares);
/* The scores of x[0..n-1]; *ties: what their ties add to the sum of squares.  -EINVAL as above. */
int model_scores(const double *x, size_t n, double *score, double *ties);

/*
 * The smallest set of culprits that holds a share of the posterior, by descending probability; of equals
 * the earlier first.  Returns its mass.
 */
double model_credible(const double *p, size_t nr, double share, bool *in);

#endif
