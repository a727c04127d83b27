/* SPDX-License-Identifier: GPL-2.0-only */
/* What workloads decide by calculation alone: nothing here asks the kernel, tests can call it. */
#ifndef WORKLOADS_LIB_DECIDE_H
#define WORKLOADS_LIB_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "workloads/lib/workload.h"

/*
 * apps: which one is next to come to the foreground, of at least two and never the one that is
 * there.  With a zipf distribution by popularity, without one the next in turn.
 */
static inline uint64_t decide_app(struct wl *wl, struct wl_zipf *zipf, uint64_t apps, uint64_t now)
{
	uint64_t next;

	if (!zipf)
		return (now + 1) % apps;
	do
		next = wl_scatter(wl_zipf_next(zipf, wl), apps, wl->seed);
	while (next == now);
	return next;
}

/*
 * balloon: pages to hold at a time since the start, between low and high.  A triangle rises for
 * half of the period and falls for the other; a square wave is low in the first half, then high.
 */
static inline uint64_t decide_balloon(bool square, uint64_t since, uint64_t period, uint64_t low,
				      uint64_t high)
{
	uint64_t half = period / 2, at = since % period;
	uint64_t rise = at < half ? at : period - at;

	if (square)
		return at < half ? low : high;
	if (rise > half)
		rise = half;
	return low + (uint64_t)((unsigned __int128)(high - low) * rise / half);
}

struct decide_senpai {
	uint64_t interval; /* ns */
	uint64_t pressure; /* share of the interval that may be stalled, millionths */
	uint64_t probe;    /* largest share of the cgroup's memory to ask for at once, millionths */
	uint64_t steps;    /* calm intervals from nothing to that */
};

/*
 * senpai: bytes to ask for after an interval, and in *step what is remembered.  With S the time
 * stalled in the interval, T = interval * pressure what is allowed, and M = current * probe:
 *
 *	S < T:	step = min(M, step + M / steps * (T - S) / T), and step is asked for
 *	else:	step = step / 2, and nothing is
 */
static inline uint64_t decide_senpai(const struct decide_senpai *o, uint64_t stalled,
				     uint64_t current, uint64_t *step)
{
	uint64_t allowed = (uint64_t)((unsigned __int128)o->interval * o->pressure / 1000000);
	uint64_t most = (uint64_t)((unsigned __int128)current * o->probe / 1000000);

	if (stalled >= allowed) {
		*step /= 2;
		return 0;
	}
	*step += (uint64_t)((unsigned __int128)(most / o->steps) * (allowed - stalled) / allowed);
	if (*step > most)
		*step = most;
	return *step & ~4095ull;
}

#endif
