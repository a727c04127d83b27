// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "cmd/cmd.h"
#include "cmd/select.h"
#include "selftest/resample.h"
#include "selftest/simulate.h"
#include "stats/stats.h"

/* Some 20 s of one core. */
#define DEFAULT_TRIALS 1000
#define DEFAULT_AT     8

struct selftest_cmd {
	struct axis_opts axes;
	uint64_t trials, seed, half, at, pilot;
	const char *cv, *change, *power;
	bool markdown, json;
};

static const struct cmd_option selftest_options[] = {
	CMD_AXES(struct selftest_cmd, axes),
	{"trials", 0, CMD_NUMBER, offsetof(struct selftest_cmd, trials), "N",
	 "simulated comparisons in each cell, or splits of stored results (default: 1000)"},
	{"seed", 0, CMD_NUMBER, offsetof(struct selftest_cmd, seed), "N",
	 "of all that is random here (default: 1)"},
	{"cv", 0, CMD_STRING, offsetof(struct selftest_cmd, cv), "PERCENT",
	 "standard deviation of simulated values, in percent of their level (default: 2)"},
	{"half", 0, CMD_NUMBER, offsetof(struct selftest_cmd, half), "N",
	 "seeds a side that stored results are split into (default: half of what the largest arm "
	 "has, 8 "
	 "at most)"},
	{"change", 0, CMD_STRING, offsetof(struct selftest_cmd, change), "PERCENT",
	 "what is planted into stored results (default: 5)"},
	{"power", 0, CMD_STRING, offsetof(struct selftest_cmd, power), "PERCENT",
	 "the chance of being found, for what is computed from stored results (default: 90)"},
	{"at", 0, CMD_NUMBER, offsetof(struct selftest_cmd, at), "N",
	 "seeds a side for which the smallest visible change is told (default: 8)"},
	{"pilot", 0, CMD_NUMBER, offsetof(struct selftest_cmd, pilot), "N",
	 "advise by the first N seeds of each arm, and try the number on the others (default: all for both)"},
	{"markdown", 0, CMD_FLAG, offsetof(struct selftest_cmd, markdown), NULL,
	 "print tables in Markdown"},
	{"json", 0, CMD_FLAG, offsetof(struct selftest_cmd, json), NULL,
	 "print everything as JSON"},
};

extern const struct cmd cmd_selftest;

static int print(struct buf *text, json_t *json, const struct buf *why)
{
	if (json)
		print_json(json);
	fputs(buf_str(text), stdout);
	if (!why->len)
		return EXIT_FINE;
	fprintf(stderr, "rates that cannot be by chance alone:\n%s", buf_str(why));
	return EXIT_FINDING;
}

static int simulate(const struct selftest_cmd *o)
{
	const struct sim_ask ask = {o->trials, o->seed,
				    cmd_percent(&cmd_selftest, "cv", o->cv, 0.02, 1), stats_holm};
	struct simulation *sim = xcalloc(1, sizeof(*sim));
	cleanup_buf struct buf text = {0}, why = {0};
	json_t *json = NULL;
	struct err err = {""};
	int code;

	if (sim_run(&ask, sim, &err))
		die_usage(&cmd_selftest, "%s", err.msg);
	if (o->json)
		json = sim_json(sim);
	else
		sim_text(sim, o->markdown, &text);
	sim_broken(sim, &why);
	code = print(&text, json, &why);
	free(sim);
	return code;
}

static int resample(struct selftest_cmd *o)
{
	const struct resample_ask ask = {o->half,
					 o->trials,
					 o->seed,
					 cmd_percent(&cmd_selftest, "change", o->change, 0.05, 1),
					 cmd_percent(&cmd_selftest, "power", o->power, 0.9, 1),
					 o->at ? o->at : DEFAULT_AT,
					 o->pilot};
	cleanup_buf struct buf text = {0}, why = {0};
	struct resampled r;
	json_t *json = NULL;
	struct err err = {""};
	struct arms arms;
	int ret, code;

	select_arms(&cmd_selftest, &o->axes, NULL, &arms);
	ret = resample_run(&arms, &ask, &r, &err);
	if (ret == -EINVAL)
		die_usage(&cmd_selftest, "%s", err.msg);
	if (ret)
		die(&err);
	if (o->json)
		json = resample_json(&r);
	else
		resample_text(&r, o->markdown, &text);
	resample_broken(&r, &why);
	code = print(&text, json, &why);
	resample_release(&r);
	arms_release(&arms);
	return code;
}

/* Whoever names results or an axis wants stored results. */
static bool wants_results(const struct axis_opts *a)
{
	return a->results || a->engine.nr || a->kernel.nr || a->guest.nr || a->policy.nr ||
	       a->scenario.nr || a->set.nr || a->seeds.nr;
}

/* What the other kind of test has no use for is a mistake, not a wish to be passed over. */
static void check_kind(const struct selftest_cmd *o)
{
	if (wants_results(&o->axes) && o->cv)
		die_usage(&cmd_selftest, "--cv is of simulated values: stored results have their own");
	if (!wants_results(&o->axes) && (o->half || o->change || o->power || o->at || o->pilot))
		die_usage(&cmd_selftest, "--half, --change, --power, --at and --pilot are of stored results: say which, as "
			  "with -s all");
}

static int run_selftest(int argc, char **argv)
{
	struct selftest_cmd o = {.trials = DEFAULT_TRIALS, .seed = 1};

	if (cmd_parse(&cmd_selftest, argc, argv, &o) != 1 || strcmp(argv[1], "stats"))
		die_usage(&cmd_selftest, "say what is tested: stats");
	if (o.markdown && o.json)
		die_usage(&cmd_selftest, "--markdown or --json, not both");
	check_kind(&o);
	return wants_results(&o.axes) ? resample(&o) : simulate(&o);
}

const struct cmd cmd_selftest = {
	.name = "selftest",
	.summary = "tell how often our verdicts, and the rules of others, are wrong or right",
	.usage = "stats",
	CMD_OPTIONS(selftest_options),
	.examples = "  wringer selftest stats                        # on simulated data, half a "
		    "minute\n"
		    "  wringer selftest stats --trials 20000 --markdown\n"
		    "  wringer selftest stats -s all -p lru,mglru -n 1-16 --markdown "
		    ">docs/detectable.md\n",
	.run = run_selftest,
};
