// SPDX-License-Identifier: GPL-2.0-only
/* A document as a mail that is read with a font of fixed width, in 72 columns. */
#include <string.h>

#include "document/block.h"

/* What a name has for itself at least, or a row is told in a sentence. */
#define NAME_MIN 10

static bool is_continued(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += !is_continued(*text);
	return n;
}

/* No line is longer, whatever is in it. */
static void add_folded(struct buf *out, const char *text)
{
	size_t column = 0;

	for (; *text; text++) {
		if (column == DOCUMENT_COLUMNS && *text != '\n' && !is_continued(*text)) {
			buf_adds(out, "\n");
			column = 0;
		}
		column = *text == '\n' ? 0 : column + !is_continued(*text);
		buf_add(out, text, 1);
	}
}

static void add_wrapped(struct buf *out, const char *first, const char *next, const char *text)
{
	cleanup_buf struct buf lines = {0};

	format_wrap(&lines, first, next, text);
	add_folded(out, buf_str(&lines));
}

static void add_padding(struct buf *out, size_t n)
{
	buf_printf(out, "%*s", (int)n, "");
}

static const char *text_of_cell(const struct cell *c)
{
	return c->brief ? c->brief : c->text;
}

/*
 * ---- Tables ----
 */

struct layout {
	const struct rows *rows;
	size_t width[DOCUMENT_CELLS_MAX];
	size_t all; /* of all columns but the first, with the blanks before them */
};

static bool is_shown(const struct rows *t, size_t column)
{
	return !t->column[column].wide;
}

static void measure(const struct rows *t, struct layout *l)
{
	size_t i, k;

	*l = (struct layout){.rows = t};
	for (k = 0; k < t->nr_columns; k++)
		l->width[k] = width_of(t->column[k].name);
	for (i = 0; i < t->nr; i++)
		for (k = 0; k < t->row[i].nr; k++) {
			size_t w = width_of(text_of_cell(&t->row[i].cell[k]));

			l->width[k] = w > l->width[k] ? w : l->width[k];
		}
	for (k = 1; k < t->nr_columns; k++)
		l->all += is_shown(t, k) ? l->width[k] + 1 : 0;
	if (l->all + NAME_MIN <= DOCUMENT_COLUMNS && l->width[0] > DOCUMENT_COLUMNS - l->all)
		l->width[0] = DOCUMENT_COLUMNS - l->all;
}

/* A name that is too long has the line for itself. */
static void add_first(struct buf *out, const struct layout *l, const char *text)
{
	size_t w = width_of(text);

	buf_adds(out, text);
	if (w > l->width[0])
		buf_adds(out, "\n");
	add_padding(out, w > l->width[0] ? l->width[0] : l->width[0] - w);
}

static void add_column(struct buf *out, const struct layout *l, size_t k, const char *text)
{
	size_t pad = l->width[k] - width_of(text);
	bool right = l->rows->column[k].right;

	buf_adds(out, " ");
	if (right)
		add_padding(out, pad);
	buf_adds(out, text);
	if (!right && k + 1 < l->rows->nr_columns)
		add_padding(out, pad);
}

static void end_line(struct buf *line, struct buf *out)
{
	while (line->len && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	buf_adds(line, "\n");
	add_folded(out, buf_str(line));
	buf_reset(line);
}

static void add_row(struct buf *out, const struct layout *l, const struct row *row)
{
	cleanup_buf struct buf line = {0};
	size_t k;

	add_first(&line, l, text_of_cell(&row->cell[0]));
	for (k = 1; k < row->nr; k++)
		if (is_shown(l->rows, k))
			add_column(&line, l, k, text_of_cell(&row->cell[k]));
	end_line(&line, out);
}

static void add_head(struct buf *out, const struct layout *l)
{
	cleanup_buf struct buf line = {0};
	size_t k;

	add_first(&line, l, l->rows->column[0].name);
	for (k = 1; k < l->rows->nr_columns; k++)
		if (is_shown(l->rows, k))
			add_column(&line, l, k, l->rows->column[k].name);
	end_line(&line, out);
}

/* "NAME: column value, column value" where columns find no room. */
static void add_sentence(struct buf *out, const struct rows *t, const struct row *row)
{
	cleanup_buf struct buf text = {0};
	size_t k;

	buf_printf(&text, "%s:", text_of_cell(&row->cell[0]));
	for (k = 1; k < row->nr; k++)
		if (is_shown(t, k))
			buf_printf(&text, "%s %s %s", k > 1 ? "," : "", t->column[k].name,
				   text_of_cell(&row->cell[k]));
	add_wrapped(out, "", "  ", buf_str(&text));
}

static void add_table(struct buf *out, const struct rows *t)
{
	struct layout l;
	bool fits;
	size_t i;

	measure(t, &l);
	fits = l.all + NAME_MIN <= DOCUMENT_COLUMNS;
	buf_adds(out, "\n");
	if (fits)
		add_head(out, &l);
	for (i = 0; i < t->nr; i++) {
		if (t->row[i].group)
			add_wrapped(out, i ? "\n" : "", "  ", t->row[i].group);
		else if (fits)
			add_row(out, &l, &t->row[i]);
		else
			add_sentence(out, t, &t->row[i]);
	}
}

/*
 * ---- The rest ----
 */

static void add_heading(struct buf *out, const char *text, char under)
{
	size_t i, w = width_of(text);

	buf_adds(out, "\n");
	add_wrapped(out, "", "", text);
	for (i = 0; under && i < w && i < DOCUMENT_COLUMNS; i++)
		buf_add(out, &under, 1);
	if (under)
		buf_adds(out, "\n");
}

static void add_figure(struct buf *out, const struct figure *f)
{
	cleanup_buf struct buf text = {0};

	buf_printf(&text, "%s, %s: ", f->title, f->unit);
	figure_text(f, &text);
	add_wrapped(out, "- ", "  ", buf_str(&text));
}

static void add_left_out(struct buf *out, const char *what)
{
	cleanup_free char *text = xasprintf("(%s: not in a mail)", what);

	add_wrapped(out, "", "  ", text);
}

static void add_block(struct buf *out, const struct block *b, enum block_type last)
{
	switch (b->type) {
	case BLOCK_SECTION:
		add_heading(out, b->text, '-');
		break;
	case BLOCK_SUBSECTION:
		add_heading(out, b->text, 0);
		break;
	case BLOCK_LINE:
		buf_adds(out, last == BLOCK_LINE || last <= BLOCK_SUBSECTION ? "" : "\n");
		add_wrapped(out, "", "  ", b->text);
		break;
	case BLOCK_COMMAND:
		format_command(out, "\n\t", "\t\t", b->text);
		break;
	case BLOCK_FOLD:
		buf_adds(out, last == BLOCK_UNFOLD ? "" : "\n");
		add_left_out(out, b->text);
		break;
	case BLOCK_UNFOLD:
		break;
	case BLOCK_TABLE:
		add_table(out, &b->rows);
		break;
	case BLOCK_FIGURE:
		buf_adds(out, last == BLOCK_FIGURE ? "" : "\n");
		add_figure(out, &b->figure);
		break;
	}
}

void document_mail(const struct document *doc, struct buf *out)
{
	enum block_type last = BLOCK_SECTION;
	bool folded = false;
	size_t i;

	if (doc->title)
		add_heading(out, doc->title, '=');
	for (i = 0; i < doc->nr; i++) {
		const struct block *b = &doc->block[i];

		folded &= b->type != BLOCK_UNFOLD;
		if (!folded)
			add_block(out, b, last);
		folded |= b->type == BLOCK_FOLD;
		last = b->type;
	}
}
