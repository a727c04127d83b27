/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Document: what is read after a comparison or a night, put together of parts and written as one HTML file,
 * as a mail, or as Markdown.  The content is held once, as blocks (block.h), so the three forms cannot tell
 * different things; only what is drawn is in the HTML alone, and the others have a sentence for it.
 *
 * The HTML file is complete in itself and runs nothing.  Charts are SVG that is written here: they need no
 * library, print, and work in any mail program's viewer.  Much of the text comes from guests and from files
 * of others, so besides escaping it the page forbids itself everything but its own style sheet by a
 * Content-Security-Policy of "default-src 'none'; style-src 'unsafe-inline'": a name that got through
 * all the same can load nothing and run nothing.
 *
 * Every text is copied.  Control characters, those that change the direction of writing, and what is no
 * UTF-8 become visible, as \x1b, before anything else is done with it.  Functions that build cannot fail;
 * what cannot be read is said in the document.  Nothing here depends on when or where it is made.
 */
#ifndef DOCUMENT_DOCUMENT_H
#define DOCUMENT_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "history/history.h"
#include "report/compare.h"
#include "report/format.h"
#include "report/table.h"

/* Bytes of one text, and of a command; the rest of a longer one is cut off. */
#define DOCUMENT_TEXT_MAX    1024
#define DOCUMENT_COMMAND_MAX 65536
/* Columns of a mail.  Only words of commands, which cannot be broken, are longer. */
#define DOCUMENT_COLUMNS     REPORT_COLUMNS
/* Cells of a row. */
#define DOCUMENT_CELLS_MAX   16
/* Metrics of one comparison or arm: primary and secondary. */
#define DOCUMENT_METRICS     400
/* Diagnostics of one comparison, those that differ most; and the differences of state. */
#define DOCUMENT_DIAGNOSTICS 12
#define DOCUMENT_STATES      24

struct document {
	char *title;
	bool large;
	struct block *block; /* block.h */
	size_t nr;
	struct document_arm *arm; /* whose numbers are in it; arms.c */
	size_t nr_arms;
};

/* Comparisons of which a document tells everything that moved. */
#define DOCUMENT_FULL 24

/*
 * comparisons: how many it is going to hold.  One with more than DOCUMENT_FULL has no diagnostics, and of the
 * secondary metrics those alone that have a good direction, so that it stays below 2 MB.
 */
void document_init(struct document *doc, size_t comparisons);
void document_release(struct document *doc);

/*
 * ---- Plain parts ----
 */

void document_title(struct document *doc, const char *title);
/* Sections have subsections.  key, which may be NULL, is what links of tables call it. */
void document_section(struct document *doc, const char *heading);
void document_subsection(struct document *doc, const char *heading, const char *key);
/* A sentence. */
void document_line(struct document *doc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something to be run by a shell, on one line. */
void document_command(struct document *doc, const char *command);
/*
 * What follows up to document_unfold() is less important: HTML hides it behind the summary, a mail has the
 * summary alone.
 */
void document_fold(struct document *doc, const char *summary);
void document_unfold(struct document *doc);

/*
 * ---- Tables ----
 *
 * A table, then its rows, then the cells of each from left to right.  In a row the first cell says what the
 * row is.  Everything that is added goes to the last one.
 */

struct document_column {
	const char *name;
	bool right; /* numbers */
	bool wide;  /* not in a mail, where room is short */
	const char *link; /* a key that the heading leads to, or NULL */
};

void document_table(struct document *doc, const struct document_column *column, size_t nr);
/*
 * A heading over the rows that follow.  link, which may be NULL, is the key of a subsection, whose first
 * figure it shows small; key, which may be NULL, is what links call it.
 */
void document_group(struct document *doc, const char *name, const char *link, const char *key);
/* metric: the full name of what the row's numbers are of, or NULL. */
void document_row(struct document *doc, const char *metric);
/* brief, which may be NULL, is what a mail has instead. */
void document_text(struct document *doc, const char *text, const char *brief, const char *link);
/* As it is shown, and exact; arm, which may be NULL, is whose it is. */
void document_number(struct document *doc, const char *text, double value, const char *arm);
void document_interval(struct document *doc, const char *text, double lo, double hi);
void document_verdict(struct document *doc, const struct comparison_row *row);
/*
 * Every value a dot: of one arm, or of two (other may be NULL).  margin: the change of the first one's median
 * from which on it matters, shown as a band, or NAN.  Of strips that are not important a large document draws
 * the ranges alone.
 */
void document_strip(struct document *doc, const double *base, size_t nr_base, const double *other,
		    size_t nr_other, double margin, bool important);

/*
 * ---- What the laboratory finds ----
 */

/*
 * Of each table of primary metrics the verdicts counted, the worst named, and the geometric mean of the ratios with
 * its BCa interval (stats/boot.h).
 */
void document_summary(struct document *doc, const struct tables *tables);
/*
 * Its rows, with links to what document_comparison() makes of its cells, and then what was left out and what is to
 * be known.
 */
void document_primary(struct document *doc, const struct table *t);
/*
 * A subsection about two arms: what is compared, every metric with its verdict and the values of all seeds,
 * how counters went over time, stalls, in what the machines' states differ, and the command that makes
 * it again.  Reads the arms' records.  The comparison can be released afterwards.
 */
void document_comparison(struct document *doc, const struct comparison *c);
/* The same of an arm that is compared with none. */
void document_single(struct document *doc, const struct arm *arm);
/* A metric over kernels: a subsection with chart and table for each series. */
void document_history(struct document *doc, const struct history_answer *a);
/* Counts an arm among those of which the following two tell, if nothing above has done so. */
void document_also(struct document *doc, const struct arm *arm);
/* Of all arms in it so far: a section with what did not end well, if anything, and why. */
void document_failures(struct document *doc);
/* Of the same: a section with every experiment, its seed, its status and its folder. */
void document_experiments(struct document *doc);

/*
 * ---- Forms ----
 */

void document_html(const struct document *doc, struct buf *out);
void document_mail(const struct document *doc, struct buf *out);
void document_markdown(const struct document *doc, struct buf *out);

#endif
