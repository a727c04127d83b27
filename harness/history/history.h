/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * History: an index of the results, so that a question about one number of very many experiments does
 * not read them all.  It is results/.index/results.db, an SQLite file, and holds nothing that the results do not
 * say: it can be removed and made again.  Of each result it has the metrics that are primary or
 * secondary; diagnostics are in result.json.
 *
 * One process writes at a time, the others wait; readers never do.  What was added is on disk when
 * history_update() returns; after a crash in between each result is in it whole or not at all.
 */
#ifndef HISTORY_HISTORY_H
#define HISTORY_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "stats/series.h"
#include "stats/stats.h"

struct history;

/*
 * Opens the index, and makes it when it is to be written and is not there.  fresh: what is there is
 * dropped.  -ENOENT when there is none to be read; -EBADMSG when the file is no index of ours, or of
 * another version.  Close with history_close(), which minds no NULL.
 */
int history_open(bool write, bool fresh, struct history **out, struct err *err);
void history_close(struct history *h);

/* What bringing the index up to date did. */
struct history_update {
	size_t added;
	size_t removed;
	size_t damaged;	/* results that cannot be read, and are left out */
};

/*
 * Adds the results that are new in results/ and drops those that are gone.  *stop, which may be NULL,
 * ends it between two of them.
 */
int history_update(struct history *h, const volatile bool *stop, struct history_update *out,
		   struct err *err);

/* True when results/ has changed since: something may have come or gone. */
bool history_stale(struct history *h);

/* -EBADMSG where the file is damaged. */
int history_check(struct history *h, struct err *err);

/* Which series; a NULL list is any, else NULL-terminated names, one of which it must be. */
struct history_select {
	const char *metric;	/* the full name */
	char *const *engine;
	char *const *guest;
	char *const *policy;
	char *const *scenario;
	bool by_time;	/* points in the order in which they were first run, not of the versions */
};

/* One kernel's values, by seed. */
struct history_point {
	char *kernel;
	char *first;	/* when the first was run, ISO 8601 */
	char *made_of;	/* hash of all of the spec but kernel and seed */
	bool other;	/* not made of what the point before is: it may differ for that alone */
	double *value;
	char (*id)[65];	/* of the experiments */
	size_t nr;
	double median;
};

/* A metric over kernels, all else by the same names. */
struct history_series {
	char *engine, *guest, *policy, *scenario;
	struct history_point *point;
	size_t nr;
	struct stats_change *change;	/* at: index of the point that begins the new level */
	size_t nr_changes;
	double noise;	/* standard deviation around the level, of single values; NAN when not known */
};

struct history_answer {
	char *metric, *unit;
	enum stats_direction better;
	double min_rel, min_abs;	/* the smallest change that matters */
	struct history_series *series;
	size_t nr;
};

/*
 * -ENOENT when no experiment in the index has such a metric.  Of experiments of one name and kernel that are
 * made of different things the last ones run count.  Changes of level are those of stats_changes() over
 * all values in order, at p 0.001, which are as large as matters.
 */
int history_ask(struct history *h, const struct history_select *what, struct history_answer *out,
		struct err *err);
void history_answer_release(struct history_answer *a);

/* False of one whose metric has no good direction. */
bool history_is_worse(const struct history_answer *a, const struct stats_change *c);
/* Appends "  -20.0 % WORSE from here, p 0.0001". */
void history_change_text(const struct history_answer *a, const struct stats_change *c, struct buf *out);
void history_text(const struct history_answer *a, struct buf *out);
json_t *history_json(const struct history_answer *a);

#endif
