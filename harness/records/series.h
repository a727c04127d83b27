/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters over the window, from the record stream: a row for the opening, each sample and the
 * close, a column for each counter that is asked for.  Names are those of counters.h, and
 * "workload.NAME.ops" and the workload's other counters.
 */
#ifndef RECORDS_SERIES_H
#define RECORDS_SERIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "records/counters.h"
#include "records/records.h"

/* A guest gone wrong must not fill the memory with columns. */
#define SERIES_COLUMNS_MAX 16384

/* Calls fn for every counter of a set. */
void series_each(const struct records *rec, const struct records_set *set, counter_fn *fn,
		 void *ctx);
/* The same of the workloads and of those sources alone whose kind, the name's first word, is in the list. */
void series_each_of(const struct records *rec, const struct records_set *set, const char *const *kinds,
		    counter_fn *fn, void *ctx);

struct series {
	const struct records *rec;
	char **name; /* the columns, in the order they were first seen; owned */
	size_t nr;
	bool cut;    /* there were more than SERIES_COLUMNS_MAX */
	json_t *column; /* name to position; owned */
};

/* What is shown when nothing is asked for; NULL-terminated. */
extern const char *const series_default[];

/*
 * The counters that match one of the patterns, names or globs, NULL-terminated.  rec must outlive
 * it.  -ENOENT for a pattern that none matches, but for "*" and those of series_default.
 */
int series_select(struct series *s, const struct records *rec, const char *const *patterns,
		  struct err *err);
void series_release(struct series *s);

/*
 * As CSV: a line of names, then one a set, without those in which no column has a value.  A counter
 * that was not read in a set has an empty cell.
 */
void series_csv_head(const struct series *s, struct buf *csv);
void series_csv_row(const struct series *s, size_t set, struct buf *csv);
/*
 * The same rows as a new object: "time_ns", "phase" and "values", an object of arrays by name; null
 * where there is no value, text where it is over 2^63-1.  -E2BIG, with NULL, for millions of values.
 */
int series_json(const struct series *s, json_t **out, struct err *err);

#endif
