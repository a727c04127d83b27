// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/path.h"
#include "bisect/bisect.h"
#include "bisect/simulate.h"
#include "cmd/cmd.h"
#include "kernel/build.h"

#define DEFAULT_SEEDS  "1-64"
#define DEFAULT_LIMIT  400
#define DEFAULT_TRIALS 1000

struct bisect_cmd {
	struct axis_opts axes;
	const char *good, *bad;
	const char *metric, *change;
	struct cmd_list status, allow, paths, config;
	const char *tree, *series, *base, *build, *toolchain;
	uint64_t limit, jobs, timeout_ns, trials;
	bool expect, every, first_parent, fresh, simulate, json;
};

static const struct cmd_option bisect_options[] = {
	{"good", 0, CMD_STRING, offsetof(struct bisect_cmd, good), "KERNEL",
	 "the end that is as it should be; older or newer than the bad one"},
	{"bad", 0, CMD_STRING, offsetof(struct bisect_cmd, bad), "KERNEL", "the end that is not"},
	CMD_AXES(struct bisect_cmd, axes),
	{"metric", 'm', CMD_STRING, offsetof(struct bisect_cmd, metric), "NAME",
	 "search for a change of this metric ('wringer metrics')"},
	{"expect", 0, CMD_FLAG, offsetof(struct bisect_cmd, expect), NULL,
	 "search for where what the scenario expects holds or not (the default)"},
	{"status", 0, CMD_LIST, offsetof(struct bisect_cmd, status), "LIST",
	 "search for where experiments end as one of these: oom, hung, panic, ...; any is all but done"},
	{"change", 0, CMD_STRING, offsetof(struct bisect_cmd, change), "PERCENT",
	 "the smallest change of the metric that matters (default: as 'wringer metrics' says)"},
	{"allow", 0, CMD_LIST, offsetof(struct bisect_cmd, allow), "KEYS",
	 "differences in the ends' set-up to accept, as a refusal names them"},
	{"limit", 0, CMD_NUMBER, offsetof(struct bisect_cmd, limit), "N",
	 "experiments at most (default: 400)"},
	{"every", 0, CMD_FLAG, offsetof(struct bisect_cmd, every), NULL,
	 "between ends of different branches take every prebuilt kernel, in the order of versions"},
	{"tree", 0, CMD_STRING, offsetof(struct bisect_cmd, tree), "DIR",
	 "search the commits of this git repository: --good and --bad are commits"},
	{"path", 0, CMD_WORD, offsetof(struct bisect_cmd, paths), "PATH",
	 "only commits that touch this path; may be given again"},
	{"first-parent", 0, CMD_FLAG, offsetof(struct bisect_cmd, first_parent), NULL,
	 "of merges follow the first parent only"},
	{"series", 0, CMD_STRING, offsetof(struct bisect_cmd, series), "DIR",
	 "search the patches in this folder, on top of --base in --tree"},
	{"base", 0, CMD_STRING, offsetof(struct bisect_cmd, base), "COMMIT",
	 "what the series applies to (default: HEAD)"},
	{"build", 0, CMD_STRING, offsetof(struct bisect_cmd, build), "COMMAND",
	 "shell command that builds what is checked out and prints the kernel, as after -k; 125 skips"},
	{"config", 0, CMD_LIST, offsetof(struct bisect_cmd, config), "LIST",
	 "without --build: fragments of which 'wringer kernel build' makes a kernel (default: base)"},
	{"toolchain", 0, CMD_STRING, offsetof(struct bisect_cmd, toolchain), "SUITE",
	 "without --build: 'host', or the suite whose compiler builds (default: as the tree needs)"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct bisect_cmd, jobs), "N",
	 "machines at a time (default: the host's CPUs)"},
	{"timeout", 't', CMD_TIME, offsetof(struct bisect_cmd, timeout_ns), "TIME",
	 "wall-clock limit of one machine (default: 10m)"},
	{"fresh", 'f', CMD_FLAG, offsetof(struct bisect_cmd, fresh), NULL,
	 "begin anew; results that are there are used all the same"},
	{"json", 0, CMD_FLAG, offsetof(struct bisect_cmd, json), NULL, "print the answer as JSON"},
	{"simulate", 0, CMD_FLAG, offsetof(struct bisect_cmd, simulate), NULL,
	 "search made-up lines and print how often the answers are right"},
	{"trials", 0, CMD_NUMBER, offsetof(struct bisect_cmd, trials), "N",
	 "of --simulate, for each row (default: 1000)"},
};

extern const struct cmd cmd_bisect;

static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
	build_stop = true;
}

static void progress(const struct run_progress *p, void *ctx)
{
	(void)ctx;
	if (p->note)
		fprintf(stderr, "%s\n", p->note);
}

static void tell_step(const struct bisect *b, const struct step *step)
{
	static const char *const what[] = {"ends", "search", "confirm"};
	bool *in = xcalloc(b->line.nr, sizeof(*in));
	size_t k, n = 0;

	if (b->hunt.differ)
		model_credible(b->hunt.p, b->line.nr, HUNT_CREDIBLE, in);
	for (k = 0; k < b->line.nr; k++)
		n += in[k];
	fprintf(stderr, "%s: %.40s, %zu seed%s", what[step->phase], b->line.point[step->point].name,
		step->seeds, step->seeds == 1 ? "" : "s");
	if (n)
		fprintf(stderr, " (90 %% in %zu of %zu, likeliest %.1f %%)", n, b->line.nr - 1,
			100 * b->hunt.sure);
	fputs("\n", stderr);
	free(in);
}

static const char *only(const struct cmd_list *list, const char *option, const char *otherwise)
{
	if (list->nr > 1)
		die_usage(&cmd_bisect, "%s takes one name: one question at a time", option);
	return list->nr ? list->item[0] : otherwise;
}

static json_t *list_json(const struct cmd_list *list)
{
	json_t *out = list->nr ? json_array() : NULL;
	size_t i;

	for (i = 0; i < list->nr; i++)
		json_array_append_new(out, json_string(list->item[i]));
	return out;
}

static json_t *seeds_json(struct bisect_cmd *o)
{
	json_t *out = json_array();
	uint64_t *seed;
	size_t i, nr;

	if (!o->axes.seeds.nr)
		list_add(&o->axes.seeds, DEFAULT_SEEDS);
	seed = seeds_parse(&cmd_bisect, &o->axes.seeds, &nr);
	for (i = 0; i < nr; i++)
		json_array_append_new(out, json_integer((json_int_t)seed[i]));
	free(seed);
	return out;
}

/* A path as it is from everywhere, since the search may be gone on with from elsewhere. */
static json_t *path_json(const char *path)
{
	char *real = path ? realpath(path, NULL) : NULL;
	struct err err = {""};
	json_t *out;

	if (!path)
		return NULL;
	if (!real) {
		err_sys(&err, -errno, "there is no folder %s", path);
		die(&err);
	}
	out = json_string(real);
	free(real);
	return out;
}

static json_t *change_json(const struct bisect_cmd *o)
{
	uint64_t millionths;

	if (!o->change)
		return NULL;
	if (parse_millionths(o->change, &millionths) || !millionths)
		die_usage(&cmd_bisect, "--change %s: give percent, as in 2 or 0.5", o->change);
	return json_real((double)millionths / 1e8);
}

static void set(json_t *ask, const char *key, json_t *value)
{
	if (value)
		json_object_set_new(ask, key, value);
}

static json_t *word_json(const char *word)
{
	return word ? json_string(word) : NULL;
}

static void check_usage(const struct bisect_cmd *o)
{
	if (!o->axes.scenario.nr)
		die_usage(&cmd_bisect, "which scenario? -s NAME; 'wringer scenario list' lists them");
	if (!o->axes.policy.nr)
		die_usage(&cmd_bisect, "which policy? -p NAME; 'wringer show policies' lists them");
	if (!o->series && (!o->good || !o->bad))
		die_usage(&cmd_bisect, "which kernels? --good KERNEL --bad KERNEL");
	if ((o->metric != NULL) + o->expect + (o->status.nr > 0) > 1)
		die_usage(&cmd_bisect, "one of --metric, --expect and --status");
	if (o->change && !o->metric)
		die_usage(&cmd_bisect, "--change is of a --metric");
	if (o->tree && o->axes.kernel.nr)
		die_usage(&cmd_bisect, "either --tree or the kernels after -k");
	if (!o->tree && (o->series || o->build || o->paths.nr || o->first_parent || o->config.nr ||
			 o->toolchain))
		die_usage(&cmd_bisect, "--series, --build, --config, --toolchain, --path and "
				       "--first-parent need a --tree");
	if (o->build && (o->config.nr || o->toolchain))
		die_usage(&cmd_bisect, "--build COMMAND knows its own configuration and compiler");
	if (o->config.nr > FRAGMENTS_MAX)
		die_usage(&cmd_bisect, "--config takes %d fragments at most", FRAGMENTS_MAX);
}

static json_t *make_ask(struct bisect_cmd *o)
{
	json_t *ask = json_object();

	scenarios_expand(&o->axes, false);
	set(ask, "good", word_json(o->good ? o->good : "base"));
	set(ask, "bad", word_json(o->bad ? o->bad : "all"));
	set(ask, "scenario", word_json(only(&o->axes.scenario, "-s", NULL)));
	set(ask, "policy", word_json(only(&o->axes.policy, "-p", NULL)));
	set(ask, "guest", word_json(only(&o->axes.guest, "-g", NULL)));
	set(ask, "engine", word_json(only(&o->axes.engine, "-e", NULL)));
	set(ask, "metric", word_json(o->metric));
	set(ask, "fail", list_json(&o->status));
	set(ask, "allow", list_json(&o->allow));
	set(ask, "kernels", list_json(&o->axes.kernel));
	set(ask, "paths", list_json(&o->paths));
	set(ask, "tree", path_json(o->tree));
	set(ask, "series", path_json(o->series));
	set(ask, "base", word_json(o->base));
	set(ask, "build", word_json(o->build));
	if (o->tree && !o->build && !o->config.nr)
		list_add(&o->config, "base");
	set(ask, "config", list_json(&o->config));
	set(ask, "toolchain", word_json(o->toolchain));
	set(ask, "min_rel", change_json(o));
	set(ask, "seeds", seeds_json(o));
	set(ask, "limit", json_integer((json_int_t)o->limit));
	set(ask, "every", json_boolean(o->every));
	set(ask, "first_parent", json_boolean(o->first_parent));
	return ask;
}

static int exit_code(const struct hunt *h)
{
	switch (h->outcome) {
	case HUNT_FOUND:
		return EXIT_FINE;
	case HUNT_REFUSED:
		return h->ends.nr_good ? EXIT_FINDING : EXIT_UNTESTABLE;
	default:
		return EXIT_FINDING;
	}
}

static void print_answer(const struct bisect *b, bool json)
{
	cleanup_buf struct buf text = {0};

	if (json) {
		print_json(bisect_json(b));
		return;
	}
	bisect_text(b, &text);
	fputs(buf_str(&text), stdout);
}

static int go(struct bisect *b, const struct bisect_cmd *o)
{
	struct bisect_run run = {
		.say = say, .step = tell_step,
		.run = {.jobs = (unsigned int)o->jobs, .limit_ms = (int64_t)(o->timeout_ns / 1000000),
			.progress = progress, .stop = &stop},
	};
	struct err err = {""};
	int code;

	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	if (bisect_go(b, &run, &err))
		die(&err);
	print_answer(b, o->json);
	code = exit_code(&b->hunt);
	bisect_close(b);
	return code;
}

static void load(const char *id, bool write, struct bisect *b)
{
	struct err err = {""};

	if (bisect_load(id, write, b, &err))
		die(&err);
}

static int verb_status(const char *id, const struct bisect_cmd *o)
{
	struct bisect b;

	load(id, false, &b);
	print_answer(&b, o->json);
	bisect_close(&b);
	return EXIT_FINE;
}

static int verb_log(const char *id, const struct bisect_cmd *o)
{
	cleanup_buf struct buf text = {0};
	struct bisect b;

	load(id, false, &b);
	if (o->json) {
		print_json(json_incref(b.journal.all));
	} else {
		bisect_log(&b, &text);
		fputs(buf_str(&text), stdout);
	}
	bisect_close(&b);
	return EXIT_FINE;
}

static int verb_undo(const char *id, const struct bisect_cmd *o)
{
	struct err err = {""};
	struct bisect b;

	(void)o;
	load(id, true, &b);
	if (bisect_undo(&b, &err))
		die(&err);
	fprintf(stderr, "the last step of search %s is taken back; 'wringer bisect resume' goes on\n", b.id);
	bisect_close(&b);
	return EXIT_FINE;
}

static int verb_resume(const char *id, const struct bisect_cmd *o)
{
	struct bisect b;

	load(id, true, &b);
	return go(&b, o);
}

static const struct verb {
	const char *name;
	int (*run)(const char *id, const struct bisect_cmd *o);
} verbs[] = {{"status", verb_status}, {"log", verb_log}, {"undo", verb_undo}, {"resume", verb_resume}};

static void print_share(size_t part, size_t of)
{
	if (of)
		printf(" %.1f |", 100 * (double)part / (double)of);
	else
		printf(" - |");
}

static void print_sim_row(const struct sim_case *c, const struct sim_result *r)
{
	if (c->model == MODEL_RATE)
		printf("| %g and %g fail | %zu | - |", c->good, c->bad, c->culprits);
	else
		printf("| %g sd | %zu | %s |", c->effect, c->culprits, sim_noise_name(c->noise));
	printf(" %.0f |", 100 * c->skip);
	print_share(r->started, r->trials);
	if (!r->sets)
		printf(" - | - | - |");
	else
		printf(" %.1f | %.1f | %.1f |", 100 * r->held_exact, 100 * r->claimed, 100 * r->held);
	print_share(r->right, r->stopped);
	print_share(r->found, r->trials);
	print_share(r->found_wrong, r->trials);
	printf(r->started ? " %.0f |\n" : " - |\n", r->experiments);
}

static int run_simulation(const struct bisect_cmd *o)
{
	uint64_t first = 1, *seeds;
	struct sim_result r;
	struct err err = {""};
	size_t i, nr;

	seeds = seeds_parse(&cmd_bisect, &o->axes.seeds, &nr);
	first = nr ? seeds[0] : 1;
	free(seeds);
	puts("| effect | line | noise | untestable % | ends differ % | exact 90 % set | claimed | held | "
	     "right at 95 % | confirmed % | wrong % | experiments |\n"
	     "|---|---|---|---|---|---|---|---|---|---|---|---|");
	for (i = 0; i < nr_sim_cases; i++) {
		if (simulate(&sim_cases[i], o->trials, first, &r, &err))
			die(&err);
		print_sim_row(&sim_cases[i], &r);
		fflush(stdout);
	}
	return EXIT_FINE;
}

static int run_verb(int argc, char **argv, const struct bisect_cmd *o)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]) && argc <= 2)
			return verbs[i].run(argv[2], o);
	die_usage(&cmd_bisect, "'%s' is not one of status, log, undo, resume [ID]", argv[1]);
}

static int run_bisect(int argc, char **argv)
{
	struct bisect_cmd o = {.limit = DEFAULT_LIMIT, .trials = DEFAULT_TRIALS,
			       .jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
			       .timeout_ns = 600000000000};
	struct err err = {""};
	struct bisect b;
	json_t *ask;
	int nr = cmd_parse(&cmd_bisect, argc, argv, &o);

	if (!o.jobs || o.jobs > 1024)
		die_usage(&cmd_bisect, "--jobs is 1 to 1024");
	if (o.trials < 1 || o.trials > 1000000)
		die_usage(&cmd_bisect, "--trials is 1 to 1000000");
	if (o.axes.results)
		path_set_results(o.axes.results);
	if (o.simulate)
		return run_simulation(&o);
	if (nr)
		return run_verb(nr, argv, &o);
	check_usage(&o);
	ask = make_ask(&o);
	if (bisect_open(ask, o.fresh, say, &b, &err))
		die(&err);
	json_decref(ask);
	return go(&b, &o);
}

const struct cmd cmd_bisect = {
	.name = "bisect",
	.summary = "find the kernel, commit or patch that made it worse, or better",
	.usage = "--good K --bad K -s SCENARIO -p POLICY | status|log|undo|resume [ID]",
	CMD_OPTIONS(bisect_options),
	.examples =
		"  wringer bisect --good 6.12.107 --bad 6.12.95 -s regress-flushers -p mglru\n"
		"  wringer bisect --good 7.1 --bad 7.0 -s regress-dying -p mglru -m "
		"workload.churn.dying\n"
		"  wringer bisect --tree linux --good v7.2 --bad v7.3 --path mm --build ./build.sh \\\n"
		"    -s kv-scan -p mglru -m workload.kv.rate\n"
		"  wringer bisect status\n",
	.run = run_bisect,
};
