// SPDX-License-Identifier: GPL-2.0-only
#include "report/compare.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/values.h"

/*
 * The smallest change that matters, as the results say it of metrics that are divided by something;
 * of all members the largest.
 */
static double floor_of(const struct arm *arm, const struct comparison_row *row)
{
	double most = 0;
	size_t i;

	for (i = 0; i < arm->nr; i++) {
		const json_t *metric = member_metric(&arm->member[i], row->name, row->order);
		json_int_t floor = json_integer_value(json_object_get(metric, "floor"));

		if ((double)floor > most)
			most = (double)floor;
	}
	return most;
}

/*
 * A metric that has one value everywhere can never be rejected, so it is no member of the family
 * that Holm's correction is over (R. E. Tarone, Biometrics 46, 1990).
 */
static bool is_constant(const double *a, size_t na, const double *b, size_t nb)
{
	size_t i;

	for (i = 0; i < na; i++)
		if (a[i] != a[0])
			return false;
	for (i = 0; i < nb; i++)
		if (b[i] != a[0])
			return false;
	return true;
}

int comparison_measure(struct comparison_row *row, const double *a, size_t na, const double *b,
		       size_t nb, struct err *err)
{
	struct stats_mwu mwu;
	int ret;

	row->nr_base = na;
	row->nr_other = nb;
	row->base = stats_median(a, na);
	row->other = stats_median(b, nb);
	ret = stats_shift(a, na, b, nb, COMPARE_CONFIDENCE, &row->shift);
	if (!ret)
		ret = stats_mwu(a, na, b, nb, &mwu);
	row->p = ret ? 1 : mwu.p;
	row->p_adjusted = 1;
	row->constant = is_constant(a, na, b, nb);
	return ret ? err_sys(err, ret, "cannot compare %s", row->name) : 0;
}

static int fill_row(struct comparison_row *row, const struct comparison *c, struct err *err)
{
	cleanup_free double *a = xcalloc(c->base->nr, sizeof(*a));
	cleanup_free double *b = xcalloc(c->other->nr, sizeof(*b));
	const char *ma = NULL, *mb = NULL;

	row->nr_base = arm_values(c->base, row->name, row->order, a, &row->absent, &ma);
	row->nr_other = arm_values(c->other, row->name, row->order, b, &row->absent, &mb);
	row->meaning_differs = ma && mb && strcmp(ma, mb);
	if (row->meaning_differs)
		snprintf(row->meaning, sizeof(row->meaning), "%s, %s", ma, mb);
	row->floor = fmax(floor_of(c->base, row), floor_of(c->other, row));
	if (row->nr_base && row->nr_other)
		return comparison_measure(row, a, row->nr_base, b, row->nr_other, err);
	row->absent = row->absent ? row->absent : "no value";
	return 0;
}

static int add_row(struct comparison *c, const json_t *metric, struct err *err)
{
	struct comparison_row *row = &c->row[c->nr];

	row->order = c->nr++;
	row->name = xstrdup(text_of(metric, "name"));
	row->unit = text_of(metric, "unit");
	row->better = metric_better_find(text_of(metric, "better"));
	row->class = metric_class_in(arm_primary(c->base), row->name, metric);
	return fill_row(row, c, err);
}

/* Those of the base, then what only the other has, such as counters of a newer kernel. */
static int add_rows(struct comparison *c, struct err *err)
{
	const struct member *base = arm_first(c->base);
	json_t *mine = json_object_get(base->r.result, "metrics"), *metric;
	json_t *theirs = json_object_get(arm_first(c->other)->r.result, "metrics");
	size_t i;
	int ret = 0;

	c->row = xcalloc(json_array_size(mine) + json_array_size(theirs), sizeof(*c->row));
	json_array_foreach(mine, i, metric) {
		ret = add_row(c, metric, err);
		if (ret)
			return ret;
	}
	json_array_foreach(theirs, i, metric) {
		if (!member_metric(base, text_of(metric, "name"), i))
			ret = add_row(c, metric, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_primary(const struct comparison *c, struct err *err)
{
	cleanup_free char *copy = xstrdup(arm_primary(c->base));
	char *rest = copy, *name;

	while ((name = strsep(&rest, " ")))
		if (*name && !member_metric(arm_first(c->base), name, 0))
			return err_set(err, -EINVAL,
				       "scenario %s names the primary metric '%s', which its "
				       "results do not have",
				       c->base->label[AXIS_SCENARIO], name);
	return 0;
}

bool comparison_is_judged(const struct comparison_row *row)
{
	return !row->absent && !row->meaning_differs && row->better != STATS_DIR_NONE;
}

struct stats_gate comparison_gate(const struct comparison_row *row)
{
	const struct metric *m = metric_find(row->name);

	/* A workload's own metric is not in the registry: a fiftieth of it matters. */
	return (struct stats_gate){m ? m->min_rel : 0.02, fmax(m ? m->min_abs : 1, row->floor), COMPARE_ALPHA};
}

double comparison_margin(const struct comparison_row *row)
{
	struct stats_gate gate = comparison_gate(row);

	return fmax(gate.min_rel * fabs(row->base), gate.min_abs);
}

static void judge_row(struct comparison_row *row)
{
	struct stats_gate gate = comparison_gate(row);

	row->verdict = stats_judge(row->better, row->base, &row->shift, row->p_adjusted, &gate);
}

int comparison_judge(struct comparison_row *const *row, size_t nr, size_t *nr_tests,
		     struct err *err)
{
	double *p = xcalloc(nr, sizeof(*p)), *adjusted = xcalloc(nr, sizeof(*adjusted));
	size_t i, n = 0;
	int ret;

	for (i = 0; i < nr; i++)
		if (comparison_is_judged(row[i]) && !row[i]->constant)
			p[n++] = row[i]->p;
	*nr_tests = n;
	ret = n ? stats_holm(p, n, adjusted) : 0;
	for (i = 0, n = 0; !ret && i < nr; i++) {
		if (!comparison_is_judged(row[i]))
			continue;
		if (!row[i]->constant)
			row[i]->p_adjusted = adjusted[n++];
		judge_row(row[i]);
	}
	free(p);
	free(adjusted);
	return ret ? err_sys(err, ret, "cannot correct p-values") : 0;
}

/*
 * Each class is a family of its own: asking about more diagnostics must not weaken the primaries.
 */
static int judge_class(struct comparison *c, enum metric_class class, struct err *err)
{
	struct comparison_row **row = xcalloc(c->nr, sizeof(*row));
	size_t i, n = 0;
	int ret;

	for (i = 0; i < c->nr; i++)
		if (c->row[i].class == class)
			row[n++] = &c->row[i];
	ret = comparison_judge(row, n, &c->nr_tests[class], err);
	free(row);
	return ret;
}

static int by_class(const void *a, const void *b)
{
	const struct comparison_row *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

int compare_arms(const struct arm *base, const struct arm *other, enum axis axis,
		 char *const *allow, struct comparison *c, struct err *err)
{
	unsigned int class;
	int ret;

	*c = (struct comparison){.base = base,
				 .other = other,
				 .axis = axis,
				 .failed_base = arm_failed(base),
				 .failed_other = arm_failed(other),
				 .n_base = base->nr - arm_failed(base),
				 .n_other = other->nr - arm_failed(other),
				 .missed_base = arm_missed(base),
				 .missed_other = arm_missed(other),
				 .unsteady_base = arm_unsteady(base),
				 .unsteady_other = arm_unsteady(other),
				 .violating = arm_violating(base) + arm_violating(other)};
	ret = comparable_check(base, other, axis, allow, c->also, err);
	if (!ret)
		ret = check_primary(c, err);
	if (!ret)
		ret = add_rows(c, err);
	for (class = METRIC_PRIMARY; !ret && class <= METRIC_DIAGNOSTIC; class++)
		ret = judge_class(c, (enum metric_class)class, err);
	if (ret)
		comparison_release(c);
	else if (c->nr)
		qsort(c->row, c->nr, sizeof(*c->row), by_class);
	return ret;
}

void comparison_release(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		free(c->row[i].name);
	free(c->row);
	memset(c, 0, sizeof(*c));
}

bool comparison_is_idle(const struct comparison_row *row)
{
	return row->constant && !row->base;
}
