// SPDX-License-Identifier: GPL-2.0-only
/* A document in Markdown, with tables as GitHub's dialect has them. */
#include <string.h>

#include "document/block.h"

/* Nothing of the text is taken for markup, nor an address for a link; first: it begins a paragraph. */
static void add_text(struct buf *out, const char *text, bool first)
{
	static const char special[] = "\\`*_[]<>|#~&$@";
	size_t digits = strspn(text, "0123456789");
	const char *at;

	for (at = text; *at; at++) {
		bool list = first && ((at == text && strchr("-+=", *at)) ||
				      (digits && at == text + digits && (*at == '.' || *at == ')')));

		if (list || strchr(special, *at) || (*at == ':' && at[1] == '/'))
			buf_adds(out, "\\");
		buf_add(out, at, 1);
	}
}

static void add_around(struct buf *out, const char *before, const char *text, const char *behind)
{
	buf_adds(out, before);
	add_text(out, text, !*before);
	buf_adds(out, behind);
}

/* What is drawn has no column here. */
static bool is_drawn(const struct rows *t, size_t column)
{
	size_t i = 0;

	while (i < t->nr && t->row[i].group)
		i++;
	return i < t->nr && column < t->row[i].nr && t->row[i].cell[column].type == CELL_STRIP;
}

static void add_head(struct buf *out, const struct rows *t)
{
	size_t k;

	for (k = 0; k < t->nr_columns; k++)
		if (!is_drawn(t, k))
			add_around(out, "| ", t->column[k].name, " ");
	buf_adds(out, "|\n");
	for (k = 0; k < t->nr_columns; k++)
		if (!is_drawn(t, k))
			buf_adds(out, t->column[k].right ? "|---:" : "|---");
	buf_adds(out, "|\n");
}

static void add_row(struct buf *out, const struct rows *t, const struct row *row)
{
	size_t k;

	for (k = 0; k < t->nr_columns; k++) {
		if (is_drawn(t, k))
			continue;
		if (row->group)
			add_around(out, k ? "| " : "| **", k ? "" : row->group, k ? " " : "** ");
		else
			add_around(out, "| ", k < row->nr ? row->cell[k].text : "", " ");
	}
	buf_adds(out, "|\n");
}

static void add_table(struct buf *out, const struct rows *t)
{
	size_t i;

	add_head(out, t);
	for (i = 0; i < t->nr; i++)
		add_row(out, t, &t->row[i]);
	buf_adds(out, "\n");
}

static void add_figure(struct buf *out, const struct figure *f)
{
	cleanup_buf struct buf text = {0};

	figure_text(f, &text);
	add_around(out, "**", f->title, "**, ");
	add_around(out, "", f->unit, ": ");
	add_around(out, "", buf_str(&text), "\n\n");
}

static void add_block(struct buf *out, const struct block *b)
{
	switch (b->type) {
	case BLOCK_SECTION:
		add_around(out, "## ", b->text, "\n\n");
		break;
	case BLOCK_SUBSECTION:
		add_around(out, "### ", b->text, "\n\n");
		break;
	case BLOCK_LINE:
		add_around(out, "", b->text, "\n\n");
		break;
	case BLOCK_COMMAND:
		/* Indented text is taken as it is. */
		buf_printf(out, "    %s\n\n", b->text);
		break;
	case BLOCK_FOLD:
		add_around(out, "#### ", b->text, "\n\n");
		break;
	case BLOCK_UNFOLD:
		break;
	case BLOCK_TABLE:
		add_table(out, &b->rows);
		break;
	case BLOCK_FIGURE:
		add_figure(out, &b->figure);
		break;
	}
}

void document_markdown(const struct document *doc, struct buf *out)
{
	size_t i;

	if (doc->title)
		add_around(out, "# ", doc->title, "\n\n");
	for (i = 0; i < doc->nr; i++)
		add_block(out, &doc->block[i]);
}
