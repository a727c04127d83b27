/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From events to episodes: what begins with one event and ends with another, of a task or of a node's
 * kswapd, and what one event tells all of.
 */
#ifndef TRACE_EPISODE_H
#define TRACE_EPISODE_H

#include "trace/trace.h"

enum episode_kind {
	EPISODE_DIRECT,    /* mm_vmscan_direct_reclaim_begin to _end, of a task */
	EPISODE_MEMCG,     /* mm_vmscan_memcg_reclaim_begin to _end, of a task */
	EPISODE_SOFTLIMIT, /* mm_vmscan_memcg_softlimit_reclaim_begin to _end, of a task */
	EPISODE_NODE,      /* mm_vmscan_node_reclaim_begin to _end, of a task */
	EPISODE_COMPACT,   /* mm_compaction_begin to _end, of a task */
	EPISODE_BALANCE,   /* mm_vmscan_balance_pgdat_begin to _end, of a kswapd; from 7.3 */
	EPISODE_TASK_NR,   /* those above are a task's */
	EPISODE_AWAKE = EPISODE_TASK_NR, /* mm_vmscan_kswapd_wake to _sleep, of a node */
	EPISODE_ASLEEP,    /* mm_vmscan_kswapd_sleep to _wake, of a node */
	EPISODE_THROTTLED, /* mm_vmscan_throttled, with the time that it took, at most whole ticks */
	EPISODE_DIRTY,     /* balance_dirty_pages: begins with the event, ends when the pause will */
	EPISODE_NR,
};

/* Who reclaims. */
enum trace_context {
	CONTEXT_KSWAPD,
	CONTEXT_DIRECT,
	CONTEXT_MEMCG,     /* a task of the cgroup, at a limit of it */
	CONTEXT_PROACTIVE, /* memory.reclaim: memcg reclaim by the agent, who writes it */
	CONTEXT_OTHER,     /* none of them: MADV_PAGEOUT, zone_reclaim_mode, DAMON, ... */
	CONTEXT_NR,
};

extern const char *const trace_context_name[CONTEXT_NR];
extern const char *const episode_name[EPISODE_NR];

struct episode {
	enum episode_kind kind;
	enum trace_context context;
	int32_t pid;
	int nid;   /* -1: not known */
	int order; /* -1: not known */
	uint64_t begin_ns;
	uint64_t end_ns;
	int64_t got;         /* pages; -1: the event does not say */
	unsigned int reason; /* EPISODE_THROTTLED: the bits of the kernel's reason */
	bool background;     /* of a kernel thread that nobody waits for */
};

#define EPISODE_NODES_MAX 64
#define EPISODE_ORDER_MAX 20

/* The events that are looked at one by one; others are only counted. */
enum trace_what {
	WHAT_NOTHING,
	WHAT_BEGIN, /* of the kind given with it */
	WHAT_END,
	WHAT_WAKE,
	WHAT_SLEEP,
	WHAT_THROTTLED,
	WHAT_DIRTY,
	WHAT_ISOLATE,
	WHAT_SHRINK,
	WHAT_WAKEUP,
	WHAT_VICTIM,
};

struct tracker_task {
	int32_t pid;
	uint64_t last_ns; /* when one of its episodes began or ended last */
	struct {
		bool open;
		uint64_t begin_ns;
		int order;
		int nid;
	} kind[EPISODE_TASK_NR];
};

struct tracker {
	const struct trace *t;
	const struct trace_tasks *tasks;
	struct {
		enum trace_what what;
		enum episode_kind kind;
	} *what; /* by format */
	struct tracker_task *task; /* sorted by pid */
	size_t nr_tasks;
	struct {
		int32_t pid; /* of its kswapd; 0 = not seen yet */
		bool awake, asleep;
		uint64_t since_ns;
	} node[EPISODE_NODES_MAX];
};

void tracker_start(struct tracker *k, const struct trace *t, const struct trace_tasks *tasks);
void tracker_release(struct tracker *k);
enum trace_what tracker_what(const struct tracker *k, const struct trace_event *e);
/* True when the event ends an episode, which is then in *out. */
bool tracker_feed(struct tracker *k, const struct trace_event *e, struct episode *out);
/* Calls fn for each episode that has begun and not ended, with at_ns as its end. */
void tracker_each_open(const struct tracker *k, uint64_t at_ns,
		       void (*fn)(void *ctx, const struct episode *ep), void *ctx);
/* On whose behalf the task reclaims at this moment. */
enum trace_context tracker_context(const struct tracker *k, int32_t pid);
/* A node of the event, or -1. */
int trace_nid(const struct trace_event *e);
int trace_order(const struct trace_event *e);

#endif
