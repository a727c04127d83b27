// SPDX-License-Identifier: GPL-2.0-only
#include "trace/tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/episode.h"

#define CGROUPS_MAX 128
#define NODES_MAX   EPISODE_NODES_MAX

/* Of one event, or of the episodes of one context. */
struct by_scope {
	uint64_t all;
	uint64_t node[NODES_MAX];
	uint64_t cgroup[CGROUPS_MAX];
};

enum what { EPISODES, PAGES, NS, WHAT_NR };

static const char *const what_name[WHAT_NR] = {"episodes", "pages", "ns"};

struct tally {
	const struct trace *t;
	const struct trace_tasks *tasks;
	struct tracker tracker;
	const char *cgroup[CGROUPS_MAX];
	size_t nr_cgroups;
	struct by_scope **event; /* by format; NULL: did not come yet */
	struct by_scope *episode[CONTEXT_NR][WHAT_NR];
	tally_fn *fn;
	void *ctx;
};

/* The task's cgroup by number, or -1. */
static int cgroup_of(struct tally *y, int32_t pid)
{
	const struct trace_task *task = trace_task(y->tasks, pid);
	size_t i;

	if (!task || !task->cgroup[0])
		return -1;
	for (i = 0; i < y->nr_cgroups; i++)
		if (!strcmp(y->cgroup[i], task->cgroup))
			return (int)i;
	if (i == CGROUPS_MAX)
		return -1;
	y->cgroup[y->nr_cgroups++] = task->cgroup;
	return (int)i;
}

static void add(struct by_scope **s, int node, int cgroup, uint64_t value)
{
	if (!*s)
		*s = xcalloc(1, sizeof(**s));
	(*s)->all += value;
	if (node >= 0)
		(*s)->node[node] += value;
	if (cgroup >= 0)
		(*s)->cgroup[cgroup] += value;
}

static void add_episode(struct tally *y, const struct episode *ep)
{
	bool kswapd = ep->kind == EPISODE_AWAKE;
	enum trace_context context = ep->kind == EPISODE_DIRECT ? CONTEXT_DIRECT : ep->context;
	struct by_scope **s = y->episode[context];
	int cgroup = cgroup_of(y, ep->pid);

	if (!kswapd && ep->kind != EPISODE_DIRECT && ep->kind != EPISODE_MEMCG)
		return;
	add(&s[EPISODES], ep->nid, cgroup, 1);
	add(&s[NS], ep->nid, cgroup, ep->end_ns - ep->begin_ns);
	if (ep->got > 0)
		add(&s[PAGES], ep->nid, cgroup, (uint64_t)ep->got);
}

static void put(const struct tally *y, size_t point, const char *scope, const char *what,
		uint64_t value)
{
	char name[256];

	snprintf(name, sizeof(name), "trace.%s%s", scope, what);
	if (value)
		y->fn(y->ctx, point, name, value);
}

static void put_scopes(const struct tally *y, size_t point, const char *what,
		       const struct by_scope *s)
{
	char scope[96];
	size_t i;

	if (!s)
		return;
	put(y, point, "", what, s->all);
	for (i = 0; i < NODES_MAX; i++) {
		snprintf(scope, sizeof(scope), "node.%zu.", i);
		put(y, point, scope, what, s->node[i]);
	}
	for (i = 0; i < y->nr_cgroups; i++) {
		snprintf(scope, sizeof(scope), "cgroup.%s.", y->cgroup[i]);
		put(y, point, scope, what, s->cgroup[i]);
	}
}

static void put_point(const struct tally *y, size_t point)
{
	char what[96];
	size_t i, k;

	for (i = 0; i < y->t->nr_formats; i++)
		put_scopes(y, point, y->t->format[i].name, y->event[i]);
	for (i = 0; i < CONTEXT_NR; i++)
		for (k = 0; k < WHAT_NR; k++) {
			snprintf(what, sizeof(what), "reclaim.%s.%s", trace_context_name[i],
				 what_name[k]);
			put_scopes(y, point, what, y->episode[i][k]);
		}
}

static void go_through(struct tally *y, const uint64_t *at_ns, size_t nr)
{
	struct trace_iter *it = xcalloc(1, sizeof(*it));
	struct trace_event e;
	struct episode ep;
	size_t point = 0;

	trace_begin(it, y->t);
	while (point < nr && trace_next(it, &e)) {
		while (point < nr && e.time_ns >= at_ns[point])
			put_point(y, point++);
		add(&y->event[e.format - y->t->format], trace_nid(&e), cgroup_of(y, e.pid), 1);
		if (tracker_feed(&y->tracker, &e, &ep))
			add_episode(y, &ep);
	}
	while (point < nr)
		put_point(y, point++);
	free(it);
}

static void tally_release(struct tally *y)
{
	size_t i, k;

	for (i = 0; i < y->t->nr_formats; i++)
		free(y->event[i]);
	for (i = 0; i < CONTEXT_NR; i++)
		for (k = 0; k < WHAT_NR; k++)
			free(y->episode[i][k]);
	free(y->event);
	tracker_release(&y->tracker);
}

int trace_tally(const struct records *rec, const uint64_t *at_ns, size_t nr, tally_fn *fn,
		tally_event_fn *event, void *ctx)
{
	cleanup_free struct trace *t = xcalloc(1, sizeof(*t));
	struct tally y = {.t = t, .fn = fn, .ctx = ctx};
	struct trace_tasks tasks;
	size_t i;

	if (trace_load(t, rec))
		return -ENODATA;
	for (i = 0; i < t->nr_formats; i++)
		event(ctx, t->format[i].name);
	trace_tasks_load(&tasks, rec);
	y.tasks = &tasks;
	tracker_start(&y.tracker, t, &tasks);
	y.event = xcalloc(t->nr_formats + 1, sizeof(struct by_scope *));
	go_through(&y, at_ns, nr);
	tally_release(&y);
	trace_tasks_release(&tasks);
	trace_release(t);
	return 0;
}
