// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/print.h"
#include "cmd/scenario.h"
#include "experiment/guest.h"
#include "experiment/policy.h"
#include "experiment/scenario.h"
#include "records/series.h"
#include "report/arms.h"
#include "result/program.h"

struct show_cmd {
	struct axis_opts axes;
	bool series;
	struct cmd_list columns;
	bool counters;
	bool records;
	bool plan;
	bool console;
	bool command;
	bool programs;
	const char *output;
	bool all;
	bool json;
};

static const struct cmd_option show_options[] = {
	CMD_AXES(struct show_cmd, axes),
	{"series", 0, CMD_FLAG, offsetof(struct show_cmd, series), NULL,
	 "ID: print the samples as CSV, or with --json as that"},
	{"columns", 0, CMD_LIST, offsetof(struct show_cmd, columns), "LIST",
	 "ID: print the samples of these counters, names or globs, as --series does"},
	{"counters", 0, CMD_FLAG, offsetof(struct show_cmd, counters), NULL,
	 "ID: print the names of all counters that --columns can choose"},
	{"records", 0, CMD_FLAG, offsetof(struct show_cmd, records), NULL,
	 "ID: print the record stream as the guest wrote it"},
	{"plan", 0, CMD_FLAG, offsetof(struct show_cmd, plan), NULL,
	 "ID: print the plan the guest was given"},
	{"console", 0, CMD_FLAG, offsetof(struct show_cmd, console), NULL,
	 "ID: print the kernel's console"},
	{"command", 0, CMD_FLAG, offsetof(struct show_cmd, command), NULL,
	 "ID: print the QEMU command line, as a shell would take it"},
	{"programs", 0, CMD_FLAG, offsetof(struct show_cmd, programs), NULL,
	 "ID: print what its programs say of themselves: stressors, jobs, the outcome of each test"},
	{"output", 0, CMD_STRING, offsetof(struct show_cmd, output), "NAME[/result]",
	 "ID: print what the program NAME printed, or the file with its results"},
	{"all", 'a', CMD_FLAG, offsetof(struct show_cmd, all), NULL, "ID: diagnostics too"},
	{"json", 0, CMD_FLAG, offsetof(struct show_cmd, json), NULL, "print as JSON"},
};

extern const struct cmd cmd_show;

/* A string of an object, never NULL: files on disk may have been damaged. */
static const char *str_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static json_t *json_member(const struct arm *arm, const struct member *m)
{
	json_t *out = json_object();
	unsigned int axis;

	json_object_set_new(out, "id", json_string(m->id));
	for (axis = 0; axis < AXIS_NR; axis++)
		json_object_set_new(out, axis_name((enum axis)axis), json_string(arm->label[axis]));
	json_object_set_new(out, "seed", json_integer((json_int_t)m->seed));
	json_object_set_new(out, "status", json_string(status_name(m->status)));
	json_object_set(out, "reason", json_object_get(m->r.result, "reason"));
	return out;
}

static void print_member(const struct arm *arm, const struct member *m)
{
	const char *reason = str_of(m->r.result, "reason");

	printf("%.12s  %-6s %-12s %-10s %-10s %-14s %5" PRIu64 "  %s%s%s\n", m->id,
	       arm->label[AXIS_ENGINE], arm->label[AXIS_KERNEL], arm->label[AXIS_GUEST],
	       arm->label[AXIS_POLICY], arm->label[AXIS_SCENARIO], m->seed, status_name(m->status),
	       *reason ? ": " : "", reason);
}

static void list_results(const struct arms *arms, bool json)
{
	json_t *list = json ? json_array() : NULL;
	size_t i, k;

	if (!json && arms->nr)
		printf("%-12s  %-6s %-12s %-10s %-10s %-14s %5s  %s\n", "id", "engine", "kernel",
		       "guest", "policy", "scenario", "seed", "status");
	for (i = 0; i < arms->nr; i++)
		for (k = 0; k < arms->arm[i].nr; k++) {
			if (json)
				json_array_append_new(
					list, json_member(&arms->arm[i], &arms->arm[i].member[k]));
			else
				print_member(&arms->arm[i], &arms->arm[i].member[k]);
		}
	if (json)
		print_json(list);
	else if (!arms->nr)
		fprintf(stderr, "no results in %s match\n", path_results());
}

static int show_results(struct show_cmd *o)
{
	uint64_t *seeds;
	struct arms_filter filter;
	struct err err = {""};
	struct arms arms;

	scenarios_expand(&o->axes, true);
	filter = (struct arms_filter){.word = {o->axes.kernel.item, o->axes.guest.item,
					       o->axes.policy.item, o->axes.scenario.item,
					       o->axes.engine.item}};
	seeds = seeds_parse(&cmd_show, &o->axes.seeds, &filter.nr_seeds);
	filter.seed = seeds;
	if (arms_load(&filter, &arms, &err))
		die(&err);
	if (arms.ignored)
		fprintf(stderr,
			"%zu older results left out: a newer agent, image or QEMU has run the "
			"same\n",
			arms.ignored);
	list_results(&arms, o->json);
	arms_release(&arms);
	free(seeds);
	return EXIT_FINE;
}

static void print_metric(const json_t *m, bool all)
{
	const char *class = str_of(m, "class");
	const char *absent = json_string_value(json_object_get(m, "absent"));
	json_int_t value = json_integer_value(json_object_get(m, "value"));

	if (!all && (!strcmp(class, "diagnostic") || absent || !value))
		return;
	printf("  %-44s", str_of(m, "name"));
	if (absent)
		printf(" absent: %s\n", absent);
	else
		printf(" %15" JSON_INTEGER_FORMAT " %s\n", value, str_of(m, "unit"));
}

static void print_object(const char *title, const json_t *object)
{
	const char *key;
	json_t *v;

	puts(title);
	json_object_foreach((json_t *)object, key, v) {
		if (json_is_integer(v))
			printf("  %-28s %" JSON_INTEGER_FORMAT "\n", key, json_integer_value(v));
		else
			printf("  %-28s %s\n", key,
			       json_string_value(v) ? json_string_value(v) : "");
	}
}

/* Of the console so many lines from the report's title on, or its last ones. */
#define REPORT_LINES 24
#define TAIL_LINES   12

/* The guest wrote it: nothing of it may reach the terminal but text. */
static void print_line(const char *p, size_t len)
{
	size_t i;

	fputs("  | ", stdout);
	for (i = 0; i < len; i++)
		putchar(p[i] == '\t' || ((unsigned char)p[i] >= 0x20 && p[i] != 0x7f) ? p[i] : '?');
	putchar('\n');
}

static void print_console_part(const char *id, size_t from)
{
	cleanup_free char *path = xasprintf("%s/%s/console.txt", path_results(), id);
	cleanup_buf struct buf text = {0};
	const char *p, *end;
	size_t nr = 1, lines = 0, first;

	if (file_read(path, &text, NULL))
		return;
	for (p = buf_str(&text); (p = strchr(p, '\n')); p++)
		lines++;
	first = from ? from : lines > TAIL_LINES ? lines - TAIL_LINES + 1 : 1;
	for (p = buf_str(&text); *p && nr < first + REPORT_LINES; p = *end ? end + 1 : end, nr++) {
		end = p + strcspn(p, "\r\n");
		if (nr >= first)
			print_line(p, (size_t)(end - p));
		end += *end == '\r';
	}
}

static bool has_file(const char *id, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", path_results(), id, name);

	return file_exists(path);
}

static void print_failure(const struct result *r)
{
	static const char *const files[] = {"console.txt", "evidence.txt", "vmcore"};
	const char *id = str_of(r->result, "experiment");
	json_t *failure = json_object_get(r->result, "failure");
	size_t i;

	if (!failure)
		return;
	print_object("failure", failure);
	print_console_part(id, (size_t)json_integer_value(json_object_get(failure, "console_line")));
	printf("  evidence in %s/%s:", path_results(), id);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (has_file(id, files[i]))
			printf(" %s", files[i]);
	puts("");
}

/* The record stream and what it holds; the one points into the other. */
struct stream {
	struct buf bytes;
	struct records rec;
};

static int stream_load(const char *id, struct stream *s, struct err *err)
{
	int ret;

	*s = (struct stream){0};
	ret = store_records(id, &s->bytes, err);
	if (!ret)
		ret = records_parse(&s->rec, buf_str(&s->bytes), s->bytes.len);
	/* A guest that wrote nothing has an empty stream. */
	if (ret == -ENODATA || (ret == -EBADMSG && !s->bytes.len))
		ret = 0;
	else if (ret == -EBADMSG && !err->msg[0])
		err_set(err, ret, "the record stream of %.12s is none of ours", id);
	if (ret)
		buf_release(&s->bytes);
	return ret;
}

static void stream_release(struct stream *s)
{
	records_release(&s->rec);
	buf_release(&s->bytes);
}

/* How many sources are shown without --all: those that cost most. */
#define OBSERVER_LINES 8

static const struct records *sorted_by_cost;

static int cmp_cost(const void *a, const void *b)
{
	const struct wire_cost *cost = sorted_by_cost->cost;
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	if (cost[x].total_ns != cost[y].total_ns)
		return cost[x].total_ns < cost[y].total_ns ? 1 : -1;
	return x < y ? -1 : x > y;
}

static void print_cost(struct text name, const struct wire_cost *cost, uint64_t window)
{
	char word[64];

	text_copy(word, sizeof(word), name);
	printf("  %-32s %8" PRIu64 " %10" PRIu64 " %9.3f %%\n", word, cost->reads,
	       cost->reads ? cost->total_ns / cost->reads : 0,
	       window ? 100.0 * (double)cost->total_ns / (double)window : 0);
}

/* What looking at the guest took of its time. */
static void print_observer(const struct records *rec, bool all)
{
	uint64_t end = rec->phase_ns[WIRE_CLOSE] ? rec->phase_ns[WIRE_CLOSE] : rec->last_ns;
	uint64_t window = end - rec->phase_ns[WIRE_OPEN];
	unsigned int order[RECORDS_SOURCES_MAX], i, n = 0;

	if (!rec->cost_all.reads)
		return;
	for (i = 0; i < rec->nr_sources; i++)
		if (rec->cost[i].reads && rec->source[i].p)
			order[n++] = i;
	sorted_by_cost = rec;
	qsort(order, n, sizeof(order[0]), cmp_cost);
	printf("observer: share of the window\n  %-32s %8s %10s %11s\n", "", "reads", "ns/read",
	       "share");
	for (i = 0; i < n && (all || i < OBSERVER_LINES); i++)
		print_cost(rec->source[order[i]], &rec->cost[order[i]], window);
	if (i < n)
		printf("  (%u more with --all)\n", n - i);
	print_cost((struct text){"all the agent did", 17}, &rec->cost_all, window);
}

static void show_observer(const char *id, bool all)
{
	struct err err = {""};
	struct stream s;

	if (stream_load(id, &s, &err)) {
		fprintf(stderr, "no costs: %s\n", err.msg);
		return;
	}
	print_observer(&s.rec, all);
	stream_release(&s);
}

static int show_records(const char *id)
{
	cleanup_buf struct buf bytes = {0};
	struct err err = {""};

	if (store_records(id, &bytes, &err))
		die(&err);
	fwrite(buf_str(&bytes), 1, bytes.len, stdout);
	return EXIT_FINE;
}

static void print_csv(const struct series *series)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	if (!series->rec->nr_sets)
		return;
	series_csv_head(series, &text);
	for (i = 0; i < series->rec->nr_sets; i++) {
		series_csv_row(series, i, &text);
		fwrite(buf_str(&text), 1, text.len, stdout);
		buf_reset(&text);
	}
}

static void print_names(const struct series *series, bool json)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < series->nr; i++) {
		json_array_append_new(list, json_string(series->name[i]));
		if (!json)
			puts(series->name[i]);
	}
	if (json)
		print_json(list);
	else
		json_decref(list);
}

static void print_series(const struct series *series, const struct show_cmd *o)
{
	struct err err = {""};
	json_t *json;

	if (series->cut)
		fprintf(stderr, "there are more than %d counters; the rest is left out\n",
			SERIES_COLUMNS_MAX);
	if (o->counters) {
		print_names(series, o->json);
	} else if (!o->json) {
		print_csv(series);
	} else {
		if (series_json(series, &json, &err))
			die(&err);
		print_json(json);
	}
}

static int show_series(const char *id, const struct show_cmd *o)
{
	static const char *const every[] = {"*", NULL};
	const char *const *patterns = o->columns.item ?
					      (const char *const *)o->columns.item :
				      o->counters ? every :
						    series_default;
	struct err err = {""};
	struct series series;
	struct stream s;

	if (stream_load(id, &s, &err))
		die(&err);
	if (series_select(&series, &s.rec, patterns, &err))
		die(&err);
	print_series(&series, o);
	series_release(&series);
	stream_release(&s);
	return EXIT_FINE;
}

static void print_result(const struct result *r, bool all)
{
	json_t *list = json_object_get(r->result, "metrics"), *m;
	const char *reason = str_of(r->result, "reason");
	size_t i;

	printf("experiment %s\nengine %s\nstatus %s%s%s\n", str_of(r->result, "experiment"),
	       str_of(json_object_get(r->spec, "engine"), "name"), str_of(r->result, "status"),
	       *reason ? ": " : "", reason);
	print_failure(r);
	print_object("kernel", json_object_get(r->result, "kernel"));
	print_object("times (virtual)", json_object_get(r->result, "times"));
	print_object("state", json_object_get(r->result, "state"));
	printf("metrics%s\n", all ? "" : " (not zero, without diagnostics)");
	json_array_foreach(list, i, m)
		print_metric(m, all);
}

static void print_all(const char *id, const struct result *r, bool all)
{
	print_result(r, all);
	show_observer(id, all);
}

static int cat(const char *id, const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", path_results(), id, name);
	cleanup_buf struct buf text = {0};
	struct err err = {""};

	if (file_read(path, &text, &err))
		die(&err);
	fwrite(buf_str(&text), 1, text.len, stdout);
	return EXIT_FINE;
}

static void print_command(const json_t *spec)
{
	json_t *args = json_object_get(json_object_get(spec, "engine"), "args"), *arg;
	cleanup_buf struct buf line = {0};
	size_t i;

	json_array_foreach(args, i, arg) {
		buf_adds(&line, i ? " " : "");
		buf_add_shell(&line, json_string_value(arg) ? json_string_value(arg) : "");
	}
	puts(buf_str(&line));
}

/* "vm  bogo_ops 224  real_us 3251980", "passed  test_memcg_current" */
static void print_entry(const json_t *entry)
{
	const char *name = str_of(entry, "test"), *key;
	json_t *v;

	if (*name) {
		printf("  %-8s %s%s%s\n", str_of(entry, "outcome"), name,
		       *str_of(entry, "reason") ? " # " : "", str_of(entry, "reason"));
		return;
	}
	printf("  %s %s\n", *str_of(entry, "stressor") ? str_of(entry, "stressor") :
							 str_of(entry, "job"),
	       str_of(entry, "direction"));
	json_object_foreach((json_t *)entry, key, v)
		if (json_is_integer(v))
			printf("    %-24s %15" JSON_INTEGER_FORMAT "\n", key,
			       json_integer_value(v));
}

static void print_program(const json_t *program)
{
	json_t *code = json_object_get(program, "exit");
	json_t *signal = json_object_get(program, "signal"), *entry;
	size_t i;

	printf("program %s (%s)", str_of(program, "name"), str_of(program, "output"));
	if (code || signal)
		printf(": %s %" JSON_INTEGER_FORMAT, code ? "exit code" : "signal",
		       json_integer_value(code ? code : signal));
	else
		printf(": had not ended");
	printf("%s%s\n", *str_of(program, "error") ? ": " : "", str_of(program, "error"));
	json_array_foreach(json_object_get(program, "report"), i, entry)
		print_entry(entry);
}

static void show_programs(const json_t *result, bool json)
{
	json_t *programs = json_object_get(result, "programs"), *program;
	size_t i;

	if (json) {
		print_json(programs ? json_incref(programs) : json_array());
		return;
	}
	if (!json_array_size(programs))
		fprintf(stderr, "there were no programs in it\n");
	json_array_foreach(programs, i, program)
		print_program(program);
}

static void show_output(const char *id, const char *word)
{
	size_t len = strcspn(word, "/");
	const char *file = word[len] ? word + len + 1 : "log";
	cleanup_buf struct buf text = {0};
	struct err err = {""};
	struct stream s;

	if (strcmp(file, "log") && strcmp(file, "result"))
		die_usage(&cmd_show, "--output takes NAME or NAME/result");
	if (stream_load(id, &s, &err))
		die(&err);
	if (!program_output(&s.rec, (struct text){word, len}, file, &text)) {
		err_set(&err, -ENOENT, "%.12s has no %s of a program %.*s", id, file, (int)len, word);
		die(&err);
	}
	fwrite(buf_str(&text), 1, text.len, stdout);
	stream_release(&s);
}

static int show_result(const char *word, const struct show_cmd *o)
{
	char id[SHA256_HEX];
	struct err err = {""};
	struct result r;

	if (store_find(word, id, &err) || store_load(id, &r, &err))
		die(&err);
	if (o->series || o->columns.nr || o->counters)
		show_series(id, o);
	else if (o->records)
		show_records(id);
	else if (o->console)
		cat(id, "console.txt");
	else if (o->plan)
		printf("%s%s", str_of(r.spec, "setup"), str_of(r.spec, "plan"));
	else if (o->command)
		print_command(r.spec);
	else if (o->programs)
		show_programs(r.result, o->json);
	else if (o->output)
		show_output(id, o->output);
	else if (o->json)
		print_json(json_pack("{s:O, s:O, s:O}", "spec", r.spec, "result", r.result, "host",
				     r.host));
	else
		print_all(id, &r, o->all);
	result_release(&r);
	return EXIT_FINE;
}

/* One kind of configuration file: its folder, and how a file of it is named and printed. */
struct kind {
	const char *one;
	const char *many;
	char *(*title)(const char *path, struct err *err);
	void (*print)(const char *path);
};

static char *guest_title(const char *path, struct err *err)
{
	struct guest g;
	char *title;

	if (guest_load(&g, path, err))
		return NULL;
	title = xstrdup(g.title);
	guest_release(&g);
	return title;
}

static char *policy_title(const char *path, struct err *err)
{
	struct policy p;
	char *title;

	if (policy_load(&p, path, err))
		return NULL;
	title = xstrdup(p.title);
	policy_release(&p);
	return title;
}

static void print_node(const struct machine *m, unsigned int i)
{
	const struct machine_node *n = &m->node[i];

	printf("\n[node %u]\nmemory = %" PRIu64 "\ncpus = %u\n", i, n->memory, n->cpus);
	if (n->movable)
		printf("movable = yes\n");
	if (n->latency_ns)
		printf("latency = %" PRIu64 "ns\nbandwidth = %" PRIu64 "\ninitiator = %u\n",
		       n->latency_ns, n->bandwidth, n->initiator);
}

static void print_distance(const struct machine *m, unsigned int a, unsigned int b)
{
	unsigned int there = machine_distance(m, a, b), back = machine_distance(m, b, a);

	if (there == back)
		printf("%u %u = %u\n", a, b, there);
	else
		printf("%u > %u = %u\n%u > %u = %u\n", a, b, there, b, a, back);
}

static void print_guest(const char *path)
{
	struct err err = {""};
	unsigned int i, j;
	struct guest g;

	if (guest_load(&g, path, &err))
		die(&err);
	printf("[guest]\ntitle = %s\nrecords = %" PRIu64 "\n", g.title, g.machine.records);
	for (i = 0; i < g.machine.nr_nodes; i++)
		print_node(&g.machine, i);
	printf("\n[distance]\n");
	for (i = 0; i < g.machine.nr_nodes; i++)
		for (j = i + 1; j < g.machine.nr_nodes; j++)
			print_distance(&g.machine, i, j);
	print_swaps(&g.storage);
	print_device("data", &g.storage.data);
	guest_release(&g);
}

static void print_policy(const char *path)
{
	struct err err = {""};
	struct policy p;

	if (policy_load(&p, path, &err))
		die(&err);
	printf("[policy]\ntitle = %s\n", p.title);
	print_conf(&p.conf, "set");
	print_conf(&p.conf, "expect");
	print_conf(&p.conf, "bpf");
	policy_release(&p);
}

static char *title_in(const char *path, const char *section, struct err *err)
{
	struct conf conf;
	const char *title;
	char *out;

	if (conf_load(&conf, path, NULL, err))
		return NULL;
	title = conf_get(conf_section(&conf, section, ""), "title");
	out = xstrdup(title ? title : "");
	conf_release(&conf);
	return out;
}

static char *layer_title(const char *path, struct err *err)
{
	return title_in(path, "layer", err);
}

static char *suite_title(const char *path, struct err *err)
{
	return title_in(path, "suite", err);
}

static void print_file(const char *path)
{
	struct err err = {""};
	struct conf conf;

	if (conf_load(&conf, path, NULL, &err))
		die(&err);
	print_conf(&conf, NULL);
	conf_release(&conf);
}

static const struct kind kinds[] = {
	{"layer", "layers", layer_title, print_file},
	{"guest", "guests", guest_title, print_guest},
	{"policy", "policies", policy_title, print_policy},
	{"suite", "suites", suite_title, print_file},
};

static int is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 5 && !strcmp(e->d_name + len - 5, ".conf");
}

static void list_one(const struct kind *kind, const char *path, const char *prefix, json_t *list,
		     bool json)
{
	cleanup_free char *base = conf_name(path), *name = xasprintf("%s%s", prefix, base);
	cleanup_free char *title = NULL;
	struct err err = {""};

	title = kind->title(path, &err);
	if (!title)
		die(&err);
	json_object_set_new(list, name, json_string(title));
	if (!json)
		printf("%-16s %s\n", name, title);
}

/* The files of a folder of the data; each is called by its name behind the prefix. */
static void list_folder(const struct kind *kind, const char *folder, const char *prefix,
			json_t *list, bool json)
{
	cleanup_free char *dir = xasprintf("%s/%s", path_data(), folder);
	struct dirent **e;
	int i, n = scandir(dir, &e, is_conf, alphasort);

	for (i = 0; i < n; i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, e[i]->d_name);

		list_one(kind, path, prefix, list, json);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

static int list_kind(const struct kind *kind, bool json)
{
	json_t *list = json_object();

	list_folder(kind, kind->many, "", list, json);
	if (kind->print == print_policy)
		list_folder(kind, "policies/bpf", "bpf:", list, json);
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

static int show_kind(const struct kind *kind, const char *name)
{
	cleanup_free char *path = kind->print == print_policy ? policy_path(name) :
				  strchr(name, '/') ? xstrdup(name) :
				  xasprintf("%s/%s/%s.conf", path_data(), kind->many, name);

	kind->print(path);
	return EXIT_FINE;
}

static int list_workloads(bool json)
{
	json_t *list = json_object();
	size_t i, k;

	for (i = 0; workloads[i]; i++) {
		const struct workload *w = workloads[i];

		json_object_set_new(list, w->name, json_string(w->summary));
		if (json)
			continue;
		printf("%s: %s; one operation is %s\n", w->name, w->summary, w->op);
		for (k = 0; k < w->nr_options; k++)
			printf("  %-18s %s\n", w->options[k].name, w->options[k].help);
		for (k = 0; k < w->nr_metrics; k++)
			printf("  metric %-11s %s (%s)\n", w->metrics[k].name, w->metrics[k].help,
			       w->metrics[k].unit);
	}
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

static int show_word(int nr, char **argv, const struct show_cmd *o)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(argv[1], kinds[i].many) && nr == 1)
			return list_kind(&kinds[i], o->json);
		if (!strcmp(argv[1], kinds[i].one) && nr == 2)
			return show_kind(&kinds[i], argv[2]);
	}
	if (nr == 2 && !strcmp(argv[1], "scenario"))
		return scenario_print(argv[2]);
	if (nr > 1)
		die_usage(&cmd_show, "'%s %s' is nothing to show", argv[1], argv[2]);
	if (!strcmp(argv[1], "scenarios"))
		return scenario_print_list(NULL, o->json);
	if (!strcmp(argv[1], "workloads"))
		return list_workloads(o->json);
	return show_result(argv[1], o);
}

static int run_show(int argc, char **argv)
{
	struct show_cmd o = {0};
	int nr = cmd_parse(&cmd_show, argc, argv, &o);

	if (o.axes.results)
		path_set_results(o.axes.results);
	return nr ? show_word(nr, argv, &o) : show_results(&o);
}

const struct cmd cmd_show = {
	.name = "show",
	.summary = "show results, and the guests, policies, scenarios, suites and workloads there "
		   "are",
	.usage = "[ID | guests | policies | scenarios | workloads | layers | suites | guest NAME | ...]",
	CMD_OPTIONS(show_options),
	.examples = "  wringer show -s kv-scan\n"
		    "  wringer show 3f9a1c\n"
		    "  wringer show 3f9a1c --series >series.csv\n"
		    "  wringer show 3f9a1c --columns 'zone.*.free,lru_gen.*'\n"
		    "  wringer show scenario kv-scan\n",
	.run = run_show,
};
