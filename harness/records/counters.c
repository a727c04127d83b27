// SPDX-License-Identifier: GPL-2.0-only
#include "records/counters.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* A name under construction: its first at characters are settled.  No room, or no name: at is -1. */
struct walk {
	char name[COUNTER_NAME_MAX];
	counter_fn *fn;
	void *ctx;
};

static bool plain(char c)
{
	return c > ' ' && c <= '~' && c != ',' && c != '"';
}

static long add(struct walk *w, long at, struct text t)
{
	size_t i;

	if (at < 0 || !t.len || t.len >= sizeof(w->name) - (size_t)at)
		return -1;
	for (i = 0; i < t.len; i++) {
		if (!plain(t.p[i]))
			return -1;
		w->name[at++] = t.p[i];
	}
	return at;
}

static long adds(struct walk *w, long at, const char *s)
{
	return add(w, at, (struct text){s, strlen(s)});
}

static long addn(struct walk *w, long at, uint64_t n)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	return adds(w, at, digits);
}

static void put(struct walk *w, long at, uint64_t value)
{
	if (at < 0)
		return;
	w->name[at] = '\0';
	w->fn(w->ctx, w->name, value);
}

static void puts_at(struct walk *w, long at, const char *key, uint64_t value)
{
	put(w, adds(w, at, key), value);
}

/* "key value", as in vmstat. */
static void keys(struct walk *w, long at, struct text body)
{
	char key[TEXT_KEY_MAX];
	size_t pos = 0;
	uint64_t v;

	while (text_next(body, &pos, key, &v))
		puts_at(w, at, key, v);
}

/* A word without the colon at its end. */
static struct text no_colon(struct text t)
{
	if (t.len && t.p[t.len - 1] == ':')
		t.len--;
	return t;
}

/* "MemFree:   1234 kB", in a node's file behind "Node 0 ". */
static void meminfo(struct walk *w, long at, struct text body)
{
	struct text line;
	uint64_t v;

	while (text_line(&body, &line)) {
		struct text key = text_word(&line);

		if (text_is(key, "Node")) {
			text_word(&line);
			key = text_word(&line);
		}
		if (key.len && key.p[key.len - 1] == ':' && text_number(text_word(&line), &v))
			put(w, add(w, at, no_colon(key)), v);
	}
}

static void psi(struct walk *w, long at, struct text body)
{
	uint64_t v;

	if (text_psi(body, "some", &v))
		puts_at(w, at, "some_us", v);
	if (text_psi(body, "full", &v))
		puts_at(w, at, "full_us", v);
}

/* "Node 0, zone   Normal ...": line is left at what follows. */
static bool zone_line(struct text *line, uint64_t *node, struct text *zone)
{
	struct text nr;

	text_word(line);
	nr = text_word(line);
	if (!nr.len || nr.p[--nr.len] != ',' || !text_number(nr, node))
		return false;
	if (!text_is(text_word(line), "zone"))
		return false;
	*zone = text_word(line);
	return zone->len;
}

static long zone_name(struct walk *w, long at, uint64_t node, struct text zone)
{
	return adds(w, add(w, adds(w, addn(w, at, node), "."), zone), ".");
}

static void buddyinfo(struct walk *w, long at, struct text body)
{
	struct text line, zone, word;
	uint64_t node, v;

	while (text_line(&body, &line)) {
		unsigned int order = 0;

		if (!zone_line(&line, &node, &zone))
			continue;
		while ((word = text_word(&line)).len && text_number(word, &v))
			put(w, addn(w, zone_name(w, at, node, zone), order++), v);
	}
}

/* Where in zoneinfo a line stands. */
struct zone_at {
	uint64_t node;
	struct text zone; /* p == NULL: nowhere */
	bool per_node;
	bool per_cpu;
	uint64_t cpu;
};

static long zone_part(struct walk *w, long at, const struct zone_at *z)
{
	at = zone_name(w, at, z->node, z->per_node ? (struct text){"node", 4} : z->zone);
	return z->per_cpu ? adds(w, addn(w, adds(w, at, "cpu."), z->cpu), ".") : at;
}

/* "protection: (0, 157, 157)" */
static void protection(struct walk *w, long at, struct text line)
{
	struct text word;
	unsigned int i = 0;
	uint64_t v;

	for (at = adds(w, at, "protection."); (word = text_word(&line)).len; i++) {
		if (*word.p == '(') {
			word.p++;
			word.len--;
		}
		if (!word.len || !text_number((struct text){word.p, word.len - 1}, &v))
			return;
		put(w, addn(w, at, i), v);
	}
}

/* "pages free     3840", "      nr_free_pages 3840", "count: 12", "vm stats threshold: 4" */
static void zone_key(struct walk *w, long at, struct text line)
{
	struct text key = text_word(&line);
	uint64_t v;

	if (text_is(key, "protection:")) {
		protection(w, at, line);
		return;
	}
	if (text_is(key, "pages"))
		key = text_word(&line);
	if (text_is(key, "vm") && text_is(text_word(&line), "stats")) {
		text_word(&line);
		key = (struct text){"stats_threshold", 15};
	}
	if (text_number(text_word(&line), &v))
		put(w, add(w, at, no_colon(key)), v);
}

static bool starts(struct text t, const char *s)
{
	return t.len >= strlen(s) && !memcmp(t.p, s, strlen(s));
}

/* Two blanks begin a new part of a zone, but for the last line of each CPU's. */
static void zone_step(struct zone_at *z, struct text line)
{
	struct text rest = line;

	if (starts(line, "  ") && !starts(line, "   ") && !starts(line, "  vm stats")) {
		z->per_cpu = false;
		z->per_node = starts(line, "  per-node");
	}
	if (text_is(text_word(&rest), "cpu:"))
		z->per_cpu = text_number(text_word(&rest), &z->cpu);
}

static void zoneinfo(struct walk *w, long at, struct text body)
{
	struct zone_at z = {0};
	struct text line;

	while (text_line(&body, &line)) {
		if (starts(line, "Node ")) {
			z = (struct zone_at){0};
			if (!zone_line(&line, &z.node, &z.zone))
				z.zone.p = NULL;
			continue;
		}
		zone_step(&z, line);
		if (z.zone.p && !starts(line, "    cpu:"))
			zone_key(w, zone_part(w, at, &z), line);
	}
}

/* "anon N0=49152 N1=0" */
static void numa_stat(struct walk *w, long at, struct text body)
{
	struct text line, key, word;
	uint64_t node, v;

	while (text_line(&body, &line)) {
		key = text_word(&line);
		while ((word = text_word(&line)).len) {
			const char *eq = memchr(word.p, '=', word.len);
			struct text nr = {word.p + 1, eq ? (size_t)(eq - word.p) - 1 : 0};

			if (*word.p != 'N' || !eq || !text_number(nr, &node))
				continue;
			if (text_number((struct text){eq + 1, word.len - nr.len - 2}, &v))
				put(w, add(w, adds(w, addn(w, at, node), "."), key), v);
		}
	}
}

/* Generations at the beginning of a text: lines that begin with a number. */
static unsigned int nr_generations(struct text body)
{
	struct text line;
	unsigned int n = 0;
	uint64_t v;

	while (text_line(&body, &line) && text_number(text_word(&line), &v))
		n++;
	return n;
}

/* Sequence number, age in ms, anonymous and file pages; the oldest comes first. */
static void generation(struct walk *w, long at, struct text line, unsigned int age)
{
	static const char *const names[] = {".seq", ".age_ms", ".anon", ".file"};
	uint64_t v;
	size_t i;

	at = addn(w, adds(w, at, "gen."), age);
	for (i = 0; i < ARRAY_SIZE(names) && text_number(text_word(&line), &v); i++)
		puts_at(w, at, names[i], v);
}

/* The generations of one cgroup on one node; the rest of the text. */
static struct text generations(struct walk *w, long at, struct text body)
{
	unsigned int i, n = nr_generations(body);
	struct text line, rest;
	uint64_t seq;

	for (i = 0; i < n; i++) {
		text_line(&body, &line);
		rest = line;
		text_number(text_word(&rest), &seq);
		if (!i)
			puts_at(w, at, "min_seq", seq);
		if (i == n - 1)
			puts_at(w, at, "max_seq", seq);
		generation(w, at, line, n - 1 - i);
	}
	return body;
}

/* "memcg    12 /app", then for each node " node     0" and its generations. */
static void lru_gen(struct walk *w, long at, struct text body)
{
	struct text line, word, cgroup = {0};
	uint64_t node;

	while (text_line(&body, &line)) {
		word = text_word(&line);
		if (text_is(word, "memcg")) {
			text_word(&line);
			cgroup = text_word(&line);
			if (cgroup.len > 1 && *cgroup.p == '/') {
				cgroup.p++;
				cgroup.len--;
			}
		} else if (text_is(word, "node") && text_number(text_word(&line), &node)) {
			long here = adds(w, add(w, at, cgroup), ".node.");

			body = generations(w, adds(w, addn(w, here, node), "."), body);
		}
	}
}

/* Numbers in a row, by their names; "" is passed over. */
static void row(struct walk *w, long at, struct text body, const char *const *names)
{
	struct text word;
	uint64_t v;

	for (; *names && (word = text_word(&body)).len; names++) {
		if (!**names)
			continue;
		if (!text_number(word, &v))
			return;
		puts_at(w, at, *names, v);
	}
}

/* Documentation/block/stat.rst */
static void disk(struct walk *w, long at, struct text body)
{
	static const char *const names[] = {
		"reads", "read_merges", "read_sectors", "read_ms", "writes", "write_merges",
		"write_sectors", "write_ms", "in_flight", "io_ms", "queue_ms", "discards",
		"discard_merges", "discard_sectors", "discard_ms", "flushes", "flush_ms", NULL};

	row(w, at, body, names);
}

/* Documentation/admin-guide/blockdev/zram.rst: mm_stat and io_stat */
static void zram(struct walk *w, long at, struct text body)
{
	static const char *const names[] = {"stored", "compressed", "memory", "limit",
					    "max_memory", "same_pages", "compacted", "huge_pages",
					    "huge_since", NULL};

	row(w, at, body, names);
}

static void zram_io(struct walk *w, long at, struct text body)
{
	static const char *const names[] = {"failed_reads", "failed_writes", "invalid_io",
					    "notify_free", NULL};

	row(w, at, body, names);
}

static void schedstat(struct walk *w, long at, struct text body)
{
	static const char *const names[] = {"cpu_ns", "wait_ns", "slices", NULL};

	row(w, at, body, names);
}

/* /proc/PID/stat: "12 (name) S ..."; the name may hold anything, so from its last parenthesis on. */
static void stat_line(struct walk *w, long at, struct text body)
{
	static const char *const names[] = {"", "", "", "", "", "", "minflt", "", "majflt", "",
					    "utime_ticks", "stime_ticks", NULL};
	const char *end = body.p ? memrchr(body.p, ')', body.len) : NULL;
	struct text state;

	if (!end)
		return;
	body = (struct text){end + 1, body.len - (size_t)(end + 1 - body.p)};
	state = text_word(&body);
	if (state.len != 1)
		return;
	puts_at(w, at, "state", (unsigned char)*state.p);
	row(w, at, body, names);
}

static void number(struct walk *w, long at, struct text body)
{
	uint64_t v;

	if (text_number(body, &v))
		put(w, at, v);
}

/*
 * What a kind of source is called in names: what stands before and behind its scope, which is what
 * follows the kind in the source's name ("memory.stat app", "node.vmstat 0").
 */
static const struct kind {
	const char *source;
	const char *before;
	const char *behind; /* NULL: a source without a scope */
	void (*flatten)(struct walk *w, long at, struct text body);
} kinds[] = {
	{"vmstat", "vmstat.", NULL, keys},
	{"meminfo", "meminfo.", NULL, meminfo},
	{"zoneinfo", "zone.", NULL, zoneinfo},
	{"buddyinfo", "buddy.", NULL, buddyinfo},
	{"lru_gen", "lru_gen.", NULL, lru_gen},
	{"psi.memory", "psi.memory.", NULL, psi},
	{"psi.io", "psi.io.", NULL, psi},
	{"psi.cpu", "psi.cpu.", NULL, psi},
	{"node.vmstat", "node.", ".", keys},
	{"policy", "policy.", ".", keys},
	{"count", "policy.", "", number},
	{"node.meminfo", "node.", ".meminfo.", meminfo},
	{"memory.stat", "cgroup.", ".stat.", keys},
	{"memory.events", "cgroup.", ".events.", keys},
	{"memory.events.local", "cgroup.", ".events.local.", keys},
	{"memory.swap.events", "cgroup.", ".swap.events.", keys},
	{"memory.reclaim_ext", "cgroup.", ".reclaim_ext.", keys},
	{"memory.current", "cgroup.", ".current", number},
	{"memory.swap.current", "cgroup.", ".swap.current", number},
	{"memory.numa_stat", "cgroup.", ".numa.", numa_stat},
	{"memory.pressure", "cgroup.", ".psi.memory.", psi},
	{"io.pressure", "cgroup.", ".psi.io.", psi},
	{"cpu.pressure", "cgroup.", ".psi.cpu.", psi},
	{"task", "task.", ".", schedstat},
	{"task.stat", "task.", ".", stat_line},
	{"device", "device.", ".", disk},
	{"zram", "zram.", ".", zram},
	{"zram.io", "zram.", ".", zram_io},
};

void counters_each(struct text source_name, struct text body, counter_fn *fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};
	struct text kind, scope = source_name;
	size_t i;
	long at;

	if (!source_name.p || !body.p)
		return;
	kind = text_word(&scope);
	scope = text_word(&scope);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];

		if (!text_is(kind, k->source) || !scope.len != !k->behind)
			continue;
		at = adds(&w, 0, k->before);
		if (k->behind)
			at = add(&w, at, scope);
		if (k->behind && *k->behind)
			at = adds(&w, at, k->behind);
		k->flatten(&w, at, body);
	}
}
