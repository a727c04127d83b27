// SPDX-License-Identifier: GPL-2.0-only
/* What changed with which kernel, of all metrics together, and which earlier kernel was alike. */
#include "history/changes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "history/db.h"
#include "kernel/kernel.h"
#include "report/format.h"

static struct history_kernel *kernel_of(struct history_changes *all, const struct history_point *p,
					const struct history_point *before)
{
	struct history_kernel *k;
	size_t i;

	for (i = 0; i < all->nr; i++)
		if (!strcmp(all->kernel[i].name, p->kernel))
			return &all->kernel[i];
	all->kernel = xrealloc(all->kernel, all->nr + 1, sizeof(*all->kernel));
	k = &all->kernel[all->nr++];
	*k = (struct history_kernel){.name = xstrdup(p->kernel), .before = xstrdup(before->kernel),
				     .first = xstrdup(p->first), .like = HISTORY_NONE};
	return k;
}

static void add_change(struct history_changes *all, const struct history_answer *a, const struct history_series *s,
		       const struct stats_change *c)
{
	struct history_kernel *k = kernel_of(all, &s->point[c->at], &s->point[c->at - 1]);
	cleanup_buf struct buf text = {0};

	history_change_text(a, c, &text);
	k->change = xrealloc(k->change, k->nr + 1, sizeof(*k->change));
	k->change[k->nr] = (struct history_change){
		.where = xasprintf("%s, %s, %s%s%s", s->scenario, s->guest, s->policy, strcmp(s->engine, "exact") ? ", " : "",
				   strcmp(s->engine, "exact") ? s->engine : ""),
		.metric = xstrdup(a->metric), .text = xstrdup(buf_str(&text)), .what = *c,
		.worse = history_is_worse(a, c)};
	k->nr_worse += k->change[k->nr++].worse;
}

static int add_metric(struct history *h, const struct history_select *what, struct history_changes *all, struct err *err)
{
	struct history_answer a;
	size_t i, k;
	int ret = history_ask(h, what, &a, err);

	if (ret)
		return ret;
	for (i = 0; i < a.nr; i++)
		for (k = 0; k < a.series[i].nr_changes; k++)
			add_change(all, &a, &a.series[i], &a.series[i].change[k]);
	history_answer_release(&a);
	return 0;
}

/* Names of the metrics that can get worse; NULL-terminated. */
static char **names_of(struct history *h, struct err *err)
{
	sqlite3_stmt *s = db_prepare(h->db, "SELECT name FROM metric WHERE better IN ('lower', 'higher') ORDER BY name",
				     err);
	char **name = xcalloc(1, sizeof(*name));
	size_t nr = 0;

	while (s && sqlite3_step(s) == SQLITE_ROW) {
		name = xrealloc(name, nr + 2, sizeof(*name));
		name[nr++] = xstrdup((const char *)sqlite3_column_text(s, 0));
		name[nr] = NULL;
	}
	sqlite3_finalize(s);
	if (s)
		return name;
	free(name);
	return NULL;
}

static int by_version(const void *a, const void *b)
{
	const struct history_kernel *x = a, *y = b;
	int cmp = kernel_version_cmp(y->name, x->name);

	return cmp ? cmp : strcmp(y->name, x->name);
}

static int by_time(const void *a, const void *b)
{
	const struct history_kernel *x = a, *y = b;
	int cmp = strcmp(y->first, x->first);

	return cmp ? cmp : by_version(a, b);
}

/* Worse first, then the largest. */
static int by_weight(const void *a, const void *b)
{
	const struct history_change *x = a, *y = b;

	if (x->worse != y->worse)
		return x->worse ? -1 : 1;
	return strcmp(x->where, y->where) ? strcmp(x->where, y->where) : strcmp(x->metric, y->metric);
}

/* How many of a's changes b has too, and how many of these went the same way. */
static void compare(const struct history_kernel *a, const struct history_kernel *b, size_t *both, size_t *same)
{
	size_t i, k;

	*both = *same = 0;
	for (i = 0; i < a->nr; i++)
		for (k = 0; k < b->nr; k++) {
			if (strcmp(a->change[i].where, b->change[k].where) ||
			    strcmp(a->change[i].metric, b->change[k].metric))
				continue;
			(*both)++;
			*same += a->change[i].worse == b->change[k].worse;
		}
}

/*
 * The earlier kernel that changed most of the same things in the same way: by what went the same way less what went the
 * other, at least half of what changed here.
 */
static void find_like(struct history_changes *all, size_t at)
{
	struct history_kernel *k = &all->kernel[at];
	size_t i, both, same, best = 0;

	for (i = at + 1; i < all->nr; i++) {
		compare(k, &all->kernel[i], &both, &same);
		if (2 * same < both || 2 * same - both <= best || 2 * same < k->nr)
			continue;
		best = 2 * same - both;
		k->like = i;
		k->same = same;
	}
}

static int ask_all(struct history *h, const struct history_select *what, struct history_changes *out, struct err *err)
{
	struct history_select one = *what;
	char **name = names_of(h, err);
	int ret = name ? 0 : -EBADMSG;
	size_t i;

	for (i = 0; !ret && name[i]; i++) {
		one.metric = name[i];
		ret = add_metric(h, &one, out, err);
	}
	for (i = 0; name && name[i]; i++)
		free(name[i]);
	free(name);
	return ret;
}

static char *text_of(sqlite3_stmt *row, int at)
{
	return (char *)sqlite3_column_text(row, at);
}

/* As if its series had been asked for, of which no more is needed than the two points. */
static int add_row(struct history *h, sqlite3_stmt *row, struct history_changes *out, struct err *err)
{
	struct history_point point[2] = {{.kernel = text_of(row, 7)}, {.kernel = text_of(row, 6), .first = text_of(row, 8)}};
	const struct history_series s = {.engine = text_of(row, 1), .guest = text_of(row, 2), .policy = text_of(row, 3),
					 .scenario = text_of(row, 4), .point = point, .nr = 2};
	const struct stats_change c = {.at = 1, .before = sqlite3_column_double(row, 9),
				       .after = sqlite3_column_double(row, 10), .p = sqlite3_column_double(row, 11)};
	struct history_answer a;
	int ret = history_metric(h, text_of(row, 5), &a, err);

	if (!ret)
		add_change(out, &a, &s, &c);
	history_answer_release(&a);
	return ret;
}

static int read_rows(struct history *h, const struct history_select *what, struct history_changes *out,
		     struct err *err)
{
	sqlite3_stmt *row = db_prepare(h->db, "SELECT s.id, s.engine, s.guest, s.policy, s.scenario, m.name, c.kernel,"
		" c.last, c.first, c.before, c.after, c.p FROM change c JOIN series s ON s.id = c.series"
		" JOIN metric m ON m.id = c.metric WHERE m.better IN ('lower', 'higher')"
		" ORDER BY m.name, s.scenario, s.policy, s.guest, s.engine", err);
	int code = SQLITE_ROW, ret = row ? 0 : -EBADMSG;

	while (!ret && (code = sqlite3_step(row)) == SQLITE_ROW)
		if (history_wanted(what, row))
			ret = add_row(h, row, out, err);
	if (!ret && code != SQLITE_DONE)
		ret = db_err(h->db, err, "read");
	sqlite3_finalize(row);
	return ret;
}

static bool any_stale(struct history *h, const struct history_select *what)
{
	sqlite3_stmt *row = db_prepare(h->db, HISTORY_SERIES, NULL);
	bool stale = !row;

	while (!stale && sqlite3_step(row) == SQLITE_ROW)
		stale = history_wanted(what, row) && sqlite3_column_int(row, 5);
	sqlite3_finalize(row);
	return stale;
}

/* The index keeps what is changed in the order of versions; all else is to be found out. */
static int read_changes(struct history *h, const struct history_select *what, struct history_changes *out,
			struct err *err)
{
	int ret = db_run(h->db, "SAVEPOINT changes", err);

	if (ret)
		return ret;
	ret = what->by_time || any_stale(h, what) ? ask_all(h, what, out, err) : read_rows(h, what, out, err);
	sqlite3_exec(h->db, "RELEASE changes", NULL, NULL, NULL);
	return ret;
}

int history_changes(struct history *h, const struct history_select *what, struct history_changes *out, struct err *err)
{
	size_t i;
	int ret;

	*out = (struct history_changes){0};
	ret = read_changes(h, what, out, err);
	if (out->nr)
		qsort(out->kernel, out->nr, sizeof(*out->kernel), what->by_time ? by_time : by_version);
	for (i = 0; i < out->nr; i++) {
		qsort(out->kernel[i].change, out->kernel[i].nr, sizeof(*out->kernel[i].change), by_weight);
		find_like(out, i);
	}
	if (ret)
		history_changes_release(out);
	return ret;
}

void history_changes_release(struct history_changes *all)
{
	size_t i, k;

	for (i = 0; i < all->nr; i++) {
		struct history_kernel *kernel = &all->kernel[i];

		for (k = 0; k < kernel->nr; k++) {
			free(kernel->change[k].where);
			free(kernel->change[k].metric);
			free(kernel->change[k].text);
		}
		free(kernel->change);
		free(kernel->name);
		free(kernel->before);
		free(kernel->first);
	}
	free(all->kernel);
	*all = (struct history_changes){0};
}

static void add_kernel(const struct history_changes *all, const struct history_kernel *k, struct buf *out)
{
	size_t i;

	buf_printf(out, "%s, after %s: %zu worse, %zu better", k->name, k->before, k->nr_worse, k->nr - k->nr_worse);
	if (k->like != HISTORY_NONE)
		buf_printf(out, "; like %s, %zu of %zu the same way", all->kernel[k->like].name, k->same, k->nr);
	buf_adds(out, "\n");
	for (i = 0; i < k->nr; i++) {
		cleanup_free char *metric = format_metric(k->change[i].metric);

		buf_printf(out, "  %s: %s%s\n", k->change[i].where, metric, k->change[i].text);
	}
}

void history_changes_text(const struct history_changes *all, size_t most, struct buf *out)
{
	size_t i;

	if (!all->nr)
		buf_adds(out, "no metric's level changes from one kernel to another\n");
	for (i = 0; i < all->nr && i < most; i++)
		add_kernel(all, &all->kernel[i], out);
	if (i < all->nr)
		buf_printf(out, "(%zu earlier kernels: --newest N shows more)\n", all->nr - i);
}

static json_t *kernel_json(const struct history_changes *all, const struct history_kernel *k)
{
	json_t *changes = json_array();
	size_t i;

	for (i = 0; i < k->nr; i++)
		json_array_append_new(changes, json_pack("{s:s, s:s, s:f, s:f, s:f, s:b}", "where", k->change[i].where,
							 "metric", k->change[i].metric, "before",
							 k->change[i].what.before, "after", k->change[i].what.after, "p",
							 k->change[i].what.p, "worse", k->change[i].worse));
	return json_pack("{s:s, s:s, s:s, s:s?, s:I, s:o}", "kernel", k->name, "before", k->before, "first", k->first,
			 "like", k->like == HISTORY_NONE ? NULL : all->kernel[k->like].name, "same",
			 (json_int_t)k->same, "changes", changes);
}

json_t *history_changes_json(const struct history_changes *all, size_t most)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < all->nr && i < most; i++)
		json_array_append_new(out, kernel_json(all, &all->kernel[i]));
	return out;
}
