/* SPDX-License-Identifier: GPL-2.0-only */
/* Two arms, metric by metric, with a verdict where one is due. */
#ifndef REPORT_COMPARE_H
#define REPORT_COMPARE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "report/arms.h"
#include "result/metrics.h"
#include "stats/stats.h"

/* Confidence of the intervals, and the level of the tests after Holm's correction. */
#define COMPARE_CONFIDENCE 0.95
#define COMPARE_ALPHA      0.05

/* Room for the names of what else differs. */
#define COMPARE_ALSO 512

struct comparison_row {
	char *name; /* owned */
	size_t order; /* in the results */
	const char *unit;
	enum stats_direction better;
	enum metric_class class;
	const char *absent; /* why there is nothing to compare, or NULL */
	bool meaning_differs;
	char meaning[160];        /* both, when they differ: "A, B" */
	double floor;             /* a smaller change does not matter, in units */
	bool constant;            /* one value in all of both arms: there is nothing to test */
	size_t nr_base, nr_other; /* values there are */
	double base, other;       /* medians */
	struct stats_shift shift;
	double p;                 /* exact Mann-Whitney, two-sided */
	double p_adjusted;        /* Holm over the testable rows of its class with a direction */
	enum stats_verdict verdict;
};

struct comparison {
	const struct arm *base, *other;
	enum axis axis;
	struct comparison_row *row; /* primary first, then secondary, then diagnostic */
	size_t nr;
	size_t nr_tests[METRIC_DIAGNOSTIC + 1]; /* size of each Holm family */
	size_t n_base, n_other;                 /* members that count */
	size_t failed_base, failed_other;       /* members that did not end well */
	size_t missed_base, missed_other;       /* that did not meet what is expected, but count */
	size_t unsteady_base, unsteady_other;   /* whose warm-up ended at its longest */
	size_t violating;                       /* members whose numbers contradict each other */
	char also[COMPARE_ALSO];                /* what else differs between two kernels, or "" */
};

/*
 * comparable.c: 0, or -EXDEV with the differences named when the arms differ in more than the axis
 * and what follows from it, and it is not in allow (NULL-terminated keys, a key covers what is below
 * it); -ENODATA when an arm has no member that counts.  Of two kernels, also names the configuration
 * and the state in which they differ too, which is no hindrance but may be the reason.
 */
int comparable_check(const struct arm *base, const struct arm *other, enum axis axis,
		     char *const *allow, char also[COMPARE_ALSO], struct err *err);

/*
 * Fills in what two samples say, neither of them empty: medians, shift, p.  The row has its name, and no
 * verdict yet.
 */
int comparison_measure(struct comparison_row *row, const double *a, size_t na, const double *b,
		       size_t nb, struct err *err);
/* Whether the row can have a verdict: it has values that mean the same, and a direction. */
bool comparison_is_judged(const struct comparison_row *row);
/* What matters of the row, by its name and its floor. */
struct stats_gate comparison_gate(const struct comparison_row *row);

/*
 * Corrects the p of these rows after Holm, as one family of those that can be rejected at all
 * (*nr_tests), and judges each.
 */
int comparison_judge(struct comparison_row *const *row, size_t nr, size_t *nr_tests,
		     struct err *err);

/* What a row's change must be to count. */
struct stats_gate comparison_gate(const struct comparison_row *row);

/*
 * Compares the members of both arms that count, if comparable_check() lets it; -EINVAL when the
 * scenario names a primary metric that its results do not have.
 */
int compare_arms(const struct arm *base, const struct arm *other, enum axis axis,
		 char *const *allow, struct comparison *out, struct err *err);
void comparison_release(struct comparison *c);

/* The smallest change of the base's median that matters, in units. */
double comparison_margin(const struct comparison_row *row);
/* A counter that never moved in either arm says nothing. */
bool comparison_is_idle(const struct comparison_row *row);
/* comparison_notes.c: calls fn with a sentence for each thing that is to be known besides the numbers. */
void comparison_notes(const struct comparison *c, void (*fn)(void *ctx, const char *note), void *ctx);

#endif
