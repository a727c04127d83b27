/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where experiments are run: on this machine, or on workers.
 *
 * What a worker does is always the same one command, wringer cell ID.  A cell is an experiment that was
 * planned here: results/.cells/ID.json is its spec.  The worker makes the experiment of that, in
 * results/.spool/ so that nothing half-checked is ever a result, and may be killed and run again as often as
 * anybody likes.  What is in the spool is checked here, by hash and schema, and only then becomes a result.
 * So whatever a farm says of its jobs, what counts is which results are there.
 *
 * All workers see the folder of the results and the cache, under the same names.
 */
#ifndef FARM_FARM_H
#define FARM_FARM_H

#include "base/buf.h"
#include "base/err.h"
#include "experiment/experiment.h"

struct farm_opts {
	struct run_opts run;   /* jobs: machines at a time, of all workers together */
	const char *workers;   /* parallel: ssh logins, Slurm: a partition; NULL: this machine, the default one */
	void (*say)(const char *line);
};

struct farm {
	const char *name;
	const char *help;
	/*
	 * Runs what has no result yet.  Of each experiment status and reason are set.  An error means that
	 * nothing more could be run; what is done is kept.
	 */
	int (*run)(struct experiments *exps, const struct farm_opts *opts, struct err *err);
	/* Runs the cell as canary on each worker: a line "WORKER HASH" each into out.  NULL: there are none. */
	int (*canary)(const char *id, const struct farm_opts *opts, struct buf *out, struct err *err);
};

extern const struct farm farms[];
extern const size_t nr_farms;
/* NULL when there is none of that name. */
const struct farm *farm_find(const char *name);

/* cell.c: writes their specs, so that workers can run them. */
int cells_put(const struct experiments *exps, struct err *err);
/*
 * On a worker: runs the cell unless it has a result already, waiting for whoever is at it.  status tells how
 * it ended; 0, or -ENOENT when there is no such cell or the cache lacks its kernel or image, -ESTALE when the
 * emulator here is another, -EIO when the host failed.
 */
int cell_run(const char *id, const struct run_opts *opts, enum status *status, struct err *err);
/*
 * The canary: runs the cell whether or not it has a result, keeps nothing, and says what result.json would be,
 * by hash: the same on every worker, or that one is not exact.
 */
int cell_canary(const char *id, const struct run_opts *opts, char hex[SHA256_HEX], struct err *err);

/* collect.c: makes results of what the spool has, if it is what it should be; the number of those. */
int cells_collect(const struct experiments *exps, size_t *taken, struct err *err);
/* How many have no result yet. */
size_t cells_missing(const struct experiments *exps);
/* Sets status and reason of each from its result. */
void cells_statuses(struct experiments *exps);
/* Removes what cells_put() wrote, and the spool if it is empty. */
void cells_remove(const struct experiments *exps);

/*
 * Has the first experiment run here and on every worker; -EXDEV when one of them gets another result, or
 * refuses.  It need not have a result yet.
 */
int farm_check(const struct farm *farm, struct experiments *exps, const struct farm_opts *opts, struct err *err);

/* parallel.c, slurm.c: for the table. */
int farm_parallel(struct experiments *exps, const struct farm_opts *opts, struct err *err);
int canary_parallel(const char *id, const struct farm_opts *opts, struct buf *out, struct err *err);
int farm_slurm(struct experiments *exps, const struct farm_opts *opts, struct err *err);
int canary_slurm(const char *id, const struct farm_opts *opts, struct buf *out, struct err *err);

#endif
