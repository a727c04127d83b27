// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "result/check.h"
#include "result/metric_schema.h"
#include "result/metrics.h"
#include "result/program.h"

struct metrics_cmd {
	bool meanings;
	bool checks;
	bool schema;
	bool json;
};

static const struct cmd_option metrics_options[] = {
	{"meanings", 0, CMD_FLAG, offsetof(struct metrics_cmd, meanings), NULL,
	 "what does not mean the same on all kernels, and how a result says which it is"},
	{"checks", 0, CMD_FLAG, offsetof(struct metrics_cmd, checks), NULL,
	 "what must hold between the numbers of each result"},
	{"schema", 0, CMD_FLAG, offsetof(struct metrics_cmd, schema), NULL,
	 "the JSON schema of a metric in result.json"},
	{"json", 0, CMD_FLAG, offsetof(struct metrics_cmd, json), NULL, "print as JSON"},
};

extern const struct cmd cmd_metrics;

static char *name_of(const struct metric *m)
{
	static const char *const place[SCOPE_NR] = {"", "N.", "NAME.", "NAME."};

	return xasprintf("%s%s%s", metric_prefix(m->scope), place[m->scope], m->name);
}

/* As percent without a useless zero: "2", "7", "0.5". */
static void print_matters(const struct metric *m)
{
	printf("matters from %.12g", m->min_abs);
	if (m->min_rel > 0)
		printf(" and %.3g%%", m->min_rel * 100);
}

static void print_metric(const struct metric *m)
{
	cleanup_free char *name = name_of(m);

	printf("%s\n    %s, better %s, %s, ", name, m->unit, metric_better_name(m->better),
	       metric_class_name(m->class));
	print_matters(m);
	printf("\n    %s\n", m->help);
}

/* Only what the kernel counts can change its meaning. */
static bool concerns(const struct meaning *meaning, const struct metric *m)
{
	return (m->source == METRIC_STAT || m->source == METRIC_RATIO ||
		m->source == METRIC_PER_MOP) &&
	       meaning_concerns(meaning, m->key, m->scope == SCOPE_CGROUP);
}

static void print_meaning(const struct meaning *m)
{
	printf("%s: %s or %s\n    %s\n    of %s\n", m->name, m->yes, m->no, m->help, m->keys);
}

static json_t *json_meaning(const struct meaning *m)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name", m->name, "keys", m->keys, "yes",
			 m->yes, "no", m->no, "help", m->help, "cgroups", m->cgroups);
}

static json_t *json_metric(const struct metric *m)
{
	cleanup_free char *name = name_of(m);
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:f, s:f, s:s, s:s}", "name", name,
				"unit", m->unit, "better", metric_better_name(m->better), "class",
				metric_class_name(m->class), "scope", metric_scope_name(m->scope),
				"matters_rel", m->min_rel, "matters_abs", m->min_abs, "from",
				m->key, "help", m->help);
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < nr_meanings; i++)
		if (concerns(&meanings[i], m))
			json_array_append_new(list, json_string(meanings[i].name));
	json_object_set_new(out, "meanings", list);
	return out;
}

/* PART is a stressor, a job and what it did, or "tests". */
static char *program_name(const struct program_kind *k)
{
	return xasprintf("workload.NAME.%s.%s", !strcmp(k->of, "ktap") ? "tests" : "PART", k->name);
}

static void print_program(const struct program_kind *k)
{
	cleanup_free char *name = program_name(k);

	printf("%s\n    %s, better %s, secondary, of programs with output %s\n    %s\n", name, k->unit,
	       metric_better_name(k->better), k->of, k->help);
}

static json_t *json_program(const struct program_kind *k)
{
	cleanup_free char *name = program_name(k);

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[]}", "name", name, "unit", k->unit,
			 "better", metric_better_name(k->better), "class", "secondary", "scope",
			 "workload", "from", k->of, "help", k->help, "meanings");
}

static void list_programs(json_t *list, bool json)
{
	size_t i;

	for (i = 0; i < nr_program_kinds; i++) {
		if (json)
			json_array_append_new(list, json_program(&program_kinds[i]));
		else
			print_program(&program_kinds[i]);
	}
}

static int list_metrics(bool json)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < nr_metrics; i++) {
		if (json)
			json_array_append_new(list, json_metric(&metrics[i]));
		else
			print_metric(&metrics[i]);
	}
	list_programs(list, json);
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

static int list_meanings(bool json)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < nr_meanings; i++) {
		if (json)
			json_array_append_new(list, json_meaning(&meanings[i]));
		else
			print_meaning(&meanings[i]);
	}
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

static int list_checks(bool json)
{
	json_t *list = json_object();
	size_t i;

	for (i = 0; check_name(i); i++) {
		if (json)
			json_object_set_new(list, check_name(i), json_string(check_help(i)));
		else
			printf("%s\n    %s\n", check_name(i), check_help(i));
	}
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

/* "cgroup.kv.refault.anon" and "cgroup.NAME.refault.anon" are the same row. */
static const struct metric *find(const char *name)
{
	const struct metric *m = metric_find(name);

	if (!m)
		die_usage(&cmd_metrics,
			  "there is no metric '%s'; of raw counters results have vmstat.KEY, "
			  "node.N.KEY and cgroup.NAME.stat.KEY",
			  name);
	return m;
}

static int show_metrics(int nr, char **name, bool json)
{
	json_t *list = json_array();
	size_t k;
	int i;

	for (i = 0; i < nr; i++) {
		const struct metric *m = find(name[i]);

		if (json) {
			json_array_append_new(list, json_metric(m));
			continue;
		}
		print_metric(m);
		printf("    from %s\n", m->key);
		for (k = 0; k < nr_meanings; k++)
			if (concerns(&meanings[k], m))
				print_meaning(&meanings[k]);
	}
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

static int run_metrics(int argc, char **argv)
{
	struct metrics_cmd o = {0};
	int nr = cmd_parse(&cmd_metrics, argc, argv, &o);

	if (nr && (o.meanings || o.checks || o.schema))
		die_usage(&cmd_metrics, "--meanings, --checks and --schema take no names");
	if (nr)
		return show_metrics(nr, argv + 1, o.json);
	if (o.schema)
		print_json(metric_schema());
	else if (o.meanings)
		return list_meanings(o.json);
	else if (o.checks)
		return list_checks(o.json);
	else
		return list_metrics(o.json);
	return EXIT_FINE;
}

const struct cmd cmd_metrics = {
	.name = "metrics",
	.summary = "tell what is measured: units, directions, meanings, smallest changes that matter",
	.usage = "[NAME...]",
	CMD_OPTIONS(metrics_options),
	.examples = "  wringer metrics\n"
		    "  wringer metrics reclaim.scan.direct cgroup.NAME.refault.file\n"
		    "  wringer metrics --meanings\n",
	.run = run_metrics,
};
