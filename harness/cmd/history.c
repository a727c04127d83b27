// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "history/changes.h"

struct history_cmd {
	struct cmd_list engine, guest, policy, scenario;
	bool by_time;
	uint64_t newest;
	const char *results;
	bool json;
};

static const struct cmd_option history_options[] = {
	{"engine", 'e', CMD_LIST, offsetof(struct history_cmd, engine), "LIST", "of these engines only"},
	{"guest", 'g', CMD_LIST, offsetof(struct history_cmd, guest), "LIST", "of these guests only"},
	{"policy", 'p', CMD_LIST, offsetof(struct history_cmd, policy), "LIST", "of these policies only"},
	{"scenario", 's', CMD_LIST, offsetof(struct history_cmd, scenario), "LIST",
	 "of these scenarios only, as results call them"},
	{"by-time", 't', CMD_FLAG, offsetof(struct history_cmd, by_time), NULL,
	 "kernels in the order in which they were first run (default: by version)"},
	{"newest", 0, CMD_NUMBER, offsetof(struct history_cmd, newest), "N",
	 "without METRIC: of so many kernels (default: 10)"},
	{"results", 'o', CMD_STRING, offsetof(struct history_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct history_cmd, json), NULL,
	 "print everything as JSON, each value with its experiment"},
};

extern const struct cmd cmd_history;

static struct history *open_index(void)
{
	struct history *h = NULL;
	struct err err = {""};

	if (history_open(false, false, &h, &err))
		die(&err);
	if (history_stale(h))
		fprintf(stderr, "results have changed since the index was made; 'wringer index' brings it up to date\n");
	return h;
}

static void ask(const struct history_select *what, struct history_answer *a)
{
	struct history *h = open_index();
	struct err err = {""};

	if (history_ask(h, what, a, &err))
		die(&err);
	history_close(h);
}

static bool has_worse(const struct history_answer *a)
{
	size_t i, k;

	for (i = 0; i < a->nr; i++)
		for (k = 0; k < a->series[i].nr_changes; k++)
			if (history_is_worse(a, &a->series[i].change[k]))
				return true;
	return false;
}

static int tell_metric(const struct history_cmd *o, const struct history_select *what)
{
	struct history_answer a;
	cleanup_buf struct buf text = {0};
	int code;

	ask(what, &a);
	if (!a.nr)
		die_usage(&cmd_history, "no experiment of those has a %s", what->metric);
	if (o->json)
		print_json(history_json(&a));
	else
		history_text(&a, &text);
	fputs(buf_str(&text), stdout);
	code = has_worse(&a) ? EXIT_FINDING : EXIT_FINE;
	history_answer_release(&a);
	return code;
}

static int tell_changes(const struct history_cmd *o, const struct history_select *what)
{
	struct history *h = open_index();
	cleanup_buf struct buf text = {0};
	struct history_changes all;
	struct err err = {""};
	int code;

	if (history_changes(h, what, &all, &err))
		die(&err);
	if (o->json)
		print_json(history_changes_json(&all, o->newest));
	else
		history_changes_text(&all, o->newest, &text);
	fputs(buf_str(&text), stdout);
	code = all.nr && all.kernel[0].nr_worse ? EXIT_FINDING : EXIT_FINE;
	history_changes_release(&all);
	history_close(h);
	return code;
}

static int run_history(int argc, char **argv)
{
	struct history_cmd o = {.newest = 10};
	struct history_select what;
	int words = cmd_parse(&cmd_history, argc, argv, &o);

	if (words > 1)
		die_usage(&cmd_history, "one metric, or none for what changed of all");
	if (o.results)
		path_set_results(o.results);
	what = (struct history_select){.metric = words ? argv[1] : NULL, .engine = o.engine.item, .guest = o.guest.item,
				       .policy = o.policy.item, .scenario = o.scenario.item,
				       .by_time = o.by_time};
	return words ? tell_metric(&o, &what) : tell_changes(&o, &what);
}

const struct cmd cmd_history = {
	.name = "history",
	.summary = "tell how a metric went from kernel to kernel, and where its level changed",
	.usage = "[METRIC]",
	CMD_OPTIONS(history_options),
	.examples = "  wringer index && wringer history workload.kv.rate -s kv-scan\n"
		    "  wringer history --newest 3                    # what changed last, of all metrics\n"
		    "  wringer history psi.memory.some_us -p mglru --by-time\n",
	.run = run_history,
};
