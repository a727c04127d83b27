// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "experiment/inside.h"
#include "history/history.h"
#include "kernel/build.h"
#include "suite/run.h"

struct suite_cmd {
	const char *farm, *workers, *results;
	uint64_t jobs, time_ns;
	bool every, all, json;
};

static const struct cmd_option suite_options[] = {
	{"time", 't', CMD_TIME, offsetof(struct suite_cmd, time_ns), "TIME",
	 "run: what fits into so much time, the most informative first (default: all of it)"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct suite_cmd, jobs), "N",
	 "machines at a time, on each worker (default: the host's CPUs)"},
	{"farm", 0, CMD_STRING, offsetof(struct suite_cmd, farm), "NAME",
	 "who runs them: local, parallel (GNU parallel, by ssh) or slurm (default: local)"},
	{"workers", 'w', CMD_STRING, offsetof(struct suite_cmd, workers), "LIST",
	 "ssh logins, as in a,user@b (parallel), or a partition (slurm)"},
	{"every", 0, CMD_FLAG, offsetof(struct suite_cmd, every), NULL,
	 "run all seeds, also where a look has settled it"},
	{"all", 'a', CMD_FLAG, offsetof(struct suite_cmd, all), NULL,
	 "show what is the same or undecided too"},
	{"results", 'o', CMD_STRING, offsetof(struct suite_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct suite_cmd, json), NULL, "print everything as JSON"},
};

extern const struct cmd cmd_suite;

static volatile bool stop;
static bool tty, overtime;

static void on_signal(int sig)
{
	overtime = sig == SIGALRM;
	stop = true;
	build_stop = true;
}

static void progress(const struct run_progress *p, void *ctx)
{
	(void)ctx;
	if (p->note)
		fprintf(stderr, "%s%s\n", tty ? "\r\033[K" : "", p->note);
	else if (tty && p->total > p->present)
		fprintf(stderr, "\r\033[K%zu of %zu done, %zu running, %zu not well", p->done, p->total - p->present,
			p->running, p->failed);
}

static void tell_batch(const struct suite_plan *plan, size_t nr, double seconds, void *ctx)
{
	(void)plan;
	(void)ctx;
	fprintf(stderr, "%s%zu experiments, about %.0f s\n", tty ? "\r\033[K" : "", nr, seconds);
}

static void make(struct suite *suite, struct suite_plan *plan)
{
	struct suite_plan old;
	struct err err = {""};
	bool known;

	if (suite_plan_make(suite, say, plan, &err))
		die(&err);
	known = !suite_plan_load(suite, &old, NULL);
	suite_plan_costs(plan, known ? &old : NULL);
	if (known)
		suite_plan_release(&old);
}

static int verb_plan(struct suite *suite, const struct suite_cmd *o)
{
	cleanup_buf struct buf text = {0};
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};

	make(suite, &plan);
	if (suite_judge(&plan, &s, &err))
		die(&err);
	if (o->json)
		print_json(suite_plan_json(&plan, &s));
	else
		suite_plan_text(&plan, &s, (unsigned int)o->jobs, &text);
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

static void catch_signals(const struct suite_cmd *o)
{
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_signal);
	if (o->time_ns)
		alarm((unsigned int)((o->time_ns + 999999999) / 1000000000));
}

static const struct farm *the_farm(const struct suite_cmd *o)
{
	const struct farm *farm = farm_find(o->farm ? o->farm : "local");

	if (!farm)
		die_usage(&cmd_suite, "--farm %s: local, parallel or slurm", o->farm);
	if (o->workers && !farm->canary)
		die_usage(&cmd_suite, "--workers needs --farm parallel or slurm");
	return farm;
}

/* The index is brought up to date by one process, this one. */
static void update_index(void)
{
	struct history_update done;
	struct history *h = NULL;
	struct err err = {""};

	if (history_open(true, false, &h, &err) || history_update(h, NULL, &done, &err))
		fprintf(stderr, "wringer: %s\n", err.msg);
	history_close(h);
}

static int verb_run(struct suite *suite, const struct suite_cmd *o)
{
	struct suite_run run = {
		.farm = the_farm(o), .seconds = (double)o->time_ns / 1e9, .all = o->every, .batch = tell_batch,
		.opts = {.workers = o->workers, .say = say,
			 .run = {.jobs = (unsigned int)o->jobs, .limit_ms = (int64_t)(suite->timeout_ns / 1000000),
				 .progress = progress, .stop = &stop}},
	};
	struct suite_standings s;
	struct suite_plan plan;
	struct err err = {""};
	int ret, code;

	catch_signals(o);
	make(suite, &plan);
	if (experiments_check_engines(&plan.exps, &err) || suite_plan_save(suite, &plan, &err) ||
	    farm_check(run.farm, &plan.exps, &run.opts, &err))
		die(&err);
	ret = suite_run(&plan, &run, &s, &err);
	if (tty)
		fputs("\r\033[K", stderr);
	if (ret && !(ret == -EINTR && overtime))
		die(&err);
	if (suite_plan_save(suite, &plan, &err))
		die(&err);
	update_index();
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
	struct suite_cmd o = {.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN)};
	struct suite suite;
	struct err err = {""};
	int code;
	size_t i;

	if (cmd_parse(&cmd_suite, argc, argv, &o) != 2)
		die_usage(&cmd_suite, "plan, run or status, and which suite");
	if (!o.jobs || o.jobs > 1024)
		die_usage(&cmd_suite, "--jobs is 1 to 1024");
	for (i = 0; i < ARRAY_SIZE(verbs) && strcmp(verbs[i].name, argv[1]); i++)
		;
	if (i == ARRAY_SIZE(verbs))
		die_usage(&cmd_suite, "'%s' is none of plan, run and status", argv[1]);
	if (o.results)
		path_set_results(o.results);
	tty = isatty(STDERR_FILENO);
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
