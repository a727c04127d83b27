// SPDX-License-Identifier: GPL-2.0-only
#include "report/cost.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "experiment/probe.h"
#include "stats/stats.h"

/* Instructions a page over all that reclaim; false when there is none, or it is not all known. */
static bool per_page(const json_t *probe, double *out)
{
	json_t *rows = json_object_get(probe, "pages"), *row;
	double pages = 0, instructions = 0;
	size_t i;

	json_array_foreach(rows, i, row) {
		double n = json_number_value(json_object_get(row, "pages"));

		if (json_object_get(row, "absent"))
			return false;
		pages += n;
		instructions += n * json_number_value(json_object_get(row, "instructions_per_page"));
	}
	*out = pages ? instructions / pages : 0;
	return pages > 0;
}

static int add_member(const struct member *m, double *value, size_t *nr, struct err *err)
{
	json_t *probe;
	int ret = probe_load(m->id, &probe, err);

	if (ret == -ENOENT)
		return 0;
	if (ret)
		return ret;
	*nr += per_page(probe, &value[*nr]);
	json_decref(probe);
	return 0;
}

int cost_of_arm(const struct arm *arm, struct cost *out, struct err *err)
{
	double *value = xcalloc(arm->nr + 1, sizeof(*value));
	size_t i;
	int ret = 0;

	*out = (struct cost){0, 0};
	for (i = 0; !ret && i < arm->nr; i++)
		if (member_counts(&arm->member[i]))
			ret = add_member(&arm->member[i], value, &out->nr, err);
	if (!ret && out->nr)
		out->per_page = stats_median(value, out->nr);
	free(value);
	return ret;
}
