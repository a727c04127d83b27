/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The course of a search, and nothing else: given what has been seen it says what to do next.  It
 * measures nothing itself, so that real searches, searches that are replayed from a journal and
 * simulated ones take the same decisions.
 *
 *	ends	are measured until they differ or are shown not to, at most with half of the seeds,
 *	search	until one culprit, or those that nothing tells apart, has HUNT_SURE,
 *	confirm	with fresh seeds on either side of it.
 */
#ifndef BISECT_HUNT_H
#define BISECT_HUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "bisect/choose.h"
#include "bisect/ends.h"
#include "bisect/line.h"
#include "bisect/model.h"

#define HUNT_SURE     0.95
#define HUNT_CREDIBLE 0.90
/* Level of the tests of ends and of the confirmation, all looks of each together. */
#define HUNT_ALPHA_ENDS    0.002
#define HUNT_ALPHA_CONFIRM 0.01

enum phase { HUNT_ENDS, HUNT_SEARCH, HUNT_CONFIRM, HUNT_OVER };

enum outcome {
	HUNT_OPEN,
	HUNT_FOUND,       /* and confirmed */
	HUNT_UNCONFIRMED, /* fresh seeds do not bear it out */
	HUNT_UNSURE,      /* nothing that can be tested would tell more, or the limit was reached */
	HUNT_REFUSED,     /* the ends do not differ, or cannot be tested */
};

struct attempt {
	size_t point;
	uint64_t seed;
	bool has;     /* it has a value */
	double value; /* 1 = fails */
};

struct step {
	enum phase phase;
	size_t point;
	size_t seeds;
};

struct hunt {
	const struct line *line;
	struct question q;
	bool new_is_bad;
	size_t seeds;           /* how many every point may have */
	size_t limit;           /* of experiments, 0 = none */
	double cost_experiment; /* seconds */

	struct attempt *tried;
	size_t nr;
	struct site *site;      /* by point */
	double *p;              /* posterior */
	struct contrast contrast;
	bool differ;            /* the ends do */
	struct ends ends;
	bool *found;            /* the culprits, once one or an indistinguishable set is sure */
	double sure;            /* their probability */
	size_t before, from;    /* usable points beside them; line->nr = none */
	size_t fresh_from;      /* index in tried where the confirmation began; SIZE_MAX = not yet */
	struct ends confirmed;
	enum outcome outcome;
	char why[512];          /* a sentence on a refusal or an end without an answer, or "" */
};

void hunt_init(struct hunt *h, const struct line *line, const struct question *q, bool new_is_bad,
	       size_t seeds, size_t limit);
void hunt_release(struct hunt *h);
/* What to do next; HUNT_OVER with h->outcome when there is nothing left. */
int hunt_next(struct hunt *h, struct step *step);
/* What came of it: one experiment; or that the point cannot be tested. */
void hunt_add(struct hunt *h, const struct attempt *attempt);
void hunt_skip(struct hunt *h, size_t point);
void hunt_refuse(struct hunt *h, const char *why);

/* Attempts at a point, those of them with a value, and the sum of these. */
size_t hunt_count(const struct hunt *h, size_t point, size_t *values);
/* The values at a point from an index of tried on; returns their number. */
size_t hunt_values(const struct hunt *h, size_t point, size_t from, double *out);
/* The ends as points of the line. */
size_t hunt_good(const struct hunt *h);
size_t hunt_bad(const struct hunt *h);

#endif
