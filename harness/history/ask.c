// SPDX-License-Identifier: GPL-2.0-only
/* A metric over kernels. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "history/db.h"
#include "kernel/kernel.h"
#include "result/metrics.h"

#define P_MAX 0.001

struct ask {
	struct history *h;
	const struct history_select *what;
	struct history_answer *out;
	sqlite3_stmt *arms, *values, *changes;
};

static const char *column(sqlite3_stmt *s, int at)
{
	const char *text = (const char *)sqlite3_column_text(s, at);

	return text ? text : "";
}

static bool wanted(char *const *words, const char *name)
{
	size_t i;

	for (i = 0; words && words[i]; i++)
		if (!strcmp(words[i], name))
			return true;
	return !words;
}

static enum stats_direction direction(const char *better)
{
	return !strcmp(better, "lower") ? STATS_DIR_LOWER : !strcmp(better, "higher") ? STATS_DIR_HIGHER : STATS_DIR_NONE;
}

int history_metric(struct history *h, const char *name, struct history_answer *out, struct err *err)
{
	const struct metric *m = metric_find(name);
	sqlite3_stmt *s = db_prepare(h->db, "SELECT unit, better FROM metric WHERE name = ?", err);
	int ret = -ENOENT;

	*out = (struct history_answer){.min_rel = m ? m->min_rel : 0.02, .min_abs = m ? m->min_abs : 1};
	if (!s)
		return -EBADMSG;
	sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW) {
		out->metric = xstrdup(name);
		out->unit = xstrdup(column(s, 0));
		out->better = direction(column(s, 1));
		ret = 0;
	}
	sqlite3_finalize(s);
	return ret ? err_set(err, ret, "no experiment in the index has a metric '%s'; 'wringer metrics' "
			     "lists those that have names of their own", name) : 0;
}

static struct history_series *new_series(struct history_answer *out, sqlite3_stmt *row)
{
	struct history_series *s;

	out->series = xrealloc(out->series, out->nr + 1, sizeof(*out->series));
	s = &out->series[out->nr++];
	*s = (struct history_series){.engine = xstrdup(column(row, 1)), .guest = xstrdup(column(row, 2)),
				     .policy = xstrdup(column(row, 3)), .scenario = xstrdup(column(row, 4)),
				     .noise = NAN};
	return s;
}

static void point_release(struct history_point *p)
{
	free(p->kernel);
	free(p->first);
	free(p->made_of);
	free(p->value);
	free(p->id);
}

static void series_release(struct history_series *s)
{
	size_t k;

	for (k = 0; k < s->nr; k++)
		point_release(&s->point[k]);
	free(s->point);
	free(s->change);
	free(s->engine);
	free(s->guest);
	free(s->policy);
	free(s->scenario);
}

static void add_value(struct history_point *p, sqlite3_stmt *s)
{
	p->value = xrealloc(p->value, p->nr + 1, sizeof(*p->value));
	p->id = xrealloc(p->id, p->nr + 1, sizeof(*p->id));
	p->value[p->nr] = sqlite3_column_double(s, 0);
	snprintf(p->id[p->nr], sizeof(p->id[0]), "%s", column(s, 1));
	if (!p->first || strcmp(column(s, 2), p->first) < 0) {
		free(p->first);
		p->first = xstrdup(column(s, 2));
	}
	p->nr++;
}

static int read_values(struct ask *a, sqlite3_int64 arm, struct history_point *p, struct err *err)
{
	int code;

	sqlite3_bind_text(a->values, 1, a->what->metric, -1, SQLITE_STATIC);
	sqlite3_bind_int64(a->values, 2, arm);
	while ((code = sqlite3_step(a->values)) == SQLITE_ROW)
		add_value(p, a->values);
	sqlite3_reset(a->values);
	if (code != SQLITE_DONE)
		return db_err(a->h->db, err, "read");
	p->median = stats_median(p->value, p->nr);
	return 0;
}

/* Of a kernel's points that are made of different things the one that was run last stays. */
static void put_point(struct history_series *s, struct history_point *p)
{
	size_t i;

	for (i = 0; i < s->nr; i++) {
		struct history_point *q = &s->point[i], old = *q;

		if (strcmp(q->kernel, p->kernel))
			continue;
		if (strcmp(q->first, p->first) < 0) {
			*q = *p;
			*p = old;
		}
		point_release(p);
		return;
	}
	s->point = xrealloc(s->point, s->nr + 1, sizeof(*s->point));
	s->point[s->nr++] = *p;
}

static int read_arm(struct ask *a, struct history_series *s, struct err *err)
{
	struct history_point p = {.kernel = xstrdup(column(a->arms, 1)), .made_of = xstrdup(column(a->arms, 2))};
	int ret = read_values(a, sqlite3_column_int64(a->arms, 0), &p, err);

	if (ret || !p.nr)
		point_release(&p);
	else
		put_point(s, &p);
	return ret;
}

static int read_arms(struct ask *a, sqlite3_int64 series, struct history_series *s, struct err *err)
{
	int code = SQLITE_ROW, ret = 0;

	sqlite3_bind_int64(a->arms, 1, series);
	while (!ret && (code = sqlite3_step(a->arms)) == SQLITE_ROW)
		ret = read_arm(a, s, err);
	if (!ret && code != SQLITE_DONE)
		ret = db_err(a->h->db, err, "read");
	sqlite3_reset(a->arms);
	return ret;
}

static int by_version(const void *a, const void *b)
{
	const struct history_point *x = a, *y = b;
	int cmp = kernel_version_cmp(x->kernel, y->kernel);

	return cmp ? cmp : strcmp(x->kernel, y->kernel);
}

static int by_time(const void *a, const void *b)
{
	const struct history_point *x = a, *y = b;
	int cmp = strcmp(x->first, y->first);

	return cmp ? cmp : by_version(a, b);
}

/* All values in order, and the point that each is of. */
struct line {
	double *value;
	size_t *point;
	size_t nr;
	size_t fewest; /* values of a point */
};

static void add_point(struct line *l, const struct history_series *s, size_t i, bool single)
{
	const struct history_point *p = &s->point[i];
	size_t n = single ? 1 : p->nr, k;

	l->value = xrealloc(l->value, l->nr + n, sizeof(*l->value));
	l->point = xrealloc(l->point, l->nr + n, sizeof(*l->point));
	for (k = 0; k < n; k++) {
		l->value[l->nr] = single ? p->median : p->value[k];
		l->point[l->nr++] = i;
	}
	if (!l->fewest || n < l->fewest)
		l->fewest = n;
}

static void make_line(struct line *l, const struct history_series *s)
{
	size_t all = 0, i;

	for (i = 0; i < s->nr; i++)
		all += s->point[i].nr;
	for (i = 0; i < s->nr; i++)
		add_point(l, s, i, all > STATS_SERIES_MAX);
}

/* A split among a point's values is at its nearer end. */
static size_t point_at(const struct line *l, size_t at)
{
	size_t from = at, to = at;

	while (from && l->point[from - 1] == l->point[at])
		from--;
	while (to < l->nr && l->point[to] == l->point[at])
		to++;
	return at - from <= to - at ? l->point[at] : l->point[at] + 1;
}

static bool matters(const struct history_answer *a, const struct stats_change *c)
{
	return fabs(c->after - c->before) >= fmax(a->min_rel * fabs(c->before), a->min_abs);
}

static void keep_change(const struct history_answer *a, struct history_series *s, const struct line *l,
			struct stats_change c)
{
	c.at = point_at(l, c.at);
	if (!c.at || c.at >= s->nr || !matters(a, &c) ||
	    (s->nr_changes && s->change[s->nr_changes - 1].at == c.at))
		return;
	s->change[s->nr_changes++] = c;
}

static void line_release(struct line *l)
{
	free(l->value);
	free(l->point);
}

static void find_noise(struct history_series *s)
{
	struct line l = {0};

	make_line(&l, s);
	if (l.nr <= STATS_SERIES_MAX)
		s->noise = stats_noise(l.value, l.nr);
	line_release(&l);
}

static int find_changes(const struct history_answer *a, struct history_series *s, struct err *err)
{
	struct stats_change *c = NULL;
	struct line l = {0};
	size_t nr = 0, i;
	int ret = 0;

	make_line(&l, s);
	if (l.nr <= STATS_SERIES_MAX) {
		size_t least = l.fewest < 2 ? 2 : l.fewest;

		c = xcalloc(l.nr / least + 1, sizeof(*c));
		s->change = xcalloc(l.nr / least + 1, sizeof(*s->change));
		ret = stats_changes(l.value, l.nr, least, P_MAX, c, &nr);
	}
	for (i = 0; i < nr; i++)
		keep_change(a, s, &l, c[i]);
	free(c);
	line_release(&l);
	return ret ? err_sys(err, ret, "cannot look for changes in %s", a->metric) : 0;
}

static void put_change(struct history_series *s, sqlite3_stmt *row)
{
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->point[i].kernel, column(row, 0)))
			s->change[s->nr_changes++] = (struct stats_change){
				.at = i, .before = sqlite3_column_double(row, 1),
				.after = sqlite3_column_double(row, 2), .p = sqlite3_column_double(row, 3)};
}

static int by_place(const void *a, const void *b)
{
	const struct stats_change *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* As they were when the series was judged. */
static int read_changes(struct ask *a, sqlite3_int64 series, struct history_series *s, struct err *err)
{
	int code = SQLITE_ROW;

	s->change = xcalloc(s->nr, sizeof(*s->change));
	sqlite3_bind_int64(a->changes, 1, series);
	sqlite3_bind_text(a->changes, 2, a->what->metric, -1, SQLITE_STATIC);
	while (s->nr_changes < s->nr && (code = sqlite3_step(a->changes)) == SQLITE_ROW)
		put_change(s, a->changes);
	sqlite3_reset(a->changes);
	qsort(s->change, s->nr_changes, sizeof(*s->change), by_place);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : db_err(a->h->db, err, "read");
}

static int finish(struct ask *a, sqlite3_int64 series, bool stale, struct history_series *s, struct err *err)
{
	size_t k;

	qsort(s->point, s->nr, sizeof(*s->point), a->what->by_time ? by_time : by_version);
	for (k = 1; k < s->nr; k++)
		s->point[k].other = strcmp(s->point[k].made_of, s->point[k - 1].made_of) != 0;
	find_noise(s);
	return stale || a->what->by_time ? find_changes(a->out, s, err) : read_changes(a, series, s, err);
}

static int read_series(struct ask *a, sqlite3_stmt *row, struct err *err)
{
	struct history_series *s = new_series(a->out, row);
	sqlite3_int64 series = sqlite3_column_int64(row, 0);
	int ret = read_arms(a, series, s, err);

	if (!ret && s->nr)
		return finish(a, series, sqlite3_column_int(row, 5), s, err);
	series_release(s);
	a->out->nr--;
	return ret;
}

bool history_wanted(const struct history_select *what, sqlite3_stmt *row)
{
	return wanted(what->engine, column(row, 1)) && wanted(what->guest, column(row, 2)) &&
	       wanted(what->policy, column(row, 3)) && wanted(what->scenario, column(row, 4));
}

static int prepare(struct ask *a, struct err *err)
{
	sqlite3 *db = a->h->db;

	a->arms = db_prepare(db, "SELECT id, kernel, made_of FROM arm WHERE series = ? ORDER BY kernel, made_of", err);
	a->values = db_prepare(db, "SELECT v.value, e.hash, e.ended FROM experiment e CROSS JOIN value v"
			       " WHERE v.metric = (SELECT id FROM metric WHERE name = ?) AND e.arm = ?"
			       " AND v.experiment = e.id AND e.status = 'done' ORDER BY e.seed, e.hash", err);
	a->changes = db_prepare(db, "SELECT kernel, before, after, p FROM change WHERE series = ?"
				" AND metric = (SELECT id FROM metric WHERE name = ?)", err);
	return a->arms && a->values && a->changes ? 0 : -EBADMSG;
}

static int read_all(struct ask *a, struct err *err)
{
	sqlite3_stmt *row = db_prepare(a->h->db, HISTORY_SERIES, err);
	int code = SQLITE_ROW, ret = row ? prepare(a, err) : -EBADMSG;

	while (!ret && (code = sqlite3_step(row)) == SQLITE_ROW)
		if (history_wanted(a->what, row))
			ret = read_series(a, row, err);
	if (!ret && code != SQLITE_DONE)
		ret = db_err(a->h->db, err, "read");
	sqlite3_finalize(row);
	sqlite3_finalize(a->arms);
	sqlite3_finalize(a->values);
	sqlite3_finalize(a->changes);
	return ret;
}

/* One picture of the index, whoever writes meanwhile; within a writer's own transaction, that. */
static int ask(struct ask *a, struct err *err)
{
	int ret = db_run(a->h->db, "SAVEPOINT ask", err);

	if (ret)
		return ret;
	ret = history_metric(a->h, a->what->metric, a->out, err);
	if (!ret)
		ret = read_all(a, err);
	sqlite3_exec(a->h->db, "RELEASE ask", NULL, NULL, NULL);
	return ret;
}

int history_ask(struct history *h, const struct history_select *what, struct history_answer *out,
		struct err *err)
{
	struct ask a = {.h = h, .what = what, .out = out};
	int ret;

	*out = (struct history_answer){0};
	ret = ask(&a, err);
	if (ret)
		history_answer_release(out);
	return ret;
}

void history_answer_release(struct history_answer *a)
{
	size_t i;

	for (i = 0; i < a->nr; i++)
		series_release(&a->series[i]);
	free(a->series);
	free(a->metric);
	free(a->unit);
	*a = (struct history_answer){0};
}
