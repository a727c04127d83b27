/* SPDX-License-Identifier: GPL-2.0-only */
/* Many scenarios at once: a table of the primary metrics of each, for every two arms to compare. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "report/arms.h"
#include "report/compare.h"

/* Who is compared, as the arms and the user's words say. */
struct table_request {
	enum axis axis;         /* any but the scenario */
	const char *base;       /* label on the axis, or NULL: the first */
	char *const *words;     /* the axis's words in the user's order, or NULL */
	char *const *scenarios; /* the scenarios' words: each is in the table or said to be missing */
	char *const *allow;     /* as of compare_arms() */
};

/* One scenario on one guest, compared. */
struct table_cell {
	struct comparison c;
	char *name; /* the scenario, "@GUEST" behind it where that is not the table's */
	const char *group;
	size_t order;
};

struct table_row {
	const struct table_cell *cell;
	struct comparison_row *row;
	char *metric; /* short */
};

/* Something to know of some scenarios. */
struct table_note {
	bool left_out; /* they have no rows for it */
	char *what;    /* why, or what */
	struct buf of; /* names, ", " between them */
};

struct table {
	enum axis axis;
	const char *label[AXIS_NR]; /* of all rows; NULL for the axis and the scenario */
	const char *base, *other;
	struct table_cell *cell; /* by group */
	size_t nr_cells;
	struct table_row *row;
	size_t nr_rows;
	struct table_note *note;
	size_t nr_notes;
	size_t nr_tests;     /* size of the one Holm family */
	size_t n_base, n_other; /* experiments of most arms; a note tells of the others */
	size_t n_needed;     /* from here on arms that do not overlap differ, whatever the other rows */
	size_t nr_lacking;   /* undecided rows with fewer, */
	size_t lacking;      /* at most by so many */
	size_t count[STATS_UNDECIDED + 1]; /* rows by verdict */
	bool finding;        /* a row is worse, or not everything is as it should be */
};

struct tables {
	struct table *table;
	size_t nr;
};

/*
 * A table for each pair with the base, in each combination of the other axes but scenario and guest.
 * What cannot be compared becomes a note.  arms must outlive the tables.
 */
int tables_make(const struct arms *arms, const struct table_request *ask, struct tables *out,
		struct err *err);
void tables_release(struct tables *tables);

/* table_text.c: for a mail; 72 columns as far as names allow. */
void table_text(const struct table *t, struct buf *out);
/* What was left out and what is to be known, of an arm that is named in the titles ("": none is). */
void table_notes(const struct table *t, const char *of, struct buf *out);
/* How many more seeds could decide what is undecided: a new string, or NULL when that is not the reason. */
char *table_hint(const struct table *t);
json_t *table_json(const struct table *t);
/* A row of a comparison, as --json has it. */
json_t *comparison_row_json(const struct comparison_row *row);

#endif
