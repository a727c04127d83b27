// SPDX-License-Identifier: GPL-2.0-only
/* The index's file. */
#include "history/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"

#define WAIT_MS 60000
/* "wrgr" */
#define APPLICATION_ID 0x77726772
/* Of the tables, and of what find_changes() makes of values: the index keeps that. */
#define VERSION	       2

static const char schema[] =
	"CREATE TABLE series (id INTEGER PRIMARY KEY, engine TEXT NOT NULL, guest TEXT NOT NULL, policy TEXT NOT NULL,"
	" scenario TEXT NOT NULL, stale INTEGER NOT NULL, UNIQUE (scenario, policy, guest, engine));"
	"CREATE TABLE arm (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series, kernel TEXT NOT NULL,"
	" made_of TEXT NOT NULL, UNIQUE (series, kernel, made_of));"
	"CREATE TABLE experiment (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE,"
	" arm INTEGER NOT NULL REFERENCES arm, seed INTEGER NOT NULL, status TEXT NOT NULL,"
	" ended TEXT NOT NULL);"
	"CREATE INDEX experiment_arm ON experiment (arm, seed);"
	"CREATE TABLE metric (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, unit TEXT NOT NULL,"
	" better TEXT NOT NULL);"
	"CREATE TABLE value (metric INTEGER NOT NULL REFERENCES metric,"
	" experiment INTEGER NOT NULL REFERENCES experiment, value REAL NOT NULL,"
	" PRIMARY KEY (metric, experiment)) WITHOUT ROWID;"
	/* Where the series' level of a metric changes, unless stale: values came or went since. */
	"CREATE TABLE change (series INTEGER NOT NULL REFERENCES series, metric INTEGER NOT NULL REFERENCES metric,"
	" kernel TEXT NOT NULL, last TEXT NOT NULL, first TEXT NOT NULL, before REAL NOT NULL, after REAL NOT NULL,"
	" p REAL NOT NULL, PRIMARY KEY (series, metric, kernel)) WITHOUT ROWID;"
	"CREATE TABLE folder (id INTEGER PRIMARY KEY CHECK (id = 1), changed INTEGER NOT NULL);";

int db_err(sqlite3 *db, struct err *err, const char *what)
{
	int code = sqlite3_errcode(db) & 0xff;
	int ret = code == SQLITE_NOTADB || code == SQLITE_CORRUPT ? -EBADMSG :
		  code == SQLITE_FULL				  ? -ENOSPC :
								    -EIO;

	return err_set(err, ret, "cannot %s the index of results: %s%s", what, sqlite3_errmsg(db),
		       ret == -EBADMSG ? "; 'wringer index --fresh' makes it again" : "");
}

int db_run(sqlite3 *db, const char *sql, struct err *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) ? db_err(db, err, "change") : 0;
}

sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql, struct err *err)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		db_err(db, err, "ask");
	return stmt;
}

static int read_number(sqlite3 *db, const char *sql, sqlite3_int64 *out, struct err *err)
{
	sqlite3_stmt *stmt = db_prepare(db, sql, err);
	int ret = 0;

	if (!stmt)
		return -EBADMSG;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*out = sqlite3_column_int64(stmt, 0);
	else
		ret = db_err(db, err, "read");
	sqlite3_finalize(stmt);
	return ret;
}

/* Whoever makes it first wins; the other one finds it made. */
static int make_schema(sqlite3 *db, struct err *err)
{
	cleanup_free char *version = xasprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;",
					       APPLICATION_ID, VERSION);
	sqlite3_int64 now = 0;
	int ret = db_run(db, "BEGIN IMMEDIATE", err);

	if (ret)
		return ret;
	ret = read_number(db, "PRAGMA user_version", &now, err);
	if (!ret && !now)
		ret = db_run(db, schema, err);
	if (!ret && !now)
		ret = db_run(db, version, err);
	if (ret)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return ret ? ret : db_run(db, "COMMIT", err);
}

static int check_schema(sqlite3 *db, bool write, struct err *err)
{
	sqlite3_int64 version = 0, id = 0, tables = 0;
	int ret = read_number(db, "PRAGMA user_version", &version, err);

	if (!ret)
		ret = read_number(db, "PRAGMA application_id", &id, err);
	if (!ret)
		ret = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (!ret && write && !version && !tables)
		return make_schema(db, err);
	if (!ret && (version != VERSION || id != APPLICATION_ID))
		ret = err_set(err, -EBADMSG, "the index of results is of another version of wringer; 'wringer index%s' makes "
			      "it again", id == APPLICATION_ID && version < VERSION ? "" : " --fresh");
	return ret;
}

/* Not in results/ itself, whose time of change says whether there are others by now. */
static int make_folder(struct err *err)
{
	cleanup_free char *path = xasprintf("%s/.index", path_results());

	return dir_make(path, err);
}

/* One writer at a time, whatever becomes of the file. */
static int take_lock(struct history *h, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/.index/lock", path_results());

	h->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (h->lock < 0 || flock(h->lock, LOCK_EX))
		return err_sys(err, -errno, "cannot lock %s", path);
	return 0;
}

static void drop(const char *path)
{
	static const char *const suffix[] = {"", "-wal", "-shm"};
	size_t i;

	for (i = 0; i < 3; i++) {
		cleanup_free char *file = xasprintf("%s%s", path, suffix[i]);

		unlink(file);
	}
}

static int set_up(struct history *h, bool write, struct err *err)
{
	int ret = 0;

	sqlite3_busy_timeout(h->db, WAIT_MS);
	if (write)
		ret = db_run(h->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", err);
	/* In KiB where it is negative: with 2 MiB, as it is else, pages are read again and again. */
	if (!ret)
		ret = db_run(h->db, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536;", err);
	return ret ? ret : check_schema(h->db, write, err);
}

/* Made by an earlier version of ours: it is made anew, since the results have all of it. */
static bool is_older(const char *path)
{
	sqlite3_int64 version = 0, id = 0;
	sqlite3 *db = NULL;
	bool older = file_exists(path) && !sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) &&
		     !read_number(db, "PRAGMA user_version", &version, NULL) &&
		     !read_number(db, "PRAGMA application_id", &id, NULL) && id == APPLICATION_ID &&
		     version < VERSION;

	sqlite3_close(db);
	return older;
}

static int open_file(struct history *h, bool write, bool fresh, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/.index/results.db", path_results());
	int flags = SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0), ret;

	if (!write && !file_exists(path))
		return err_set(err, -ENOENT, "there is no index in %s; 'wringer index' makes it",
			       path_results());
	ret = write ? make_folder(err) : 0;
	if (!ret && write)
		ret = take_lock(h, err);
	if (ret)
		return ret;
	if (fresh || (write && is_older(path)))
		drop(path);
	if (sqlite3_open_v2(path, &h->db, flags, NULL))
		return db_err(h->db, err, "open");
	return set_up(h, write, err);
}

int history_open(bool write, bool fresh, struct history **out, struct err *err)
{
	struct history *h = xcalloc(1, sizeof(*h));
	int ret;

	h->lock = -1;
	ret = open_file(h, write, fresh, err);
	if (ret)
		history_close(h);
	else
		*out = h;
	return ret;
}

int history_check(struct history *h, struct err *err)
{
	sqlite3_stmt *s = db_prepare(h->db, "PRAGMA quick_check(1)", err);
	const char *text = s && sqlite3_step(s) == SQLITE_ROW ? (char *)sqlite3_column_text(s, 0) : NULL;
	int ret = 0;

	if (!text || strcmp(text, "ok"))
		ret = err_set(err, -EBADMSG, "the index of results is damaged: %.200s",
			      text ? text : "it cannot be read");
	sqlite3_finalize(s);
	return ret;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	sqlite3_close(h->db);
	if (h->lock >= 0)
		close(h->lock);
	free(h);
}
