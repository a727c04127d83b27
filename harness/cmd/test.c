// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "bisect/single.h"
#include "cmd/cmd.h"
#include "kernel/kernel.h"
#include "result/metrics.h"

struct test_cmd {
	struct axis_opts axes;
	const char *base, *good, *bad, *metric;
	struct cmd_list status;
	uint64_t jobs, timeout_ns;
	bool json;
};

static const struct cmd_option test_options[] = {
	CMD_AXES(struct test_cmd, axes),
	{"base", 0, CMD_STRING, offsetof(struct test_cmd, base), "KERNEL",
	 "bad is what is worse than this kernel"},
	{"good", 0, CMD_STRING, offsetof(struct test_cmd, good), "KERNEL",
	 "with --bad: tell which of the two it is like"},
	{"bad", 0, CMD_STRING, offsetof(struct test_cmd, bad), "KERNEL", "see --good"},
	{"metric", 'm', CMD_STRING, offsetof(struct test_cmd, metric), "NAME",
	 "judge by this metric (default: by what the scenario expects)"},
	{"status", 0, CMD_LIST, offsetof(struct test_cmd, status), "LIST",
	 "judge by whether experiments end as one of these: oom, hung, panic, ...; any is all but done"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct test_cmd, jobs), "N",
	 "machines at a time (default: the host's CPUs)"},
	{"timeout", 't', CMD_TIME, offsetof(struct test_cmd, timeout_ns), "TIME",
	 "wall-clock limit of one machine (default: 10m)"},
	{"json", 0, CMD_FLAG, offsetof(struct test_cmd, json), NULL, "print the verdict as JSON"},
};

extern const struct cmd cmd_test;

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static const char *only(const struct cmd_list *list, const char *option)
{
	if (list->nr > 1)
		die_usage(&cmd_test, "%s takes one name", option);
	return list->nr ? list->item[0] : NULL;
}

static void check_usage(const struct test_cmd *o)
{
	if (!o->axes.kernel.nr || !o->axes.scenario.nr || !o->axes.policy.nr)
		die_usage(&cmd_test, "which kernel, scenario and policy? -k, -s and -p");
	if (!o->good != !o->bad || (o->good && o->base))
		die_usage(&cmd_test, "either --base, or --good and --bad");
	if (o->metric && o->status.nr)
		die_usage(&cmd_test, "either --metric or --status");
	if (o->metric && !o->base && !o->good)
		die_usage(&cmd_test, "a metric is good or bad against another kernel's: --base, or --good and "
				     "--bad");
	if (!o->jobs || o->jobs > 1024)
		die_usage(&cmd_test, "--jobs is 1 to 1024");
}

static struct question question_of(const struct test_cmd *o)
{
	const struct metric *m = o->metric ? metric_find(o->metric) : NULL;

	if (!o->metric)
		return (struct question){MODEL_RATE, STATS_DIR_LOWER, 0, 0};
	/* With two ends any difference between them will do. */
	return (struct question){MODEL_LEVEL, m ? m->better : STATS_DIR_NONE, m ? m->min_rel : 0.02,
				 m ? m->min_abs : 1};
}

/* A kernel that cannot be had is one that cannot be tested, and the bisection goes on. */
static void need_kernel(const char *name)
{
	struct kernel kernel;
	struct err err = {""};

	if (!kernel_resolve(name, say, &kernel, &err)) {
		kernel_release(&kernel);
		return;
	}
	fprintf(stderr, "wringer: %s\n", err.msg);
	exit(EXIT_UNTESTABLE);
}

static int tell(const struct single *s, bool json)
{
	static const char *const names[] = {"good", "bad", "untestable"};
	static const int codes[] = {EXIT_FINE, EXIT_FINDING, EXIT_UNTESTABLE};

	if (json)
		print_json(json_pack("{s:s, s:s, s:I}", "verdict", names[s->verdict], "why", s->why,
				     "experiments", (json_int_t)s->nr));
	else
		printf("%s: %s\n", names[s->verdict], s->why);
	return codes[s->verdict];
}

static int run_test(int argc, char **argv)
{
	struct test_cmd o = {.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
			     .timeout_ns = 600000000000};
	struct measure m = {.say = say};
	struct single_ask ask = {.measure = &m};
	struct err err = {""};
	struct single single;

	if (cmd_parse(&cmd_test, argc, argv, &o))
		die_usage(&cmd_test, "'%s' is no option", argv[1]);
	check_usage(&o);
	if (o.axes.results)
		path_set_results(o.axes.results);
	scenarios_expand(&o.axes, false);
	m.engine = only(&o.axes.engine, "-e");
	m.guest = only(&o.axes.guest, "-g");
	m.policy = only(&o.axes.policy, "-p");
	m.scenario = only(&o.axes.scenario, "-s");
	m.metric = o.metric;
	m.expects = !o.metric && !o.status.nr;
	m.run = (struct run_opts){.jobs = (unsigned int)o.jobs, .stop = &stop,
				  .limit_ms = (int64_t)(o.timeout_ns / 1000000)};
	if (measure_set_failures(&m, o.status.item, &err))
		die(&err);
	if (!o.axes.seeds.nr)
		list_add(&o.axes.seeds, o.metric || o.good || o.base ? "1-32" : "1-8");
	ask.seed = seeds_parse(&cmd_test, &o.axes.seeds, &ask.nr_seeds);
	ask.question = question_of(&o);
	ask.kernel = only(&o.axes.kernel, "-k");
	ask.base = o.base;
	ask.good = o.good;
	ask.bad = o.bad;
	need_kernel(ask.kernel);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (single_judge(&ask, &single, &err))
		die(&err);
	free((uint64_t *)ask.seed);
	return tell(&single, o.json);
}

const struct cmd cmd_test = {
	.name = "test",
	.summary = "judge one kernel with git bisect's exit codes: 0 good, 1 bad, 125 cannot be tested",
	.usage = "-k KERNEL -s SCENARIO -p POLICY",
	CMD_OPTIONS(test_options),
	.examples =
		"  wringer test -k arch/x86/boot/bzImage -s regress-flushers -p mglru\n"
		"  wringer test -k ./bzImage --good 7.1.3 --bad 7.0.13 -m workload.churn.dying \\\n"
		"    -s regress-dying -p mglru\n"
		"  git bisect run sh -c 'make -j8 bzImage || exit 125\n"
		"    wringer test -k ./arch/x86/boot/bzImage -s kv-scan -p mglru -m workload.kv.rate "
		"--base 7.2.12'\n",
	.run = run_test,
};
