/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a few counters went over the window in all runs of an arm: at each of some points of time the
 * median and the extremes over the seeds.
 *
 * Points are evenly spaced over the shortest of the runs' windows, at most as many as the run with the fewest
 * samples has; between samples a number is taken to go in a straight line, so no point is made up of
 * samples that are further apart than the points.
 */
#ifndef REPORT_TIMELINE_H
#define REPORT_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "report/arms.h"

#define TIMELINE_POINTS 60
/* Counters that one pattern stands for, at most. */
#define TIMELINE_EACH   8

/* What is asked for: counters as of records/series.h. */
struct timeline_want {
	const char *name;    /* NULL: that of the counter */
	const char *unit;
	const char *pattern; /* a name or a glob; each counter that matches is a line of its own */
	const char *plus;    /* a counter that is added to it, or NULL */
	bool rate;           /* its change a second, not itself */
	double scale;        /* that is multiplied with this */
};

struct timeline_line {
	const struct timeline_want *want;
	char *name; /* owned: of the want, or of the counter */
	size_t nr;
	double *at; /* seconds since the opening; owned, and so are these, all of nr */
	double *mid, *lo, *hi;
};

struct timeline {
	struct timeline_line *line; /* in the order of what was asked for */
	size_t nr;
	size_t runs; /* that could be read */
};

/*
 * Of the members that count and have records; what not all of those have is left out.  *out has no lines when
 * there is nothing to read.  -EBADMSG and the like for records that are damaged.
 */
int timeline_load(const struct arm *arm, const struct timeline_want *want, size_t nr, struct timeline *out,
		  struct err *err);
void timeline_release(struct timeline *t);

#endif
