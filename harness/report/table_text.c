// SPDX-License-Identifier: GPL-2.0-only
/* Tables as people mail them, and as JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "report/format.h"
#include "report/table.h"

/* What the columns of numbers leave to the names, a blank between them not counted. */
#define NAMES_WIDTH  31
#define METRIC_WIDTH 15

struct widths {
	int name, metric;
};

static size_t longest(const struct table *t, bool metric)
{
	size_t i, len, most = 0;

	for (i = 0; i < t->nr_rows; i++) {
		len = strlen(metric ? t->row[i].metric : t->row[i].cell->name);
		most = len > most ? len : most;
	}
	return most;
}

/* Metrics are all of a kind; the scenarios' names get what is left, and a line where that is short. */
static struct widths widths_of(const struct table *t)
{
	size_t name = longest(t, false), metric = longest(t, true), room;

	room = name < NAMES_WIDTH - METRIC_WIDTH ? NAMES_WIDTH - name : METRIC_WIDTH;
	metric = metric < room ? metric : room;
	name = name < NAMES_WIDTH - metric ? name : NAMES_WIDTH - metric;
	return (struct widths){(int)name, (int)metric};
}

/* Three digits, so that the interval finds room. */
static void add_signed(char *out, size_t size, double v, const char *unit)
{
	char si[16];

	if (fabs(v) < 9999.5) {
		snprintf(out, size, "%+.*f%s", fabs(v) < 99.95 ? 1 : 0, v, unit);
		return;
	}
	format_si(fabs(v), si, sizeof(si));
	snprintf(out, size, "%c%s%s", v < 0 ? '-' : '+', si, unit);
}

static void add_change(struct buf *out, const struct comparison_row *row)
{
	const struct stats_shift *s = &row->shift;
	double scale = row->base ? 100 / fabs(row->base) : 1;
	char change[32], lo[32], hi[32], interval[80] = "[n too small]";

	add_signed(change, sizeof(change), s->shift * scale, row->base ? "%" : "");
	add_signed(lo, sizeof(lo), s->lo * scale, "");
	add_signed(hi, sizeof(hi), s->hi * scale, "");
	if (s->bounded)
		snprintf(interval, sizeof(interval), "[%s,%s]", lo, hi);
	buf_printf(out, " %6s %13s", change, interval);
}

/* What was found stands out from what was not. */
static const char *short_verdict(const struct comparison_row *row)
{
	static const char *const names[] = {
		[STATS_NONE] = "-", [STATS_BETTER] = "BETTER", [STATS_WORSE] = "WORSE",
		[STATS_SAME] = "same", [STATS_UNDECIDED] = "undec.",
	};

	return names[row->verdict];
}

static void add_row(struct buf *out, const struct table_row *row, bool first, struct widths w)
{
	char base[16], other[16];

	format_column(out, 0, first ? row->cell->name : "", w.name);
	buf_adds(out, " ");
	format_column(out, w.name + 1, row->metric, w.metric);
	format_si(row->row->base, base, sizeof(base));
	format_si(row->row->other, other, sizeof(other));
	buf_printf(out, " %5s %5s", base, other);
	add_change(out, row->row);
	buf_printf(out, " %s\n", short_verdict(row->row));
}

static void add_rows(struct buf *out, const struct table *t)
{
	struct widths w = widths_of(t);
	size_t i;

	buf_printf(out, "\n%-*s %5s %5s %6s %13s\n", w.name + 1 + w.metric, "", "base", "other",
		   "change", "95% interval");
	for (i = 0; i < t->nr_rows; i++) {
		const struct table_row *row = &t->row[i], *last = i ? row - 1 : NULL;

		if (!last || strcmp(last->cell->group, row->cell->group))
			buf_printf(out, "%s%s\n", last ? "\n" : "", row->cell->group);
		add_row(out, row, !last || last->cell != row->cell, w);
	}
}

/* The usual engine goes without saying. */
static bool is_told(const struct table *t, unsigned int axis)
{
	return t->label[axis] &&
	       (axis != AXIS_ENGINE || strcmp(t->label[axis], engine_name(ENGINE_EXACT)));
}

static void add_head(struct buf *out, const struct table *t)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (is_told(t, axis))
			buf_printf(out, "%s %s, ", axis_name((enum axis)axis), t->label[axis]);
	buf_printf(out, "n = %zu", t->n_base);
	if (t->n_other != t->n_base)
		buf_printf(out, " and %zu", t->n_other);
	buf_printf(out, "\nbase: %s, other: %s\n", t->base, t->other);
	buf_printf(out, "primary metrics, verdicts at p < %g by Holm over %s%zu test%s\n",
		   COMPARE_ALPHA, t->nr_tests > 1 ? "all " : "", t->nr_tests,
		   t->nr_tests == 1 ? "" : "s");
}

static void add_notes(struct buf *out, const struct table *t, bool left_out, const char *title)
{
	bool any = false;
	size_t i;

	for (i = 0; i < t->nr_notes; i++) {
		const struct table_note *n = &t->note[i];
		cleanup_free char *text = NULL;

		if (n->left_out != left_out)
			continue;
		if (!any)
			buf_printf(out, "\n%s\n", title);
		any = true;
		text = xasprintf("%s: %s", buf_str(&n->of), n->what);
		format_wrap(out, "  ", "    ", text);
	}
}

static void add_count(struct buf *out, const struct table *t)
{
	buf_printf(out, "\n%zu better, %zu worse, %zu same, %zu undecided", t->count[STATS_BETTER],
		   t->count[STATS_WORSE], t->count[STATS_SAME], t->count[STATS_UNDECIDED]);
	if (t->count[STATS_NONE])
		buf_printf(out, ", %zu without a verdict", t->count[STATS_NONE]);
	buf_adds(out, "\n");
}

char *table_hint(const struct table *t)
{
	if (!t->nr_lacking)
		return NULL;
	return xasprintf("with %zu test%s a clear difference is sure to be called from n = %zu on: "
			 "%zu undecided row%s lack%s %zu seed%s",
			 t->nr_tests, t->nr_tests == 1 ? "" : "s", t->n_needed,
			 t->nr_lacking, t->nr_lacking == 1 ? "" : "s",
			 t->nr_lacking == 1 ? "s" : "", t->lacking, t->lacking == 1 ? "" : "s");
}

static void add_hint(struct buf *out, const struct table *t)
{
	cleanup_free char *text = table_hint(t);

	if (text)
		format_wrap(out, "", "", text);
}

void table_notes(const struct table *t, const char *of, struct buf *out)
{
	cleanup_free char *left_out = xasprintf("left out%s%s:", *of ? " of " : "", of);
	cleanup_free char *notes = xasprintf("notes%s%s:", *of ? " on " : "", of);

	add_notes(out, t, true, left_out);
	add_notes(out, t, false, notes);
}

void table_text(const struct table *t, struct buf *out)
{
	add_head(out, t);
	if (t->nr_rows)
		add_rows(out, t);
	table_notes(t, "", out);
	add_count(out, t);
	add_hint(out, t);
}

json_t *comparison_row_json(const struct comparison_row *row)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:s}", "name", row->name, "unit", row->unit,
				"better", metric_better_name(row->better), "class",
				metric_class_name(row->class));

	if (row->absent) {
		json_object_set_new(out, "absent", json_string(row->absent));
		return out;
	}
	json_object_set_new(out, "n", json_pack("[I, I]", (json_int_t)row->nr_base,
						(json_int_t)row->nr_other));
	json_object_set_new(out, "median", json_pack("[f, f]", row->base, row->other));
	json_object_set_new(out, "shift", json_real(row->shift.shift));
	if (row->shift.bounded)
		json_object_set_new(out, "interval",
				    json_pack("{s:f, s:f, s:f}", "lo", row->shift.lo, "hi",
					      row->shift.hi, "coverage", row->shift.coverage));
	json_object_set_new(out, "p", json_real(row->p));
	if (row->verdict != STATS_NONE)
		json_object_set_new(out, "p_holm", json_real(row->p_adjusted));
	json_object_set_new(out, "verdict", json_string(format_verdict(row)));
	if (row->meaning_differs)
		json_object_set_new(out, "meaning", json_string(row->meaning));
	return out;
}

static json_t *json_rows(const struct table *t)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < t->nr_rows; i++) {
		const struct table_cell *cell = t->row[i].cell;
		json_t *row = comparison_row_json(t->row[i].row);

		json_object_set_new(row, "scenario",
				    json_string(cell->c.base->label[AXIS_SCENARIO]));
		json_object_set_new(row, "guest", json_string(cell->c.base->label[AXIS_GUEST]));
		json_object_set_new(row, "group", json_string(cell->group));
		json_array_append_new(out, row);
	}
	return out;
}

static json_t *json_notes(const struct table *t, bool left_out)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < t->nr_notes; i++)
		if (t->note[i].left_out == left_out)
			json_array_append_new(out, json_pack("{s:s, s:s}", "scenarios",
							     buf_str(&t->note[i].of), "what",
							     t->note[i].what));
	return out;
}

static json_t *json_count(const struct table *t)
{
	json_t *out = json_object();
	unsigned int v;

	for (v = STATS_NONE; v <= STATS_UNDECIDED; v++)
		json_object_set_new(out, stats_verdict_name((enum stats_verdict)v),
				    json_integer((json_int_t)t->count[v]));
	return out;
}

json_t *table_json(const struct table *t)
{
	json_t *out = json_pack(
		"{s:s, s:s, s:s, s:[I, I], s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "by", axis_name(t->axis),
		"base", t->base, "other", t->other, "n", (json_int_t)t->n_base, (json_int_t)t->n_other,
		"tests", (json_int_t)t->nr_tests, "n_needed", (json_int_t)t->n_needed, "lacking",
		(json_int_t)t->lacking, "metrics", json_rows(t), "left_out", json_notes(t, true), "notes", json_notes(t, false),
		"count", json_count(t));
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (t->label[axis] && axis != AXIS_GUEST)
			json_object_set_new(out, axis_name((enum axis)axis),
					    json_string(t->label[axis]));
	return out;
}
