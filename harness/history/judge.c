// SPDX-License-Identifier: GPL-2.0-only
#include "history/judge.h"

#include <errno.h>
#include <stdlib.h>

#include "base/file.h"
#include "history/db.h"

struct judge {
	struct history *h;
	sqlite3_stmt *metrics, *put;
};

/* A series that is to be judged, and a choice of nothing else. */
struct one {
	sqlite3_int64 id;
	char *name[4][2]; /* engine, guest, policy, scenario; lists of one */
};

static void one_release(struct one *o)
{
	int i;

	for (i = 0; i < 4; i++)
		free(o->name[i][0]);
}

/* The next one that is stale; -ENOENT when none is. */
static int next(struct history *h, struct one *o, struct err *err)
{
	sqlite3_stmt *s = db_prepare(h->db, "SELECT id, engine, guest, policy, scenario FROM series WHERE stale"
				     " LIMIT 1", err);
	int code = s ? sqlite3_step(s) : SQLITE_ERROR, i;

	*o = (struct one){0};
	if (code == SQLITE_ROW) {
		o->id = sqlite3_column_int64(s, 0);
		for (i = 0; i < 4; i++)
			o->name[i][0] = xstrdup((const char *)sqlite3_column_text(s, i + 1));
	}
	sqlite3_finalize(s);
	return code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -ENOENT : s ? db_err(h->db, err, "read") : -EBADMSG;
}

static int put_change(struct judge *j, sqlite3_int64 series, sqlite3_int64 metric, const struct history_series *s,
		      const struct stats_change *c, struct err *err)
{
	sqlite3_bind_int64(j->put, 1, series);
	sqlite3_bind_int64(j->put, 2, metric);
	sqlite3_bind_text(j->put, 3, s->point[c->at].kernel, -1, SQLITE_STATIC);
	sqlite3_bind_text(j->put, 4, s->point[c->at - 1].kernel, -1, SQLITE_STATIC);
	sqlite3_bind_text(j->put, 5, s->point[c->at].first, -1, SQLITE_STATIC);
	sqlite3_bind_double(j->put, 6, c->before);
	sqlite3_bind_double(j->put, 7, c->after);
	sqlite3_bind_double(j->put, 8, c->p);
	sqlite3_step(j->put);
	return sqlite3_reset(j->put) ? db_err(j->h->db, err, "change") : 0;
}

static int judge_metric(struct judge *j, const struct one *o, sqlite3_int64 id, const char *name, struct err *err)
{
	const struct history_select what = {.metric = name, .engine = o->name[0], .guest = o->name[1],
					    .policy = o->name[2], .scenario = o->name[3]};
	struct history_answer a;
	size_t i;
	int ret = history_ask(j->h, &what, &a, err);

	if (ret)
		return ret;
	for (i = 0; !ret && a.nr && i < a.series->nr_changes; i++)
		ret = put_change(j, o->id, id, a.series, &a.series->change[i], err);
	history_answer_release(&a);
	return ret;
}

static int judge_metrics(struct judge *j, const struct one *o, struct err *err)
{
	int code = SQLITE_ROW, ret = 0;

	while (!ret && (code = sqlite3_step(j->metrics)) == SQLITE_ROW)
		ret = judge_metric(j, o, sqlite3_column_int64(j->metrics, 0),
				   (const char *)sqlite3_column_text(j->metrics, 1), err);
	sqlite3_reset(j->metrics);
	return ret || code == SQLITE_DONE ? ret : db_err(j->h->db, err, "read");
}

static int judge_one(struct judge *j, const struct one *o, struct err *err)
{
	cleanup_free char *drop = xasprintf("DELETE FROM change WHERE series = %lld", (long long)o->id);
	cleanup_free char *done = xasprintf("UPDATE series SET stale = 0 WHERE id = %lld", (long long)o->id);
	int ret = db_run(j->h->db, "BEGIN IMMEDIATE", err);

	if (ret)
		return ret;
	ret = db_run(j->h->db, drop, err);
	if (!ret)
		ret = judge_metrics(j, o, err);
	if (!ret)
		ret = db_run(j->h->db, done, err);
	if (!ret)
		return db_run(j->h->db, "COMMIT", err);
	sqlite3_exec(j->h->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

static int judge_all(struct judge *j, const volatile bool *stop, struct err *err)
{
	struct one o;
	int ret = 0;

	while (!ret && !(stop && *stop)) {
		ret = next(j->h, &o, err);
		if (!ret)
			ret = judge_one(j, &o, err);
		one_release(&o);
	}
	return ret == -ENOENT ? 0 : ret;
}

int judge_series(struct history *h, const volatile bool *stop, struct err *err)
{
	struct judge j = {.h = h};
	int ret = -EBADMSG;

	j.metrics = db_prepare(h->db, "SELECT id, name FROM metric", err);
	j.put = db_prepare(h->db, "INSERT INTO change (series, metric, kernel, last, first, before, after, p)"
			   " VALUES (?, ?, ?, ?, ?, ?, ?, ?)", err);
	if (j.metrics && j.put)
		ret = judge_all(&j, stop, err);
	sqlite3_finalize(j.metrics);
	sqlite3_finalize(j.put);
	return ret;
}
