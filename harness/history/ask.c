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
	sqlite3_stmt *values;
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

static int read_metric(struct ask *a, struct err *err)
{
	const struct metric *m = metric_find(a->what->metric);
	sqlite3_stmt *s = db_prepare(a->h->db, "SELECT unit, better FROM metric WHERE name = ?", err);
	int ret = -ENOENT;

	if (!s)
		return -EBADMSG;
	sqlite3_bind_text(s, 1, a->what->metric, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW) {
		a->out->metric = xstrdup(a->what->metric);
		a->out->unit = xstrdup(column(s, 0));
		a->out->better = !strcmp(column(s, 1), "lower")	 ? STATS_DIR_LOWER :
				 !strcmp(column(s, 1), "higher") ? STATS_DIR_HIGHER : STATS_DIR_NONE;
		ret = 0;
	}
	sqlite3_finalize(s);
	a->out->min_rel = m ? m->min_rel : 0.02;
	a->out->min_abs = m ? m->min_abs : 1;
	return ret ? err_set(err, ret, "no experiment in the index has a metric '%s'; 'wringer metrics' "
			     "lists those that have names of their own", a->what->metric) : 0;
}

static struct history_series *series_of(struct history_answer *out, sqlite3_stmt *arm)
{
	struct history_series *s;
	size_t i;

	for (i = 0; i < out->nr; i++) {
		s = &out->series[i];
		if (!strcmp(s->engine, column(arm, 1)) && !strcmp(s->guest, column(arm, 3)) &&
		    !strcmp(s->policy, column(arm, 4)) && !strcmp(s->scenario, column(arm, 5)))
			return s;
	}
	out->series = xrealloc(out->series, out->nr + 1, sizeof(*out->series));
	s = &out->series[out->nr++];
	*s = (struct history_series){.engine = xstrdup(column(arm, 1)), .guest = xstrdup(column(arm, 3)),
				     .policy = xstrdup(column(arm, 4)),
				     .scenario = xstrdup(column(arm, 5)), .noise = NAN};
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

static int read_arm(struct ask *a, sqlite3_stmt *arm, struct err *err)
{
	struct history_point p = {.kernel = xstrdup(column(arm, 2)), .made_of = xstrdup(column(arm, 6))};
	int ret = read_values(a, sqlite3_column_int64(arm, 0), &p, err);

	if (ret || !p.nr)
		point_release(&p);
	else
		put_point(series_of(a->out, arm), &p);
	return ret;
}

static bool arm_wanted(const struct history_select *what, sqlite3_stmt *arm)
{
	return wanted(what->engine, column(arm, 1)) && wanted(what->guest, column(arm, 3)) &&
	       wanted(what->policy, column(arm, 4)) && wanted(what->scenario, column(arm, 5));
}

static int read_arms(struct ask *a, struct err *err)
{
	sqlite3_stmt *arm = db_prepare(a->h->db, "SELECT id, engine, kernel, guest, policy, scenario,"
				       " made_of FROM arm ORDER BY scenario, policy, guest, engine", err);
	int code = SQLITE_ROW, ret = 0;

	a->values = db_prepare(a->h->db, "SELECT v.value, e.hash, e.ended FROM experiment e"
			       " CROSS JOIN value v WHERE v.metric ="
			       " (SELECT id FROM metric WHERE name = ?) AND e.arm = ?"
			       " AND v.experiment = e.id AND e.status = 'done' ORDER BY e.seed, e.hash", err);
	while (arm && a->values && !ret && (code = sqlite3_step(arm)) == SQLITE_ROW)
		if (arm_wanted(a->what, arm))
			ret = read_arm(a, arm, err);
	if (!arm || !a->values)
		ret = -EBADMSG;
	else if (!ret && code != SQLITE_DONE)
		ret = db_err(a->h->db, err, "read");
	sqlite3_finalize(arm);
	sqlite3_finalize(a->values);
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
		s->noise = stats_noise(l.value, l.nr);
	}
	for (i = 0; i < nr; i++)
		keep_change(a, s, &l, c[i]);
	free(c);
	free(l.value);
	free(l.point);
	return ret ? err_sys(err, ret, "cannot look for changes in %s", a->metric) : 0;
}

static int finish(struct history_answer *a, bool time, struct err *err)
{
	int ret = 0;
	size_t i, k;

	for (i = 0; i < a->nr && !ret; i++) {
		struct history_series *s = &a->series[i];

		qsort(s->point, s->nr, sizeof(*s->point), time ? by_time : by_version);
		for (k = 1; k < s->nr; k++)
			s->point[k].other = strcmp(s->point[k].made_of, s->point[k - 1].made_of) != 0;
		ret = find_changes(a, s, err);
	}
	return ret;
}

int history_ask(struct history *h, const struct history_select *what, struct history_answer *out,
		struct err *err)
{
	struct ask a = {.h = h, .what = what, .out = out};
	int ret;

	*out = (struct history_answer){0};
	ret = read_metric(&a, err);
	if (!ret)
		ret = read_arms(&a, err);
	if (!ret)
		ret = finish(out, what->by_time, err);
	if (ret)
		history_answer_release(out);
	return ret;
}

void history_answer_release(struct history_answer *a)
{
	size_t i, k;

	for (i = 0; i < a->nr; i++) {
		struct history_series *s = &a->series[i];

		for (k = 0; k < s->nr; k++)
			point_release(&s->point[k]);
		free(s->point);
		free(s->change);
		free(s->engine);
		free(s->guest);
		free(s->policy);
		free(s->scenario);
	}
	free(a->series);
	free(a->metric);
	free(a->unit);
	*a = (struct history_answer){0};
}
