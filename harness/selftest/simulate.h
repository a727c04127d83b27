/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * simulate - how often our verdicts, and the rules of others, are wrong or right on data that are
 * made up, so that the truth is known.  All that is random comes from one seed.
 *
 * Values are a level plus noise of standard deviation 1; the level is 1 / cv.  Lower is better, and
 * what is planted makes b worse by so many standard deviations.
 */
#ifndef SELFTEST_SIMULATE_H
#define SELFTEST_SIMULATE_H

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "selftest/noise.h"
#include "selftest/rules.h"
#include "selftest/tally.h"
#include "stats/stats.h"

/* Primary metrics of the catalogue, which "compare --table" corrects together. */
#define SIM_FAMILY 68
/* What of the level matters: as for metrics that are not in the registry. */
#define SIM_FLOOR 0.02
/* So many comparisons for one family of them. */
#define SIM_PER_FAMILY 8

#define SIM_SIZES       8
#define SIM_SHIFTS      4
#define SIM_MARGINS     3
#define SIM_LOOKS       4
#define SIM_LOOK_SHIFTS 3
#define SIM_ADVICES     8

extern const size_t sim_size[SIM_SIZES];     /* runs a side */
extern const double sim_shift[SIM_SHIFTS];   /* standard deviations; the first is 0 */
extern const double sim_margin[SIM_MARGINS]; /* standard deviations, of SAME */
extern const size_t sim_look[SIM_LOOKS];     /* runs a side at each look */
extern const double sim_look_shift[SIM_LOOK_SHIFTS];

struct sim_ask {
	size_t trials; /* comparisons in each cell, 1 to a million */
	uint64_t seed;
	double cv; /* of a level, above 0 */
	/* stats_holm, or another, to see that it would be noticed. */
	int (*correct)(const double *p, size_t n, double *adj);
};

/* Who says that there is a change. */
enum sim_rule {
	SIM_TEST,    /* the exact rank test at p < 0.05 */
	SIM_VERDICT, /* our verdict, with the floor, on one metric alone */
	SIM_ONE_OF,  /* the same, on one of SIM_FAMILY of which the others do not differ */
	SIM_OTHERS,  /* enum rule */
	SIM_RULES = SIM_OTHERS + RULE_NR,
};

/* Two arms of n: with nothing planted any change is counted, otherwise the one that is planted. */
struct sim_row {
	enum noise noise;
	size_t n;
	struct tally found[SIM_SHIFTS][SIM_RULES];
	struct tally any;               /* families without a difference that have a verdict */
	struct tally same[SIM_MARGINS]; /* SAME, of arms that do not differ */
	struct tally same_wrong[SIM_MARGINS]; /* SAME, of arms that differ by exactly the margin */
};

/* How to stop at one of several looks. */
enum sim_stop { SIM_NAIVE, SIM_POCOCK, SIM_OBRIEN, SIM_STOPS };

struct sim_looks_row {
	enum noise noise;
	enum sim_stop stop;
	double level[SIM_LOOKS];
	struct tally found[SIM_LOOK_SHIFTS];
	double runs[SIM_LOOK_SHIFTS]; /* mean, a side */
};

/* What stats_n_for_change() promises, and what comes of it. */
struct sim_advice {
	enum noise noise;
	double change; /* standard deviations */
	double power;
	size_t tests; /* the level is 0.05 over these */
	size_t n;
	struct tally found;
};

struct simulation {
	struct sim_ask ask;
	struct sim_row row[NOISE_NR * SIM_SIZES];
	struct sim_looks_row looks[NOISE_NR * SIM_STOPS];
	struct sim_advice advice[NOISE_NR * SIM_ADVICES];
};

/* -EINVAL when the ask is out of range, -ENOMEM. */
int sim_run(const struct sim_ask *ask, struct simulation *out, struct err *err);

/*
 * sim_broken - rates of ours that cannot be what they are said to be at most: their exact interval,
 * of a confidence that leaves 0.1 % for all cells together, is above.  Appends a line for each to
 * why; their number.
 */
size_t sim_broken(const struct simulation *sim, struct buf *why);

const char *sim_stop_name(enum sim_stop stop);

/* simulate_text.c */
void sim_text(const struct simulation *sim, bool markdown, struct buf *out);
json_t *sim_json(const struct simulation *sim);

#endif
