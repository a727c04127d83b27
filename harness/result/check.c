// SPDX-License-Identifier: GPL-2.0-only
#include "result/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "result/window.h"

/*
 * Files are read one after another: with several CPUs, counters of the first go on while the last is
 * read.  A batch of reclaim is SWAP_CLUSTER_MAX pages, MGLRU's is 64, and each CPU may be in one; a
 * page cache read or a swap cluster moves more at once.
 */
#define SLACK_PAGES_PER_CPU 4096

/*
 * Node counters are added up on each CPU first; of a counter up to this many pages are still there
 * when the kernel tells it (calculate_normal_threshold() in mm/vmstat.c).  Two counters that are
 * equal can differ by twice as much.
 */
#define UNFOLDED_PER_CPU_AND_NODE 125

/*
 * With several CPUs another one may fold its part of a cgroup's counters in between two lines of
 * memory.stat; and since 6.8 a read leaves up to this many updates a CPU unfolded (memcg_rstat_updated()
 * in mm/memcontrol.c), of a parent others than of its children.
 */
#define UNFLUSHED_PER_CPU 64

/* A thread that is being counted when the sample is taken: workload io has the most. */
#define THREADS_PER_WORKLOAD 64

enum verdict { HELD, VIOLATED, ABSENT };

struct check {
	struct window w;
	unsigned int cpus;
	uint64_t slack;    /* between what is read from several files */
	uint64_t unfolded; /* between two counters of reclaim in vmstat */
	uint64_t flush;    /* between two of memory.stat */
	enum verdict verdict;
	char detail[256];
};

static void say(struct check *c, enum verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The first violation stays. */
static void say(struct check *c, enum verdict verdict, const char *fmt, ...)
{
	va_list ap;

	if (c->verdict == VIOLATED)
		return;
	c->verdict = verdict;
	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
	va_end(ap);
}

/* As they were at the close, since the machine started: what was scanned before may be stolen later. */
static bool total(const struct check *c, const char *source, const char *keys, uint64_t *out)
{
	struct text close = window_close_text(&c->w, source);
	char copy[512], *rest = copy, *key;
	bool any = false;

	*out = 0;
	snprintf(copy, sizeof(copy), "%s", keys);
	while ((key = strsep(&rest, " "))) {
		uint64_t v;

		if (!text_get(close, key, &v))
			continue;
		*out += v;
		any = true;
	}
	return any;
}

static void at_most(struct check *c, const char *source, const char *less, const char *more)
{
	uint64_t a, b;

	if (!total(c, source, less, &a) || !total(c, source, more, &b))
		return;
	if (a <= b + (strcmp(source, "vmstat") ? c->flush : c->unfolded))
		say(c, HELD, "%s: %s %" PRIu64 ", %s %" PRIu64, source, less, a, more, b);
	else
		say(c, VIOLATED, "%s: %s %" PRIu64 " exceeds %s %" PRIu64, source, less, a, more, b);
}

static const char *const contexts[] = {"kswapd", "direct", "khugepaged", "proactive",
				       "anon",   "file"};

static void steal_within_scan(struct check *c, const char *source)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(contexts); i++) {
		char steal[64], scan[64];

		snprintf(steal, sizeof(steal), "pgsteal_%s", contexts[i]);
		snprintf(scan, sizeof(scan), "pgscan_%s", contexts[i]);
		at_most(c, source, steal, scan);
	}
}

static void check_steal_system(struct check *c)
{
	steal_within_scan(c, "vmstat");
}

static void steal_cgroup(struct window *w, const char *cgroup, void *ctx)
{
	char source[WINDOW_NAME];

	(void)w;
	snprintf(source, sizeof(source), "memory.stat %s", cgroup);
	at_most(ctx, source, "pgsteal", "pgscan");
	steal_within_scan(ctx, source);
}

static void check_steal_cgroup(struct check *c)
{
	window_each(&c->w, "memory.stat ", steal_cgroup, c);
}

#define SCAN_CONTEXTS  "pgscan_kswapd pgscan_direct pgscan_khugepaged pgscan_proactive"
#define STEAL_CONTEXTS "pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive"

/*
 * Anonymous and file pages are counted for all reclaim; the contexts, until they became node
 * counters, only for that of the machine.
 */
static void contexts_and_types(struct check *c, const char *by_context, const char *by_type)
{
	uint64_t a, b;

	if (!total(c, "vmstat", by_context, &a) || !total(c, "vmstat", by_type, &b))
		return;
	if (!c->unfolded)
		at_most(c, "vmstat", by_context, by_type);
	else if (a <= b + c->slack + c->unfolded && b <= a + c->slack + c->unfolded)
		say(c, HELD, "by context %" PRIu64 ", by type %" PRIu64, a, b);
	else
		say(c, VIOLATED, "%s are %" PRIu64 ", %s are %" PRIu64, by_context, a, by_type, b);
}

static void check_contexts(struct check *c)
{
	contexts_and_types(c, SCAN_CONTEXTS, "pgscan_anon pgscan_file");
	contexts_and_types(c, STEAL_CONTEXTS, "pgsteal_anon pgsteal_file");
}

/* A cgroup's scans are those by context, and so are its steals. */
static void cgroup_contexts(struct window *w, const char *cgroup, void *ctx)
{
	struct check *c = ctx;
	char source[WINDOW_NAME];
	uint64_t all, parts;

	(void)w;
	snprintf(source, sizeof(source), "memory.stat %s", cgroup);
	if (!total(c, source, "pgscan", &all) || !total(c, source, SCAN_CONTEXTS, &parts))
		return;
	if (all <= parts + c->flush && parts <= all + c->flush)
		say(c, HELD, "%s: pgscan %" PRIu64 ", its contexts together %" PRIu64, cgroup, all,
		    parts);
	else
		say(c, VIOLATED, "%s: pgscan is %" PRIu64 ", its contexts together %" PRIu64, cgroup,
		    all, parts);
}

static void check_cgroup_contexts(struct check *c)
{
	window_each(&c->w, "memory.stat ", cgroup_contexts, c);
}

struct sum {
	const char *key;
	const char *parent; /* "" = the whole machine */
	uint64_t value;
	unsigned int nr;
	struct check *c;
};

static void add_node(struct window *w, const char *node, void *ctx)
{
	struct sum *sum = ctx;
	char source[WINDOW_NAME];
	uint64_t v;

	snprintf(source, sizeof(source), "node.vmstat %s", node);
	if (!text_get(window_close_text(w, source), sum->key, &v))
		return;
	sum->value += v;
	sum->nr++;
}

static void compare_nodes(struct check *c, const char *key, uint64_t all)
{
	struct sum sum = {.key = key};
	uint64_t gap;

	window_each(&c->w, "node.vmstat ", add_node, &sum);
	gap = sum.value > all ? sum.value - all : all - sum.value;
	if (sum.nr && gap > c->slack)
		say(c, VIOLATED, "%s: %" PRIu64 " over %u nodes, %" PRIu64 " in all", key, sum.value,
		    sum.nr, all);
	else if (sum.nr)
		say(c, HELD, "the last compared is %s, %" PRIu64 " over %u nodes", key, sum.value,
		    sum.nr);
}

/*
 * Counters of reclaim that nodes have: with one CPU nothing reclaims while the agent reads.  Those
 * that an interrupt changes (writeback's end, free pages) are not compared.
 */
static bool is_of_reclaim(const char *key)
{
	static const char *const prefix[] = {"pgscan_",      "pgsteal_",  "workingset_", "pgdemote_",
					     "pgpromote_",   "nr_vmscan_write", "nr_active_",
					     "nr_inactive_", "nr_anon_pages", "nr_mapped"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefix); i++)
		if (!strncmp(key, prefix[i], strlen(prefix[i])))
			return true;
	return false;
}

static void check_nodes(struct check *c)
{
	struct text vmstat = window_close_text(&c->w, "vmstat");
	char key[TEXT_KEY_MAX];
	size_t pos = 0;
	uint64_t all;

	while (text_next(vmstat, &pos, key, &all))
		if (is_of_reclaim(key))
			compare_nodes(c, key, all);
}

/* Direct children of the parent; of "" those on top. */
static bool is_child(const char *cgroup, const char *parent)
{
	size_t len = strlen(parent);

	if (!len)
		return !strchr(cgroup, '/');
	return !strncmp(cgroup, parent, len) && cgroup[len] == '/' && !strchr(cgroup + len + 1, '/');
}

static void add_child(struct window *w, const char *cgroup, void *ctx)
{
	struct sum *sum = ctx;
	char source[WINDOW_NAME];
	uint64_t v;

	if (!is_child(cgroup, sum->parent))
		return;
	snprintf(source, sizeof(source), "memory.stat %s", cgroup);
	if (!text_get(window_close_text(w, source), sum->key, &v))
		return;
	sum->value += v;
	sum->nr++;
}

static void children_within(struct check *c, const char *parent, const char *key, uint64_t all)
{
	struct sum sum = {.key = key, .parent = parent};
	uint64_t slack = c->slack + c->unfolded + 2ull * UNFLUSHED_PER_CPU * c->cpus;
	const char *who = *parent ? parent : "the machine";

	window_each(&c->w, "memory.stat ", add_child, &sum);
	if (sum.nr && sum.value > all + slack)
		say(c, VIOLATED, "%s has %s %" PRIu64 ", the %u cgroups below it %" PRIu64, who, key,
		    all, sum.nr, sum.value);
	else if (sum.nr)
		say(c, HELD, "%s has %s %" PRIu64 ", the %u cgroups below it %" PRIu64, who, key, all,
		    sum.nr, sum.value);
}

static void below_cgroup(struct window *w, const char *cgroup, void *ctx)
{
	static const char *const keys[] = {"pgscan", "pgsteal", "pgmajfault"};
	char source[WINDOW_NAME];
	uint64_t all;
	size_t i;

	snprintf(source, sizeof(source), "memory.stat %s", cgroup);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (text_get(window_close_text(w, source), keys[i], &all))
			children_within(ctx, cgroup, keys[i], all);
}

static void check_cgroup_sums(struct check *c)
{
	uint64_t all;

	if (total(c, "vmstat", "pgscan_anon pgscan_file", &all))
		children_within(c, "", "pgscan", all);
	if (total(c, "vmstat", "pgsteal_anon pgsteal_file", &all))
		children_within(c, "", "pgsteal", all);
	window_each(&c->w, "memory.stat ", below_cgroup, c);
}

static uint64_t bucket_sum(const struct records_work *work)
{
	uint64_t sum = 0, v;
	size_t i;

	for (i = 0; i < WIRE_BUCKETS; i++) {
		memcpy(&v, work->bucket + i * sizeof(v), sizeof(v));
		sum += v;
	}
	return sum;
}

/* A workload counts an operation in its histogram and then in its total. */
static void check_latencies(struct check *c)
{
	unsigned int i;

	for (i = 0; i < c->w.rec->nr_works; i++) {
		const struct records_work *work = &c->w.close->work[i];
		struct text name = c->w.rec->work_name[i];
		uint64_t n;

		if (!work->present || !work->has_buckets)
			continue;
		n = bucket_sum(work);
		if (n - work->work.ops > THREADS_PER_WORKLOAD)
			say(c, VIOLATED, "workload %u: %" PRIu64 " latencies, %" PRIu64
			    " operations", i, n, work->work.ops);
		else
			say(c, HELD, "workload %.*s: %" PRIu64 " latencies", (int)name.len,
			    name.p ? name.p : "", n);
	}
}

static bool traced(const struct check *c, const char *event, uint64_t *out)
{
	size_t i;

	for (i = 0; i < c->w.trace->nr_counts; i++)
		if (!strcmp(c->w.trace->count[i].name, event) &&
		    !strcmp(c->w.trace->count[i].scope, "system")) {
			*out = c->w.trace->count[i].value;
			return true;
		}
	*out = 0;
	return false;
}

/* Entries of a histogram's buckets. */
static uint64_t entries(const struct check *c, const char *name)
{
	uint64_t sum = 0;
	size_t i, k;

	for (i = 0; i < c->w.trace->nr_hists; i++) {
		const struct trace_hist *h = &c->w.trace->hist[i];

		for (k = 0; !strcmp(h->name, name) && !strcmp(h->scope, "system") &&
			    k < WIRE_BUCKETS; k++)
			sum += h->bucket[k];
	}
	return sum;
}

/*
 * Each end of reclaim ends an episode in one of the histograms.  Reclaim that began before the
 * tracepoint was switched on has no beginning.
 */
static void check_histograms(struct check *c)
{
	static const char *const rows[][4] = {
		{"trace.event.vmscan.mm_vmscan_direct_reclaim_end", "stall.direct",
		 "background.direct", ""},
		{"trace.event.vmscan.mm_vmscan_memcg_reclaim_end", "stall.memcg",
		 "background.memcg", "proactive.run"},
	};
	uint64_t events, episodes;
	size_t i;

	if (!c->w.trace->present || c->w.trace->lost)
		return;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		traced(c, rows[i][0], &events);
		episodes = entries(c, rows[i][1]) + entries(c, rows[i][2]) + entries(c, rows[i][3]);
		if (episodes > events || events - episodes > c->cpus)
			say(c, VIOLATED, "%s: %" PRIu64 " events, %" PRIu64 " episodes", rows[i][1],
			    events, episodes);
		else
			say(c, HELD, "%s: %" PRIu64 " events, %" PRIu64 " episodes", rows[i][1],
			    events, episodes);
	}
}

static void check_trace_lost(struct check *c)
{
	if (!c->w.trace->present)
		return;
	if (c->w.trace->lost)
		say(c, VIOLATED, "%" PRIu64 " events were lost", c->w.trace->lost);
	else
		say(c, HELD, "%" PRIu64 " events", c->w.trace->events);
}

/* The kernel's counter, and its event: with memory.oom.group a victim is counted twice, and told once. */
static void check_oom(struct check *c)
{
	uint64_t events;
	int64_t killed;

	if (!c->w.trace->present || c->w.trace->lost ||
	    !window_delta(window_open_text(&c->w, "vmstat"), window_close_text(&c->w, "vmstat"),
			  "oom_kill", &killed))
		return;
	traced(c, "trace.event.oom.mark_victim", &events);
	if (killed < 0 || 2 * events < (uint64_t)killed)
		say(c, VIOLATED, "%" PRId64 " killed, %" PRIu64 " events", killed, events);
	else
		say(c, HELD, "%" PRId64 " killed, %" PRIu64 " events", killed, events);
}

static const struct {
	const char *name;
	const char *help;
	void (*fn)(struct check *c);
} checks[] = {
	{"nodes", "counters of reclaim, summed over the nodes, are those of the machine", check_nodes},
	{"steal", "no more pages are reclaimed than are scanned, in each context and of each type",
	 check_steal_system},
	{"contexts", "scans and steals by context are those by type", check_contexts},
	{"cgroup.steal", "no more pages of a cgroup are reclaimed than are scanned",
	 check_steal_cgroup},
	{"cgroup.contexts", "a cgroup's scans are those by context", check_cgroup_contexts},
	{"cgroup.sums", "the cgroups below one have no more scans, steals and major faults than it",
	 check_cgroup_sums},
	{"latencies", "a workload has one latency for each operation", check_latencies},
	{"trace.histograms", "histograms of reclaim have an entry for each event that ends one",
	 check_histograms},
	{"trace.lost", "no event of the trace was lost", check_trace_lost},
	{"trace.oom", "for each task that the OOM killer took there is an event", check_oom},
};

const char *check_name(size_t i)
{
	return i < ARRAY_SIZE(checks) ? checks[i].name : NULL;
}

const char *check_help(size_t i)
{
	return i < ARRAY_SIZE(checks) ? checks[i].help : NULL;
}

/* Every workload task and reclaimer may run on a CPU of its own. */
static unsigned int count_cpus(const struct records *rec)
{
	struct window w = {.rec = rec};
	struct text t = window_state(&w, "cpus.online");
	char copy[64], *rest = copy, *word;
	unsigned int n = 0;

	snprintf(copy, sizeof(copy), "%.*s", (int)(t.len < 63 ? t.len : 63), t.p ? t.p : "");
	while ((word = strsep(&rest, ","))) {
		unsigned int from = 0, to = 0;
		int got = sscanf(word, "%u-%u", &from, &to);

		if (got == 2 && to > from && to < 1024)
			n += to - from + 1;
		else
			n += got > 0;
	}
	return n ? n : 1;
}

static void count_one(struct window *w, const char *node, void *ctx)
{
	(void)w;
	(void)node;
	++*(unsigned int *)ctx;
}

static void set_slack(struct check *c)
{
	unsigned int nodes = 0;
	uint64_t v;

	c->cpus = count_cpus(c->w.rec);
	c->slack = SLACK_PAGES_PER_CPU * (c->cpus - 1);
	c->unfolded = 0;
	c->flush = c->cpus > 1 ? 2ull * UNFLUSHED_PER_CPU * c->cpus : 0;
	window_each(&c->w, "node.vmstat ", count_one, &nodes);
	/* Events of the machine are added up over all CPUs when they are told; nodes' are not. */
	if (text_get(window_close_text(&c->w, "node.vmstat 0"), "pgscan_kswapd", &v))
		c->unfolded = 2ull * UNFOLDED_PER_CPU_AND_NODE * c->cpus * nodes;
}

json_t *check_conservation(const struct records *rec, const struct trace_summary *trace)
{
	static const char *const verdicts[] = {"held", "violated", "absent"};
	json_t *out = json_array();
	struct check c = {.w = {rec, records_open_set(rec), records_last_set(rec), trace, NULL}};
	size_t i;

	if (!c.w.open || c.w.open == c.w.close)
		return out;
	set_slack(&c);
	for (i = 0; i < ARRAY_SIZE(checks); i++) {
		c.verdict = ABSENT;
		snprintf(c.detail, sizeof(c.detail), "the run has nothing to compare");
		checks[i].fn(&c);
		json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "name", checks[i].name,
						     "verdict", verdicts[c.verdict], "detail",
						     c.detail));
	}
	return out;
}

json_t *check_violated(const json_t *list)
{
	json_t *out = json_array(), *check;
	size_t i;

	json_array_foreach(list, i, check) {
		const char *verdict = json_string_value(json_object_get(check, "verdict"));

		if (verdict && !strcmp(verdict, "violated"))
			json_array_append(out, json_object_get(check, "name"));
	}
	return out;
}
