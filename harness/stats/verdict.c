// SPDX-License-Identifier: GPL-2.0-only
/* Correction for many tests, and the verdict on one metric. */
#include <errno.h>
#include <math.h>

#include "stats/stats.h"

/* p times the number of tests still standing when it is its turn. */
static double step_down(const double *p, size_t n, double own)
{
	size_t before = 0;

	for (size_t j = 0; j < n; j++)
		before += p[j] < own;
	return fmin(1, (double)(n - before) * own);
}

int stats_holm(const double *p, size_t n, double *adj)
{
	for (size_t i = 0; i < n; i++)
		if (!(p[i] >= 0 && p[i] <= 1))
			return -EINVAL;
	for (size_t i = 0; i < n; i++)
		adj[i] = step_down(p, n, p[i]);
	/*
	 * No test may look better than one with a smaller p. Raising adj[i] early does no harm to
	 * a later maximum, which ranges over everything adj[i] was raised to.
	 */
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (p[j] <= p[i])
				adj[i] = fmax(adj[i], adj[j]);
	return 0;
}

int stats_bh(const double *p, size_t n, double *adj)
{
	for (size_t i = 0; i < n; i++)
		if (!(p[i] >= 0 && p[i] <= 1))
			return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		size_t rank = 0;

		for (size_t j = 0; j < n; j++)
			rank += p[j] <= p[i];
		adj[i] = fmin(1, (double)n * p[i] / (double)rank);
	}
	/* No test may look worse than one with a larger p; lowering early does no harm, as above. */
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			if (p[j] >= p[i])
				adj[i] = fmin(adj[i], adj[j]);
	return 0;
}

/* Not fmax(): that would quietly pass over a NAN. */
static double margin_of(const struct stats_gate *gate, double base_median)
{
	double rel = gate->min_rel * fabs(base_median);

	if (!isfinite(rel) || !isfinite(gate->min_abs))
		return NAN;
	return rel > gate->min_abs ? rel : gate->min_abs;
}

/* The margin itself is a difference that matters, unless there is none at all. */
static bool is_inside(const struct stats_shift *shift, double margin)
{
	return (shift->lo > -margin && shift->hi < margin) || (shift->lo == 0 && shift->hi == 0);
}

enum stats_verdict stats_judge(enum stats_direction dir, double base_median,
			       const struct stats_shift *shift, double p_adj,
			       const struct stats_gate *gate)
{
	double margin;

	if (dir == STATS_DIR_NONE)
		return STATS_NONE;
	if (!shift || !gate)
		return STATS_UNDECIDED;
	margin = margin_of(gate, base_median);
	if (!(margin >= 0))
		return STATS_UNDECIDED;
	if (p_adj < gate->alpha && shift->shift != 0 && fabs(shift->shift) >= margin)
		return (shift->shift < 0) == (dir == STATS_DIR_LOWER) ? STATS_BETTER : STATS_WORSE;
	if (shift->bounded && is_inside(shift, margin))
		return STATS_SAME;
	return STATS_UNDECIDED;
}

const char *stats_verdict_name(enum stats_verdict v)
{
	switch (v) {
	case STATS_NONE:
		return "none";
	case STATS_BETTER:
		return "better";
	case STATS_WORSE:
		return "worse";
	case STATS_SAME:
		return "same";
	case STATS_UNDECIDED:
		return "undecided";
	}
	return "invalid";
}
