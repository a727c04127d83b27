// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/select.h"
#include "export/export.h"

struct export_cmd {
	struct axis_opts axes;
	const char *format, *suite, *origin;
	struct cmd_list metric;
	bool all;
};

static const struct cmd_option export_options[] = {
	{"format", 'f', CMD_STRING, offsetof(struct export_cmd, format), "NAME",
	 "ktap, junit, kcidb or openmetrics"},
	CMD_AXES(struct export_cmd, axes),
	{"suite", 0, CMD_STRING, offsetof(struct export_cmd, suite), "SUITE",
	 "export how a suite's comparisons stand, by its name or path"},
	{"metric", 'm', CMD_LIST, offsetof(struct export_cmd, metric), "LIST",
	 "these metrics of the experiments, whatever their class (default: the primary ones)"},
	{"all", 'a', CMD_FLAG, offsetof(struct export_cmd, all), NULL, "all metrics of the experiments"},
	{"origin", 0, CMD_STRING, offsetof(struct export_cmd, origin), "NAME",
	 "what KCIDB knows who submits as: small letters, digits and _ (default: wringer)"},
};

extern const struct cmd cmd_export;

static void print_buf(const struct export *e, void (*form)(const struct export *e, struct buf *out))
{
	cleanup_buf struct buf text = {0};

	form(e, &text);
	fwrite(text.data, 1, text.len, stdout);
}

static void print_ktap(const struct export *e, const char *origin)
{
	(void)origin;
	print_buf(e, export_ktap);
}

static void print_junit(const struct export *e, const char *origin)
{
	(void)origin;
	print_buf(e, export_junit);
}

static void print_openmetrics(const struct export *e, const char *origin)
{
	(void)origin;
	print_buf(e, export_openmetrics);
}

static void print_kcidb(const struct export *e, const char *origin)
{
	print_json(export_kcidb(e, origin));
}

static const struct form {
	const char *name;
	void (*print)(const struct export *e, const char *origin);
} forms[] = {
	{"ktap", print_ktap}, {"junit", print_junit}, {"kcidb", print_kcidb}, {"openmetrics", print_openmetrics},
};

static const struct form *find_form(const char *name)
{
	size_t i;

	if (!name)
		die_usage(&cmd_export, "--format is one of ktap, junit, kcidb and openmetrics");
	for (i = 0; i < ARRAY_SIZE(forms); i++)
		if (!strcmp(forms[i].name, name))
			return &forms[i];
	die_usage(&cmd_export, "--format %s: one of ktap, junit, kcidb and openmetrics", name);
}

static bool has_axes(const struct axis_opts *a)
{
	return a->engine.nr || a->kernel.nr || a->guest.nr || a->policy.nr || a->scenario.nr || a->set.nr ||
	       a->seeds.nr;
}

static void take_axes(struct export_cmd *o, const struct export_pick *pick, struct export *e)
{
	struct arms arms;
	size_t i;

	select_arms(&cmd_export, &o->axes, NULL, &arms);
	for (i = 0; i < arms.nr; i++)
		export_arm(e, &arms.arm[i], pick);
	arms_release(&arms);
}

/* An experiment that is named twice is one. */
static void take_ids(char **word, size_t nr, const struct export_pick *pick, struct export *e)
{
	cleanup_free char (*full)[SHA256_HEX] = xcalloc(nr, sizeof(*full));
	cleanup_free const char **id = xcalloc(nr, sizeof(*id));
	struct err err = {""};
	struct arm arm;
	size_t i, k, n = 0;

	for (i = 0; i < nr; i++) {
		if (store_find(word[i], full[n], &err))
			die(&err);
		for (k = 0; k < n && strcmp(full[k], full[n]); k++)
			;
		id[n] = full[n];
		n += k == n;
	}
	if (arm_of_results(id, n, &arm, &err))
		die(&err);
	export_arm(e, &arm, pick);
	arm_release(&arm);
}

static void take_suite(const char *name, struct export *e)
{
	struct suite_standings s;
	struct suite_plan plan;
	struct suite suite;
	struct err err = {""};

	if (suite_load(name, &suite, &err) || suite_plan_load(&suite, &plan, &err) || suite_judge(&plan, &s, &err) ||
	    export_suite(e, &plan, &s, &err))
		die(&err);
	suite_standings_release(&plan, &s);
	suite_plan_release(&plan);
	suite_release(&suite);
}

static void take(struct export_cmd *o, char **word, size_t nr, struct export *e)
{
	const struct export_pick pick = {o->metric.item, o->all};

	if (!!nr + !!o->suite + has_axes(&o->axes) > 1)
		die_usage(&cmd_export, 
			  "experiments by their ids, by the options that choose them, or a suite: one of these");
	if (o->suite && (o->metric.nr || o->all))
		die_usage(&cmd_export, "a suite has its metrics: --metric and --all are for experiments");
	if (o->axes.results)
		path_set_results(o->axes.results);
	if (o->suite)
		take_suite(o->suite, e);
	else if (nr)
		take_ids(word, nr, &pick, e);
	else
		take_axes(o, &pick, e);
	if (!e->nr)
		die_usage(&cmd_export, "there is nothing to export: no result in %s matches", path_results());
}

static int run_export(int argc, char **argv)
{
	struct export_cmd o = {.origin = "wringer"};
	int nr = cmd_parse(&cmd_export, argc, argv, &o);
	const struct form *form = find_form(o.format);
	struct export e = {0};
	int code;

	if (!export_is_origin(o.origin))
		die_usage(&cmd_export, "--origin %s: small letters, digits and _ only", o.origin);
	take(&o, argv + 1, (size_t)nr, &e);
	form->print(&e, o.origin);
	code = export_is_bad(&e) ? EXIT_FINDING : EXIT_FINE;
	export_release(&e);
	return code;
}

const struct cmd cmd_export = {
	.name = "export",
	.summary = "write results for other systems: KTAP, JUnit, KCIDB or OpenMetrics",
	.usage = "[ID...]",
	CMD_OPTIONS(export_options),
	.examples = "  wringer export -f ktap -k newest -s kv-scan\n"
		    "  wringer export -f junit --suite nightly > nightly.xml\n"
		    "  wringer export -f kcidb --origin mylab -p lru,mglru > submit.json\n"
		    "  wringer export -f openmetrics -m workload.kv.rate > wringer.prom\n",
	.run = run_export,
};
