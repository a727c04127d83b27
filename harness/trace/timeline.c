// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trace-event format: an object with an array of events, each an object with a phase "ph" (X a slice,
 * i an instant, C a counter, M metadata), a process, a thread, and a time in microseconds.  A process
 * stands for a cgroup, a node, the system, or all tasks outside of the cgroups.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/episode.h"

#define SLICES_MAX  (1u << 20)
#define ZONES_MAX   64
#define LINE_MAX_   256

/* Processes. */
#define PID_SYSTEM 1u
#define PID_TASKS  2u
#define PID_NODE   100u  /* + node */
#define PID_CGROUP 1000u /* + position among the cgroups */

struct cgroups {
	char name[RECORDS_SOURCES_MAX][48];
	unsigned int nr;
};

struct timeline {
	struct buf *out;
	const struct records *rec;
	const struct trace_tasks *tasks;
	struct cgroups cgroups;
	struct episode *slice;
	size_t nr_slices;
	uint64_t nodes;    /* bit N: node N has a track */
	int32_t *tid;      /* of tasks that have a track; sorted */
	size_t nr_tids;
	bool first;
};

/* In quotes, what JSON and a terminal could trip over replaced. */
static void add_string(struct buf *out, const char *s)
{
	buf_adds(out, "\"");
	for (; *s; s++)
		buf_printf(out, "%c",
			   *s >= 0x20 && *s < 0x7f && *s != '"' && *s != '\\' ? *s : '?');
	buf_adds(out, "\"");
}

static void add_us(struct buf *out, const char *key, uint64_t ns)
{
	buf_printf(out, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned int)(ns % 1000));
}

/* The start of an event, up to where its own keys follow. */
static void open_event(struct timeline *tl, char phase, const char *name, unsigned int pid, int tid)
{
	buf_printf(tl->out, "%s\n{\"ph\":\"%c\",\"pid\":%u,\"tid\":%d,\"name\":",
		   tl->first ? "" : ",", phase, pid, tid);
	tl->first = false;
	add_string(tl->out, name);
}

static void metadata(struct timeline *tl, const char *what, unsigned int pid, int tid,
		     const char *name)
{
	open_event(tl, 'M', what, pid, tid);
	buf_adds(tl->out, ",\"args\":{\"name\":");
	add_string(tl->out, name);
	buf_adds(tl->out, "}}");
}

static unsigned int process_of(const struct timeline *tl, int32_t tid)
{
	const struct trace_task *task = trace_task(tl->tasks, tid);
	unsigned int i;

	for (i = 0; task && task->cgroup[0] && i < tl->cgroups.nr; i++)
		if (!strcmp(tl->cgroups.name[i], task->cgroup))
			return PID_CGROUP + i;
	return PID_TASKS;
}

/* Tasks come from a set of their own: the track of each has a name. */
static void note_tid(struct timeline *tl, int32_t tid)
{
	size_t low = 0, high = tl->nr_tids;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (tl->tid[mid] == tid)
			return;
		if (tl->tid[mid] < tid)
			low = mid + 1;
		else
			high = mid;
	}
	if (tl->nr_tids == 4096)
		return;
	tl->tid = xrealloc(tl->tid, tl->nr_tids + 1, sizeof(*tl->tid));
	memmove(&tl->tid[low + 1], &tl->tid[low], (tl->nr_tids - low) * sizeof(*tl->tid));
	tl->tid[low] = tid;
	tl->nr_tids++;
}

/* kswapd's waking and sleeping is the node's, all else the task's. */
static bool of_node(const struct episode *ep)
{
	return ep->kind == EPISODE_AWAKE || ep->kind == EPISODE_BALANCE;
}

static void note(struct timeline *tl, const struct episode *ep)
{
	if (tl->nr_slices == SLICES_MAX || ep->kind == EPISODE_ASLEEP ||
	    (of_node(ep) && ep->nid < 0))
		return;
	if (!(tl->nr_slices & (tl->nr_slices - 1)))
		tl->slice = xrealloc(tl->slice, tl->nr_slices ? 2 * tl->nr_slices : 1,
				     sizeof(*tl->slice));
	tl->slice[tl->nr_slices++] = *ep;
	if (of_node(ep))
		tl->nodes |= 1ull << ep->nid;
	else
		note_tid(tl, ep->pid);
}

static void add_slice(struct timeline *tl, const struct episode *ep)
{
	unsigned int pid = of_node(ep) ? PID_NODE + (unsigned int)ep->nid : process_of(tl, ep->pid);

	open_event(tl, 'X', episode_name[ep->kind], pid, ep->pid);
	add_us(tl->out, "ts", ep->begin_ns);
	add_us(tl->out, "dur", ep->end_ns - ep->begin_ns);
	buf_printf(tl->out, ",\"args\":{\"context\":\"%s\"", trace_context_name[ep->context]);
	if (ep->nid >= 0)
		buf_printf(tl->out, ",\"node\":%d", ep->nid);
	if (ep->order >= 0)
		buf_printf(tl->out, ",\"order\":%d", ep->order);
	if (ep->got >= 0)
		buf_printf(tl->out, ",\"pages\":%" PRId64, ep->got);
	if (ep->kind == EPISODE_THROTTLED)
		buf_printf(tl->out, ",\"reason\":%u", ep->reason);
	buf_adds(tl->out, "}}");
}

/* Among the slices, so that a track's times go up: the kind is none of theirs. */
static void note_victim(struct timeline *tl, const struct trace_event *e)
{
	struct episode ep = {.kind = EPISODE_NR, .nid = -1, .begin_ns = e->time_ns,
			     .end_ns = e->time_ns, .reason = (unsigned int)e->pid};

	ep.pid = (int32_t)trace_number_or(e, "pid", 0);
	note(tl, &ep);
}

static void add_victim(struct timeline *tl, const struct episode *ep)
{
	open_event(tl, 'i', "OOM kill", process_of(tl, ep->pid), ep->pid);
	add_us(tl->out, "ts", ep->begin_ns);
	buf_printf(tl->out, ",\"s\":\"g\",\"args\":{\"by\":%u}}", ep->reason);
}

/* The earlier and, of two that begin together, the longer, so that what is inside comes later. */
static int by_time(const void *a, const void *b)
{
	const struct episode *x = a, *y = b;

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	if (x->end_ns != y->end_ns)
		return x->end_ns > y->end_ns ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->kind > y->kind) - (x->kind < y->kind);
}

static void add_events(struct timeline *tl, const struct trace *t)
{
	struct trace_iter *it = xcalloc(1, sizeof(*it));
	struct trace_event e;
	struct tracker k;
	struct episode ep;
	size_t i;

	tracker_start(&k, t, tl->tasks);
	trace_begin(it, t);
	while (trace_next(it, &e)) {
		if (tracker_what(&k, &e) == WHAT_VICTIM)
			note_victim(tl, &e);
		if (tracker_feed(&k, &e, &ep))
			note(tl, &ep);
	}
	if (tl->nr_slices)
		qsort(tl->slice, tl->nr_slices, sizeof(*tl->slice), by_time);
	for (i = 0; i < tl->nr_slices; i++)
		if (tl->slice[i].kind == EPISODE_NR)
			add_victim(tl, &tl->slice[i]);
		else
			add_slice(tl, &tl->slice[i]);
	tracker_release(&k);
	free(it);
}

/*
 * ---- Counters ----
 */

static void open_counter(struct timeline *tl, const char *name, unsigned int pid, uint64_t time_ns)
{
	open_event(tl, 'C', name, pid, 0);
	add_us(tl->out, "ts", time_ns);
	buf_adds(tl->out, ",\"args\":{");
}

static void add_counter(struct timeline *tl, const char *name, unsigned int pid, uint64_t time_ns,
			const char *key, uint64_t value)
{
	open_counter(tl, name, pid, time_ns);
	buf_printf(tl->out, "\"%s\":%" PRIu64 "}}", key, value);
}

/* "N" behind a prefix of the source's name. */
static bool numbered(struct text name, const char *prefix, unsigned int *n)
{
	size_t len = strlen(prefix), i;

	if (name.len <= len || name.len > len + 2 || memcmp(name.p, prefix, len))
		return false;
	for (*n = 0, i = len; i < name.len; i++) {
		if (name.p[i] < '0' || name.p[i] > '9')
			return false;
		*n = *n * 10 + (unsigned int)(name.p[i] - '0');
	}
	return *n < EPISODE_NODES_MAX;
}

/* The process of a source "WHAT NAME" of a cgroup. */
static bool of_cgroup(const struct timeline *tl, struct text name, const char *what,
		      unsigned int *pid)
{
	size_t len = strlen(what);
	unsigned int i;

	if (name.len <= len + 1 || memcmp(name.p, what, len) || name.p[len] != ' ')
		return false;
	for (i = 0; i < tl->cgroups.nr; i++)
		if (text_is((struct text){name.p + len + 1, name.len - len - 1},
			    tl->cgroups.name[i])) {
			*pid = PID_CGROUP + i;
			return true;
		}
	return false;
}

/* Share of the time since the last sample, in percent with two decimals. */
static void add_psi(struct timeline *tl, const char *name, unsigned int pid,
		    const struct records_set *last, const struct records_set *set, unsigned int i)
{
	static const char *const kinds[] = {"some", "full"};
	uint64_t ns = set->time_ns - last->time_ns, was = 0, is = 0, share;
	size_t k;

	if (set->time_ns <= last->time_ns)
		return;
	open_counter(tl, name, pid, set->time_ns);
	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!text_psi(last->text[i], kinds[k], &was) ||
		    !text_psi(set->text[i], kinds[k], &is) || is < was ||
		    is - was > UINT64_MAX / 10000000)
			was = is = 0;
		share = (is - was) * 10000000 / ns;
		buf_printf(tl->out, "%s\"%s\":%" PRIu64 ".%02u", k ? "," : "", kinds[k],
			   share / 100, (unsigned int)(share % 100));
	}
	buf_adds(tl->out, "}}");
}

static bool take_line(struct text *rest, char line[LINE_MAX_])
{
	const char *nl = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
	size_t len = nl ? (size_t)(nl - rest->p) : rest->len;

	if (!rest->len)
		return false;
	snprintf(line, LINE_MAX_, "%.*s", len < LINE_MAX_ ? (int)len : LINE_MAX_ - 1, rest->p);
	rest->p += len + (nl != NULL);
	rest->len -= len + (nl != NULL);
	return true;
}

/*
 * "Node 0, zone   DMA32", then "  pages free     123", "        min      45", ...; each zone's first free,
 * min, low and high are a counter.
 */
struct zone {
	unsigned int node;
	char name[16];
	uint64_t value[4];
	unsigned int seen; /* bits */
};

static void add_zone(struct timeline *tl, struct zone *z, uint64_t time_ns)
{
	char name[48];

	if (z->seen == 15 && z->node < EPISODE_NODES_MAX) {
		snprintf(name, sizeof(name), "zone %s", z->name);
		tl->nodes |= 1ull << z->node;
		open_counter(tl, name, PID_NODE + z->node, time_ns);
		buf_printf(tl->out,
			   "\"free\":%" PRIu64 ",\"min\":%" PRIu64 ",\"low\":%" PRIu64
			   ",\"high\":%" PRIu64 "}}",
			   z->value[0], z->value[1], z->value[2], z->value[3]);
	}
	memset(z, 0, sizeof(*z));
}

static void zone_line(struct zone *z, const char *line)
{
	static const char *const keys[] = {" pages free %" SCNu64, " min %" SCNu64, " low %" SCNu64,
					   " high %" SCNu64};
	uint64_t v;
	size_t i;

	/* "high:" of a CPU's list has a colon behind it; it comes later and is not seen. */
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!(z->seen & 1u << i) && sscanf(line, keys[i], &v) == 1) {
			z->value[i] = v;
			z->seen |= 1u << i;
		}
}

static void add_zones(struct timeline *tl, struct text text, uint64_t time_ns)
{
	struct zone z = {0};
	char line[LINE_MAX_];
	unsigned int node, zones = 0;
	char name[16];

	while (zones < ZONES_MAX && take_line(&text, line)) {
		if (sscanf(line, "Node %u, zone %15[A-Za-z0-9]", &node, name) == 2) {
			add_zone(tl, &z, time_ns);
			z.node = node;
			snprintf(z.name, sizeof(z.name), "%s", name);
			zones++;
		} else if (z.name[0]) {
			zone_line(&z, line);
		}
	}
	add_zone(tl, &z, time_ns);
}

/* debugfs' lru_gen: "memcg ID PATH", " node N", then a line a generation: number, age, anon, file. */
static void add_generations(struct timeline *tl, struct text text, uint64_t time_ns)
{
	char line[LINE_MAX_], path[64] = "", name[96];
	uint64_t seq, age, anon, file;
	unsigned int node = EPISODE_NODES_MAX, nth = 0;
	bool opened = false;

	while (take_line(&text, line)) {
		bool gen = sscanf(line, " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, &seq, &age,
				  &anon, &file) == 4;

		if (opened && !gen)
			buf_adds(tl->out, "}}");
		opened = opened && gen;
		if (!gen) {
			sscanf(line, "memcg %*u %63[^\n]", path);
			sscanf(line, " node %u", &node);
			nth = 0;
			continue;
		}
		if (node >= EPISODE_NODES_MAX || anon > UINT64_MAX - file)
			continue;
		if (!opened) {
			snprintf(name, sizeof(name), "lru_gen %s", path);
			tl->nodes |= 1ull << node;
			open_counter(tl, name, PID_NODE + node, time_ns);
			opened = true;
		}
		buf_printf(tl->out, "%s\"oldest+%u\":%" PRIu64, nth ? "," : "", nth, anon + file);
		nth++;
	}
	if (opened)
		buf_adds(tl->out, "}}");
}

static void add_source(struct timeline *tl, const struct records_set *last,
		       const struct records_set *set, unsigned int i)
{
	struct text name = tl->rec->source[i], text = set->text[i];
	unsigned int n;
	uint64_t v;

	if (!name.p || !text.p)
		return;
	if (text_is(name, "vmstat") && text_get(text, "nr_free_pages", &v))
		add_counter(tl, "free pages", PID_SYSTEM, set->time_ns, "pages", v);
	else if (numbered(name, "node.vmstat ", &n) && text_get(text, "nr_free_pages", &v))
		add_counter(tl, "free pages", PID_NODE + n, set->time_ns, "pages", v);
	else if (text_is(name, "zoneinfo"))
		add_zones(tl, text, set->time_ns);
	else if (text_is(name, "lru_gen"))
		add_generations(tl, text, set->time_ns);
	else if (last && name.len == 10 && !memcmp(name.p, "psi.memory", 10))
		add_psi(tl, "memory pressure %", PID_SYSTEM, last, set, i);
	else if (last && text_is(name, "psi.io"))
		add_psi(tl, "io pressure %", PID_SYSTEM, last, set, i);
	else if (last && of_cgroup(tl, name, "memory.pressure", &n))
		add_psi(tl, "memory pressure %", n, last, set, i);
	else if (of_cgroup(tl, name, "memory.current", &n) && text_number(text, &v))
		add_counter(tl, "memory.current", n, set->time_ns, "bytes", v);
	if (numbered(name, "node.vmstat ", &n))
		tl->nodes |= 1ull << n;
}

static void add_counters(struct timeline *tl)
{
	const struct records_set *last = NULL;
	unsigned int i;
	size_t n;

	for (n = 0; n < tl->rec->nr_sets; n++) {
		const struct records_set *set = &tl->rec->set[n];

		/* A guest's clock that goes back would make tracks that do. */
		if (last && set->time_ns <= last->time_ns)
			continue;
		for (i = 0; i < tl->rec->nr_sources; i++)
			add_source(tl, last, set, i);
		last = set;
	}
}

/*
 * ---- All of it ----
 */

static void find_cgroups(struct timeline *tl)
{
	static const char *const kinds[] = {"threads ", "memory.current "};
	struct cgroups *cg = &tl->cgroups;
	unsigned int i;
	size_t k, len;

	/* The first kind that is there names them; a run without tracepoints has the second. */
	for (k = 0; k < ARRAY_SIZE(kinds) && !cg->nr; k++)
		for (i = 0; i < tl->rec->nr_sources; i++) {
			struct text name = tl->rec->source[i];

			len = strlen(kinds[k]);
			if (name.p && name.len > len && !memcmp(name.p, kinds[k], len))
				snprintf(cg->name[cg->nr++], sizeof(cg->name[0]), "%.*s",
					 (int)(name.len - len), name.p + len);
		}
}

static void add_names(struct timeline *tl)
{
	char name[64];
	unsigned int i;
	size_t n;

	metadata(tl, "process_name", PID_SYSTEM, 0, "system");
	metadata(tl, "process_name", PID_TASKS, 0, "other tasks");
	for (i = 0; i < EPISODE_NODES_MAX; i++) {
		snprintf(name, sizeof(name), "node %u", i);
		if (tl->nodes & 1ull << i)
			metadata(tl, "process_name", PID_NODE + i, 0, name);
	}
	for (i = 0; i < tl->cgroups.nr; i++) {
		snprintf(name, sizeof(name), "cgroup %s", tl->cgroups.name[i]);
		metadata(tl, "process_name", PID_CGROUP + i, 0, name);
	}
	for (n = 0; n < tl->nr_tids; n++) {
		const struct trace_task *task = trace_task(tl->tasks, tl->tid[n]);

		if (task && task->comm[0])
			metadata(tl, "thread_name", process_of(tl, tl->tid[n]), tl->tid[n],
				 task->comm);
	}
}

void trace_timeline(const struct trace *t, const struct records *rec, struct buf *out)
{
	struct timeline *tl = xcalloc(1, sizeof(*tl));
	struct trace_tasks tasks;

	trace_tasks_load(&tasks, rec);
	tl->out = out;
	tl->rec = rec;
	tl->tasks = &tasks;
	tl->first = true;
	find_cgroups(tl);
	buf_adds(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
	add_events(tl, t);
	add_counters(tl);
	add_names(tl);
	buf_adds(out, "\n]}\n");
	trace_tasks_release(&tasks);
	free(tl->slice);
	free(tl->tid);
	free(tl);
}
