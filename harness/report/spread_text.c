// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/engine.h"
#include "report/format.h"
#include "report/spread.h"
#include "report/values.h"

/* What the columns of numbers leave to metric and policy, and to the metric at least. */
#define NAMES_WIDTH  27
#define METRIC_LEAST 16

static bool same(const struct spread_row *a, const struct spread_row *b, enum axis axis)
{
	return !strcmp(a->arm->label[axis], b->arm->label[axis]);
}

static bool same_part(const struct spread_row *a, const struct spread_row *b)
{
	return same(a, b, AXIS_KERNEL) && same(a, b, AXIS_ENGINE);
}

static bool same_group(const struct spread_row *a, const struct spread_row *b)
{
	return same_part(a, b) && !strcmp(a->group, b->group);
}

static bool same_scenario(const struct spread_row *a, const struct spread_row *b)
{
	return same_group(a, b) && same(a, b, AXIS_SCENARIO) && same(a, b, AXIS_GUEST);
}

/* "kernel 6.12.107", and the engine unless it is the usual one. */
static char *part_name(const struct spread_row *row)
{
	const char *engine = row->arm->label[AXIS_ENGINE];
	bool told = strcmp(engine, engine_name(ENGINE_EXACT)) != 0;

	return xasprintf("kernel %s%s%s", row->arm->label[AXIS_KERNEL], told ? ", engine " : "",
			 told ? engine : "");
}

static void percent(double fraction, char *out, size_t size)
{
	if (isfinite(fraction))
		snprintf(out, size, "%.*f", fraction < 0.9995 ? 1 : 0, 100 * fraction);
	else
		snprintf(out, size, "-");
}

static void seeds_text(size_t seeds, char *out, size_t size)
{
	if (seeds > 9999)
		snprintf(out, size, ">9999");
	else if (seeds)
		snprintf(out, size, "%zu", seeds);
	else
		snprintf(out, size, "-");
}

/* The columns of a row, as text. */
struct cells {
	char median[16], min[16], max[16], cv[16], robust[16], seeds[16];
};

static struct cells cells_of(const struct spread_row *row)
{
	struct cells c;

	format_si(row->s.median, c.median, sizeof(c.median));
	format_si(row->s.min, c.min, sizeof(c.min));
	format_si(row->s.max, c.max, sizeof(c.max));
	percent(row->s.cv, c.cv, sizeof(c.cv));
	percent(row->s.robust_cv, c.robust, sizeof(c.robust));
	seeds_text(row->seeds, c.seeds, sizeof(c.seeds));
	return c;
}

static void add_numbers(struct buf *out, const struct spread_row *row)
{
	struct cells c = cells_of(row);

	if (row->absent)
		buf_printf(out, "   - %s\n", row->absent);
	else if (row->s.median == 0)
		buf_printf(out, " %3zu %6s zero median %5s..%s\n", row->s.n, c.median, c.min,
			   c.max);
	else
		buf_printf(out, " %3zu %6s %5s %5s %5s..%-5s %5s\n", row->s.n, c.median, c.cv,
			   c.robust, c.min, c.max, c.seeds);
}

static int policy_width(const struct spread *spread)
{
	size_t i, most = strlen("policy");

	for (i = 0; i < spread->nr; i++) {
		size_t len = strlen(spread->row[i].arm->label[AXIS_POLICY]);

		most = len > most ? len : most;
	}
	return (int)(most < NAMES_WIDTH - METRIC_LEAST ? most : NAMES_WIDTH - METRIC_LEAST);
}

static void add_row(struct buf *out, const struct spread *spread, size_t i, int policy)
{
	const struct spread_row *row = &spread->row[i], *last = i ? row - 1 : NULL;
	bool again = last && same_scenario(last, row) && !strcmp(last->name, row->name);
	cleanup_free char *metric = format_metric(again ? "" : row->name);

	buf_adds(out, "  ");
	format_column(out, 2, metric, NAMES_WIDTH - policy);
	buf_adds(out, " ");
	format_column(out, 3 + NAMES_WIDTH - policy, row->arm->label[AXIS_POLICY], policy);
	add_numbers(out, row);
}

static bool is_worst(const struct spread *spread, size_t i)
{
	const struct spread_row *row = &spread->row[i];
	size_t k;

	if (row->absent || row->s.median == 0 || !isfinite(row->s.cv))
		return false;
	for (k = 0; k < spread->nr; k++) {
		const struct spread_row *other = &spread->row[k];

		if (!other->absent && other->s.median != 0 && same_group(row, other) &&
		    (other->s.cv > row->s.cv || (other->s.cv == row->s.cv && k < i)))
			return false;
	}
	return true;
}

/* "shapes: at most 3.4 % (anon-zipf, psi.mem.some, mglru)" for each group of the part. */
static void add_worst(struct buf *out, const struct spread *spread, const struct spread_row *part,
		      const char *bullet)
{
	size_t i;

	for (i = 0; i < spread->nr; i++) {
		const struct spread_row *row = &spread->row[i];
		cleanup_free char *metric = format_metric(row->name), *text = NULL;
		char cv[16];

		if (!same_part(row, part) || !is_worst(spread, i))
			continue;
		percent(row->s.cv, cv, sizeof(cv));
		text = xasprintf("%s: CV at most %s %% (%s, %s, %s)", row->group, cv,
				 row->arm->label[AXIS_SCENARIO], metric,
				 row->arm->label[AXIS_POLICY]);
		format_wrap(out, bullet, "  ", text);
	}
}

static void add_meaning(struct buf *out, const struct spread *spread)
{
	cleanup_free char *text = xasprintf(
		"seeds: needed on each side for a %g %% change (p < %g, power %g %%)",
		100 * spread->change, spread->alpha, 100 * spread->power);

	format_wrap(out, "", "", text);
}

static void add_failed(struct buf *out, const struct spread *spread)
{
	if (spread->failed)
		buf_printf(out, "\n%zu experiment%s did not end well and %s not counted\n",
			   spread->failed, spread->failed == 1 ? "" : "s",
			   spread->failed == 1 ? "is" : "are");
}

void spread_text(const struct spread *spread, struct buf *out)
{
	int policy = policy_width(spread);
	size_t i;

	add_meaning(out, spread);
	for (i = 0; i < spread->nr; i++) {
		const struct spread_row *row = &spread->row[i], *last = i ? row - 1 : NULL;
		cleanup_free char *part = part_name(row);

		if (!last || !same_part(last, row))
			buf_printf(out, "\n%-*s %-*s %3s %6s %5s %5s %12s %5s\n",
				   NAMES_WIDTH + 2 - policy, part, policy, "policy", "n", "median",
				   "CV%", "rob.%", "min..max", "seeds");
		if (!last || !same_group(last, row))
			buf_printf(out, "%s\n", row->group);
		if (!last || !same_scenario(last, row))
			buf_printf(out, "%s, guest %s\n", row->arm->label[AXIS_SCENARIO],
				   row->arm->label[AXIS_GUEST]);
		add_row(out, spread, i, policy);
		if (i + 1 == spread->nr || !same_part(row, row + 1))
			add_worst(out, spread, row, "");
	}
	add_failed(out, spread);
}

/* A bar in a name would be a column. */
static void add_cell(struct buf *out, const char *text)
{
	buf_adds(out, " ");
	for (; *text; text++)
		buf_printf(out, "%s%c", *text == '|' ? "\\" : "", *text);
	buf_adds(out, " |");
}

static void add_markdown_row(struct buf *out, const struct spread_row *row)
{
	struct cells c = cells_of(row);
	bool zero = row->s.median == 0;

	buf_adds(out, "|");
	add_cell(out, row->arm->label[AXIS_SCENARIO]);
	add_cell(out, row->arm->label[AXIS_GUEST]);
	add_cell(out, row->name);
	add_cell(out, row->arm->label[AXIS_POLICY]);
	if (row->absent) {
		buf_adds(out, " 0 |");
		add_cell(out, row->absent);
		buf_adds(out, " | | | |\n");
		return;
	}
	buf_printf(out, " %zu | %s | %s | %s | %s .. %s | %s |\n", row->s.n, c.median,
		   zero ? "zero median" : c.cv, zero ? "-" : c.robust, c.min, c.max, c.seeds);
}

static void add_markdown_head(struct buf *out, const struct spread *spread, const char *group)
{
	buf_printf(out,
		   "\n### %s\n\n| scenario | guest | metric | policy | n | median | CV %% | "
		   "robust CV %% | min .. max | seeds for %g %% |\n"
		   "|---|---|---|---|--:|--:|--:|--:|--:|--:|\n",
		   group, 100 * spread->change);
}

void spread_markdown(const struct spread *spread, struct buf *out)
{
	size_t i;

	buf_printf(out,
		   "CV is the standard deviation of the sample over the mean, the robust one "
		   "1.4826 MAD over the median.\nThe last column is how many seeds each side needs "
		   "for a change of %g %% of this metric alone\nto be seen at p < %g, two-sided, "
		   "with a chance of %g %%.\n",
		   100 * spread->change, spread->alpha, 100 * spread->power);
	for (i = 0; i < spread->nr; i++) {
		const struct spread_row *row = &spread->row[i], *last = i ? row - 1 : NULL;
		cleanup_free char *part = part_name(row);

		if (!last || !same_part(last, row)) {
			buf_printf(out, "\n## %s\n\n", part);
			add_worst(out, spread, row, "- ");
		}
		if (!last || !same_group(last, row))
			add_markdown_head(out, spread, row->group);
		add_markdown_row(out, row);
	}
	add_failed(out, spread);
}

static void set_finite(json_t *out, const char *key, double v)
{
	if (isfinite(v))
		json_object_set_new(out, key, json_real(v));
}

static json_t *json_row(const struct spread_row *row)
{
	json_t *out = json_pack("{s:s, s:s, s:s}", "group", row->group, "metric", row->name, "unit",
				row->unit);
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		json_object_set_new(out, axis_name((enum axis)axis),
				    json_string(row->arm->label[axis]));
	if (row->absent) {
		json_object_set_new(out, "absent", json_string(row->absent));
		return out;
	}
	json_object_set_new(out, "n", json_integer((json_int_t)row->s.n));
	set_finite(out, "min", row->s.min);
	set_finite(out, "median", row->s.median);
	set_finite(out, "max", row->s.max);
	set_finite(out, "mean", row->s.mean);
	set_finite(out, "sd", row->s.sd);
	set_finite(out, "cv", row->s.cv);
	set_finite(out, "robust_cv", row->s.robust_cv);
	if (row->seeds)
		json_object_set_new(out, "seeds", json_integer((json_int_t)row->seeds));
	return out;
}

json_t *spread_json(const struct spread *spread)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < spread->nr; i++)
		json_array_append_new(rows, json_row(&spread->row[i]));
	return json_pack("{s:f, s:f, s:f, s:I, s:o}", "change", spread->change, "alpha",
			 spread->alpha, "power", spread->power, "failed",
			 (json_int_t)spread->failed, "rows", rows);
}
