// SPDX-License-Identifier: GPL-2.0-only
/* What a suite would run, and how things stand. */
#include <stdlib.h>
#include <string.h>

#include "report/format.h"
#include "report/table.h"
#include "result/store.h"
#include "suite/run.h"

static void add_time(struct buf *out, double seconds)
{
	if (seconds < 120)
		buf_printf(out, "%.0f s", seconds);
	else if (seconds < 7200)
		buf_printf(out, "%.0f min", seconds / 60);
	else
		buf_printf(out, "%.1f h", seconds / 3600);
}

/* What is known of the cells of one section of the file. */
struct sum {
	size_t contests, arms, cells, present;
	double cost, first; /* of what is not there: all, and up to the first look */
};

static bool is_over(const struct suite_standing *s)
{
	return s->settled || s->broke;
}

static size_t count_present(const struct suite_plan *plan)
{
	size_t i, n = 0;

	for (i = 0; i < plan->nr; i++)
		n += !plan->cell[i].reserve && store_has(plan->cell[i].id);
	return n;
}

static struct sum sum_up(const struct suite_plan *plan, const struct suite_standings *s, const char *cells)
{
	struct sum sum = {0};
	size_t i, k, n;

	for (i = 0; i < plan->nr_contests; i++) {
		const struct suite_contest *c = &plan->contest[i];

		if (strcmp(c->cells, cells))
			continue;
		sum.contests++;
		sum.arms += c->nr_arms;
		sum.present += s->of[i].present;
		sum.cost += is_over(&s->of[i]) ? 0 : suite_look_cost(plan, i, c->nr_looks - 1);
		sum.first += is_over(&s->of[i]) ? 0 : suite_look_cost(plan, i, 0);
		for (k = 0; k < c->nr_arms; k++)
			for (n = 0; n < c->arm[k].nr; n++)
				sum.cells += c->arm[k].member[n].look < c->nr_looks;
	}
	return sum;
}

/* Of the whole plan: an experiment that several contests have is one. */
static struct sum sum_of_all(const struct suite_plan *plan, const struct suite_standings *s)
{
	struct sum sum = {.contests = plan->nr_contests, .cells = plan->nr_wanted, .present = count_present(plan)};
	cleanup_free size_t *look = xcalloc(plan->nr, sizeof(*look)); /* 1 + the first that wants it; 0: none does */
	size_t i, k, n;

	for (i = 0; i < plan->nr_contests; i++)
		for (k = 0; k < plan->contest[i].nr_arms; k++, sum.arms++)
			for (n = 0; n < plan->contest[i].arm[k].nr && !is_over(&s->of[i]); n++) {
				const struct suite_member *m = &plan->contest[i].arm[k].member[n];

				if (m->look < plan->contest[i].nr_looks &&
				    (!look[m->cell] || m->look + 1 < look[m->cell]))
					look[m->cell] = m->look + 1;
			}
	for (i = 0; i < plan->nr; i++) {
		if (!look[i] || store_has(plan->cell[i].id))
			continue;
		sum.cost += plan->cell[i].cost;
		sum.first += look[i] == 1 ? plan->cell[i].cost : 0;
	}
	return sum;
}

static void add_sum(struct buf *out, const char *name, const struct sum *sum, unsigned int jobs)
{
	format_column(out, 0, name, 20);
	buf_printf(out, " %8zu %6zu %11zu %9zu  ", sum->contests, sum->arms, sum->cells, sum->present);
	add_time(out, sum->first / jobs);
	buf_adds(out, " to ");
	add_time(out, sum->cost / jobs);
	buf_adds(out, "\n");
}

static bool is_first(const struct suite_plan *plan, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (!strcmp(plan->contest[i].cells, plan->contest[at].cells))
			return false;
	return true;
}

/* With so many comparisons nothing is decided below so many seeds. */
static void add_least(struct buf *out, const struct suite_plan *plan)
{
	cleanup_buf struct buf text = {0};

	if (!plan->nr_tests)
		return;
	buf_printf(&text, "%zu comparisons share an alpha of %g, so nothing can be told apart with fewer than %zu "
		   "seeds", plan->nr_tests, plan->alpha,
		   stats_n_needed(plan->alpha / (double)plan->nr_tests, 1));
	format_wrap(out, "", "", buf_str(&text));
}

void suite_plan_text(const struct suite_plan *plan, const struct suite_standings *s, unsigned int jobs,
		     struct buf *out)
{
	struct sum sum;
	size_t i;

	buf_printf(out, "%-20s %8s %6s %11s %9s  %s\n", "cells", "contests", "arms", "experiments", "run", "left");
	for (i = 0; i < plan->nr_contests; i++) {
		if (!is_first(plan, i))
			continue;
		sum = sum_up(plan, s, plan->contest[i].cells);
		add_sum(out, plan->contest[i].cells, &sum, jobs);
	}
	sum = sum_of_all(plan, s);
	add_sum(out, "all", &sum, jobs);
	buf_printf(out, "(left: on %u CPUs, when everything is settled at its first look, and when nothing is)\n", jobs);
	add_least(out, plan);
}

static json_t *contest_json(const struct suite_plan *plan, const struct suite_standings *s, size_t i)
{
	const struct suite_contest *c = &plan->contest[i];
	json_t *out = json_object(), *arms = json_array();
	unsigned int axis;
	size_t k, n;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (c->label[axis])
			json_object_set_new(out, axis_name((enum axis)axis), json_string(c->label[axis]));
	for (k = 0; k < c->nr_arms; k++) {
		json_t *ids = json_array();

		for (n = 0; n < c->arm[k].nr; n++)
			json_array_append_new(ids, json_string(plan->cell[c->arm[k].member[n].cell].id));
		json_array_append_new(arms, json_pack("{s:s, s:o}", "name", c->arm[k].label, "experiments", ids));
	}
	json_object_set_new(out, "cells", json_string(c->cells));
	json_object_set_new(out, "by", json_string(axis_name(c->by)));
	json_object_set_new(out, "arms", arms);
	json_object_set_new(out, "present", json_integer((json_int_t)s->of[i].present));
	json_object_set_new(out, "cost_left", json_real(suite_look_cost(plan, i, c->nr_looks - 1)));
	return out;
}

json_t *suite_plan_json(const struct suite_plan *plan, const struct suite_standings *s)
{
	json_t *contests = json_array();
	size_t i;

	for (i = 0; i < plan->nr_contests; i++)
		json_array_append_new(contests, contest_json(plan, s, i));
	return json_pack("{s:s, s:f, s:I, s:I, s:o}", "suite", plan->suite, "alpha", plan->alpha, "comparisons",
			 (json_int_t)plan->nr_tests, "experiments", (json_int_t)plan->nr_wanted, "contests", contests);
}

void suite_contest_title(const struct suite_contest *c, const char *other, struct buf *out)
{
	static const enum axis order[] = {AXIS_SCENARIO, AXIS_GUEST, AXIS_KERNEL, AXIS_POLICY};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (c->label[order[i]])
			buf_printf(out, "%s%s", i ? ", " : "", c->label[order[i]]);
	if (other)
		buf_printf(out, ": %s against %s", other, c->arm[0].label);
}

static void add_row(struct buf *out, const struct suite_row *row)
{
	char base[16], other[16], change[32], interval[64];

	format_si(row->r.base, base, sizeof(base));
	format_si(row->r.other, other, sizeof(other));
	format_change(&row->r, change, interval, sizeof(interval));
	buf_adds(out, "  ");
	format_column(out, 2, row->r.name, 26);
	buf_printf(out, " %6s %6s %7s %14s %s%s\n", base, other, change, interval, format_verdict(&row->r),
		   row->finding ? " !" : "");
}

static const char *why_unsettled(const struct suite_contest *c, const struct suite_standing *s)
{
	if (s->broke)
		return " (its budget is used up)";
	return s->looks == c->nr_looks ? " (all seeds are in)" : s->settled ? "" : " (not settled yet)";
}

static void add_pair(struct buf *out, const struct suite_contest *c, const struct suite_standing *s, size_t at,
		     bool all)
{
	const struct suite_pair *pair = &s->pair[at];
	bool any = all || pair->why;
	size_t i;

	for (i = 0; i < pair->nr; i++)
		any |= pair->row[i].finding || pair->row[i].r.verdict == STATS_BETTER ||
		       pair->row[i].r.verdict == STATS_WORSE;
	if (!any)
		return;
	suite_contest_title(c, c->arm[at + 1].label, out);
	buf_printf(out, ", %zu seeds%s\n", s->looks ? c->look[s->looks - 1] : 0, why_unsettled(c, s));
	if (pair->why)
		format_wrap(out, "  cannot be compared: ", "    ", pair->why);
	for (i = 0; i < pair->nr; i++)
		add_row(out, &pair->row[i]);
}

static void count_standings(const struct suite_standings *s, size_t *settled, size_t *broke, size_t *failed)
{
	size_t i;

	*settled = *broke = *failed = 0;
	for (i = 0; i < s->nr; i++) {
		*settled += s->of[i].settled;
		*broke += s->of[i].broke;
		*failed += s->of[i].failed;
	}
}

void suite_head_text(const struct suite_plan *plan, const struct suite_standings *s, struct buf *out)
{
	size_t settled, broke, failed;

	count_standings(s, &settled, &broke, &failed);
	buf_printf(out, "suite %s: %zu of %zu experiments, %zu of %zu contests settled", plan->suite, count_present(plan),
		   plan->nr_wanted, settled, plan->nr_contests);
	if (broke)
		buf_printf(out, ", %zu out of budget", broke);
	buf_printf(out, "\n%zu worse, %zu better, %zu same, %zu undecided", s->verdict[STATS_WORSE],
		   s->verdict[STATS_BETTER], s->verdict[STATS_SAME], s->verdict[STATS_UNDECIDED]);
	if (failed)
		buf_printf(out, "; %zu experiments did not end well", failed);
	buf_printf(out, "; %zu finding%s\n", s->findings, s->findings == 1 ? "" : "s");
}

void suite_status_text(const struct suite_plan *plan, const struct suite_standings *s, bool all,
		       struct buf *out)
{
	size_t i, k;

	suite_head_text(plan, s, out);
	buf_adds(out, "\n");
	for (i = 0; i < plan->nr_contests; i++)
		for (k = 0; k + 1 < plan->contest[i].nr_arms; k++)
			add_pair(out, &plan->contest[i], &s->of[i], k, all);
}

static json_t *pair_json(const struct suite_pair *pair, const char *other)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < pair->nr; i++) {
		json_t *row = comparison_row_json(&pair->row[i].r);

		json_object_set_new(row, "finding", json_boolean(pair->row[i].finding));
		json_array_append_new(rows, row);
	}
	return json_pack("{s:s, s:s?, s:b, s:o}", "other", other, "cannot", pair->why, "settled", pair->settled,
			 "metrics", rows);
}

json_t *suite_status_json(const struct suite_plan *plan, const struct suite_standings *s)
{
	json_t *out = suite_plan_json(plan, s), *contest, *pairs;
	size_t i, k;

	json_array_foreach(json_object_get(out, "contests"), i, contest) {
		const struct suite_standing *at = &s->of[i];

		pairs = json_array();
		for (k = 0; k + 1 < plan->contest[i].nr_arms; k++)
			json_array_append_new(pairs, pair_json(&at->pair[k], plan->contest[i].arm[k + 1].label));
		json_object_set_new(contest, "pairs", pairs);
		json_object_set_new(contest, "looks", json_integer((json_int_t)at->looks));
		json_object_set_new(contest, "settled", json_boolean(at->settled));
		json_object_set_new(contest, "over_budget", json_boolean(at->broke));
		json_object_set_new(contest, "failed", json_integer((json_int_t)at->failed));
	}
	json_object_set_new(out, "findings", json_integer((json_int_t)s->findings));
	return out;
}
