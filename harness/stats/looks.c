// SPDX-License-Identifier: GPL-2.0-only
/* Levels of repeated tests: a recursion over the density of what has not stopped yet. */
#include "stats/looks.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "stats/stats.h"

/* Intervals of Simpson's rule, and as many that a step of the process is cut off at. */
#define GRID 512
#define STEPS 60

/* The process B(t) = z sqrt(t) at one look: its density where it has not left [-edge, edge]. */
struct look {
	double t;
	double edge;
	double density[GRID + 1];
};

static double normal_upper(double z)
{
	return erfc(z / sqrt(2)) / 2;
}

static double normal_density(double z)
{
	return exp(-z * z / 2) / sqrt(2 * M_PI);
}

static double grid_at(const struct look *l, size_t i)
{
	return l->edge * (2.0 * (double)i / GRID - 1);
}

/* Simpson's rule. */
static double weight(const struct look *l, size_t i)
{
	double h = 2 * l->edge / GRID / 3;

	if (!i || i == GRID)
		return h;
	return i % 2 ? 4 * h : 2 * h;
}

/* The chance that what was inside at the look before is outside [-edge, edge] by the time t. */
static double leaves(const struct look *before, double t, double edge)
{
	double s = sqrt(t - before->t), sum = 0;
	size_t i;

	/* All begin at 0. */
	if (!before->t)
		return 2 * normal_upper(edge / s);
	for (i = 0; i <= GRID; i++) {
		double y = grid_at(before, i);

		sum += weight(before, i) * before->density[i] *
		       (normal_upper((edge - y) / s) + normal_upper((edge + y) / s));
	}
	return sum;
}

static double density_at(const struct look *before, double t, double x)
{
	double s = sqrt(t - before->t), sum = 0;
	size_t i;

	if (!before->t)
		return normal_density(x / s) / s;
	for (i = 0; i <= GRID; i++)
		sum += weight(before, i) * before->density[i] *
		       normal_density((x - grid_at(before, i)) / s) / s;
	return sum;
}

/* The edge out of which as much goes as may be spent. */
static double find_edge(const struct look *before, double t, double spend)
{
	double lo = 0, hi = 40 * sqrt(t);
	int i;

	for (i = 0; i < STEPS; i++) {
		double mid = (lo + hi) / 2;

		if (leaves(before, t, mid) > spend)
			lo = mid;
		else
			hi = mid;
	}
	return hi;
}

static void next_look(const struct look *before, double t, double spend, struct look *out)
{
	size_t i;

	out->t = t;
	out->edge = find_edge(before, t, spend);
	for (i = 0; i <= GRID; i++)
		out->density[i] = density_at(before, t, grid_at(out, i));
}

static double spent(double t, double alpha, enum stats_spending how)
{
	if (how == STATS_POCOCK)
		return alpha * log(1 + (M_E - 1) * t);
	return 4 * normal_upper(stats_normal_quantile(1 - alpha / 4) / sqrt(t));
}

static bool ascends(const double *share, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!(share[i] > (i ? share[i - 1] : 0) && share[i] <= 1))
			return false;
	return true;
}

int stats_looks(const double *share, size_t nr, double alpha, enum stats_spending how, double *p)
{
	struct look look[2] = {{.t = 0}};
	double before = 0;
	size_t i;

	if (!nr || nr > STATS_LOOKS_MAX || !(alpha > 0 && alpha <= 0.5) || !ascends(share, nr))
		return -EINVAL;
	for (i = 0; i < nr; i++) {
		double all = spent(share[i], alpha, how);
		struct look *l = &look[(i + 1) % 2];

		next_look(&look[i % 2], share[i], all - before, l);
		p[i] = 2 * normal_upper(l->edge / sqrt(l->t));
		before = all;
	}
	return 0;
}
