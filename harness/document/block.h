/* SPDX-License-Identifier: GPL-2.0-only */
/* What a document consists of; for the files of this room alone. */
#ifndef DOCUMENT_BLOCK_H
#define DOCUMENT_BLOCK_H

#include "document/document.h"
#include "document/figure.h"
#include "stats/stats.h"

enum cell_type { CELL_TEXT, CELL_NUMBER, CELL_INTERVAL, CELL_VERDICT, CELL_STRIP };

struct cell {
	enum cell_type type;
	char *text;
	char *brief; /* for a mail, or NULL */
	char *link;  /* id of a block or experiment, or NULL */
	char *arm;   /* whose number it is, or NULL */
	double value;  /* NAN for none */
	double lo, hi; /* of an interval */
	enum stats_verdict verdict;
	double *dot[2]; /* of a strip */
	size_t nr_dots[2];
	double margin;  /* a smaller change of the first arm's median does not matter; NAN for none */
	bool important; /* every value is drawn, however many there are in the document */
};

struct row {
	char *group; /* of a heading: it has no cells then */
	char *link; /* to a subsection; */
	char *id;   /* what leads to here */
	char *metric;
	struct cell *cell;
	size_t nr;
};

struct column {
	char *name;
	bool right, wide;
	char *link;
};

struct rows {
	struct column *column;
	size_t nr_columns;
	struct row *row;
	size_t nr;
};

enum block_type {
	BLOCK_SECTION,
	BLOCK_SUBSECTION,
	BLOCK_LINE,
	BLOCK_COMMAND,
	BLOCK_FOLD,
	BLOCK_UNFOLD,
	BLOCK_TABLE,
	BLOCK_FIGURE,
};

struct block {
	enum block_type type;
	char *text; /* of all but tables and figures */
	char *id;   /* of a subsection; or NULL */
	struct rows rows;
	struct figure figure;
};

/* An arm whose numbers are in the document. */
struct document_arm {
	char *key;  /* of its part of the table of experiments */
	char *name; /* its labels */
	struct document_member {
		char id[SHA256_HEX];
		uint64_t seed;
		enum status status;
		char *reason;
	} *member;
	size_t nr;
};

/* visible_in(), of DOCUMENT_TEXT_MAX. */
char *visible(const char *text);
/* What links call a key: a new string of letters and digits. */
char *link_id(const char *key);

/* Takes the figure over. */
void document_figure(struct document *doc, struct figure *figure);

/* arms.c: notes an arm for the table of experiments; its key there, a new string. */
char *document_arm(struct document *doc, const struct arm *arm);

/* charts.c: the figures of one arm, or of two. */
void document_charts(struct document *doc, const struct arm *const *arm, const char *const *name, size_t nr);

/* style.c */
extern const char document_style[];

/* The first figure with lines of the subsection with this id, or NULL. */
const struct figure *document_spark(const struct document *doc, const char *id);

#endif
