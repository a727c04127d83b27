/* SPDX-License-Identifier: GPL-2.0-only */
/* One kernel's experiments as what a search asks of them. */
#ifndef BISECT_MEASURE_H
#define BISECT_MEASURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "experiment/experiment.h"
#include "result/status.h"

/* What is measured of a kernel, and how; words as after the options of wringer run. */
struct measure {
	const char *engine, *guest, *policy, *scenario; /* engine, guest: NULL = the usual */
	const char *metric; /* NULL: whether it fails */
	/* Which statuses are failures, and which are none; the others have no value. */
	bool fails[STATUS_NR], passes[STATUS_NR];
	bool expects; /* the scenario must expect something */
	void (*say)(const char *line);
	struct run_opts run;
};

/* What came of one experiment. */
struct measured {
	char id[SHA256_HEX];
	uint64_t seed;
	enum status status;
	bool has;
	double value;
	char *why;     /* it has no value, a sentence; or NULL */
	char *meaning; /* of the metric, or NULL */
	char *better;  /* "lower", "higher", "none"; NULL without the metric */
	double floor;  /* smallest change that matters by the result, in units */
};

void measured_release(struct measured *m, size_t nr);
/*
 * Sets fails and passes: words NULL are those of the expectations, else statuses by their names, or
 * "any" for all but done.  -EINVAL for a word that is none.
 */
int measure_set_failures(struct measure *m, char *const *words, struct err *err);
/*
 * What the experiments are called, without running anything; the kernel is fetched.  -ENOENT, -EINVAL
 * and others: it cannot be planned; -ENODATA: nothing is expected of which to ask whether it holds.
 */
int measure_plan(const struct measure *m, const char *kernel, const uint64_t *seed, size_t nr,
		 struct experiments *out, struct err *err);
/* Runs what is not there yet; out[0..nr-1] by seed.  -ETIME when it was the host that ended one. */
int measure_run(const struct measure *m, struct experiments *exps, struct measured *out,
		struct err *err);

#endif
