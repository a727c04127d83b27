/* SPDX-License-Identifier: GPL-2.0-only */
/* What the farms share. */
#ifndef FARM_INTERNAL_H
#define FARM_INTERNAL_H

#include <time.h>

#include "base/buf.h"
#include "base/proc.h"
#include "farm/farm.h"

/* How often it is looked what has come in. */
#define FARM_TICK_MS 500
/* After so many rounds in which a cell got no result, the farm says so. */
#define FARM_ROUNDS 3

/*
 * The command that a worker's shell runs, up to the cell's id: this very program, with this cache, data and
 * results, by their absolute names.
 */
int worker_command(const struct farm_opts *opts, struct buf *out, struct err *err);
/* From here on "results" are those in this machine's part of the spool. */
void spool_enter(void);
/* The ids that have no result, a line each, into results/.cells/NAME. */
int write_list(const struct experiments *exps, const char *name, char **path, size_t *nr, struct err *err);

/* Progress of what comes in by way of the spool. */
struct farm_watch {
	struct experiments *exps;
	const struct farm_opts *opts;
	struct run_progress progress;
	struct timespec begun, last; /* last: when something came in, or a round began */
};

void watch_begin(struct farm_watch *w, struct experiments *exps, const struct farm_opts *opts);
/* Collects, tells how far it is; -EINTR when it is to end. */
int watch_tick(struct farm_watch *w, struct err *err);
double watch_idle(const struct farm_watch *w); /* seconds since that */

/* Calls round() with what is missing until nothing is, FARM_ROUNDS times at most without any progress. */
int farm_rounds(struct farm_watch *w, int (*round)(struct farm_watch *w, struct err *err), struct err *err);

#endif
