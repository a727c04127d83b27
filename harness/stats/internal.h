/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share among themselves. Not for use from outside. */
#ifndef WRINGER_STATS_INTERNAL_H
#define WRINGER_STATS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True when every value of x[0..n-1] is usable in the sense of stats.h. */
bool stats_usable(const double *x, size_t n);

/*
 * stats_select - the value of the given rank (from 0) in a multiset that only knows how to count.
 *
 * count_le(set, t) returns how many members are <= t. The answer is the smallest double t for
 * which that exceeds rank, which is a member. At most 64 counts, no memory: it bisects over the
 * doubles themselves. rank must be below the size of the multiset.
 */
double stats_select(size_t (*count_le)(const void *set, double t), const void *set, size_t rank);

/* 1 / z(3/4): times the median distance from the median it is the standard deviation of normal data. */
#define STATS_MAD_TO_SD 1.482602218505602

/* C(n, k) in floating point: exact below 2^53, infinite when it overflows. */
double stats_choose(size_t n, size_t k);

/*
 * stats_null_counts - exact null distribution of the sum of k out of n ranks.
 *
 * rank[0..n-1] ascends and may hold ties; n <= STATS_EXACT_MAX and k <= n / 2. On success
 * (*counts)[s], s < *width, is the number of k-subsets whose sum exceeds the smallest possible sum
 * by s. The caller frees *counts. -EINVAL when n or k are out of range, -ENOMEM.
 */
int stats_null_counts(const size_t *rank, size_t n, size_t k, double **counts, size_t *width);

#endif /* WRINGER_STATS_INTERNAL_H */
