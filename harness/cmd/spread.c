// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "report/spread.h"

struct spread_cmd {
	struct axis_opts axes;
	const char *change;
	const char *power;
	bool markdown;
	bool json;
};

static const struct cmd_option spread_options[] = {
	CMD_AXES(struct spread_cmd, axes),
	{"change", 0, CMD_STRING, offsetof(struct spread_cmd, change), "PERCENT",
	 "the change, in percent of the median, that is to be seen (default: 5)"},
	{"power", 0, CMD_STRING, offsetof(struct spread_cmd, power), "PERCENT",
	 "the chance that it is seen (default: 80)"},
	{"markdown", 0, CMD_FLAG, offsetof(struct spread_cmd, markdown), NULL,
	 "print tables in Markdown, with metrics by their full names"},
	{"json", 0, CMD_FLAG, offsetof(struct spread_cmd, json), NULL, "print everything as JSON"},
};

extern const struct cmd cmd_spread;

static void load(struct spread_cmd *o, struct arms *arms)
{
	static char exact[] = "exact";
	static char *only[] = {exact, NULL};
	struct arms_filter filter = {0};
	struct err err = {""};
	uint64_t *seeds = seeds_parse(&cmd_spread, &o->axes.seeds, &filter.nr_seeds);

	filter.seed = seeds;
	filter.word[AXIS_KERNEL] = o->axes.kernel.item;
	filter.word[AXIS_GUEST] = o->axes.guest.item;
	filter.word[AXIS_POLICY] = o->axes.policy.item;
	filter.word[AXIS_SCENARIO] = o->axes.scenario.item;
	filter.word[AXIS_ENGINE] = o->axes.engine.item ? o->axes.engine.item : only;
	if (arms_load(&filter, arms, &err))
		die(&err);
	free(seeds);
	if (arms->ignored)
		fprintf(stderr,
			"%zu older results left out: a newer agent, image or QEMU has run the "
			"same\n",
			arms->ignored);
	if (arms->other_engine && !o->axes.engine.item)
		fprintf(stderr,
			"%zu results of other engines left out: --engine NAME takes one of them\n",
			arms->other_engine);
}

/* What was asked for and is not there is said, as a table does not show it. */
static bool say_missing(const struct arms *arms, const struct cmd_list *scenarios)
{
	cleanup_buf struct buf names = {0};
	size_t i, k, nr = 0;

	for (i = 0; i < scenarios->nr; i++) {
		for (k = 0; k < arms->nr; k++)
			if (arm_matches(&arms->arm[k], AXIS_SCENARIO, scenarios->item[i]))
				break;
		if (k < arms->nr)
			continue;
		buf_printf(&names, " %s", scenarios->item[i]);
		nr++;
	}
	if (nr)
		fprintf(stderr, "no results of %zu scenario%s:%s\n", nr, nr > 1 ? "s" : "",
			buf_str(&names));
	return nr > 0;
}

static void print_spread(const struct spread *spread, const struct spread_cmd *o)
{
	cleanup_buf struct buf out = {0};

	if (o->json) {
		print_json(spread_json(spread));
		return;
	}
	if (o->markdown)
		spread_markdown(spread, &out);
	else
		spread_text(spread, &out);
	fputs(buf_str(&out), stdout);
}

static int run_spread(int argc, char **argv)
{
	struct spread_cmd o = {0};
	struct spread spread;
	struct err err = {""};
	double change, power;
	struct arms arms;
	bool missing;

	if (cmd_parse(&cmd_spread, argc, argv, &o))
		die_usage(&cmd_spread, "'%s' is no option", argv[1]);
	change = cmd_percent(&cmd_spread, "change", o.change, 0.05, 100);
	power = cmd_percent(&cmd_spread, "power", o.power, 0.8, 1);
	if (o.axes.results)
		path_set_results(o.axes.results);
	scenarios_expand(&o.axes, true);
	load(&o, &arms);
	if (!arms.nr)
		die_usage(&cmd_spread, "no results in %s match", path_results());
	if (spread_make(&arms, change, power, &spread, &err))
		die(&err);
	missing = say_missing(&arms, &o.axes.scenario);
	print_spread(&spread, &o);
	missing |= spread.failed > 0;
	spread_release(&spread);
	arms_release(&arms);
	return missing ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_spread = {
	.name = "spread",
	.summary = "tell how much the seeds of each arm differ, and how many a change needs",
	.usage = "",
	CMD_OPTIONS(spread_options),
	.examples =
		"  wringer spread -s kv-scan\n"
		"  wringer spread -k 6.12 -s @shapes --change 2 --power 90\n"
		"  wringer spread -s all -n 1-16 --markdown >docs/spread.md\n",
	.run = run_spread,
};
