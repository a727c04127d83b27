// SPDX-License-Identifier: GPL-2.0-only
#include "records/series.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records/counters.h"
#include "workloads/lib/workload.h"

#define JSON_VALUES_MAX (4u << 20)

const char *const series_default[] = {"workload.*.ops", "vmstat.*", "psi.*", "cgroup.*.current",
				      "cgroup.*.psi.memory.*", NULL};

static bool plain(struct text t)
{
	size_t i;

	for (i = 0; i < t.len; i++)
		if (t.p[i] < 0x21 || t.p[i] > 0x7e || t.p[i] == '"' || t.p[i] == ',')
			return false;
	return t.p && t.len && t.len < 64;
}

static void work_counter(struct text work, const char *what, uint64_t value, counter_fn *fn,
			 void *ctx)
{
	char name[COUNTER_NAME_MAX];

	snprintf(name, sizeof(name), "workload.%.*s.%s", (int)work.len, work.p, what);
	fn(ctx, name, value);
}

static void work_each(const struct records *rec, unsigned int id, const struct records_work *w,
		      counter_fn *fn, void *ctx)
{
	struct text name = rec->work_name[id], type = rec->work_type[id];
	const struct workload *wl;
	char word[64];
	size_t i;

	if (!w->present || !plain(name))
		return;
	work_counter(name, "ops", w->work.ops, fn, ctx);
	work_counter(name, "latency_sum_ns", w->work.latency_sum_ns, fn, ctx);
	work_counter(name, "latency_max_ns", w->work.latency_max_ns, fn, ctx);
	if (!plain(type))
		return;
	snprintf(word, sizeof(word), "%.*s", (int)type.len, type.p);
	wl = workload_find(word);
	for (i = 0; wl && i < wl->nr_metrics; i++)
		work_counter(name, wl->metrics[i].name, w->work.metric[i], fn, ctx);
}

static bool is_kind(struct text source, const char *const *kinds)
{
	struct text kind = text_word(&source);
	size_t i;

	for (i = 0; kinds && kinds[i]; i++)
		if (text_is(kind, kinds[i]))
			return true;
	return !kinds;
}

void series_each_of(const struct records *rec, const struct records_set *set, const char *const *kinds,
		    counter_fn *fn, void *ctx)
{
	unsigned int i;

	for (i = 0; i < rec->nr_works; i++)
		work_each(rec, i, &set->work[i], fn, ctx);
	for (i = 0; i < rec->nr_sources; i++)
		if (is_kind(rec->source[i], kinds))
			counters_each(rec->source[i], set->text[i], fn, ctx);
}

void series_each(const struct records *rec, const struct records_set *set, counter_fn *fn, void *ctx)
{
	series_each_of(rec, set, NULL, fn, ctx);
}

struct selection {
	struct series *series;
	const char *const *pattern;
	bool *matched;
};

static bool wanted(struct selection *sel, const char *name)
{
	bool any = false;
	size_t i;

	for (i = 0; sel->pattern[i]; i++)
		if (!fnmatch(sel->pattern[i], name, 0))
			any = sel->matched[i] = true;
	return any;
}

static void select_one(void *ctx, const char *name, uint64_t value)
{
	struct selection *sel = ctx;
	struct series *s = sel->series;

	(void)value;
	if (json_object_get(s->column, name) || !wanted(sel, name))
		return;
	if (s->nr == SERIES_COLUMNS_MAX) {
		s->cut = true;
		return;
	}
	/* Grows by doubling: sizes are powers of two. */
	if (!(s->nr & (s->nr - 1)))
		s->name = xrealloc(s->name, s->nr ? 2 * s->nr : 1, sizeof(*s->name));
	json_object_set_new(s->column, name, json_integer((json_int_t)s->nr));
	s->name[s->nr++] = xstrdup(name);
}

int series_select(struct series *s, const struct records *rec, const char *const *patterns,
		  struct err *err)
{
	struct selection sel = {.series = s, .pattern = patterns};
	size_t i, n = 0;
	int ret = 0;

	*s = (struct series){.rec = rec, .column = json_object()};
	while (patterns[n])
		n++;
	sel.matched = xcalloc(n + 1, sizeof(*sel.matched));
	for (i = 0; i < rec->nr_sets; i++)
		series_each(rec, &rec->set[i], select_one, &sel);
	for (i = 0; i < n && !ret && patterns != series_default; i++)
		if (!sel.matched[i] && strcmp(patterns[i], "*"))
			ret = err_set(err, -ENOENT,
				      "this result has no counter '%s' ('wringer show ID "
				      "--counters' lists what there is)",
				      patterns[i]);
	free(sel.matched);
	if (ret)
		series_release(s);
	return ret;
}

void series_release(struct series *s)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		free(s->name[i]);
	free(s->name);
	json_decref(s->column);
	*s = (struct series){0};
}

struct cell {
	bool present;
	uint64_t value;
};

struct row {
	const struct series *series;
	struct cell *cell;
	size_t nr; /* of cells with a value */
};

static void fill_one(void *ctx, const char *name, uint64_t value)
{
	struct row *row = ctx;
	json_t *at = json_object_get(row->series->column, name);

	if (!at)
		return;
	row->nr += !row->cell[json_integer_value(at)].present;
	row->cell[json_integer_value(at)] = (struct cell){true, value};
}

/* The cells of a set, to be freed; NULL when none has a value. */
static struct cell *fill_row(const struct series *s, size_t set)
{
	struct row row = {.series = s, .cell = xcalloc(s->nr + 1, sizeof(*row.cell))};

	series_each(s->rec, &s->rec->set[set], fill_one, &row);
	if (row.nr)
		return row.cell;
	free(row.cell);
	return NULL;
}

void series_csv_head(const struct series *s, struct buf *csv)
{
	size_t i;

	buf_adds(csv, "time_ns");
	for (i = 0; i < s->nr; i++)
		buf_printf(csv, ",%s", s->name[i]);
	buf_adds(csv, "\n");
}

void series_csv_row(const struct series *s, size_t set, struct buf *csv)
{
	cleanup_free struct cell *cell = fill_row(s, set);
	size_t i;

	if (!cell)
		return;
	buf_printf(csv, "%" PRIu64, s->rec->set[set].time_ns);
	for (i = 0; i < s->nr; i++)
		if (cell[i].present)
			buf_printf(csv, ",%" PRIu64, cell[i].value);
		else
			buf_adds(csv, ",");
	buf_adds(csv, "\n");
}

static json_t *json_value(const struct cell *cell)
{
	char digits[24];

	if (!cell->present)
		return json_null();
	if (cell->value <= INT64_MAX)
		return json_integer((json_int_t)cell->value);
	snprintf(digits, sizeof(digits), "%" PRIu64, cell->value);
	return json_string(digits);
}

static void json_row(const struct series *s, size_t set, json_t *time, json_t *phase, json_t **value)
{
	cleanup_free struct cell *cell = fill_row(s, set);
	enum wire_phase p = s->rec->set[set].phase;
	size_t i;

	if (!cell)
		return;
	json_array_append_new(time, json_integer((json_int_t)s->rec->set[set].time_ns));
	json_array_append_new(phase, json_string(p == WIRE_OPEN	 ? "open" :
						 p == WIRE_CLOSE ? "close" :
								   "sample"));
	for (i = 0; i < s->nr; i++)
		json_array_append_new(value[i], json_value(&cell[i]));
}

int series_json(const struct series *s, json_t **out, struct err *err)
{
	json_t *time, *phase, *values;
	json_t **value;
	size_t i;

	*out = NULL;
	if (s->nr && s->rec->nr_sets > JSON_VALUES_MAX / s->nr)
		return err_set(err, -E2BIG,
			       "%zu counters at %zu times are too many for JSON: choose some, or "
			       "take CSV",
			       s->nr, s->rec->nr_sets);
	time = json_array();
	phase = json_array();
	values = json_object();
	value = xcalloc(s->nr + 1, sizeof(*value));
	for (i = 0; i < s->nr; i++) {
		value[i] = json_array();
		json_object_set_new(values, s->name[i], value[i]);
	}
	for (i = 0; i < s->rec->nr_sets; i++)
		json_row(s, i, time, phase, value);
	free(value);
	*out = json_pack("{s:o, s:o, s:o}", "time_ns", time, "phase", phase, "values", values);
	return 0;
}
