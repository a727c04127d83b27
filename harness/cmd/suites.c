// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/suites.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/path.h"
#include "experiment/inside.h"
#include "history/history.h"
#include "kernel/build.h"

static volatile bool stop;
static bool tty;
volatile bool suites_overtime;

static void on_signal(int sig)
{
	suites_overtime = sig == SIGALRM;
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

void suites_check(const struct cmd *cmd, struct suite_opts *o)
{
	if (!o->jobs || o->jobs > 1024)
		die_usage(cmd, "--jobs is 1 to 1024");
	if (o->results)
		path_set_results(o->results);
	tty = isatty(STDERR_FILENO);
}

void suites_plan(struct suite *suite, struct suite_plan *plan)
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

static void set_alarm(uint64_t time_ns)
{
	if (time_ns)
		alarm((unsigned int)((time_ns + 999999999) / 1000000000));
}

static void catch_signals(uint64_t time_ns)
{
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_signal);
	set_alarm(time_ns);
}

static const struct farm *the_farm(const struct cmd *cmd, const struct suite_opts *o)
{
	const struct farm *farm = farm_find(o->farm ? o->farm : "local");

	if (!farm)
		die_usage(cmd, "--farm %s: local, parallel or slurm", o->farm);
	if (o->workers && !farm->canary)
		die_usage(cmd, "--workers needs --farm parallel or slurm");
	return farm;
}

struct suite_run suites_run(const struct cmd *cmd, const struct suite *suite, const struct suite_opts *o)
{
	catch_signals(o->time_ns);
	return (struct suite_run){
		.farm = the_farm(cmd, o), .seconds = (double)o->time_ns / 1e9, .batch = tell_batch,
		.opts = {.workers = o->workers, .say = say,
			 .run = {.jobs = (unsigned int)o->jobs, .limit_ms = (int64_t)(suite->timeout_ns / 1000000),
				 .progress = progress, .stop = &stop}},
	};
}

void suites_check_engines(struct suite_plan *plan, const struct suite_run *run)
{
	struct err err = {""};

	if (experiments_check_engines(&plan->exps, &err) || farm_check(run->farm, &plan->exps, &run->opts, &err))
		die(&err);
}

void suites_more(uint64_t time_ns)
{
	alarm(0);
	if (suites_overtime)
		stop = build_stop = suites_overtime = false;
	set_alarm(time_ns);
}

int suites_ended(int ret)
{
	if (tty)
		fputs("\r\033[K", stderr);
	return ret == -EINTR && suites_overtime ? 0 : ret;
}

void suites_index(void)
{
	struct history_update done;
	struct history *h = NULL;
	struct err err = {""};

	if (history_open(true, false, &h, &err) || history_update(h, NULL, &done, &err))
		fprintf(stderr, "wringer: %s\n", err.msg);
	history_close(h);
}
