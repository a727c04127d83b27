// SPDX-License-Identifier: GPL-2.0-only
/* The parts that are about two arms, or one. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "document/block.h"
#include "report/again.h"
#include "report/json_diff.h"
#include "report/values.h"
#include "stats/boot.h"

/* Arms are called by their names in tables where those are short. */
#define NAME_SHORT 9
/* Resamplings for the interval of the geometric mean. */
#define RESAMPLINGS 2000

static const char *label_of(const struct comparison *c, bool other)
{
	return (other ? c->other : c->base)->label[c->axis];
}

/* As the head of a column: both by their names, or neither. */
static const char *head_of(const struct comparison *c, bool other)
{
	if (strlen(label_of(c, false)) > NAME_SHORT || strlen(label_of(c, true)) > NAME_SHORT)
		return other ? "other" : "base";
	return label_of(c, other);
}

/* What tells it apart from all other comparisons. */
static char *key_of(const struct comparison *c)
{
	return xasprintf("%s against %s", c->other->member[0].id, c->base->member[0].id);
}

/*
 * ---- Metrics ----
 */

static void begin_rows(struct document *doc, const struct comparison *c, bool strips)
{
	cleanup_free char *base = document_arm(doc, c->base), *other = document_arm(doc, c->other);
	const struct document_column column[] = {
		{.name = "metric"},
		{.name = head_of(c, false), .right = true, .link = base},
		{.name = head_of(c, true), .right = true, .link = other},
		{.name = "change", .right = true},
		{.name = "95% interval", .right = true},
		{.name = "p", .right = true},
		{.name = "verdict"},
		{.name = "n", .right = true, .wide = true},
		{.name = "seeds", .wide = true},
	};

	document_table(doc, column, ARRAY_SIZE(column) - !strips);
}

static void add_medians(struct document *doc, const struct comparison *c, const struct comparison_row *row)
{
	char base[16], other[16], change[32], interval[64], p[16];

	format_si(row->base, base, sizeof(base));
	format_si(row->other, other, sizeof(other));
	format_change(row, change, interval, sizeof(change));
	format_p(row, p, sizeof(p));
	document_number(doc, base, row->base, head_of(c, false));
	document_number(doc, other, row->other, head_of(c, true));
	document_number(doc, change, row->shift.shift, NULL);
	document_interval(doc, interval, row->shift.lo, row->shift.hi);
	document_number(doc, p, row->verdict == STATS_NONE ? NAN : row->p_adjusted, NULL);
	document_verdict(doc, row);
}

static double *values_of(const struct arm *arm, const struct comparison_row *row, size_t *nr)
{
	double *x = xcalloc(arm->nr, sizeof(*x));
	const char *why = NULL, *meaning = NULL;

	*nr = arm_values(arm, row->name, row->order, x, &why, &meaning);
	return x;
}

static void add_values(struct document *doc, const struct comparison *c, const struct comparison_row *row,
		       bool strips)
{
	size_t na, nb;
	cleanup_free double *a = values_of(c->base, row, &na), *b = values_of(c->other, row, &nb);
	cleanup_free char *n = na == nb ? xasprintf("%zu", na) : xasprintf("%zu, %zu", na, nb);

	document_text(doc, n, NULL, NULL);
	if (strips)
		document_strip(doc, a, na, b, nb, row->better ? comparison_margin(row) : NAN,
			       row->class == METRIC_PRIMARY);
}

/* Of metrics with a name of their own the unit is said; a raw counter's is what it counts. */
static void add_name(struct document *doc, const char *name)
{
	cleanup_free char *brief = format_metric(name);

	document_text(doc, name, brief, NULL);
}

static void add_row(struct document *doc, const struct comparison *c, const struct comparison_row *row,
		    bool strips)
{
	document_row(doc, row->name);
	add_name(doc, row->name);
	if (row->absent) {
		document_text(doc, "absent", NULL, NULL);
		return;
	}
	add_medians(doc, c, row);
	add_values(doc, c, row, strips);
}

/* Nothing is seen in the medians, and nothing is found. */
static bool is_nothing(const struct comparison_row *row)
{
	return row->absent || comparison_is_idle(row) ||
	       (!row->base && !row->other && row->verdict != STATS_WORSE && row->verdict != STATS_BETTER);
}

/* A large document has what was judged, a small one everything that moved. */
static bool is_told(const struct document *doc, const struct comparison_row *row, enum metric_class class)
{
	if (row->class != class || class == METRIC_PRIMARY)
		return row->class == class;
	return !is_nothing(row) && (!doc->large || row->verdict != STATS_NONE);
}

static void add_class(struct document *doc, const struct comparison *c, enum metric_class class, size_t *room)
{
	bool some = doc->large && class != METRIC_PRIMARY;
	cleanup_free char *title = xasprintf("%s%s, p by Holm over %zu", metric_class_name(class),
					     some ? " with a good direction" : "", c->nr_tests[class]);
	bool any = false;
	size_t i;

	for (i = 0; i < c->nr && *room; i++) {
		if (!is_told(doc, &c->row[i], class))
			continue;
		if (!any)
			document_group(doc, title, NULL, NULL);
		any = true;
		add_row(doc, c, &c->row[i], true);
		(*room)--;
	}
}

/* Those that differ most: by p, of equals by how far for their size. */
static int by_distance(const void *a, const void *b)
{
	const struct comparison_row *x = *(const struct comparison_row *const *)a;
	const struct comparison_row *y = *(const struct comparison_row *const *)b;
	double dx = fabs(x->shift.shift) / (fabs(x->base) + fabs(x->other));
	double dy = fabs(y->shift.shift) / (fabs(y->base) + fabs(y->other));

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	if (dx != dy)
		return dx > dy ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void add_diagnostics(struct document *doc, const struct comparison *c)
{
	cleanup_free const struct comparison_row **row = xcalloc(c->nr, sizeof(*row));
	cleanup_free char *title = NULL;
	size_t i, n = 0, all = 0;

	if (doc->large)
		return;
	for (i = 0; i < c->nr; i++) {
		all += c->row[i].class == METRIC_DIAGNOSTIC;
		if (is_told(doc, &c->row[i], METRIC_DIAGNOSTIC) && c->row[i].shift.shift &&
		    c->row[i].p < COMPARE_ALPHA)
			row[n++] = &c->row[i];
	}
	if (!n)
		return;
	qsort(row, n, sizeof(*row), by_distance);
	n = n < DOCUMENT_DIAGNOSTICS ? n : DOCUMENT_DIAGNOSTICS;
	title = xasprintf("the %zu of %zu diagnostic metrics that differ most, without correction of p", n, all);
	document_fold(doc, title);
	begin_rows(doc, c, false);
	for (i = 0; i < n; i++)
		add_row(doc, c, row[i], false);
	document_unfold(doc);
}

/*
 * ---- What is to be known besides ----
 */

static void add_head(struct document *doc, const struct comparison *c)
{
	cleanup_buf struct buf text = {0};
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != c->axis && (axis != AXIS_ENGINE || !arm_is_exact(c->base)))
			buf_printf(&text, "%s %s, ", axis_name((enum axis)axis), c->base->label[axis]);
	document_line(doc, "%sn = %zu and %zu; base: %s, other: %s", buf_str(&text), c->n_base, c->n_other,
		      label_of(c, false), label_of(c, true));
}

static void add_note(void *ctx, const char *note)
{
	document_line(ctx, "Note: %s", note);
}

static void add_failed(struct document *doc, const struct arm *arm, enum axis axis, size_t failed)
{
	if (failed)
		document_line(doc, "%zu of %zu experiments of %s did not end well and are left out.", failed,
			      arm->nr, arm->label[axis]);
}

/* Each pair of meanings once. */
static void add_meanings(struct document *doc, const struct comparison *c)
{
	size_t i, k;

	for (i = 0; i < c->nr; i++) {
		const struct comparison_row *row = &c->row[i];

		for (k = 0; k < i; k++)
			if (c->row[k].meaning_differs && !strcmp(c->row[k].meaning, row->meaning))
				break;
		if (row->meaning_differs && k == i && !comparison_is_idle(row) &&
		    row->class != METRIC_DIAGNOSTIC)
			document_line(doc, "Note: %s does not mean the same in both: %s", row->name,
				      row->meaning);
	}
}

struct states {
	struct document *doc;
	size_t nr;
};

static void add_state(struct document *doc, const json_t *v)
{
	cleanup_free char *text = json_is_string(v) ? xstrdup(json_string_value(v)) :
				  v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : xstrdup("nothing");

	document_text(doc, text, NULL, NULL);
}

static int take_state(void *ctx, const char *path, const json_t *a, const json_t *b)
{
	struct states *s = ctx;

	if (s->nr++ >= DOCUMENT_STATES)
		return 0;
	document_row(s->doc, NULL);
	document_text(s->doc, path, NULL, NULL);
	add_state(s->doc, a);
	add_state(s->doc, b);
	return 0;
}

static int count_state(void *ctx, const char *path, const json_t *a, const json_t *b)
{
	(void)path;
	(void)a;
	(void)b;
	++*(size_t *)ctx;
	return 0;
}

/* Of the first that count; what seeds of one arm differ in is not the arms'. */
static void add_states(struct document *doc, const struct comparison *c)
{
	const struct document_column column[] = {
		{.name = "state"}, {.name = head_of(c, false)}, {.name = head_of(c, true)},
	};
	const json_t *a = json_object_get(arm_first(c->base)->r.result, "state");
	const json_t *b = json_object_get(arm_first(c->other)->r.result, "state");
	struct states s = {doc, 0};
	cleanup_free char *title = NULL;
	size_t n = 0;

	json_diff(a, b, "", count_state, &n);
	if (!n)
		return;
	title = n > DOCUMENT_STATES ? xasprintf("the machines' states differ in %zu things; the first %d", n,
						DOCUMENT_STATES) :
				      xasprintf("the machines' states differ in %zu thing%s", n, n == 1 ? "" : "s");
	document_fold(doc, title);
	document_table(doc, column, ARRAY_SIZE(column));
	json_diff(a, b, "", take_state, &s);
	document_unfold(doc);
}

static void add_command(struct document *doc, const struct arm *base, const struct arm *other, enum axis axis)
{
	cleanup_buf struct buf command = {0};

	again_command(base, other, axis, &command);
	document_command(doc, buf_str(&command));
}

void document_comparison(struct document *doc, const struct comparison *c)
{
	const struct arm *const arm[] = {c->base, c->other};
	const char *const name[] = {label_of(c, false), label_of(c, true)};
	cleanup_free char *key = key_of(c), *heading = NULL;
	const char *scenario = c->base->label[AXIS_SCENARIO];
	size_t room = DOCUMENT_METRICS;

	heading = c->axis == AXIS_SCENARIO ? xasprintf("%s against %s", name[1], name[0]) :
					     xasprintf("%s: %s against %s", scenario, name[1], name[0]);
	document_subsection(doc, heading, key);
	add_head(doc, c);
	begin_rows(doc, c, true);
	add_class(doc, c, METRIC_PRIMARY, &room);
	add_class(doc, c, METRIC_SECONDARY, &room);
	add_failed(doc, c->base, c->axis, c->failed_base);
	add_failed(doc, c->other, c->axis, c->failed_other);
	add_meanings(doc, c);
	comparison_notes(c, add_note, doc);
	document_charts(doc, arm, name, 2);
	add_diagnostics(doc, c);
	add_states(doc, c);
	add_command(doc, c->base, c->other, c->axis);
}

/*
 * ---- All of them together ----
 */

static const struct table_row *worst_of(const struct table *t)
{
	const struct table_row *worst = NULL;
	double most = 0;
	size_t i;

	for (i = 0; i < t->nr_rows; i++) {
		const struct comparison_row *row = t->row[i].row;
		double by = row->base ? fabs(row->shift.shift / row->base) : INFINITY;

		if (row->verdict != STATS_WORSE || (worst && by <= most))
			continue;
		worst = &t->row[i];
		most = by;
	}
	return worst;
}

static void add_worst(struct document *doc, const struct table *t)
{
	const struct table_row *worst = worst_of(t);
	char change[32], interval[64];

	if (!worst)
		return;
	format_change(worst->row, change, interval, sizeof(change));
	document_line(doc, "Worst under %s: %s of %s, %s %s.", t->other, worst->row->name, worst->cell->name, change,
		      interval);
}

/*
 * A pair of samples, the good direction up.  false when there is no ratio of it: a seed with 0 makes a median of 0
 * possible, and one such metric would leave the mean of all without an interval.
 */
static bool take_ratio(const struct table_row *r, struct stats_sample pair[2])
{
	const struct comparison_row *row = r->row;
	bool lower = row->better == STATS_DIR_LOWER;
	double *base, *other;

	if (row->better == STATS_DIR_NONE || row->meaning_differs)
		return false;
	base = values_of(r->cell->c.base, row, &pair[lower].n);
	other = values_of(r->cell->c.other, row, &pair[!lower].n);
	pair[lower].x = base;
	pair[!lower].x = other;
	if (stats_quantile(base, pair[lower].n, 0) > 0 && stats_quantile(other, pair[!lower].n, 0) > 0)
		return true;
	free(base);
	free(other);
	return false;
}

/*
 * One number for all is a poor summary, and is asked for all the same: above 1 is better, whichever way
 * each metric is good.
 */
static void add_mean(struct document *doc, const struct table *t)
{
	struct stats_sample *s = xcalloc(2 * t->nr_rows, sizeof(*s));
	char mean[16] = "-", interval[48] = "-", count[24];
	struct stats_boot b;
	size_t i, n = 0;

	for (i = 0; i < t->nr_rows; i++)
		n += take_ratio(&t->row[i], &s[2 * n]);
	snprintf(count, sizeof(count), "%zu", n);
	if (n && !stats_boot(stats_geomean_ratio, NULL, s, 2 * n, COMPARE_CONFIDENCE, RESAMPLINGS, &b)) {
		snprintf(mean, sizeof(mean), "%.3f", b.value);
		snprintf(interval, sizeof(interval), "[%.3f,%.3f]", b.lo, b.hi);
	} else {
		b = (struct stats_boot){.value = NAN, .lo = NAN, .hi = NAN};
	}
	document_number(doc, mean, b.value, NULL);
	document_interval(doc, interval, b.lo, b.hi);
	document_number(doc, count, (double)n, NULL);
	for (i = 0; i < 2 * n; i++)
		free((void *)s[i].x);
	free(s);
}

static void add_counts(struct document *doc, const struct table *t)
{
	static const enum stats_verdict verdict[] = {STATS_WORSE, STATS_BETTER, STATS_SAME, STATS_UNDECIDED};
	size_t i;

	document_row(doc, NULL);
	document_text(doc, t->other, NULL, NULL);
	for (i = 0; i < ARRAY_SIZE(verdict); i++) {
		cleanup_free char *n = xasprintf("%zu", t->count[verdict[i]]);

		document_number(doc, n, (double)t->count[verdict[i]], NULL);
	}
	add_mean(doc, t);
}

void document_summary(struct document *doc, const struct tables *tables)
{
	static const struct document_column column[] = {
		{.name = "primary metrics"}, {.name = "WORSE", .right = true}, {.name = "BETTER", .right = true},
		{.name = "SAME", .right = true}, {.name = "UNDEC.", .right = true}, {.name = "mean", .right = true},
		{.name = "95% interval", .right = true}, {.name = "of", .right = true},
	};
	size_t i;

	if (!tables->nr)
		return;
	document_table(doc, column, ARRAY_SIZE(column));
	for (i = 0; i < tables->nr; i++) {
		cleanup_free char *against = xasprintf("against %s", tables->table[i].base);

		if (!i || strcmp(tables->table[i].base, tables->table[i - 1].base))
			document_group(doc, against, NULL, NULL);
		add_counts(doc, &tables->table[i]);
	}
	document_line(doc, "mean: geometric mean of the ratios of so many metrics, above 1 where it is better; "
			   "its interval is a BCa bootstrap's over the seeds.");
	for (i = 0; i < tables->nr; i++)
		add_worst(doc, &tables->table[i]);
}

static void add_notes(struct document *doc, const struct table *t, bool left_out)
{
	size_t i;

	for (i = 0; i < t->nr_notes; i++)
		if (t->note[i].left_out == left_out)
			document_line(doc, "%s: %s: %s", left_out ? "Left out" : "Note", buf_str(&t->note[i].of),
				      t->note[i].what);
}

static void add_table_head(struct document *doc, const struct table *t)
{
	cleanup_buf struct buf text = {0};
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (t->label[axis] && (axis != AXIS_ENGINE || !arm_is_exact(t->cell[0].c.base)))
			buf_printf(&text, "%s %s, ", axis_name((enum axis)axis), t->label[axis]);
	document_line(doc, "%sn = %zu and %zu; base: %s, other: %s; verdicts at p < %g by Holm over all %zu tests",
		      buf_str(&text), t->n_base, t->n_other, t->base, t->other, COMPARE_ALPHA, t->nr_tests);
}

static void add_table_rows(struct document *doc, const struct table *t)
{
	size_t i;

	add_table_head(doc, t);
	begin_rows(doc, &t->cell[0].c, true);
	for (i = 0; i < t->nr_rows; i++) {
		const struct table_row *row = &t->row[i];
		cleanup_free char *key = key_of(&row->cell->c), *name = NULL;

		name = xasprintf("%s (%s)", row->cell->name, row->cell->group);
		if (!i || row[-1].cell != row->cell)
			document_group(doc, name, key, NULL);
		add_row(doc, &row->cell->c, row->row, true);
	}
}

void document_primary(struct document *doc, const struct table *t)
{
	cleanup_free char *hint = table_hint(t);

	if (t->nr_rows)
		add_table_rows(doc, t);
	add_notes(doc, t, true);
	add_notes(doc, t, false);
	if (hint)
		document_line(doc, "Note: %s", hint);
}

/*
 * ---- One arm ----
 */

static void begin_single(struct document *doc, const struct arm *arm)
{
	cleanup_free char *key = document_arm(doc, arm);
	const struct document_column column[] = {
		{.name = "metric"}, {.name = "median", .right = true, .link = key},
		{.name = "lowest", .right = true}, {.name = "highest", .right = true},
		{.name = "n", .right = true}, {.name = "seeds", .wide = true},
	};

	document_table(doc, column, ARRAY_SIZE(column));
}

static void add_si(struct document *doc, double v, const char *arm)
{
	char si[16];

	format_si(v, si, sizeof(si));
	document_number(doc, si, v, arm);
}

static void add_distribution(struct document *doc, const char *name, const char *label,
			     const double *x, size_t nr)
{
	cleanup_free char *n = xasprintf("%zu", nr);
	struct stats_summary s;

	if (stats_summarise(x, nr, &s))
		return;
	document_row(doc, name);
	add_name(doc, name);
	add_si(doc, s.median, label);
	add_si(doc, s.min, label);
	add_si(doc, s.max, label);
	document_text(doc, n, NULL, NULL);
	document_strip(doc, x, nr, NULL, 0, NAN, false);
}

static void add_distributions(struct document *doc, const struct arm *arm, const char *label)
{
	json_t *list = json_object_get(arm_first(arm)->r.result, "metrics"), *metric;
	size_t i, n, rows = 0;

	begin_single(doc, arm);
	json_array_foreach(list, i, metric) {
		struct comparison_row row = {.name = (char *)text_of(metric, "name"), .order = i};
		cleanup_free double *x = NULL;

		if (metric_class_in(arm_primary(arm), row.name, metric) == METRIC_DIAGNOSTIC ||
		    rows == DOCUMENT_METRICS)
			continue;
		x = values_of(arm, &row, &n);
		if (!n || (stats_quantile(x, n, 0) == 0 && stats_quantile(x, n, 1) == 0))
			continue;
		add_distribution(doc, row.name, label, x, n);
		rows++;
	}
}

void document_single(struct document *doc, const struct arm *arm)
{
	const char *const name[] = {arm->label[AXIS_POLICY]};
	cleanup_free char *heading = NULL;

	document_also(doc, arm);
	heading = xasprintf("%s: %s, kernel %s, guest %s", arm->label[AXIS_SCENARIO], name[0],
			    arm->label[AXIS_KERNEL], arm->label[AXIS_GUEST]);
	document_subsection(doc, heading, NULL);
	if (!arm_first(arm)) {
		document_line(doc, "None of its %zu experiments ended well.", arm->nr);
	} else {
		document_line(doc, "n = %zu", arm->nr - arm_failed(arm));
		add_distributions(doc, arm, name[0]);
		document_charts(doc, &arm, name, 1);
	}
	add_command(doc, arm, NULL, AXIS_NR);
}
