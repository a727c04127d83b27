/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * series - one number over time, a value a night: where did its level change, and how much does it
 * scatter where it did not?  Nothing is known of the distribution; conventions are those of stats.h.
 */
#ifndef WRINGER_STATS_SERIES_H
#define WRINGER_STATS_SERIES_H

#include <stddef.h>

/* Longer series are refused: time and memory grow with the square. */
#define STATS_SERIES_MAX 1024

/* From this value on the level is another. */
struct stats_change {
	size_t at;	/* index of the first value of the new level */
	double p;	/* of a split as good anywhere in the part that was split there */
	double before;	/* medians from the change before, or the start, up to here, */
	double after;	/* and from here to the next, or the end */
};

/*
 * stats_changes - the changes of level of x[0..n-1], in order of time.
 *
 * E-divisive: of all splits of a part into two the one whose halves are farthest apart by
 *	q = m n / (m + n) (2 E|X - Y| - E|X - X'| - E|Y - Y'|)
 * is a change where hardly any shuffling of the part has one as far apart; then each half is a part.
 * Matteson & James, "A Nonparametric Approach for Multiple Change Point Analysis of Multivariate
 * Data", J. of the American Statistical Association 109(505), 2014; as in their energy statistic
 * with exponent 1; E|X - X'| is of two values, not of one with itself.  Shufflings are drawn at random,
 * always the same ones.
 *
 * No level has fewer than `least` values, 2 at least: a spike of fewer is none.  p_max is the share of
 * shufflings, in [0.0001, 0.5].  out[] has room for n / least changes.
 * -EINVAL when a value is not usable, n is above STATS_SERIES_MAX, or least or p_max are out of
 * range, -ENOMEM.
 */
int stats_changes(const double *x, size_t n, size_t least, double p_max, struct stats_change *out,
		  size_t *nr);

/*
 * stats_noise - the standard deviation of a series' values around a level that may change now and then.
 *
 * 1.4826 times the median distance of neighbours, over sqrt(2): a change of level is in one distance
 * only and a spike in two, which do not move a median (von Neumann et al., "The Mean Square
 * Successive Difference", Annals of Mathematical Statistics 12(2), 1941, with the median in place of
 * the mean).  NAN when n is below 2, or a value is not usable; -ENOMEM is NAN too.
 */
double stats_noise(const double *x, size_t n);

#endif /* WRINGER_STATS_SERIES_H */
