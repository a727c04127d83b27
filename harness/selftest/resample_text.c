// SPDX-License-Identifier: GPL-2.0-only
/* What came of resampling, as tables and as JSON. */
#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "report/compare.h"
#include "report/format.h"
#include "selftest/grid.h"
#include "selftest/resample.h"

#define SEEDS_TOLD 9999

static void add_head(const struct resampled *r, struct buf *out)
{
	cleanup_free char *halves = xasprintf(
		"The seeds of each arm in two halves of %zu, %zu times at random (seed %llu), all "
		"primary metrics of a suite judged together. any: splits in which anything "
		"differs, "
		"which of ours may be %g %%, with its exact interval of 95 %%; each: metrics that "
		"differ.",
		r->ask.half, r->ask.splits, (unsigned long long)r->ask.seed, 100 * COMPARE_ALPHA);
	cleanup_free char *planted = xasprintf(
		"Then one metric of one half is made worse by %g %%; how often that is found, in "
		"percent. CV: standard deviation over mean, of all seeds. floor: what matters at "
		"the "
		"least. visible: the smallest change that %zu seeds a side find with a chance of "
		"%g "
		"%%; seeds: how many a side find one of %g %% with that chance, - where it is "
		"below the "
		"floor. Both are computed from the CV, seeds also by drawing from the values, for a "
		"change of that metric alone in the whole suite. then: how often it is found with that "
		"many, drawn from all seeds%s.",
		100 * r->ask.change, r->ask.at, 100 * r->ask.power, 100 * r->ask.change,
		r->ask.pilot ? " but those that advised" : "");

	format_wrap(out, "", "", halves);
	buf_adds(out, "\n");
	format_wrap(out, "", "", planted);
}

static void add_suite_name(const struct resample_suite *s, bool markdown, struct buf *out)
{
	bool told = strcmp(s->engine, engine_name(ENGINE_EXACT)) != 0;

	buf_printf(out, "\n%skernel %s, policy %s%s%s\n", markdown ? "## " : "", s->kernel,
		   s->policy, told ? ", engine " : "", told ? s->engine : "");
	if (markdown)
		buf_adds(out, "\n");
}

static void add_size(const struct resampled *r, const struct resample_suite *s, struct buf *out)
{
	size_t needed = stats_n_needed(COMPARE_ALPHA, s->tests);

	buf_printf(out, "%zu scenario%s, %zu metric%s, of which %zu are not constant\n",
		   s->scenarios, s->scenarios == 1 ? "" : "s", s->nr, s->nr == 1 ? "" : "s",
		   s->tests);
	if (r->ask.half < needed)
		buf_printf(out, "with so many nothing is sure to be found below %zu seeds a side\n",
			   needed);
}

static void add_alarms(const struct resample_suite *s, bool markdown, struct buf *out)
{
	struct grid g;
	unsigned int i;

	buf_adds(out, "\n");
	grid_init(&g, 1, "false_alarms any from to each");
	for (i = 0; i < RESAMPLE_RULES; i++) {
		struct stats_share share = {0, 0, 1};

		stats_share(s->any[i].hit, s->any[i].of, 0.95, &share);
		grid_add(&g, "%s", resample_rule_name((enum resample_rule)i));
		grid_add_tally(&g, &s->any[i]);
		grid_add(&g, "%.1f", 100 * share.lo);
		grid_add(&g, "%.1f", 100 * share.hi);
		grid_add_tally(&g, &s->each[i]);
	}
	grid_print(&g, markdown, out);
	grid_release(&g);
}

static void add_percent(struct grid *g, double fraction)
{
	if (isfinite(fraction))
		grid_add(g, "%.*f", fraction < 0.9995 ? 1 : 0, 100 * fraction);
	else
		grid_add(g, "-");
}

static void add_row(struct grid *g, const struct resample_row *row, bool markdown)
{
	cleanup_free char *metric = format_metric(row->name);
	unsigned int i;

	grid_add(g, "%s", row->arm->label[AXIS_SCENARIO]);
	grid_add(g, "%s", markdown ? row->name : metric);
	grid_add(g, "%zu", row->s.n);
	add_percent(g, row->s.median != 0 ? row->s.cv : NAN);
	add_percent(g, row->floor);
	for (i = 0; i < RESAMPLE_OTHERS + RULE_SQUAD; i++)
		grid_add_tally(g, &row->found[i]);
	add_percent(g, row->visible);
	if (row->needed > SEEDS_TOLD)
		grid_add(g, ">%d", SEEDS_TOLD);
	else if (row->needed)
		grid_add(g, "%zu", row->needed);
	else
		grid_add(g, "-");
	if (row->at_needed.of)
		grid_add_tally(g, &row->at_needed);
	else
		grid_add(g, "-");
}

static void add_rows(const struct resample_suite *s, bool markdown, struct buf *out)
{
	struct grid g;
	size_t i;

	buf_adds(out, "\n");
	grid_init(&g, 2, "scenario metric n CV floor found LKP gap mmtests visible seeds then");
	for (i = 0; i < s->nr; i++)
		add_row(&g, &s->row[i], markdown);
	grid_print(&g, markdown, out);
	grid_release(&g);
}

static void add_left_out(const struct resample_suite *s, bool markdown, struct buf *out)
{
	size_t i;

	for (i = 0; i < s->nr_left_out; i++) {
		const struct resample_left_out *l = &s->left_out[i];

		buf_printf(out, "%s%sleft out: %s, guest %s: %s\n", i ? "" : "\n",
			   markdown ? "- " : "", l->arm->label[AXIS_SCENARIO],
			   l->arm->label[AXIS_GUEST], l->why);
	}
}

void resample_text(const struct resampled *r, bool markdown, struct buf *out)
{
	size_t i;

	add_head(r, out);
	for (i = 0; i < r->nr; i++) {
		const struct resample_suite *s = &r->suite[i];

		add_suite_name(s, markdown, out);
		if (s->nr) {
			add_size(r, s, out);
			add_alarms(s, markdown, out);
			add_rows(s, markdown, out);
		}
		add_left_out(s, markdown, out);
	}
}

static json_t *rules_json(const struct tally *t)
{
	json_t *out = json_object();
	unsigned int i;

	for (i = 0; i < RESAMPLE_RULES; i++)
		json_object_set_new(out, resample_rule_name((enum resample_rule)i),
				    tally_json(&t[i]));
	return out;
}

static void set_finite(json_t *out, const char *key, double v)
{
	if (isfinite(v))
		json_object_set_new(out, key, json_real(v));
}

static json_t *row_json(const struct resample_row *row)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:f, s:o}", "scenario",
				row->arm->label[AXIS_SCENARIO], "guest",
				row->arm->label[AXIS_GUEST], "group", row->group, "metric",
				row->name, "unit", row->unit, "n", (json_int_t)row->s.n, "median",
				row->s.median, "found", rules_json(row->found));

	set_finite(out, "cv", row->s.cv);
	set_finite(out, "floor", row->floor);
	set_finite(out, "visible", row->visible);
	if (row->needed)
		json_object_set_new(out, "seeds", json_integer((json_int_t)row->needed));
	if (row->at_needed.of)
		json_object_set_new(out, "found_with_seeds", tally_json(&row->at_needed));
	return out;
}

static json_t *suite_json(const struct resample_suite *s)
{
	json_t *rows = json_array(), *left_out = json_array();
	size_t i;

	for (i = 0; i < s->nr; i++)
		json_array_append_new(rows, row_json(&s->row[i]));
	for (i = 0; i < s->nr_left_out; i++)
		json_array_append_new(left_out,
				      json_pack("{s:s, s:s, s:s}", "scenario",
						s->left_out[i].arm->label[AXIS_SCENARIO], "guest",
						s->left_out[i].arm->label[AXIS_GUEST], "why",
						s->left_out[i].why));
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "kernel", s->kernel, "policy",
			 s->policy, "engine", s->engine, "tests", (json_int_t)s->tests, "any",
			 rules_json(s->any), "each", rules_json(s->each), "rows", rows, "left_out",
			 left_out);
}

json_t *resample_json(const struct resampled *r)
{
	json_t *suites = json_array();
	size_t i;

	for (i = 0; i < r->nr; i++)
		json_array_append_new(suites, suite_json(&r->suite[i]));
	return json_pack("{s:I, s:I, s:I, s:f, s:f, s:I, s:o}", "half", (json_int_t)r->ask.half,
			 "splits", (json_int_t)r->ask.splits, "seed", (json_int_t)r->ask.seed,
			 "change", r->ask.change, "power", r->ask.power, "at",
			 (json_int_t)r->ask.at, "suites", suites);
}
