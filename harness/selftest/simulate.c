// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/simulate.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/compare.h"
#include "stats/looks.h"

#define TRIALS_MAX 1000000

const size_t sim_size[SIM_SIZES] = {3, 4, 5, 6, 8, 12, 16, 20};
const double sim_shift[SIM_SHIFTS] = {0, 1, 2, 3};
const double sim_margin[SIM_MARGINS] = {1, 2, 4};
const size_t sim_look[SIM_LOOKS] = {5, 8, 12, 20};
const double sim_look_shift[SIM_LOOK_SHIFTS] = {0, 1, 2};

struct run {
	const struct sim_ask *ask;
	enum noise noise;
	uint64_t state;
	size_t families;
	double *p; /* of the families, one after the other */
};

/* What one comparison of two arms of n goes by. */
struct pair {
	size_t n;
	double *a, *b, *shifted;
	double median;
	struct stats_shift shift; /* before anything is planted */
};

const char *sim_stop_name(enum sim_stop stop)
{
	static const char *const names[] = {"p < 0.05", "Pocock", "O'Brien"};

	return names[stop];
}

static void pair_init(struct pair *p, size_t n)
{
	*p = (struct pair){.n = n};
	p->a = xcalloc(n, sizeof(*p->a));
	p->b = xcalloc(n, sizeof(*p->b));
	p->shifted = xcalloc(n, sizeof(*p->shifted));
}

static void pair_release(struct pair *p)
{
	free(p->a);
	free(p->b);
	free(p->shifted);
}

static void draw_arm(struct run *r, double *x, size_t n)
{
	size_t i;

	noise_draw(r->noise, &r->state, x, n);
	for (i = 0; i < n; i++)
		x[i] += 1 / r->ask->cv;
}

static void pair_draw(struct run *r, struct pair *p)
{
	draw_arm(r, p->a, p->n);
	draw_arm(r, p->b, p->n);
	p->median = stats_median(p->a, p->n);
}

static void pair_plant(struct pair *p, double by)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		p->shifted[i] = p->b[i] + by;
}

/* The estimate and its interval move with what is planted. */
static enum stats_verdict judge(const struct pair *p, double by, double p_adjusted,
				const struct stats_gate *gate)
{
	struct stats_shift s = p->shift;

	s.shift += by;
	s.lo += by;
	s.hi += by;
	return stats_judge(STATS_DIR_LOWER, p->median, &s, p_adjusted, gate);
}

static bool is_change(enum stats_verdict v, double planted)
{
	return v == STATS_WORSE || (!planted && v == STATS_BETTER);
}

static const struct stats_gate gate = {.min_rel = SIM_FLOOR, .alpha = COMPARE_ALPHA};

static int draw_family(struct run *r, struct pair *all, double *p)
{
	struct stats_mwu mwu = {0};
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < SIM_FAMILY; i++) {
		pair_draw(r, &all[i]);
		ret = stats_mwu(all[i].a, all[i].n, all[i].b, all[i].n, &mwu);
		p[i] = mwu.p;
	}
	return ret;
}

/* Those that are not significant have no verdict that would be wrong here. */
static int judge_family(struct run *r, struct pair *all, const double *p, bool *alarm)
{
	double adjusted[SIM_FAMILY];
	size_t i;
	int ret = r->ask->correct(p, SIM_FAMILY, adjusted);

	for (i = 0; !ret && i < SIM_FAMILY; i++) {
		if (adjusted[i] >= COMPARE_ALPHA)
			continue;
		ret = stats_shift(all[i].a, all[i].n, all[i].b, all[i].n, COMPARE_CONFIDENCE,
				  &all[i].shift);
		*alarm |= !ret && is_change(judge(&all[i], 0, adjusted[i], &gate), 0);
	}
	return ret;
}

/* Families in which nothing differs. */
static int run_families(struct run *r, struct sim_row *row)
{
	struct pair all[SIM_FAMILY];
	size_t i;
	int ret = 0;

	for (i = 0; i < SIM_FAMILY; i++)
		pair_init(&all[i], row->n);
	for (i = 0; !ret && i < r->families; i++) {
		double *p = r->p + i * SIM_FAMILY;
		bool alarm = false;

		ret = draw_family(r, all, p);
		if (!ret)
			ret = judge_family(r, all, p, &alarm);
		tally_add(&row->any, alarm);
	}
	for (i = 0; i < SIM_FAMILY; i++)
		pair_release(&all[i]);
	return ret;
}

/* Ours on the one metric that is planted, alone and in a family of which the others do not differ.
 */
static int count_ours(struct run *r, const struct pair *pair, size_t trial, double by,
		      struct tally *found)
{
	double p[SIM_FAMILY], adjusted[SIM_FAMILY];
	struct stats_mwu mwu;
	int ret = stats_mwu(pair->a, pair->n, pair->shifted, pair->n, &mwu);

	memcpy(p, r->p + trial % r->families * SIM_FAMILY, sizeof(p));
	p[0] = ret ? 1 : mwu.p;
	if (!ret)
		ret = r->ask->correct(p, SIM_FAMILY, adjusted);
	if (ret)
		return ret;
	tally_add(&found[SIM_TEST], mwu.p < COMPARE_ALPHA && (!by || mwu.a12 > 0.5));
	tally_add(&found[SIM_VERDICT], is_change(judge(pair, by, mwu.p, &gate), by));
	tally_add(&found[SIM_ONE_OF], is_change(judge(pair, by, adjusted[0], &gate), by));
	return 0;
}

static void count_others(const struct pair *pair, double by, struct tally *found)
{
	unsigned int i;

	for (i = 0; i < RULE_NR; i++) {
		int says = rule_says((enum rule)i, pair->a, pair->n, pair->shifted, pair->n);

		tally_add(&found[SIM_OTHERS + i], by ? says > 0 : says != 0);
	}
}

/* Without a p-value, so that only sameness can be found. */
static void count_same(const struct pair *pair, struct sim_row *row)
{
	size_t i;

	for (i = 0; i < SIM_MARGINS; i++) {
		const struct stats_gate same = {.min_abs = sim_margin[i], .alpha = 0};

		tally_add(&row->same[i], judge(pair, 0, 1, &same) == STATS_SAME);
		tally_add(&row->same_wrong[i], judge(pair, sim_margin[i], 1, &same) == STATS_SAME);
	}
}

static int run_pairs(struct run *r, struct pair *pair, struct sim_row *row)
{
	size_t i, k;
	int ret = 0;

	for (i = 0; !ret && i < r->ask->trials; i++) {
		pair_draw(r, pair);
		ret = stats_shift(pair->a, pair->n, pair->b, pair->n, COMPARE_CONFIDENCE,
				  &pair->shift);
		for (k = 0; !ret && k < SIM_SHIFTS; k++) {
			pair_plant(pair, sim_shift[k]);
			ret = count_ours(r, pair, i, sim_shift[k], row->found[k]);
			count_others(pair, sim_shift[k], row->found[k]);
		}
		if (!ret)
			count_same(pair, row);
	}
	return ret;
}

static int run_row(struct run *r, struct sim_row *row)
{
	struct pair pair;
	int ret;

	ret = run_families(r, row);
	pair_init(&pair, row->n);
	if (!ret)
		ret = run_pairs(r, &pair, row);
	pair_release(&pair);
	return ret;
}

/*
 * Looks
 */

static int levels_of(struct sim_looks_row *row)
{
	double share[SIM_LOOKS];
	size_t i;

	for (i = 0; i < SIM_LOOKS; i++) {
		share[i] = (double)sim_look[i] / (double)sim_look[SIM_LOOKS - 1];
		row->level[i] = COMPARE_ALPHA;
	}
	if (row->stop == SIM_NAIVE)
		return 0;
	return stats_looks(share, SIM_LOOKS, COMPARE_ALPHA,
			   row->stop == SIM_POCOCK ? STATS_POCOCK : STATS_OBRIEN, row->level);
}

/* Stops at the first look whose p is below its level. */
static void count_looks(struct sim_looks_row *row, const struct stats_mwu *look, size_t shift)
{
	size_t i = 0;

	while (i < SIM_LOOKS && look[i].p >= row->level[i])
		i++;
	tally_add(&row->found[shift], i < SIM_LOOKS && (!shift || look[i].a12 > 0.5));
	row->runs[shift] += (double)sim_look[i < SIM_LOOKS ? i : SIM_LOOKS - 1];
}

static int one_look(struct pair *pair, size_t shift, struct sim_looks_row *row)
{
	struct stats_mwu look[SIM_LOOKS];
	size_t i;
	int ret = 0;

	pair_plant(pair, sim_look_shift[shift]);
	for (i = 0; !ret && i < SIM_LOOKS; i++)
		ret = stats_mwu(pair->a, sim_look[i], pair->shifted, sim_look[i], &look[i]);
	for (i = 0; !ret && i < SIM_STOPS; i++)
		count_looks(&row[i], look, shift);
	return ret;
}

/* All ways to stop see the same data. */
static int run_looks(struct run *r, struct sim_looks_row *row)
{
	struct pair pair;
	size_t i, k;
	int ret = 0;

	for (i = 0; !ret && i < SIM_STOPS; i++) {
		row[i].noise = r->noise;
		row[i].stop = (enum sim_stop)i;
		ret = levels_of(&row[i]);
	}
	pair_init(&pair, sim_look[SIM_LOOKS - 1]);
	for (i = 0; !ret && i < r->ask->trials; i++) {
		pair_draw(r, &pair);
		for (k = 0; !ret && k < SIM_LOOK_SHIFTS; k++)
			ret = one_look(&pair, k, row);
	}
	pair_release(&pair);
	for (i = 0; i < SIM_STOPS; i++)
		for (k = 0; k < SIM_LOOK_SHIFTS; k++)
			row[i].runs[k] /= (double)r->ask->trials;
	return ret;
}

/*
 * Advice
 */

static int run_advice(struct run *r, struct sim_advice *row)
{
	double level = COMPARE_ALPHA / (double)row->tests;
	struct stats_mwu mwu = {0};
	struct pair pair;
	size_t i;
	int ret = 0;

	row->noise = r->noise;
	row->n = stats_n_for_change(1, row->change, level, row->power);
	pair_init(&pair, row->n);
	for (i = 0; !ret && i < r->ask->trials; i++) {
		pair_draw(r, &pair);
		pair_plant(&pair, row->change);
		ret = stats_mwu(pair.a, row->n, pair.shifted, row->n, &mwu);
		tally_add(&row->found, mwu.p < level && mwu.a12 > 0.5);
	}
	pair_release(&pair);
	return ret;
}

static int run_advices(struct run *r, struct sim_advice *row)
{
	static const double change[] = {1, 1.5, 2, 3}, power[] = {0.8, 0.9};
	static const size_t tests[] = {1, SIM_FAMILY};
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < SIM_ADVICES; i++) {
		row[i].change = change[i % 4];
		row[i].tests = tests[i / 4];
		row[i].power = power[i / 4];
		ret = run_advice(r, &row[i]);
	}
	return ret;
}

/* Each noise has its own start, so that one can be added without moving the others. */
static int run_noise(struct run *r, enum noise noise, struct simulation *out)
{
	size_t i;
	int ret = 0;

	r->noise = noise;
	r->state = (r->ask->seed << 8) + noise;
	for (i = 0; !ret && i < SIM_SIZES; i++) {
		struct sim_row *row = &out->row[noise * SIM_SIZES + i];

		row->noise = noise;
		row->n = sim_size[i];
		ret = run_row(r, row);
	}
	if (!ret)
		ret = run_looks(r, &out->looks[noise * SIM_STOPS]);
	if (!ret)
		ret = run_advices(r, &out->advice[noise * SIM_ADVICES]);
	return ret;
}

int sim_run(const struct sim_ask *ask, struct simulation *out, struct err *err)
{
	struct run r = {.ask = ask,
			.families = (ask->trials + SIM_PER_FAMILY - 1) / SIM_PER_FAMILY};
	unsigned int i;
	int ret = 0;

	if (!ask->trials || ask->trials > TRIALS_MAX || !(ask->cv > 0 && isfinite(ask->cv)))
		return err_set(err, -EINVAL, "trials are 1 to %d, and the spread is above 0",
			       TRIALS_MAX);
	memset(out, 0, sizeof(*out));
	out->ask = *ask;
	r.p = xcalloc(r.families * SIM_FAMILY, sizeof(*r.p));
	for (i = 0; !ret && i < NOISE_NR; i++)
		ret = run_noise(&r, (enum noise)i, out);
	free(r.p);
	return ret ? err_sys(err, ret, "cannot simulate") : 0;
}

/*
 * What cannot be
 */

struct check {
	struct buf *why;
	double confidence;
	size_t broken;
};

static void check(struct check *c, const struct tally *t, double most, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void check(struct check *c, const struct tally *t, double most, const char *fmt, ...)
{
	struct stats_share s;
	char what[128];
	va_list ap;

	if (stats_share(t->hit, t->of, c->confidence, &s) || s.lo <= most)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_printf(c->why, "%s: %zu of %zu, which is more than %g %%\n", what, t->hit, t->of,
		   100 * most);
	c->broken++;
}

static void check_row(struct check *c, const struct sim_row *row)
{
	const char *noise = noise_name(row->noise);
	size_t i;

	check(c, &row->found[0][SIM_TEST], COMPARE_ALPHA, "p < %g, %s, n = %zu", COMPARE_ALPHA,
	      noise, row->n);
	check(c, &row->any, COMPARE_ALPHA, "any of %d, %s, n = %zu", SIM_FAMILY, noise, row->n);
	for (i = 0; i < SIM_MARGINS; i++)
		check(c, &row->same_wrong[i], (1 - COMPARE_CONFIDENCE) / 2,
		      "same within %g, %s, n = %zu", sim_margin[i], noise, row->n);
}

size_t sim_broken(const struct simulation *sim, struct buf *why)
{
	size_t i, cells = ARRAY_SIZE(sim->row) * (2 + SIM_MARGINS) + ARRAY_SIZE(sim->looks);
	/* Of each cell's interval only the lower end is of interest. */
	struct check c = {why, 1 - 2 * 0.001 / (double)cells, 0};

	for (i = 0; i < ARRAY_SIZE(sim->row); i++)
		check_row(&c, &sim->row[i]);
	for (i = 0; i < ARRAY_SIZE(sim->looks); i++)
		if (sim->looks[i].stop != SIM_NAIVE)
			check(&c, &sim->looks[i].found[0], COMPARE_ALPHA, "looks by %s, %s",
			      sim_stop_name(sim->looks[i].stop), noise_name(sim->looks[i].noise));
	return c.broken;
}
