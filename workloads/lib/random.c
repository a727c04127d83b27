// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>

#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

/* xoshiro256** 1.0, D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators". */
uint64_t wl_random(struct wl *wl)
{
	uint64_t *s = wl->rng;
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

/* Multiply-shift; the bias is below n / 2^64. */
uint64_t wl_below(struct wl *wl, uint64_t n)
{
	return (uint64_t)((unsigned __int128)wl_random(wl) * n >> 64);
}

bool wl_chance(struct wl *wl, uint64_t millionths)
{
	if (!millionths)
		return false;
	return millionths >= 1000000 || wl_below(wl, 1000000) < millionths;
}

static double unit(struct wl *wl)
{
	return (double)(wl_random(wl) >> 11) * 0x1p-53;
}

/* log1p(x)/x and expm1(x)/x, continuous at 0. */
static double log1p_ratio(double x)
{
	return fabs(x) > 1e-8 ? log1p(x) / x : 1 - x * (0.5 - x / 3);
}

static double expm1_ratio(double x)
{
	return fabs(x) > 1e-8 ? expm1(x) / x : 1 + x * (0.5 + x / 6);
}

/* The integral of the density x^-theta, and its inverse. */
static double big_h(const struct wl_zipf *z, double x)
{
	double lx = log(x);

	return expm1_ratio((1 - z->theta) * lx) * lx;
}

static double big_h_inverse(const struct wl_zipf *z, double x)
{
	double t = x * (1 - z->theta);

	return exp(log1p_ratio(t < -1 ? -1 : t) * x);
}

static double small_h(const struct wl_zipf *z, double x)
{
	return exp(-z->theta * log(x));
}

void wl_zipf_init(struct wl_zipf *z, uint64_t n, uint64_t theta)
{
	z->n = n;
	z->theta = (double)theta / 1e6;
	z->h_x1 = big_h(z, 1.5) - 1;
	z->h_n = big_h(z, (double)n + 0.5);
	z->s = 2 - big_h_inverse(z, big_h(z, 2.5) - small_h(z, 2));
}

uint64_t wl_zipf_next(struct wl_zipf *z, struct wl *wl)
{
	for (;;) {
		double u = z->h_n + unit(wl) * (z->h_x1 - z->h_n);
		double x = big_h_inverse(z, u);
		double k = floor(x + 0.5);

		if (k < 1)
			k = 1;
		else if (k > (double)z->n)
			k = (double)z->n;
		if (k - x <= z->s || u >= big_h(z, k + 0.5) - small_h(z, k))
			return (uint64_t)k - 1;
	}
}

/*
 * A four-round Feistel network over the smallest even number of bits that holds n, walked until the
 * value falls inside: a bijection for every n.
 */
uint64_t wl_scatter(uint64_t rank, uint64_t n, uint64_t salt)
{
	unsigned int half = 1;
	uint64_t mask;

	while (half < 32 && n > 1ull << (2 * half))
		half++;
	mask = (1ull << half) - 1;
	do {
		uint64_t left = rank >> half, right = rank & mask;
		unsigned int round;

		for (round = 0; round < 4; round++) {
			uint64_t next = left ^
					(wl_mix(right ^ salt ^ (uint64_t)round << 56) & mask);

			left = right;
			right = next;
		}
		rank = left << half | right;
	} while (rank >= n);
	return rank;
}
