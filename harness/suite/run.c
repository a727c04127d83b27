// SPDX-License-Identifier: GPL-2.0-only
#include "suite/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "result/store.h"

/* A contest that could have its next look. */
struct offer {
	size_t contest;
	uint64_t priority;
	size_t look; /* the one that it would reach */
	double worth;
};

struct suite_work {
	struct suite_plan *plan;
	const struct suite_run *run;
	struct timespec begun;
	double ran; /* estimated CPU seconds of what this run has done */
};

static double elapsed(const struct suite_work *w)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - w->begun.tv_sec) + (double)(now.tv_nsec - w->begun.tv_nsec) / 1e9;
}

/* CPU seconds of the estimate that pass in a second here, as seen so far. */
static double pace(const struct suite_work *w)
{
	double seconds = elapsed(w);

	if (w->ran > 0 && seconds > 1)
		return w->ran / seconds;
	return w->run->opts.run.jobs ? w->run->opts.run.jobs : 1;
}

static int by_worth(const void *a, const void *b)
{
	const struct offer *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (x->worth != y->worth)
		return x->worth > y->worth ? -1 : 1;
	return (x->contest > y->contest) - (x->contest < y->contest);
}

/* Of --all, and where nothing is compared, it is not asked whether it is settled. */
static size_t next_look(const struct suite_work *w, const struct suite_standings *s, size_t contest)
{
	const struct suite_contest *c = &w->plan->contest[contest];
	const struct suite_standing *at = &s->of[contest];

	if (at->looks >= c->nr_looks)
		return c->nr_looks;
	if (w->run->all || c->nr_arms < 2)
		return c->nr_looks - 1;
	return at->settled || at->broke ? c->nr_looks : at->looks;
}

static size_t take_offers(const struct suite_work *w, const struct suite_standings *s, struct offer *offer)
{
	size_t i, nr = 0;

	for (i = 0; i < w->plan->nr_contests; i++) {
		size_t look = next_look(w, s, i);

		if (look == w->plan->contest[i].nr_looks)
			continue;
		offer[nr++] = (struct offer){.contest = i, .look = look, .priority = w->plan->contest[i].priority,
					     .worth = suite_worth(w->plan, s, i)};
	}
	qsort(offer, nr, sizeof(*offer), by_worth);
	return nr;
}

/* The cells that an offer has run beside those marked; mark: to mark them too. */
static double cost_of(const struct suite_work *w, const struct offer *offer, bool *in, bool mark)
{
	const struct suite_contest *c = &w->plan->contest[offer->contest];
	double cost = 0;
	size_t i, k;

	for (k = 0; k < c->nr_arms; k++)
		for (i = 0; i < c->arm[k].nr; i++) {
			const struct suite_member *m = &c->arm[k].member[i];

			if (m->look > offer->look || in[m->cell] || store_has(w->plan->cell[m->cell].id))
				continue;
			cost += w->plan->cell[m->cell].cost;
			in[m->cell] = mark;
		}
	return cost;
}

/* Marks what fits into the time that is left; a smaller offer behind a large one may still fit. */
static double choose(const struct suite_work *w, const struct offer *offer, size_t nr, bool *in)
{
	double left = (w->run->seconds - elapsed(w)) * pace(w), sum = 0, cost;
	size_t i;

	for (i = 0; i < nr; i++) {
		cost = cost_of(w, &offer[i], in, false);
		if (w->run->seconds > 0 && sum + cost > left)
			continue;
		sum += cost_of(w, &offer[i], in, true);
	}
	return sum;
}

/* The chosen cells as experiments of their own, in the plan's order; they stay the plan's. */
static void gather(const struct suite_plan *plan, const bool *in, struct experiments *out)
{
	size_t i;

	*out = (struct experiments){.exp = xcalloc(plan->nr, sizeof(*out->exp)), .qemu = plan->exps.qemu};
	for (i = 0; i < plan->nr; i++)
		if (in[i])
			out->exp[out->nr++] = plan->exps.exp[i];
}

static void forget(struct experiments *exps)
{
	size_t i;

	for (i = 0; i < exps->nr; i++)
		free(exps->exp[i].reason);
	free(exps->exp);
}

static int run_batch(struct suite_work *w, struct experiments *exps, double cost, struct err *err)
{
	size_t missing;
	int ret;

	if (w->run->batch)
		w->run->batch(w->plan, exps->nr, cost / pace(w), w->run->opts.run.ctx);
	ret = w->run->farm->run(exps, &w->run->opts, err);
	w->ran += cost;
	missing = ret ? 0 : cells_missing(exps);
	if (missing)
		return err_set(err, -EIO, "%zu experiments failed on the host, not in the kernel; the same command "
			       "tries them again", missing);
	return ret;
}

/* One round; 1 when there was something to run. */
static int one_round(struct suite_work *w, const struct suite_standings *s, struct err *err)
{
	struct offer *offer = xcalloc(w->plan->nr_contests, sizeof(*offer));
	bool *in = xcalloc(w->plan->nr, sizeof(*in));
	double cost = choose(w, offer, take_offers(w, s, offer), in);
	struct experiments exps;
	int ret = 0;

	gather(w->plan, in, &exps);
	if (exps.nr)
		ret = run_batch(w, &exps, cost, err);
	if (!ret)
		ret = exps.nr > 0;
	forget(&exps);
	free(offer);
	free(in);
	return ret;
}

int suite_run(struct suite_plan *plan, const struct suite_run *run, struct suite_standings *out, struct err *err)
{
	struct suite_work w = {.plan = plan, .run = run};
	struct err why = {""};
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &w.begun);
	for (;;) {
		ret = suite_judge(plan, out, err);
		if (ret)
			return ret;
		ret = one_round(&w, out, &why);
		suite_plan_costs(plan, NULL);
		if (ret == 0)
			return 0;
		suite_standings_release(plan, out);
		if (ret < 0)
			break;
	}
	if (suite_judge(plan, out, err))
		return -EBADMSG;
	return err_set(err, ret, "%s", why.msg);
}
