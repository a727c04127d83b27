/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in virtual time two arms first differ by more than their seeds do, in which counter of which
 * node and cgroup, and what the trace has there.
 *
 * Runs are laid beside each other by phase: the warm-up from the gate, the window from its opening.
 * Every counter becomes a series of points in a phase; at each point all runs of both arms have a
 * number.  Of the first point the number itself is compared, of the others how it has changed since,
 * so that what differs from the beginning does not hide what moves.
 */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "records/records.h"
#include "report/arms.h"
#include "stats/stats.h"

/* Chance of even one false finding among all counters and points; and of a point alone. */
#define EXPLAIN_ALPHA       0.05
#define EXPLAIN_ALPHA_POINT 0.01
/* Labellings that are looked at, at most. */
#define EXPLAIN_LABELS      2000

enum explain_phase { EXPLAIN_WARMUP, EXPLAIN_WINDOW, EXPLAIN_PHASES };

/* "warm-up", "window" */
const char *explain_phase_name(enum explain_phase phase);

struct explain_series {
	char *name; /* owned */
	enum explain_phase phase;
	double grain; /* what all its numbers are multiples of */
	size_t nr;
	double *at; /* of each point, ns since the phase began; owned */
	double *by; /* when each point's last number was really read, or NULL: at; owned */
	double *x;  /* nr rows: the numbers of a's runs, then of b's; owned */
};

/* Of one run; times since the guest's clock started. */
struct explain_run {
	uint64_t gate_ns, open_ns, close_ns;
	bool traced;
};

struct explain_data {
	size_t na, nb;
	bool paired; /* run i of either arm has the same seed */
	struct explain_run *run; /* a's, then b's; owned */
	struct explain_series *series; /* owned */
	size_t nr;
	char **only[2]; /* counters that only one arm has; owned */
	size_t nr_only[2];
	size_t partly; /* counters that some runs of an arm lack: not looked at */
	double step_ns[EXPLAIN_PHASES]; /* between the points of the trace; 0 = no trace */
};

/*
 * Where a run's records come from: 0, and *rec, with all that it points into in *bytes.  It is opened
 * more than once.
 */
struct explain_source {
	size_t na, nb;
	bool paired;
	int (*open)(void *ctx, size_t run, struct records *rec, struct buf *bytes, struct err *err);
	void *ctx;
};

/* explain_load.c: -ENODATA when no run has a window, -E2BIG for too many numbers. */
int explain_load(const struct explain_source *from, struct explain_data *out, struct err *err);
void explain_data_release(struct explain_data *data);

/* What the runs of an arm have at a point. */
struct explain_side {
	double median, min, max;
};

struct explain_finding {
	const struct explain_series *series;
	bool start;   /* apart at the first point already */
	size_t onset; /* the first point from which on it is apart without a break */
	size_t sure;  /* where it was found: at or behind the onset */
	double distance; /* at sure, standardised; negative where b has less */
	double p;     /* among all counters and points */
	struct explain_side a, b; /* at sure: as above, the number or its change */
};

/* Never moves in any run and is the same in all runs of an arm: another setting. */
struct explain_fixed {
	const char *name;
	double a, b;
};

struct explain {
	struct explain_finding *finding; /* by phase, time and distance; owned */
	size_t nr;
	struct explain_fixed *fixed; /* owned */
	size_t nr_fixed;
	size_t counters; /* that were looked at */
	size_t tests;    /* numbers that differ at all in any of the runs */
	size_t labels;
	bool all_labels;
	bool tested; /* false: too few runs, so what does not overlap is found, whatever it is worth */
};

/* data must outlive it. */
int explain_judge(const struct explain_data *data, struct explain *out, struct err *err);
void explain_release(struct explain *e);

/*
 * A finding's interval, ns since the phase began: the last point at which the arms agreed, and when all
 * that shows them apart had been read.
 */
void explain_interval(const struct explain_finding *f, double *lo, double *hi);

/*
 * explain_group.c: findings of one event together: of a family of counters (scanning, swapping, ...),
 * the earliest and those that can be of the same moment.
 */
struct explain_group {
	const char *family;
	enum explain_phase phase;
	bool start;
	double lo, hi; /* of the earliest */
	const struct explain_finding **finding; /* by distance; owned */
	size_t nr;
};

struct explain_groups {
	struct explain_group *group; /* by time, then distance; owned */
	size_t nr;
};

void explain_group(const struct explain *e, struct explain_groups *out);
void explain_groups_release(struct explain_groups *groups);
/* "system", "node 0", "cgroup kv", "workload kv", ... of a counter's name. */
void explain_scope(const char *name, char *out, size_t size);

/*
 * explain_around.c: what happened for a while before a moment and for as long from it on.
 */
struct explain_moment {
	enum explain_phase phase;
	double lo, hi;  /* ns since it began */
	double span_ns; /* of either while */
};

/* A count, in every run; a's runs first. */
struct explain_count {
	char *what; /* "event mm_vmscan_...", "direct episodes", "task direct: kv in app"; owned */
	double *before, *after; /* owned */
	double *first; /* ns since the gate of the first ever, up to the end; NAN for none; owned */
};

/* A step that was done, or a mark, before the moment. */
struct explain_step {
	char *name;    /* owned */
	double at_ns;  /* since the moment's phase began, median */
	size_t runs[2];
};

struct explain_around {
	struct explain_count *count; /* owned */
	size_t nr;
	uint64_t lost;   /* events, of all runs */
	int priority[2]; /* the lowest that any run of the arm had from the moment on; -1: not known */
	struct explain_step *step; /* owned; by time, both arms together */
	size_t nr_steps;
};

/* The moment of the first finding that moved, else of the first at all; false when there is none. */
bool explain_first(const struct explain_data *data, const struct explain *e,
		   struct explain_moment *out);
int explain_look(const struct explain_source *from, const struct explain_data *data,
		 const struct explain_moment *moment, struct explain_around *out, struct err *err);
void explain_around_release(struct explain_around *around);

/* explain_text.c: all of it, for people in 72 columns as far as names allow, or as JSON. */
struct explain_report {
	const struct explain_data *data;
	const struct explain *e;
	const struct explain_groups *groups;
	const struct explain_moment *moment; /* NULL: nothing was found */
	const struct explain_around *around; /* NULL: nothing was found */
	const json_t *meaning[2]; /* of each arm, {counter: what it means there} */
	bool whole; /* every group and counter */
};

/* A new object {counter: meaning} of what does not mean the same everywhere. */
json_t *explain_meanings(const struct arm *arm);
void explain_text(const struct explain_report *r, struct buf *out);
json_t *explain_json(const struct explain_report *r);

#endif
