/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Searches over made-up lines with a culprit that is known, to see whether the probabilities that a search
 * states come true.  All that is random comes from one seed.
 */
#ifndef BISECT_SIMULATE_H
#define BISECT_SIMULATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bisect/model.h"

enum sim_noise { SIM_NORMAL, SIM_SKEWED, SIM_OUTLIERS, SIM_ROUNDED };

struct sim_case {
	enum model model;
	size_t culprits;     /* length of the line without its old end */
	enum sim_noise noise;
	double effect;       /* MODEL_LEVEL: standard deviations between good and bad; 0 = none */
	double good, bad;    /* MODEL_RATE: shares that fail */
	double skip;         /* share of points that cannot be tested: half of them one after another */
};

struct sim_result {
	size_t trials;
	size_t started;      /* the ends were found to differ */
	size_t stopped;      /* of those: at 95 % */
	size_t right;        /* of those: the culprit is in what is called sure */
	size_t found;        /* confirmed */
	size_t found_wrong;  /* confirmed, but another */
	double experiments;  /* of those that started, mean */
	/*
	 * Sets of exactly 90 %, the last culprit being taken in by lot, at every step of every search: how many
	 * there were, and the share that held the culprit.  And the sets as they are printed, which hold
	 * 90 % at least: the mass that they claim, and the share.
	 */
	size_t sets;
	double held_exact, claimed, held;
};

const char *sim_noise_name(enum sim_noise noise);
/* 0 or -EINVAL. */
int simulate(const struct sim_case *c, size_t trials, uint64_t seed, struct sim_result *out,
	     struct err *err);

/* The cases of the table in docs/. */
extern const struct sim_case sim_cases[];
extern const size_t nr_sim_cases;

#endif
