// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of harness/bisect: the posterior against what brute force integrates, the choice of the next point,
 * the course of a search, its journal, and commits of a repository that is made here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "bisect/bisect.h"
#include "bisect/choose.h"
#include "bisect/hunt.h"
#include "bisect/journal.h"
#include "bisect/line.h"
#include "bisect/model.h"
#include "bisect/simulate.h"

static char dir[] = "/tmp/test_bisect.XXXXXX";

static void plain_line(struct line *line, size_t nr)
{
	size_t k;

	*line = (struct line){.kind = "kernels"};
	for (k = 0; k < nr; k++) {
		char name[32];

		snprintf(name, sizeof(name), "k%zu", k);
		line_add(line, name, "", name, COST_TEMPLATE);
	}
}

/* --- the model --- */

/* Integral over the rate of p^s (1-p)^f dBeta(1/2,1/2); with p = sin^2(t) the prior is flat in t. */
static double brute_rate(int s, int n)
{
	double sum = 0;
	int i, steps = 20000;

	for (i = 0; i < steps; i++) {
		double p = pow(sin(M_PI / 2 * (i + 0.5) / steps), 2);

		sum += pow(p, s) * pow(1 - p, n - s);
	}
	return sum / steps;
}

static void rate_matches_its_integral(void **state)
{
	int n, s;

	(void)state;
	for (n = 0; n <= 9; n += 3)
		for (s = 0; s <= n; s++)
			assert_true(fabs(exp(model_rate_ml(s, n)) / brute_rate(s, n) - 1) < 1e-4);
}

static double normal_density(double x, double mean, double variance)
{
	return exp(-(x - mean) * (x - mean) / (2 * variance)) / sqrt(2 * M_PI * variance);
}

/* The likelihood of a half with its mean integrated out over its prior, at a variance. */
static double brute_half(const double *x, size_t n, double variance)
{
	double sum = 0, width = 12, step = 2 * width / 4000;
	size_t i;
	int m;

	for (m = 0; m < 4000; m++) {
		double mean = -width + (m + 0.5) * step, like = normal_density(mean, 0, variance / LEVEL_KAPPA);

		for (i = 0; i < n; i++)
			like *= normal_density(x[i], mean, variance);
		sum += like * step;
	}
	return sum;
}

static double brute_level(const double *x, size_t n1, size_t n2)
{
	double sum = 0;
	int i, steps = 400;

	/* Over the logarithm of the variance. */
	for (i = 0; i < steps; i++) {
		double u = -6 + 9 * (i + 0.5) / steps, v = exp(u);
		double prior = pow(LEVEL_B, LEVEL_A) / tgamma(LEVEL_A) * pow(v, -LEVEL_A - 1) * exp(-LEVEL_B / v);

		sum += brute_half(x, n1, v) * brute_half(x + n1, n2, v) * prior * v * 9 / steps;
	}
	return sum;
}

static double closed_level(const double *x, size_t n1, size_t n2)
{
	double sum[2] = {0}, squares = 0;
	size_t i;

	for (i = 0; i < n1 + n2; i++) {
		sum[i >= n1] += x[i];
		squares += x[i] * x[i];
	}
	return model_level_ml((double)n1, sum[0], (double)n2, sum[1], squares);
}

/* What both leave out is the same for every split, so ratios are what counts. */
static void level_matches_its_integral(void **state)
{
	static const double x[] = {-1.2, -0.4, -0.7, 0.3, 0.9, 1.4};
	double brute = brute_level(x, 3, 3), closed = closed_level(x, 3, 3);
	size_t n1;

	(void)state;
	for (n1 = 1; n1 < 6; n1++) {
		double ratio = brute_level(x, n1, 6 - n1) / brute;

		assert_true(fabs(exp(closed_level(x, n1, 6 - n1) - closed) / ratio - 1) < 0.01);
	}
}

static void scores_keep_order_and_ties(void **state)
{
	static const double x[] = {5, 1000000, -3, 5}, far[] = {5, 7, 4, 5}, bad[] = {1, NAN};
	double a[4], b[4], ties, z, squares = 0;
	size_t i;

	(void)state;
	assert_int_equal(model_scores(x, 4, a, &ties), 0);
	assert_int_equal(model_scores(far, 4, b, &ties), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_true(a[2] < a[0] && a[0] == a[3] && a[3] < a[1]);
	/* With ties the squares are those of four different values. */
	for (i = 0; i < 4; i++) {
		z = stats_normal_quantile((i + 0.5) / 4);
		squares += z * z - a[i] * a[i];
	}
	assert_true(fabs(squares - ties) < 1e-12 && ties > 0);
	assert_int_equal(model_scores(bad, 2, a, &ties), -EINVAL);
}

/* Posterior of a rate by hand: 8 of 8 fail at the new end, none of 8 at the old one, 1 of 1 at k2 of 5. */
static void posterior_by_hand(void **state)
{
	struct sample s[17];
	struct contrast contrast;
	struct line line;
	double p[5], seen, unseen;
	size_t i;

	(void)state;
	plain_line(&line, 5);
	for (i = 0; i < 16; i++)
		s[i] = (struct sample){i < 8 ? 0 : 4, i >= 8};
	s[16] = (struct sample){2, 1};
	assert_int_equal(model_posterior(&line, MODEL_RATE, s, 17, p, &contrast), 0);
	/* Culprits 1 and 2 are seen at k2: 9 of 9 and 0 of 8; 3 and 4 are not: 8 of 8 and 1 of 9. */
	seen = brute_rate(9, 9) * brute_rate(0, 8);
	unseen = brute_rate(8, 8) * brute_rate(1, 9);
	assert_true(fabs(p[1] - seen / (2 * seen + 2 * unseen)) < 1e-4);
	assert_true(p[0] == 0 && fabs(p[1] - p[2]) < 1e-12 && fabs(p[3] - p[4]) < 1e-12);
	s[16].value = 0.5;
	assert_int_equal(model_posterior(&line, MODEL_RATE, s, 17, p, &contrast), -EINVAL);
	line_release(&line);
}

static void credible_set_is_the_smallest(void **state)
{
	static const double p[] = {0, 0.05, 0.5, 0.4, 0.05};
	bool in[5];

	(void)state;
	assert_true(fabs(model_credible(p, 5, 0.9, in) - 0.9) < 1e-12);
	assert_true(!in[0] && !in[1] && in[2] && in[3] && !in[4]);
	assert_true(fabs(model_credible(p, 5, 0.92, in) - 0.95) < 1e-12);
	assert_true(in[1] && !in[4]);
}

/* --- the choice --- */

static void choice_halves_and_saves(void **state)
{
	struct contrast contrast = {.distance = 4};
	struct site site[41];
	struct choice choice;
	struct line line;
	double p[41] = {0};
	size_t k;

	(void)state;
	plain_line(&line, 41);
	for (k = 0; k < 41; k++) {
		site[k] = (struct site){.left = 10};
		p[k] = k ? 1.0 / 40 : 0;
	}
	assert_int_equal(choose_next(&line, MODEL_LEVEL, p, &contrast, site, 4, &choice), 0);
	assert_int_equal(choice.point, 20);
	/* What must be built first is worth going round, and what cannot be tested takes its sides along. */
	line.point[20].cost = 1000;
	assert_int_equal(choose_next(&line, MODEL_LEVEL, p, &contrast, site, 4, &choice), 0);
	assert_true(choice.point == 19 || choice.point == 21);
	line.point[20].cost = COST_TEMPLATE;
	for (k = 19; k <= 21; k++)
		site[k].skipped = true;
	assert_int_equal(choose_next(&line, MODEL_LEVEL, p, &contrast, site, 4, &choice), 0);
	assert_true(choice.point < 17 || choice.point > 23);
	for (k = 0; k < 41; k++)
		site[k].left = 0;
	assert_int_equal(choose_next(&line, MODEL_LEVEL, p, &contrast, site, 4, &choice), -ENOENT);
	line_release(&line);
}

static void share_of_a_bit(void **state)
{
	struct contrast none = {.old = 0.3, .new = 0.3}, sure = {.old = 1e-6, .new = 1 - 1e-6}, some = {0.1, 0.7, 0};

	(void)state;
	assert_true(choose_share(MODEL_RATE, &none, 4) < 1e-9);
	assert_true(choose_share(MODEL_RATE, &sure, 1) > 0.999);
	assert_true(choose_share(MODEL_RATE, &some, 2) > choose_share(MODEL_RATE, &some, 1));
	assert_true(choose_share(MODEL_LEVEL, &(struct contrast){.distance = 0}, 8) < 1e-9);
	assert_true(choose_share(MODEL_LEVEL, &(struct contrast){.distance = 10}, 1) > 0.99);
}

/* --- lines that branch --- */

/* 0 - 1 - 2 - 4 - 5, and 3 a side branch from 1 that 5 merges: 3 does not see 2, nor 4 see 3. */
static void branch_line(struct line *line)
{
	static const size_t parents[][2] = {{0, 0}, {0, 0}, {1, 1}, {1, 1}, {2, 2}, {3, 4}};
	size_t k;

	plain_line(line, 6);
	for (k = 1; k < 6; k++) {
		line_add_parent(line, k, parents[k][0]);
		line_add_parent(line, k, parents[k][1]);
	}
	line_make_matrix(line);
}

static void branches_are_seen(void **state)
{
	bool culprit[6] = {0}, usable[6] = {1, 1, 1, 1, 1, 1};
	struct line line;

	(void)state;
	branch_line(&line);
	assert_false(line_after(&line, 3, 2));
	assert_false(line_after(&line, 4, 3));
	assert_true(line_after(&line, 4, 1) && line_after(&line, 5, 3) && line_after(&line, 5, 5));
	assert_false(line_after(&line, 0, 1));
	culprit[4] = true;
	assert_int_equal(line_rank(&line, 4), 3);
	assert_int_equal(line_before(&line, culprit, usable), 2);
	assert_int_equal(line_from(&line, culprit, usable), 4);
	usable[4] = false;
	assert_int_equal(line_from(&line, culprit, usable), 5);
	line_release(&line);
}

/* --- the search --- */

struct world {
	struct hunt *hunt;
	size_t culprit;
	double good, bad;
	bool broken[64];
	size_t calls[64];
	bool again;          /* a seed was asked for twice */
	bool mixed;          /* what lies between the ends is now like one, now like the other */
	double drift;        /* each point differs by that from the one before, and noise is next to nothing */
};

static void answer(struct world *w, const struct step *step)
{
	const struct line *line = w->hunt->line;
	size_t i;

	if (w->broken[step->point]) {
		hunt_skip(w->hunt, step->point);
		return;
	}
	for (i = 0; i < step->seeds; i++) {
		size_t seed = w->calls[step->point]++;
		bool bad = line_after(line, step->point, w->culprit) == w->hunt->new_is_bad;
		if (w->mixed && step->point && step->point + 1 < line->nr)
			bad = seed & 1;
		/* Noise without chance: as many steps as there are seeds, none equal. */
		struct attempt a = {step->point, seed, true,
				    (bad ? w->bad : w->good) + w->drift * (double)step->point +
				    (double)((seed * 7 + step->point) % 11) / (w->drift ? 1100 : 11)};

		w->again |= seed >= w->hunt->seeds;
		hunt_add(w->hunt, &a);
	}
}

static void search(struct world *w, struct hunt *h)
{
	struct step step;

	w->hunt = h;
	for (;;) {
		assert_int_equal(hunt_next(h, &step), 0);
		if (step.phase == HUNT_OVER)
			return;
		assert_true(step.seeds > 0 && step.seeds <= h->site[step.point].left);
		answer(w, &step);
	}
}

static const struct question lower = {MODEL_LEVEL, STATS_DIR_LOWER, 0, 0};

static void every_culprit_is_found(void **state)
{
	struct hunt h;
	struct line line;
	size_t c;
	int order;

	(void)state;
	plain_line(&line, 30);
	for (c = 1; c < 30; c++)
		for (order = 0; order < 2; order++) {
			struct world w = {.culprit = c, .good = 10, .bad = 12};

			hunt_init(&h, &line, &lower, order, 64, 0);
			search(&w, &h);
			assert_int_equal(h.outcome, HUNT_FOUND);
			assert_true(h.found[c] && !w.again);
			assert_int_equal(h.before, c - 1);
			assert_int_equal(h.from, c);
			hunt_release(&h);
		}
	line_release(&line);
}

static void branched_culprits_are_found(void **state)
{
	struct hunt h;
	struct line line;
	size_t c;

	(void)state;
	branch_line(&line);
	for (c = 1; c < 6; c++) {
		struct world w = {.culprit = c, .good = 10, .bad = 12};

		hunt_init(&h, &line, &lower, true, 64, 0);
		search(&w, &h);
		assert_int_equal(h.outcome, HUNT_FOUND);
		assert_true(h.found[c]);
		hunt_release(&h);
	}
	line_release(&line);
}

/* What lies in a hole cannot be told apart, and all of it is named. */
static void skipped_ones_stay_suspects(void **state)
{
	struct world w = {.culprit = 11, .good = 10, .bad = 12};
	struct hunt h;
	struct line line;
	size_t k;

	(void)state;
	plain_line(&line, 20);
	for (k = 10; k < 13; k++)
		w.broken[k] = true;
	hunt_init(&h, &line, &lower, true, 64, 0);
	search(&w, &h);
	assert_int_equal(h.outcome, HUNT_FOUND);
	for (k = 1; k < 20; k++)
		assert_int_equal(h.found[k], k >= 10 && k <= 13);
	assert_int_equal(h.before, 9);
	assert_int_equal(h.from, 13);
	hunt_release(&h);
	line_release(&line);
}

static void refusals(void **state)
{
	struct world same = {.culprit = 3, .good = 10, .bad = 10}, swapped = {.culprit = 3, .good = 12, .bad = 10};
	struct hunt h;
	struct line line;

	(void)state;
	plain_line(&line, 6);
	hunt_init(&h, &line, &lower, true, 64, 0);
	search(&same, &h);
	assert_int_equal(h.outcome, HUNT_REFUSED);
	assert_non_null(strstr(h.why, "do not differ"));
	assert_non_null(strstr(h.why, "90 %"));
	hunt_release(&h);
	hunt_init(&h, &line, &lower, true, 64, 0);
	search(&swapped, &h);
	assert_int_equal(h.outcome, HUNT_REFUSED);
	assert_non_null(strstr(h.why, "other way round"));
	hunt_release(&h);
	/* Too few seeds for anything. */
	same.bad = 50;
	memset(same.calls, 0, sizeof(same.calls));
	hunt_init(&h, &line, &lower, true, 3, 0);
	search(&same, &h);
	assert_int_equal(h.outcome, HUNT_REFUSED);
	assert_non_null(strstr(h.why, "so few seeds"));
	hunt_release(&h);
	line_release(&line);
}

static void a_small_change_does_not_matter(void **state)
{
	struct question q = {MODEL_LEVEL, STATS_DIR_LOWER, 0.5, 0};
	struct world w = {.culprit = 3, .good = 10, .bad = 12};
	struct hunt h;
	struct line line;

	(void)state;
	plain_line(&line, 6);
	hunt_init(&h, &line, &q, true, 64, 0);
	search(&w, &h);
	assert_int_equal(h.outcome, HUNT_REFUSED);
	assert_non_null(strstr(h.why, "too small"));
	hunt_release(&h);
	line_release(&line);
}

/* Exact runs tell any two kernels apart; the large step is the one that is meant. */
static void small_steps_are_no_culprits(void **state)
{
	struct hunt h;
	struct line line;
	size_t c;

	(void)state;
	plain_line(&line, 8);
	for (c = 1; c < 8; c++) {
		struct world w = {.culprit = c, .good = 10, .bad = 12, .drift = 0.02};

		hunt_init(&h, &line, &lower, true, 64, 0);
		search(&w, &h);
		assert_int_equal(h.outcome, HUNT_FOUND);
		assert_true(h.found[c]);
		hunt_release(&h);
	}
	line_release(&line);
}

static void the_limit_holds(void **state)
{
	struct world w = {.culprit = 30, .good = 10, .bad = 12};
	struct hunt h;
	struct line line;

	(void)state;
	plain_line(&line, 60);
	hunt_init(&h, &line, &lower, true, 64, 18);
	search(&w, &h);
	assert_int_equal(h.outcome, HUNT_UNSURE);
	assert_true(h.nr < 18 + CHOOSE_SEEDS_MAX);
	hunt_release(&h);
	line_release(&line);
}

/* What does not fit the model is measured until its seeds are used up, and not called found. */
static void no_seed_is_run_twice(void **state)
{
	struct world w = {.culprit = 1, .good = 10, .bad = 12, .mixed = true};
	struct hunt h;
	struct line line;

	(void)state;
	plain_line(&line, 3);
	hunt_init(&h, &line, &lower, true, 16, 0);
	search(&w, &h);
	assert_int_equal(h.outcome, HUNT_UNCONFIRMED);
	assert_true(w.calls[1] > 8 && w.calls[1] <= 16);
	assert_false(w.again);
	hunt_release(&h);
	line_release(&line);
}

/* --- calibration --- */

static void sets_hold_what_they_claim(void **state)
{
	static const struct sim_case cases[] = {
		{MODEL_RATE, 20, 0, 0, 0.1, 0.8, 0.1},
		{MODEL_LEVEL, 20, SIM_NORMAL, 2, 0, 0, 0.1},
	};
	struct sim_result r, again;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(simulate(&cases[i], 60, 1, &r, NULL), 0);
		assert_true(r.started > 40 && r.held_exact > 0.82 && r.held_exact < 0.99);
		assert_true((double)r.right >= 0.9 * (double)r.stopped);
		assert_int_equal(r.found_wrong, 0);
		assert_int_equal(simulate(&cases[i], 60, 1, &again, NULL), 0);
		assert_memory_equal(&r, &again, sizeof(r));
	}
}

static void nothing_planted_nothing_found(void **state)
{
	static const struct sim_case c = {MODEL_LEVEL, 20, SIM_NORMAL, 0, 0, 0, 0};
	struct sim_result r;

	(void)state;
	assert_int_equal(simulate(&c, 100, 1, &r, NULL), 0);
	assert_true(r.started <= 2);
	assert_int_equal(r.found, 0);
}

/* --- the journal --- */

static json_t *entry(const char *key, int n)
{
	return json_pack("{s:{s:i}}", key, "n", n);
}

static void journal_survives_a_torn_line(void **state)
{
	cleanup_free char *path = xasprintf("%s/journal", dir);
	struct journal j, other;
	json_t *live;
	int fd;

	(void)state;
	assert_int_equal(journal_open(path, true, &j, NULL), 0);
	assert_int_equal(journal_add(&j, entry("start", 0), NULL), 0);
	assert_int_equal(journal_add(&j, entry("step", 1), NULL), 0);
	assert_int_equal(journal_open(path, true, &other, NULL), -EBUSY);
	journal_close(&j);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"try\":{\"po", 11), 11);
	close(fd);
	assert_int_equal(journal_open(path, true, &j, NULL), 0);
	assert_int_equal(json_array_size(j.all), 2);
	assert_int_equal(journal_add(&j, entry("try", 2), NULL), 0);
	journal_close(&j);
	assert_int_equal(journal_open(path, false, &j, NULL), 0);
	assert_int_equal(json_array_size(j.all), 3);
	live = journal_live(&j);
	assert_int_equal(json_array_size(live), 3);
	json_decref(live);
	journal_close(&j);
}

static void undo_takes_a_step_back(void **state)
{
	cleanup_free char *path = xasprintf("%s/undo", dir);
	static const char *const keys[] = {"start", "step", "try", "end", "step", "try", "undo", "undo", "undo"};
	static const size_t want[] = {1, 2, 3, 4, 5, 6, 4, 1, 1};
	struct journal j;
	json_t *live;
	size_t i;

	(void)state;
	assert_int_equal(journal_open(path, true, &j, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(journal_add(&j, entry(keys[i], (int)i), NULL), 0);
		live = journal_live(&j);
		assert_int_equal(json_array_size(live), want[i]);
		json_decref(live);
	}
	journal_close(&j);
}

static void damage_is_told(void **state)
{
	static const char text[] = "{\"start\":{}}\nnonsense\n{}\n";
	cleanup_free char *path = xasprintf("%s/damaged", dir);
	struct err err = {""};
	struct journal j;

	(void)state;
	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
	assert_int_equal(journal_open(path, true, &j, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "line 2"));
}

/* A search's journal, cut at every byte: it can be gone on with, and knows less the earlier it was cut. */
static void any_cut_can_be_read(void **state)
{
	cleanup_free char *folder = xasprintf("%s/results/.bisect/0123456789ab", dir);
	cleanup_free char *path = xasprintf("%s/journal", folder), *results = xasprintf("%s/results", dir);
	json_t *points = json_array(), *ask, *seeds = json_array();
	cleanup_buf struct buf text = {0};
	size_t k, n, last = 0;
	struct journal j;
	struct bisect b;

	(void)state;
	path_set_results(results);
	assert_int_equal(dir_make(folder, NULL), 0);
	for (k = 0; k < 5; k++)
		json_array_append_new(points, json_pack("{s:s, s:s, s:f}", "name", "k", "title", "", "cost", 6.0));
	for (k = 1; k <= 64; k++)
		json_array_append_new(seeds, json_integer((json_int_t)k));
	ask = json_pack("{s:s, s:s, s:s, s:s, s:o}", "good", "a", "bad", "b", "scenario", "s", "policy", "p",
			"seeds", seeds);
	assert_int_equal(journal_open(path, true, &j, NULL), 0);
	journal_add(&j, json_pack("{s:{s:s, s:b, s:o}, s:o}", "start", "kind", "kernels", "new_is_bad", 1,
				  "points", points, "ask", ask), NULL);
	journal_add(&j, json_pack("{s:{s:s, s:i, s:i}}", "step", "phase", "ends", "point", 0, "seeds", 8), NULL);
	for (k = 1; k <= 8; k++)
		journal_add(&j, json_pack("{s:{s:i, s:i, s:s, s:s, s:f}}", "try", "point", 0, "seed", (int)k, "id",
					  "x", "status", "done", "value", 0.0), NULL);
	journal_add(&j, json_pack("{s:{s:f, s:i}}", "end", "seconds", 1.0, "ran", 8), NULL);
	journal_close(&j);
	assert_int_equal(file_read(path, &text, NULL), 0);
	for (n = strcspn(buf_str(&text), "\n") + 1; n <= text.len; n++) {
		assert_int_equal(file_write(path, text.data, n, NULL), 0);
		assert_int_equal(bisect_load("0123", true, &b, NULL), 0);
		assert_true(b.hunt.nr >= last && b.hunt.nr <= 8);
		last = b.hunt.nr;
		assert_true(b.pending.phase == HUNT_OVER || b.pending_done == b.hunt.nr);
		bisect_close(&b);
	}
	assert_int_equal(last, 8);
	/* A place that the line does not have is damage, and no crash. */
	assert_int_equal(journal_open(path, true, &j, NULL), 0);
	journal_add(&j, json_pack("{s:{s:s, s:i, s:i}}", "step", "phase", "search", "point", 99, "seeds", 1), NULL);
	journal_close(&j);
	assert_int_equal(bisect_load("0123", false, &b, NULL), -EBADMSG);
}

/* --- commits --- */

static void shell(const char *script)
{
	const char *const argv[] = {"sh", "-euc", script, NULL};
	struct err err = {""};

	if (proc_capture(argv, 60000, NULL, &err))
		fail_msg("%s", err.msg);
}

static void make_repository(const char *tree)
{
	cleanup_free char *script = xasprintf(
		"mkdir -p %s && cd %s && git init -q . && git config user.name a && git config user.email a@b\n"
		"for i in 0 1 2 3 4 5; do mkdir -p mm; echo $i >f; [ $((i %% 2)) = 1 ] || echo $i >mm/g\n"
		"git add -A; git commit -qm \"number $i\"; git tag c$i; done\n"
		"git checkout -q -b side c2; echo x >s; git add s; git commit -qm side; git tag side1\n"
		"git checkout -q -; git checkout -q -b main2 c5; git merge -q -m merge side; git tag m\n"
		"git checkout -q -b other c1; echo y >y; git add y; git commit -qm other; git tag o", tree, tree);

	shell(script);
}

static int commits(struct git_request ask, struct line *line, bool *swapped, struct err *err)
{
	err->msg[0] = '\0';
	return line_of_commits(&ask, line, swapped, err);
}

static void commits_as_a_line(void **state)
{
	cleanup_free char *tree = xasprintf("%s/repo", dir), *work = xasprintf("%s/work", dir);
	char *paths[] = {(char *)"mm", NULL}, *kernel;
	struct git_request ask = {.tree = tree, .from = "c0", .to = "c5", .work = work,
				  .build = "[ \"$(cat f)\" != 3 ] || exit 125; [ \"$(cat f)\" != 4 ] || exit 2; "
					   "echo noise; cat f | sed 's/^/kernel-/'"};
	struct err err = {""};
	struct line line;
	bool swapped;

	(void)state;
	make_repository(tree);
	assert_int_equal(commits(ask, &line, &swapped, &err), 0);
	assert_int_equal(line.nr, 6);
	assert_null(line.after);
	assert_false(swapped);
	assert_string_equal(line.point[3].title, "number 3");
	assert_int_equal(line.make(&line, 1, NULL, &kernel, &err), 0);
	assert_string_equal(kernel, "kernel-1");
	free(kernel);
	assert_int_equal(line.make(&line, 3, NULL, &kernel, &err), -ENOEXEC);
	assert_int_equal(line.make(&line, 4, NULL, &kernel, &err), -EIO);
	assert_non_null(strstr(err.msg, "status 2"));
	assert_int_equal(line.make(&line, 5, NULL, &kernel, &err), 0);
	assert_string_equal(kernel, "kernel-5");
	free(kernel);
	line_release(&line);

	ask.from = "c5";
	ask.to = "c0";
	assert_int_equal(commits(ask, &line, &swapped, &err), 0);
	assert_true(swapped);
	line_release(&line);

	/* c2 and c4 touch mm; c5, the end, stands for what does not. */
	ask.paths = paths;
	assert_int_equal(commits(ask, &line, &swapped, &err), 0);
	assert_int_equal(line.nr, 4);
	assert_string_equal(line.point[1].title, "number 2");
	assert_non_null(line.note);
	line_release(&line);
}

static void merges_as_a_line(void **state)
{
	cleanup_free char *tree = xasprintf("%s/repo", dir), *work = xasprintf("%s/work", dir);
	struct git_request ask = {.tree = tree, .from = "c0", .to = "m", .work = work, .build = "true"};
	struct err err = {""};
	struct line line;
	size_t k, side = 0, four = 0;
	bool swapped;

	(void)state;
	assert_int_equal(commits(ask, &line, &swapped, &err), 0);
	assert_int_equal(line.nr, 8);
	assert_non_null(line.after);
	for (k = 0; k < line.nr; k++) {
		side = strcmp(line.point[k].title, "side") ? side : k;
		four = strcmp(line.point[k].title, "number 4") ? four : k;
	}
	assert_false(line_after(&line, side, four) || line_after(&line, four, side));
	assert_int_equal(line_rank(&line, side), 3);
	assert_true(line_after(&line, 7, side) && line_after(&line, 7, four));
	line_release(&line);
	ask.first_parent = true;
	assert_int_equal(commits(ask, &line, &swapped, &err), 0);
	assert_int_equal(line.nr, 7);
	assert_null(line.after);
	line_release(&line);
}

static void bad_commits(void **state)
{
	cleanup_free char *tree = xasprintf("%s/repo", dir);
	struct git_request ask = {.tree = tree, .from = "c0", .to = "c0", .work = "/nowhere", .build = "true"};
	struct err err;
	struct line line;
	bool swapped;

	(void)state;
	assert_int_equal(commits(ask, &line, &swapped, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "nothing between"));
	ask.to = "o";
	ask.from = "c5";
	assert_int_equal(commits(ask, &line, &swapped, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "different branches"));
	ask.to = "--output=/tmp/x";
	assert_int_equal(commits(ask, &line, &swapped, &err), -ENOENT);
	ask.tree = "/proc";
	assert_int_equal(commits(ask, &line, &swapped, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "not in a git repository"));
}

static void a_series_as_a_line(void **state)
{
	cleanup_free char *tree = xasprintf("%s/repo", dir), *work = xasprintf("%s/swork", dir);
	cleanup_free char *series = xasprintf("%s/patches", dir), *kernel = NULL;
	cleanup_free char *script = xasprintf("mkdir -p %s; cd %s; git format-patch -q -o %s c2..c5", series, tree,
					      series);
	cleanup_free char *spoil = xasprintf("cd %s; sed -i 's/^-3/-7/' 0002-*", series);
	struct git_request ask = {.tree = tree, .series = series, .base = "c2", .from = "base", .to = "all",
				  .work = work, .build = "cat f"};
	struct err err = {""};
	struct line line;
	bool swapped;

	(void)state;
	shell(script);
	assert_int_equal(line_of_series(&ask, &line, &swapped, &err), 0);
	assert_int_equal(line.nr, 4);
	assert_string_equal(line.point[0].name, "base");
	assert_string_equal(line.point[1].name, "0001-number-3.patch");
	assert_int_equal(line.make(&line, 2, NULL, &kernel, &err), 0);
	assert_string_equal(kernel, "4");
	line_release(&line);
	ask.from = "3";
	ask.to = "0001-number-3.patch";
	assert_int_equal(line_of_series(&ask, &line, &swapped, &err), 0);
	assert_true(swapped && line.nr == 3);
	line_release(&line);
	ask.to = "9";
	assert_int_equal(line_of_series(&ask, &line, &swapped, &err), -EINVAL);
	shell(spoil);
	ask.to = "base";
	assert_int_not_equal(line_of_series(&ask, &line, &swapped, &err), 0);
	assert_non_null(strstr(err.msg, "0002-number-4.patch does not apply"));
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return dir_remove(dir, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_matches_its_integral),
		cmocka_unit_test(level_matches_its_integral),
		cmocka_unit_test(scores_keep_order_and_ties),
		cmocka_unit_test(posterior_by_hand),
		cmocka_unit_test(credible_set_is_the_smallest),
		cmocka_unit_test(choice_halves_and_saves),
		cmocka_unit_test(share_of_a_bit),
		cmocka_unit_test(branches_are_seen),
		cmocka_unit_test(every_culprit_is_found),
		cmocka_unit_test(branched_culprits_are_found),
		cmocka_unit_test(skipped_ones_stay_suspects),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_small_change_does_not_matter),
		cmocka_unit_test(small_steps_are_no_culprits),
		cmocka_unit_test(the_limit_holds),
		cmocka_unit_test(no_seed_is_run_twice),
		cmocka_unit_test(sets_hold_what_they_claim),
		cmocka_unit_test(nothing_planted_nothing_found),
		cmocka_unit_test(journal_survives_a_torn_line),
		cmocka_unit_test(undo_takes_a_step_back),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(any_cut_can_be_read),
		cmocka_unit_test(commits_as_a_line),
		cmocka_unit_test(merges_as_a_line),
		cmocka_unit_test(bad_commits),
		cmocka_unit_test(a_series_as_a_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
