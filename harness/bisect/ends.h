/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether two kernels differ by what is asked, and what could have been seen if not. */
#ifndef BISECT_ENDS_H
#define BISECT_ENDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "bisect/model.h"
#include "stats/stats.h"

/* With this chance a difference of the size that is named would have been seen. */
#define ENDS_POWER 0.9

struct question {
	enum model model;
	enum stats_direction better; /* of a metric; NONE: any difference will do */
	double min_rel, min_abs;     /* a metric's smallest change that matters */
};

enum ends_verdict {
	ENDS_DIFFER,    /* the bad one is worse */
	ENDS_REVERSED,  /* the good one is */
	ENDS_SAME,      /* by no more than what matters */
	ENDS_UNDECIDED,
};

struct ends {
	size_t nr_good, nr_bad;
	double good, bad;  /* medians, or shares that fail */
	double p;          /* exact Mann-Whitney, two-sided; of shares with the same numbers Fisher's */
	double visible;    /* the smallest difference that would be seen, in units; INFINITY for none */
	size_t needed;     /* seeds on each side for the difference there is; 0 = it cannot be said */
	enum ends_verdict verdict;
};

/* -EINVAL when a side is empty or a value is not usable. */
int ends_judge(const struct question *q, double alpha, const double *good, size_t nr_good,
	       const double *bad, size_t nr_bad, struct ends *out);

#endif
