// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/grid.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct grid *g, char *cell)
{
	g->cell = xrealloc(g->cell, g->nr + 1, sizeof(*g->cell));
	g->cell[g->nr++] = cell;
}

void grid_init(struct grid *g, size_t left, const char *names)
{
	cleanup_free char *copy = xstrdup(names);
	char *rest = copy, *name, *c;

	*g = (struct grid){.left = left};
	while ((name = strsep(&rest, " "))) {
		for (c = name; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		put(g, xstrdup(name));
	}
	g->columns = g->nr;
}

void grid_add(struct grid *g, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(g, xstrdup(text));
}

void grid_add_tally(struct grid *g, const struct tally *t)
{
	double percent = 100 * (double)t->hit / (double)t->of;

	if (!t->of)
		grid_add(g, "-");
	else if (!t->hit || t->hit == t->of)
		grid_add(g, "%.0f", percent);
	else
		grid_add(g, "%.*f", percent < 0.995 ? 2 : 1, percent);
}

static size_t width_of(const struct grid *g, size_t column)
{
	size_t i, most = 0;

	for (i = column; i < g->nr; i += g->columns) {
		size_t len = strlen(g->cell[i]);

		most = len > most ? len : most;
	}
	return most;
}

/* Numbers stay, even when they are those of the row above; so do words behind another. */
static bool is_again(const struct grid *g, size_t row, size_t column)
{
	size_t i, at = row * g->columns;

	for (i = 0; i <= column; i++)
		if (column >= g->left || row < 2 ||
		    strcmp(g->cell[at + i], g->cell[at - g->columns + i]))
			return false;
	return true;
}

static void add_text(const struct grid *g, size_t row, struct buf *out)
{
	size_t i;

	for (i = 0; i < g->columns; i++) {
		const char *cell = is_again(g, row, i) ? "" : g->cell[row * g->columns + i];
		int width = (int)width_of(g, i);

		buf_printf(out, "%s%*s", i ? " " : "", i < g->left ? -width : width, cell);
	}
	buf_adds(out, "\n");
}

/* A bar in a name would be a column. */
static void add_markdown(const struct grid *g, size_t row, struct buf *out)
{
	size_t i;

	for (i = 0; i < g->columns; i++) {
		const char *c;

		buf_adds(out, "| ");
		for (c = g->cell[row * g->columns + i]; *c; c++)
			buf_printf(out, "%s%c", *c == '|' ? "\\" : "", *c);
		buf_adds(out, " ");
	}
	buf_adds(out, "|\n");
}

static void add_rule(const struct grid *g, struct buf *out)
{
	size_t i;

	for (i = 0; i < g->columns; i++)
		buf_adds(out, i < g->left ? "|---" : "|--:");
	buf_adds(out, "|\n");
}

void grid_print(const struct grid *g, bool markdown, struct buf *out)
{
	size_t row;

	for (row = 0; (row + 1) * g->columns <= g->nr; row++) {
		if (markdown)
			add_markdown(g, row, out);
		else
			add_text(g, row, out);
		if (markdown && !row)
			add_rule(g, out);
	}
}

void grid_release(struct grid *g)
{
	size_t i;

	for (i = 0; i < g->nr; i++)
		free(g->cell[i]);
	free(g->cell);
}
