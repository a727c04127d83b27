// SPDX-License-Identifier: GPL-2.0-only
/* Figures of arms: counters over time, free memory of nodes, how long reclaim stalled. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "document/block.h"
#include "report/timeline.h"
#include "report/values.h"

/* Pages of guests are of so many KiB. */
#define PAGE_KIB 4
/* Arms of one figure. */
#define ARMS_MAX 2
/* Charts of workloads; a catalogue has scenarios with a dozen. */
#define WORKLOADS_MAX 3
/* Histograms of stalls. */
#define STALLS_MAX 3
/* Buckets of a histogram: powers of two, up to 2^63. */
#define BUCKETS 64

enum want { WANT_OPS, WANT_FREE, WANT_KSWAPD, WANT_DIRECT, WANT_REFAULTS, WANT_SOME, WANT_FULL, WANT_NODES };

/* What tells most about how reclaim went; the workload itself comes first. */
static const struct timeline_want wants[] = {
	[WANT_OPS] = {NULL, "operations/s", "workload.*.ops", NULL, true, 1},
	[WANT_FREE] = {"free memory", "pages", "vmstat.nr_free_pages", NULL, false, 1},
	[WANT_KSWAPD] = {"scanned by kswapd", "pages/s", "vmstat.pgscan_kswapd", NULL, true, 1},
	[WANT_DIRECT] = {"scanned by tasks", "pages/s", "vmstat.pgscan_direct", NULL, true, 1},
	[WANT_REFAULTS] = {"refaults", "pages/s", "vmstat.workingset_refault_file",
			   "vmstat.workingset_refault_anon", true, 1},
	[WANT_SOME] = {"memory pressure, some", "% of the time", "psi.memory.some_us", NULL, true, 1e-4},
	[WANT_FULL] = {"memory pressure, full", "% of the time", "psi.memory.full_us", NULL, true, 1e-4},
	[WANT_NODES] = {NULL, "", "node.*.nr_free_pages", NULL, false, PAGE_KIB},
};

struct sides {
	const struct arm *const *arm;
	const char *const *name;
	struct timeline time[ARMS_MAX];
	size_t nr;
};

/*
 * ---- Over time ----
 */

/* "workload.kv.ops" is kv, "node.0.nr_free_pages" is 0. */
static char *middle_of(const char *counter)
{
	const char *from = strchr(counter, '.'), *to = strrchr(counter, '.');

	return from && to > from ? strndup(from + 1, (size_t)(to - from - 1)) : xstrdup(counter);
}

static const struct timeline_line *find_line(const struct timeline *t, const struct timeline_line *like)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->line[i].want == like->want && !strcmp(t->line[i].name, like->name))
			return &t->line[i];
	return NULL;
}

static void add_line(struct document *doc, const struct sides *s, const struct timeline_line *line)
{
	cleanup_free char *title = line->want->name ? xstrdup(line->want->name) : middle_of(line->name);
	struct figure f = figure_new(FIGURE_LINES, title, line->want->unit);
	size_t i;

	for (i = 0; i < s->nr; i++) {
		const struct timeline_line *l = find_line(&s->time[i], line);

		if (l)
			figure_add(&f, s->name[i], l->at, l->mid, l->lo, l->hi, l->nr);
	}
	if (figure_moves(&f))
		document_figure(doc, &f);
	figure_release(&f);
}

/* True when an arm before has such a line, which is then in its figure. */
static bool is_shown(const struct sides *s, size_t side, const struct timeline_line *line)
{
	size_t i;

	for (i = 0; i < side; i++)
		if (find_line(&s->time[i], line))
			return true;
	return false;
}

static void add_lines(struct document *doc, const struct sides *s, enum want want)
{
	size_t i, k, n = 0;

	for (i = 0; i < s->nr; i++)
		for (k = 0; k < s->time[i].nr; k++) {
			const struct timeline_line *line = &s->time[i].line[k];

			if (line->want == &wants[want] && !is_shown(s, i, line) && n++ < WORKLOADS_MAX)
				add_line(doc, s, line);
		}
}

/*
 * ---- Nodes ----
 */

/* What the node has, as the guest stated it; 0 when it did not. */
static double node_kib(const struct arm *arm, const char *node)
{
	cleanup_free char *key = xasprintf("node.%s.memory_kib", node);
	const struct member *first = arm_first(arm);

	return first ? strtod(text_of(json_object_get(first->r.result, "state"), key), NULL) : 0;
}

static void add_node(struct figure *f, const struct sides *s, size_t side, const struct timeline_line *line)
{
	cleanup_free char *node = middle_of(line->name), *name = xasprintf("%s %s", node, s->name[side]);
	cleanup_free double *share = xcalloc(line->nr, sizeof(*share));
	double all = node_kib(s->arm[side], node);
	size_t i;

	for (i = 0; i < line->nr; i++)
		share[i] = all > 0 ? fmin(line->mid[i] / all, 1) : 0;
	if (all > 0)
		figure_add(f, name, line->at, share, NULL, NULL, line->nr);
}

static int by_name(const void *a, const void *b)
{
	const struct figure_line *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Only where there are several: of one it is the machine's. */
static void add_nodes(struct document *doc, const struct sides *s)
{
	struct figure f = figure_new(FIGURE_HEAT, "free memory by node", "share of the node, dark is free");
	size_t i, k;

	for (i = 0; i < s->nr; i++)
		for (k = 0; k < s->time[i].nr; k++)
			if (s->time[i].line[k].want == &wants[WANT_NODES])
				add_node(&f, s, i, &s->time[i].line[k]);
	if (f.nr > s->nr) {
		/* Of each node both arms, one below the other. */
		qsort(f.line, f.nr, sizeof(*f.line), by_name);
		document_figure(doc, &f);
	}
	figure_release(&f);
}

/*
 * ---- Stalls ----
 */

static const json_t *histogram(const struct member *m, const char *name)
{
	json_t *list = json_object_get(json_object_get(m->r.result, "trace"), "histograms"), *h;
	size_t i;

	json_array_foreach(list, i, h)
		if (!strcmp(text_of(h, "name"), name) && !strcmp(text_of(h, "scope"), "system"))
			return h;
	return NULL;
}

static size_t bucket_of(json_int_t upper)
{
	size_t b = 0;

	while (b + 1 < BUCKETS && (double)upper >= ldexp(1, (int)b + 1))
		b++;
	return b;
}

/* Events a run in each power of two; false when no member has such a histogram. */
static bool add_up(const struct arm *arm, const char *name, double count[BUCKETS])
{
	size_t i, k, runs = 0;
	json_t *pair;

	for (i = 0; i < arm->nr; i++) {
		const json_t *h = member_counts(&arm->member[i]) ? histogram(&arm->member[i], name) : NULL;

		runs += member_counts(&arm->member[i]);
		json_array_foreach(json_object_get(h, "buckets"), k, pair)
			count[bucket_of(json_integer_value(json_array_get(pair, 0)))] +=
				(double)json_integer_value(json_array_get(pair, 1));
	}
	for (i = 0, k = 0; i < BUCKETS; i++) {
		k += count[i] > 0;
		count[i] /= runs ? (double)runs : 1;
	}
	return k;
}

static void add_histogram(struct document *doc, const struct sides *s, const char *name, const char *unit)
{
	cleanup_free char *what = xasprintf("%s, runs' mean", unit);
	double count[ARMS_MAX][BUCKETS] = {{0}}, upper[BUCKETS];
	struct figure f = figure_new(FIGURE_STEPS, name, what);
	size_t i, k, from = BUCKETS, to = 0;

	for (i = 0; i < s->nr; i++) {
		add_up(s->arm[i], name, count[i]);
		for (k = 0; k < BUCKETS; k++) {
			upper[k] = ldexp(1, (int)k + 1);
			from = count[i][k] > 0 && k < from ? k : from;
			to = count[i][k] > 0 && k + 1 > to ? k + 1 : to;
		}
	}
	for (i = 0; from < to && i < s->nr; i++)
		figure_add(&f, s->name[i], upper + from, count[i] + from, NULL, NULL, to - from);
	if (figure_moves(&f))
		document_figure(doc, &f);
	figure_release(&f);
}

/* Those of the members: each name once. */
static void add_stalls(struct document *doc, const struct sides *s)
{
	cleanup_buf struct buf done = {0};
	size_t i, k, m, n = 0;
	json_t *h;

	for (i = 0; i < s->nr; i++)
		for (m = 0; m < s->arm[i]->nr; m++)
			json_array_foreach(json_object_get(json_object_get(s->arm[i]->member[m].r.result,
									   "trace"),
							   "histograms"), k, h) {
				cleanup_free char *mark = xasprintf("\n%s\n", text_of(h, "name"));

				if (strncmp(text_of(h, "name"), "stall.", 6) || n == STALLS_MAX ||
				    strstr(buf_str(&done), mark))
					continue;
				buf_adds(&done, mark);
				add_histogram(doc, s, text_of(h, "name"), text_of(h, "unit"));
				n++;
			}
}

void document_charts(struct document *doc, const struct arm *const *arm, const char *const *name, size_t nr)
{
	struct sides s = {.arm = arm, .name = name, .nr = nr < ARMS_MAX ? nr : ARMS_MAX};
	unsigned int want;
	size_t i;

	for (i = 0; i < s.nr; i++) {
		struct err err = {""};

		if (timeline_load(arm[i], wants, ARRAY_SIZE(wants), &s.time[i], &err))
			document_line(doc, "No counters over time of %s: %s", name[i], err.msg);
	}
	for (want = WANT_OPS; want < WANT_NODES; want++)
		add_lines(doc, &s, (enum want)want);
	add_nodes(doc, &s);
	add_stalls(doc, &s);
	for (i = 0; i < s.nr; i++)
		timeline_release(&s.time[i]);
}
