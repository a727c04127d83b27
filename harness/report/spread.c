// SPDX-License-Identifier: GPL-2.0-only
#include "report/spread.h"

#include <stdlib.h>
#include <string.h>

#include "experiment/scenario.h"
#include "kernel/kernel.h"
#include "report/compare.h"
#include "report/values.h"

static int fill_row(const struct spread *spread, struct spread_row *row, size_t place,
		    struct err *err)
{
	const struct stats_aim aim = {spread->change, 0, spread->alpha, spread->power};
	double *x = xcalloc(row->arm->nr, sizeof(*x));
	const char *meaning;
	size_t n = arm_values(row->arm, row->name, place, x, &row->absent, &meaning);
	int ret = 0;

	if (n) {
		row->absent = NULL;
		ret = stats_spread(x, n, &row->s);
		if (!ret)
			ret = stats_n_for_values(x, n, &aim, &row->seeds);
	} else if (!row->absent) {
		row->absent = "no value";
	}
	free(x);
	return ret ? err_sys(err, ret, "cannot say how %s scatters", row->name) : 0;
}

static struct spread_row *new_row(struct spread *spread, const struct arm *arm)
{
	struct spread_row *row;

	spread->row = xrealloc(spread->row, spread->nr + 1, sizeof(*spread->row));
	row = &spread->row[spread->nr++];
	*row = (struct spread_row){.arm = arm, .group = arm_group(arm), .name = "", .unit = ""};
	return row;
}

static int add_arm(struct spread *spread, const struct arm *arm, struct err *err)
{
	const struct member *first = arm_first(arm);
	size_t i, before = spread->nr;
	struct spread_row *row;
	json_t *metric;
	int ret = 0;

	spread->failed += arm_failed(arm);
	json_array_foreach(first ? json_object_get(first->r.result, "metrics") : NULL, i, metric) {
		const char *name = text_of(metric, "name");

		if (metric_class_in(arm_primary(arm), name, metric) != METRIC_PRIMARY)
			continue;
		row = new_row(spread, arm);
		row->name = name;
		row->unit = text_of(metric, "unit");
		ret = fill_row(spread, row, i, err);
		if (ret)
			return ret;
	}
	if (spread->nr == before)
		new_row(spread, arm)->absent = first ? "no primary metric" : "none ended well";
	return 0;
}

static int group_rank(const char *group)
{
	int i;

	for (i = 0; scenario_groups[i] && strcmp(scenario_groups[i], group);)
		i++;
	return i;
}

static int by_scenario(const void *x, const void *y)
{
	const struct spread_row *a = x, *b = y;
	const char *const *la = a->arm->label, *const *lb = b->arm->label;
	int order = kernel_version_cmp(la[AXIS_KERNEL], lb[AXIS_KERNEL]);

	if (!order)
		order = strcmp(la[AXIS_ENGINE], lb[AXIS_ENGINE]);
	if (!order)
		order = group_rank(a->group) - group_rank(b->group);
	if (!order)
		order = strcmp(la[AXIS_SCENARIO], lb[AXIS_SCENARIO]);
	if (!order)
		order = strcmp(la[AXIS_GUEST], lb[AXIS_GUEST]);
	if (!order)
		order = strcmp(a->name, b->name);
	return order ? order : strcmp(la[AXIS_POLICY], lb[AXIS_POLICY]);
}

int spread_make(const struct arms *arms, double change, double power, struct spread *out,
		struct err *err)
{
	size_t i;
	int ret = 0;

	*out = (struct spread){.change = change, .alpha = COMPARE_ALPHA, .power = power};
	for (i = 0; !ret && i < arms->nr; i++)
		ret = add_arm(out, &arms->arm[i], err);
	if (ret)
		spread_release(out);
	else if (out->nr)
		qsort(out->row, out->nr, sizeof(*out->row), by_scenario);
	return ret;
}

void spread_release(struct spread *spread)
{
	free(spread->row);
	memset(spread, 0, sizeof(*spread));
}
