/* SPDX-License-Identifier: GPL-2.0-only */
/* grid - a table of words, for a mail or in Markdown. */
#ifndef SELFTEST_GRID_H
#define SELFTEST_GRID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "selftest/tally.h"

struct grid {
	size_t left; /* columns that are words, not numbers */
	size_t columns;
	char **cell; /* the head, then row after row; owned */
	size_t nr;
};

/* Column names, blank-separated; "_" in a name becomes a blank.  Release with grid_release(). */
void grid_init(struct grid *g, size_t left, const char *names);
/* The next cell. */
void grid_add(struct grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A share in percent, three digits at most; "-" of nothing. */
void grid_add_tally(struct grid *g, const struct tally *t);
/*
 * What came of it, all rows whole.  In text, words that stand in the row above as well are left out
 * of the columns on the left.
 */
void grid_print(const struct grid *g, bool markdown, struct buf *out);
void grid_release(struct grid *g);

#endif
