// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/resample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"
#include "report/values.h"
#include "selftest/advised.h"
#include "stats/random.h"

/* More seeds a side than this are not asked for unless someone asks. */
#define HALF_USUAL 8

/* One split of the seeds of a suite. */
struct split {
	struct resample_suite *suite;
	const struct resample_ask *ask;
	uint64_t state;
	size_t *order;         /* of an arm's members: the first half, then the other */
	double *a, *b, *worse; /* of each row: ask->half values at most */
	struct comparison_row *row;
	double *p, *adjusted;
};

const char *resample_rule_name(enum resample_rule rule)
{
	return rule == RESAMPLE_OURS ? "wringer" : rule_name((enum rule)(rule - RESAMPLE_OTHERS));
}

static size_t counting(const struct arm *arm)
{
	return arm->nr - arm_failed(arm);
}

static bool same_suite(const struct resample_suite *s, const struct arm *arm)
{
	return !strcmp(s->kernel, arm->label[AXIS_KERNEL]) &&
	       !strcmp(s->policy, arm->label[AXIS_POLICY]) &&
	       !strcmp(s->engine, arm->label[AXIS_ENGINE]);
}

static struct resample_suite *suite_of(struct resampled *r, const struct arm *arm)
{
	size_t i;

	for (i = 0; i < r->nr; i++)
		if (same_suite(&r->suite[i], arm))
			return &r->suite[i];
	r->suite = xrealloc(r->suite, ++r->nr, sizeof(*r->suite));
	r->suite[i] = (struct resample_suite){.kernel = arm->label[AXIS_KERNEL],
					      .policy = arm->label[AXIS_POLICY],
					      .engine = arm->label[AXIS_ENGINE]};
	return &r->suite[i];
}

static void leave_out(struct resample_suite *s, const struct arm *arm, char *why)
{
	s->left_out = xrealloc(s->left_out, s->nr_left_out + 1, sizeof(*s->left_out));
	s->left_out[s->nr_left_out++] = (struct resample_left_out){arm, why};
}

/*
 * Rows
 */

static void read_values(struct resample_row *row, size_t place)
{
	size_t i, n = 0;

	for (i = 0; i < row->arm->nr; i++) {
		const struct member *m = &row->arm->member[i];
		const json_t *metric, *value;

		if (!member_counts(m))
			continue;
		metric = member_metric(m, row->name, place);
		value = json_object_get(metric, "value");
		row->value[n] = value ? json_number_value(value) : NAN;
		row->least[n++] = json_number_value(json_object_get(metric, "floor"));
	}
}

/* Those that are there, from a list of members or from all. */
static size_t present(const struct resample_row *row, const size_t *member, size_t n, double *out)
{
	size_t i, nr = 0;

	for (i = 0; i < n; i++) {
		double v = row->value[member ? member[i] : i];

		if (!isnan(v))
			out[nr++] = v;
	}
	return nr;
}

static double largest(const double *x, size_t n)
{
	double most = 0;
	size_t i;

	for (i = 0; i < n; i++)
		most = fmax(most, x[i]);
	return most;
}

/* All seeds together. */
static int describe(struct resample_row *row, const double *x, size_t n, struct err *err)
{
	struct comparison_row like = {.name = (char *)row->name,
				      .floor = largest(row->least, counting(row->arm))};
	struct stats_gate gate = comparison_gate(&like);
	int ret = stats_spread(x, n, &row->s);

	row->floor = row->s.median != 0 ? fmax(gate.min_rel, gate.min_abs / fabs(row->s.median))
					: NAN;
	return ret ? err_sys(err, ret, "cannot say how %s scatters", row->name) : 0;
}

static void row_release(struct resample_row *row)
{
	free(row->value);
	free(row->least);
}

static int add_row(struct resample_suite *s, const struct arm *arm, const json_t *metric,
		   size_t place, struct err *err)
{
	size_t n = counting(arm);
	cleanup_free double *x = xcalloc(n, sizeof(*x));
	struct resample_row *row;

	s->row = xrealloc(s->row, s->nr + 1, sizeof(*s->row));
	row = &s->row[s->nr++];
	*row = (struct resample_row){.arm = arm,
				     .group = arm_group(arm),
				     .name = text_of(metric, "name"),
				     .unit = text_of(metric, "unit"),
				     .better = metric_better_find(text_of(metric, "better")),
				     .value = xcalloc(n, sizeof(double)),
				     .least = xcalloc(n, sizeof(double))};
	read_values(row, place);
	n = present(row, NULL, n, x);
	if (n)
		return describe(row, x, n, err);
	/* No experiment has it. */
	row_release(row);
	s->nr--;
	return 0;
}

/* Without a direction there is no verdict. */
static bool is_wanted(const struct arm *arm, const json_t *metric)
{
	return metric_class_in(arm_primary(arm), text_of(metric, "name"), metric) ==
		       METRIC_PRIMARY &&
	       metric_better_find(text_of(metric, "better")) != STATS_DIR_NONE;
}

static int add_arm(struct resampled *r, const struct arm *arm, struct err *err)
{
	struct resample_suite *s = suite_of(r, arm);
	const struct member *first = arm_first(arm);
	size_t i, before = s->nr, n = counting(arm);
	json_t *metric;
	int ret = 0;

	if (n < 2 * r->ask.half) {
		leave_out(s, arm, xasprintf("%zu seeds, of %zu", n, 2 * r->ask.half));
		return 0;
	}
	json_array_foreach(json_object_get(first->r.result, "metrics"), i, metric)
	{
		if (is_wanted(arm, metric))
			ret = add_row(s, arm, metric, i, err);
		if (ret)
			return ret;
	}
	s->scenarios += s->nr > before;
	if (s->nr == before)
		leave_out(s, arm, xstrdup("no primary metric with a direction"));
	return 0;
}

/*
 * Splits
 */

static void fill_half(const struct resample_row *row, const size_t *member, size_t n, double *x,
		      size_t *nr, double *floor)
{
	size_t i;

	*nr = present(row, member, n, x);
	for (i = 0; i < n; i++)
		*floor = fmax(*floor, row->least[member[i]]);
}

static int measure(struct split *s, size_t i, struct err *err)
{
	const struct resample_row *from = &s->suite->row[i];
	size_t half = s->ask->half, na, nb;
	double *a = s->a + i * half, *b = s->b + i * half;
	struct comparison_row *row = &s->row[i];

	*row = (struct comparison_row){.name = (char *)from->name, .better = from->better};
	fill_half(from, s->order, half, a, &na, &row->floor);
	fill_half(from, s->order + half, half, b, &nb, &row->floor);
	if (na && nb)
		return comparison_measure(row, a, na, b, nb, err);
	row->absent = "no value";
	return 0;
}

/* All metrics of an arm are split alike: they are of the same runs. */
static int draw(struct split *s, struct err *err)
{
	const struct resample_row *row = s->suite->row;
	size_t i, k, n;
	int ret = 0;

	for (i = 0; !ret && i < s->suite->nr; i++) {
		if (!i || row[i].arm != row[i - 1].arm) {
			n = counting(row[i].arm);
			for (k = 0; k < n; k++)
				s->order[k] = k;
			stats_random_shuffle(&s->state, s->order, n);
		}
		ret = measure(s, i, err);
	}
	return ret;
}

static void count_alarms(struct split *s, enum resample_rule rule, const bool *alarm)
{
	bool any = false;
	size_t i;

	for (i = 0; i < s->suite->nr; i++) {
		if (s->row[i].absent)
			continue;
		tally_add(&s->suite->each[rule], alarm[i]);
		any |= alarm[i];
	}
	tally_add(&s->suite->any[rule], any);
}

static int alarms_of_ours(struct split *s, bool *alarm, struct err *err)
{
	cleanup_free struct comparison_row **row = xcalloc(s->suite->nr, sizeof(*row));
	size_t i, tests;
	int ret;

	for (i = 0; i < s->suite->nr; i++)
		row[i] = &s->row[i];
	ret = comparison_judge(row, s->suite->nr, &tests, err);
	for (i = 0; i < s->suite->nr; i++)
		alarm[i] = !s->row[i].absent &&
			   (s->row[i].verdict == STATS_WORSE || s->row[i].verdict == STATS_BETTER);
	return ret;
}

static int judge_halves(struct split *s, struct err *err)
{
	cleanup_free bool *alarm = xcalloc(s->suite->nr, sizeof(*alarm));
	unsigned int rule;
	size_t i;
	int ret = alarms_of_ours(s, alarm, err);

	count_alarms(s, RESAMPLE_OURS, alarm);
	for (rule = 0; !ret && rule < RULE_NR; rule++) {
		for (i = 0; i < s->suite->nr; i++)
			alarm[i] = !s->row[i].absent &&
				   rule_says((enum rule)rule, s->a + i * s->ask->half,
					     s->row[i].nr_base, s->b + i * s->ask->half,
					     s->row[i].nr_other);
		count_alarms(s, RESAMPLE_OTHERS + rule, alarm);
	}
	return ret;
}

/* p of one row after the correction over all of them, which are as they were but for that one. */
static int adjust(struct split *s, size_t i, struct comparison_row *planted)
{
	size_t k, n = 0, at = 0;
	int ret;

	for (k = 0; k < s->suite->nr; k++) {
		const struct comparison_row *row = k == i ? planted : &s->row[k];

		if (!comparison_is_judged(row) || row->constant)
			continue;
		if (k == i)
			at = n;
		s->p[n++] = row->p;
	}
	/* Nothing of it moves, not even what is planted: 5 % of 0. */
	if (planted->constant)
		return 0;
	ret = stats_holm(s->p, n, s->adjusted);
	if (!ret)
		planted->p_adjusted = s->adjusted[at];
	return ret;
}

static int judge_planted(struct split *s, size_t i, const double *a, struct err *err)
{
	struct comparison_row row = s->row[i];
	struct tally *found = s->suite->row[i].found;
	int worse = row.better == STATS_DIR_LOWER ? 1 : -1;
	struct stats_gate gate = comparison_gate(&row);
	unsigned int rule;
	int ret = comparison_measure(&row, a, row.nr_base, s->worse, row.nr_other, err);

	if (!ret && adjust(s, i, &row))
		ret = err_set(err, -EINVAL, "cannot correct p-values");
	if (ret)
		return ret;
	tally_add(&found[RESAMPLE_OURS], stats_judge(row.better, row.base, &row.shift,
						     row.p_adjusted, &gate) == STATS_WORSE);
	for (rule = 0; rule < RULE_NR; rule++)
		tally_add(&found[RESAMPLE_OTHERS + rule],
			  rule_says((enum rule)rule, a, row.nr_base, s->worse, row.nr_other) ==
				  worse);
	return 0;
}

double resample_worse(enum stats_direction better, double by, double value)
{
	return value + (better == STATS_DIR_LOWER ? by : -by) * fabs(value);
}

/* One metric after the other is made worse in the second half, the others stay. */
static int plant(struct split *s, struct err *err)
{
	size_t i, k;
	int ret = 0;

	for (i = 0; !ret && i < s->suite->nr; i++) {
		const double *a = s->a + i * s->ask->half, *b = s->b + i * s->ask->half;

		if (s->row[i].absent)
			continue;
		for (k = 0; k < s->row[i].nr_other; k++)
			s->worse[k] = resample_worse(s->row[i].better, s->ask->change, b[k]);
		ret = judge_planted(s, i, a, err);
	}
	return ret;
}

static size_t most_members(const struct resample_suite *suite)
{
	size_t i, most = 0;

	for (i = 0; i < suite->nr; i++)
		if (counting(suite->row[i].arm) > most)
			most = counting(suite->row[i].arm);
	return most;
}

static int run_suite(struct resample_suite *suite, const struct resample_ask *ask, uint64_t nr,
		     struct err *err)
{
	size_t i, n = suite->nr;
	struct split s = {.suite = suite,
			  .ask = ask,
			  .state = (ask->seed << 16) + nr,
			  .order = xcalloc(most_members(suite), sizeof(*s.order)),
			  .a = xcalloc(n * ask->half, sizeof(*s.a)),
			  .b = xcalloc(n * ask->half, sizeof(*s.b)),
			  .worse = xcalloc(ask->half, sizeof(*s.worse)),
			  .row = xcalloc(n, sizeof(*s.row)),
			  .p = xcalloc(n, sizeof(*s.p)),
			  .adjusted = xcalloc(n, sizeof(*s.adjusted))};
	int ret = 0;

	for (i = 0; !ret && i < ask->splits; i++) {
		ret = draw(&s, err);
		if (!ret)
			ret = judge_halves(&s, err);
		if (!ret)
			ret = plant(&s, err);
	}
	free(s.order);
	free(s.a);
	free(s.b);
	free(s.worse);
	free(s.row);
	free(s.p);
	free(s.adjusted);
	return ret;
}

/*
 * What the scatter of all seeds says
 */

static size_t pilot_of(const struct resample_row *row, const struct resample_ask *ask)
{
	size_t n = counting(row->arm);

	return ask->pilot && ask->pilot < n ? ask->pilot : n;
}

static int advise_row(struct resample_row *row, const struct resample_ask *ask, double alpha, struct err *err)
{
	const struct stats_aim aim = {ask->change, row->floor, alpha, ask->power};
	cleanup_free double *x = xcalloc(counting(row->arm), sizeof(*x));
	size_t n = present(row, NULL, pilot_of(row, ask), x);
	int ret;

	row->visible = NAN;
	if (row->s.median == 0)
		return 0;
	row->visible = stats_change_for_verdict(row->s.cv, ask->at, row->floor, alpha, ask->power);
	ret = stats_n_for_values(x, n, &aim, &row->needed);
	return ret ? err_sys(err, ret, "cannot say how many seeds %s takes", row->name) : 0;
}

static int advise(struct resample_suite *suite, const struct resample_ask *ask, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < suite->nr; i++)
		suite->tests += suite->row[i].s.min != suite->row[i].s.max;
	for (i = 0; !ret && i < suite->nr; i++)
		ret = advise_row(&suite->row[i], ask, COMPARE_ALPHA / (double)(suite->tests ? suite->tests : 1), err);
	return ret;
}

static int try_advice(struct resample_suite *suite, const struct resample_ask *ask, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < suite->nr; i++)
		ret = advised_try(&suite->row[i], ask, suite->tests, (ask->seed << 32) + i, err);
	return ret;
}

static size_t usual_half(const struct arms *arms)
{
	size_t i, most = 0;

	for (i = 0; i < arms->nr; i++)
		if (counting(&arms->arm[i]) > most)
			most = counting(&arms->arm[i]);
	return most / 2 < HALF_USUAL ? most / 2 : HALF_USUAL;
}

static int check_ask(const struct resample_ask *ask, struct err *err)
{
	if (!ask->splits || ask->splits > RESAMPLE_SPLITS_MAX)
		return err_set(err, -EINVAL, "splits are 1 to %d", RESAMPLE_SPLITS_MAX);
	if (!(ask->change > 0 && ask->change < 1) || !(ask->power > 0 && ask->power < 1) ||
	    !ask->at)
		return err_set(err, -EINVAL,
			       "change and power are above 0 and below 100 %%, seeds a side above 0");
	if (ask->half > STATS_EXACT_MAX / 2)
		return err_set(err, -EINVAL, "halves have %d seeds at most", STATS_EXACT_MAX / 2);
	return 0;
}

static bool is_empty(const struct resampled *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++)
		if (r->suite[i].nr)
			return false;
	return true;
}

int resample_run(const struct arms *arms, const struct resample_ask *ask, struct resampled *out,
		 struct err *err)
{
	size_t i;
	int ret = check_ask(ask, err);

	*out = (struct resampled){.ask = *ask};
	if (!ask->half)
		out->ask.half = usual_half(arms);
	if (!ret && !out->ask.half)
		ret = err_set(err, -ENODATA, "no arm has two seeds that ended well");
	for (i = 0; !ret && i < arms->nr; i++)
		ret = add_arm(out, &arms->arm[i], err);
	if (!ret && is_empty(out))
		ret = err_set(err, -ENODATA, "no arm has %zu seeds, for two halves of %zu",
			      2 * out->ask.half, out->ask.half);
	for (i = 0; !ret && i < out->nr; i++) {
		ret = advise(&out->suite[i], &out->ask, err);
		if (!ret)
			ret = run_suite(&out->suite[i], &out->ask, i, err);
		if (!ret)
			ret = try_advice(&out->suite[i], &out->ask, err);
	}
	if (ret)
		resample_release(out);
	return ret;
}

static void suite_release(struct resample_suite *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		row_release(&s->row[i]);
	for (i = 0; i < s->nr_left_out; i++)
		free(s->left_out[i].why);
	free(s->row);
	free(s->left_out);
}

void resample_release(struct resampled *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++)
		suite_release(&r->suite[i]);
	free(r->suite);
	memset(r, 0, sizeof(*r));
}

size_t resample_broken(const struct resampled *r, struct buf *why)
{
	struct stats_share share;
	size_t i, broken = 0;

	for (i = 0; i < r->nr; i++) {
		const struct tally *any = &r->suite[i].any[RESAMPLE_OURS];

		if (!r->suite[i].nr ||
		    stats_share(any->hit, any->of, 1 - 2 * 0.001 / (double)r->nr, &share) ||
		    share.lo <= COMPARE_ALPHA)
			continue;
		buf_printf(why, "%s, %s: %zu of %zu splits, which is more than %g %%\n",
			   r->suite[i].kernel, r->suite[i].policy, any->hit, any->of,
			   100 * COMPARE_ALPHA);
		broken++;
	}
	return broken;
}
