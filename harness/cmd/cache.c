// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "engine/template.h"
#include "gc/gc.h"

struct cache_cmd {
	const char *max;
	bool json;
};

static const struct cmd_option cache_options[] = {
	{"max", 'm', CMD_STRING, offsetof(struct cache_cmd, max), "SIZE",
	 "trim: leave at most so much (default: $WRINGER_TEMPLATES_MAX, else 8G)"},
	{"json", 0, CMD_FLAG, offsetof(struct cache_cmd, json), NULL, "print the list as JSON"},
};

extern const struct cmd cmd_cache;

static const char *title_of(const struct template_info *t)
{
	const char *title = json_string_value(json_object_get(t->about, "title"));

	return title ? title : "?";
}

static json_t *json_template(const struct template_info *t)
{
	return json_pack("{s:s, s:s, s:I, s:I, s:O?}", "key", t->key, "title", title_of(t),
			 "bytes", (json_int_t)t->bytes, "used", (json_int_t)t->used,
			 "memory_sha256", json_object_get(t->about, "memory_sha256"));
}

static void print_template(const struct template_info *t)
{
	char when[32];
	time_t used = (time_t)t->used;
	struct tm tm;

	gmtime_r(&used, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
	printf("%.12s  %6.0f MiB  %s  %s\n", t->key, (double)t->bytes / (1 << 20), when,
	       title_of(t));
}

static json_t *list_templates(bool json)
{
	struct template_info *t;
	json_t *out = json_array();
	struct err err = {""};
	size_t i, nr;

	if (templates_list(&t, &nr, &err))
		die(&err);
	for (i = 0; i < nr; i++) {
		if (json)
			json_array_append_new(out, json_template(&t[i]));
		else
			print_template(&t[i]);
	}
	templates_free(t, nr);
	return out;
}

static void list_kind(const struct gc *gc, const struct gc_kind *kind, json_t *out)
{
	uint64_t bytes = 0;
	size_t i, nr = 0;

	for (i = 0; i < gc->nr; i++) {
		bool is = !strcmp(gc->item[i].kind->name, kind->name);

		nr += is;
		bytes += is ? gc->item[i].bytes : 0;
	}
	if (nr && out)
		json_array_append_new(out, json_pack("{s:s, s:s, s:I, s:I}", "kind", kind->name, "what",
						     kind->what, "number", (json_int_t)nr, "bytes",
						     (json_int_t)bytes));
	else if (nr)
		printf("%-11s %6zu %9.1f MiB  %s\n", kind->name, nr, (double)bytes / (1 << 20),
		       kind->what);
}

static void list_kinds(json_t *out)
{
	const struct gc_kind *kind;
	struct err err = {""};
	struct gc gc;

	if (gc_list(&gc, &err))
		die(&err);
	for (kind = gc_kinds; kind->name; kind++)
		if (gc_last_of_name(kind))
			list_kind(&gc, kind, out);
	gc_release(&gc);
}

static int list(bool json)
{
	json_t *kinds = json ? json_array() : NULL;
	json_t *templates = list_templates(json);

	list_kinds(kinds);
	if (json)
		print_json(json_pack("{s:s, s:O, s:o}", "cache", path_cache(), "templates", templates,
				     "kinds", kinds));
	else
		printf("in %s\n", path_cache());
	json_decref(templates);
	return EXIT_FINE;
}

static int trim(uint64_t max)
{
	struct err err = {""};
	size_t removed;

	if (templates_trim(max, &removed, &err))
		die(&err);
	fprintf(stderr, "%zu templates removed\n", removed);
	return EXIT_FINE;
}

static uint64_t wanted_max(const struct cache_cmd *o)
{
	struct err err = {""};
	uint64_t max;

	if (!o->max) {
		if (templates_max(&max, &err))
			die(&err);
	} else if (parse_size(o->max, &max)) {
		die_usage(&cmd_cache, "--max: '%s' is no size, as in 8G", o->max);
	}
	return max;
}

static int run_cache(int argc, char **argv)
{
	struct cache_cmd o = {0};
	int nr = cmd_parse(&cmd_cache, argc, argv, &o);
	const char *what = nr ? argv[1] : "list";

	if (nr > 1)
		die_usage(&cmd_cache, "'%s' is too much", argv[2]);
	if (o.max && strcmp(what, "trim"))
		die_usage(&cmd_cache, "--max goes with trim");
	if (!strcmp(what, "list"))
		return list(o.json);
	if (!strcmp(what, "trim"))
		return trim(wanted_max(&o));
	if (!strcmp(what, "clear"))
		return trim(0);
	die_usage(&cmd_cache, "'%s' is none of list, trim, clear", what);
}

const struct cmd cmd_cache = {
	.name = "cache",
	.summary = "list what the cache holds; remove templates, the machines that experiments are forked from",
	.usage = "[list|trim|clear]",
	CMD_OPTIONS(cache_options),
	.examples = "  wringer cache\n"
		    "  wringer cache trim --max 2G\n",
	.run = run_cache,
};
