// SPDX-License-Identifier: GPL-2.0-only
/* What is in results/, and what is in the index of them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "history/db.h"
#include "history/judge.h"
#include "result/metrics.h"
#include "result/store.h"

/* Results that go in together: each by itself would cost a sync of the disk. */
#define BATCH 64

struct update {
	struct history *h;
	sqlite3_stmt *new_series, *new_arm, *new_exp, *new_metric, *new_value;
	struct history_update *done;
};

static int bind_text(sqlite3_stmt *s, int at, const char *text)
{
	return sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

/* Runs it to its end; a row's first number goes to *out. */
static int step(struct update *u, sqlite3_stmt *s, sqlite3_int64 *out, struct err *err)
{
	int code = sqlite3_step(s), ret = 0;

	if (code == SQLITE_ROW && out)
		*out = sqlite3_column_int64(s, 0);
	else if (code != SQLITE_ROW && code != SQLITE_DONE)
		ret = db_err(u->h->db, err, "change");
	sqlite3_reset(s);
	return ret;
}

static const char *text_in(const json_t *spec, const char *axis, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(spec, axis), key));

	return s ? s : "";
}

/*
 * The spec without its kernel and seed, and without what is planned from all of it: what has to be the
 * same for two kernels to be compared.
 */
static void hash_rest(const json_t *spec, char hex[SHA256_HEX])
{
	static const char *const own[] = {"kernel", "seed", "plan", "setup"};
	json_t *rest = json_copy((json_t *)spec);
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		json_object_del(rest, own[i]);
	json_canonical(rest, &text);
	sha256_buf(buf_str(&text), text.len, hex);
	json_decref(rest);
}

static int put_series(struct update *u, const json_t *spec, sqlite3_int64 *series, struct err *err)
{
	static const char *const axes[] = {"engine", "guest", "policy", "scenario"};
	int i;

	for (i = 0; i < 4; i++)
		bind_text(u->new_series, i + 1, text_in(spec, axes[i], "name"));
	return step(u, u->new_series, series, err);
}

static int put_arm(struct update *u, const json_t *spec, sqlite3_int64 *arm, struct err *err)
{
	sqlite3_int64 series = 0;
	char rest[SHA256_HEX];
	int ret = put_series(u, spec, &series, err);

	if (ret)
		return ret;
	hash_rest(spec, rest);
	sqlite3_bind_int64(u->new_arm, 1, series);
	bind_text(u->new_arm, 2, text_in(spec, "kernel", "version"));
	bind_text(u->new_arm, 3, rest);
	return step(u, u->new_arm, arm, err);
}

static int put_value(struct update *u, sqlite3_int64 exp, const json_t *m, struct err *err)
{
	const char *name = json_string_value(json_object_get(m, "name"));
	const char *class = json_string_value(json_object_get(m, "class"));
	const json_t *value = json_object_get(m, "value");
	int ret;

	if (!name || !class || !strcmp(class, "diagnostic") || !json_is_number(value))
		return 0;
	bind_text(u->new_metric, 1, name);
	bind_text(u->new_metric, 2, json_string_value(json_object_get(m, "unit")) ?: "");
	bind_text(u->new_metric, 3, json_string_value(json_object_get(m, "better")) ?: "none");
	ret = step(u, u->new_metric, NULL, err);
	bind_text(u->new_value, 1, name);
	sqlite3_bind_int64(u->new_value, 2, exp);
	sqlite3_bind_double(u->new_value, 3, json_number_value(value));
	return ret ? ret : step(u, u->new_value, NULL, err);
}

static int put_result(struct update *u, const char *id, const struct result *r, struct err *err)
{
	const json_t *m;
	sqlite3_int64 arm = 0, exp;
	size_t i;
	int ret = put_arm(u, r->spec, &arm, err);

	if (ret)
		return ret;
	bind_text(u->new_exp, 1, id);
	sqlite3_bind_int64(u->new_exp, 2, arm);
	sqlite3_bind_int64(u->new_exp, 3, json_integer_value(json_object_get(r->spec, "seed")));
	bind_text(u->new_exp, 4, json_string_value(json_object_get(r->result, "status")) ?: "");
	bind_text(u->new_exp, 5, json_string_value(json_object_get(r->host, "ended")) ?: "");
	ret = step(u, u->new_exp, NULL, err);
	exp = sqlite3_last_insert_rowid(u->h->db);
	json_array_foreach(json_object_get(r->result, "metrics"), i, m)
		ret = ret ? ret : put_value(u, exp, m, err);
	return ret;
}

static int add(struct update *u, const char *id, struct err *err)
{
	struct result r = {0};
	int ret;

	if (store_load(id, &r, NULL)) {
		u->done->damaged++;
		return 0;
	}
	ret = put_result(u, id, &r, err);
	u->done->added += !ret;
	result_release(&r);
	return ret;
}

static int remove_gone(struct update *u, const char *id, struct err *err)
{
	/* By way of the metrics: the table has no index of experiments. */
	cleanup_free char *sql = xasprintf(
		"UPDATE series SET stale = 1 WHERE id = (SELECT a.series FROM experiment e"
		" JOIN arm a ON a.id = e.arm WHERE e.hash = '%s');"
		"DELETE FROM value WHERE metric IN (SELECT id FROM metric)"
		" AND experiment = (SELECT id FROM experiment WHERE hash = '%s');"
		"DELETE FROM experiment WHERE hash = '%s';", id, id, id);
	int ret = db_run(u->h->db, sql, err);

	u->done->removed += !ret;
	return ret;
}

static int cmp_id(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has(char **ids, size_t nr, const char *id)
{
	return nr && bsearch(&id, ids, nr, sizeof(*ids), cmp_id);
}

static size_t count(char **ids)
{
	size_t n = 0;

	while (ids && ids[n])
		n++;
	return n;
}

/* Those that the index has, sorted; free with store_ids_free(). */
static int known_ids(struct history *h, char ***out, struct err *err)
{
	sqlite3_stmt *s = db_prepare(h->db, "SELECT hash FROM experiment ORDER BY hash", err);
	char **ids = xcalloc(1, sizeof(*ids));
	size_t nr = 0;
	int code = SQLITE_DONE;

	while (s && (code = sqlite3_step(s)) == SQLITE_ROW) {
		ids = xrealloc(ids, nr + 2, sizeof(*ids));
		ids[nr++] = xstrdup((const char *)sqlite3_column_text(s, 0));
		ids[nr] = NULL;
	}
	code = s && code == SQLITE_DONE ? 0 : s ? db_err(h->db, err, "read") : -EBADMSG;
	sqlite3_finalize(s);
	if (code)
		store_ids_free(ids);
	else
		*out = ids;
	return code;
}

/* Those of one list that the other has not, some at a time. */
static int each_missing(struct update *u, char **of, char **in, const volatile bool *stop,
			int (*fn)(struct update *u, const char *id, struct err *err), struct err *err)
{
	size_t nr = count(in), open = 0, i;
	int ret = 0;

	for (i = 0; !ret && of[i] && !(stop && *stop); i++) {
		if (has(in, nr, of[i]))
			continue;
		if (!open++ && (ret = db_run(u->h->db, "BEGIN IMMEDIATE", err)))
			return ret;
		ret = fn(u, of[i], err);
		if (!ret && open == BATCH) {
			ret = db_run(u->h->db, "COMMIT", err);
			open = 0;
		}
	}
	if (ret)
		sqlite3_exec(u->h->db, "ROLLBACK", NULL, NULL, NULL);
	else if (open)
		ret = db_run(u->h->db, "COMMIT", err);
	return ret;
}

static int prepare(struct update *u, struct err *err)
{
	sqlite3 *db = u->h->db;

	u->new_series = db_prepare(db, "INSERT INTO series (engine, guest, policy, scenario, stale) VALUES (?, ?, ?, ?, 1)"
				   " ON CONFLICT DO UPDATE SET stale = 1 RETURNING id", err);
	u->new_arm = db_prepare(db, "INSERT INTO arm (series, kernel, made_of) VALUES (?, ?, ?)"
				" ON CONFLICT DO UPDATE SET kernel = kernel RETURNING id", err);
	u->new_exp = db_prepare(db, "INSERT INTO experiment (hash, arm, seed, status, ended)"
				" VALUES (?, ?, ?, ?, ?)", err);
	u->new_metric = db_prepare(db, "INSERT OR IGNORE INTO metric (name, unit, better)"
				   " VALUES (?, ?, ?)", err);
	u->new_value = db_prepare(db, "INSERT OR REPLACE INTO value (metric, experiment, value)"
				  " VALUES ((SELECT id FROM metric WHERE name = ?), ?, ?)", err);
	return u->new_series && u->new_arm && u->new_exp && u->new_metric && u->new_value ? 0 : -EIO;
}

static void finish(struct update *u)
{
	sqlite3_finalize(u->new_series);
	sqlite3_finalize(u->new_arm);
	sqlite3_finalize(u->new_exp);
	sqlite3_finalize(u->new_metric);
	sqlite3_finalize(u->new_value);
}

/* When something last came into results/ or went, in ns; 0 when that is not known. */
static sqlite3_int64 folder_changed(void)
{
	struct stat st;

	if (stat(path_results(), &st))
		return 0;
	return st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
}

bool history_stale(struct history *h)
{
	sqlite3_stmt *s = db_prepare(h->db, "SELECT changed FROM folder", NULL);
	bool same = s && sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int64(s, 0) == folder_changed();

	sqlite3_finalize(s);
	return !same;
}

static int note_folder(struct history *h, sqlite3_int64 changed, struct err *err)
{
	cleanup_free char *sql = xasprintf("INSERT OR REPLACE INTO folder VALUES (1, %lld)",
					   (long long)changed);

	return db_run(h->db, sql, err);
}

int history_update(struct history *h, const volatile bool *stop, struct history_update *out,
		   struct err *err)
{
	struct update u = {.h = h, .done = out};
	char **there = NULL, **known = NULL;
	sqlite3_int64 changed = folder_changed();
	int ret = store_ids(&there, err);

	*out = (struct history_update){0};
	if (!ret)
		ret = known_ids(h, &known, err);
	if (!ret)
		ret = prepare(&u, err);
	if (!ret)
		ret = each_missing(&u, known, there, stop, remove_gone, err);
	if (!ret)
		ret = each_missing(&u, there, known, stop, add, err);
	if (!ret)
		ret = judge_series(h, stop, err);
	if (!ret && !(stop && *stop))
		ret = note_folder(h, changed, err);
	finish(&u);
	store_ids_free(there);
	store_ids_free(known);
	return ret;
}
