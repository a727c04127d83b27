/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace as counters over time: what had happened up to each of some points.
 *
 *	trace.EVENT			events of that name, from the beginning
 *	trace.node.N.EVENT		those that name a node
 *	trace.cgroup.NAME.EVENT		those of tasks of a cgroup
 *	trace.reclaim.CONTEXT.episodes|pages|ns, trace.cgroup.NAME.reclaim.CONTEXT....
 *			episodes of direct, memcg and proactive reclaim that had ended
 *	trace.reclaim.kswapd.episodes|ns, trace.node.N.reclaim.kswapd....
 *			of kswapd, from waking to sleeping
 *
 * What has not happened yet has no counter; it stands at 0.
 */
#ifndef TRACE_TALLY_H
#define TRACE_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "records/records.h"

/* The name lives for the call only. */
typedef void tally_fn(void *ctx, size_t point, const char *name, uint64_t value);
/* An event that this kernel has, whether or not it came. */
typedef void tally_event_fn(void *ctx, const char *event);

/*
 * Calls fn for each counter at each of the points, which ascend: all that came before at_ns[point].
 * -ENODATA when the guest recorded no events, and then nothing is called.
 */
int trace_tally(const struct records *rec, const uint64_t *at_ns, size_t nr, tally_fn *fn,
		tally_event_fn *event, void *ctx);

#endif
