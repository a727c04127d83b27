/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A chart as data.  HTML draws it (svg.h); figure_text() is what it says in words, for the forms without
 * drawings and for whoever cannot see it.
 */
#ifndef DOCUMENT_FIGURE_H
#define DOCUMENT_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Points of one line, at most: those of more are drawn together. */
#define FIGURE_POINTS 60
/* Points of all lines of a document together: what keeps a large one below 2 MB. */
#define FIGURE_POINTS_ALL 30000
/* Single values of all strips together: with more only those of primary metrics are all drawn. */
#define FIGURE_DOTS_ALL 20000
/* Single values that are drawn in one figure, at most. */
#define FIGURE_DOTS   2000

enum figure_type {
	FIGURE_LINES,  /* lines over time, with bands */
	FIGURE_HEAT,   /* a row for each line, shades over time: mid is 0 to 1 */
	FIGURE_STEPS,  /* a histogram: x are the upper ends of its buckets, mid how many */
	FIGURE_LADDER, /* a number over named things, with marks */
};

struct figure_line {
	char *name;
	size_t nr;
	double *x, *mid, *lo, *hi; /* owned; lo and hi may be NULL */
};

/* A point of a ladder at which something is to be said. */
struct figure_mark {
	double x;
	char *text;
	bool bad;
};

struct figure {
	enum figure_type type;
	char *title, *unit;
	struct figure_line *line; /* the arms in their order */
	size_t nr;
	char **label; /* of a ladder: what is at 0, 1, ... */
	size_t nr_labels;
	struct figure_mark *mark;
	size_t nr_marks;
	double *dot_x, *dot_y; /* of a ladder: single values */
	size_t nr_dots;
};

struct figure figure_new(enum figure_type type, const char *title, const char *unit);
/* Copies nr numbers each; lo and hi may be NULL. */
void figure_add(struct figure *f, const char *name, const double *x, const double *mid, const double *lo,
		const double *hi, size_t nr);
void figure_label(struct figure *f, const char *label);
void figure_mark(struct figure *f, double x, const char *text, bool bad);
void figure_dot(struct figure *f, double x, double y);
void figure_release(struct figure *f);

/* True when a line has a number that is not 0. */
bool figure_moves(const struct figure *f);
/* One sentence without the title. */
void figure_text(const struct figure *f, struct buf *out);

#endif
