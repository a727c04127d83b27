// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "engine/engine.h"

static size_t count_labels(const struct arms *arms, enum axis axis)
{
	size_t i, k, n = 0;

	for (i = 0; i < arms->nr; i++) {
		for (k = 0; k < i; k++)
			if (!strcmp(arms->arm[i].label[axis], arms->arm[k].label[axis]))
				break;
		n += k == i;
	}
	return n;
}

/* Policies first: that is the question this program is for. */
static enum axis usual_axis(const struct arms *arms)
{
	static const enum axis order[] = {AXIS_POLICY, AXIS_KERNEL, AXIS_GUEST};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (count_labels(arms, order[i]) > 1)
			return order[i];
	return AXIS_NR;
}

bool select_differ(const struct arms *arms)
{
	return usual_axis(arms) != AXIS_NR;
}

enum axis select_axis(const struct cmd *cmd, const struct arms *arms, const char *by)
{
	enum axis axis = by ? axis_find(by) : usual_axis(arms);

	if (by && axis == AXIS_NR)
		die_usage(cmd, "--by %s: one of kernel, guest, policy, scenario, engine",
			  by);
	if (axis == AXIS_NR || count_labels(arms, axis) < 2)
		die_usage(cmd, "nothing to compare: %zu arm%s in %s match", arms->nr,
			  arms->nr == 1 ? "" : "s", path_results());
	return axis;
}

/* Results of several engines are compared only by one who asks for it. */
static char **engines_of(const struct cmd *cmd, const struct axis_opts *axes, const char *by)
{
	static char exact[] = "exact";
	static char *only[] = {exact, NULL};
	char **item = axes->engine.item;
	size_t i;

	for (i = 0; item && item[i]; i++)
		if (engine_find(item[i]) == ENGINE_NR)
			die_usage(cmd, "--engine %s: exact, kvm or fast", item[i]);
	if (item || (by && axis_find(by) == AXIS_ENGINE))
		return item;
	return only;
}

static void say_other_engines(const struct arms *arms, const struct axis_opts *axes)
{
	if (arms->other_engine && !axes->engine.item)
		fprintf(stderr,
			"%zu results of other engines left out: --engine NAME takes one of them, "
			"--by engine compares them\n",
			arms->other_engine);
}

void select_arms(const struct cmd *cmd, struct axis_opts *axes, const char *by, struct arms *out)
{
	struct arms_filter filter = {0};
	cleanup_free uint64_t *seeds = NULL;
	struct err err = {""};

	if (axes->results)
		path_set_results(axes->results);
	scenarios_expand(axes, true);
	seeds = seeds_parse(cmd, &axes->seeds, &filter.nr_seeds);
	filter.seed = seeds;
	filter.word[AXIS_KERNEL] = axes->kernel.item;
	filter.word[AXIS_GUEST] = axes->guest.item;
	filter.word[AXIS_POLICY] = axes->policy.item;
	filter.word[AXIS_SCENARIO] = axes->scenario.item;
	filter.word[AXIS_ENGINE] = engines_of(cmd, axes, by);
	if (arms_load(&filter, out, &err))
		die(&err);
	if (out->ignored)
		fprintf(stderr,
			"%zu older results left out: a newer agent, image or QEMU has run the "
			"same\n",
			out->ignored);
	say_other_engines(out, axes);
}

static char *words_joined(const struct cmd_list *list)
{
	cleanup_buf struct buf out = {0};
	size_t i;

	for (i = 0; i < list->nr; i++)
		buf_printf(&out, "%s%s", i ? "," : "", list->item[i]);
	return xstrdup(buf_str(&out));
}

void select_by(const struct cmd *cmd, struct select_opts *o, struct arms *out)
{
	o->asked = words_joined(&o->axes.scenario);
	select_arms(cmd, &o->axes, o->by, out);
}
