/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share. */
#ifndef HISTORY_DB_H
#define HISTORY_DB_H

#include <sqlite3.h>

#include "history/history.h"

struct history {
	sqlite3 *db;
	int lock; /* of who writes; -1: only reads */
};

/* Sets what SQLite has to say; returns -EBADMSG where the file is bad, -ENOSPC, or -EIO. */
int db_err(sqlite3 *db, struct err *err, const char *what);
int db_run(sqlite3 *db, const char *sql, struct err *err);
/* NULL and a message when it does not compile; end with sqlite3_finalize(). */
sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql, struct err *err);

/* The series; the columns of their names are where history_wanted() looks for them. */
#define HISTORY_SERIES "SELECT id, engine, guest, policy, scenario, stale FROM series ORDER BY scenario, policy, guest, engine"

bool history_wanted(const struct history_select *what, sqlite3_stmt *row);
/* What is known of a metric, without any series; -ENOENT when there is no such metric. */
int history_metric(struct history *h, const char *name, struct history_answer *out, struct err *err);

#endif
