// SPDX-License-Identifier: GPL-2.0-only
#include "trace/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "trace/episode.h"

#define HISTS_MAX  1024
#define COUNTS_MAX 4096

/* mm_vmscan_lru_isolate's lru of lists that are scanned to be reclaimed. */
#define LRU_INACTIVE_ANON 0
#define LRU_INACTIVE_FILE 2

/* Bits of mm_vmscan_throttled's reason. */
static const char *const reasons[] = {"writeback", "isolated", "noprogress", "congested"};

struct sum {
	struct trace_summary *out;
	struct tracker tracker;
	const struct trace_tasks *tasks;
	struct trace_hist **hist; /* sorted */
	size_t nr_hists;
	uint64_t *by_format;
	uint64_t from_ns, to_ns; /* the window */
	uint64_t inside_ns;      /* how much of the episode at hand is inside it */
	bool open;               /* it had not ended at the window's end */
};

static int order_of(const char *name, const char *scope, const char *name2, const char *scope2)
{
	int c = strcmp(name, name2);

	return c ? c : strcmp(scope, scope2);
}

/* NULL when there are too many. */
static struct trace_hist *hist(struct sum *s, const char *name, const char *scope, const char *unit)
{
	size_t low = 0, high = s->nr_hists;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = order_of(s->hist[mid]->name, s->hist[mid]->scope, name, scope);

		if (!c)
			return s->hist[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (s->nr_hists == HISTS_MAX)
		return NULL;
	s->hist = xrealloc(s->hist, s->nr_hists + 1, sizeof(struct trace_hist *));
	memmove(&s->hist[low + 1], &s->hist[low],
		(s->nr_hists - low) * sizeof(struct trace_hist *));
	s->nr_hists++;
	s->hist[low] = xcalloc(1, sizeof(struct trace_hist));
	snprintf(s->hist[low]->name, sizeof(s->hist[low]->name), "%s", name);
	snprintf(s->hist[low]->scope, sizeof(s->hist[low]->scope), "%s", scope);
	s->hist[low]->unit = unit;
	return s->hist[low];
}

/* Of times the sum is what passed inside the window, whenever the episode began. */
static void add_to(struct sum *s, const char *name, const char *scope, const char *unit,
		   uint64_t value)
{
	struct trace_hist *h = hist(s, name, scope, unit);

	if (!h)
		return;
	h->sum += strcmp(unit, "ns") ? value : s->inside_ns;
	h->max = value > h->max ? value : h->max;
	if (s->open) {
		h->open++;
		return;
	}
	h->count++;
	h->bucket[wire_bucket(value)]++;
}

/* Numbers below 0 make no scope. */
static void add_numbered(struct sum *s, const char *name, const char *kind, int n, uint64_t ns)
{
	char scope[32];

	snprintf(scope, sizeof(scope), "%s.%d", kind, n);
	if (n >= 0)
		add_to(s, name, scope, "ns", ns);
}

static void add_cgroup(struct sum *s, const char *name, int32_t pid, const char *unit,
		       uint64_t value)
{
	const struct trace_task *task = trace_task(s->tasks, pid);
	char scope[72];

	if (!task || !task->cgroup[0])
		return;
	snprintf(scope, sizeof(scope), "cgroup.%s", task->cgroup);
	add_to(s, name, scope, unit, value);
}

static void count(struct sum *s, const char *name, const char *scope, uint64_t value)
{
	struct trace_summary *out = s->out;
	size_t low = 0, high = out->nr_counts;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = order_of(out->count[mid].name, out->count[mid].scope, name, scope);

		if (!c) {
			out->count[mid].value += value;
			return;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (out->nr_counts == COUNTS_MAX)
		return;
	out->count = xrealloc(out->count, out->nr_counts + 1, sizeof(*out->count));
	memmove(&out->count[low + 1], &out->count[low],
		(out->nr_counts - low) * sizeof(*out->count));
	out->nr_counts++;
	out->count[low] = (struct trace_count){.value = value};
	snprintf(out->count[low].name, sizeof(out->count[low].name), "%s", name);
	snprintf(out->count[low].scope, sizeof(out->count[low].scope), "%s", scope);
}

static void count_numbered(struct sum *s, const char *name, const char *kind, int n, uint64_t value)
{
	char scope[32];

	snprintf(scope, sizeof(scope), "%s.%d", kind, n);
	if (n >= 0)
		count(s, name, scope, value);
}

/* "scan.kswapd" */
static const char *in_context(char name[32], const char *what, enum trace_context context)
{
	snprintf(name, 32, "%s.%s", what, trace_context_name[context]);
	return name;
}

static uint64_t field(const struct trace_event *e, const char *name)
{
	return (uint64_t)trace_number_or(e, name, 0);
}

static void isolated(struct sum *s, const struct trace_event *e)
{
	enum trace_context context = tracker_context(&s->tracker, e->pid);
	int64_t lru = trace_number_or(e, "lru", -1);
	char name[32];

	count(s, "isolate.requested", "system", field(e, "nr_requested"));
	count(s, "isolate.scanned", "system", field(e, "nr_scanned"));
	count(s, "isolate.skipped", "system", field(e, "nr_skipped"));
	count(s, "isolate.taken", "system", field(e, "nr_taken"));
	if (lru != LRU_INACTIVE_ANON && lru != LRU_INACTIVE_FILE)
		return;
	count(s, in_context(name, "scan", context), "system", field(e, "nr_scanned"));
	count(s, in_context(name, "taken", context), "system", field(e, "nr_taken"));
}

static void shrunk(struct sum *s, const struct trace_event *e)
{
	enum trace_context context = tracker_context(&s->tracker, e->pid);
	int nid = trace_nid(e);
	char name[32];

	count_numbered(s, in_context(name, "scan", context), "node", nid, field(e, "nr_scanned"));
	in_context(name, "reclaimed", context);
	count(s, name, "system", field(e, "nr_reclaimed"));
	count_numbered(s, name, "node", nid, field(e, "nr_reclaimed"));
}

static void woken(struct sum *s, const struct trace_event *e)
{
	count(s, "wakeup_kswapd", "system", 1);
	count_numbered(s, "wakeup_kswapd", "node", trace_nid(e), 1);
	count_numbered(s, "wakeup_kswapd", "order", trace_order(e), 1);
}

static void add_got(struct sum *s, const struct episode *ep, enum trace_context context)
{
	char name[32] = "reclaim.got";

	if (ep->got < 0 || s->open)
		return;
	if (ep->kind != EPISODE_BALANCE) {
		add_to(s, name, "system", "pages", (uint64_t)ep->got);
		add_cgroup(s, name, ep->pid, "pages", (uint64_t)ep->got);
	}
	if (context != CONTEXT_OTHER)
		add_to(s, in_context(name, "reclaim.got", context), "system", "pages",
		       (uint64_t)ep->got);
}

static void add_stall(struct sum *s, const struct episode *ep, const char *name, bool by_order)
{
	uint64_t ns = ep->end_ns - ep->begin_ns;

	add_to(s, name, "system", "ns", ns);
	add_cgroup(s, name, ep->pid, "ns", ns);
	if (by_order)
		add_numbered(s, name, "order", ep->order, ns);
}

static void add_memcg(struct sum *s, const struct episode *ep)
{
	if (ep->context == CONTEXT_PROACTIVE)
		add_to(s, "proactive.run", "system", "ns", ep->end_ns - ep->begin_ns);
	else if (ep->background)
		add_to(s, "background.memcg", "system", "ns", ep->end_ns - ep->begin_ns);
	else
		add_stall(s, ep, "stall.memcg", true);
	add_got(s, ep, ep->context);
}

static void add_throttled(struct sum *s, const struct episode *ep)
{
	uint64_t ns = ep->end_ns - ep->begin_ns;
	char scope[32];
	size_t i;

	if (ep->background) {
		add_to(s, "kswapd.throttled", "system", "ns", ns);
		return;
	}
	add_stall(s, ep, "stall.throttled", false);
	add_numbered(s, "stall.throttled", "node", ep->nid, ns);
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		snprintf(scope, sizeof(scope), "reason.%s", reasons[i]);
		if (ep->reason & 1u << i)
			add_to(s, "stall.throttled", scope, "ns", ns);
	}
}

static void add_node(struct sum *s, const struct episode *ep, const char *name)
{
	add_to(s, name, "system", "ns", ep->end_ns - ep->begin_ns);
	add_numbered(s, name, "node", ep->nid, ep->end_ns - ep->begin_ns);
}

static void add_episode(struct sum *s, const struct episode *ep)
{
	switch (ep->kind) {
	case EPISODE_DIRECT:
		if (ep->background)
			add_to(s, "background.direct", "system", "ns", ep->end_ns - ep->begin_ns);
		else
			add_stall(s, ep, "stall.direct", true);
		add_got(s, ep, CONTEXT_DIRECT);
		return;
	case EPISODE_MEMCG:
		add_memcg(s, ep);
		return;
	case EPISODE_NODE:
		add_got(s, ep, CONTEXT_OTHER);
		return;
	case EPISODE_COMPACT:
		if (ep->background)
			add_to(s, "kcompactd.run", "system", "ns", ep->end_ns - ep->begin_ns);
		else
			add_stall(s, ep, "stall.compact", false);
		return;
	case EPISODE_BALANCE:
		add_node(s, ep, "kswapd.balance");
		add_got(s, ep, CONTEXT_KSWAPD);
		return;
	case EPISODE_AWAKE:
		add_node(s, ep, "kswapd.run");
		return;
	case EPISODE_ASLEEP:
		add_node(s, ep, "kswapd.sleep");
		return;
	case EPISODE_THROTTLED:
		add_throttled(s, ep);
		return;
	case EPISODE_DIRTY:
		add_stall(s, ep, "writeback.throttle", false);
		return;
	default:
		return;
	}
}

static void add_event(struct sum *s, const struct trace_event *e)
{
	s->out->events++;
	s->by_format[e->format - s->tracker.t->format]++;
	switch (tracker_what(&s->tracker, e)) {
	case WHAT_ISOLATE:
		isolated(s, e);
		return;
	case WHAT_SHRINK:
		shrunk(s, e);
		return;
	case WHAT_WAKEUP:
		woken(s, e);
		return;
	case WHAT_VICTIM:
		count(s, "oom.kill", "system", 1);
		return;
	default:
		return;
	}
}

/* One that is over after the window, or never, counts for what it took until the window's end. */
static void take_episode(void *ctx, const struct episode *ep)
{
	struct sum *s = ctx;
	struct episode cut = *ep;
	uint64_t begin = ep->begin_ns > s->from_ns ? ep->begin_ns : s->from_ns;

	if (ep->begin_ns >= s->to_ns || ep->end_ns < s->from_ns)
		return;
	/* A pause of a writer is told when it begins. */
	s->open = ep->end_ns >= s->to_ns && ep->kind != EPISODE_DIRTY;
	if (ep->end_ns > s->to_ns)
		cut.end_ns = s->to_ns;
	s->inside_ns = cut.end_ns > begin ? cut.end_ns - begin : 0;
	add_episode(s, &cut);
}

/* What came before the window is followed too: episodes can begin there. */
static void go_through(struct sum *s, const struct trace *t)
{
	struct trace_iter *it = xcalloc(1, sizeof(*it));
	struct trace_event e;
	struct episode ep;
	uint64_t last = 0;

	trace_begin(it, t);
	while (trace_next(it, &e)) {
		last = e.time_ns;
		if (e.time_ns >= s->from_ns && e.time_ns < s->to_ns)
			add_event(s, &e);
		if (tracker_feed(&s->tracker, &e, &ep))
			take_episode(s, &ep);
	}
	/* A window without an end is over with the last event. */
	if (s->to_ns == UINT64_MAX)
		s->to_ns = last;
	tracker_each_open(&s->tracker, s->to_ns, take_episode, s);
	free(it);
}

static void count_formats(struct sum *s, const struct trace *t)
{
	char name[sizeof(s->out->count->name) + 32];
	size_t i;

	for (i = 0; i < t->nr_formats; i++) {
		snprintf(name, sizeof(name), "trace.event.%s.%s", t->format[i].system,
			 t->format[i].name);
		name[sizeof(s->out->count->name) - 1] = '\0';
		if (s->by_format[i])
			count(s, name, "system", s->by_format[i]);
	}
}

static void hand_over(struct sum *s)
{
	size_t i;

	s->out->hist = xcalloc(s->nr_hists + 1, sizeof(*s->out->hist));
	s->out->nr_hists = s->nr_hists;
	for (i = 0; i < s->nr_hists; i++) {
		s->out->hist[i] = *s->hist[i];
		free(s->hist[i]);
	}
	free(s->hist);
}

int trace_summarise(const struct records *rec, uint64_t from_ns, uint64_t to_ns,
		    struct trace_summary *out, struct err *err)
{
	struct trace *t = xcalloc(1, sizeof(*t));
	struct trace_tasks tasks;
	struct sum s = {.out = out, .tasks = &tasks, .from_ns = from_ns, .to_ns = to_ns};

	(void)err;
	memset(out, 0, sizeof(*out));
	if (!trace_load(t, rec)) {
		out->present = true;
		out->lost = t->lost;
		trace_tasks_load(&tasks, rec);
		tracker_start(&s.tracker, t, &tasks);
		s.by_format = xcalloc(t->nr_formats + 1, sizeof(*s.by_format));
		go_through(&s, t);
		count_formats(&s, t);
		hand_over(&s);
		free(s.by_format);
		tracker_release(&s.tracker);
		trace_tasks_release(&tasks);
		trace_release(t);
	}
	free(t);
	return 0;
}

int trace_summarise_window(const struct records *rec, struct trace_summary *out, struct err *err)
{
	uint64_t open = rec->phase_ns[WIRE_OPEN], close = rec->phase_ns[WIRE_CLOSE];

	return trace_summarise(rec, open ? open : UINT64_MAX, close ? close : rec->last_ns, out,
			       err);
}

void trace_summary_release(struct trace_summary *s)
{
	free(s->hist);
	free(s->count);
	memset(s, 0, sizeof(*s));
}
