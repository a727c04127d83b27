// SPDX-License-Identifier: GPL-2.0-only
/* What workloads count themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "result/program.h"
#include "result/window.h"
#include "workloads/lib/program.h"
#include "workloads/lib/workload.h"

static size_t load_buckets(const struct records_work *open, const struct records_work *close,
			   struct stats_bucket *out)
{
	size_t i, n = 0;

	for (i = 0; i < WIRE_BUCKETS; i++) {
		uint64_t a, b;

		memcpy(&a, open->bucket + i * sizeof(a), sizeof(a));
		memcpy(&b, close->bucket + i * sizeof(b), sizeof(b));
		if (b > a)
			out[n++] = (struct stats_bucket){wire_bucket_max((unsigned int)i), b - a};
	}
	return n;
}

static int64_t value_of(const struct metric *m, const struct window *w,
			const struct records_work *a, const struct records_work *b,
			const struct stats_bucket *bucket, size_t nr)
{
	uint64_t ops = b->work.ops - a->work.ops;
	uint64_t ns = w->close->time_ns - w->open->time_ns;

	if (!strcmp(m->key, "ops"))
		return (int64_t)ops;
	if (!strcmp(m->key, "rate"))
		return ns ? (int64_t)((unsigned __int128)ops * 1000000000u / ns) : 0;
	if (!strcmp(m->key, "mean"))
		return ops ? (int64_t)((b->work.latency_sum_ns - a->work.latency_sum_ns) / ops) : 0;
	if (!strcmp(m->key, "max"))
		return nr ? (int64_t)bucket[nr - 1].upper : 0;
	return (int64_t)stats_hist_quantile(bucket, nr, (double)strtoul(m->key, NULL, 10) / 1e6);
}

static void measure_row(struct window *w, const struct metric *m, const char *work, unsigned int id)
{
	const struct records_work *a = &w->open->work[id], *b = &w->close->work[id];
	struct stats_bucket bucket[WIRE_BUCKETS];
	bool needs_buckets = !strcmp(m->key, "max") || (m->key[0] >= '0' && m->key[0] <= '9');
	size_t nr = 0;

	if (needs_buckets && (!a->has_buckets || !b->has_buckets)) {
		window_absent(w, m, work, "the run ended before the window closed");
		return;
	}
	if (needs_buckets)
		nr = load_buckets(a, b, bucket);
	window_put(w, m, work, value_of(m, w, a, b, bucket, nr));
}

static const struct workload *type_of(const struct window *w, unsigned int id)
{
	struct text t = w->rec->work_type[id];
	char type[WINDOW_SCOPE];

	if (!t.p || t.len >= sizeof(type))
		return NULL;
	snprintf(type, sizeof(type), "%.*s", (int)t.len, t.p);
	return workload_find(type);
}

/* Over the whole of its run, not the window: programs do not say when they did what. */
static void measure_program(struct window *w, const char *name, struct text work)
{
	struct program_report report;
	size_t i;

	if (!program_report_of(w->rec, work, &report))
		return;
	for (i = 0; !report.error[0] && i < report.nr_metrics; i++) {
		const struct program_metric *m = &report.metric[i];
		cleanup_free char *own = xasprintf("%s.%s", m->part, m->kind->name);
		struct metric row = {.name = own, .unit = m->kind->unit, .better = m->kind->better,
				     .class = METRIC_SECONDARY, .scope = SCOPE_WORKLOAD};

		window_put(w, &row, name, m->value);
	}
	program_report_release(&report);
}

void window_measure_work(struct window *w, const char *name, unsigned int id)
{
	static const enum stats_direction better[] = {
		[WL_NONE] = STATS_DIR_NONE, [WL_LOWER] = STATS_DIR_LOWER,
		[WL_HIGHER] = STATS_DIR_HIGHER};
	const struct workload *wl = type_of(w, id);
	size_t i;

	if (wl && !strcmp(wl->name, PROGRAM_TYPE)) {
		measure_program(w, name, w->rec->work_name[id]);
		return;
	}
	for (i = 0; i < nr_metrics; i++)
		if (metrics[i].source == METRIC_WORKLOAD)
			measure_row(w, &metrics[i], name, id);
	for (i = 0; wl && i < wl->nr_metrics; i++) {
		const struct wl_metric *m = &wl->metrics[i];
		struct metric own = {.name = m->name, .unit = m->unit, .better = better[m->better],
				     .class = METRIC_SECONDARY, .scope = SCOPE_WORKLOAD};

		window_put(w, &own, name,
			   (int64_t)(w->close->work[id].work.metric[i] -
				     w->open->work[id].work.metric[i]));
	}
}
