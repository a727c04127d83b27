// SPDX-License-Identifier: GPL-2.0-only
/* Both commands that end in a guest's shell: with a scenario, and with nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "experiment/inside.h"

struct shell_cmd {
	const char *engine, *kernel, *guest, *policy, *scenario, *append;
	uint64_t seed;
	uint64_t timeout_ns;
};

#define SHELL_MACHINE                                                                              \
	{"engine", 'e', CMD_STRING, offsetof(struct shell_cmd, engine), "NAME",                    \
	 "fast, kvm, or exact for a script (default: fast)"},                                      \
	{"kernel", 'k', CMD_STRING, offsetof(struct shell_cmd, kernel), "NAME",                    \
	 "version, branch, 'newest', or path of a bzImage (default: newest)"},                     \
	{"guest", 'g', CMD_STRING, offsetof(struct shell_cmd, guest), "NAME",                      \
	 "guest, by name or path (default: two)"},                                                 \
	{"append", 0, CMD_STRING, offsetof(struct shell_cmd, append), "TEXT",                      \
	 "put behind the kernel's command line"},                                                  \
	{"timeout", 't', CMD_TIME, offsetof(struct shell_cmd, timeout_ns), "TIME",                 \
	 "wall-clock limit (default: none)"}

static const struct cmd_option boot_options[] = {SHELL_MACHINE};

static const struct cmd_option shell_options[] = {
	SHELL_MACHINE,
	{"policy", 'p', CMD_STRING, offsetof(struct shell_cmd, policy), "NAME",
	 "policy, by name or path (default: lru)"},
	{"scenario", 's', CMD_STRING, offsetof(struct shell_cmd, scenario), "NAME",
	 "scenario, by name or path"},
	{"seed", 'n', CMD_NUMBER, offsetof(struct shell_cmd, seed), "N", "seed (default: 1)"},
};

extern const struct cmd cmd_boot, cmd_shell;
static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static void read_script(struct buf *out)
{
	struct err err = {""};
	char chunk[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0 && out->len <= INSIDE_SCRIPT_MAX)
		buf_add(out, chunk, (size_t)n);
	if (n < 0)
		err_sys(&err, -errno, "cannot read the script from stdin");
	else if (out->len > INSIDE_SCRIPT_MAX)
		err_set(&err, -EFBIG, "the script on stdin is over 1 MiB");
	if (*err.msg)
		die(&err);
}

static enum engine take_engine(const struct cmd *cmd, const struct shell_cmd *o)
{
	enum engine engine = engine_find(o->engine);

	if (engine == ENGINE_NR)
		die_usage(cmd, "--engine %s: exact, kvm or fast", o->engine);
	/* Its clock does not wait for a user: hours would pass between two keys. */
	if (engine == ENGINE_EXACT && isatty(STDIN_FILENO))
		die_usage(cmd, "the exact engine takes a script on stdin, nobody at a terminal");
	return engine;
}

static int work_in(const struct experiments *exps, const struct shell_cmd *o)
{
	cleanup_buf struct buf script = {0};
	struct inside_opts opts = {.terminal = isatty(STDIN_FILENO), .script = &script,
				   .append = o->append, .stop = &stop,
				   .limit_ms = (int64_t)(o->timeout_ns / 1000000)};
	struct err err = {""};
	bool well;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (experiments_check_engines(exps, &err))
		die(&err);
	if (opts.terminal)
		say("Ctrl-A x ends the machine at once, Ctrl-A h says more.");
	else
		read_script(&script);
	if (inside_shell(&exps->qemu, exps->exp, &opts, &well, &err))
		die(&err);
	return well ? EXIT_FINE : EXIT_FINDING;
}

static int run_boot(int argc, char **argv)
{
	struct shell_cmd o = {.engine = "fast", .kernel = "newest", .guest = "two"};
	struct experiments exps;
	struct err err = {""};
	enum engine engine;
	int code;

	if (cmd_parse(&cmd_boot, argc, argv, &o))
		die_usage(&cmd_boot, "'%s' is no option", argv[1]);
	engine = take_engine(&cmd_boot, &o);
	if (bare_plan(o.kernel, o.guest, engine, say, &exps, &err))
		die(&err);
	code = work_in(&exps, &o);
	experiments_release(&exps);
	return code;
}

static int run_shell(int argc, char **argv)
{
	struct shell_cmd o = {.engine = "fast", .kernel = "newest", .guest = "two",
			      .policy = "lru", .seed = 1};
	struct experiments exps;
	struct err err = {""};
	int code;

	if (cmd_parse(&cmd_shell, argc, argv, &o))
		die_usage(&cmd_shell, "'%s' is no option", argv[1]);
	if (!o.scenario)
		die_usage(&cmd_shell, "which scenario? -s NAME; 'wringer boot' needs none");
	take_engine(&cmd_shell, &o);
	{
		char *engine[] = {(char *)o.engine, NULL}, *kernel[] = {(char *)o.kernel, NULL};
		char *guest[] = {(char *)o.guest, NULL}, *policy[] = {(char *)o.policy, NULL};
		char *scenario[] = {(char *)o.scenario, NULL};
		struct axes axes = {engine, kernel, guest, policy, scenario, &o.seed, 1};

		if (experiments_plan(&axes, say, &exps, &err))
			die(&err);
	}
	code = work_in(&exps, &o);
	experiments_release(&exps);
	return code;
}

const struct cmd cmd_boot = {
	.name = "boot",
	.summary = "boot a kernel on a guest, with a shell in it",
	.usage = "",
	CMD_OPTIONS(boot_options),
	.examples = "  wringer boot -k newest -g two\n"
		    "  wringer boot -k ./bzImage -g one --append debug\n"
		    "  echo 'cat /proc/zoneinfo' | wringer boot -k 6.12\n",
	.run = run_boot,
};

const struct cmd cmd_shell = {
	.name = "shell",
	.summary = "a shell in an experiment's machine, with its workloads waiting to be let go",
	.usage = "-s SCENARIO",
	CMD_OPTIONS(shell_options),
	.examples = "  wringer shell -k 6.12 -g two -p mglru -s kv-scan\n"
		    "  echo 'wl start; sleep 2; wl' | wringer shell -s kv-scan\n",
	.run = run_shell,
};
