// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "experiment/probe.h"

struct probe_cmd {
	const char *results;
	uint64_t jobs;
	uint64_t timeout_ns;
	uint64_t functions;
	bool again;
	bool boot;
	bool folded;
	bool json;
};

static const struct cmd_option probe_options[] = {
	{"functions", 'f', CMD_NUMBER, offsetof(struct probe_cmd, functions), "N",
	 "print so many functions (default: 15)"},
	{"folded", 0, CMD_FLAG, offsetof(struct probe_cmd, folded), NULL,
	 "print the calls as folded stacks, for programs that draw flame graphs"},
	{"again", 'a', CMD_FLAG, offsetof(struct probe_cmd, again), NULL,
	 "run it although what it saw is stored already"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct probe_cmd, jobs), "N",
	 "machines at a time (default: the host's CPUs)"},
	{"timeout", 't', CMD_TIME, offsetof(struct probe_cmd, timeout_ns), "TIME",
	 "wall-clock limit of one machine (default: 10m)"},
	{"boot", 'b', CMD_FLAG, offsetof(struct probe_cmd, boot), NULL,
	 "start each machine from power-on instead of forking a template"},
	{"results", 'o', CMD_STRING, offsetof(struct probe_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct probe_cmd, json), NULL,
	 "print what is stored as JSON"},
};

extern const struct cmd cmd_probe;
static volatile bool stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = true;
}

static bool is_there(const char *id)
{
	struct err err = {""};
	json_t *json;
	int ret = probe_load(id, &json, &err);

	json_decref(json);
	return !ret;
}

/* Those of one are put to the others. */
static void add(struct experiments *to, struct experiments *from)
{
	if (to->nr)
		qemu_release(&from->qemu);
	else
		to->qemu = from->qemu;
	to->exp = xrealloc(to->exp, to->nr + 1, sizeof(*to->exp));
	to->exp[to->nr++] = from->exp[0];
	free(from->exp);
}

static void add_id(const char *id, struct experiments *exps)
{
	struct experiments one;
	struct err err = {""};
	size_t i;

	for (i = 0; i < exps->nr; i++)
		if (!strcmp(exps->exp[i].id, id))
			return;
	if (experiment_open(id, &one, &err))
		die(&err);
	add(exps, &one);
}

/* What went wrong, worst last. */
static void done(const struct experiment *exp, int ret, const struct err *err, void *ctx)
{
	int *code = ctx, one = ret == -ESTALE ? EXIT_FINDING : EXIT_FATAL;

	if (!ret)
		return;
	fprintf(stderr, "wringer: %.12s: %s\n", exp->id, err->msg);
	*code = one > *code ? one : *code;
}

static int run_missing(char (*ids)[SHA256_HEX], int nr, const struct probe_cmd *o)
{
	int i, code = EXIT_FINE;
	struct probe_opts opts = {.jobs = (unsigned int)o->jobs,
				  .limit_ms = (int64_t)(o->timeout_ns / 1000000),
				  .boot = o->boot, .say = say, .done = done, .ctx = &code,
				  .stop = &stop};
	struct experiments exps = {0};
	struct err err = {""};

	for (i = 0; i < nr; i++)
		if (o->again || !is_there(ids[i]))
			add_id(ids[i], &exps);
	if (exps.nr && probe_run(&exps, &opts, &err))
		die(&err);
	experiments_release(&exps);
	return code;
}

static uint64_t number(const json_t *o, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(o, key));
}

static double percent(uint64_t part, uint64_t of)
{
	return of ? 100.0 * (double)part / (double)of : 0;
}

static void print_totals(const json_t *probe)
{
	static const struct {
		const char *key, *text;
	} rows[] = {{"user", "programs"},
		    {"kernel", "kernel"},
		    {"outside_contexts", "  of it outside of reclaim"},
		    {"agent_user", "agent, of the programs"},
		    {"agent_kernel", "agent, of the kernel"},
		    {"total", "all"}};
	const json_t *insns = json_object_get(probe, "instructions");
	uint64_t total = number(insns, "total");
	size_t i;

	printf("%-36s %14s %6s\n", "instructions", "", "%");
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		printf("%-36s %14" PRIu64 " %6.1f\n", rows[i].text, number(insns, rows[i].key),
		       percent(number(insns, rows[i].key), total));
	printf("%-36s %14" PRIu64 "\n\n", "idle, ns",
	       number(json_object_get(probe, "window"), "idle_ns"));
}

static void print_contexts(const json_t *probe)
{
	const json_t *row;
	size_t i;

	printf("%-13s %14s %6s %13s %14s\n", "context", "instructions", "% kern", "interrupts",
	       "device model");
	json_array_foreach(json_object_get(probe, "contexts"), i, row) {
		uint64_t n = number(row, "instructions");

		if (n)
			printf("%-13s %14" PRIu64 " %6.1f %13" PRIu64 " %14" PRIu64 "\n",
			       json_string_value(json_object_get(row, "name")), n,
			       percent(n, number(json_object_get(probe, "instructions"),
						 "kernel")),
			       number(row, "interrupts"), number(row, "device"));
	}
	printf("\n");
}

static void context_names(const json_t *row, char *out, size_t size)
{
	const json_t *name;
	size_t i, len = 0;

	*out = '\0';
	json_array_foreach(json_object_get(row, "contexts"), i, name)
		if (len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", i ? "+" : "",
						json_string_value(name));
}

static void print_pages(const json_t *probe)
{
	const json_t *rows = json_object_get(probe, "pages"), *row;
	size_t i;

	if (json_array_size(rows))
		printf("%-36s %14s %13s\n", "reclaimed by", "pages", "insns/page");
	json_array_foreach(rows, i, row) {
		const char *absent = json_string_value(json_object_get(row, "absent"));
		char names[64];

		context_names(row, names, sizeof(names));
		if (absent)
			printf("%-20s %s\n", names, absent);
		else
			printf("%-36s %14" PRIu64 " %13" PRIu64 "\n  %s\n", names,
			       number(row, "pages"), number(row, "instructions_per_page"),
			       json_string_value(json_object_get(row, "counter")));
	}
	if (json_array_size(rows))
		printf("\n");
}

static void print_functions(const json_t *probe, uint64_t max)
{
	uint64_t sum = 0;
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(probe, "contexts"), i, row)
		sum += number(row, "instructions");
	printf("%-34s %12s %5s %12s %5s\n", "function, in all contexts", "self", "%", "inclusive",
	       "%");
	json_array_foreach(json_object_get(probe, "functions"), i, row) {
		uint64_t self = number(row, "self"), all = number(row, "inclusive");

		if (i == max || !self)
			break;
		printf("%-34.34s %12" PRIu64 " %5.1f %12" PRIu64 " %5.1f\n",
		       json_string_value(json_object_get(row, "name")), self, percent(self, sum),
		       all, percent(all, sum));
	}
}

static const char *spec_name(const json_t *spec, const char *object, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(spec, object), key));

	return s ? s : "?";
}

static void print_title(const char *id)
{
	struct err err = {""};
	struct result r;

	if (store_load(id, &r, &err))
		die(&err);
	printf("%.12s  kernel %s, guest %s, policy %s,\n%14sscenario %s, seed %" JSON_INTEGER_FORMAT
	       "\n\n", id, spec_name(r.spec, "kernel", "version"), spec_name(r.spec, "guest", "name"),
	       spec_name(r.spec, "policy", "name"), "", spec_name(r.spec, "scenario", "name"),
	       json_integer_value(json_object_get(r.spec, "seed")));
	result_release(&r);
}

static void warn_lost(const char *id, const json_t *probe)
{
	const json_t *lost = json_object_get(probe, "lost");

	if (number(lost, "contexts") || number(lost, "frames") || number(lost, "nodes"))
		fprintf(stderr,
			"wringer: %.12s: not all calls could be followed (\"lost\" in " PROBE_JSON
			"); sums are right, places may be too high up\n", id);
}

static void print_folded(const char *id)
{
	cleanup_free char *path = xasprintf("%s/%s/" PROBE_FOLDED, path_results(), id);
	cleanup_buf struct buf text = {0};
	struct err err = {""};

	if (file_read(path, &text, &err))
		die(&err);
	fwrite(buf_str(&text), 1, text.len, stdout);
}

/* Nothing of one that could not be made: that has been said. */
static void print_one(const char *id, const struct probe_cmd *o, bool more, json_t *list)
{
	json_t *probe;

	if (probe_load(id, &probe, NULL))
		return;
	warn_lost(id, probe);
	if (list) {
		json_array_append(list, probe);
	} else if (o->folded) {
		print_folded(id);
	} else {
		print_title(id);
		print_totals(probe);
		print_contexts(probe);
		print_pages(probe);
		print_functions(probe, o->functions);
		if (more)
			printf("\n");
	}
	json_decref(probe);
}

static int run_probe(int argc, char **argv)
{
	struct probe_cmd o = {.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN), .functions = 15,
			      .timeout_ns = 600000000000};
	int i, code, nr = cmd_parse(&cmd_probe, argc, argv, &o);
	char (*ids)[SHA256_HEX];
	struct err err = {""};
	json_t *list;

	if (!nr)
		die_usage(&cmd_probe, "which experiment? 'wringer show' lists them");
	if (!o.jobs || o.jobs > 1024)
		die_usage(&cmd_probe, "--jobs is 1 to 1024");
	if (o.folded && o.json)
		die_usage(&cmd_probe, "--folded or --json, not both");
	if (o.results)
		path_set_results(o.results);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGPIPE, SIG_IGN);
	ids = xcalloc((size_t)nr, sizeof(*ids));
	for (i = 0; i < nr; i++)
		if (store_find(argv[i + 1], ids[i], &err))
			die(&err);
	code = run_missing(ids, nr, &o);
	list = o.json ? json_array() : NULL;
	for (i = 0; i < nr; i++)
		print_one(ids[i], &o, i + 1 < nr, list);
	if (list)
		print_json(list);
	free(ids);
	return code;
}

const struct cmd cmd_probe = {
	.name = "probe",
	.summary = "count a stored experiment's instructions, by who reclaims and by function",
	.usage = "ID...",
	CMD_OPTIONS(probe_options),
	.examples = "  wringer probe 3f9a1c\n"
		    "  wringer probe --functions 40 3f9a1c\n"
		    "  wringer probe --folded 3f9a1c | flamegraph.pl > reclaim.svg\n",
	.run = run_probe,
};
