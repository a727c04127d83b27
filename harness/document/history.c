// SPDX-License-Identifier: GPL-2.0-only
/* A metric over kernels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document/block.h"
#include "result/metrics.h"

/* The level of a point: that of the last change before it, or of before the first. */
static double level_at(const struct history_series *s, size_t point)
{
	double level = s->nr_changes ? s->change[0].before : NAN;
	size_t i;

	for (i = 0; i < s->nr_changes && s->change[i].at <= point; i++)
		level = s->change[i].after;
	return level;
}

static double median_of_all(const struct history_series *s)
{
	double *all = NULL, m;
	size_t i, k, n = 0;

	for (i = 0; i < s->nr; i++) {
		all = xrealloc(all, n + s->point[i].nr, sizeof(*all));
		for (k = 0; k < s->point[i].nr; k++)
			all[n++] = s->point[i].value[k];
	}
	m = n ? stats_median(all, n) : NAN;
	free(all);
	return m;
}

/* The level, with two standard deviations of single values on either side. */
static void add_level(struct figure *f, const struct history_series *s)
{
	double *x = xcalloc(s->nr, sizeof(*x)), *mid = xcalloc(s->nr, sizeof(*x));
	double *lo = xcalloc(s->nr, sizeof(*x)), *hi = xcalloc(s->nr, sizeof(*x));
	double noise = isnan(s->noise) ? 0 : 2 * s->noise, only = median_of_all(s);
	size_t i;

	for (i = 0; i < s->nr; i++) {
		x[i] = (double)i;
		mid[i] = s->nr_changes ? level_at(s, i) : only;
		lo[i] = mid[i] - noise;
		hi[i] = mid[i] + noise;
	}
	figure_add(f, "level", x, mid, lo, hi, s->nr);
	free(x);
	free(mid);
	free(lo);
	free(hi);
}

static void add_points(struct figure *f, const struct history_series *s)
{
	size_t i, k;

	for (i = 0; i < s->nr; i++) {
		figure_label(f, s->point[i].kernel);
		for (k = 0; k < s->point[i].nr; k++)
			figure_dot(f, (double)i, s->point[i].value[k]);
	}
}

static void add_marks(struct figure *f, const struct history_answer *a, const struct history_series *s)
{
	size_t i;

	for (i = 0; i < s->nr_changes; i++) {
		const struct stats_change *c = &s->change[i];
		cleanup_buf struct buf text = {0};

		buf_adds(&text, s->point[c->at].kernel);
		history_change_text(a, c, &text);
		figure_mark(f, (double)c->at, buf_str(&text), history_is_worse(a, c));
	}
}

static void add_figure(struct document *doc, const struct history_answer *a, const struct history_series *s)
{
	struct figure f = figure_new(FIGURE_LADDER, a->metric, a->unit);

	add_level(&f, s);
	add_points(&f, s);
	add_marks(&f, a, s);
	document_figure(doc, &f);
}

static void add_point(struct document *doc, const struct history_answer *a, const struct history_series *s,
		      size_t point)
{
	const struct history_point *p = &s->point[point];
	cleanup_free char *n = xasprintf("%zu", p->nr), *median = xasprintf("%.6g", p->median);
	cleanup_buf struct buf change = {0};
	size_t i;

	for (i = 0; i < s->nr_changes; i++)
		if (s->change[i].at == point)
			history_change_text(a, &s->change[i], &change);
	document_row(doc, a->metric);
	document_text(doc, p->kernel, NULL, NULL);
	document_text(doc, n, NULL, NULL);
	document_number(doc, median, p->median, p->kernel);
	document_strip(doc, p->value, p->nr, NULL, 0, NAN, true);
	document_text(doc, p->other ? "*" : "", NULL, NULL);
	document_text(doc, buf_str(&change) + strspn(buf_str(&change), " "), NULL, NULL);
}

static void add_series(struct document *doc, const struct history_answer *a, const struct history_series *s)
{
	static const struct document_column column[] = {
		{.name = "kernel"}, {.name = "n", .right = true}, {.name = "median", .right = true},
		{.name = "seeds", .wide = true}, {.name = ""}, {.name = "change"},
	};
	cleanup_free char *heading = xasprintf("%s: %s, guest %s, policy %s", a->metric, s->scenario, s->guest,
					       s->policy);
	bool other = false;
	size_t i;

	document_subsection(doc, heading, NULL);
	document_line(doc, "%s, %s is better, engine %s", a->unit, metric_better_name(a->better), s->engine);
	add_figure(doc, a, s);
	document_table(doc, column, ARRAY_SIZE(column));
	for (i = 0; i < s->nr; i++) {
		add_point(doc, a, s, i);
		other |= s->point[i].other;
	}
	if (!isnan(s->noise))
		document_line(doc, "Noise around the level: %.3g %s.", s->noise, a->unit);
	if (other)
		document_line(doc, "* made of other things than the line above, kernel aside: a newer agent, "
				   "QEMU or scenario");
}

void document_history(struct document *doc, const struct history_answer *a)
{
	size_t i;

	for (i = 0; i < a->nr; i++)
		if (a->series[i].nr)
			add_series(doc, a, &a->series[i]);
}
