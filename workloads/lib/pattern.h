/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a page of data holds, so that whoever reads it back can tell whether it is still that page.
 *
 * The first word names (seed, page number); noise bytes of pseudo-random data follow, the rest is a
 * constant.  noise decides how far the page can be compressed, which zram and zswap results
 * depend on.
 */
#ifndef WORKLOADS_LIB_PATTERN_H
#define WORKLOADS_LIB_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WL_PAGE_SIZE  4096u
/*
 * Share of each page of a data file that compression saves, in millionths, unless the scenario says
 * otherwise: little noise, since nothing compresses those pages.
 */
#define WL_FILE_COMPRESS 984375u

/* Bytes of noise that leave this share, in millionths, to be compressed away. */
static inline size_t wl_pattern_noise(uint64_t compress)
{
	return compress < 1000000 ? (size_t)(WL_PAGE_SIZE * (1000000 - compress) / 1000000) : 0;
}

/* A bijection of 64-bit numbers that leaves no visible order (Stafford's mix 13 of splitmix64). */
static inline uint64_t wl_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline uint64_t wl_pattern_tag(uint64_t seed, uint64_t page)
{
	return wl_mix(wl_mix(seed) ^ page);
}

/* noise is rounded down to words and must leave room for the tag. */
static inline void wl_pattern_write(void *at, uint64_t seed, uint64_t page, size_t noise)
{
	uint64_t *word = at;
	uint64_t x = wl_pattern_tag(seed, page);
	size_t i;

	word[0] = x;
	for (i = 1; i <= noise / 8 && i < WL_PAGE_SIZE / 8; i++) {
		/* xorshift64: one multiplication less per word than the mix above */
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		word[i] = x;
	}
	memset(word + i, 0x5a, WL_PAGE_SIZE - 8 * i);
}

static inline bool wl_pattern_ok(const void *at, uint64_t seed, uint64_t page)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return word == wl_pattern_tag(seed, page);
}

/*
 * The last word of a page that its workload writes again and again: names the page and the write, so
 * that a page that is half an old one, or all of it, shows.
 */
static inline uint64_t wl_pattern_tail(uint64_t seed, uint64_t page, uint64_t version)
{
	return ~wl_pattern_tag(seed, page) + version;
}

static inline uint64_t *wl_pattern_tail_at(void *page)
{
	return (uint64_t *)page + WL_PAGE_SIZE / 8 - 1;
}

#endif
