/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tracepoints say of a stretch of time: counts and histograms.
 *
 * An event belongs to the window from_ns <= time < to_ns; an episode is counted in the one that it
 * ends in.  The sum of times is what passed inside the window: of episodes that began before it, or
 * had not ended at its end (open), that part.  scope
 * is "system", "node.N", "cgroup.NAME" (the cgroup that the task is in, whoever's pages they are),
 * "order.N" or "reason.NAME".  Both lists are sorted by name, then scope, and bounded; what never
 * happened is not in them.
 *
 * Histograms; the unit is ns unless said otherwise:
 *	stall.direct	a task in direct reclaim: mm_vmscan_direct_reclaim_begin to _end.
 *			system, cgroup.NAME, order.N
 *	stall.memcg	a task reclaiming at a limit of its cgroup: mm_vmscan_memcg_reclaim_begin to
 *			_end. system, cgroup.NAME, order.N
 *	stall.compact	a task compacting: mm_compaction_begin to _end. system, cgroup.NAME
 *	stall.throttled	a task that reclaim put to sleep: mm_vmscan_throttled's usec_delayed.
 *			system, node.N, cgroup.NAME, reason.NAME
 *	writeback.throttle	a task that writes: balance_dirty_pages' pause, of ms resolution.
 *			system, cgroup.NAME
 *	proactive.run	as stall.memcg, of the agent, which writes memory.reclaim. system
 *	background.direct, background.memcg	as stall.direct and stall.memcg, of khugepaged, ksmd and
 *			kworkers, for whom nobody waits. system
 *	kswapd.run	mm_vmscan_kswapd_wake to _sleep.  The nap of up to 100 ms with which kswapd
 *			finds out whether it can sleep is part of it. system, node.N
 *	kswapd.sleep	mm_vmscan_kswapd_sleep to _wake. system, node.N
 *	kswapd.balance	mm_vmscan_balance_pgdat_begin to _end; kernels from 7.3. system, node.N
 *	kswapd.throttled, kcompactd.run		as stall.throttled and stall.compact, of threads that
 *			nobody waits for. system
 *	reclaim.got	pages that an episode of direct, memcg or node reclaim got: nr_reclaimed of its
 *			end. system, cgroup.NAME
 *	reclaim.got.direct, .memcg, .proactive, .kswapd (from balance_pgdat_end: 7.3)	system
 *
 * Those of scan, taken, reclaimed and isolate are of events that a scenario records with trace = batch or
 * all only.
 *
 * Counts; CONTEXT is kswapd, direct, memcg, proactive (memory.reclaim) or other (MADV_PAGEOUT,
 * zone_reclaim_mode, DAMON, ...), by what the task was in when the event came:
 *	trace.event.SYSTEM.NAME		events. system
 *	scan.CONTEXT	system: nr_scanned of mm_vmscan_lru_isolate, inactive lists only; node.N:
 *			nr_scanned of mm_vmscan_lru_shrink_inactive, which is another number with
 *			MGLRU
 *	taken.CONTEXT	nr_taken of mm_vmscan_lru_isolate, inactive lists only. system
 *	reclaimed.CONTEXT	nr_reclaimed of mm_vmscan_lru_shrink_inactive. system, node.N
 *	isolate.requested, isolate.scanned, isolate.skipped, isolate.taken	of mm_vmscan_lru_isolate,
 *			all lists. system
 *	wakeup_kswapd	mm_vmscan_wakeup_kswapd, which comes only when it sleeps. system, node.N,
 *			order.N
 *	oom.kill	mark_victim. system
 *
 * With classic LRU scan is what pgscan_* count.  With MGLRU, up to 7.3 at least, pgscan_* count taken.
 *
 * Classic LRU and MGLRU do not fire alike: mm_vmscan_lru_shrink_active, and mm_vmscan_lru_isolate of
 * an active list, are classic LRU's alone.  MGLRU counts a list's pages by generation, calls all that
 * it isolates inactive, and has mm_vmscan_lru_isolate and _shrink_inactive in 6.12 and later, not in
 * 6.1: scan, taken and reclaimed are 0 there.  Its second try of a batch is a _shrink_inactive of its own
 * with the same pages as scanned (node.N of scan), not an _isolate.
 */
#ifndef TRACE_SUMMARY_H
#define TRACE_SUMMARY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "records/records.h"

struct trace_hist {
	char name[48];
	char scope[72];
	const char *unit; /* "ns" or "pages" */
	uint64_t count, sum, max; /* max: of open ones too, what they took so far */
	uint64_t open;            /* had not ended: neither in count nor in a bucket */
	uint64_t bucket[WIRE_BUCKETS]; /* of wire_bucket() */
};

struct trace_count {
	char name[96];
	char scope[72];
	uint64_t value;
};

struct trace_summary {
	bool present;    /* the guest recorded events, or that there were none */
	uint64_t events; /* in the window */
	uint64_t lost;   /* of the whole run; 0: all numbers are complete */
	struct trace_hist *hist;
	size_t nr_hists;
	struct trace_count *count;
	size_t nr_counts;
};

/* 0, also when there is nothing: present is false then. */
int trace_summarise(const struct records *rec, uint64_t from_ns, uint64_t to_ns,
		    struct trace_summary *out, struct err *err);
/* Of the window, or of as much of it as there was. */
int trace_summarise_window(const struct records *rec, struct trace_summary *out, struct err *err);
void trace_summary_release(struct trace_summary *s);
/* A new object {events, lost, histograms, counts}, and absent: why, when there was no trace. */
json_t *trace_summary_json(const struct trace_summary *s);

#endif
