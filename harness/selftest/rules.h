/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rules - how other tools of the field tell that a number has changed, to be measured beside our
 * own verdict on the same data.  Written from what their sources do, without floors for particular
 * counters; none of them corrects for the number of metrics.
 */
#ifndef SELFTEST_RULES_H
#define SELFTEST_RULES_H

#include <stddef.h>

enum rule {
	/*
	 * LKP (the 0-day robot), lib/changed_stat.rb and lib/stats.rb of intel/lkp-tests, commit
	 * 2409d6a4b297: the smallest of one arm is above the middle element of the other, whose
	 * largest is below the middle element of the first.  Of each arm n / 32 values are left out
	 * at either end, 3 at most. One arm has at least 3 values; the middle elements differ by
	 * more than 1 %.
	 */
	RULE_LKP,
	/* The same tool with "distance": a gap between the arms, of half the middle elements'
	   distance. */
	RULE_LKP_GAP,
	/*
	 * mmtests, bin/lib/MMTests/Stat.pm of gormanm/mmtests, with --print-significance: the
	 * intervals of 95 % around the means, by Student's t, do not overlap.
	 */
	RULE_MMTESTS,
	/* SQUAD (of LKFT), squad/core/comparison.py of Linaro/squad: the sign of the difference. */
	RULE_SQUAD,
	RULE_NR,
};

/* "LKP", "LKP gap", "mmtests", "SQUAD" */
const char *rule_name(enum rule rule);

/*
 * 1 when the rule calls b higher than a, -1 lower, 0 when it reports no change.  na and nb are at
 * least 1, values are finite; memory in proportion to na + nb.
 */
int rule_says(enum rule rule, const double *a, size_t na, const double *b, size_t nb);

#endif
