// SPDX-License-Identifier: GPL-2.0-only
#include "document/figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document/block.h"
#include "report/format.h"

struct figure figure_new(enum figure_type type, const char *title, const char *unit)
{
	return (struct figure){.type = type, .title = visible(title), .unit = visible(unit)};
}

static double *numbers(const double *x, size_t nr)
{
	double *copy = x ? xcalloc(nr, sizeof(*copy)) : NULL;

	if (copy && nr)
		memcpy(copy, x, nr * sizeof(*copy));
	return copy;
}

void figure_add(struct figure *f, const char *name, const double *x, const double *mid, const double *lo,
		const double *hi, size_t nr)
{
	f->line = xrealloc(f->line, f->nr + 1, sizeof(*f->line));
	f->line[f->nr++] = (struct figure_line){visible(name), nr, numbers(x, nr), numbers(mid, nr),
						numbers(lo, nr), numbers(hi, nr)};
}

void figure_label(struct figure *f, const char *label)
{
	f->label = xrealloc(f->label, f->nr_labels + 1, sizeof(*f->label));
	f->label[f->nr_labels++] = visible(label);
}

void figure_mark(struct figure *f, double x, const char *text, bool bad)
{
	f->mark = xrealloc(f->mark, f->nr_marks + 1, sizeof(*f->mark));
	f->mark[f->nr_marks++] = (struct figure_mark){x, visible(text), bad};
}

void figure_dot(struct figure *f, double x, double y)
{
	if (f->nr_dots == FIGURE_DOTS)
		return;
	f->dot_x = xrealloc(f->dot_x, f->nr_dots + 1, sizeof(*f->dot_x));
	f->dot_y = xrealloc(f->dot_y, f->nr_dots + 1, sizeof(*f->dot_y));
	f->dot_x[f->nr_dots] = x;
	f->dot_y[f->nr_dots++] = y;
}

void figure_release(struct figure *f)
{
	size_t i;

	for (i = 0; i < f->nr; i++) {
		free(f->line[i].name);
		free(f->line[i].x);
		free(f->line[i].mid);
		free(f->line[i].lo);
		free(f->line[i].hi);
	}
	for (i = 0; i < f->nr_labels; i++)
		free(f->label[i]);
	for (i = 0; i < f->nr_marks; i++)
		free(f->mark[i].text);
	free(f->line);
	free(f->label);
	free(f->mark);
	free(f->dot_x);
	free(f->dot_y);
	free(f->title);
	free(f->unit);
	*f = (struct figure){0};
}

bool figure_moves(const struct figure *f)
{
	size_t i, k;

	for (i = 0; i < f->nr; i++)
		for (k = 0; k < f->line[i].nr; k++)
			if (f->line[i].mid[k] || (f->line[i].hi && f->line[i].hi[k]))
				return true;
	return false;
}

static void add_si(struct buf *out, double v)
{
	char si[16];

	format_si(v, si, sizeof(si));
	buf_adds(out, si);
}

static double lowest(const struct figure_line *l)
{
	const double *x = l->lo ? l->lo : l->mid;
	double least = INFINITY;
	size_t i;

	for (i = 0; i < l->nr; i++)
		least = fmin(least, x[i]);
	return least;
}

static double highest(const struct figure_line *l)
{
	const double *x = l->hi ? l->hi : l->mid;
	double most = -INFINITY;
	size_t i;

	for (i = 0; i < l->nr; i++)
		most = fmax(most, x[i]);
	return most;
}

static double median_of(const struct figure_line *l)
{
	double m = stats_median(l->mid, l->nr);

	return isnan(m) ? 0 : m;
}

/* "usually 75.1k, in all seeds 74.9k to 75.3k" */
static void line_text(const struct figure_line *l, struct buf *out)
{
	buf_adds(out, " from ");
	add_si(out, l->mid[0]);
	buf_adds(out, " to ");
	add_si(out, l->mid[l->nr - 1]);
	buf_adds(out, ", mostly ");
	add_si(out, median_of(l));
	buf_adds(out, l->lo ? ", all seeds between " : ", between ");
	add_si(out, lowest(l));
	buf_adds(out, " and ");
	add_si(out, highest(l));
}

static void heat_text(const struct figure_line *l, struct buf *out)
{
	buf_printf(out, " %.0f to %.0f %%, at the end %.0f %%", 100 * lowest(l), 100 * highest(l),
		   100 * l->mid[l->nr - 1]);
}

/* The bucket that holds the share q of all. */
static double quantile(const struct figure_line *l, double q)
{
	double all = 0, sum = 0;
	size_t i;

	for (i = 0; i < l->nr; i++)
		all += l->mid[i];
	for (i = 0; i + 1 < l->nr && (sum += l->mid[i]) < q * all;)
		i++;
	return l->x[i];
}

static void steps_text(const struct figure_line *l, struct buf *out)
{
	double all = 0;
	size_t i;

	for (i = 0; i < l->nr; i++)
		all += l->mid[i];
	buf_adds(out, " ");
	add_si(out, all);
	buf_adds(out, " a run, half up to ");
	add_si(out, quantile(l, 0.5));
	buf_adds(out, ", 99 % up to ");
	add_si(out, quantile(l, 0.99));
}

static void ladder_text(const struct figure *f, struct buf *out)
{
	size_t i;

	for (i = 0; i < f->nr_marks; i++)
		buf_printf(out, "%s%s", i ? "; " : "", f->mark[i].text);
	if (!f->nr_marks)
		buf_adds(out, "the level did not change");
}

void figure_text(const struct figure *f, struct buf *out)
{
	static void (*const text[])(const struct figure_line *l, struct buf *out) = {
		[FIGURE_LINES] = line_text, [FIGURE_HEAT] = heat_text, [FIGURE_STEPS] = steps_text,
	};
	size_t i;

	if (f->type == FIGURE_LADDER) {
		ladder_text(f, out);
		return;
	}
	for (i = 0; i < f->nr; i++) {
		buf_printf(out, "%s%s", i ? "; " : "", f->line[i].name);
		if (f->line[i].nr)
			text[f->type](&f->line[i], out);
	}
}
