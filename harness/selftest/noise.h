/* SPDX-License-Identifier: GPL-2.0-only */
/* noise - made-up scatter of seeds, of standard deviation 1 around 0. */
#ifndef SELFTEST_NOISE_H
#define SELFTEST_NOISE_H

#include <stddef.h>
#include <stdint.h>

enum noise {
	NOISE_NORMAL,
	NOISE_SKEWED,  /* lognormal, the logarithm of standard deviation 1 */
	NOISE_HEAVY,   /* Student's t with 3 degrees of freedom */
	NOISE_TWO,     /* two normal heaps of equal size, six of their standard deviations apart */
	NOISE_ROUNDED, /* normal, to whole standard deviations (then of 1.04): most values are tied
			*/
	NOISE_NR,
};

/* "normal", "skewed", "heavy", "two heaps", "rounded" */
const char *noise_name(enum noise noise);
/* Fills x[0..n-1]; *state decides all that follow (stats/random.h). */
void noise_draw(enum noise noise, uint64_t *state, double *x, size_t n);

#endif
