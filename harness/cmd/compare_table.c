// SPDX-License-Identifier: GPL-2.0-only
/* wringer compare --table and --matrix */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/compare.h"
#include "engine/engine.h"
#include "report/format.h"
#include "report/matrix.h"
#include "report/table.h"
#include "report/values.h"

extern const struct cmd cmd_compare;

static const struct cmd_list *words_of(const struct compare_cmd *o, enum axis axis)
{
	const struct cmd_list *const list[AXIS_NR] = {
		[AXIS_KERNEL] = &o->axes.kernel,     [AXIS_GUEST] = &o->axes.guest,
		[AXIS_POLICY] = &o->axes.policy,     [AXIS_SCENARIO] = &o->axes.scenario,
		[AXIS_ENGINE] = &o->axes.engine,
	};

	return list[axis];
}

static bool has_label(const struct arms *arms, enum axis axis, const char *label)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		if (!strcmp(arms->arm[i].label[axis], label))
			return true;
	return false;
}

/* A policy that nothing was run under has no table; that is said, too. */
static bool say_unmatched(const struct arms *arms, enum axis axis, const struct cmd_list *words)
{
	bool any = false;
	size_t i, k;

	for (i = 0; i < words->nr; i++) {
		for (k = 0; k < arms->nr; k++)
			if (!strcmp(words->item[i], "newest") ||
			    arm_matches(&arms->arm[k], axis, words->item[i]))
				break;
		if (k < arms->nr)
			continue;
		fprintf(stderr, "no results of %s %s\n", axis_name(axis), words->item[i]);
		any = true;
	}
	return any;
}

/* Each label once, in the order of the tables: the base first. */
static void add_labels(struct buf *out, const struct arms *arms, const struct tables *tables,
		       enum axis axis)
{
	size_t i, k, n = 0;

	if (axis == tables->table[0].axis) {
		buf_adds(out, tables->table[0].base);
		for (i = 0; i < tables->nr; i++) {
			for (k = 0; k < i; k++)
				if (!strcmp(tables->table[i].other, tables->table[k].other))
					break;
			if (k == i)
				buf_printf(out, ",%s", tables->table[i].other);
		}
		return;
	}
	for (i = 0; i < arms->nr; i++) {
		const char *label = arms->arm[i].label[axis];

		for (k = 0; k < i; k++)
			if (!strcmp(label, arms->arm[k].label[axis]))
				break;
		if (k == i)
			buf_printf(out, "%s%s", n++ ? "," : "", label);
	}
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* All seeds of all arms, as ranges. */
static void add_seeds(struct buf *out, const struct arms *arms)
{
	uint64_t *seed = NULL, from = 0;
	size_t i, k, n = 0;

	for (i = 0; i < arms->nr; i++)
		for (k = 0; k < arms->arm[i].nr; k++) {
			seed = xrealloc(seed, n + 1, sizeof(*seed));
			seed[n++] = arms->arm[i].member[k].seed;
		}
	qsort(seed, n, sizeof(*seed), by_number);
	for (i = 0; i < n; i++) {
		if (!i || seed[i] > seed[i - 1] + 1)
			buf_printf(out, "%s%llu", i ? "," : "",
				   (unsigned long long)(from = seed[i]));
		if (seed[i] > from && (i + 1 == n || seed[i + 1] > seed[i] + 1))
			buf_printf(out, "-%llu", (unsigned long long)seed[i]);
	}
	free(seed);
}

static bool only_exact(const struct arms *arms)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		if (strcmp(arms->arm[i].label[AXIS_ENGINE], engine_name(ENGINE_EXACT)))
			return false;
	return true;
}

/* Who names no guest gets the one that each scenario is made for, else the usual one. */
static bool is_own_guest(const struct arm *arm)
{
	const char *guest = arm_guest(arm);

	return !strcmp(arm->label[AXIS_GUEST], *guest ? guest : "two");
}

static bool names_guest(const struct arms *arms, const struct tables *tables,
			const struct compare_cmd *o)
{
	size_t i;

	if (o->axes.guest.nr || tables->table[0].axis == AXIS_GUEST)
		return true;
	for (i = 0; i < arms->nr; i++)
		if (!is_own_guest(&arms->arm[i]))
			return true;
	return false;
}

/* The axes as options, for both commands. */
static void add_axes(struct buf *out, const struct arms *arms, const struct tables *tables,
		     const struct compare_cmd *o)
{
	static const char letter[AXIS_NR] = {'k', 'g', 'p', 's', 'e'};
	unsigned int axis;
	size_t i;

	for (axis = 0; axis < AXIS_NR; axis++) {
		if ((axis == AXIS_ENGINE && only_exact(arms)) ||
		    (axis == AXIS_GUEST && !names_guest(arms, tables, o)))
			continue;
		buf_printf(out, " -%c ", letter[axis]);
		if (axis == AXIS_SCENARIO && *o->asked)
			buf_adds(out, o->asked);
		else
			add_labels(out, arms, tables, (enum axis)axis);
	}
	for (i = 0; i < o->axes.set.nr; i++) {
		buf_adds(out, " -S ");
		buf_add_shell(out, o->axes.set.item[i]);
	}
	buf_adds(out, " -n ");
	add_seeds(out, arms);
}

/* What makes the results, and the tables of them. */
static void again(const struct arms *arms, const struct tables *tables,
		  const struct compare_cmd *o, struct buf *run, struct buf *compare)
{
	size_t i;

	buf_adds(run, "wringer run");
	add_axes(run, arms, tables, o);
	buf_printf(compare, "wringer compare --%s", o->matrix ? "matrix" : "table");
	if (o->by)
		buf_printf(compare, " --by %s", o->by);
	add_axes(compare, arms, tables, o);
	if (o->base)
		buf_printf(compare, " --base %s", o->base);
	for (i = 0; i < o->allow.nr; i++)
		buf_printf(compare, " --allow %s", o->allow.item[i]);
}

static void add_tables(struct buf *out, const struct tables *tables)
{
	size_t i;

	for (i = 0; i < tables->nr; i++) {
		if (i)
			buf_adds(out, "\n");
		table_text(&tables->table[i], out);
	}
}

static void print_tables(const struct arms *arms, const struct tables *tables,
			 const struct compare_cmd *o)
{
	cleanup_buf struct buf out = {0}, run = {0}, compare = {0};
	struct err err = {""};

	if (o->matrix && matrix_text(tables, &out, &err))
		die(&err);
	if (!o->matrix)
		add_tables(&out, tables);
	again(arms, tables, o, &run, &compare);
	format_command(&out, "\nagain: ", "\t", buf_str(&run));
	format_command(&out, "       ", "\t", buf_str(&compare));
	fputs(buf_str(&out), stdout);
}

static void print_as_json(const struct arms *arms, const struct tables *tables,
			  const struct compare_cmd *o)
{
	cleanup_buf struct buf run = {0}, compare = {0};
	json_t *list = json_array(), *costs, *all;
	struct err err = {""};
	size_t i;

	for (i = 0; i < tables->nr; i++)
		json_array_append_new(list, table_json(&tables->table[i]));
	again(arms, tables, o, &run, &compare);
	all = json_pack("{s:o, s:[s, s]}", "tables", list, "again", buf_str(&run),
			buf_str(&compare));
	if (o->matrix && matrix_costs_json(tables, &costs, &err))
		die(&err);
	if (o->matrix)
		json_object_set_new(all, "costs", costs);
	print_json(all);
}

bool compare_tables(const struct arms *arms, enum axis axis, const struct compare_cmd *o)
{
	const struct table_request ask = {axis, o->base, words_of(o, axis)->item,
					  o->axes.scenario.item, o->allow.item};
	struct err err = {""};
	struct tables tables;
	bool finding;
	size_t i;

	if (o->metric.nr || o->all)
		die_usage(&cmd_compare, "a table has the primary metrics alone: no --metric, no "
					"--all");
	if (axis == AXIS_SCENARIO)
		die_usage(&cmd_compare, "a table has a row for each scenario; it does not compare "
					"them");
	if (o->base && !has_label(arms, axis, o->base))
		die_usage(&cmd_compare, "--base %s: no results of that %s", o->base,
			  axis_name(axis));
	if (tables_make(arms, &ask, &tables, &err))
		die(&err);
	finding = say_unmatched(arms, axis, words_of(o, axis));
	for (i = 0; i < tables.nr; i++)
		finding |= tables.table[i].finding;
	if (o->json)
		print_as_json(arms, &tables, o);
	else
		print_tables(arms, &tables, o);
	tables_release(&tables);
	return finding;
}
