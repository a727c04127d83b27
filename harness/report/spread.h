/* SPDX-License-Identifier: GPL-2.0-only */
/* How much the seeds of each arm differ in its primary metrics, and what seeing a change costs. */
#ifndef REPORT_SPREAD_H
#define REPORT_SPREAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "report/arms.h"
#include "stats/stats.h"

struct spread_row {
	const struct arm *arm;
	const char *group;  /* of the scenario */
	const char *name;   /* the metric, inside the arm's results */
	const char *unit;
	const char *absent; /* why there are no numbers, or NULL */
	struct stats_spread s;
	size_t seeds;       /* each side, for the change to be seen; 0 = that cannot be said */
};

struct spread {
	double change, alpha, power; /* fractions */
	struct spread_row *row; /* by kernel, engine, group, scenario, guest, metric and policy */
	size_t nr;
	size_t failed; /* members without numbers */
};

/* arms must outlive it. */
int spread_make(const struct arms *arms, double change, double power, struct spread *out,
		struct err *err);
void spread_release(struct spread *spread);

/* spread_text.c: in 72 columns as far as names allow; as a table for docs/; as JSON. */
void spread_text(const struct spread *spread, struct buf *out);
void spread_markdown(const struct spread *spread, struct buf *out);
json_t *spread_json(const struct spread *spread);

#endif
