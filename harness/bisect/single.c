// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/single.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "bisect/line.h"
#include "bisect/model.h"
#include "result/metrics.h"

#define BATCH 4
#define ALPHA 0.01

/* When the sides are looked at. */
static const size_t looks[] = {8, 12, 20, 32, 64};

/* A kernel's experiments so far. */
struct sample_of {
	const char *kernel;
	double *value;
	size_t nr, tried;
	enum stats_direction better; /* what results say of a metric that the registry does not have */
	double floor;
	char why[400]; /* why the last one without a value has none */
};

static void sample_release(struct sample_of *s)
{
	free(s->value);
}

static void take_values(struct sample_of *s, const struct measured *m, size_t nr)
{
	size_t i;

	s->value = xrealloc(s->value, s->nr + nr, sizeof(*s->value));
	for (i = 0; i < nr; i++) {
		if (m[i].better)
			s->better = metric_better_find(m[i].better);
		s->floor = fmax(s->floor, m[i].floor);
		if (m[i].has)
			s->value[s->nr++] = m[i].value;
		else if (m[i].why)
			snprintf(s->why, sizeof(s->why), "%s", m[i].why);
	}
	s->tried += nr;
}

/* Up to n experiments in all. */
static int sample_to(const struct single_ask *ask, struct sample_of *s, size_t n, struct err *err)
{
	struct experiments exps;
	struct measured *m;
	int ret;

	if (n > ask->nr_seeds)
		n = ask->nr_seeds;
	if (s->tried >= n)
		return 0;
	ret = measure_plan(ask->measure, s->kernel, ask->seed + s->tried, n - s->tried, &exps, err);
	if (ret)
		return ret;
	m = xcalloc(exps.nr, sizeof(*m));
	ret = measure_run(ask->measure, &exps, m, err);
	if (!ret)
		take_values(s, m, exps.nr);
	measured_release(m, exps.nr);
	experiments_release(&exps);
	return ret;
}

static bool is_mute(struct sample_of *s, struct single *out)
{
	if (!s->tried || 2 * s->nr >= s->tried)
		return false;
	out->verdict = SINGLE_UNTESTABLE;
	snprintf(out->why, sizeof(out->why), "%.60s cannot be tested: %s", s->kernel, s->why);
	return true;
}

/* Bad as soon as one fails. */
static int judge_alone(const struct single_ask *ask, struct sample_of *s, struct single *out,
		       struct err *err)
{
	size_t i;
	int ret = 0;

	while (!ret && s->tried < ask->nr_seeds) {
		ret = sample_to(ask, s, s->tried + BATCH, err);
		for (i = 0; !ret && i < s->nr; i++)
			if (s->value[i] == 1) {
				out->verdict = SINGLE_BAD;
				snprintf(out->why, sizeof(out->why), "it fails, with %zu seeds run", s->tried);
				return 0;
			}
		if (!ret && is_mute(s, out))
			return 0;
	}
	snprintf(out->why, sizeof(out->why), "none of %zu experiments fails", s->nr);
	return ret;
}

/* The look at these sizes; *level: what of alpha each look has. */
static size_t look_at(size_t i, size_t max, double *level)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(looks) && looks[n] <= max)
		n++;
	*level = ALPHA / (double)(n ? n : 1);
	if (!n)
		return i ? 0 : max;
	return i < n ? looks[i] : 0;
}

static int compare(const struct single_ask *ask, struct sample_of *good, struct sample_of *bad,
		   double alpha, struct ends *ends)
{
	struct question q = ask->question;

	if (q.better == STATS_DIR_NONE)
		q.better = good->better;
	q.min_abs = fmax(q.min_abs, good->floor);
	return ends_judge(&q, alpha, good->value, good->nr, bad->value, bad->nr, ends);
}

static void tell_ends(const struct ends *e, const char *what, struct single *out)
{
	snprintf(out->why, sizeof(out->why), "%s: %.6g, the base has %.6g, n = %zu and %zu, p = %.2g",
		 what, e->bad, e->good, e->nr_bad, e->nr_good, e->p);
}

static int judge_against(const struct single_ask *ask, struct sample_of *s, struct single *out,
			 struct err *err)
{
	struct sample_of base = {.kernel = ask->base};
	struct ends ends = {0};
	double level;
	size_t i, n;
	int ret = 0;

	out->verdict = SINGLE_UNTESTABLE;
	for (i = 0; !ret && (n = look_at(i, ask->nr_seeds, &level)); i++) {
		ret = sample_to(ask, &base, n, err);
		if (!ret)
			ret = sample_to(ask, s, n, err);
		if (ret || is_mute(&base, out) || is_mute(s, out))
			break;
		ret = compare(ask, &base, s, level, &ends);
		if (ret || ends.verdict == ENDS_UNDECIDED)
			continue;
		out->verdict = ends.verdict == ENDS_DIFFER ? SINGLE_BAD : SINGLE_GOOD;
		tell_ends(&ends, ends.verdict == ENDS_DIFFER ? "worse" : "no worse", out);
		break;
	}
	if (!ret && !out->why[0])
		tell_ends(&ends, "undecided, more seeds or --good and --bad would tell", out);
	sample_release(&base);
	return ret;
}

/* The ends must be told apart before anything can be said to be like one of them. */
static int ends_differ(const struct single_ask *ask, struct sample_of *good, struct sample_of *bad,
		       struct ends *ends, struct err *err)
{
	double level;
	size_t i, n;
	int ret;

	for (i = 0; (n = look_at(i, ask->nr_seeds, &level)); i++) {
		ret = sample_to(ask, good, n, err);
		if (!ret)
			ret = sample_to(ask, bad, n, err);
		if (!ret && good->nr && bad->nr)
			ret = compare(ask, good, bad, level, ends);
		if (ret || (good->nr && bad->nr && ends->verdict != ENDS_UNDECIDED))
			return ret;
	}
	return 0;
}

/* How likely it is that the kernel is like the bad end: a line of three, and the second is the culprit. */
static int like_bad(const struct single_ask *ask, const struct sample_of *s, double *chance)
{
	struct point points[3] = {{0}};
	struct line line = {.kind = "kernels", .point = points, .nr = 3};
	struct contrast contrast;
	struct sample *sample;
	double p[3] = {0};
	size_t k, i, n = 0;
	int ret;

	sample = xcalloc(s[0].nr + s[1].nr + s[2].nr, sizeof(*sample));
	for (k = 0; k < 3; k++)
		for (i = 0; i < s[k].nr; i++)
			sample[n++] = (struct sample){k, s[k].value[i]};
	if (ask->question.model == MODEL_LEVEL)
		model_coarsen(sample, n, stats_median(s[0].value, s[0].nr),
			      stats_median(s[2].value, s[2].nr));
	ret = model_posterior(&line, ask->question.model, sample, n, p, &contrast);
	*chance = p[1];
	free(sample);
	return ret;
}

/* s: the good end, the kernel, the bad end. */
static int judge_between(const struct single_ask *ask, struct sample_of s[3], struct single *out,
			 struct err *err)
{
	struct ends ends = {0};
	double chance = 0.5;
	int ret = ends_differ(ask, &s[0], &s[2], &ends, err);

	out->verdict = SINGLE_UNTESTABLE;
	if (ret || is_mute(&s[0], out) || is_mute(&s[2], out))
		return ret;
	if (ends.verdict != ENDS_DIFFER)
		return err_set(err, -EINVAL, "the ends %s and %s do not differ as they should: %.6g and %.6g, "
					     "p = %.2g", ask->good, ask->bad, ends.good, ends.bad, ends.p);
	while (!ret && s[1].tried < ask->nr_seeds) {
		ret = sample_to(ask, &s[1], s[1].tried + BATCH, err);
		if (!ret && is_mute(&s[1], out))
			return 0;
		if (!ret)
			ret = like_bad(ask, s, &chance);
		if (!ret && fmax(chance, 1 - chance) >= SINGLE_SURE) {
			out->verdict = chance > 0.5 ? SINGLE_BAD : SINGLE_GOOD;
			break;
		}
	}
	snprintf(out->why, sizeof(out->why), "%.2f %% like %.60s, %.2f %% like %.60s", 100 * (1 - chance),
		 ask->good, 100 * chance, ask->bad);
	return ret;
}

int single_judge(const struct single_ask *ask, struct single *out, struct err *err)
{
	struct sample_of s[3] = {{.kernel = ask->good}, {.kernel = ask->kernel}, {.kernel = ask->bad}};
	size_t i;
	int ret;

	*out = (struct single){.verdict = SINGLE_GOOD};
	if (ask->good)
		ret = judge_between(ask, s, out, err);
	else if (ask->base)
		ret = judge_against(ask, &s[1], out, err);
	else
		ret = judge_alone(ask, &s[1], out, err);
	out->nr = s[1].tried;
	for (i = 0; i < 3; i++)
		sample_release(&s[i]);
	return ret;
}
