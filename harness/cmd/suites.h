/* SPDX-License-Identifier: GPL-2.0-only */
/* Running suites, for the commands that do. */
#ifndef CMD_SUITES_H
#define CMD_SUITES_H

#include <stdint.h>

#include "cmd/cmd.h"
#include "suite/run.h"

struct suite_opts {
	const char *farm, *workers, *results;
	uint64_t jobs, time_ns;
};

#define CMD_SUITE(type, field)                                                                     \
	{"time", 't', CMD_TIME, offsetof(type, field.time_ns), "TIME",                             \
	 "run what fits into so much time, the most informative first (default: all of it)"},      \
	{"jobs", 'j', CMD_NUMBER, offsetof(type, field.jobs), "N",                                 \
	 "machines at a time, on each worker (default: the host's CPUs)"},                         \
	{"farm", 0, CMD_STRING, offsetof(type, field.farm), "NAME",                                \
	 "who runs them: local, parallel (GNU parallel, by ssh) or slurm (default: local)"},       \
	{"workers", 'w', CMD_STRING, offsetof(type, field.workers), "LIST",                        \
	 "ssh logins, as in a,user@b (parallel), or a partition (slurm)"},                         \
	{"results", 'o', CMD_STRING, offsetof(type, field.results), "DIR",                         \
	 "folder of the results (default: $WRINGER_RESULTS, else results)"}

/* What is not given as it is by default; the process ends for what cannot be. */
void suites_check(const struct cmd *cmd, struct suite_opts *o);
/* Plans a suite by what its rules mean now; ends the process where that cannot be. */
void suites_plan(struct suite *suite, struct suite_plan *plan);
/* How it is run; from here on signals, and the end of the time, stop it. */
struct suite_run suites_run(const struct cmd *cmd, const struct suite *suite, const struct suite_opts *o);
/* Whether the engines, and the farm, can run it; ends the process where not. */
void suites_check_engines(struct suite_plan *plan, const struct suite_run *run);
/* Set when it was the end of the time that stopped it. */
extern volatile bool suites_overtime;
/* Time anew, for what comes after the end of the first. */
void suites_more(uint64_t time_ns);
/* The line of progress makes way, and what only the end of the time has stopped is no error: then 0. */
int suites_ended(int ret);
/* The index is brought up to date by one process, this one. */
void suites_index(void);

#endif
