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

#endif
