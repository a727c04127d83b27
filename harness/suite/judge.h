/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a suite's results say so far.
 *
 * All comparisons of primary metrics are one family: each may raise a false alarm with its share of the
 * suite's alpha only (Bonferroni, since what has stopped cannot wait for what the others will say), and
 * its looks share that again, as declared in advance (stats/looks.h).  So the chance that a suite in which
 * nothing differs says of anything that it does is at most alpha.
 */
#ifndef SUITE_JUDGE_H
#define SUITE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "report/compare.h"
#include "suite/plan.h"

/* One primary metric of two arms. */
struct suite_row {
	/*
	 * p_adjusted is below COMPARE_ALPHA when p is below its level at this look.  The name is owned, the
	 * unit is the registry's.
	 */
	struct comparison_row r;
	bool finding; /* not what the cells expect */
};

/* An arm against the contest's first. */
struct suite_pair {
	struct suite_row *row;
	size_t nr;
	char *why;    /* it cannot be compared, or NULL */
	bool settled; /* more seeds would change nothing */
};

struct suite_standing {
	size_t present;  /* cells that have results */
	size_t looks;    /* complete ones */
	double level[SUITE_LOOKS_MAX]; /* what p must be below at each */
	size_t failed;   /* experiments that did not end well, or not as expected */
	bool settled;    /* every pair is, or all is run */
	bool broke;      /* its budget leaves no room for the next look */
	struct suite_pair *pair; /* of arm i + 1 */
};

struct suite_standings {
	struct suite_standing *of; /* by contest */
	size_t nr;
	size_t verdict[STATS_UNDECIDED + 1]; /* rows */
	size_t findings; /* rows and experiments that are not as expected, pairs that cannot be compared */
};

int suite_judge(const struct suite_plan *plan, struct suite_standings *out, struct err *err);
void suite_standings_release(const struct suite_plan *plan, struct suite_standings *s);

/* The results of an arm's cells of the looks from, but below to; of experiments that all have results. */
int suite_load_arm(const struct suite_plan *plan, const struct suite_arm *arm, size_t from, size_t to,
		   struct arm *out, struct err *err);

/* CPU seconds that a contest's cells up to a look, not run yet, are estimated to take. */
double suite_look_cost(const struct suite_plan *plan, size_t contest, size_t look);
/*
 * What running a contest's next look is worth: the chance that it settles it, roughly, for each CPU
 * second.  0 when there is none.
 */
double suite_worth(const struct suite_plan *plan, const struct suite_standings *s, size_t contest);

#endif
