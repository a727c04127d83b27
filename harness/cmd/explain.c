// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/select.h"
#include "engine/engine.h"
#include "report/compare.h"
#include "report/explain.h"
#include "report/format.h"
#include "result/store.h"

struct explain_cmd {
	struct axis_opts axes;
	const char *by;
	const char *base;
	struct cmd_list allow;
	bool halves;
	bool all;
	bool json;
};

static const struct cmd_option explain_options[] = {
	CMD_AXES(struct explain_cmd, axes),
	{"by", 0, CMD_STRING, offsetof(struct explain_cmd, by), "AXIS",
	 "what is compared: kernel, guest, policy, scenario or engine (default: the axis with "
	 "several values, never the engine)"},
	{"base", 0, CMD_STRING, offsetof(struct explain_cmd, base), "NAME",
	 "the arm that is called A (default: the first)"},
	{"allow", 0, CMD_LIST, offsetof(struct explain_cmd, allow), "KEYS",
	 "differences to accept, as a refusal names them"},
	{"halves", 0, CMD_FLAG, offsetof(struct explain_cmd, halves), NULL,
	 "of one arm, every other seed against the rest: a check of the method, that should find "
	 "nothing"},
	{"all", 'a', CMD_FLAG, offsetof(struct explain_cmd, all), NULL,
	 "show every counter and everything in the trace"},
	{"json", 0, CMD_FLAG, offsetof(struct explain_cmd, json), NULL, "print everything as JSON"},
};

extern const struct cmd cmd_explain;

/* Two arms with the members that count, all inside what was loaded. */
struct pair {
	struct arms arms;
	struct arm arm[2]; /* member lists are owned, what they point to is not */
	enum axis axis;
	char also[COMPARE_ALSO];
};

static struct arm *arm_of(struct arms *arms, const char *id)
{
	size_t i, k;

	for (i = 0; i < arms->nr; i++)
		for (k = 0; k < arms->arm[i].nr; k++)
			if (!strcmp(arms->arm[i].member[k].id, id))
				return &arms->arm[i];
	return NULL;
}

static const struct arm *arm_by_id(struct arms *arms, const char *word)
{
	char id[SHA256_HEX];
	struct err err = {""};
	const struct arm *arm;

	if (store_find(word, id, &err))
		die(&err);
	arm = arm_of(arms, id);
	if (arm)
		return arm;
	err_set(&err, -ENOENT, "%.12s is none of the experiments that the options choose", id);
	die(&err);
}

/* The first axis in which they differ; of two builds of the same, none. */
static enum axis axis_between(const struct arm *a, const struct arm *b)
{
	unsigned int i;

	for (i = 0; i < AXIS_NR; i++)
		if (strcmp(a->label[i], b->label[i]))
			return (enum axis)i;
	return AXIS_POLICY;
}

static void by_ids(struct pair *p, const struct explain_cmd *o, char **ids, size_t nr,
		   const struct arm *arm[2])
{
	cleanup_free uint64_t *seeds = NULL;
	struct arms_filter filter = {.old = true};
	struct err err = {""};

	if (o->axes.results)
		path_set_results(o->axes.results);
	seeds = seeds_parse(&cmd_explain, &o->axes.seeds, &filter.nr_seeds);
	filter.seed = seeds;
	if (arms_load(&filter, &p->arms, &err))
		die(&err);
	arm[0] = arm_by_id(&p->arms, ids[0]);
	arm[1] = nr > 1 ? arm_by_id(&p->arms, ids[1]) : arm[0];
	p->axis = o->by ? axis_find(o->by) : axis_between(arm[0], arm[1]);
	if (p->axis == AXIS_NR)
		die_usage(&cmd_explain, "--by %s: one of kernel, guest, policy, scenario, engine",
			  o->by);
	if (arm[0] == arm[1] && !o->halves)
		die_usage(&cmd_explain, "both are of one arm: they differ in nothing but the seed "
					"(--halves explains an arm against itself)");
}

static const char *listed(const struct arms *arms, struct buf *out)
{
	size_t i;
	unsigned int axis;

	for (i = 0; i < arms->nr && i < 4; i++) {
		buf_adds(out, i ? "; " : "");
		for (axis = 0; axis < AXIS_ENGINE; axis++)
			buf_printf(out, "%s%s", axis ? " " : "", arms->arm[i].label[axis]);
	}
	if (i < arms->nr)
		buf_adds(out, "; ...");
	return buf_str(out);
}

static void by_axes(struct pair *p, struct explain_cmd *o, const struct arm *arm[2])
{
	size_t want = o->halves ? 1 : 2, i;
	cleanup_buf struct buf names = {0};

	select_arms(&cmd_explain, &o->axes, o->by, &p->arms);
	p->axis = o->halves ? AXIS_POLICY : select_axis(&cmd_explain, &p->arms, o->by);
	if (p->arms.nr != want)
		die_usage(&cmd_explain, "%zu arm%s wanted, and %zu match: %s", want,
			  want == 1 ? " is" : "s are", p->arms.nr, listed(&p->arms, &names));
	arm[0] = &p->arms.arm[0];
	arm[1] = &p->arms.arm[want - 1];
	for (i = 0; o->base && i < want; i++)
		if (!strcmp(o->base, p->arms.arm[i].label[p->axis])) {
			arm[0] = &p->arms.arm[i];
			arm[1] = &p->arms.arm[want - 1 - i];
			return;
		}
	if (o->base)
		die_usage(&cmd_explain, "--base %s: no results of that %s", o->base,
			  axis_name(p->axis));
}

/* The members that count; of halves, every other one. */
static void take_members(struct arm *out, const struct arm *arm, bool halves, size_t half)
{
	size_t i, n = 0;

	*out = *arm;
	out->member = xcalloc(arm->nr + 1, sizeof(*out->member));
	out->nr = 0;
	for (i = 0; i < arm->nr; i++)
		if (member_counts(&arm->member[i]) && (!halves || n++ % 2 == half))
			out->member[out->nr++] = arm->member[i];
	if (!halves && out->nr < arm->nr)
		fprintf(stderr, "%zu of %zu experiments of %s did not end well and are left out\n",
			arm->nr - out->nr, arm->nr, arm->label[AXIS_POLICY]);
}

static void choose_pair(struct pair *p, struct explain_cmd *o, char **ids, size_t nr)
{
	const struct arm *arm[2];
	struct err err = {""};
	size_t i;

	memset(p, 0, sizeof(*p));
	if (nr)
		by_ids(p, o, ids, nr, arm);
	else
		by_axes(p, o, arm);
	if (!o->halves &&
	    comparable_check(arm[0], arm[1], p->axis, o->allow.item, p->also, &err))
		die(&err);
	for (i = 0; i < 2; i++)
		take_members(&p->arm[i], arm[i], o->halves, i);
	if (p->arm[0].nr && p->arm[1].nr)
		return;
	err_set(&err, -ENODATA, "too few experiments of %s are done", arm[0]->label[p->axis]);
	die(&err);
}

static bool same_seeds(const struct pair *p)
{
	size_t i;

	for (i = 0; i < p->arm[0].nr && i < p->arm[1].nr; i++)
		if (p->arm[0].member[i].seed != p->arm[1].member[i].seed)
			return false;
	return p->arm[0].nr == p->arm[1].nr;
}

static int open_run(void *ctx, size_t run, struct records *rec, struct buf *bytes, struct err *err)
{
	const struct pair *p = ctx;
	size_t na = p->arm[0].nr;
	const struct member *m = run < na ? &p->arm[0].member[run] : &p->arm[1].member[run - na];
	int ret = store_records(m->id, bytes, err);

	if (ret)
		return ret;
	ret = records_parse(rec, buf_str(bytes), bytes->len);
	return ret ? err_set(err, ret, "%.12s has no records that can be read", m->id) : 0;
}

/*
 * ---- Output ----
 */

static void head_text(const struct pair *p, const struct explain_cmd *o, bool paired,
		      struct buf *out)
{
	const struct arm *a = &p->arm[0], *b = &p->arm[1];
	cleanup_buf struct buf head = {0};
	cleanup_free char *arms = NULL;
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if ((axis != p->axis || o->halves) &&
		    (axis != AXIS_ENGINE || strcmp(a->label[axis], engine_name(ENGINE_EXACT))))
			buf_printf(&head, "%s %s, ", axis_name((enum axis)axis), a->label[axis]);
	buf_printf(&head, "n = %zu and %zu%s", a->nr, b->nr, paired ? ", the same seeds" : "");
	format_wrap(out, "", "  ", buf_str(&head));
	if (o->halves)
		arms = xasprintf("A: every other seed from %llu on, B: the others",
				 (unsigned long long)a->member[0].seed);
	else
		arms = xasprintf("A: %s (%.12s, ...), B: %s (%.12s, ...)", a->label[p->axis],
				 a->member[0].id, b->label[p->axis], b->member[0].id);
	format_wrap(out, "", "  ", arms);
	buf_adds(out, "\n");
	if (*p->also)
		format_wrap(out, "note: the arms differ in ", "  ", p->also);
}

static json_t *json_arm(const struct arm *arm, const char *label)
{
	json_t *ids = json_array(), *seeds = json_array();
	size_t i;

	for (i = 0; i < arm->nr; i++) {
		json_array_append_new(ids, json_string(arm->member[i].id));
		json_array_append_new(seeds, json_integer((json_int_t)arm->member[i].seed));
	}
	return json_pack("{s:s, s:o, s:o}", "label", label, "ids", ids, "seeds", seeds);
}

static void print_report(const struct pair *p, const struct explain_cmd *o,
			 const struct explain_report *r)
{
	cleanup_buf struct buf out = {0};
	json_t *json;

	if (o->json) {
		json = explain_json(r);
		json_object_set_new(json, "axis", json_string(axis_name(p->axis)));
		json_object_set_new(json, "a", json_arm(&p->arm[0], p->arm[0].label[p->axis]));
		json_object_set_new(json, "b", json_arm(&p->arm[1], p->arm[1].label[p->axis]));
		print_json(json);
		return;
	}
	head_text(p, o, r->data->paired, &out);
	explain_text(r, &out);
	fputs(buf_str(&out), stdout);
}

/* True when something was found. */
static bool explain_pair(struct pair *p, const struct explain_cmd *o)
{
	struct explain_source from = {p->arm[0].nr, p->arm[1].nr, same_seeds(p), open_run, p};
	struct explain_data data;
	struct explain e;
	struct explain_groups groups;
	struct explain_moment moment;
	struct explain_around around = {0};
	json_t *meaning[2] = {explain_meanings(&p->arm[0]), explain_meanings(&p->arm[1])};
	struct explain_report r = {.data = &data, .e = &e, .groups = &groups, .whole = o->all,
				   .meaning = {meaning[0], meaning[1]}};
	struct err err = {""};
	bool found;

	if (explain_load(&from, &data, &err) || explain_judge(&data, &e, &err))
		die(&err);
	if (o->halves && !e.tested) {
		err_set(&err, -ENODATA,
			"halves of %zu and %zu experiments can show nothing: it takes 8 seeds",
			p->arm[0].nr, p->arm[1].nr);
		die(&err);
	}
	found = explain_first(&data, &e, &moment);
	if (found && explain_look(&from, &data, &moment, &around, &err))
		die(&err);
	if (found) {
		r.moment = &moment;
		r.around = &around;
	}
	explain_group(&e, &groups);
	print_report(p, o, &r);
	explain_groups_release(&groups);
	explain_around_release(&around);
	explain_release(&e);
	explain_data_release(&data);
	json_decref(meaning[0]);
	json_decref(meaning[1]);
	return found;
}

static int run_explain(int argc, char **argv)
{
	struct explain_cmd o = {0};
	int nr = cmd_parse(&cmd_explain, argc, argv, &o);
	struct pair p;
	bool found;

	if (nr > 2 || (nr == 1 && !o.halves) || (nr == 2 && o.halves))
		die_usage(&cmd_explain, "two experiments, whose arms are taken, or none and options that "
					"choose two arms; with --halves one");
	choose_pair(&p, &o, argv + 1, (size_t)nr);
	found = explain_pair(&p, &o);
	free(p.arm[0].member);
	free(p.arm[1].member);
	arms_release(&p.arms);
	return found ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_explain = {
	.name = "explain",
	.summary = "tell where in time two arms first part, in which counter, and what the trace has there",
	.usage = "[ID ID]",
	CMD_OPTIONS(explain_options),
	.examples = "  wringer explain 3f9a1c 0790ba\n"
		    "  wringer explain -k newest -s kv-scan -p lru,mglru\n"
		    "  wringer explain -k 6.12.95,6.12.107 -p mglru -s reg-dirty-memcg\n"
		    "  wringer explain --halves -k newest -s kv-scan -p lru\n",
	.run = run_explain,
};
