// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "farm/farm.h"

struct cell_cmd {
	const char *results;
	uint64_t timeout_ns;
	bool canary;
};

static const struct cmd_option cell_options[] = {
	{"results", 'o', CMD_STRING, offsetof(struct cell_cmd, results), "DIR",
	 "folder of the results, the same for all workers (default: $WRINGER_RESULTS, else results)"},
	{"timeout", 't', CMD_TIME, offsetof(struct cell_cmd, timeout_ns), "TIME",
	 "wall-clock limit of the machine (default: 10m)"},
	{"canary", 0, CMD_FLAG, offsetof(struct cell_cmd, canary), NULL,
	 "run it whether or not it has a result, keep nothing, and print the hash of what result.json would be"},
};

extern const struct cmd cmd_cell;

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

/* A worker whose master is gone has nobody to work for. */
static void follow_parent(void)
{
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static int run_cell(int argc, char **argv)
{
	struct cell_cmd o = {.timeout_ns = 600000000000};
	struct run_opts opts = {.jobs = 1, .stop = &stop};
	char hex[SHA256_HEX];
	struct err err = {""};
	enum status status;
	int ret;

	if (cmd_parse(&cmd_cell, argc, argv, &o) != 1)
		die_usage(&cmd_cell, "which cell?");
	if (o.results)
		path_set_results(o.results);
	opts.limit_ms = (int64_t)(o.timeout_ns / 1000000);
	follow_parent();
	ret = o.canary ? cell_canary(argv[1], &opts, hex, &err) : cell_run(argv[1], &opts, &status, &err);
	if (ret)
		die(&err);
	if (o.canary)
		puts(hex);
	return EXIT_FINE;
}

const struct cmd cmd_cell = {
	.name = "cell",
	.summary = "run one experiment of a suite: what each worker of a farm does",
	.usage = "ID",
	CMD_OPTIONS(cell_options),
	.examples = "  wringer cell 0790... -o /shared/results\n"
		    "  wringer cell --canary 0790... -o /shared/results\n",
	.run = run_cell,
};
