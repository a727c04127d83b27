// SPDX-License-Identifier: GPL-2.0-only
#include "document/html.h"

#include <math.h>
#include <string.h>

#include "document/block.h"
#include "document/svg.h"

/* What goes on from block to block. */
struct state {
	size_t points; /* of a line, at most */
	bool dots;     /* all strips show every value, not only the important ones */
	bool told;     /* what a strip shows */
	bool section, subsection, figures;
};

void html_add(struct buf *out, const char *text)
{
	static const char *const entity[256] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
	};
	size_t len;

	for (; *text; text += len) {
		len = strcspn(text, "&<>\"'");
		buf_add(out, text, len);
		if (text[len])
			buf_adds(out, entity[(unsigned char)text[len++]]);
	}
}

static void add_element(struct buf *out, const char *open, const char *text, const char *close)
{
	buf_adds(out, open);
	html_add(out, text);
	buf_adds(out, close);
}

/* Quotes only where they are needed: there are very many of these. */
static void add_attribute(struct buf *out, const char *name, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:+-";
	const char *quote = *text && !text[strspn(text, plain)] ? "" : "\"";

	buf_printf(out, " %s=%s", name, quote);
	add_element(out, "", text, quote);
}

/* Text, with a link around it if there is one to go to. */
static void add_linked(struct buf *out, const char *text, const char *link)
{
	if (link)
		buf_printf(out, "<a href=#%s>", link);
	html_add(out, text);
	if (link)
		buf_adds(out, "</a>");
}

static void add_exact(struct buf *out, const char *name, double v)
{
	if (isfinite(v))
		buf_printf(out, " %s=%.17g", name, v);
}

static void add_number(struct buf *out, const struct cell *c)
{
	buf_adds(out, "<td");
	add_exact(out, "data-value", c->value);
	if (c->arm)
		add_attribute(out, "data-arm", c->arm);
	if (c->type == CELL_INTERVAL) {
		add_exact(out, "data-lo", c->lo);
		add_exact(out, "data-hi", c->hi);
	}
	add_element(out, ">", c->text, "");
}

/* The words are there for who cannot tell the colours. */
static void add_verdict(struct buf *out, const struct cell *c)
{
	static const char *const class[] = {
		[STATS_NONE] = "vn", [STATS_BETTER] = "vb", [STATS_WORSE] = "vw", [STATS_SAME] = "vs",
		[STATS_UNDECIDED] = "vu",
	};

	buf_printf(out, "<td class=%s>", class[c->verdict]);
	html_add(out, c->text);
}

static void add_cell(struct buf *out, const struct state *s, const struct cell *c, bool head, bool right)
{
	switch (c->type) {
	case CELL_TEXT:
		buf_adds(out, head ? "<th>" : right ? "<td>" : "<td class=x>");
		add_linked(out, c->text, c->link);
		break;
	case CELL_NUMBER:
	case CELL_INTERVAL:
		add_number(out, c);
		break;
	case CELL_VERDICT:
		add_verdict(out, c);
		break;
	case CELL_STRIP:
		buf_adds(out, "<td class=p>");
		svg_strip(c, s->dots || c->important, out);
		break;
	}
}

static void add_head(struct buf *out, const struct rows *t)
{
	size_t i;

	buf_adds(out, "<thead><tr>");
	for (i = 0; i < t->nr_columns; i++) {
		buf_printf(out, "<th scope=col%s>", t->column[i].right ? "" : " class=x");
		add_linked(out, t->column[i].name, t->column[i].link);
	}
	buf_adds(out, "<tbody>\n");
}

static void add_group(const struct document *doc, struct buf *out, const struct rows *t, const struct row *row)
{
	const struct figure *spark = row->link ? document_spark(doc, row->link) : NULL;

	buf_adds(out, "<tr class=u");
	if (row->id)
		buf_printf(out, " id=%s", row->id);
	buf_printf(out, "><th scope=rowgroup colspan=%zu>", t->nr_columns - !!spark);
	add_linked(out, row->group, row->link);
	if (!spark)
		return;
	buf_adds(out, "<td class=p>");
	svg_spark(spark, out);
}

static void add_row(struct buf *out, const struct state *s, const struct rows *t, const struct row *row)
{
	size_t i;

	buf_adds(out, "<tr");
	if (row->metric)
		add_attribute(out, "data-metric", row->metric);
	buf_adds(out, ">");
	for (i = 0; i < row->nr; i++)
		add_cell(out, s, &row->cell[i], !i, t->column[i].right);
}

static size_t dots_of_row(const struct row *row)
{
	size_t i, n = 0;

	for (i = 0; i < row->nr; i++)
		n += row->cell[i].nr_dots[0] + row->cell[i].nr_dots[1];
	return n;
}

static bool has_strips(const struct rows *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->nr; i++)
		n += dots_of_row(&t->row[i]);
	return n;
}

/* Below the first that has any: it is about the drawing, which the other forms do not have. */
static void explain_strips(struct buf *out, struct state *s, const struct rows *t)
{
	if (s->told || !has_strips(t))
		return;
	s->told = true;
	buf_adds(out, "<p class=z>Seeds: each value a dot, the first arm above the second, and ticks at the medians. "
		      "The band is around the first arm's median: a change inside it is too small to matter."
		      "</p>\n");
}

static void add_table(const struct document *doc, struct buf *out, struct state *s, const struct rows *t)
{
	size_t i;

	buf_adds(out, "<div class=t tabindex=0><table>");
	add_head(out, t);
	for (i = 0; i < t->nr; i++) {
		if (t->row[i].group)
			add_group(doc, out, t, &t->row[i]);
		else
			add_row(out, s, t, &t->row[i]);
		buf_adds(out, "\n");
	}
	buf_adds(out, "</table></div>\n");
	explain_strips(out, s, t);
}

/* Lines are called by colour, rows by their names, which are in the drawing. */
static void add_legend(struct buf *out, const struct figure *f)
{
	size_t i;

	if (f->type == FIGURE_HEAT || f->type == FIGURE_LADDER)
		return;
	for (i = 0; i < f->nr; i++) {
		buf_printf(out, " <i class=a%zu></i>", i);
		html_add(out, f->line[i].name);
	}
}

static void add_figure(struct buf *out, const struct figure *f, size_t points)
{
	buf_printf(out, "<figure%s><figcaption>", f->type == FIGURE_LADDER ? " class=o" : "");
	add_element(out, "<b>", f->title, "</b> ");
	html_add(out, f->unit);
	add_legend(out, f);
	buf_adds(out, "</figcaption>");
	svg_figure(f, points, out);
	buf_adds(out, "</figure>\n");
}

/* How many points a line may have, so that all of them together are not too many. */
static size_t points_of(const struct document *doc)
{
	size_t i, n = 0;

	for (i = 0; i < doc->nr; i++)
		n += doc->block[i].figure.nr;
	n = n ? FIGURE_POINTS_ALL / n : FIGURE_POINTS;
	return n > FIGURE_POINTS ? FIGURE_POINTS : n < 12 ? 12 : n;
}

static size_t dots_of(const struct document *doc)
{
	size_t i, k, n = 0;

	for (i = 0; i < doc->nr; i++)
		for (k = 0; k < doc->block[i].rows.nr; k++)
			n += dots_of_row(&doc->block[i].rows.row[k]);
	return n;
}

/* Closes what does not go on with the next block. */
static void close_for(struct state *s, enum block_type next, struct buf *out)
{
	if (s->figures && next != BLOCK_FIGURE)
		buf_adds(out, "</div>\n");
	s->figures &= next == BLOCK_FIGURE;
	if (next > BLOCK_SUBSECTION)
		return;
	if (s->subsection)
		buf_adds(out, "</article>\n");
	s->subsection = false;
	if (s->section && next == BLOCK_SECTION)
		buf_adds(out, "</section>\n");
	s->section &= next != BLOCK_SECTION;
}

static void add_heading(struct state *s, const struct block *b, struct buf *out)
{
	bool top = b->type == BLOCK_SECTION;

	buf_adds(out, top ? "<section" : "<article");
	if (b->id)
		buf_printf(out, " id=%s", b->id);
	add_element(out, top ? "><h2>" : "><h3>", b->text, top ? "</h2>\n" : "</h3>\n");
	*(top ? &s->section : &s->subsection) = true;
}

static void add_block(const struct document *doc, struct state *s, const struct block *b, struct buf *out)
{
	close_for(s, b->type, out);
	switch (b->type) {
	case BLOCK_SECTION:
	case BLOCK_SUBSECTION:
		add_heading(s, b, out);
		break;
	case BLOCK_LINE:
		add_element(out, "<p>", b->text, "</p>\n");
		break;
	case BLOCK_COMMAND:
		add_element(out, "<pre tabindex=0><code>", b->text, "</code></pre>\n");
		break;
	case BLOCK_FOLD:
		add_element(out, "<details><summary>", b->text, "</summary>\n");
		break;
	case BLOCK_UNFOLD:
		buf_adds(out, "</details>\n");
		break;
	case BLOCK_TABLE:
		add_table(doc, out, s, &b->rows);
		break;
	case BLOCK_FIGURE:
		if (!s->figures)
			buf_adds(out, "<div class=c>\n");
		s->figures = true;
		add_figure(out, &b->figure, s->points);
		break;
	}
}

void document_html(const struct document *doc, struct buf *out)
{
	struct state s = {.points = points_of(doc), .dots = dots_of(doc) <= FIGURE_DOTS_ALL};
	size_t i;

	buf_adds(out, "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
		      "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'\">\n"
		      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=color-scheme content=\"light dark\">\n");
	add_element(out, "<title>", doc->title ? doc->title : "", "</title>\n<style>\n");
	buf_adds(out, document_style);
	add_element(out, "</style>\n</head>\n<body>\n<main>\n<h1>", doc->title ? doc->title : "", "</h1>\n");
	for (i = 0; i < doc->nr; i++)
		add_block(doc, &s, &doc->block[i], out);
	close_for(&s, BLOCK_SECTION, out);
	buf_adds(out, "</main>\n</body>\n</html>\n");
}
