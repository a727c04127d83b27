// SPDX-License-Identifier: GPL-2.0-only
/* What the trace says of episodes of reclaim. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/window.h"

/* "system", "node.N", "cgroup.NAME" */
static void scope_word(const struct metric *m, const char *scope, char out[WINDOW_NAME])
{
	snprintf(out, WINDOW_NAME, "%s%s%s", metric_scope_name(m->scope), *scope ? "." : "", scope);
}

static const struct trace_hist *find_hist(const struct window *w, const char *name, size_t len,
					  const char *scope)
{
	size_t i;

	for (i = 0; i < w->trace->nr_hists; i++) {
		const struct trace_hist *h = &w->trace->hist[i];

		if (strlen(h->name) == len && !memcmp(h->name, name, len) && !strcmp(h->scope, scope))
			return h;
	}
	return NULL;
}

static int64_t quantile(const struct trace_hist *h, double q)
{
	struct stats_bucket bucket[WIRE_BUCKETS];
	size_t i, n = 0;

	for (i = 0; i < WIRE_BUCKETS; i++)
		if (h->bucket[i])
			bucket[n++] = (struct stats_bucket){wire_bucket_max((unsigned int)i),
							    h->bucket[i]};
	return (int64_t)stats_hist_quantile(bucket, n, q);
}

static int64_t hist_value(const struct trace_hist *h, const char *what)
{
	if (!h)
		return 0; /* nothing of the kind happened */
	if (!strcmp(what, "count"))
		return (int64_t)h->count;
	if (!strcmp(what, "sum_us"))
		return (int64_t)(h->sum / 1000);
	if (!strcmp(what, "max"))
		return (int64_t)h->max;
	return quantile(h, (double)strtoul(what, NULL, 10) / 1e6);
}

static uint64_t count_of(const struct window *w, const char *name, size_t len, const char *scope)
{
	size_t i;

	for (i = 0; i < w->trace->nr_counts; i++) {
		const struct trace_count *c = &w->trace->count[i];

		if (strlen(c->name) == len && !memcmp(c->name, name, len) &&
		    !strcmp(c->scope, scope))
			return c->value;
	}
	return 0;
}

/* Events that come with each batch are recorded only where the scenario asks for them. */
static bool has_batches(const struct window *w)
{
	struct text level = window_state(w, "trace.level");

	return text_is(level, "batch") || text_is(level, "all");
}

/* MGLRU of 6.1 does not fire them, whatever it does. */
static bool mglru_is_silent(const struct window *w)
{
	static const char event[] = "trace.event.vmscan.mm_vmscan_lru_shrink_inactive";

	return window_state_is_set(w, "lru_gen.enabled") &&
	       !count_of(w, event, sizeof(event) - 1, "system");
}

static void put_count(struct window *w, const struct metric *m, const char *scope, const char *word)
{
	const char *slash = strstr(m->key, " / ");
	uint64_t a = count_of(w, m->key, slash ? (size_t)(slash - m->key) : strlen(m->key), word);
	uint64_t b = slash ? count_of(w, slash + 3, strlen(slash + 3), word) : 0;

	if (!has_batches(w))
		window_absent(w, m, scope, "the scenario does not say trace = batch, or all");
	else if (mglru_is_silent(w))
		window_absent(w, m, scope, "MGLRU told of no batch: it took none, or, as on 6.1, "
					   "does not tell");
	else if (!slash)
		window_put(w, m, scope, (int64_t)a);
	else if (!b)
		window_absent(w, m, scope, "nothing was looked at in the window");
	else
		window_put(w, m, scope, window_ppm(a, b));
}

/* What a histogram is made of: without the event that ends its episodes it would be 0 for nothing. */
static const char *const made_of[][3] = {
	{"stall.direct", "vmscan", "mm_vmscan_direct_reclaim_end"},
	{"stall.memcg", "vmscan", "mm_vmscan_memcg_reclaim_end"},
	{"stall.throttled", "vmscan", "mm_vmscan_throttled"},
	{"kswapd.run", "vmscan", "mm_vmscan_kswapd_sleep"},
	{"writeback.throttle", "writeback", "balance_dirty_pages"},
};

/* The state names the events that were switched on, blank-separated; and one a key those that failed. */
static bool was_recorded(const struct window *w, const char *system, const char *event)
{
	char key[WINDOW_NAME], name[WINDOW_NAME];
	size_t len = strlen(event), i;
	struct text t;

	snprintf(key, sizeof(key), "trace.events.%s", system);
	snprintf(name, sizeof(name), "%s/%s", system, event);
	if (text_is(window_state(w, "trace.off"), name))
		return false;
	t = window_state(w, key);
	for (i = 0; t.p && i + len <= t.len; i++)
		if (!memcmp(t.p + i, event, len) && (!i || t.p[i - 1] == ' ') &&
		    (i + len == t.len || t.p[i + len] == ' '))
			return true;
	return false;
}

/* The event that this row lacks, or NULL. */
static const char *missing_event(const struct window *w, const struct metric *m)
{
	size_t i, len = strcspn(m->key, " ");

	for (i = 0; i < sizeof(made_of) / sizeof(made_of[0]); i++)
		if (strlen(made_of[i][0]) == len && !memcmp(m->key, made_of[i][0], len) &&
		    !was_recorded(w, made_of[i][1], made_of[i][2]))
			return made_of[i][2];
	return NULL;
}

void window_measure_trace(struct window *w, const struct metric *m, const char *scope)
{
	const char *what = strchr(m->key, ' '), *event = missing_event(w, m);
	char word[WINDOW_NAME], lost[WINDOW_NAME], lacks[WINDOW_NAME];

	scope_word(m, scope, word);
	snprintf(lost, sizeof(lost), "%" PRIu64 " events of the trace were lost", w->trace->lost);
	snprintf(lacks, sizeof(lacks), "the event %s was not recorded", event ? event : "");
	if (!w->trace->present)
		window_absent(w, m, scope, "the run was not traced");
	else if (w->trace->lost)
		window_absent(w, m, scope, lost);
	else if (m->source == METRIC_HIST && event)
		window_absent(w, m, scope, lacks);
	else if (m->source == METRIC_TRACE)
		put_count(w, m, scope, word);
	else
		window_put(w, m, scope,
			   hist_value(find_hist(w, m->key, (size_t)(what - m->key), word), what + 1));
}
