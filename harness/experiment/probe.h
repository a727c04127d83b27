/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A finished experiment once more, with the plugin probe.so counting its instructions, and what that
 * saw added to the result as probe.json and probe.folded.  The run must give the very bytes that are
 * stored: then the counts are of that experiment.
 *
 *	<cache>/symbols/<key>.N.table	functions by address, as the machine's kernel tells them when
 *					all its modules are loaded; the key is of all that decides it
 */
#ifndef EXPERIMENT_PROBE_H
#define EXPERIMENT_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "experiment/experiment.h"

#define PROBE_JSON   "probe.json"
#define PROBE_FOLDED "probe.folded"
#define PROBE_SCHEMA 1

struct probe_opts {
	unsigned int jobs; /* machines at a time, >= 1 */
	int64_t limit_ms;  /* wall-clock limit of each machine */
	bool boot;         /* start each machine from power-on, not from a template */
	void (*say)(const char *line);
	/* Called for each experiment at its end; ret and err as of a function. */
	void (*done)(const struct experiment *exp, int ret, const struct err *err, void *ctx);
	void *ctx;
	const volatile bool *stop;
};

/*
 * Experiments of the engine exact whose results are there.  One that goes another way (-ESTALE), does
 * not come to the window's close (-ENODATA) or is ended by the host (-EIO) is told to done() and
 * leaves its result as it was; an error of this function means that nothing more could be run.
 */
int probe_run(struct experiments *exps, const struct probe_opts *opts, struct err *err);

/* The stored probe.json; -ENOENT when there is none, -EBADMSG when it is not ours. */
int probe_load(const char *id, json_t **out, struct err *err);

#endif
