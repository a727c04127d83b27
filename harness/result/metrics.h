/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry: every metric that has a name of its own, and what it means.  Help, docs and
 * verdicts come from this table.
 *
 * Full names are unique in a result: a system metric is called as in the table, one of a cgroup
 * "cgroup.NAME.<metric>", one of a workload "workload.NAME.<metric>".  Beside these a result holds
 * the change of every line of vmstat ("vmstat.KEY"), of each node's vmstat ("node.N.KEY") and of
 * each cgroup's memory.stat ("cgroup.NAME.stat.KEY"), as diagnostics without a direction.
 */
#ifndef RESULT_METRICS_H
#define RESULT_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "stats/stats.h"

enum metric_class {
	METRIC_PRIMARY,    /* decides, unless the scenario names its own */
	METRIC_SECONDARY,  /* shown */
	METRIC_DIAGNOSTIC, /* shown on request */
};

/* Where a metric's number comes from. */
enum metric_source {
	METRIC_VMSTAT,        /* change over the window; several keys are added up */
	METRIC_PER_MOP,       /* the same for a million operations of all workloads together */
	METRIC_PSI,           /* change of a pressure file's total */
	METRIC_CGROUP_STAT,   /* change of memory.stat */
	METRIC_CGROUP_EVENTS, /* change of memory.events */
	METRIC_CGROUP_PSI,    /* change of memory.pressure's total */
	METRIC_CGROUP_LAST,   /* a file's number at the close */
	METRIC_WORKLOAD,      /* from the workload's own counters */
};

struct metric {
	const char *name;
	const char *unit;
	enum stats_direction better;
	enum metric_class class;
	enum metric_source source;
	const char *key;   /* keys of the source, blank-separated; METRIC_WORKLOAD: what is taken */
	double min_rel;    /* smallest change that matters, relative to the base's median */
	double min_abs;    /* and absolute, in units; the larger counts */
	const char *help;
};

extern const struct metric metrics[];
extern const size_t nr_metrics;

/*
 * The table's row for a full name, or NULL for a raw counter or a workload's own metric.
 */
const struct metric *metric_find(const char *full_name);

const char *metric_class_name(enum metric_class class);
/* "lower", "higher", "none" */
const char *metric_better_name(enum stats_direction better);
enum stats_direction metric_better_find(const char *name);

#endif
