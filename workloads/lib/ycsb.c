// SPDX-License-Identifier: GPL-2.0-only
#include "workloads/lib/ycsb.h"

const char *const ycsb_mixes[] = {"a", "b", "c", "d", "e", "f", NULL};

/* In percent; the rest are reads. */
static const struct {
	unsigned int update, insert, scan, modify;
} mixes[] = {
	[YCSB_A] = {.update = 50},
	[YCSB_B] = {.update = 5},
	[YCSB_C] = {.update = 0},
	[YCSB_D] = {.insert = 5},
	[YCSB_E] = {.insert = 5, .scan = 95},
	[YCSB_F] = {.modify = 50},
};

enum ycsb_op ycsb_next(enum ycsb_mix mix, struct wl *wl)
{
	uint64_t dice;

	if (mix == YCSB_C)
		return YCSB_READ;
	dice = wl_below(wl, 100);
	if (dice < mixes[mix].update)
		return YCSB_UPDATE;
	dice -= mixes[mix].update;
	if (dice < mixes[mix].insert)
		return YCSB_INSERT;
	dice -= mixes[mix].insert;
	if (dice < mixes[mix].scan)
		return YCSB_SCAN;
	dice -= mixes[mix].scan;
	return dice < mixes[mix].modify ? YCSB_MODIFY : YCSB_READ;
}

bool ycsb_inserts(enum ycsb_mix mix)
{
	return mixes[mix].insert;
}

bool ycsb_writes(enum ycsb_mix mix)
{
	return mix != YCSB_C;
}
