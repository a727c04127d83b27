/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a suite means today: experiments, in which order, and which arms are compared with each other.
 * It is kept as results/.suite/NAME/plan.json, so that what was run can be told without finding out
 * again what the rules mean.
 */
#ifndef SUITE_PLAN_H
#define SUITE_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "experiment/experiment.h"
#include "report/arms.h"
#include "suite/suite.h"

/* One experiment; several contests may have it. */
struct suite_cell {
	char id[SHA256_HEX];
	size_t contest, arm; /* the first that it is of */
	uint64_t seed;
	double cost;         /* CPU seconds, as estimated or measured */
	bool measured;
	bool reserve; /* for a confirmation only */
};

struct suite_member {
	size_t cell; /* its position in the plan */
	size_t look; /* the first that needs it, from 0; nr_looks: it is for a confirmation */
};

struct suite_arm {
	char *label; /* on the contest's axis */
	struct suite_member *member; /* by look and seed */
	size_t nr;
};

/* Arms that differ in one axis: the first is what the others are compared with. */
struct suite_contest {
	char *cells;          /* of the suite's file */
	char *label[AXIS_NR]; /* NULL on its axis */
	enum axis by;         /* AXIS_NR: nothing is compared */
	unsigned int expect;  /* enum suite_expect */
	uint64_t priority;
	double budget;        /* CPU seconds of an arm; 0: none */
	size_t look[SUITE_LOOKS_MAX];
	size_t nr_looks;
	size_t nr_metrics;    /* primary ones, which are judged */
	struct suite_arm *arm;
	size_t nr_arms;
};

struct suite_plan {
	char *suite;
	double alpha;
	unsigned int spending;
	struct suite_cell *cell; /* in the order in which they are run */
	size_t nr;
	struct suite_contest *contest;
	size_t nr_contests;
	size_t nr_wanted; /* cells but for the reserve */
	size_t nr_tests; /* comparisons that are made in all: each gets its share of alpha */
	struct experiments exps; /* of suite_plan_make(): exp i is of cell i; else empty */
};

/*
 * Resolves the suite's rules and plans all of it; what that may fetch or build is told.
 */
int suite_plan_make(struct suite *suite, void (*say)(const char *line), struct suite_plan *out,
		    struct err *err);
/* Counts comparisons, and what is wanted. */
void suite_plan_count(struct suite_plan *plan);
void suite_plan_release(struct suite_plan *plan);

/* -ENOENT when the suite was never planned. */
int suite_plan_load(const struct suite *suite, struct suite_plan *out, struct err *err);
int suite_plan_save(const struct suite *suite, const struct suite_plan *plan, struct err *err);

/* Costs anew, of what has results by now. */
void suite_plan_costs(struct suite_plan *plan, const struct suite_plan *old);

#endif
