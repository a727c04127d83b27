/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A suite: which experiments are run again and again, and what is compared with what.  A file of
 * suites/, described in wringer-suite(5).
 */
#ifndef SUITE_SUITE_H
#define SUITE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "experiment/catalogue.h"
#include "report/arms.h"
#include "stats/looks.h"

#define SUITE_SEEDS_MAX 1000
#define SUITE_LOOKS_MAX 8
#define SUITE_PRIORITY_MAX 9

/* A kernel by rule. */
struct suite_kernel {
	char *name; /* what [cells] call it */
	char *rule;
	int line;
	struct names is; /* what -k takes, when suite_kernels() has been there; may be none */
};

enum suite_expect { SUITE_ANY, SUITE_NOT_WORSE, SUITE_SAME, SUITE_BETTER };

/* A product of axes, and what is wanted of it. */
struct suite_cells {
	char *name;
	struct names word[AXIS_NR]; /* as after -k, -g, ...; kernels may be names of rules */
	uint64_t *seed;
	size_t nr_seeds; /* confirm more follow */
	size_t look[SUITE_LOOKS_MAX]; /* numbers of seeds at which it is looked at; the last is all */
	size_t nr_looks;
	uint64_t priority;  /* higher first */
	uint64_t budget_ns; /* of CPU time for all seeds of one arm; 0: none */
	uint64_t confirm;   /* seeds behind the last that are kept for whoever doubts a finding */
	enum axis by;       /* what is compared; AXIS_NR: the first with several words */
	char *base;         /* its word on that axis, or NULL: the first */
	unsigned int expect;
	int line;
};

struct suite {
	struct conf conf;
	char *name; /* of the file */
	char *title;
	uint64_t timeout_ns; /* wall-clock limit of one machine */
	uint64_t alpha;      /* millionths: chance of a false alarm, of all that is compared together */
	unsigned int spending; /* enum stats_spending */
	struct suite_kernel *kernel;
	size_t nr_kernels;
	struct suite_cells *cells;
	size_t nr_cells;
};

/* A name is of those that come with the program; a word with a slash is a path. */
int suite_load(const char *word, struct suite *out, struct err *err);
void suite_release(struct suite *suite);

/*
 * kernels.c: finds out what the rules mean today; builds kernels where a rule says so.  A rule that
 * may mean nothing yet, such as last-good, leaves none and tells so.
 */
int suite_kernels(struct suite *suite, void (*say)(const char *line), struct err *err);

/*
 * What a suite keeps between runs, results/.suite/NAME/FILE: a heap string.
 */
char *suite_file(const struct suite *suite, const char *file);
/* A remembered word ("last-good"), a heap string, or NULL. */
char *suite_recall(const struct suite *suite, const char *what);
int suite_remember(const struct suite *suite, const char *what, const char *word, struct err *err);

#endif
