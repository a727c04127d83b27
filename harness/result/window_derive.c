// SPDX-License-Identifier: GPL-2.0-only
/* Metrics that no file of the kernel has: computed from several, or from the samples between. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/counters.h"
#include "result/window.h"

#define NODES_MAX   64
#define CGROUPS_MAX 64
#define PAGE_BYTES  4096

/*
 * Sources by the beginning of a counter's name: only they are read.  A text that is the same as in the
 * set before is the very same one, and is read once: a guest can say "the same" very often.
 */
static bool may_have(struct text source, const char *counter)
{
	size_t len = strcspn(counter, ".");

	return source.p && source.len >= len && !memcmp(source.p, counter, len);
}

/* The sum of the counters whose names match. */
struct sum {
	const char *pattern;
	uint64_t value;
	bool any;
};

static void add_match(void *ctx, const char *name, uint64_t value)
{
	struct sum *sum = ctx;

	if (fnmatch(sum->pattern, name, 0))
		return;
	sum->value += value;
	sum->any = true;
}

static struct sum sum_of(const struct window *w, const struct records_set *set, const char *pattern)
{
	struct sum sum = {.pattern = pattern};
	unsigned int i;

	for (i = 0; i < w->rec->nr_sources; i++)
		if (set->text[i].p && may_have(w->rec->source[i], pattern))
			counters_each(w->rec->source[i], set->text[i], add_match, &sum);
	return sum;
}

/* A source has another text in the set than in the one where it had one last; *seen is that. */
static bool is_news(const struct window *w, size_t set, const char *counter, const char **seen)
{
	char name[WINDOW_SCOPE];
	struct text t;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(counter, "."), counter);
	t = records_text(w->rec, &w->rec->set[set], name);
	if (!t.p || t.p == *seen)
		return false;
	*seen = t.p;
	return true;
}

static int64_t in_unit(const struct metric *m, uint64_t value)
{
	size_t len = strlen(m->key);
	bool ns = len > 3 && !strcmp(m->key + len - 3, "_ns");

	return (int64_t)(ns && !strcmp(m->unit, "us") ? value / 1000 : value);
}

static void put_counters(struct window *w, const struct metric *m, const char *scope)
{
	struct sum a = sum_of(w, w->open, m->key), b = sum_of(w, w->close, m->key);

	if (a.any && b.any)
		window_put(w, m, scope, in_unit(m, b.value - a.value));
	else
		window_absent(w, m, scope, "this kernel has no such task or counter");
}

static void put_highest(struct window *w, const struct metric *m, const char *scope)
{
	const char *seen = NULL;
	uint64_t most = 0;
	bool any = false;
	size_t i;

	for (i = 0; i < w->rec->nr_sets; i++) {
		struct sum sum;

		if (!is_news(w, i, m->key, &seen))
			continue;
		sum = sum_of(w, &w->rec->set[i], m->key);
		any |= sum.any;
		most = sum.value > most ? sum.value : most;
	}
	if (any)
		window_put(w, m, scope, in_unit(m, most));
	else
		window_absent(w, m, scope, "this kernel has no such counter");
}

/* A node's free pages and high watermarks, its zones added up, and what its kswapd has used so far. */
struct node_room {
	uint64_t free, high, cpu_ns;
	bool has_zones, has_cpu;
};

struct room {
	struct node_room node[NODES_MAX];
};

static void take_room(void *ctx, const char *name, uint64_t value)
{
	struct room *room = ctx;
	unsigned int n;
	char what[32], zone[32];

	if (sscanf(name, "task.kswapd%u.%31s", &n, what) == 2 && n < NODES_MAX &&
	    !strcmp(what, "cpu_ns")) {
		room->node[n].cpu_ns = value;
		room->node[n].has_cpu = true;
	} else if (sscanf(name, "zone.%u.%31[^.].%31s", &n, zone, what) == 3 && n < NODES_MAX &&
		   strcmp(zone, "DMA")) {
		if (!strcmp(what, "free"))
			room->node[n].free += value;
		else if (!strcmp(what, "high"))
			room->node[n].high += value;
		room->node[n].has_zones = true;
	}
}

static void room_of(const struct window *w, const struct records_set *set, struct room *room)
{
	unsigned int i;

	memset(room, 0, sizeof(*room));
	for (i = 0; i < w->rec->nr_sources; i++)
		if (set->text[i].p && (may_have(w->rec->source[i], "zoneinfo") ||
				       may_have(w->rec->source[i], "task kswapd")))
			counters_each(w->rec->source[i], set->text[i], take_room, room);
}

/* What a kswapd that has run since before has left free above the watermarks, pages. */
static void most_over(const struct room *before, const struct room *now, uint64_t *most, bool *any)
{
	unsigned int n;

	for (n = 0; n < NODES_MAX; n++) {
		const struct node_room *a = &before->node[n], *b = &now->node[n];

		if (!a->has_cpu || !b->has_cpu || !b->has_zones)
			continue;
		*any = true;
		if (b->cpu_ns > a->cpu_ns && b->free > b->high && b->free - b->high > *most)
			*most = b->free - b->high;
	}
}

static bool has_zones(const struct room *room)
{
	unsigned int n;

	for (n = 0; n < NODES_MAX; n++)
		if (room->node[n].has_zones)
			return true;
	return false;
}

static void over_reclaim(struct window *w, const struct metric *m, const char *scope)
{
	const char *seen = NULL;
	struct room room[2];
	unsigned int last = 0;
	uint64_t most = 0;
	bool any = false;
	size_t i;

	memset(room, 0, sizeof(room));
	for (i = 0; i < w->rec->nr_sets; i++) {
		if (!is_news(w, i, "zoneinfo", &seen))
			continue;
		room_of(w, &w->rec->set[i], &room[!last]);
		if (!has_zones(&room[!last]))
			continue;
		most_over(&room[last], &room[!last], &most, &any);
		last = !last;
	}
	if (any)
		window_put(w, m, scope, (int64_t)(most * (PAGE_BYTES / 1024)));
	else
		window_absent(w, m, scope, "there is no zoneinfo with kswapd's CPU time twice");
}

/* R. Jain, D. Chiu, W. Hawe, DEC-TR-301, 1984: (sum x)^2 / (n sum x^2). */
static int64_t jain(const uint64_t *x, size_t n)
{
	unsigned __int128 sum = 0, squares = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t v = x[i] >> 40 ? 1ull << 40 : x[i];

		sum += v;
		squares += (unsigned __int128)v * v;
	}
	return squares ? (int64_t)(sum * sum * WINDOW_PPM / (n * squares)) : WINDOW_PPM;
}

static bool same_text(struct text a, struct text b)
{
	return a.p && b.p && a.len == b.len && !memcmp(a.p, b.p, a.len);
}

static uint64_t ops_of(const struct window *w, unsigned int i)
{
	return w->close->work[i].work.ops - w->open->work[i].work.ops;
}

/* Of the first workload's type, all of them; 0 when it is alone. */
static size_t peers(const struct window *w, unsigned int first, uint64_t x[RECORDS_WORKS_MAX])
{
	unsigned int i;
	size_t n = 0;

	for (i = first; i < w->rec->nr_works; i++)
		if (same_text(w->rec->work_type[first], w->rec->work_type[i]) &&
		    w->open->work[i].present && w->close->work[i].present)
			x[n++] = ops_of(w, i);
	return n > 1 ? n : 0;
}

/* Where several types have more than one, the least fair counts. */
static void fairness_ops(struct window *w, const struct metric *m, const char *scope)
{
	uint64_t x[RECORDS_WORKS_MAX];
	int64_t least = -1;
	unsigned int i, k;

	for (i = 0; i < w->rec->nr_works; i++) {
		size_t n;

		for (k = 0; k < i; k++)
			if (same_text(w->rec->work_type[k], w->rec->work_type[i]))
				break;
		n = k == i ? peers(w, i, x) : 0;
		if (n && (least < 0 || jain(x, n) < least))
			least = jain(x, n);
	}
	if (least < 0)
		window_absent(w, m, scope, "no two workloads have one type");
	else
		window_put(w, m, scope, least);
}

struct pressure {
	uint64_t x[CGROUPS_MAX];
	size_t nr;
};

/* A cgroup that has others below it has no pressure of its own. */
static bool is_leaf(const struct window *w, const char *cgroup)
{
	char prefix[WINDOW_NAME];
	size_t len;
	unsigned int i;

	snprintf(prefix, sizeof(prefix), "memory.stat %s/", cgroup);
	len = strlen(prefix);
	for (i = 0; i < w->rec->nr_sources; i++) {
		struct text s = w->rec->source[i];

		if (s.p && s.len > len && !memcmp(s.p, prefix, len))
			return false;
	}
	return true;
}

static void add_pressure(struct window *w, const char *cgroup, void *ctx)
{
	struct pressure *p = ctx;
	char stat[WINDOW_NAME], current[WINDOW_NAME];
	uint64_t bytes;
	int64_t scan;

	snprintf(stat, sizeof(stat), "memory.stat %s", cgroup);
	snprintf(current, sizeof(current), "memory.current %s", cgroup);
	if (p->nr == CGROUPS_MAX || !is_leaf(w, cgroup) ||
	    !window_delta(window_open_text(w, stat), window_close_text(w, stat), "pgscan", &scan) ||
	    !text_number(window_close_text(w, current), &bytes) || bytes < PAGE_BYTES || scan < 0)
		return;
	p->x[p->nr++] = (uint64_t)window_ppm((uint64_t)scan, bytes / PAGE_BYTES);
}

static void fairness_scan(struct window *w, const struct metric *m, const char *scope)
{
	struct pressure p = {.nr = 0};

	window_each(w, "memory.stat ", add_pressure, &p);
	if (p.nr < 2)
		window_absent(w, m, scope, "there are no two cgroups with memory");
	else
		window_put(w, m, scope, jain(p.x, p.nr));
}

static uint64_t protected_bytes(const struct window *w, const char *cgroup)
{
	static const char *const files[] = {"memory.min", "memory.low"};
	uint64_t most = 0, v;
	size_t i;

	for (i = 0; i < 2; i++) {
		char key[WINDOW_NAME];

		snprintf(key, sizeof(key), "cgroup.%s.%s", cgroup, files[i]);
		if (text_is(window_state(w, key), "max"))
			most = UINT64_MAX;
		else if (text_number(window_state(w, key), &v) && v > most)
			most = v;
	}
	return most;
}

/* Of the samples, how many show it scanned below what protects it, when it had had more. */
static void count_violations(const struct window *w, const char *cgroup, uint64_t limit,
			     uint64_t *samples, uint64_t *violated)
{
	char stat[WINDOW_NAME], current[WINDOW_NAME];
	uint64_t bytes, scan, last = 0;
	bool above = false;
	size_t i;

	snprintf(stat, sizeof(stat), "memory.stat %s", cgroup);
	snprintf(current, sizeof(current), "memory.current %s", cgroup);
	for (i = 0; i < w->rec->nr_sets; i++) {
		const struct records_set *set = &w->rec->set[i];

		if (!text_number(records_text(w->rec, set, current), &bytes) ||
		    !text_get(records_text(w->rec, set, stat), "pgscan", &scan))
			continue;
		*samples += i > 0;
		*violated += i > 0 && above && bytes < limit && scan > last;
		above |= bytes >= limit;
		last = scan;
	}
}

static void protection_violated(struct window *w, const struct metric *m, const char *scope)
{
	uint64_t limit = protected_bytes(w, scope), samples = 0, violated = 0;

	if (!limit) {
		window_absent(w, m, scope, "the cgroup has no memory.min and no memory.low");
		return;
	}
	count_violations(w, scope, limit, &samples, &violated);
	if (samples)
		window_put(w, m, scope, window_ppm(violated, samples));
	else
		window_absent(w, m, scope, "its memory was not sampled");
}

static void observer(struct window *w, const struct metric *m, const char *scope)
{
	uint64_t window = w->close->time_ns - w->open->time_ns;

	if (w->rec->cost_all.reads && window)
		window_put(w, m, scope, window_ppm(w->rec->cost_all.total_ns, window));
	else
		window_absent(w, m, scope, "the agent did not tell what it cost");
}

static const struct derived {
	const char *name;
	void (*fn)(struct window *w, const struct metric *m, const char *scope);
} derived[] = {
	{"observer", observer},
	{"over_reclaim", over_reclaim},
	{"fairness_ops", fairness_ops},
	{"fairness_scan", fairness_scan},
	{"protection_violated", protection_violated},
};

void window_measure_derived(struct window *w, const struct metric *m, const char *scope)
{
	size_t i;

	if (m->source == METRIC_COUNTERS) {
		put_counters(w, m, scope);
	} else if (m->source == METRIC_HIGHEST) {
		put_highest(w, m, scope);
	} else {
		for (i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
			if (!strcmp(derived[i].name, m->key))
				derived[i].fn(w, m, scope);
	}
}
