// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/suites.h"

struct suite_cmd {
	struct suite_opts run;
	bool every, all, json;
};

static const struct cmd_option suite_options[] = {
	CMD_SUITE(struct suite_cmd, run),
	{"every", 0, CMD_FLAG, offsetof(struct suite_cmd, every), NULL,
	 "run all seeds, also where a look has settled it"},
	{"all", 'a', CMD_FLAG, offsetof(struct suite_cmd, all), NULL,
	 "show what is the same or undecided too"},
	{"json", 0, CMD_FLAG, offsetof(struct suite_cmd, json), NULL, "print everything as JSON"},
};

extern const struct cmd cmd_suite;

static int verb_plan(struct suite *suite, const struct suite_cmd *o)
{
	cleanup_buf struct buf text = {0};
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};

	suites_plan(suite, &plan);
	if (suite_judge(&plan, &s, &err))
		die(&err);
	if (o->json)
		print_json(suite_plan_json(&plan, &s));
	else
		suite_plan_text(&plan, &s, (unsigned int)o->run.jobs, &text);
	fputs(buf_str(&text), stdout);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
	return EXIT_FINE;
}

static void print_status(const struct suite_plan *plan, const struct suite_standings *s, const struct suite_cmd *o)
{
	cleanup_buf struct buf text = {0};

	if (o->json)
		print_json(suite_status_json(plan, s));
	else
		suite_status_text(plan, s, o->all, &text);
	fputs(buf_str(&text), stdout);
}

static int verb_status(struct suite *suite, const struct suite_cmd *o)
{
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};
	int code;

	if (suite_plan_load(suite, &plan, &err) || suite_judge(&plan, &s, &err))
		die(&err);
	print_status(&plan, &s, o);
	code = s.findings ? EXIT_FINDING : EXIT_FINE;
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
	return code;
}

static int verb_run(struct suite *suite, const struct suite_cmd *o)
{
	struct suite_run run = suites_run(&cmd_suite, suite, &o->run);
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};
	int ret, code;

	suites_plan(suite, &plan);
	suites_check_engines(&plan, &run);
	if (suite_plan_save(suite, &plan, &err))
		die(&err);
	ret = suites_ended(suite_run(&plan, &run, &s, &err));
	if (ret || suite_plan_save(suite, &plan, &err))
		die(&err);
	suites_index();
	print_status(&plan, &s, o);
	code = s.findings ? EXIT_FINDING : EXIT_FINE;
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
	return code;
}

static int run_suite(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct suite *suite, const struct suite_cmd *o);
	} verbs[] = {{"plan", verb_plan}, {"run", verb_run}, {"status", verb_status}};
	struct suite_cmd o = {.run.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN)};
	struct suite suite;
	struct err err = {""};
	int code;
	size_t i;

	if (cmd_parse(&cmd_suite, argc, argv, &o) != 2)
		die_usage(&cmd_suite, "plan, run or status, and which suite");
	suites_check(&cmd_suite, &o.run);
	for (i = 0; i < ARRAY_SIZE(verbs) && strcmp(verbs[i].name, argv[1]); i++)
		;
	if (i == ARRAY_SIZE(verbs))
		die_usage(&cmd_suite, "'%s' is none of plan, run and status", argv[1]);
	if (suite_load(argv[2], &suite, &err))
		die(&err);
	code = verbs[i].run(&suite, &o);
	suite_release(&suite);
	return code;
}

const struct cmd cmd_suite = {
	.name = "suite",
	.summary = "run a suite of comparisons, as far as they are not settled, and tell how they stand",
	.usage = "plan|run|status SUITE",
	CMD_OPTIONS(suite_options),
	.examples = "  wringer suite plan nightly\n"
		    "  wringer suite run nightly --time 8h\n"
		    "  wringer suite run small --farm slurm\n"
		    "  wringer suite status nightly --all\n",
	.run = run_suite,
};
