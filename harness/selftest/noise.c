// SPDX-License-Identifier: GPL-2.0-only
#include "selftest/noise.h"

#include <math.h>

#include "stats/random.h"

/* From the middle of two heaps of standard deviation 0.31225: 0.95^2 + 0.31225^2 = 1. */
#define HEAP_AT 0.95
#define HEAP_SD 0.31224989991992

const char *noise_name(enum noise noise)
{
	static const char *const names[] = {"normal", "skewed", "heavy", "two heaps", "rounded"};

	return names[noise];
}

/* t is z over the root of a third of three squares; its variance is 3. */
static double heavy(uint64_t *state)
{
	double z = stats_random_normal(state), squares = 0;
	int i;

	for (i = 0; i < 3; i++)
		squares += pow(stats_random_normal(state), 2);
	return z / sqrt(squares);
}

static double draw(enum noise noise, uint64_t *state)
{
	switch (noise) {
	case NOISE_SKEWED:
		/* Mean exp(1 / 2), variance e^2 - e. */
		return (exp(stats_random_normal(state)) - exp(0.5)) / sqrt(M_E * M_E - M_E);
	case NOISE_HEAVY:
		return heavy(state);
	case NOISE_TWO:
		return HEAP_SD * stats_random_normal(state) +
		       (stats_random(state) >> 63 ? HEAP_AT : -HEAP_AT);
	case NOISE_ROUNDED:
		return round(stats_random_normal(state));
	default:
		return stats_random_normal(state);
	}
}

void noise_draw(enum noise noise, uint64_t *state, double *x, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = draw(noise, state);
}
