// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/hunt.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many seeds a side has when its test looks: all looks share one alpha. */
static const size_t looks[] = {8, 12, 20, 32, 48, 64, 96, 128};

/* From here on so many more seeds than there are will not be a matter of luck. */
#define HOPELESS_FROM  20
#define HOPELESS_TIMES 2

/* A confirmation that takes the culprit below this was a wrong turn, not a matter of more seeds. */
#define DOUBT 0.5

void hunt_init(struct hunt *h, const struct line *line, const struct question *q, bool new_is_bad,
	       size_t seeds, size_t limit)
{
	size_t k;

	*h = (struct hunt){.line = line, .q = *q, .new_is_bad = new_is_bad, .seeds = seeds,
			   .limit = limit, .cost_experiment = COST_EXPERIMENT,
			   .before = line->nr, .from = line->nr, .fresh_from = SIZE_MAX};
	h->site = xcalloc(line->nr, sizeof(*h->site));
	h->p = xcalloc(line->nr, sizeof(*h->p));
	h->found = xcalloc(line->nr, sizeof(*h->found));
	for (k = 0; k < line->nr; k++) {
		h->site[k].left = seeds;
		h->p[k] = k ? 1.0 / (double)(line->nr - 1) : 0;
	}
}

void hunt_release(struct hunt *h)
{
	free(h->tried);
	free(h->site);
	free(h->p);
	free(h->found);
	memset(h, 0, sizeof(*h));
}

size_t hunt_good(const struct hunt *h)
{
	return h->new_is_bad ? 0 : h->line->nr - 1;
}

size_t hunt_bad(const struct hunt *h)
{
	return h->new_is_bad ? h->line->nr - 1 : 0;
}

void hunt_add(struct hunt *h, const struct attempt *attempt)
{
	struct site *site = &h->site[attempt->point];

	h->tried = xrealloc(h->tried, h->nr + 1, sizeof(*h->tried));
	h->tried[h->nr++] = *attempt;
	site->ready = true;
	site->left -= site->left > 0;
}

void hunt_skip(struct hunt *h, size_t point)
{
	h->site[point].skipped = true;
	h->fresh_from = SIZE_MAX;
}

void hunt_refuse(struct hunt *h, const char *why)
{
	h->outcome = HUNT_REFUSED;
	snprintf(h->why, sizeof(h->why), "%s", why);
}

size_t hunt_count(const struct hunt *h, size_t point, size_t *values)
{
	size_t i, n = 0;

	*values = 0;
	for (i = 0; i < h->nr; i++) {
		n += h->tried[i].point == point;
		*values += h->tried[i].point == point && h->tried[i].has;
	}
	return n;
}

size_t hunt_values(const struct hunt *h, size_t point, size_t from, double *out)
{
	size_t i, n = 0;

	for (i = from; i < h->nr; i++)
		if (h->tried[i].point == point && h->tried[i].has)
			out[n++] = h->tried[i].value;
	return n;
}

static size_t nr_looks(size_t seeds)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(looks) && looks[i] <= seeds)
		i++;
	return i;
}

/* The next look after n attempts, at most max; 0 when there is none. */
static size_t next_look(size_t n, size_t max)
{
	size_t i, count = nr_looks(max);

	/* Few seeds are one look. */
	if (!count)
		return n < max ? max : 0;
	for (i = 0; i < count; i++)
		if (looks[i] > n)
			return looks[i];
	return 0;
}

static double alpha_of_look(double alpha, size_t max)
{
	size_t n = nr_looks(max);

	return alpha / (double)(n ? n : 1);
}

/* Judges good against bad by the attempts from an index on. */
static int judge(const struct hunt *h, const struct question *q, size_t good, size_t bad, size_t from,
		 double alpha, struct ends *out)
{
	double *a = xcalloc(h->nr + 1, sizeof(*a)), *b = xcalloc(h->nr + 1, sizeof(*b));
	size_t na = hunt_values(h, good, from, a), nb = hunt_values(h, bad, from, b);
	int ret = na && nb ? ends_judge(q, alpha, a, na, b, nb, out) : -ENODATA;

	free(a);
	free(b);
	return ret;
}

static int refuse_ends(struct hunt *h)
{
	const struct ends *e = &h->ends;
	const char *what = h->q.model == MODEL_RATE ? "share that fails" : "median";
	size_t n = strlen(h->why);

	h->outcome = HUNT_REFUSED;
	if (e->verdict == ENDS_REVERSED) {
		snprintf(h->why, sizeof(h->why),
			 "the ends differ the other way round: %s %.6g at the good end, %.6g at the bad "
			 "one (p = %.2g): exchange --good and --bad",
			 what, e->good, e->bad, e->p);
		return 0;
	}
	n += (size_t)snprintf(h->why, sizeof(h->why),
			      "the ends do not differ by what is asked: %s %.6g at the good end, %.6g at the "
			      "bad one, n = %zu and %zu, p = %.2g; ",
			      what, e->good, e->bad, e->nr_good, e->nr_bad, e->p);
	if (e->verdict == ENDS_SAME)
		snprintf(h->why + n, sizeof(h->why) - n, "any difference is too small to matter");
	else if (isfinite(e->visible) && e->needed)
		snprintf(h->why + n, sizeof(h->why) - n,
			 "a difference of %.3g would have been seen with a chance of 90 %%; for this one "
			 "about n = %zu would be needed",
			 e->visible, e->needed);
	else if (isfinite(e->visible))
		snprintf(h->why + n, sizeof(h->why) - n,
			 "a difference of %.3g would have been seen with a chance of 90 %%", e->visible);
	else
		snprintf(h->why + n, sizeof(h->why) - n,
			 "so few seeds cannot show any difference (give at least -n 1-16)");
	return 0;
}

static bool hopeless(const struct hunt *h, size_t n, size_t max)
{
	return n >= HOPELESS_FROM && (!h->ends.needed || h->ends.needed > HOPELESS_TIMES * max);
}

/* An end half of whose experiments have no value says nothing of what is asked. */
static bool end_is_mute(struct hunt *h, size_t end)
{
	size_t values, n = hunt_count(h, end, &values);

	if (!h->site[end].skipped && (n < looks[0] || 2 * values >= n))
		return false;
	if (!h->why[0])
		snprintf(h->why, sizeof(h->why), "the %s end, %s, cannot be tested: %zu of %zu "
			 "experiments have no value", end == hunt_good(h) ? "good" : "bad",
			 h->line->point[end].name, n - values, n);
	h->outcome = HUNT_REFUSED;
	return true;
}

static int next_ends(struct hunt *h, struct step *step)
{
	size_t max = h->seeds < 2 * looks[0] ? h->seeds : h->seeds / 2, values, end[2], n[2], want;
	int i, ret;

	end[0] = hunt_good(h);
	end[1] = hunt_bad(h);
	for (i = 0; i < 2; i++) {
		if (end_is_mute(h, end[i]))
			return 0;
		n[i] = hunt_count(h, end[i], &values);
	}
	/* A side that is behind first, so that both come to the same look. */
	want = n[0] == n[1] ? next_look(n[0], max) : n[0] > n[1] ? n[0] : n[1];
	if (n[0] == n[1] && n[0]) {
		ret = judge(h, &h->q, end[0], end[1], 0, alpha_of_look(HUNT_ALPHA_ENDS, max), &h->ends);
		if (ret)
			return ret;
		h->differ = h->ends.verdict == ENDS_DIFFER;
		if (h->differ)
			return 0;
		if (h->ends.verdict != ENDS_UNDECIDED || !want || hopeless(h, n[0], max))
			return refuse_ends(h);
	}
	i = n[0] > n[1];
	*step = (struct step){HUNT_ENDS, end[i], want - n[i]};
	return 0;
}

static double median_at(const struct hunt *h, size_t point)
{
	double *value = xcalloc(h->nr + 1, sizeof(*value)), median;
	size_t n = hunt_values(h, point, 0, value);

	median = n ? stats_median(value, n) : NAN;
	free(value);
	return median;
}

static int update(struct hunt *h)
{
	struct sample *sample = xcalloc(h->nr + 1, sizeof(*sample));
	size_t i, n = 0;
	int ret;

	for (i = 0; i < h->nr; i++)
		if (h->tried[i].has)
			sample[n++] = (struct sample){h->tried[i].point, h->tried[i].value};
	if (h->q.model == MODEL_LEVEL)
		model_coarsen(sample, n, median_at(h, hunt_good(h)), median_at(h, hunt_bad(h)));
	ret = model_posterior(h->line, h->q.model, sample, n, h->p, &h->contrast);
	free(sample);
	return ret;
}

static bool told_apart(const struct hunt *h, size_t a, size_t b)
{
	size_t k;

	for (k = 0; k < h->line->nr; k++)
		if (!h->site[k].skipped &&
		    line_after(h->line, k, a) != line_after(h->line, k, b))
			return true;
	return false;
}

/* The likeliest culprit, with those that nothing that can be tested tells from it. */
static void find_culprits(struct hunt *h)
{
	bool *usable = xcalloc(h->line->nr, sizeof(*usable));
	size_t c, best = 1;

	for (c = 0; c < h->line->nr; c++) {
		usable[c] = !h->site[c].skipped;
		best = c && h->p[c] > h->p[best] ? c : best;
	}
	h->sure = 0;
	memset(h->found, 0, h->line->nr * sizeof(*h->found));
	for (c = 1; c < h->line->nr; c++) {
		h->found[c] = c == best || ((h->site[c].skipped || h->site[best].skipped) &&
					    !told_apart(h, c, best));
		h->sure += h->found[c] ? h->p[c] : 0;
	}
	h->before = line_before(h->line, h->found, usable);
	h->from = line_from(h->line, h->found, usable);
	free(usable);
}

static bool at_limit(struct hunt *h)
{
	if (!h->limit || h->nr < h->limit)
		return false;
	h->outcome = HUNT_UNSURE;
	snprintf(h->why, sizeof(h->why), "the limit of %zu experiments is reached", h->limit);
	return true;
}

static int next_search(struct hunt *h, struct step *step)
{
	struct choice choice;

	if (h->sure >= HUNT_SURE) {
		h->fresh_from = h->nr;
		return 0;
	}
	if (at_limit(h))
		return 0;
	if (choose_next(h->line, h->q.model, h->p, &h->contrast, h->site, h->cost_experiment,
			&choice)) {
		h->outcome = HUNT_UNSURE;
		snprintf(h->why, sizeof(h->why),
			 "nothing that can be tested tells more: what is left has had all its seeds, or "
			 "cannot be tested");
		return 0;
	}
	*step = (struct step){HUNT_SEARCH, choice.point, choice.seeds};
	return 0;
}

static void unconfirmed(struct hunt *h, const char *why)
{
	h->outcome = HUNT_UNCONFIRMED;
	snprintf(h->why, sizeof(h->why), "%s", why);
}

static size_t fresh_count(const struct hunt *h, size_t point)
{
	size_t i, n = 0;

	for (i = h->fresh_from; i < h->nr; i++)
		n += h->tried[i].point == point;
	return n;
}

/* The two sides, the good one first; their fresh seeds, and how many both could have. */
static size_t sides_of(const struct hunt *h, size_t side[2], size_t n[2])
{
	size_t most = SIZE_MAX;
	int i;

	side[0] = h->new_is_bad ? h->before : h->from;
	side[1] = h->new_is_bad ? h->from : h->before;
	for (i = 0; i < 2; i++) {
		n[i] = fresh_count(h, side[i]);
		most = n[i] + h->site[side[i]].left < most ? n[i] + h->site[side[i]].left : most;
	}
	return most;
}

/* That the ends differ by enough to matter was shown; here it is which of two it is. */
static bool borne_out(struct hunt *h, const size_t side[2])
{
	struct question q = {h->q.model, h->q.better, 0, 0};
	int ret = judge(h, &q, side[0], side[1], h->fresh_from,
			alpha_of_look(HUNT_ALPHA_CONFIRM, h->seeds), &h->confirmed);

	return !ret && h->confirmed.verdict == ENDS_DIFFER;
}

static int next_confirm(struct hunt *h, struct step *step)
{
	size_t side[2], n[2], most, want;
	int i;

	if (h->before == h->line->nr || h->from == h->line->nr) {
		unconfirmed(h, "there is no kernel beside it that can be tested");
		return 0;
	}
	most = sides_of(h, side, n);
	want = n[0] == n[1] ? next_look(n[0], most) : n[0] > n[1] ? n[0] : n[1];
	if (n[0] == n[1] && n[0]) {
		if (borne_out(h, side)) {
			h->outcome = HUNT_FOUND;
			return 0;
		}
		if (h->sure < DOUBT) {
			h->fresh_from = SIZE_MAX;
			return 0;
		}
	}
	if (!want || at_limit(h)) {
		unconfirmed(h, "fresh seeds do not show the difference between it and what is before it");
		return 0;
	}
	i = n[0] > n[1];
	*step = (struct step){HUNT_CONFIRM, side[i], want - n[i]};
	return 0;
}

/* What is being confirmed stays who it is, however likely it is now. */
static int look_up(struct hunt *h)
{
	size_t c;
	int ret = update(h);

	if (ret)
		return ret;
	if (h->fresh_from == SIZE_MAX) {
		find_culprits(h);
		return 0;
	}
	for (h->sure = 0, c = 1; c < h->line->nr; c++)
		h->sure += h->found[c] ? h->p[c] : 0;
	return 0;
}

int hunt_next(struct hunt *h, struct step *step)
{
	int ret = 0;

	*step = (struct step){.phase = HUNT_OVER};
	if (!h->differ && !h->outcome)
		ret = next_ends(h, step);
	if (ret || !h->differ || h->outcome)
		return ret;
	ret = look_up(h);
	if (!ret && h->fresh_from == SIZE_MAX)
		ret = next_search(h, step);
	if (!ret && !h->outcome && h->fresh_from != SIZE_MAX)
		ret = next_confirm(h, step);
	/* A confirmation that was a wrong turn goes on searching. */
	if (!ret && !h->outcome && step->phase == HUNT_OVER)
		return hunt_next(h, step);
	return ret;
}
