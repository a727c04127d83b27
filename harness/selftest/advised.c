// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/advised.h"

#include <math.h>
#include <stdlib.h>

#include "report/compare.h"
#include "report/values.h"
#include "stats/random.h"

/* The pilot has said how many; it is no witness of whether that was right. */
static size_t fill(const struct resample_row *row, size_t pilot, double *x, double *floor)
{
	size_t i, n = 0;

	for (i = pilot; i < row->arm->nr - arm_failed(row->arm); i++) {
		if (isnan(row->value[i]))
			continue;
		*floor = fmax(*floor, row->least[i]);
		x[n++] = row->value[i];
	}
	return n;
}

/* The first values as they are, the next so many made worse. */
static int try_once(struct resample_row *row, double *x, double floor, double change, size_t tests, struct err *err)
{
	struct comparison_row c = {.name = (char *)row->name, .better = row->better, .floor = floor};
	struct stats_gate gate = comparison_gate(&c);
	size_t n = row->needed, i;
	int ret;

	for (i = n; i < 2 * n; i++)
		x[i] = resample_worse(row->better, change, x[i]);
	ret = comparison_measure(&c, x, n, x + n, n, err);
	if (ret)
		return ret;
	c.p_adjusted = fmin(1, c.p * (double)tests);
	tally_add(&row->at_needed, stats_judge(c.better, c.base, &c.shift, c.p_adjusted, &gate) == STATS_WORSE);
	return 0;
}

int advised_try(struct resample_row *row, const struct resample_ask *ask, size_t tests, uint64_t seed,
		struct err *err)
{
	cleanup_free double *x = xcalloc(row->arm->nr, sizeof(*x)), *drawn = xcalloc(row->arm->nr, sizeof(*x));
	cleanup_free size_t *order = xcalloc(row->arm->nr, sizeof(*order));
	uint64_t state = seed;
	double floor = 0;
	size_t n = fill(row, ask->pilot, x, &floor), i, k;
	int ret = 0;

	if (row->needed <= ask->half || 2 * row->needed > n)
		return 0;
	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = 0; !ret && i < ask->splits; i++) {
		stats_random_shuffle(&state, order, n);
		for (k = 0; k < 2 * row->needed; k++)
			drawn[k] = x[order[k]];
		ret = try_once(row, drawn, floor, ask->change, tests, err);
	}
	return ret;
}
