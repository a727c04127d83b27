/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * random - random numbers that are the same each time: the state is any number, and decides all
 * that follow.
 */
#ifndef WRINGER_STATS_RANDOM_H
#define WRINGER_STATS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/*
 * 64 random bits: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA
 * 2014.
 */
uint64_t stats_random(uint64_t *state);

/* Uniform in (0, 1]. */
double stats_random_uniform(uint64_t *state);

/*
 * Standard normal: Box & Muller, "A Note on the Generation of Random Normal Deviates", Annals
 * of Mathematical Statistics 29(2), 1958.
 */
double stats_random_normal(uint64_t *state);

/* Puts index[0..n-1] into random order, all orders being equally likely (Fisher & Yates). */
void stats_random_shuffle(uint64_t *state, size_t *index, size_t n);

#endif /* WRINGER_STATS_RANDOM_H */
