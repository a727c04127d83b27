/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where to measure next, and with how many seeds: where the expected information about the culprit is
 * highest for its cost.
 *
 * n seeds at point k tell on which side of k the culprit is.  With q the posterior probability that it
 * is seen at k, and H the binary entropy, they are taken to tell H(q) g(n), where g is the share of one
 * bit that n observations tell between two equally likely sides: exact for rates, and for levels
 * J(distance sqrt(n)), ten Brink's function for a sign in Gaussian noise, in the approximation of
 * Brannstrom et al., IEEE Trans. Inf. Theory 51(9), 2005.
 *
 * Where a neighbour could not be tested, this one may not be either: with r untestable points around
 * without one between them that was tested, a point at distance d from them counts d / (d + 2^r - 1).
 */
#ifndef BISECT_CHOOSE_H
#define BISECT_CHOOSE_H

#include "bisect/line.h"
#include "bisect/model.h"

#define CHOOSE_SEEDS_MAX 8

/* What is known of a point besides its values. */
struct site {
	bool skipped; /* cannot be tested */
	bool ready;   /* has been run: another seed costs nothing but itself */
	size_t left;  /* seeds that it has not had */
};

struct choice {
	size_t point;
	size_t seeds;
	double bits;  /* expected */
};

/* 0, or -ENOENT where no point that can be tested tells anything. */
int choose_next(const struct line *line, enum model model, const double *p,
		const struct contrast *contrast, const struct site *site, double cost_experiment,
		struct choice *out);

/* The share of a bit that n observations tell. */
double choose_share(enum model model, const struct contrast *contrast, size_t n);

#endif
