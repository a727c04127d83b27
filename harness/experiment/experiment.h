/* SPDX-License-Identifier: GPL-2.0-only */
/* One experiment: plan it, run it, keep it; and the product of several values per axis. */
#ifndef EXPERIMENT_EXPERIMENT_H
#define EXPERIMENT_EXPERIMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "engine/engine.h"
#include "experiment/guest.h"
#include "experiment/plan.h"
#include "experiment/policy.h"
#include "experiment/scenario.h"
#include "image/image.h"
#include "kernel/kernel.h"
#include "result/status.h"
#include "result/store.h"

#define SPEC_SCHEMA 1

/*
 * Values of the axes as a user names them; each list is NULL-terminated.  A NULL list of engines is
 * the exact one alone, one of guests for each scenario that which it is made for.  A scenario's name
 * may be followed by what is set of it: "kv-scan:limit=32M:window=2s".
 */
struct axes {
	char **engine;
	char **kernel;
	char **guest;
	char **policy;
	char **scenario;
	uint64_t *seed;
	size_t nr_seeds;
};

/* Everything needed to run it; strings and JSON are owned. */
struct experiment {
	char id[SHA256_HEX];
	json_t *spec;
	char *kernel_file; /* bzImage in the cache */
	char *image_file;  /* initramfs in the cache */
	char *plugin_file; /* the emulator's plugin; NULL where the engine has none */
	char *objects_file; /* BPF objects in the cache; NULL: none */
	char *symbols_file; /* the table for the probe, and it is run with that; NULL as a rule */
	char *setup; /* the plan's part before the fork point */
	char *plan;  /* and what follows */
	struct args args;
	struct machine machine;
	char template[SHA256_HEX]; /* key of the template it can be forked from; "" = none */
	enum engine engine;
	bool oom_allowed;
	enum status status; /* after a run, or from the result that was there */
	char *reason;       /* one sentence, or NULL */
};

struct experiments {
	struct experiment *exp;
	size_t nr;
	struct qemu qemu;
};

/*
 * Resolves every axis to content and makes the product, seeds innermost.  Kernels are fetched and
 * images built where the cache lacks them.  A policy is left out where a scenario lacks the cgroups it is
 * for, unless all of them do.  say is told of that, and of what takes time.  Fails on the first thing that
 * cannot be resolved or that does not fit together.
 */
int experiments_plan(const struct axes *axes, void (*say)(const char *line),
		     struct experiments *out, struct err *err);
void experiments_release(struct experiments *exps);

/*
 * An experiment rebuilt from a stored spec, for replay.  -ENOENT when the cache no longer has its
 * kernel or image, -ESTALE when the QEMU here is another than the spec's.
 */
int experiment_from_spec(const json_t *spec, struct experiments *out, struct err *err);
/*
 * That of a stored result, by its whole id, to be run again: also -EINVAL for one of another
 * engine than the exact one, and -EBADMSG where the spec is not what its name says.
 */
int experiment_open(const char *id, struct experiments *out, struct err *err);

/*
 * A shell script that makes the run's folder and runs the experiment's QEMU line in it by hand.
 */
void experiment_script(const struct experiment *exp, struct buf *out);

/* All that decides what the machine is at the fork point, and its title; new references. */
json_t *experiment_template(const struct experiment *exp, char title[80]);

/* What a run is doing, for a progress line; called a few times a second and at each change. */
struct run_progress {
	size_t total;
	size_t done;    /* in this run */
	size_t present; /* were there already */
	size_t failed;  /* ended with another status than done */
	size_t running;
	double seconds;       /* since the start */
	double estimate;      /* of what is left, seconds; < 0 = not known yet */
	const struct experiment *ended; /* the one that has just ended, or NULL */
	const char *note;               /* what else is to be told, or NULL */
};

struct run_opts {
	unsigned int jobs;  /* machines at a time, >= 1 */
	int64_t limit_ms;   /* wall-clock limit of each machine */
	bool fresh;         /* run even what results/ already holds */
	bool keep_nothing;  /* do not store: replay */
	bool boot;          /* start each machine from power-on, not from a template */
	bool vmcore;        /* have the memory of machines that end otherwise than done kept */
	void (*progress)(const struct run_progress *p, void *ctx);
	/* Called with each finished run's result before it is stored, if not NULL. */
	void (*finished)(const struct experiment *exp, const struct result *result, void *ctx);
	void *ctx;
	const volatile bool *stop; /* set by a signal: end the machines and return -EINTR */
};

/*
 * Runs what results/ does not hold yet.  A machine that fails is an experiment with a status; an
 * error of this function means that nothing more could be run (the disk is full, QEMU does not
 * start).
 */
int experiments_run(struct experiments *exps, const struct run_opts *opts, struct err *err);

/* Sets status and reason from its stored result, if it has one. */
void experiment_take_result(struct experiment *exp);

/* Seconds of CPU that results/ says an experiment like this takes; a rough default without any. */
double experiment_cost(const struct experiment *exp);

#endif
