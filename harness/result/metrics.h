/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registry: every metric that has a name of its own, and what it means.  Help, docs, schema and
 * verdicts come from this table.
 *
 * Full names are unique in a result: a system metric is called as in the table, one of a cgroup
 * "cgroup.NAME.<metric>", one of a node "node.N.<metric>", one of a workload
 * "workload.NAME.<metric>".  Beside these a result holds the change of every line of vmstat
 * ("vmstat.KEY"), of each node's vmstat ("node.N.KEY") and of each cgroup's memory.stat
 * ("cgroup.NAME.stat.KEY"), as diagnostics without a direction.
 */
#ifndef RESULT_METRICS_H
#define RESULT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stats/stats.h"

enum metric_class {
	METRIC_PRIMARY,    /* decides, unless the scenario names its own */
	METRIC_SECONDARY,  /* shown */
	METRIC_DIAGNOSTIC, /* shown on request */
};

enum metric_scope {
	SCOPE_SYSTEM,
	SCOPE_NODE,
	SCOPE_CGROUP,
	SCOPE_WORKLOAD,
	SCOPE_NR,
};

/* How a metric's number comes about; "change" is over the window. */
enum metric_source {
	METRIC_STAT,     /* change of vmstat, of a cgroup: of memory.stat; several keys are added up */
	METRIC_PER_MOP,  /* the same for a million operations of all workloads together */
	METRIC_RATIO,    /* "A B / C D": the change of the first for a million of the second */
	METRIC_EVENTS,   /* change of a cgroup's memory.events */
	METRIC_PSI,      /* "RESOURCE KIND": change of a pressure file's total */
	METRIC_LAST,     /* a cgroup file's number at the close */
	METRIC_COUNTERS, /* change of all counters whose names match the pattern, added up */
	METRIC_HIGHEST,  /* the largest value of a counter in the samples: "SOURCE.KEY" */
	METRIC_TRACE,    /* a number of the trace's batches, or "A / B": the first for a million of B */
	METRIC_HIST,     /* "NAME WHAT": of a histogram of the trace; WHAT: count, sum_us, max, or ppm */
	METRIC_DERIVED,  /* computed by a function of that name */
	METRIC_WORKLOAD, /* from the workload's own counters */
};

struct metric {
	const char *name;
	const char *unit;
	enum stats_direction better;
	enum metric_class class;
	enum metric_scope scope;
	enum metric_source source;
	const char *key;   /* what of the source is taken */
	double min_rel;    /* smallest change that matters, relative to the base's median */
	double min_abs;    /* and absolute; the larger counts.  METRIC_PER_MOP: before the division */
	const char *help;
};

extern const struct metric metrics[];
extern const size_t nr_metrics;

/*
 * A counter whose meaning is not the same everywhere.  Which one a result has is found from what
 * its kernel exposes, never from a version number.
 */
struct meaning {
	const char *name;
	const char *keys;  /* of vmstat, node vmstat or memory.stat, blank-separated */
	bool cgroups;      /* memory.stat's counters of that name too */
	const char *probe; /* "SOURCE KEY": has yes if the source has the key; "state KEY": if it is not 0 */
	const char *yes;   /* one that ends with '-' goes on with the kernel's version, "6.12" */
	const char *no;
	const char *help;
};

extern const struct meaning meanings[];
extern const size_t nr_meanings;

/* True when the meaning concerns one of the blank-separated keys. */
bool meaning_concerns(const struct meaning *m, const char *keys, bool cgroup);

/*
 * The table's row for a full name, or NULL for a raw counter or a workload's own metric.
 */
const struct metric *metric_find(const char *full_name);
/* "", "node.", "cgroup.", "workload.": what comes before the scope's name and the metric's. */
const char *metric_prefix(enum metric_scope scope);

const char *metric_class_name(enum metric_class class);
/* "system", "node", "cgroup", "workload" */
const char *metric_scope_name(enum metric_scope scope);
/* "lower", "higher", "none" */
const char *metric_better_name(enum stats_direction better);
enum stats_direction metric_better_find(const char *name);

#endif
