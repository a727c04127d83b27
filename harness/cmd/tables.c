// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/again.h"
#include "report/values.h"

static const struct cmd_list *words_of(const struct select_opts *o, enum axis axis)
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

	if (tables->nr && axis == tables->table[0].axis) {
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

/* Of all arms. */
static void add_seeds(struct buf *out, const struct arms *arms)
{
	cleanup_free const struct arm **arm = xcalloc(arms->nr, sizeof(*arm));
	size_t i;

	for (i = 0; i < arms->nr; i++)
		arm[i] = &arms->arm[i];
	again_seeds(arm, arms->nr, out);
}

static bool only_exact(const struct arms *arms)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		if (!arm_is_exact(&arms->arm[i]))
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
			const struct select_opts *o)
{
	size_t i;

	if (o->axes.guest.nr || (tables->nr && tables->table[0].axis == AXIS_GUEST))
		return true;
	for (i = 0; i < arms->nr; i++)
		if (!is_own_guest(&arms->arm[i]))
			return true;
	return false;
}

/* The axes as options, for both commands. */
static void add_axes(struct buf *out, const struct arms *arms, const struct tables *tables,
		     const struct select_opts *o)
{
	static const char letter[AXIS_NR] = {'k', 'g', 'p', 's', 'e'};
	cleanup_buf struct buf words = {0};
	unsigned int axis;
	size_t i;

	for (axis = 0; axis < AXIS_NR; axis++) {
		if ((axis == AXIS_ENGINE && only_exact(arms)) ||
		    (axis == AXIS_GUEST && !names_guest(arms, tables, o)))
			continue;
		if (axis == AXIS_SCENARIO && *o->asked)
			buf_adds(&words, o->asked);
		else
			add_labels(&words, arms, tables, (enum axis)axis);
		buf_printf(out, " -%c ", letter[axis]);
		buf_add_shell(out, buf_str(&words));
		buf_reset(&words);
	}
	for (i = 0; i < o->axes.set.nr; i++) {
		buf_adds(out, " -S ");
		buf_add_shell(out, o->axes.set.item[i]);
	}
	buf_adds(out, " -n ");
	add_seeds(out, arms);
}

static void add_option(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(out, " --%s ", name);
	buf_add_shell(out, value);
}

void tables_again(const struct arms *arms, const struct tables *tables, const struct select_opts *o,
		  const char *command, struct buf *run, struct buf *again)
{
	size_t i;

	buf_adds(run, "wringer run");
	add_axes(run, arms, tables, o);
	buf_printf(again, "wringer %s", command);
	add_option(again, "by", o->by);
	add_axes(again, arms, tables, o);
	add_option(again, "base", o->base);
	for (i = 0; i < o->allow.nr; i++)
		add_option(again, "allow", o->allow.item[i]);
}

bool tables_select(const struct cmd *cmd, const struct arms *arms, enum axis axis,
		   const struct select_opts *o, struct tables *out)
{
	const struct table_request ask = {axis, o->base, words_of(o, axis)->item, o->axes.scenario.item,
					  o->allow.item};
	struct err err = {""};
	bool finding;
	size_t i;

	if (axis == AXIS_SCENARIO)
		die_usage(cmd, "a table has a row for each scenario; it does not compare them");
	if (o->base && !has_label(arms, axis, o->base))
		die_usage(cmd, "--base %s: no results of that %s", o->base, axis_name(axis));
	if (tables_make(arms, &ask, out, &err))
		die(&err);
	finding = say_unmatched(arms, axis, words_of(o, axis));
	for (i = 0; i < out->nr; i++)
		finding |= out->table[i].finding;
	return finding;
}
