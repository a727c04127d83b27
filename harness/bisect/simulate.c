// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/simulate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "bisect/hunt.h"
#include "stats/random.h"

/* As the command's default. */
#define SEEDS 64
#define LIMIT 400

struct trial {
	const struct sim_case *c;
	uint64_t random;
	struct line line;
	struct hunt hunt;
	bool *broken;   /* by point: cannot be tested */
	bool new_is_bad;
	size_t culprit;
	size_t looked;  /* moments of the search */
	double held_exact, claimed, held; /* summed over them */
	bool stopped, right; /* when it was first sure */
};

const struct sim_case sim_cases[] = {
	{MODEL_RATE, 12, 0, 0, 0, 1, 0},
	{MODEL_RATE, 12, 0, 0, 0.02, 0.9, 0.1},
	{MODEL_RATE, 60, 0, 0, 0, 1, 0},
	{MODEL_RATE, 60, 0, 0, 0, 0.5, 0},
	{MODEL_RATE, 60, 0, 0, 0.1, 0.7, 0.2},
	{MODEL_RATE, 1000, 0, 0, 0.02, 0.9, 0.1},
	{MODEL_RATE, 60, 0, 0, 0, 0, 0},
	{MODEL_RATE, 60, 0, 0, 0.3, 0.3, 0},
	{MODEL_LEVEL, 12, SIM_NORMAL, 3, 0, 0, 0},
	{MODEL_LEVEL, 12, SIM_NORMAL, 1.5, 0, 0, 0},
	{MODEL_LEVEL, 60, SIM_NORMAL, 10, 0, 0, 0},
	{MODEL_LEVEL, 60, SIM_NORMAL, 3, 0, 0, 0},
	{MODEL_LEVEL, 60, SIM_NORMAL, 3, 0, 0, 0.2},
	{MODEL_LEVEL, 60, SIM_NORMAL, 2, 0, 0, 0},
	{MODEL_LEVEL, 60, SIM_NORMAL, 1.5, 0, 0, 0},
	{MODEL_LEVEL, 60, SIM_SKEWED, 2, 0, 0, 0.1},
	{MODEL_LEVEL, 60, SIM_OUTLIERS, 3, 0, 0, 0.1},
	{MODEL_LEVEL, 60, SIM_ROUNDED, 3, 0, 0, 0},
	{MODEL_LEVEL, 1000, SIM_NORMAL, 3, 0, 0, 0.1},
	{MODEL_LEVEL, 60, SIM_NORMAL, 0, 0, 0, 0},
	{MODEL_LEVEL, 60, SIM_OUTLIERS, 0, 0, 0, 0},
};
const size_t nr_sim_cases = ARRAY_SIZE(sim_cases);

const char *sim_noise_name(enum sim_noise noise)
{
	static const char *const names[] = {"normal", "skewed", "outliers", "rounded"};

	return names[noise];
}

static double noise(struct trial *t)
{
	double z = stats_random_normal(&t->random);

	switch (t->c->noise) {
	case SIM_SKEWED:
		/* Of standard deviation 1. */
		return exp(z) / 2.161197;
	case SIM_OUTLIERS:
		return stats_random_uniform(&t->random) < 0.1 ? 10 * z : z;
	case SIM_ROUNDED:
		return round(z);
	default:
		return z;
	}
}

static bool is_bad(const struct trial *t, size_t point)
{
	return (point >= t->culprit) == t->new_is_bad;
}

static double observe(struct trial *t, size_t point)
{
	bool bad = is_bad(t, point);

	if (t->c->model == MODEL_RATE)
		return stats_random_uniform(&t->random) < (bad ? t->c->bad : t->c->good);
	return 100 + (bad ? t->c->effect : 0) + noise(t);
}

/* Half of what cannot be tested lies together, half anywhere; never the ends. */
static void break_points(struct trial *t)
{
	size_t inner = t->c->culprits - 1, half = (size_t)(t->c->skip * (double)inner / 2 + 0.5);
	double at = stats_random_uniform(&t->random) * (double)(inner - half + 1);
	size_t i, from = 1 + (size_t)at;

	for (i = 0; i < half; i++) {
		t->broken[from + i] = true;
		t->broken[1 + (size_t)(stats_random_uniform(&t->random) * (double)inner)] = true;
	}
}

static void look(struct trial *t)
{
	const struct hunt *h = &t->hunt;
	bool *in;
	double mass, least = 1, over;
	size_t c, last = 0;

	t->looked++;
	in = xcalloc(t->line.nr, sizeof(*in));
	mass = model_credible(h->p, t->line.nr, HUNT_CREDIBLE, in);
	/* The last that was taken in: of equals the latest. */
	for (c = 1; c < t->line.nr; c++)
		if (in[c] && h->p[c] <= least) {
			least = h->p[c];
			last = c;
		}
	over = last == t->culprit ? (mass - HUNT_CREDIBLE) / least : 0;
	t->held += in[t->culprit];
	t->held_exact += in[t->culprit] - over;
	t->claimed += mass;
	free(in);
}

static void measure(struct trial *t, const struct step *step)
{
	size_t i;

	if (t->broken[step->point]) {
		hunt_skip(&t->hunt, step->point);
		return;
	}
	for (i = 0; i < step->seeds; i++) {
		struct attempt a = {step->point, i, true, observe(t, step->point)};

		hunt_add(&t->hunt, &a);
	}
}

static int run_trial(struct trial *t)
{
	struct step step;
	int ret;

	for (;;) {
		ret = hunt_next(&t->hunt, &step);
		if (ret || step.phase == HUNT_OVER)
			return ret;
		if (step.phase == HUNT_SEARCH)
			look(t);
		if (step.phase == HUNT_CONFIRM && !t->stopped) {
			t->stopped = true;
			t->right = t->hunt.found[t->culprit];
		}
		measure(t, &step);
	}
}

static void count(const struct trial *t, struct sim_result *out)
{
	const struct hunt *h = &t->hunt;

	out->trials++;
	if (!h->differ)
		return;
	out->started++;
	out->experiments += (double)h->nr;
	out->stopped += t->stopped;
	out->right += t->right;
	out->found += h->outcome == HUNT_FOUND;
	out->found_wrong += h->outcome == HUNT_FOUND && !h->found[t->culprit];
	out->sets += t->looked;
	out->held_exact += t->held_exact;
	out->claimed += t->claimed;
	out->held += t->held;
}

static int one_trial(const struct sim_case *c, uint64_t seed, struct sim_result *out)
{
	struct question q = {.model = c->model, .better = STATS_DIR_LOWER};
	struct trial t = {.c = c, .random = seed};
	size_t k;
	int ret;

	t.line.kind = "kernels";
	for (k = 0; k <= c->culprits; k++)
		line_add(&t.line, "", "", "", COST_TEMPLATE);
	t.broken = xcalloc(t.line.nr, sizeof(*t.broken));
	t.new_is_bad = stats_random_uniform(&t.random) < 0.5;
	t.culprit = 1 + (size_t)(stats_random_uniform(&t.random) * (double)c->culprits);
	break_points(&t);
	hunt_init(&t.hunt, &t.line, &q, t.new_is_bad, SEEDS, LIMIT);
	ret = run_trial(&t);
	count(&t, out);
	hunt_release(&t.hunt);
	line_release(&t.line);
	free(t.broken);
	return ret;
}

int simulate(const struct sim_case *c, size_t trials, uint64_t seed, struct sim_result *out,
	     struct err *err)
{
	size_t i;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	for (i = 0; !ret && i < trials; i++)
		ret = one_trial(c, seed * UINT64_C(0x2545f4914f6cdd1d) + i * UINT64_C(0x100000001), out);
	if (ret)
		return err_sys(err, ret, "cannot simulate");
	if (out->started)
		out->experiments /= (double)out->started;
	if (out->sets) {
		out->held_exact /= (double)out->sets;
		out->claimed /= (double)out->sets;
		out->held /= (double)out->sets;
	}
	return 0;
}
