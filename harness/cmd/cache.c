// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "engine/template.h"

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

static int list(const struct cache_cmd *o)
{
	struct template_info *t;
	json_t *out = json_array();
	struct err err = {""};
	uint64_t sum = 0;
	size_t i, nr;

	if (templates_list(&t, &nr, &err))
		die(&err);
	for (i = 0; i < nr; i++) {
		sum += t[i].bytes;
		if (o->json)
			json_array_append_new(out, json_template(&t[i]));
		else
			print_template(&t[i]);
	}
	if (o->json)
		print_json(json_incref(out));
	else
		printf("%zu templates, %.0f MiB, in %s/templates\n", nr,
		       (double)sum / (1 << 20), path_cache());
	json_decref(out);
	templates_free(t, nr);
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
		return list(&o);
	if (!strcmp(what, "trim"))
		return trim(wanted_max(&o));
	if (!strcmp(what, "clear"))
		return trim(0);
	die_usage(&cmd_cache, "'%s' is none of list, trim, clear", what);
}

const struct cmd cmd_cache = {
	.name = "cache",
	.summary = "list templates, the saved machines that experiments are forked from, or remove some",
	.usage = "[list|trim|clear]",
	CMD_OPTIONS(cache_options),
	.examples = "  wringer cache\n"
		    "  wringer cache trim --max 2G\n",
	.run = run_cache,
};
