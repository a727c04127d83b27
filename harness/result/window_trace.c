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

static int64_t count_value(const struct window *w, const char *name, const char *scope)
{
	size_t i;

	for (i = 0; i < w->trace->nr_counts; i++)
		if (!strcmp(w->trace->count[i].name, name) &&
		    !strcmp(w->trace->count[i].scope, scope))
			return (int64_t)w->trace->count[i].value;
	return 0;
}

void window_measure_trace(struct window *w, const struct metric *m, const char *scope)
{
	char word[WINDOW_NAME], lost[WINDOW_NAME];
	const char *what = strchr(m->key, ' ');

	scope_word(m, scope, word);
	snprintf(lost, sizeof(lost), "%" PRIu64 " events of the trace were lost", w->trace->lost);
	if (!w->trace->present)
		window_absent(w, m, scope, "the run was not traced");
	else if (w->trace->lost)
		window_absent(w, m, scope, lost);
	else if (m->source == METRIC_TRACE)
		window_put(w, m, scope, count_value(w, m->key, word));
	else
		window_put(w, m, scope,
			   hist_value(find_hist(w, m->key, (size_t)(what - m->key), word), what + 1));
}
