// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/print.h"
#include "cmd/scenario.h"
#include "experiment/catalogue.h"
#include "experiment/plan.h"

struct scenario_cmd {
	const char *group;
	const char *guest;
	bool json;
};

static const struct cmd_option scenario_options[] = {
	{"group", 0, CMD_STRING, offsetof(struct scenario_cmd, group), "GROUP",
	 "list: those of shapes, limits, numa, devices, storms, regress, programs or own"},
	{"guest", 'g', CMD_STRING, offsetof(struct scenario_cmd, guest), "GUEST",
	 "check: whether it fits on this guest (default: the one it is made for, else two)"},
	{"json", 0, CMD_FLAG, offsetof(struct scenario_cmd, json), NULL, "list: print JSON"},
};

extern const struct cmd cmd_scenario;

static void load(const char *word, struct scenario *s)
{
	struct err err = {""};

	if (catalogue_load(word, s, &err))
		die(&err);
}

static json_t *list_one(const char *name, bool json)
{
	struct scenario s;
	json_t *out;

	load(name, &s);
	out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", name, "group",
			scenario_groups[s.group], "title", s.title, "shows", s.shows, "who", s.who,
			"known", s.known, "guest", s.guest);
	if (!json)
		printf("%-18s %-8s %s\n", name, scenario_groups[s.group], s.title);
	scenario_release(&s);
	return out;
}

int scenario_print_list(const char *group, bool json)
{
	cleanup_free char *word = group ? xasprintf("@%s", group) : xstrdup("all");
	char *words[] = {word, NULL};
	json_t *list = json_array();
	struct names names = {0};
	struct err err = {""};
	size_t i;

	if (catalogue_expand(words, &names, &err))
		die(&err);
	for (i = 0; i < names.nr; i++)
		json_array_append_new(list, list_one(names.name[i], json));
	names_release(&names);
	if (json)
		print_json(json_incref(list));
	json_decref(list);
	return EXIT_FINE;
}

static void print_head(const struct scenario *s)
{
	size_t i;

	printf("[scenario]\n");
	for (i = 0; i < nr_scenario_keys; i++)
		print_option(&scenario_keys[i], s);
}

static void print_work(const struct scenario_work *w)
{
	int len = (int)strlen(w->name) - (w->count > 1 ? 2 : 0);
	size_t k;

	printf("\n[workload %.*s]\ntype = %s\n", len, w->name, w->type->name);
	for (k = 0; k < nr_scenario_work_keys; k++)
		print_option(&scenario_work_keys[k], w);
	for (k = 0; k < w->type->nr_options; k++)
		print_option(&w->type->options[k], w->opts);
}

int scenario_print(const char *word)
{
	static const char *const others[] = {"set", "module", "input", "file", "cgroup"};
	struct scenario s;
	size_t i;

	load(word, &s);
	print_head(&s);
	if (s.storage.has_swap)
		print_swaps(&s.storage);
	if (s.storage.has_data)
		print_device("data", &s.storage.data);
	print_conf(&s.conf, "param");
	for (i = 0; i < ARRAY_SIZE(others); i++)
		print_conf(&s.conf, others[i]);
	for (i = 0; i < s.nr_works; i++)
		if (!s.work[i].instance)
			print_work(&s.work[i]);
	print_conf(&s.conf, "step");
	print_conf(&s.conf, "expect");
	scenario_release(&s);
	return EXIT_FINE;
}

static int check_guest(const struct scenario *s, const char *name, struct err *err)
{
	cleanup_free char *path = strchr(name, '/') ?
					  xstrdup(name) :
					  xasprintf("%s/guests/%s.conf", path_data(), name);
	struct plan_needs needs;
	struct guest guest;
	int ret = guest_load(&guest, path, err);

	if (ret)
		return ret;
	ret = plan_needs(&guest, s, &needs, err);
	guest_release(&guest);
	return ret;
}

/* One line for each; false when something is wrong with it. */
static bool check_one(const char *word, const struct scenario_cmd *o)
{
	struct err err = {""};
	const char *guest;
	struct scenario s;
	int ret = catalogue_load(word, &s, &err);

	if (ret) {
		fprintf(stderr, "wringer: %s\n", err.msg);
		return false;
	}
	guest = o->guest ? o->guest : *s.guest ? s.guest : "two";
	ret = check_guest(&s, guest, &err);
	if (ret)
		fprintf(stderr, "wringer: %s\n", err.msg);
	else
		printf("%s: %zu workloads, %u steps, fits on guest %s\n", word, s.nr_works,
		       s.nr_steps, guest);
	scenario_release(&s);
	return !ret;
}

static int check(char **words, const struct scenario_cmd *o)
{
	char *all[] = {(char *)"all", NULL};
	struct names names = {0};
	struct err err = {""};
	size_t i, bad = 0;

	if (catalogue_expand(*words ? words : all, &names, &err))
		die(&err);
	for (i = 0; i < names.nr; i++)
		bad += !check_one(names.name[i], o);
	names_release(&names);
	return bad ? EXIT_FINDING : EXIT_FINE;
}

static void print_range(const struct conf_key *key)
{
	struct conf_key high = *key, low = *key;
	cleanup_buf struct buf text = {0};

	low.offset = high.offset = 0;
	if (key->min) {
		buf_adds(&text, "at least ");
		value_text(&low, &key->min, &text);
	}
	if (key->max) {
		buf_printf(&text, "%sat most ", text.len ? ", " : "");
		value_text(&high, &key->max, &text);
	}
	if (text.len)
		printf("; %s", buf_str(&text));
}

static void print_choices(const struct conf_key *key)
{
	size_t i;

	for (i = 0; key->choices[i]; i++)
		printf("%s%s", i ? ", " : "    One of ", key->choices[i]);
	puts(".");
}

/* defaults: a struct with the key's field, or NULL. */
static void print_key(const struct conf_key *key, const void *defaults)
{
	cleanup_buf struct buf value = {0};
	bool number = key->type != CONF_STR && key->type != CONF_BOOL && key->type != CONF_CHOICE;

	printf("%s\n    %s\n", key->name, key->help);
	if (key->type == CONF_CHOICE)
		print_choices(key);
	if (key->required) {
		puts("    Required.");
		return;
	}
	if (defaults)
		value_text(key, defaults, &value);
	printf("    Default: %s", value.len ? buf_str(&value) : "none");
	if (number)
		print_range(key);
	puts(".");
}

static void print_keys(const struct conf_key *keys, size_t nr, const void *defaults)
{
	size_t i;

	for (i = 0; i < nr; i++)
		print_key(&keys[i], defaults);
}

static int print_type(const struct workload *w)
{
	size_t i;

	printf("%s\n    %s.\n    An operation is %s.\n", w->name, w->summary, w->op);
	print_keys(w->options, w->nr_options, w->defaults);
	for (i = 0; i < w->nr_metrics; i++)
		printf("workload.NAME.%s (%s)\n    %s\n", w->metrics[i].name, w->metrics[i].unit,
		       w->metrics[i].help);
	return EXIT_FINE;
}

static int list_types(void)
{
	size_t i;

	for (i = 0; workloads[i]; i++)
		puts(workloads[i]->name);
	return EXIT_FINE;
}

/* What the manual page is made of, and a quick look for users. */
static int keys(const char *what)
{
	struct scenario_work work = {.count = 1, .cgroup = (char *)"/"};
	const struct workload *type = workload_find(what ? what : "");
	struct scenario defaults;

	if (type || (what && !strcmp(what, "types")))
		return type ? print_type(type) : list_types();
	scenario_defaults(&defaults);
	if (!what || !strcmp(what, "scenario"))
		print_keys(scenario_keys, nr_scenario_keys, &defaults);
	else if (!strcmp(what, "workload"))
		print_keys(scenario_work_keys, nr_scenario_work_keys, &work);
	else if (!strcmp(what, "step"))
		print_keys(scenario_step_keys, nr_scenario_step_keys, NULL);
	else
		die_usage(&cmd_scenario, "'%s' is neither scenario, workload, step, types nor a "
			  "type of workload", what);
	scenario_release(&defaults);
	return EXIT_FINE;
}

static int run_scenario(int argc, char **argv)
{
	struct scenario_cmd o = {0};
	int n = cmd_parse(&cmd_scenario, argc, argv, &o);

	if (n >= 1 && !strcmp(argv[1], "check"))
		return check(argv + 2, &o);
	if (n == 1 && !strcmp(argv[1], "list"))
		return scenario_print_list(o.group, o.json);
	if (n == 2 && !strcmp(argv[1], "show"))
		return scenario_print(argv[2]);
	if (n >= 1 && n <= 2 && !strcmp(argv[1], "keys"))
		return keys(argv[2]);
	die_usage(&cmd_scenario, "say list, show SCENARIO, check [SCENARIO...] or keys [WHAT]");
}

const struct cmd cmd_scenario = {
	.name = "scenario",
	.summary = "list, show and check scenarios, and tell what they may say",
	.usage = "list | show SCENARIO | check [SCENARIO...] | keys [WHAT]",
	CMD_OPTIONS(scenario_options),
	.examples = "  wringer scenario list --group shapes\n"
		    "  wringer scenario show kv-scan:limit=16M > mine.conf\n"
		    "  wringer scenario check ./mine.conf -g far\n"
		    "  wringer scenario keys anon\n",
	.run = run_scenario,
};
