/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scenario: what happens inside a guest, from workloads/scenarios/NAME.conf.
 *
 *	[param]		NAME = DEFAULT, for ${NAME} below (base/conf.h)
 *	[scenario]	title, what it is for, warm-up and window
 *	[swap] [data]	override the guest's storage
 *	[set]		PATH = TEXT: knobs, written before the policy's
 *	[module NAME]	path, params: a module of the user's, loaded before the knobs are set
 *	[input NAME]	path: a file of the user's, for a workload to read
 *	[file NAME]	size, compress: a file of the data device, filled before the window
 *	[cgroup NAME]	any interface file = text; a path like a/b makes a below the root first
 *	[workload NAME]	type, what all workloads have (struct scenario_work), the type's options
 *	[step NAME]	what is done at a time, or when a condition holds (scenario_step.c)
 *	[expect]	what must be true in the end (result/expect.h)
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

#define INPUTS_MAX 8

struct scenario_input {
	const char *name; /* inside conf */
	char *path;       /* on the host */
	struct buf data;  /* the file */
};

/* What every workload has, whatever its type. */
struct scenario_work {
	char *name;
	const struct workload *type;
	char *cgroup;      /* path below the cgroup root, or "/" */
	char *cpus;        /* list of CPUs, "" = any */
	unsigned int mempolicy; /* position in scenario_mempolicies */
	char *nodes;       /* list of nodes for mempolicy */
	uint64_t nice;     /* 0 to 19 */
	uint64_t start_ns; /* after the gate */
	uint64_t stop_ns;  /* after the gate; 0 = with all others */
	char *follows;     /* starts when this workload has ended; "" = none */
	bool held;         /* something else than the gate starts it */
	uint64_t count;    /* so many alike, NAME-1 to NAME-count */
	uint64_t ops;      /* ends by itself after so many operations; 0 = never */
	unsigned int instance; /* 0 .. count - 1 */
	int line;
	void *opts;   /* type->opts_size bytes: defaults and what the file says */
};

struct scenario {
	char *name;
	char *title;
	unsigned int group; /* position in scenario_groups */
	char *shows;
	char *who;
	char *known;
	char *guest;   /* "" = the user's or the default one */
	char *primary; /* metric names, blank-separated; "" = the registry's */
	uint64_t warmup_ns;
	char *warmup_ops; /* "WORKLOAD NUMBER": the warm-up lasts at least until then; "" = none */
	uint64_t steady;  /* millionths; 0 = do not wait for a steady rate */
	uint64_t steady_period_ns;
	uint64_t warmup_max_ns;
	uint64_t window_ns;
	char *window_ops; /* "WORKLOAD NUMBER": the window ends then, at the latest after window_ns */
	char *until;      /* a workload whose end ends the window; "" = none */
	uint64_t sample_ns;
	uint64_t hang_ns;
	uint64_t limit_ns; /* after the gate */
	bool oom_allowed; /* an OOM kill is part of what happens here */
	unsigned int trace; /* which of the kernel's events are recorded: position in scenario_traces */
	struct storage_set storage; /* the scenario's own, in place of the guest's */
	struct scenario_module *module;
	size_t nr_modules;
	struct scenario_input *input;
	size_t nr_inputs;
	struct scenario_file *file;
	size_t nr_files;
	struct scenario_work *work;
	size_t nr_works;
	struct buf steps; /* lines of the plan */
	unsigned int nr_steps;
	struct conf conf; /* owns the names above; cgroups and knobs are read from here */
};

/* "none", "reclaim", "batch", "all"; NULL-terminated. */
extern const char *const scenario_traces[];
enum { TRACE_NONE, TRACE_RECLAIM, TRACE_BATCH, TRACE_ALL };

/* "default", "bind", "preferred", "interleave", "local". */
extern const char *const scenario_mempolicies[];

/* "limits", "shapes", ...: what the catalogue is divided into; NULL-terminated. */
extern const char *const scenario_groups[];

/*
 * set: "NAME=VALUE" each, NULL-terminated or NULL, for parameters of the file and keys of its
 * [scenario]; what differs from the file's own becomes part of the scenario's name:
 * "kv-scan:limit=32M:window=2s".  -ENOENT for a name that the file does not know.
 */
int scenario_load(struct scenario *scenario, const char *path, char *const *set, struct err *err);
void scenario_release(struct scenario *scenario);
/* What holds without a file; release it too. */
void scenario_defaults(struct scenario *scenario);

/* The keys of a [scenario], for help and documentation. */
extern const struct conf_key scenario_keys[];
extern const size_t nr_scenario_keys;
/* The keys that every [workload] has; offsets are those of struct scenario_work. */
extern const struct conf_key scenario_work_keys[];
extern const size_t nr_scenario_work_keys;

/* The keys of a [step] that say when; what it does are its others. */
extern const struct conf_key scenario_step_keys[];
extern const size_t nr_scenario_step_keys;

/* scenario_work.c: a [workload NAME], or as many as it asks for. */
int scenario_add_work(struct scenario *scenario, struct conf_section *sec, struct err *err);
int scenario_check_works(struct scenario *scenario, struct err *err);
void scenario_work_release(struct scenario_work *work);
/* The workload of that name, or NULL. */
struct scenario_work *scenario_work(const struct scenario *scenario, const char *name);

/* scenario_step.c: a [step NAME] as lines of the plan. */
int scenario_add_step(struct scenario *scenario, struct conf_section *sec, struct err *err);
/* Steps that follow from the workloads' start, stop and after. */
void scenario_work_steps(struct scenario *scenario);

/* Small letters, digits, - and _, on request with slashes: what goes into plans and paths. */
bool scenario_name_ok(const char *name, bool slashes);

#endif
