/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resample - how often our verdicts, and the rules of others, are wrong or right on results that
 * are stored.
 *
 * The seeds of each arm are split at random into two halves, many times, and the halves are
 * compared: what is found between them is false.  Then one metric of one half is made worse, and
 * should be found.  A suite is what one kernel, policy and engine have: all its scenarios' primary
 * metrics are judged together, as "compare --table" does.
 *
 * Halves that are drawn at random are exchangeable whatever the values are, so that the rank test
 * holds its level by construction.  What is seen here is whether all that is between the values and
 * a verdict keeps that: ties, counters that hardly ever move, floors, the correction, metrics that
 * go together.
 */
#ifndef SELFTEST_RESAMPLE_H
#define SELFTEST_RESAMPLE_H

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "report/arms.h"
#include "selftest/rules.h"
#include "selftest/tally.h"
#include "stats/stats.h"

#define RESAMPLE_SPLITS_MAX 1000000

struct resample_ask {
	size_t half; /* seeds a side; 0: half of what the largest arm has, 8 at most */
	size_t splits;
	uint64_t seed;
	double change; /* what is planted, and is to be seen: a fraction in (0, 1) */
	double power;  /* the chance that it is seen, of what is computed: in (0, 1) */
	size_t at;     /* seeds a side, of the smallest change that is seen */
	size_t pilot;  /* seeds that are advised by, the first; the number is tried on the others. 0: all, for both */
};

/* Who says that there is a change. */
enum resample_rule {
	RESAMPLE_OURS,
	RESAMPLE_OTHERS, /* enum rule */
	RESAMPLE_RULES = RESAMPLE_OTHERS + RULE_NR,
};

/* A primary metric that has a direction, of one arm. */
struct resample_row {
	const struct arm *arm;
	const char *group; /* of the scenario */
	const char *name;  /* inside the arm's results */
	const char *unit;
	enum stats_direction better;
	double *value; /* of the members that count, NAN where it is absent; owned */
	double *least; /* what matters at the least by what the member says; owned */
	struct stats_spread s;
	double floor; /* what matters, as a fraction of the median; NAN when that is 0 */
	struct tally found[RESAMPLE_RULES]; /* of what was planted */
	double visible; /* smallest change that is seen with `at` seeds; NAN: cannot be said */
	size_t needed;  /* seeds a side for `change`, by the pilot; 0: it is below what matters */
	struct tally at_needed; /* found with so many seeds; empty where that was not tried: advised.h */
};

struct resample_left_out {
	const struct arm *arm;
	char *why; /* owned */
};

struct resample_suite {
	const char *kernel, *policy, *engine;
	struct resample_row *row; /* those of one arm one after the other */
	size_t nr;
	size_t scenarios;
	size_t tests;                      /* rows that are not constant: the Holm family */
	struct tally any[RESAMPLE_RULES];  /* splits in which anything was found */
	struct tally each[RESAMPLE_RULES]; /* of metrics: constant ones too */
	struct resample_left_out *left_out;
	size_t nr_left_out;
};

struct resampled {
	struct resample_ask ask;
	struct resample_suite *suite;
	size_t nr;
};

/*
 * arms must outlive it.  -EINVAL when the ask is out of range, -ENODATA when no arm has seeds for
 * two halves.
 */
int resample_run(const struct arms *arms, const struct resample_ask *ask, struct resampled *out,
		 struct err *err);
void resample_release(struct resampled *r);

/* A value made worse by a fraction of itself. */
double resample_worse(enum stats_direction better, double by, double value);

/* As sim_broken(): suites with more false verdicts of ours than there may be. */
size_t resample_broken(const struct resampled *r, struct buf *why);

/* "wringer", "LKP", ... */
const char *resample_rule_name(enum resample_rule rule);

/* resample_text.c */
void resample_text(const struct resampled *r, bool markdown, struct buf *out);
json_t *resample_json(const struct resampled *r);

#endif
