// SPDX-License-Identifier: GPL-2.0-only
#include "document/document.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/visible.h"
#include "document/block.h"

static struct block *add_block(struct document *doc, enum block_type type, const char *text)
{
	size_t max = type == BLOCK_COMMAND ? DOCUMENT_COMMAND_MAX : DOCUMENT_TEXT_MAX;
	struct block *b;

	/* Grows by doubling: sizes are powers of two. */
	if (!(doc->nr & (doc->nr - 1)))
		doc->block = xrealloc(doc->block, doc->nr ? 2 * doc->nr : 1, sizeof(*b));
	b = &doc->block[doc->nr++];
	*b = (struct block){.type = type, .text = text ? visible_in(text, max) : NULL};
	return b;
}

void document_init(struct document *doc, size_t comparisons)
{
	*doc = (struct document){.large = comparisons > DOCUMENT_FULL};
}

static void release_cell(struct cell *c)
{
	free(c->text);
	free(c->brief);
	free(c->link);
	free(c->arm);
	free(c->dot[0]);
	free(c->dot[1]);
}

static void release_rows(struct rows *t)
{
	size_t i, k;

	for (i = 0; i < t->nr; i++) {
		for (k = 0; k < t->row[i].nr; k++)
			release_cell(&t->row[i].cell[k]);
		free(t->row[i].cell);
		free(t->row[i].group);
		free(t->row[i].link);
		free(t->row[i].id);
		free(t->row[i].metric);
	}
	for (i = 0; i < t->nr_columns; i++) {
		free(t->column[i].name);
		free(t->column[i].link);
	}
	free(t->row);
	free(t->column);
}

static void release_arm(struct document_arm *arm)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		free(arm->member[i].reason);
	free(arm->member);
	free(arm->key);
	free(arm->name);
}

void document_release(struct document *doc)
{
	size_t i;

	for (i = 0; i < doc->nr; i++) {
		free(doc->block[i].text);
		free(doc->block[i].id);
		release_rows(&doc->block[i].rows);
		figure_release(&doc->block[i].figure);
	}
	for (i = 0; i < doc->nr_arms; i++)
		release_arm(&doc->arm[i]);
	free(doc->block);
	free(doc->arm);
	free(doc->title);
	*doc = (struct document){0};
}

void document_title(struct document *doc, const char *title)
{
	free(doc->title);
	doc->title = visible(title);
}

char *visible(const char *text)
{
	return visible_in(text, DOCUMENT_TEXT_MAX);
}

char *link_id(const char *key)
{
	char hex[SHA256_HEX];

	sha256_buf(key, strlen(key), hex);
	return xasprintf("s%.12s", hex);
}

void document_section(struct document *doc, const char *heading)
{
	add_block(doc, BLOCK_SECTION, heading);
}

void document_subsection(struct document *doc, const char *heading, const char *key)
{
	add_block(doc, BLOCK_SUBSECTION, heading)->id = key ? link_id(key) : NULL;
}

void document_line(struct document *doc, const char *fmt, ...)
{
	cleanup_free char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	add_block(doc, BLOCK_LINE, text);
}

void document_command(struct document *doc, const char *command)
{
	add_block(doc, BLOCK_COMMAND, command);
}

void document_fold(struct document *doc, const char *summary)
{
	add_block(doc, BLOCK_FOLD, summary);
}

void document_unfold(struct document *doc)
{
	add_block(doc, BLOCK_UNFOLD, NULL);
}

void document_figure(struct document *doc, struct figure *figure)
{
	add_block(doc, BLOCK_FIGURE, NULL)->figure = *figure;
	*figure = (struct figure){0};
}

void document_table(struct document *doc, const struct document_column *column, size_t nr)
{
	struct rows *t = &add_block(doc, BLOCK_TABLE, NULL)->rows;
	size_t i;

	t->nr_columns = nr < DOCUMENT_CELLS_MAX ? nr : DOCUMENT_CELLS_MAX;
	t->column = xcalloc(nr, sizeof(*t->column));
	for (i = 0; i < t->nr_columns; i++)
		t->column[i] = (struct column){visible(column[i].name), column[i].right, column[i].wide,
					       column[i].link ? link_id(column[i].link) : NULL};
}

static struct row *add_row(struct document *doc)
{
	struct rows *t = &doc->block[doc->nr - 1].rows;

	if (!(t->nr & (t->nr - 1)))
		t->row = xrealloc(t->row, t->nr ? 2 * t->nr : 1, sizeof(*t->row));
	t->row[t->nr] = (struct row){0};
	return &t->row[t->nr++];
}

void document_group(struct document *doc, const char *name, const char *link, const char *key)
{
	struct row *row = add_row(doc);

	row->group = visible(name);
	row->link = link ? link_id(link) : NULL;
	row->id = key ? link_id(key) : NULL;
}

void document_row(struct document *doc, const char *metric)
{
	struct row *row = add_row(doc);

	row->metric = metric ? visible(metric) : NULL;
	row->cell = xcalloc(doc->block[doc->nr - 1].rows.nr_columns, sizeof(*row->cell));
}

static struct cell *add_cell(struct document *doc, enum cell_type type, const char *text)
{
	struct rows *t = &doc->block[doc->nr - 1].rows;
	struct row *row = &t->row[t->nr - 1];
	struct cell *c;

	/* More cells than columns. */
	if (row->nr == t->nr_columns)
		abort();
	c = &row->cell[row->nr++];
	*c = (struct cell){.type = type, .text = visible(text), .value = NAN};
	return c;
}

void document_text(struct document *doc, const char *text, const char *brief, const char *link)
{
	struct cell *c = add_cell(doc, CELL_TEXT, text);

	c->brief = brief ? visible(brief) : NULL;
	c->link = link ? link_id(link) : NULL;
}

void document_number(struct document *doc, const char *text, double value, const char *arm)
{
	struct cell *c = add_cell(doc, CELL_NUMBER, text);

	c->value = value;
	c->arm = arm ? visible(arm) : NULL;
}

void document_interval(struct document *doc, const char *text, double lo, double hi)
{
	struct cell *c = add_cell(doc, CELL_INTERVAL, text);

	c->lo = lo;
	c->hi = hi;
}

void document_verdict(struct document *doc, const struct comparison_row *row)
{
	struct cell *c = add_cell(doc, CELL_VERDICT, format_verdict(row));

	c->verdict = row->meaning_differs ? STATS_NONE : row->verdict;
}

static double *copy_of(const double *x, size_t nr)
{
	double *copy = xcalloc(nr, sizeof(*copy));

	if (nr)
		memcpy(copy, x, nr * sizeof(*copy));
	return copy;
}

void document_strip(struct document *doc, const double *base, size_t nr_base, const double *other,
		    size_t nr_other, double margin, bool important)
{
	struct cell *c = add_cell(doc, CELL_STRIP, "");

	c->margin = margin;
	c->important = important;
	c->nr_dots[0] = nr_base < FIGURE_DOTS ? nr_base : FIGURE_DOTS;
	c->nr_dots[1] = nr_other < FIGURE_DOTS ? nr_other : FIGURE_DOTS;
	c->dot[0] = copy_of(base, c->nr_dots[0]);
	c->dot[1] = copy_of(other, c->nr_dots[1]);
}

const struct figure *document_spark(const struct document *doc, const char *id)
{
	size_t i = 0;

	while (i < doc->nr && !(doc->block[i].id && !strcmp(doc->block[i].id, id)))
		i++;
	for (i++; i < doc->nr && doc->block[i].type > BLOCK_SUBSECTION; i++)
		if (doc->block[i].type == BLOCK_FIGURE && doc->block[i].figure.type == FIGURE_LINES)
			return &doc->block[i].figure;
	return NULL;
}
