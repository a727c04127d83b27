// SPDX-License-Identifier: GPL-2.0-only
#include "result/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/window.h"

/* Names that came from a guest go into JSON only when they are plain ASCII. */
static bool plain(struct text t)
{
	size_t i;

	for (i = 0; i < t.len; i++)
		if (t.p[i] < 0x21 || t.p[i] > 0x7e)
			return false;
	return t.p && t.len && t.len < WINDOW_SCOPE;
}

struct text window_open_text(const struct window *w, const char *source)
{
	return records_text(w->rec, w->open, source);
}

struct text window_close_text(const struct window *w, const char *source)
{
	return records_text(w->rec, w->close, source);
}

void window_each(struct window *w, const char *kind,
		 void (*fn)(struct window *w, const char *scope, void *ctx), void *ctx)
{
	size_t klen = strlen(kind);
	unsigned int i;

	for (i = 0; i < w->rec->nr_sources; i++) {
		struct text s = w->rec->source[i];
		struct text scope;
		char copy[WINDOW_SCOPE];

		if (!s.p || s.len <= klen || memcmp(s.p, kind, klen))
			continue;
		scope = (struct text){s.p + klen, s.len - klen};
		if (!plain(scope))
			continue;
		memcpy(copy, scope.p, scope.len);
		copy[scope.len] = '\0';
		fn(w, copy, ctx);
	}
}

bool window_delta(struct text open, struct text close, const char *keys, int64_t *sum)
{
	char copy[512], *rest = copy, *key;
	uint64_t total = 0;
	bool any = false;

	*sum = 0;
	if (strlen(keys) >= sizeof(copy))
		return false;
	strcpy(copy, keys);
	while ((key = strsep(&rest, " "))) {
		uint64_t a, b;

		if (!text_get(open, key, &a) || !text_get(close, key, &b))
			continue;
		total += b - a;
		any = true;
	}
	*sum = (int64_t)total;
	return any;
}

struct text window_state(const struct window *w, const char *key)
{
	size_t len = strlen(key);
	unsigned int i;

	for (i = 0; i < w->rec->nr_states; i++) {
		struct text t = w->rec->state[i];

		if (t.len > len && !memcmp(t.p, key, len) && t.p[len] == '=')
			return (struct text){t.p + len + 1, t.len - len - 1};
	}
	return (struct text){NULL, 0};
}

int64_t window_ppm(uint64_t part, uint64_t whole)
{
	return (int64_t)((unsigned __int128)part * WINDOW_PPM / whole);
}

static json_t *new_metric(const struct metric *m, const char *scope)
{
	const char *prefix = metric_prefix(m->scope), *what = metric_scope_name(m->scope);
	char name[WINDOW_NAME], where[WINDOW_NAME];

	snprintf(name, sizeof(name), "%s%s%s%s", prefix, scope, *scope ? "." : "", m->name);
	snprintf(where, sizeof(where), "%s%s%s", what, *scope ? " " : "", scope);
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "scope", where, "unit", m->unit,
			 "better", metric_better_name(m->better), "class",
			 metric_class_name(m->class));
}

void window_put(struct window *w, const struct metric *m, const char *scope, int64_t value)
{
	json_t *metric = new_metric(m, scope);

	json_object_set_new(metric, "value", json_integer(value));
	json_array_append_new(w->out, metric);
}

void window_absent(struct window *w, const struct metric *m, const char *scope, const char *why)
{
	json_t *metric = new_metric(m, scope);

	json_object_set_new(metric, "absent", json_string(why));
	json_array_append_new(w->out, metric);
}

static void absentf(struct window *w, const struct metric *m, const char *scope, const char *fmt,
		    ...) __attribute__((format(printf, 4, 5)));

static void absentf(struct window *w, const struct metric *m, const char *scope, const char *fmt,
		    ...)
{
	char why[WINDOW_NAME];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	window_absent(w, m, scope, why);
}

bool window_state_is_set(const struct window *w, const char *key)
{
	struct text t = window_state(w, key);
	char copy[32];

	snprintf(copy, sizeof(copy), "%.*s", (int)(t.len < 31 ? t.len : 31), t.p ? t.p : "");
	return strtoull(copy, NULL, 0) != 0;
}

/* "6.12" of "6.12.107+deb13-cloud-amd64" */
static int version_len(struct text release)
{
	size_t i, dots = 0;

	for (i = 0; i < release.len && i < 16; i++) {
		dots += release.p[i] == '.';
		if (dots == 2 || !(release.p[i] == '.' ||
				   (release.p[i] >= '0' && release.p[i] <= '9')))
			break;
	}
	return (int)i;
}

static const char *meaning_here(const struct window *w, const struct meaning *m)
{
	char source[WINDOW_SCOPE];
	const char *key = strrchr(m->probe, ' ');
	bool yes;
	uint64_t v;

	snprintf(source, sizeof(source), "%.*s", (int)(key - m->probe), m->probe);
	if (!strcmp(source, "state"))
		yes = window_state_is_set(w, key + 1);
	else
		yes = text_get(window_close_text(w, source), key + 1, &v);
	return yes ? m->yes : m->no;
}

static void add_meaning(const struct window *w, const char *meaning, char *out, size_t size,
			bool more)
{
	struct text release = w->rec->hello[1];
	bool versioned = meaning[strlen(meaning) - 1] == '-';

	snprintf(out, size, "%s%s%.*s", more ? "," : "", meaning,
		 versioned && release.p ? version_len(release) : 0, release.p ? release.p : "");
}

void window_mark(const struct window *w, json_t *metric, const char *keys, bool cgroup)
{
	char text[WINDOW_NAME] = "";
	size_t i;

	for (i = 0; i < nr_meanings; i++) {
		size_t len = strlen(text);

		if (meaning_concerns(&meanings[i], keys, cgroup))
			add_meaning(w, meaning_here(w, &meanings[i]), text + len,
				    sizeof(text) - len, len > 0);
	}
	if (*text)
		json_object_set_new(metric, "meaning", json_string(text));
}

static void mark_last(struct window *w, const struct metric *m)
{
	json_t *last = json_array_get(w->out, json_array_size(w->out) - 1);

	window_mark(w, last, m->key, m->scope == SCOPE_CGROUP);
}

/* Operations of all workloads in the window. */
static uint64_t all_ops(const struct window *w)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < w->rec->nr_works; i++)
		if (w->open->work[i].present && w->close->work[i].present)
			sum += w->close->work[i].work.ops - w->open->work[i].work.ops;
	return sum;
}

/*
 * How little matters is known of the count, not of what it is for so many operations: a handful of
 * pages more is nothing, whatever it is a million times over.
 */
static void put_floor(struct window *w, const struct metric *m, uint64_t ops)
{
	json_t *last = json_array_get(w->out, json_array_size(w->out) - 1);

	json_object_set_new(last, "floor",
			    json_integer((json_int_t)(m->min_abs * 1e6 / (double)ops)));
}

/* An operation of one type is worth another number of those of another. */
static bool one_type(const struct window *w)
{
	struct text first = w->rec->work_type[0];
	unsigned int i;

	for (i = 1; i < w->rec->nr_works; i++) {
		struct text t = w->rec->work_type[i];

		if (t.p && first.p &&
		    (t.len != first.len || memcmp(t.p, first.p, t.len)))
			return false;
	}
	return true;
}

static void put_per_mop(struct window *w, const struct metric *m)
{
	uint64_t ops = all_ops(w);
	int64_t sum;

	if (!one_type(w)) {
		window_absent(w, m, "", "workloads of several types have no operation in common");
	} else if (!ops) {
		window_absent(w, m, "", "no workload finished an operation");
	} else if (!window_delta(window_open_text(w, "vmstat"), window_close_text(w, "vmstat"),
				 m->key, &sum)) {
		absentf(w, m, "", "this kernel's vmstat has no %s", m->key);
	} else {
		window_put(w, m, "", (int64_t)((__int128)sum * 1000000 / ops));
		put_floor(w, m, ops);
	}
}

static void stat_source(const struct metric *m, const char *scope, char out[WINDOW_NAME])
{
	if (m->scope == SCOPE_CGROUP)
		snprintf(out, WINDOW_NAME, "memory.stat %s", scope);
	else
		snprintf(out, WINDOW_NAME, "vmstat");
}

static void put_stat(struct window *w, const struct metric *m, const char *scope,
		     const char *source)
{
	int64_t value;

	if (window_delta(window_open_text(w, source), window_close_text(w, source), m->key, &value))
		window_put(w, m, scope, value);
	else
		absentf(w, m, scope, "this kernel's %.60s has no %.100s", source, m->key);
}

static void put_ratio(struct window *w, const struct metric *m, const char *scope,
		      const char *source)
{
	struct text open = window_open_text(w, source), close = window_close_text(w, source);
	const char *slash = strstr(m->key, " / ");
	char part[256];
	int64_t a, b;

	snprintf(part, sizeof(part), "%.*s", (int)(slash - m->key), m->key);
	if (!window_delta(open, close, part, &a) || !window_delta(open, close, slash + 3, &b))
		absentf(w, m, scope, "this kernel's %.60s does not have %.100s", source, m->key);
	else if (b <= 0 || a < 0)
		absentf(w, m, scope, "there was no %.60s in the window", slash + 3);
	else
		window_put(w, m, scope, window_ppm((uint64_t)a, (uint64_t)b));
}

/* "memory some": the system's file psi.memory, or a cgroup's memory.pressure. */
static void put_psi(struct window *w, const struct metric *m, const char *scope)
{
	const char *kind = strchr(m->key, ' ') + 1;
	int len = (int)(kind - 1 - m->key);
	char source[WINDOW_NAME];
	uint64_t a, b;

	if (m->scope == SCOPE_CGROUP)
		snprintf(source, sizeof(source), "%.*s.pressure %s", len, m->key, scope);
	else
		snprintf(source, sizeof(source), "psi.%.*s", len, m->key);
	if (text_psi(window_open_text(w, source), kind, &a) &&
	    text_psi(window_close_text(w, source), kind, &b))
		window_put(w, m, scope, (int64_t)(b - a));
	else
		window_absent(w, m, scope, "this kernel has no such pressure file");
}

static void put_events(struct window *w, const struct metric *m, const char *scope)
{
	char source[WINDOW_NAME];

	snprintf(source, sizeof(source), "memory.events %s", scope);
	put_stat(w, m, scope, source);
}

static void put_last(struct window *w, const struct metric *m, const char *scope)
{
	char source[WINDOW_NAME];
	uint64_t v;

	snprintf(source, sizeof(source), "%s %s", m->key, scope);
	if (text_number(window_close_text(w, source), &v))
		window_put(w, m, scope, (int64_t)v);
	else
		window_absent(w, m, scope, "this kernel's cgroups have no such file");
}

static void put_marked(struct window *w, const struct metric *m, const char *scope)
{
	char source[WINDOW_NAME];

	stat_source(m, scope, source);
	if (m->source == METRIC_STAT)
		put_stat(w, m, scope, source);
	else if (m->source == METRIC_RATIO)
		put_ratio(w, m, scope, source);
	else
		put_per_mop(w, m);
	mark_last(w, m);
}

static void measure_row(struct window *w, const struct metric *m, const char *scope)
{
	switch (m->source) {
	case METRIC_STAT:
	case METRIC_RATIO:
	case METRIC_PER_MOP:
		put_marked(w, m, scope);
		break;
	case METRIC_EVENTS:
		put_events(w, m, scope);
		break;
	case METRIC_PSI:
		put_psi(w, m, scope);
		break;
	case METRIC_LAST:
		put_last(w, m, scope);
		break;
	case METRIC_TRACE:
	case METRIC_HIST:
		window_measure_trace(w, m, scope);
		break;
	case METRIC_COUNTERS:
	case METRIC_HIGHEST:
	case METRIC_DERIVED:
		window_measure_derived(w, m, scope);
		break;
	case METRIC_WORKLOAD:
		break;
	}
}

static void measure_scope(struct window *w, const char *scope, void *ctx)
{
	const enum metric_scope *kind = ctx;
	size_t i;

	for (i = 0; i < nr_metrics; i++)
		if (metrics[i].scope == *kind)
			measure_row(w, &metrics[i], scope);
}

static void measure_works(struct window *w)
{
	char name[WINDOW_SCOPE];
	unsigned int i;

	for (i = 0; i < w->rec->nr_works; i++) {
		struct text t = w->rec->work_name[i];

		if (!plain(t) || !w->open->work[i].present || !w->close->work[i].present)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)t.len, t.p);
		window_measure_work(w, name, i);
	}
}

json_t *measure_metrics(const struct records *rec, const struct trace_summary *trace)
{
	enum metric_scope system = SCOPE_SYSTEM, node = SCOPE_NODE, cgroup = SCOPE_CGROUP;
	struct window w = {rec, records_open_set(rec), records_last_set(rec), trace, json_array()};

	if (!w.open || w.open == w.close)
		return w.out;
	measure_works(&w);
	measure_scope(&w, "", &system);
	window_each(&w, "memory.stat ", measure_scope, &cgroup);
	window_each(&w, "node.vmstat ", measure_scope, &node);
	window_measure_raw(&w);
	return w.out;
}
