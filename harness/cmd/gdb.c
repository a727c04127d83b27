// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "experiment/debug.h"

struct gdb_cmd {
	const char *at;
	const char *symbols;
	const char *results;
	bool reverse;
};

static const struct cmd_option gdb_options[] = {
	{"at", 0, CMD_STRING, offsetof(struct gdb_cmd, at), "WHERE",
	 "stop at the start (the kernel's start_kernel) or at the failure (default: failure for a "
	 "run that ended otherwise than done)"},
	{"reverse", 'r', CMD_FLAG, offsetof(struct gdb_cmd, reverse), NULL,
	 "record the run first, then debug the recording: reverse-stepi and reverse-continue work; "
	 "guests of one CPU only"},
	{"symbols", 0, CMD_STRING, offsetof(struct gdb_cmd, symbols), "FILE",
	 "vmlinux with the symbols (default: what the kernel itself says)"},
	{"results", 'o', CMD_STRING, offsetof(struct gdb_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
};

extern const struct cmd cmd_gdb;
static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static bool at_failure(const struct gdb_cmd *o, const char *id, const struct result *r)
{
	const char *status = json_string_value(json_object_get(r->result, "status"));
	bool failed = status && strcmp(status, status_name(STATUS_DONE));
	struct err err = {""};

	if (!o->at)
		return failed;
	if (strcmp(o->at, "start") && strcmp(o->at, "failure"))
		die_usage(&cmd_gdb, "--at %s: start or failure", o->at);
	if (!strcmp(o->at, "start"))
		return false;
	if (!failed) {
		err_set(&err, -EINVAL, "%.12s is done: there is no failure to stop at; --at start "
				       "stops at its start", id);
		die(&err);
	}
	return true;
}

static char *find_symbols(const struct gdb_cmd *o, const struct experiments *exps)
{
	struct err err = {""};
	char *path;

	if (o->symbols) {
		path = realpath(o->symbols, NULL);
		if (path)
			return path;
		err_sys(&err, -errno, "cannot read %s", o->symbols);
		die(&err);
	}
	if (!debug_symbols(&exps->qemu, exps->exp, say, &stop, &path, &err))
		return path;
	if (stop)
		die(&err);
	fprintf(stderr, "wringer: no symbols: %s\n", err.msg);
	return NULL;
}

static void load(const char *word, struct gdb_cmd *o, struct experiments *exps, bool *failure)
{
	char id[SHA256_HEX];
	struct err err = {""};
	struct result r;

	if (store_find(word, id, &err) || store_load(id, &r, &err))
		die(&err);
	*failure = at_failure(o, id, &r);
	if (experiment_from_spec(r.spec, exps, &err))
		die(&err);
	if (strcmp(exps->exp[0].id, id)) {
		err_set(&err, -EBADMSG, "%s/%s/spec.json is not what its name says: it was changed",
			path_results(), id);
		die(&err);
	}
	result_release(&r);
}

static int run_gdb(int argc, char **argv)
{
	struct gdb_cmd o = {0};
	int code = 0, nr = cmd_parse(&cmd_gdb, argc, argv, &o);
	cleanup_free char *symbols = NULL;
	struct experiments exps;
	struct debug_opts opts;
	struct err err = {""};
	bool failure;

	if (!nr)
		die_usage(&cmd_gdb, "which experiment? 'wringer show' lists them");
	if (o.results)
		path_set_results(o.results);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	load(argv[1], &o, &exps, &failure);
	symbols = find_symbols(&o, &exps);
	opts = (struct debug_opts){.symbols = symbols, .failure = failure, .reverse = o.reverse,
				   .words = argv + 2, .say = say, .stop = &stop};
	if (debug_run(&exps.qemu, exps.exp, &opts, &code, &err))
		die(&err);
	experiments_release(&exps);
	return code ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_gdb = {
	.name = "gdb",
	.summary = "run a stored experiment under gdb, stopped at its start or at its failure",
	.usage = "ID [-- GDB-ARGUMENT...]",
	CMD_OPTIONS(gdb_options),
	.examples = "  wringer gdb 3f9a1c\n"
		    "  wringer gdb --at start 3f9a1c -- -ex 'break shrink_folio_list'\n"
		    "  wringer gdb --reverse 3f9a1c\n"
		    "  wringer gdb 3f9a1c -- -batch -ex bt\n",
	.run = run_gdb,
};
