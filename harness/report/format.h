/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers, names and paragraphs as tables show them. */
#ifndef REPORT_FORMAT_H
#define REPORT_FORMAT_H

#include <stddef.h>

#include "base/buf.h"
#include "report/compare.h"

#define REPORT_COLUMNS 72

/* Three significant digits and a decimal prefix; at most six columns with the sign. */
void format_si(double v, char *out, size_t size);
/*
 * The change, in percent of the base's median or in units where that is zero, with its sign; and
 * "[LO,HI]" of the same.
 */
void format_change(const struct comparison_row *row, char *change, char *interval, size_t size);
/* The adjusted p, "-" where there is no verdict. */
void format_p(const struct comparison_row *row, char *out, size_t size);
/* "BETTER", "WORSE", "SAME", "UNDECIDED", "meaning differs", "-" */
const char *format_verdict(const struct comparison_row *row);

/*
 * A metric's name as short as it still says which: "workload.kv.latency.p99_ns" is kv.lat.p99,
 * "refault.anon_per_mop" refault.anon/M.  A new string.
 */
char *format_metric(const char *name);

/*
 * A text that is width wide and starts after before columns; one that is longer gets the line to itself
 * and blanks below.
 */
void format_column(struct buf *out, int before, const char *text, int width);
/*
 * The words of a text behind first, in lines of REPORT_COLUMNS; those after the first line start with
 * next.  A word that is longer than a line stands alone on one.
 */
void format_wrap(struct buf *out, const char *first, const char *next, const char *text);
/* As a command that a shell can read: lines end with a backslash. */
void format_command(struct buf *out, const char *first, const char *next, const char *text);

#endif
