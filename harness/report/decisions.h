/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether two kernels decided the same: the events of two runs of one experiment, one by one.
 *
 * Events are compared by what they say, their addresses left out, and by when they were.  Page frames
 * are compared by number; where those differ, as after a change that moves the kernel's own memory, by
 * the order in which each frame is first named.  Every page that enters a list is named when it does,
 * so that order is the order of allocation.
 */
#ifndef REPORT_DECISIONS_H
#define REPORT_DECISIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "records/records.h"

#define DECISION_TEXT 512

struct decisions {
	uint64_t nr;      /* compared, the one that differs not counted */
	bool renamed;     /* the same, but for the page frames' numbers */
	bool differ;      /* the next one is another, or is only on one side */
	struct {
		uint64_t time_ns;
		uint64_t lost;            /* events that nobody recorded */
		char text[DECISION_TEXT]; /* "" = there is no other event */
	} side[2];
};

/* -ENODATA when one of them has no events. */
int decisions_compare(const struct records *a, const struct records *b, struct decisions *out,
		      struct err *err);

#endif
