// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "experiment/experiment.h"
#include "experiment/inside.h"

struct run_cmd {
	struct axis_opts axes;
	uint64_t jobs;
	uint64_t timeout_ns;
	bool fresh;
	bool boot;
	bool vmcore;
	bool dry_run;
	bool json;
};

static const struct cmd_option run_options[] = {
	CMD_AXES(struct run_cmd, axes),
	{"jobs", 'j', CMD_NUMBER, offsetof(struct run_cmd, jobs), "N",
	 "machines at a time (default: the host's CPUs)"},
	{"timeout", 't', CMD_TIME, offsetof(struct run_cmd, timeout_ns), "TIME",
	 "wall-clock limit of one machine (default: 10m)"},
	{"fresh", 'f', CMD_FLAG, offsetof(struct run_cmd, fresh), NULL,
	 "run again what results/ already holds"},
	{"boot", 'b', CMD_FLAG, offsetof(struct run_cmd, boot), NULL,
	 "start each machine from power-on instead of forking a template: the same results, slower"},
	{"vmcore", 0, CMD_FLAG, offsetof(struct run_cmd, vmcore), NULL,
	 "keep the memory of guests that end otherwise than done, as vmcore in the result"},
	{"dry-run", 0, CMD_FLAG, offsetof(struct run_cmd, dry_run), NULL,
	 "print the shell script that runs each experiment by hand, and run nothing"},
	{"json", 0, CMD_FLAG, offsetof(struct run_cmd, json), NULL,
	 "print a list of the results as JSON"},
};

static volatile bool stop;
static bool tty;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static const char *name_in(const json_t *spec, const char *axis)
{
	const char *key = !strcmp(axis, "kernel") ? "version" : "name";
	const char *s = json_string_value(json_object_get(json_object_get(spec, axis), key));

	return s ? s : "?";
}

static void say_ended(const struct experiment *exp)
{
	fprintf(stderr, "%.12s %s: %s%s%s %s %s %s seed %lld%s%s\n", exp->id,
		status_name(exp->status),
		exp->engine == ENGINE_EXACT ? "" : engine_name(exp->engine),
		exp->engine == ENGINE_EXACT ? "" : " ", name_in(exp->spec, "kernel"), name_in(exp->spec, "guest"),
		name_in(exp->spec, "policy"), name_in(exp->spec, "scenario"),
		(long long)json_integer_value(json_object_get(exp->spec, "seed")),
		exp->reason ? ": " : "", exp->reason ? exp->reason : "");
}

/* On a terminal one line that changes; elsewhere only what did not go well. */
static void progress(const struct run_progress *p, void *ctx)
{
	static bool begun;
	size_t todo = p->total - p->present;

	(void)ctx;
	if (p->note) {
		fprintf(stderr, "%s%s\n", tty ? "\r\033[K" : "", p->note);
		return;
	}
	if (p->ended && p->ended->status != STATUS_DONE) {
		if (tty)
			fputs("\r\033[K", stderr);
		say_ended(p->ended);
	}
	if (!todo)
		return;
	if (!begun)
		fprintf(stderr, "%zu experiments: %zu to run, %zu there already; about %.0f s\n",
			p->total, todo, p->present, p->estimate);
	else if (tty)
		fprintf(stderr,
			"\r\033[K%zu of %zu done, %zu running, %zu not well, %.0f s, about %.0f s "
			"left",
			p->done, todo, p->running, p->failed, p->seconds, p->estimate);
	begun = true;
	if (tty && p->done == todo)
		fputs("\n", stderr);
}

static json_t *json_list(const struct experiments *exps)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < exps->nr; i++) {
		const struct experiment *e = &exps->exp[i];

		json_array_append_new(
			out,
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id", e->id,
				  "status", status_name(e->status), "reason",
				  e->reason ? e->reason : "", "engine", engine_name(e->engine),
				  "kernel", name_in(e->spec, "kernel"), "guest",
				  name_in(e->spec, "guest"), "policy", name_in(e->spec, "policy"),
				  "scenario", name_in(e->spec, "scenario"), "seed",
				  json_integer_value(json_object_get(e->spec, "seed"))));
	}
	return out;
}

static size_t count_status(const struct experiments *exps, bool (*is)(enum status))
{
	size_t i, n = 0;

	for (i = 0; i < exps->nr; i++)
		n += is(exps->exp[i].status);
	return n;
}

static bool is_host_fault(enum status s)
{
	return !status_final(s);
}

static bool is_finding(enum status s)
{
	return status_final(s) && s != STATUS_DONE;
}

static int summarise(const struct experiments *exps)
{
	size_t host = count_status(exps, is_host_fault), finding = count_status(exps, is_finding);

	fprintf(stderr,
		"%zu experiments in %s: %zu done, %zu ended otherwise, %zu failed on the host\n",
		exps->nr, path_results(), exps->nr - host - finding, finding, host);
	return host ? EXIT_FATAL : finding ? EXIT_FINDING : EXIT_FINE;
}

static void print_scripts(const struct experiments *exps)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	for (i = 0; i < exps->nr; i++)
		experiment_script(&exps->exp[i], &text);
	fputs(buf_str(&text), stdout);
}

static void set_default(struct cmd_list *list, const char *words)
{
	if (!list->nr)
		list_add(list, words);
}

static void take_axes(struct run_cmd *o, struct axes *axes)
{
	extern const struct cmd cmd_run;

	if (!o->axes.scenario.nr)
		die_usage(&cmd_run, "which scenario? -s NAME; 'wringer show scenarios' lists them");
	set_default(&o->axes.kernel, "newest");
	set_default(&o->axes.policy, "lru,mglru");
	set_default(&o->axes.seeds, "1-8");
	scenarios_expand(&o->axes, false);
	*axes = (struct axes){
		.engine = o->axes.engine.item,
		.kernel = o->axes.kernel.item,
		.guest = o->axes.guest.item,
		.policy = o->axes.policy.item,
		.scenario = o->axes.scenario.item,
	};
	axes->seed = seeds_parse(&cmd_run, &o->axes.seeds, &axes->nr_seeds);
}

static int run_all(struct experiments *exps, const struct run_cmd *o)
{
	struct run_opts opts = {.jobs = (unsigned int)o->jobs,
				.limit_ms = (int64_t)(o->timeout_ns / 1000000),
				.fresh = o->fresh, .boot = o->boot, .vmcore = o->vmcore,
				.progress = progress, .stop = &stop};
	struct err err = {""};

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (experiments_check_engines(exps, &err))
		die(&err);
	if (experiments_run(exps, &opts, &err)) {
		if (tty)
			fputs("\n", stderr);
		die(&err);
	}
	if (o->json)
		print_json(json_list(exps));
	return summarise(exps);
}

static int run_run(int argc, char **argv)
{
	extern const struct cmd cmd_run;
	struct run_cmd o = {.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
			    .timeout_ns = 600000000000};
	struct experiments exps;
	struct err err = {""};
	struct axes axes;
	int code = EXIT_FINE;

	if (cmd_parse(&cmd_run, argc, argv, &o))
		die_usage(&cmd_run, "'%s' is no option", argv[1]);
	if (!o.jobs || o.jobs > 1024)
		die_usage(&cmd_run, "--jobs is 1 to 1024");
	if (o.axes.results)
		path_set_results(o.axes.results);
	tty = isatty(STDERR_FILENO);
	take_axes(&o, &axes);
	if (experiments_plan(&axes, say, &exps, &err))
		die(&err);
	if (o.dry_run)
		print_scripts(&exps);
	else
		code = run_all(&exps, &o);
	experiments_release(&exps);
	free(axes.seed);
	return code;
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "run experiments: every kernel, guest, policy, scenario and seed that is named",
	.usage = "-s SCENARIO",
	CMD_OPTIONS(run_options),
	.examples = "  wringer run -s kv-scan\n"
		    "  wringer run -k 6.12,newest -g one,two -p lru,mglru -s kv-zipf,scan-cyclic "
		    "-n 1-16\n"
		    "  wringer run -k ./bzImage:./modules -s anon-zipf -n 1 --dry-run | sh\n",
	.run = run_run,
};
