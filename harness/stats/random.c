// SPDX-License-Identifier: GPL-2.0-only
#include "stats/random.h"

#include <math.h>

uint64_t stats_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* The 53 bits a double has room for, and half of the last one more. */
double stats_random_uniform(uint64_t *state)
{
	return ((double)(stats_random(state) >> 11) + 0.5) / 9007199254740992.0;
}

double stats_random_normal(uint64_t *state)
{
	double r = sqrt(-2 * log(stats_random_uniform(state)));

	return r * cos(2 * M_PI * stats_random_uniform(state));
}

void stats_random_shuffle(uint64_t *state, size_t *index, size_t n)
{
	size_t i;

	for (i = n; i > 1; i--) {
		size_t k = (size_t)(stats_random(state) % i), was = index[i - 1];

		index[i - 1] = index[k];
		index[k] = was;
	}
}
