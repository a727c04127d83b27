// SPDX-License-Identifier: GPL-2.0-only
/* A suite's comparisons as cases. */
#include <stdlib.h>
#include <string.h>

#include "base/visible.h"
#include "export/internal.h"
#include "report/format.h"
#include "report/values.h"

/* What one comparison is made of, as a hash: other seeds make another one. */
static void hash_of(const struct arm *base, const struct arm *other, const char *name, char id[SHA256_HEX])
{
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; base && i < base->nr; i++)
		buf_printf(&text, "%s\n", base->member[i].id);
	for (i = 0; i < other->nr; i++)
		buf_printf(&text, "%s %s\n", other->member[i].id, name);
	sha256_buf(buf_str(&text), text.len, id);
}

/* What is compared, in the place of the contest's axis; NULL when nothing is. */
static struct export_group *add_group(struct export *e, const struct suite_plan *plan, const struct suite_contest *c,
				      const char *compared, const struct arm *arm)
{
	const char *label[AXIS_NR];
	struct export_group *g;
	size_t i;

	for (i = 0; i < AXIS_NR; i++)
		label[i] = c->label[i] ? c->label[i] : compared;
	g = group_add(e, label);
	g->suite = visible_in(plan->suite, EXPORT_NAME_MAX);
	g->cells = visible_in(c->cells, EXPORT_NAME_MAX);
	g->spec = arm->nr ? json_incref(arm->member[0].r.spec) : NULL;
	return g;
}

static void list_failed(const struct arm *arm, struct export_case *c)
{
	cleanup_buf struct buf log = {0};
	size_t i;

	for (i = 0; i < arm->nr; i++) {
		const struct member *m = &arm->member[i];
		cleanup_free char *reason = visible_in(text_of(m->r.result, "reason"), EXPORT_REASON_MAX);

		if (m->status == STATUS_DONE || log.len + strlen(reason) + 200 > EXPORT_LOG_MAX)
			continue;
		buf_printf(&log, "seed-%llu (%.12s) %s: %s\n", (unsigned long long)m->seed, m->id,
			   status_name(m->status), reason);
	}
	free(c->log);
	c->log = xstrdup(buf_str(&log));
}

/* How an arm's experiments ended. */
static void add_ends(struct export_group *g, const struct suite_contest *contest, const struct arm *arm)
{
	size_t failed = arm_failed(arm) + arm_missed(arm);
	bool allowed = contest->expect == SUITE_ANY;
	cleanup_buf struct buf reason = {0};
	struct export_case *c;

	if (failed)
		buf_printf(&reason, "%zu of %zu experiments did not end well, or not as expected%s", failed, arm->nr,
			   allowed ? "; the suite expects nothing of them" : "");
	else if (!arm->nr)
		buf_adds(&reason, "not run yet, or not all that is looked at together");
	c = case_add(g, "experiments", !arm->nr ? EXPORT_SKIP : failed && !allowed ? EXPORT_FAIL : EXPORT_PASS,
		     !arm->nr ? "not run" : failed ? "failed" : "done", buf_str(&reason));
	hash_of(NULL, arm, c->name, c->id);
	value_add(c, "experiments.run", "count", "", (double)arm->nr);
	value_add(c, "experiments.failed", "count", "", (double)failed);
	list_failed(arm, c);
}

static void add_values(struct export_case *c, const struct comparison_row *r)
{
	value_add(c, "comparison.change", r->unit, "", r->shift.shift);
	value_add(c, "comparison.change_low", r->unit, "", r->shift.lo);
	value_add(c, "comparison.change_high", r->unit, "", r->shift.hi);
	value_add(c, "comparison.base", r->unit, "", r->base);
	value_add(c, "comparison.other", r->unit, "", r->other);
	value_add(c, "comparison.seeds", "count", "", (double)r->nr_other);
	value_add(c, "comparison.p", "", "", r->constant ? 1 : r->p);
}

static enum export_status row_status(const struct suite_row *row)
{
	if (row->finding)
		return EXPORT_FAIL;
	return row->r.verdict == STATS_UNDECIDED ? EXPORT_DONE : EXPORT_PASS;
}

static void add_row(struct export_group *g, const struct suite_row *row, const struct arm *base,
		    const struct arm *other)
{
	char from[16], to[16], change[32], interval[64];
	cleanup_free char *reason = NULL;
	struct export_case *c;

	format_si(row->r.base, from, sizeof(from));
	format_si(row->r.other, to, sizeof(to));
	format_change(&row->r, change, interval, sizeof(interval));
	reason = xasprintf("%s to %s %s, %s %s", from, to, row->r.unit, change, interval);
	c = case_add(g, row->r.name, row_status(row), format_verdict(&row->r), reason);
	hash_of(base, other, c->name, c->id);
	add_values(c, &row->r);
}

/* What stands for all metrics where none can be told of. */
static void add_whole(struct export_group *g, enum export_status status, const char *word, const char *reason,
		      const struct arm *base, const struct arm *other)
{
	struct export_case *c = case_add(g, "comparison", status, word, reason);

	hash_of(base, other, c->name, c->id);
}

static void add_pair(struct export_group *g, const struct suite_standing *s, const struct suite_pair *pair,
		     const struct arm *base, const struct arm *other)
{
	size_t i;

	if (!s->looks)
		add_whole(g, EXPORT_SKIP, "not run", "not run yet, or not all that is looked at together", base, other);
	else if (pair->why)
		add_whole(g, EXPORT_FAIL, "incomparable", pair->why, base, other);
	else if (!pair->nr)
		add_whole(g, EXPORT_SKIP, "nothing", "there is no primary metric to compare", base, other);
	for (i = 0; i < pair->nr; i++)
		add_row(g, &pair->row[i], base, other);
}

static int load_arm(const struct suite_plan *plan, const struct suite_arm *arm, size_t looks, struct arm *out,
		    struct err *err)
{
	*out = (struct arm){0};
	return looks ? suite_load_arm(plan, arm, 0, looks, out, err) : 0;
}

static int add_contest(struct export *e, const struct suite_plan *plan, const struct suite_contest *c,
		       const struct suite_standing *s, struct err *err)
{
	struct arm base, other;
	size_t i;
	int ret = load_arm(plan, &c->arm[0], s->looks, &base, err);

	if (ret)
		return ret;
	add_ends(add_group(e, plan, c, c->arm[0].label, &base), c, &base);
	for (i = 1; i < c->nr_arms; i++) {
		cleanup_free char *both = xasprintf("%s against %s", c->arm[i].label, c->arm[0].label);

		ret = load_arm(plan, &c->arm[i], s->looks, &other, err);
		if (ret)
			break;
		add_ends(add_group(e, plan, c, c->arm[i].label, &other), c, &other);
		add_pair(add_group(e, plan, c, both, &other), s, &s->pair[i - 1], &base, &other);
		arm_release(&other);
	}
	arm_release(&base);
	return ret;
}

int export_suite(struct export *e, const struct suite_plan *plan, const struct suite_standings *s, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < plan->nr_contests; i++)
		ret = add_contest(e, plan, &plan->contest[i], &s->of[i], err);
	return ret;
}
