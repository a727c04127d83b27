// SPDX-License-Identifier: GPL-2.0-only
#include "trace/episode.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define TASKS_MAX 4096
#define AGENT_PID 1

const char *const trace_context_name[CONTEXT_NR] = {"kswapd", "direct", "memcg", "proactive",
						    "other"};

const char *const episode_name[EPISODE_NR] = {
	"direct reclaim", "memcg reclaim", "soft limit reclaim", "node reclaim", "compaction",
	"balance_pgdat", "kswapd awake", "kswapd asleep", "throttled", "balance_dirty_pages",
};

static const struct {
	const char *name;
	enum trace_what what;
	enum episode_kind kind;
} events[] = {
	{"mm_vmscan_direct_reclaim_begin", WHAT_BEGIN, EPISODE_DIRECT},
	{"mm_vmscan_direct_reclaim_end", WHAT_END, EPISODE_DIRECT},
	{"mm_vmscan_memcg_reclaim_begin", WHAT_BEGIN, EPISODE_MEMCG},
	{"mm_vmscan_memcg_reclaim_end", WHAT_END, EPISODE_MEMCG},
	{"mm_vmscan_memcg_softlimit_reclaim_begin", WHAT_BEGIN, EPISODE_SOFTLIMIT},
	{"mm_vmscan_memcg_softlimit_reclaim_end", WHAT_END, EPISODE_SOFTLIMIT},
	{"mm_vmscan_node_reclaim_begin", WHAT_BEGIN, EPISODE_NODE},
	{"mm_vmscan_node_reclaim_end", WHAT_END, EPISODE_NODE},
	{"mm_compaction_begin", WHAT_BEGIN, EPISODE_COMPACT},
	{"mm_compaction_end", WHAT_END, EPISODE_COMPACT},
	{"mm_vmscan_balance_pgdat_begin", WHAT_BEGIN, EPISODE_BALANCE},
	{"mm_vmscan_balance_pgdat_end", WHAT_END, EPISODE_BALANCE},
	{"mm_vmscan_kswapd_wake", WHAT_WAKE, EPISODE_AWAKE},
	{"mm_vmscan_kswapd_sleep", WHAT_SLEEP, EPISODE_ASLEEP},
	{"mm_vmscan_throttled", WHAT_THROTTLED, EPISODE_THROTTLED},
	{"balance_dirty_pages", WHAT_DIRTY, EPISODE_DIRTY},
	{"mm_vmscan_lru_isolate", WHAT_ISOLATE, EPISODE_NR},
	{"mm_vmscan_lru_shrink_inactive", WHAT_SHRINK, EPISODE_NR},
	{"mm_vmscan_wakeup_kswapd", WHAT_WAKEUP, EPISODE_NR},
	{"mark_victim", WHAT_VICTIM, EPISODE_NR},
};

int trace_nid(const struct trace_event *e)
{
	int64_t nid = trace_number_or(e, "nid", -1);

	return nid >= 0 && nid < EPISODE_NODES_MAX ? (int)nid : -1;
}

int trace_order(const struct trace_event *e)
{
	int64_t order = trace_number_or(e, "order", -1);

	return order >= 0 && order <= EPISODE_ORDER_MAX ? (int)order : -1;
}

void tracker_start(struct tracker *k, const struct trace *t, const struct trace_tasks *tasks)
{
	size_t i, n;

	*k = (struct tracker){.t = t, .tasks = tasks};
	k->what = xcalloc(t->nr_formats + 1, sizeof(*k->what));
	for (i = 0; i < t->nr_formats; i++)
		for (n = 0; n < ARRAY_SIZE(events); n++)
			if (!strcmp(t->format[i].name, events[n].name)) {
				k->what[i].what = events[n].what;
				k->what[i].kind = events[n].kind;
			}
}

void tracker_release(struct tracker *k)
{
	free(k->what);
	free(k->task);
	memset(k, 0, sizeof(*k));
}

enum trace_what tracker_what(const struct tracker *k, const struct trace_event *e)
{
	return k->what[e->format - k->t->format].what;
}

/* Where the task is, or where it would be put. */
static size_t place(const struct tracker *k, int32_t pid)
{
	size_t low = 0, high = k->nr_tasks;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (k->task[mid].pid < pid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct tracker_task *find(const struct tracker *k, int32_t pid)
{
	size_t at = place(k, pid);

	return at < k->nr_tasks && k->task[at].pid == pid ? &k->task[at] : NULL;
}

/* NULL when there are too many. */
static struct tracker_task *task_of(struct tracker *k, int32_t pid)
{
	size_t at = place(k, pid);

	if (at < k->nr_tasks && k->task[at].pid == pid)
		return &k->task[at];
	if (k->nr_tasks == TASKS_MAX)
		return NULL;
	if (!(k->nr_tasks & (k->nr_tasks - 1)))
		k->task = xrealloc(k->task, k->nr_tasks ? 2 * k->nr_tasks : 1, sizeof(*k->task));
	memmove(&k->task[at + 1], &k->task[at], (k->nr_tasks - at) * sizeof(*k->task));
	memset(&k->task[at], 0, sizeof(*k->task));
	k->task[at].pid = pid;
	k->nr_tasks++;
	return &k->task[at];
}

static const char *comm_of(const struct tracker *k, int32_t pid)
{
	const struct trace_task *task = trace_task(k->tasks, pid);

	return task ? task->comm : "";
}

static bool named(const char *comm, const char *prefix)
{
	size_t len = strlen(prefix);

	return !strncmp(comm, prefix, len) && isdigit((unsigned char)comm[len]);
}

static bool is_kswapd(const struct tracker *k, int32_t pid)
{
	size_t i;

	for (i = 0; i < EPISODE_NODES_MAX; i++)
		if (k->node[i].pid && k->node[i].pid == pid)
			return true;
	return named(comm_of(k, pid), "kswapd");
}

/* Kernel threads that nobody waits for: kworkers reclaim for tasks above memory.high. */
static bool is_background(const struct tracker *k, int32_t pid)
{
	const char *comm = comm_of(k, pid);

	return is_kswapd(k, pid) || named(comm, "kcompactd") || !strcmp(comm, "khugepaged") ||
	       !strcmp(comm, "ksmd") || !strncmp(comm, "kworker", 7);
}

/*
 * The agent and the threads of its steps are in no cgroup that has a limit, and a senpai is made to
 * write to memory.reclaim: what they reclaim they were told to.
 */
static bool is_proactive(const struct tracker *k, int32_t pid)
{
	const char *comm = comm_of(k, pid);

	return pid == AGENT_PID || !strcmp(comm, "step") || !strcmp(comm, "senpai");
}

enum trace_context tracker_context(const struct tracker *k, int32_t pid)
{
	const struct tracker_task *task = find(k, pid);

	if (is_kswapd(k, pid))
		return CONTEXT_KSWAPD;
	if (task && task->kind[EPISODE_MEMCG].open)
		return is_proactive(k, pid) ? CONTEXT_PROACTIVE : CONTEXT_MEMCG;
	return task && task->kind[EPISODE_DIRECT].open ? CONTEXT_DIRECT : CONTEXT_OTHER;
}

static struct episode new_episode(const struct trace_event *e, enum episode_kind kind)
{
	return (struct episode){.kind = kind, .context = CONTEXT_OTHER, .pid = e->pid,
				.nid = trace_nid(e), .order = trace_order(e),
				.begin_ns = e->time_ns, .end_ns = e->time_ns, .got = -1};
}

/* A second beginning without an end: events were lost, and the later one counts. */
static void begin(struct tracker *k, const struct trace_event *e, enum episode_kind kind)
{
	struct tracker_task *task = task_of(k, e->pid);

	if (!task)
		return;
	task->kind[kind].open = true;
	task->kind[kind].begin_ns = e->time_ns;
	task->kind[kind].order = trace_order(e);
	task->kind[kind].nid = trace_nid(e);
	task->last_ns = e->time_ns;
}

static bool end(struct tracker *k, const struct trace_event *e, enum episode_kind kind,
		struct episode *out)
{
	struct tracker_task *task = (struct tracker_task *)find(k, e->pid);

	if (!task || !task->kind[kind].open)
		return false;
	*out = new_episode(e, kind);
	out->context = tracker_context(k, e->pid);
	task->kind[kind].open = false;
	task->last_ns = e->time_ns;
	out->begin_ns = task->kind[kind].begin_ns;
	out->order = task->kind[kind].order;
	out->nid = task->kind[kind].nid;
	out->got = trace_number_or(e, "nr_reclaimed", -1);
	out->background = is_background(k, e->pid);
	return true;
}

/*
 * Before kswapd sleeps for good it naps for up to 100 ms, without an event; it may wake several times
 * and sleep once.
 */
static bool kswapd(struct tracker *k, const struct trace_event *e, bool wakes, struct episode *out)
{
	int nid = trace_nid(e);
	bool ended;

	if (nid < 0)
		return false;
	k->node[nid].pid = e->pid;
	*out = new_episode(e, wakes ? EPISODE_ASLEEP : EPISODE_AWAKE);
	out->begin_ns = k->node[nid].since_ns;
	out->context = CONTEXT_KSWAPD;
	out->background = true;
	ended = wakes ? k->node[nid].asleep : k->node[nid].awake;
	if (wakes ? !k->node[nid].awake : !k->node[nid].asleep)
		k->node[nid].since_ns = e->time_ns;
	k->node[nid].awake = wakes;
	k->node[nid].asleep = !wakes;
	return ended;
}

/*
 * The kernel says for how many ticks, which may be longer than it was: a task is not throttled before what it
 * did last.
 */
static bool throttled(struct tracker *k, const struct trace_event *e, struct episode *out)
{
	struct tracker_task *task = task_of(k, e->pid);
	int64_t us = trace_number_or(e, "usec_delayed", 0);
	uint64_t ns = us > 0 ? (uint64_t)us * 1000 : 0;

	if (us < 0 || us > 1ll << 40)
		return false;
	*out = new_episode(e, EPISODE_THROTTLED);
	out->context = tracker_context(k, e->pid);
	out->begin_ns = e->time_ns > ns ? e->time_ns - ns : 0;
	if (task && out->begin_ns < task->last_ns)
		out->begin_ns = task->last_ns;
	if (task)
		task->last_ns = e->time_ns;
	out->reason = (unsigned int)trace_number_or(e, "reason", 0);
	out->background = is_background(k, e->pid);
	return true;
}

/* The pause is in ms, and negative or 0 where there was none. */
static bool dirty(const struct trace_event *e, struct episode *out)
{
	int64_t ms = trace_number_or(e, "pause", 0);

	if (ms <= 0 || ms > 1ll << 30)
		return false;
	*out = new_episode(e, EPISODE_DIRTY);
	out->end_ns = e->time_ns + (uint64_t)ms * 1000000;
	return out->end_ns > out->begin_ns;
}

bool tracker_feed(struct tracker *k, const struct trace_event *e, struct episode *out)
{
	enum episode_kind kind = k->what[e->format - k->t->format].kind;

	switch (tracker_what(k, e)) {
	case WHAT_BEGIN:
		begin(k, e, kind);
		return false;
	case WHAT_END:
		return end(k, e, kind, out);
	case WHAT_WAKE:
		return kswapd(k, e, true, out);
	case WHAT_SLEEP:
		return kswapd(k, e, false, out);
	case WHAT_THROTTLED:
		return throttled(k, e, out);
	case WHAT_DIRTY:
		return dirty(e, out);
	default:
		return false;
	}
}

static void open_of_task(const struct tracker *k, const struct tracker_task *task, uint64_t at_ns,
			 void (*fn)(void *ctx, const struct episode *ep), void *ctx)
{
	unsigned int kind;

	for (kind = 0; kind < EPISODE_TASK_NR; kind++) {
		struct episode ep = {.kind = (enum episode_kind)kind, .pid = task->pid,
				     .nid = task->kind[kind].nid,
				     .order = task->kind[kind].order,
				     .begin_ns = task->kind[kind].begin_ns, .end_ns = at_ns,
				     .got = -1};

		if (!task->kind[kind].open)
			continue;
		ep.context = tracker_context(k, task->pid);
		ep.background = is_background(k, task->pid);
		fn(ctx, &ep);
	}
}

void tracker_each_open(const struct tracker *k, uint64_t at_ns,
		       void (*fn)(void *ctx, const struct episode *ep), void *ctx)
{
	size_t i;

	for (i = 0; i < k->nr_tasks; i++)
		open_of_task(k, &k->task[i], at_ns, fn, ctx);
	for (i = 0; i < EPISODE_NODES_MAX; i++) {
		struct episode ep = {.kind = k->node[i].awake ? EPISODE_AWAKE : EPISODE_ASLEEP,
				     .context = CONTEXT_KSWAPD, .pid = k->node[i].pid,
				     .nid = (int)i, .order = -1,
				     .begin_ns = k->node[i].since_ns, .end_ns = at_ns, .got = -1,
				     .background = true};

		if (k->node[i].awake || k->node[i].asleep)
			fn(ctx, &ep);
	}
}
