// SPDX-License-Identifier: GPL-2.0-only
#include "suite/judge.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/values.h"

/* What p must be below at each look. */
static int find_levels(const struct suite_plan *plan, const struct suite_contest *c, double *level, struct err *err)
{
	double share[SUITE_LOOKS_MAX];
	double alpha = plan->alpha / (double)plan->nr_tests;
	size_t i;
	int ret;

	level[0] = alpha;
	if (c->nr_looks == 1 || !plan->nr_tests)
		return 0;
	for (i = 0; i < c->nr_looks; i++)
		share[i] = (double)c->look[i] / (double)c->look[c->nr_looks - 1];
	ret = stats_looks(share, c->nr_looks, alpha, (enum stats_spending)plan->spending, level);
	if (ret)
		return err_sys(err, ret, "cannot share alpha among the looks of cells %s", c->cells);
	return 0;
}

/* It is costly, and most contests have the looks of another. */
static int take_levels(const struct suite_plan *plan, struct suite_standing *of, size_t at, struct err *err)
{
	const struct suite_contest *c = &plan->contest[at], *other;
	size_t i;

	for (i = 0; i < at; i++) {
		other = &plan->contest[i];
		if (other->nr_looks != c->nr_looks || memcmp(other->look, c->look, c->nr_looks * sizeof(*c->look)))
			continue;
		memcpy(of[at].level, of[i].level, sizeof(of[at].level));
		return 0;
	}
	return find_levels(plan, c, of[at].level, err);
}

static bool is_expected(unsigned int expect, enum stats_verdict v, bool last)
{
	switch (expect) {
	case SUITE_ANY:
		return true;
	case SUITE_NOT_WORSE:
		return v != STATS_WORSE;
	case SUITE_SAME:
		return v != STATS_WORSE && v != STATS_BETTER;
	default:
		return v == STATS_BETTER || (v == STATS_UNDECIDED && !last);
	}
}

static void take_row(struct suite_row *to, const struct comparison_row *from, double scale)
{
	const struct metric *m = metric_find(from->name);
	struct stats_gate gate = comparison_gate(from);

	to->r = *from;
	to->r.name = xstrdup(from->name);
	to->r.unit = m ? m->unit : "";
	to->r.p_adjusted = from->constant ? 1 : fmin(1, from->p * scale);
	to->r.verdict = stats_judge(from->better, from->base, &from->shift, to->r.p_adjusted, &gate);
}

static void take_rows(const struct suite_contest *c, const struct comparison *from, double level, bool last,
		      struct suite_pair *pair)
{
	size_t i;

	pair->row = xcalloc(from->nr + 1, sizeof(*pair->row));
	pair->settled = true;
	for (i = 0; i < from->nr; i++) {
		const struct comparison_row *row = &from->row[i];
		struct suite_row *to = &pair->row[pair->nr];

		if (row->class != METRIC_PRIMARY || row->absent || row->meaning_differs ||
		    row->better == STATS_DIR_NONE)
			continue;
		take_row(to, row, COMPARE_ALPHA / level);
		to->finding = !is_expected(c->expect, to->r.verdict, last);
		pair->settled &= to->r.verdict != STATS_UNDECIDED;
		pair->nr++;
	}
}

int suite_load_arm(const struct suite_plan *plan, const struct suite_arm *arm, size_t from, size_t to,
		    struct arm *out, struct err *err)
{
	cleanup_free const char **id = xcalloc(arm->nr + 1, sizeof(*id));
	size_t i, nr = 0;

	for (i = 0; i < arm->nr; i++)
		if (arm->member[i].look >= from && arm->member[i].look < to)
			id[nr++] = plan->cell[arm->member[i].cell].id;
	return arm_of_results(id, nr, out, err);
}

static int judge_pair(const struct suite_contest *c, const struct suite_standing *s, const struct arm *base,
		      const struct arm *other, struct suite_pair *pair, struct err *err)
{
	struct comparison comparison;
	struct err why = {""};
	int ret = compare_arms(base, other, c->by, NULL, &comparison, &why);

	if (ret == -EXDEV || ret == -ENODATA || ret == -EINVAL) {
		pair->why = xstrdup(why.msg);
		pair->settled = true;
		return 0;
	}
	if (ret)
		return err_set(err, ret, "%s", why.msg);
	take_rows(c, &comparison, s->level[s->looks - 1], s->looks == c->nr_looks, pair);
	comparison_release(&comparison);
	return 0;
}

static void count_failed(const struct arm *arm, struct suite_standing *s)
{
	s->failed += arm_failed(arm) + arm_missed(arm);
}

static int judge_pairs(const struct suite_plan *plan, const struct suite_contest *c,
		       struct suite_standing *s, struct err *err)
{
	struct arm base, other;
	size_t i;
	int ret = suite_load_arm(plan, &c->arm[0], 0, s->looks, &base, err);

	if (ret)
		return ret;
	count_failed(&base, s);
	s->settled = c->nr_arms > 1;
	for (i = 1; !ret && i < c->nr_arms; i++) {
		ret = suite_load_arm(plan, &c->arm[i], 0, s->looks, &other, err);
		if (ret)
			break;
		count_failed(&other, s);
		ret = judge_pair(c, s, &base, &other, &s->pair[i - 1], err);
		s->settled &= s->pair[i - 1].settled;
		arm_release(&other);
	}
	arm_release(&base);
	return ret;
}

/* Looks all of whose cells have results. */
static void count_looks(const struct suite_plan *plan, const struct suite_contest *c,
			struct suite_standing *s)
{
	size_t i, k;

	s->looks = c->nr_looks;
	for (i = 0; i < c->nr_arms; i++)
		for (k = 0; k < c->arm[i].nr; k++) {
			const struct suite_member *m = &c->arm[i].member[k];

			if (m->look == c->nr_looks)
				continue;
			if (store_has(plan->cell[m->cell].id))
				s->present++;
			else if (m->look < s->looks)
				s->looks = m->look;
		}
}

static double arm_cost(const struct suite_plan *plan, const struct suite_arm *arm, size_t look)
{
	double cost = 0;
	size_t i;

	for (i = 0; i < arm->nr; i++)
		if (arm->member[i].look <= look)
			cost += plan->cell[arm->member[i].cell].cost;
	return cost;
}

/* The first look is always taken. */
static bool is_broke(const struct suite_plan *plan, const struct suite_contest *c, size_t looks)
{
	size_t i;

	for (i = 0; c->budget > 0 && looks && i < c->nr_arms; i++)
		if (arm_cost(plan, &c->arm[i], looks) > c->budget)
			return true;
	return false;
}

static int judge_contest(const struct suite_plan *plan, const struct suite_contest *c,
			 struct suite_standing *s, struct err *err)
{
	int ret = 0;

	s->pair = xcalloc(c->nr_arms, sizeof(*s->pair));
	count_looks(plan, c, s);
	if (s->looks)
		ret = judge_pairs(plan, c, s, err);
	if (s->looks == c->nr_looks)
		s->settled = true;
	s->broke = !s->settled && is_broke(plan, c, s->looks);
	return ret;
}

static void count_rows(const struct suite_contest *c, const struct suite_standing *s,
		       struct suite_standings *all)
{
	size_t i, k;

	all->findings += c->expect == SUITE_ANY ? 0 : s->failed;
	for (i = 0; i + 1 < c->nr_arms; i++) {
		all->findings += s->pair[i].why != NULL;
		for (k = 0; k < s->pair[i].nr; k++) {
			all->verdict[s->pair[i].row[k].r.verdict]++;
			all->findings += s->pair[i].row[k].finding;
		}
	}
}

int suite_judge(const struct suite_plan *plan, struct suite_standings *out, struct err *err)
{
	size_t i;
	int ret = 0;

	*out = (struct suite_standings){.of = xcalloc(plan->nr_contests, sizeof(*out->of)),
					.nr = plan->nr_contests};
	for (i = 0; !ret && i < plan->nr_contests; i++) {
		ret = take_levels(plan, out->of, i, err);
		if (!ret)
			ret = judge_contest(plan, &plan->contest[i], &out->of[i], err);
		if (!ret)
			count_rows(&plan->contest[i], &out->of[i], out);
	}
	if (ret)
		suite_standings_release(plan, out);
	return ret;
}

static void pair_release(struct suite_pair *pair)
{
	size_t i;

	for (i = 0; i < pair->nr; i++)
		free(pair->row[i].r.name);
	free(pair->row);
	free(pair->why);
}

void suite_standings_release(const struct suite_plan *plan, struct suite_standings *s)
{
	size_t i, k;

	for (i = 0; i < s->nr; i++) {
		for (k = 0; s->of[i].pair && k + 1 < plan->contest[i].nr_arms; k++)
			pair_release(&s->of[i].pair[k]);
		free(s->of[i].pair);
	}
	free(s->of);
	memset(s, 0, sizeof(*s));
}

double suite_look_cost(const struct suite_plan *plan, size_t contest, size_t look)
{
	const struct suite_contest *c = &plan->contest[contest];
	double cost = 0;
	size_t i, k;

	for (i = 0; i < c->nr_arms; i++)
		for (k = 0; k < c->arm[i].nr; k++) {
			const struct suite_member *m = &c->arm[i].member[k];

			if (m->look <= look && !store_has(plan->cell[m->cell].id))
				cost += plan->cell[m->cell].cost;
		}
	return cost;
}

/*
 * How many times as many seeds it takes until the interval, which narrows with their root, is as narrow as
 * the distance that is to be seen: from no change at all, or from the margin.
 */
static double seeds_needed(const struct suite_row *row)
{
	const struct stats_shift *s = &row->r.shift;
	struct stats_gate gate = comparison_gate(&row->r);
	double margin = fmax(gate.min_rel * fabs(row->r.base), gate.min_abs);
	double half = (s->hi - s->lo) / 2, size = fabs(s->shift);
	double distance = size >= margin ? size : margin - size;

	return s->bounded && distance > 0 ? pow(half / distance, 2) : INFINITY;
}

double suite_worth(const struct suite_plan *plan, const struct suite_standings *s, size_t contest)
{
	const struct suite_contest *c = &plan->contest[contest];
	const struct suite_standing *at = &s->of[contest];
	double cost, grows, chance = 1;
	size_t i, k;

	if (at->settled || at->broke)
		return 0;
	cost = fmax(suite_look_cost(plan, contest, at->looks), 0.01);
	grows = at->looks ? (double)c->look[at->looks] / (double)c->look[at->looks - 1] : 1;
	for (i = 0; at->looks && i + 1 < c->nr_arms; i++)
		for (k = 0; k < at->pair[i].nr; k++)
			if (at->pair[i].row[k].r.verdict == STATS_UNDECIDED)
				chance = fmin(chance, grows / seeds_needed(&at->pair[i].row[k]));
	return fmax(chance, 1e-6) / cost;
}
