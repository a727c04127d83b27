// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "experiment/policy_make.h"

extern const struct cmd cmd_policy;

struct policy_cmd {
	const char *like;
};

static const struct cmd_option policy_options[] = {
	{"like", 'l', CMD_STRING, offsetof(struct policy_cmd, like), "POLICY",
	 "new: the policy of wringer's to begin with (default: fifo)"},
};

static int make_new(const char *name, const char *like)
{
	struct err err = {""};

	if (policy_new(name, like, &err))
		die(&err);
	printf("%s.bpf.c\n%s.conf\n", name, name);
	fprintf(stderr, "then: wringer policy build %s.bpf.c, and -p ./%s.conf\n", name, name);
	return EXIT_FINE;
}

static int build(char **source)
{
	struct err err = {""};

	for (; *source; source++)
		if (policy_build(*source, &err))
			die(&err);
	return EXIT_FINE;
}

static int run_policy(int argc, char **argv)
{
	struct policy_cmd o = {.like = "fifo"};
	int n = cmd_parse(&cmd_policy, argc, argv, &o);

	if (n == 2 && !strcmp(argv[1], "new"))
		return make_new(argv[2], o.like);
	if (n >= 2 && !strcmp(argv[1], "build"))
		return build(argv + 2);
	die_usage(&cmd_policy, "say new NAME, or build NAME.bpf.c...");
}

const struct cmd cmd_policy = {
	.name = "policy",
	.summary = "begin a reclaim policy in BPF, and compile it",
	.usage = "new NAME | build NAME.bpf.c...",
	CMD_OPTIONS(policy_options),
	.examples = "  wringer policy new mine --like s3fifo\n"
		    "  wringer policy build mine.bpf.c\n"
		    "  wringer compare -k KERNEL -p lru,mglru,./mine.conf -s @shapes -n 1-8\n",
	.run = run_policy,
};
