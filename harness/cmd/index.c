// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdio.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "history/history.h"

struct index_cmd {
	bool fresh;
	const char *results;
	bool json;
};

static const struct cmd_option index_options[] = {
	{"fresh", 'f', CMD_FLAG, offsetof(struct index_cmd, fresh), NULL,
	 "make it anew from the results, whatever there is of it"},
	{"results", 'o', CMD_STRING, offsetof(struct index_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct index_cmd, json), NULL, "print as JSON"},
};

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static void print_done(const struct history_update *u, bool json)
{
	if (json)
		print_json(json_pack("{s:I, s:I, s:I}", "added", (json_int_t)u->added, "removed",
				     (json_int_t)u->removed, "damaged", (json_int_t)u->damaged));
	else
		printf("%zu added, %zu removed, %zu cannot be read%s\n", u->added, u->removed, u->damaged,
		       u->damaged ? ": 'wringer check' says which" : "");
}

static int run_index(int argc, char **argv)
{
	extern const struct cmd cmd_index;
	struct index_cmd o = {0};
	struct history_update done;
	struct history *h = NULL;
	struct err err = {""};
	int ret;

	if (cmd_parse(&cmd_index, argc, argv, &o))
		die_usage(&cmd_index, "'%s' is no option", argv[1]);
	if (o.results)
		path_set_results(o.results);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	ret = history_open(true, o.fresh, &h, &err);
	if (!ret)
		ret = history_update(h, &stop, &done, &err);
	history_close(h);
	if (ret)
		die(&err);
	print_done(&done, o.json);
	if (stop)
		fprintf(stderr, "stopped; the same command goes on where this one ended\n");
	return stop ? EXIT_FATAL : done.damaged ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_index = {
	.name = "index",
	.summary = "bring the index of the results up to date, which 'history' asks",
	.usage = "",
	CMD_OPTIONS(index_options),
	.examples = "  wringer index\n"
		    "  wringer index --fresh\n",
	.run = run_index,
};
