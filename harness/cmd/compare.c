// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/compare.h"
#include "cmd/select.h"
#include "report/again.h"
#include "report/compare.h"
#include "report/format.h"
#include "report/table.h"

#define NAME_WIDTH 26

static const struct cmd_option compare_options[] = {
	CMD_SELECT(struct compare_cmd, select),
	{"metric", 'm', CMD_LIST, offsetof(struct compare_cmd, metric), "LIST",
	 "show these metrics, whatever their class"},
	{"table", 0, CMD_FLAG, offsetof(struct compare_cmd, table), NULL,
	 "the primary metrics of all scenarios in one table for a mail, with one correction of p"},
	{"matrix", 0, CMD_FLAG, offsetof(struct compare_cmd, matrix), NULL,
	 "as --table, with all arms side by side and what their reclaim costs, where wringer probe has seen it"},
	{"all", 'a', CMD_FLAG, offsetof(struct compare_cmd, all), NULL, "show diagnostics too"},
	{"json", 0, CMD_FLAG, offsetof(struct compare_cmd, json), NULL, "print everything as JSON"},
};

extern const struct cmd cmd_compare;

static void print_name(const char *name)
{
	if (strlen(name) > NAME_WIDTH)
		printf("%s\n%-*s", name, NAME_WIDTH, "");
	else
		printf("%-*s", NAME_WIDTH, name);
}

static void print_row(const struct comparison_row *row)
{
	char base[16], other[16], change[32], interval[64], p[16];

	print_name(row->name);
	if (row->absent) {
		printf(" absent: %s\n", row->absent);
		return;
	}
	format_si(row->base, base, sizeof(base));
	format_si(row->other, other, sizeof(other));
	format_change(row, change, interval, sizeof(interval));
	format_p(row, p, sizeof(p));
	printf(" %6s %6s %7s %14s %6s %s\n", base, other, change, interval, p, format_verdict(row));
}

static bool asked_for(const struct compare_cmd *o, const struct comparison_row *row)
{
	size_t i;

	for (i = 0; i < o->metric.nr; i++)
		if (!strcmp(o->metric.item[i], row->name))
			return true;
	return !o->metric.nr && (row->class != METRIC_DIAGNOSTIC || o->all);
}

static void print_class(const struct comparison *c, const struct compare_cmd *o,
			enum metric_class class)
{
	bool any = false;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		const struct comparison_row *row = &c->row[i];

		if (row->class != class || !asked_for(o, row))
			continue;
		if (class != METRIC_PRIMARY && (comparison_is_idle(row) || (row->absent && !o->all)) &&
		    !o->metric.nr)
			continue;
		if (!any)
			printf("%s (p by Holm over %zu)\n", metric_class_name(class),
			       c->nr_tests[class]);
		any = true;
		print_row(row);
	}
}

static void print_failures(const struct arm *arm, enum axis axis, size_t nr)
{
	size_t i;

	if (!nr)
		return;
	printf("%zu of %zu experiments of %s did not end well:\n", nr, arm->nr, arm->label[axis]);
	for (i = 0; i < arm->nr; i++) {
		const struct member *m = &arm->member[i];

		if (!member_counts(m))
			printf("  seed %llu (%.12s) %s: %s\n", (unsigned long long)m->seed, m->id,
			       status_name(m->status),
			       json_string_value(json_object_get(m->r.result, "reason")));
	}
}

/* The commands that make both arms again, here or elsewhere. */
static void print_again(const struct comparison *c)
{
	cleanup_buf struct buf command = {0};

	again_command(c->base, c->other, c->axis, &command);
	printf("\nagain: %s\nraw:   %s/%.12s*/ and %zu more\n", buf_str(&command), path_results(),
	       c->base->member[0].id, c->base->nr + c->other->nr - 1);
}

static void print_head(const struct comparison *c)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != c->axis && (axis != AXIS_ENGINE || !arm_is_exact(c->base)))
			printf("%s %s, ", axis_name((enum axis)axis), c->base->label[axis]);
	printf("n = %zu and %zu\n", c->n_base, c->n_other);
	printf("base: %s, other: %s\n\n", c->base->label[c->axis], c->other->label[c->axis]);
	printf("%-*s %6s %6s %7s %14s %6s\n", NAME_WIDTH, "", "base", "other", "change",
	       "95% interval", "p");
}

/* Each pair of meanings once, with the rows that it stands in the way of. */
static void print_meanings(const struct comparison *c, const struct compare_cmd *o)
{
	size_t i, k;

	for (i = 0; i < c->nr; i++) {
		const struct comparison_row *row = &c->row[i];

		if (!row->meaning_differs || !asked_for(o, row) || comparison_is_idle(row))
			continue;
		for (k = 0; k < i; k++)
			if (c->row[k].meaning_differs && asked_for(o, &c->row[k]) &&
			    !comparison_is_idle(&c->row[k]) && !strcmp(c->row[k].meaning, row->meaning))
				break;
		if (k == i)
			printf("note: %s does not mean the same in both: %s (wringer metrics)\n",
			       row->name, row->meaning);
	}
}

static void print_note(void *ctx, const char *note)
{
	(void)ctx;
	printf("note: %s\n", note);
}

static void print_text(const struct comparison *c, const struct compare_cmd *o)
{
	print_head(c);
	print_class(c, o, METRIC_PRIMARY);
	print_class(c, o, METRIC_SECONDARY);
	print_class(c, o, METRIC_DIAGNOSTIC);
	print_failures(c->base, c->axis, c->failed_base);
	print_failures(c->other, c->axis, c->failed_other);
	print_meanings(c, o);
	comparison_notes(c, print_note, NULL);
	print_again(c);
}

static json_t *json_arm(const struct arm *arm)
{
	json_t *ids = json_array(), *out = json_object();
	unsigned int axis;
	size_t i;

	for (axis = 0; axis < AXIS_NR; axis++)
		json_object_set_new(out, axis_name((enum axis)axis), json_string(arm->label[axis]));
	for (i = 0; i < arm->nr; i++)
		json_array_append_new(ids, json_pack("{s:s, s:I, s:s}", "id", arm->member[i].id,
						     "seed", (json_int_t)arm->member[i].seed,
						     "status", status_name(arm->member[i].status)));
	json_object_set_new(out, "experiments", ids);
	return out;
}

static json_t *json_comparison(const struct comparison *c)
{
	json_t *rows = json_array();
	size_t i;

	for (i = 0; i < c->nr; i++)
		json_array_append_new(rows, comparison_row_json(&c->row[i]));
	return json_pack("{s:s, s:o, s:o, s:o}", "by", axis_name(c->axis), "base",
			 json_arm(c->base), "other", json_arm(c->other), "metrics", rows);
}

static bool is_finding(const struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (c->row[i].class == METRIC_PRIMARY && c->row[i].verdict == STATS_WORSE)
			return true;
	return c->failed_base || c->failed_other || c->missed_base || c->missed_other;
}

static bool same_but(const struct arm *a, const struct arm *b, enum axis axis)
{
	unsigned int i;

	for (i = 0; i < AXIS_NR; i++)
		if (i != axis && strcmp(a->label[i], b->label[i]))
			return false;
	return true;
}

/* The arm that others of its cell are compared against: named, or the first of the cell. */
static const struct arm *base_of(const struct arms *arms, const struct arm *arm, enum axis axis,
				 const char *name)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		if (same_but(&arms->arm[i], arm, axis) &&
		    (!name || !strcmp(name, arms->arm[i].label[axis])))
			return &arms->arm[i];
	return NULL;
}

static void compare_one(const struct arm *base, const struct arm *other, enum axis axis,
			const struct compare_cmd *o, json_t *list, bool *finding)
{
	struct comparison c;
	struct err err = {""};

	int ret = compare_arms(base, other, axis, o->select.allow.item, &c, &err);

	if (ret == -ENODATA) {
		/*
		 * An arm that never ends well is an answer too, and the others are still to come.
		 */
		fprintf(stderr, "%s\n", err.msg);
		*finding = true;
		return;
	}
	if (ret)
		die(&err);
	if (list)
		json_array_append_new(list, json_comparison(&c));
	else
		print_text(&c, o);
	*finding |= is_finding(&c);
	comparison_release(&c);
}

static bool compare_all(const struct arms *arms, const struct compare_cmd *o)
{
	enum axis axis = select_axis(&cmd_compare, arms, o->select.by);
	json_t *list = o->json ? json_array() : NULL;
	bool finding = false, any = false;
	size_t i;

	for (i = 0; i < arms->nr; i++) {
		const struct arm *base = base_of(arms, &arms->arm[i], axis, o->select.base);

		if (!base || base == &arms->arm[i])
			continue;
		if (any && !o->json)
			puts("");
		compare_one(base, &arms->arm[i], axis, o, list, &finding);
		any = true;
	}
	if (!any)
		die_usage(&cmd_compare, "no two arms differ in their %s alone", axis_name(axis));
	if (list)
		print_json(list);
	return finding;
}

static int run_compare(int argc, char **argv)
{
	struct compare_cmd o = {0};
	struct arms arms;
	bool finding;

	if (cmd_parse(&cmd_compare, argc, argv, &o))
		die_usage(&cmd_compare, "'%s' is no option", argv[1]);
	select_by(&cmd_compare, &o.select, &arms);
	if (o.table || o.matrix)
		finding = compare_tables(&arms, select_axis(&cmd_compare, &arms, o.select.by), &o);
	else
		finding = compare_all(&arms, &o);
	arms_release(&arms);
	free(o.select.asked);
	return finding ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_compare = {
	.name = "compare",
	.summary = "compare arms of stored results: LRU with MGLRU, a kernel with another",
	.usage = "",
	CMD_OPTIONS(compare_options),
	.examples =
		"  wringer compare -s kv-scan\n"
		"  wringer compare -k 6.12.107,7.3.4 --by kernel -p mglru\n"
		"  wringer compare --table -s all -p lru,mglru\n"
		"  wringer compare --matrix -s @shapes -p lru,mglru,bpf:fifo,bpf:s3fifo\n"
		"  wringer compare -p lru,mglru -m vmstat.pgscan_kswapd,vmstat.pgsteal_kswapd\n",
	.run = run_compare,
};
