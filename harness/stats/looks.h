/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * looks - looking at the data more than once without more false alarms.
 *
 * Who runs a few seeds, looks, and goes on until the difference is significant finds one nearly
 * always.  Here the looks are declared in advance, and the error that all of them may make together is
 * shared out among them: Lan & DeMets, "Discrete Sequential Boundaries for Clinical Trials",
 * Biometrika 70(3), 1983.
 */
#ifndef WRINGER_STATS_LOOKS_H
#define WRINGER_STATS_LOOKS_H

#include <stddef.h>

#define STATS_LOOKS_MAX 64

/* How much of alpha is spent when a share t of the data is in. */
enum stats_spending {
	STATS_POCOCK, /* alpha ln(1 + (e - 1) t): about as much at each look */
	STATS_OBRIEN, /* 4 - 4 Phi(z(1 - alpha / 4) / sqrt(t)): little at first, as O'Brien and Fleming's */
};

/*
 * stats_looks - the level below which p must be at each look, two-sided, into p[0..nr-1].
 *
 * share[0..nr-1] are the shares of the data that each look sees: ascending, above 0, the last at most
 * 1.  The statistic is taken for one whose increments between looks are independent and normal, as
 * rank sums nearly are; the chance to cross a boundary is integrated look by look (Armitage,
 * McPherson & Rowe, "Repeated Significance Tests on Accumulating Data", J. of the Royal Statistical
 * Society A 132(2), 1969).  Absolute error of the cumulative chance below 1e-6.
 *
 * -EINVAL when shares do not ascend, nr is 0 or above STATS_LOOKS_MAX, or alpha is outside (0, 0.5].
 */
int stats_looks(const double *share, size_t nr, double alpha, enum stats_spending how, double *p);

#endif /* WRINGER_STATS_LOOKS_H */
