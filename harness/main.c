// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

extern const struct cmd cmd_bisect;
extern const struct cmd cmd_boot;
extern const struct cmd cmd_cache;
extern const struct cmd cmd_cell;
extern const struct cmd cmd_check;
extern const struct cmd cmd_compare;
extern const struct cmd cmd_diff;
extern const struct cmd cmd_doctor;
extern const struct cmd cmd_equiv;
extern const struct cmd cmd_explain;
extern const struct cmd cmd_export;
extern const struct cmd cmd_gc;
extern const struct cmd cmd_gdb;
extern const struct cmd cmd_history;
extern const struct cmd cmd_index;
extern const struct cmd cmd_kernel;
extern const struct cmd cmd_kunit;
extern const struct cmd cmd_metrics;
extern const struct cmd cmd_probe;
extern const struct cmd cmd_refs;
extern const struct cmd cmd_replay;
extern const struct cmd cmd_report;
extern const struct cmd cmd_run;
extern const struct cmd cmd_scenario;
extern const struct cmd cmd_nightly;
extern const struct cmd cmd_policy;
extern const struct cmd cmd_selftest;
extern const struct cmd cmd_shell;
extern const struct cmd cmd_show;
extern const struct cmd cmd_spread;
extern const struct cmd cmd_suite;
extern const struct cmd cmd_test;
extern const struct cmd cmd_trace;

const struct cmd *const cmds[] = {
	&cmd_run, &cmd_suite, &cmd_nightly, &cmd_compare, &cmd_report, &cmd_export, &cmd_spread, &cmd_history, &cmd_index, &cmd_explain, &cmd_diff, &cmd_equiv, &cmd_show,
	&cmd_trace, &cmd_probe, &cmd_bisect, &cmd_test, &cmd_metrics, &cmd_check, &cmd_replay,
	&cmd_scenario, &cmd_policy, &cmd_refs, &cmd_kernel, &cmd_kunit, &cmd_shell, &cmd_gdb, &cmd_boot,
	&cmd_cache, &cmd_gc, &cmd_cell, &cmd_selftest, &cmd_doctor, NULL,
};

static const struct cmd *find_cmd(const char *name)
{
	size_t i;

	for (i = 0; cmds[i]; i++)
		if (!strcmp(cmds[i]->name, name))
			return cmds[i];
	return NULL;
}

static void help(FILE *to)
{
	size_t i;

	fprintf(to, "usage: wringer COMMAND [OPTION...]\n\n"
		    "Runs Linux memory reclaim in identical virtual machines and compares what it "
		    "did.\n\n");
	for (i = 0; cmds[i]; i++)
		fprintf(to, "  %-10s %s\n", cmds[i]->name, cmds[i]->summary);
	fprintf(to, "\n'wringer COMMAND --help' says more; so does 'man wringer'.\n");
}

/* For scripts/man-page and the shell's completion: one "--name<TAB>letter<TAB>value<TAB>help" a
 * line. */
static int list_options(const char *name)
{
	const struct cmd *cmd = name ? find_cmd(name) : NULL;
	size_t i;

	for (i = 0; !cmd && cmds[i]; i++)
		puts(cmds[i]->name);
	for (i = 0; cmd && i < cmd->nr_options; i++) {
		const struct cmd_option *o = &cmd->options[i];

		printf("--%s\t%c\t%s\t%s\n", o->name, o->letter ? o->letter : ' ',
		       o->arg ? o->arg : "", o->help);
	}
	return EXIT_FINE;
}

/* Output that could not be written is an error, also for what stdio still held. */
static int end(int code)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "wringer: cannot write the output: %s\n", strerror(errno));
		return EXIT_FATAL;
	}
	return code;
}

/* Whoever started us without some of the three: no other file must get their numbers. */
static void open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct cmd *cmd;

	open_standard();
	if (argc < 2) {
		help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
		help(stdout);
		return end(EXIT_FINE);
	}
	if (!strcmp(argv[1], "--version")) {
		puts("wringer " VERSION);
		return end(EXIT_FINE);
	}
	if (!strcmp(argv[1], "--list-options"))
		return end(list_options(argv[2]));
	cmd = find_cmd(argv[1]);
	if (!cmd)
		die_usage(NULL, "there is no command '%s'", argv[1]);
	return end(cmd->run(argc - 1, argv + 1));
}
