// SPDX-License-Identifier: GPL-2.0-only
#include "document/svg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document/html.h"
#include "report/format.h"

/* Boxes, in units of the drawing. */
#define WIDTH        320
#define HEIGHT       100
#define TOP          8
#define BOTTOM       14
#define LADDER_WIDTH 720
#define LADDER_HEIGHT 170
#define LADDER_LABEL 64
#define HEAT_ROW     14
#define HEAT_LEFT    84
#define HEAT_SHADES  6
#define STRIP_WIDTH  120
#define STRIP_HEIGHT 18
#define SPARK_WIDTH  90

/* Where numbers go: x0 is at the left, y0 at the bottom. */
struct scale {
	double x0, x1, y0, y1;
	double left, top, width, height;
};

/* A path; coordinates are tenths, so that rounding does not add up. */
struct pen {
	struct buf *out;
	long x, y;
	bool begun;
};

static long tenths(double v)
{
	return isfinite(v) ? lround(fmin(fmax(v, -9999), 9999) * 10) : 0;
}

/* "12.3", "-.5", "7", with a blank before it where one is needed. */
static void add_tenths(struct buf *out, long v)
{
	const char *sep = v < 0 || !out->len || strchr("MLlhvz\"", out->data[out->len - 1]) ? "" : " ";
	long a = labs(v);

	buf_printf(out, "%s%s", sep, v < 0 ? "-" : "");
	if (a / 10 || !(a % 10))
		buf_printf(out, "%ld", a / 10);
	if (a % 10)
		buf_printf(out, ".%ld", a % 10);
}

static void pen_move(struct pen *p, double x, double y)
{
	p->x = tenths(x);
	p->y = tenths(y);
	buf_adds(p->out, "M");
	add_tenths(p->out, p->x);
	add_tenths(p->out, p->y);
	p->begun = false;
}

static void pen_line(struct pen *p, double x, double y)
{
	long nx = tenths(x), ny = tenths(y);

	if (!p->begun)
		buf_adds(p->out, "l");
	p->begun = true;
	add_tenths(p->out, nx - p->x);
	add_tenths(p->out, ny - p->y);
	p->x = nx;
	p->y = ny;
}

static double at_x(const struct scale *s, double v)
{
	double span = s->x1 - s->x0;

	return s->left + (span > 0 ? (v - s->x0) / span : 0.5) * s->width;
}

static double at_y(const struct scale *s, double v)
{
	double span = s->y1 - s->y0;

	return s->top + (span > 0 ? (s->y1 - v) / span : 0.5) * s->height;
}

static void open_svg(struct buf *out, const char *class, double width, double height)
{
	buf_printf(out, "<svg class=%s viewBox=\"0 0 %g %g\"", class, width, height);
}

/* What it says, for hovering and for those who cannot see it. */
static void add_title(struct buf *out, const struct figure *f)
{
	cleanup_buf struct buf text = {0};

	figure_text(f, &text);
	buf_adds(out, " role=img><title>");
	html_add(out, f->title);
	buf_adds(out, ": ");
	html_add(out, buf_str(&text));
	buf_adds(out, "</title>");
}

static void add_label(struct buf *out, double x, double y, const char *class, const char *text)
{
	buf_printf(out, "<text x=%.0f y=%.0f%s%s>", x, y, *class ? " class=" : "", class);
	html_add(out, text);
	buf_adds(out, "</text>");
}

static void add_number(struct buf *out, double x, double y, const char *class, double v)
{
	char si[16];

	format_si(v, si, sizeof(si));
	add_label(out, x, y, class, si);
}

static void add_rule(struct buf *out, const struct scale *s, double y)
{
	struct pen p = {.out = out};

	buf_adds(out, "<path class=g d=\"");
	pen_move(&p, s->left, y);
	pen_line(&p, s->left + s->width, y);
	buf_adds(out, "\"/>");
}

/*
 * ---- Lines ----
 */

/* Neighbours are drawn as one where there are more than points. */
static size_t step_of(size_t nr, size_t points)
{
	return points < nr ? (nr + points - 1) / points : 1;
}

static double mean(const double *x, size_t from, size_t to)
{
	double sum = 0;
	size_t i;

	for (i = from; i < to; i++)
		sum += x[i];
	return sum / (double)(to - from);
}

static double extreme(const double *x, size_t from, size_t to, double (*pick)(double, double))
{
	double e = x[from];

	for (from++; from < to; from++)
		e = pick(e, x[from]);
	return e;
}

static size_t end_of(const struct figure_line *l, size_t from, size_t step)
{
	return from + step < l->nr ? from + step : l->nr;
}

static void add_band(struct buf *out, const struct scale *s, const struct figure_line *l, size_t nr,
		     size_t step)
{
	struct pen p = {.out = out};
	size_t i, last = (l->nr - 1) / step * step;

	buf_printf(out, "<path class=b%zu d=\"", nr);
	for (i = 0; i < l->nr; i += step)
		(i ? pen_line : pen_move)(&p, at_x(s, mean(l->x, i, end_of(l, i, step))),
					  round(at_y(s, extreme(l->hi, i, end_of(l, i, step), fmax))));
	for (i = last + step; i; i -= step)
		pen_line(&p, at_x(s, mean(l->x, i - step, end_of(l, i - step, step))),
			 round(at_y(s, extreme(l->lo, i - step, end_of(l, i - step, step), fmin))));
	buf_adds(out, "z\"/>");
}

static void add_line(struct buf *out, const struct scale *s, const struct figure_line *l, size_t nr,
		     size_t step)
{
	struct pen p = {.out = out};
	size_t i;

	buf_printf(out, "<path class=l%zu d=\"", nr);
	for (i = 0; i < l->nr; i += step)
		(i ? pen_line : pen_move)(&p, at_x(s, mean(l->x, i, end_of(l, i, step))),
					  at_y(s, mean(l->mid, i, end_of(l, i, step))));
	buf_adds(out, "\"/>");
}

static bool differs(const struct figure_line *l)
{
	size_t i;

	for (i = 0; l->lo && l->hi && i < l->nr; i++)
		if (l->lo[i] != l->hi[i])
			return true;
	return false;
}

static void include(struct scale *s, double x, double y)
{
	s->x0 = fmin(s->x0, x);
	s->x1 = fmax(s->x1, x);
	s->y0 = fmin(s->y0, y);
	s->y1 = fmax(s->y1, y);
}

static void include_line(struct scale *s, const struct figure_line *l)
{
	size_t i;

	for (i = 0; i < l->nr; i++) {
		include(s, l->x[i], l->mid[i]);
		include(s, l->x[i], l->lo ? l->lo[i] : l->mid[i]);
		include(s, l->x[i], l->hi ? l->hi[i] : l->mid[i]);
	}
}

/* From 0 on, unless that would hide what moves. */
static void settle(struct scale *s)
{
	if (!(s->x0 <= s->x1))
		s->x0 = s->x1 = s->y0 = s->y1 = 0;
	if (s->y0 > 0 && (s->y0 < s->y1 / 2 || s->y0 == s->y1))
		s->y0 = 0;
	if (s->y0 == s->y1)
		s->y1 += 1;
}

static struct scale scale_of(const struct figure *f)
{
	struct scale s = {INFINITY, -INFINITY, INFINITY, -INFINITY, 0, TOP, WIDTH, HEIGHT - TOP - BOTTOM};
	size_t i;

	for (i = 0; i < f->nr; i++)
		include_line(&s, &f->line[i]);
	for (i = 0; i < f->nr_dots; i++)
		include(&s, f->dot_x[i], f->dot_y[i]);
	settle(&s);
	return s;
}

static void add_lines(struct buf *out, const struct figure *f, const struct scale *s, size_t points)
{
	size_t i;

	for (i = 0; i < f->nr; i++)
		if (differs(&f->line[i]))
			add_band(out, s, &f->line[i], i, step_of(f->line[i].nr, points));
	for (i = 0; i < f->nr; i++)
		if (f->line[i].nr)
			add_line(out, s, &f->line[i], i, step_of(f->line[i].nr, points));
}

/* The numbers stand inside, where the lines seldom are, so that nothing is lost at the sides. */
static void svg_lines(const struct figure *f, size_t points, struct buf *out)
{
	struct scale s = scale_of(f);
	cleanup_free char *end = xasprintf("%.3g s", s.x1);

	s.x0 = fmin(s.x0, 0);
	open_svg(out, "f", WIDTH, HEIGHT);
	add_title(out, f);
	add_rule(out, &s, s.top);
	add_rule(out, &s, s.top + s.height);
	add_lines(out, f, &s, points);
	add_number(out, 0, TOP + 9, "h", s.y1);
	add_number(out, 0, HEIGHT - 3, "", s.y0);
	add_label(out, WIDTH, HEIGHT - 3, "e", end);
	buf_adds(out, "</svg>");
}

void svg_spark(const struct figure *f, struct buf *out)
{
	struct scale s = scale_of(f);
	size_t i;

	s.left = s.top = 2;
	s.width = SPARK_WIDTH - 4;
	s.height = STRIP_HEIGHT - 4;
	open_svg(out, "k", SPARK_WIDTH, STRIP_HEIGHT);
	add_title(out, f);
	for (i = 0; i < f->nr; i++)
		if (f->line[i].nr)
			add_line(out, &s, &f->line[i], i, step_of(f->line[i].nr, 20));
	buf_adds(out, "</svg>");
}

/*
 * ---- Histograms, over a logarithmic axis ----
 */

static double log_of(double v)
{
	return v > 1 ? log2(v) : 0;
}

static void add_steps(struct buf *out, const struct scale *s, const struct figure_line *l, size_t nr)
{
	struct pen p = {.out = out};
	size_t i;

	buf_printf(out, "<path class=l%zu d=\"", nr);
	pen_move(&p, at_x(s, log_of(l->x[0]) - 1), at_y(s, 0));
	for (i = 0; i < l->nr; i++) {
		double from = i ? log_of(l->x[i - 1]) : log_of(l->x[0]) - 1;

		pen_line(&p, at_x(s, from), at_y(s, l->mid[i]));
		pen_line(&p, at_x(s, log_of(l->x[i])), at_y(s, l->mid[i]));
	}
	pen_line(&p, at_x(s, log_of(l->x[l->nr - 1])), at_y(s, 0));
	buf_adds(out, "\"/>");
}

static void svg_steps(const struct figure *f, struct buf *out)
{
	struct scale s = scale_of(f);
	double x0 = s.x0, x1 = s.x1;
	size_t i;

	s.x0 = log_of(x0) - 1;
	s.x1 = log_of(x1);
	s.y0 = 0;
	open_svg(out, "f", WIDTH, HEIGHT);
	add_title(out, f);
	add_rule(out, &s, s.top);
	add_rule(out, &s, s.top + s.height);
	for (i = 0; i < f->nr; i++)
		if (f->line[i].nr)
			add_steps(out, &s, &f->line[i], i);
	add_number(out, 0, TOP + 9, "h", s.y1);
	add_number(out, 0, HEIGHT - 3, "", x0);
	add_number(out, WIDTH, HEIGHT - 3, "e", x1);
	buf_adds(out, "</svg>");
}

/*
 * ---- Shades ----
 */

static int shade_of(const struct figure_line *l, size_t from, size_t to)
{
	double v = mean(l->mid, from, to);

	return v > 0 ? (int)fmin(HEAT_SHADES - 1, v * HEAT_SHADES) : 0;
}

/* Neighbours of one shade are one piece. */
static void add_shades(struct buf *out, const struct figure_line *l, double top, size_t step)
{
	double x = HEAT_LEFT, width = (WIDTH - HEAT_LEFT) * (double)step / (double)l->nr;
	size_t i, k;

	for (i = 0; i < l->nr; i = k) {
		int shade = shade_of(l, i, end_of(l, i, step));

		for (k = i + step; k < l->nr && shade_of(l, k, end_of(l, k, step)) == shade;)
			k += step;
		k = k < l->nr ? k : l->nr;
		buf_printf(out, "<path class=q%d d=\"M", shade);
		add_tenths(out, tenths(x));
		add_tenths(out, tenths(top));
		buf_adds(out, "h");
		x = k < l->nr ? x + width * (double)((k - i) / step) : WIDTH;
		add_tenths(out, tenths(x) - tenths(HEAT_LEFT + (double)(i / step) * width));
		buf_printf(out, "v%dH%.1fz\"/>", HEAT_ROW - 3, HEAT_LEFT + (double)(i / step) * width);
	}
}

static void svg_heat(const struct figure *f, size_t points, struct buf *out)
{
	size_t i;

	open_svg(out, "f", WIDTH, (double)(HEAT_ROW * f->nr + 2));
	add_title(out, f);
	for (i = 0; i < f->nr; i++) {
		add_label(out, 0, (double)(HEAT_ROW * i + 10), "", f->line[i].name);
		if (f->line[i].nr)
			add_shades(out, &f->line[i], (double)(HEAT_ROW * i + 1),
				   step_of(f->line[i].nr, points));
	}
	buf_adds(out, "</svg>");
}

/*
 * ---- A number over named things ----
 */

static void add_dots(struct buf *out, const struct scale *s, const struct figure *f)
{
	struct pen p = {.out = out};
	size_t i;

	buf_adds(out, "<path class=d0 d=\"");
	for (i = 0; i < f->nr_dots; i++) {
		pen_move(&p, at_x(s, f->dot_x[i]), at_y(s, f->dot_y[i]));
		buf_adds(out, "h0");
	}
	buf_adds(out, "\"/>");
}

static void add_marks(struct buf *out, const struct scale *s, const struct figure *f)
{
	struct pen p = {.out = out};
	size_t i;

	for (i = 0; i < f->nr_marks; i++) {
		double x = at_x(s, f->mark[i].x - 0.5);

		buf_printf(out, "<g class=%s><title>", f->mark[i].bad ? "mb" : "mg");
		html_add(out, f->mark[i].text);
		buf_adds(out, "</title><path d=\"");
		pen_move(&p, x, s->top);
		pen_line(&p, x, s->top + s->height);
		buf_adds(out, "\"/></g>");
	}
}

static bool is_marked(const struct figure *f, size_t label)
{
	size_t i;

	for (i = 0; i < f->nr_marks; i++)
		if (lround(f->mark[i].x) == (long)label)
			return true;
	return false;
}

/* As many as there is room for, and always the first, the last, and those where something happened. */
static void add_labels(struct buf *out, const struct scale *s, const struct figure *f)
{
	size_t i, every = f->nr_labels / 40 + 1;

	for (i = 0; i < f->nr_labels; i++) {
		double x = at_x(s, (double)i), y = s->top + s->height + 8;

		if (i % every && i + 1 < f->nr_labels && !is_marked(f, i))
			continue;
		buf_printf(out, "<text class=e transform=\"translate(%.0f %.0f)rotate(-50)\">", x + 3, y);
		html_add(out, f->label[i]);
		buf_adds(out, "</text>");
	}
}

static void svg_ladder(const struct figure *f, size_t points, struct buf *out)
{
	struct scale s = scale_of(f);

	s.x0 -= 0.5;
	s.x1 += 0.5;
	s.left = 44;
	s.width = LADDER_WIDTH - s.left;
	s.height = LADDER_HEIGHT - TOP - LADDER_LABEL;
	open_svg(out, "w", LADDER_WIDTH, LADDER_HEIGHT);
	add_title(out, f);
	add_rule(out, &s, s.top);
	add_rule(out, &s, s.top + s.height);
	add_lines(out, f, &s, points);
	add_dots(out, &s, f);
	add_marks(out, &s, f);
	add_number(out, s.left - 6, s.top + 4, "e", s.y1);
	add_number(out, s.left - 6, s.top + s.height + 4, "e", s.y0);
	add_labels(out, &s, f);
	buf_adds(out, "</svg>");
}

void svg_figure(const struct figure *f, size_t points, struct buf *out)
{
	switch (f->type) {
	case FIGURE_LINES:
		svg_lines(f, points, out);
		break;
	case FIGURE_HEAT:
		svg_heat(f, points, out);
		break;
	case FIGURE_STEPS:
		svg_steps(f, out);
		break;
	case FIGURE_LADDER:
		svg_ladder(f, SIZE_MAX, out);
		break;
	}
}

/*
 * ---- Every value a dot ----
 */

static void include_values(struct scale *s, const double *x, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		include(s, x[i], 0);
}

/* Whole units are fine enough here. */
static long strip_x(const struct scale *s, double v)
{
	return lround(at_x(s, v));
}

static void add_median(struct buf *out, const struct scale *s, const double *x, size_t nr, int y)
{
	buf_printf(out, "M%ld %dv8", strip_x(s, stats_median(x, nr)), y - 4);
}

static void add_values(struct buf *out, const struct scale *s, const double *x, size_t nr, size_t arm, int y)
{
	size_t i;

	buf_printf(out, "<path class=d%zu d=\"", arm);
	for (i = 0; i < nr; i++)
		buf_printf(out, "M%ld %dz", strip_x(s, x[i]), y);
	buf_printf(out, "\"/><path class=m%zu d=\"", arm);
	add_median(out, s, x, nr, y);
	buf_adds(out, "\"/>");
}

static void add_range(struct buf *out, const struct scale *s, const double *x, size_t nr, size_t arm, int y)
{
	struct stats_summary sum;

	if (stats_summarise(x, nr, &sum))
		return;
	buf_printf(out, "<path class=m%zu d=\"M%ld %dH%ld", arm, strip_x(s, sum.min), y, strip_x(s, sum.max));
	add_median(out, s, x, nr, y);
	buf_adds(out, "\"/>");
}

/* What is inside differs from the first arm's median by less than matters. */
static void add_margin(struct buf *out, const struct scale *s, double median, double margin)
{
	long from = strip_x(s, median - margin), to = strip_x(s, median + margin);

	buf_printf(out, "<path class=r d=\"M%ld 0V%dH%ldV0z\"/>", from, STRIP_HEIGHT, to > from ? to : from + 1);
}

void svg_strip(const struct cell *c, bool dots, struct buf *out)
{
	struct scale s = {INFINITY, -INFINITY, 0, 0, 4, 0, STRIP_WIDTH - 8, STRIP_HEIGHT};
	bool both = c->nr_dots[0] && c->nr_dots[1];
	size_t i;

	for (i = 0; i < 2; i++)
		include_values(&s, c->dot[i], c->nr_dots[i]);
	buf_adds(out, "<svg class=s>");
	if (c->nr_dots[0] && isfinite(c->margin)) {
		double median = stats_median(c->dot[0], c->nr_dots[0]);

		include(&s, median - c->margin, 0);
		include(&s, median + c->margin, 0);
		add_margin(out, &s, median, c->margin);
	}
	for (i = 0; i < 2; i++)
		if (c->nr_dots[i])
			(dots ? add_values : add_range)(out, &s, c->dot[i], c->nr_dots[i], i,
							both ? (i ? 13 : 5) : 9);
	buf_adds(out, "</svg>");
}
