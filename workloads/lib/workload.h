/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A workload is one file with a static descriptor at its end.  The guest runs it; the harness reads
 * the same descriptor to check scenarios, to print help and to name metrics.
 *
 * The library owns main(): it parses options, waits at the gate, calls op() until it is told to
 * stop, and counts operations and their latency in virtual time.
 */
#ifndef WORKLOADS_LIB_WORKLOAD_H
#define WORKLOADS_LIB_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "wire/wire.h"

enum wl_better {
	WL_NONE, /* no direction: never a verdict */
	WL_LOWER,
	WL_HIGHER,
};

/* A counter of a workload, beside operations and latency which all have. */
struct wl_metric {
	const char *name;
	const char *unit;
	enum wl_better better;
	const char *help;
};

/* What a running workload works with. */
struct wl {
	const struct workload *type;
	void *opts;       /* type->opts_size bytes, filled from the options */
	uint64_t seed;    /* differs for each workload of an experiment */
	uint64_t rng[4];  /* xoshiro256** state, seeded from seed */
	uint64_t *metric; /* shared counters, one for each of type->metrics */
};

struct workload {
	const char *name;
	const char *summary; /* one line */
	const char *op;      /* what one operation is */
	const struct conf_key *options;
	size_t nr_options;
	const void *defaults; /* an options struct */
	size_t opts_size;
	const struct wl_metric *metrics;
	size_t nr_metrics; /* at most WIRE_METRICS_MAX */
	/* op_run() and other processes call wl_count(): a call is not an operation. */
	bool counts_itself;
	/* Before the gate: map, open, check.  Ends through wl_fail() when it cannot. */
	void (*setup)(struct wl *wl);
	/* One operation, or a part of one where the workload counts itself. */
	void (*op_run)(struct wl *wl);
};

#define WL_TABLE(t) .options = (t), .nr_options = sizeof(t) / sizeof((t)[0])

/* Every workload there is, NULL-terminated. */
extern const struct workload *const workloads[];
const struct workload *workload_find(const char *name);

/* Ends the workload; the run's status becomes workload-failed with this reason. */
void wl_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
/* True once the agent has told all to stop: for loops inside an operation and for threads. */
bool wl_stopping(void);

/* Virtual time, ns. */
uint64_t wl_now(void);

/* Sleeps, or until all are told to stop; not part of an operation's latency. */
void wl_rest(uint64_t ns);
/* ns that the calling thread has rested so far. */
uint64_t wl_rested(void);
/*
 * In place of an operation by a workload that has nothing left to do: a tenth of a second, so that it
 * neither hangs nor adds much to its operations.
 */
void wl_idle(void);

/*
 * Counts an operation and its latency: for threads and processes of a workload, whose op_run() is
 * counted unless it counts itself.
 */
void wl_count(uint64_t ns);

/* Random numbers; equal seeds give equal numbers. */
uint64_t wl_random(struct wl *wl);
/* Uniform in [0, n), n >= 1. */
uint64_t wl_below(struct wl *wl, uint64_t n);
/* True with a probability in millionths. */
bool wl_chance(struct wl *wl, uint64_t millionths);

/*
 * Zipf-distributed ranks 0 .. n-1, P(rank k) proportional to 1/(k+1)^theta.
 * Rejection-inversion: W. Hoermann, G. Derflinger, "Rejection-inversion to generate variates from
 * monotone discrete distributions", ACM TOMACS 6(3), 1996.  Needs no table, so it adds nothing to
 * the memory under test.
 */
struct wl_zipf {
	uint64_t n;
	double theta;
	double h_x1;
	double h_n;
	double s;
};

/* theta in millionths, 1 .. 10000000. */
void wl_zipf_init(struct wl_zipf *z, uint64_t n, uint64_t theta);
uint64_t wl_zipf_next(struct wl_zipf *z, struct wl *wl);

/*
 * Spreads ranks over positions so that hot items are not neighbours: a bijection of [0, n) that
 * depends on salt.
 */
uint64_t wl_scatter(uint64_t rank, uint64_t n, uint64_t salt);

#endif
