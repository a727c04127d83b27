/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario: what happens inside a guest, from workloads/scenarios/NAME.conf.
 *
 *	[scenario]	title, shows, primary, warmup, window, sample, hang, limit, oom, trace
 *	[swap] [data]	override the guest's storage
 *	[set]		PATH = TEXT: knobs, written after the policy's
 *	[module NAME]	path, params: a module of the user's, loaded before the knobs are set
 *	[file NAME]	size, compress: a file of the data device, filled before the window
 *	[cgroup NAME]	any interface file = text; a path like a/b makes a below the root first
 *	[workload NAME]	type, cgroup, and the options of that type
 */
#ifndef EXPERIMENT_SCENARIO_H
#define EXPERIMENT_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "experiment/guest.h"
#include "workloads/lib/workload.h"

struct scenario_file {
	const char *name; /* inside conf */
	uint64_t size;    /* bytes, a multiple of 4096 */
	uint64_t compress; /* share of each page that compression saves, in millionths */
};

#define OWN_MODULES_MAX 8

struct scenario_module {
	const char *name; /* inside conf */
	char *path;       /* on the host */
	char *params;     /* "" for none */
	struct buf data;  /* the file */
	struct buf deps;  /* names of modules it needs, comma-separated */
};

struct scenario_work {
	const char *name; /* inside conf */
	const struct workload *type;
	char *cgroup; /* path below the cgroup root, or "/" */
	void *opts;   /* type->opts_size bytes: defaults and what the file says */
};

struct scenario {
	char *name;
	char *title;
	char *shows;
	char *primary; /* metric names, blank-separated; "" = the registry's */
	uint64_t warmup_ns;
	uint64_t window_ns;
	uint64_t sample_ns;
	uint64_t hang_ns;
	uint64_t limit_ns; /* after the gate */
	bool oom_allowed; /* an OOM kill is part of what happens here */
	unsigned int trace; /* which of the kernel's events are recorded: position in scenario_traces */
	struct storage_set storage; /* the scenario's own, in place of the guest's */
	struct scenario_module *module;
	size_t nr_modules;
	struct scenario_file *file;
	size_t nr_files;
	struct scenario_work *work;
	size_t nr_works;
	struct conf conf; /* owns the names above; cgroups and knobs are read from here */
};

/* "none", "reclaim", "batch", "all"; NULL-terminated. */
extern const char *const scenario_traces[];
enum { TRACE_NONE, TRACE_RECLAIM, TRACE_BATCH, TRACE_ALL };

int scenario_load(struct scenario *scenario, const char *path, struct err *err);
void scenario_release(struct scenario *scenario);

#endif
