// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "gc/gc.h"

#define SECOND 1000000000ull
#define KEEP   (30ull * 24 * 3600 * SECOND)

struct gc_cmd {
	uint64_t keep, old_results; /* ns */
	const char *size;
	struct cmd_list results;
	bool yes, json;
};

static const struct cmd_option gc_options[] = {
	{"keep", 'k', CMD_TIME, offsetof(struct gc_cmd, keep), "TIME",
	 "keep what was used in the last TIME, as in 12h or 7d (default: 30d)"},
	{"size", 's', CMD_STRING, offsetof(struct gc_cmd, size), "SIZE",
	 "then the least recently used, until the cache holds at most SIZE, as in 20G"},
	{"old-results", 0, CMD_TIME, offsetof(struct gc_cmd, old_results), "TIME",
	 "remove results too, those older than TIME that no list in .kept/ names, and reports of nights"},
	{"results", 'o', CMD_WORD, offsetof(struct gc_cmd, results), "DIR",
	 "folder of results; may be given again (default: $WRINGER_RESULTS, else results)"},
	{"yes", 'y', CMD_FLAG, offsetof(struct gc_cmd, yes), NULL,
	 "do it; without, nothing is removed"},
	{"json", 0, CMD_FLAG, offsetof(struct gc_cmd, json), NULL, "print each thing as JSON"},
};

extern const struct cmd cmd_gc;

static const char *const fates[] = {
	[GC_KEEP] = "kept", [GC_KEEP_NEEDED] = "needed", [GC_KEEP_BUSY] = "in use",
	[GC_FREE_OLD] = "old", [GC_FREE_ROOM] = "room", [GC_FREE_LEFT] = "left over",
};

/* What becomes of those of one name. */
struct sum {
	size_t nr[GC_FREE_LEFT + 1];
	uint64_t goes, stays; /* bytes */
};

static void add_item(struct sum *s, const struct gc_item *item)
{
	s->nr[item->fate]++;
	*(gc_goes(item->fate) ? &s->goes : &s->stays) += item->bytes;
}

static size_t nr_gone(const struct sum *s)
{
	return s->nr[GC_FREE_OLD] + s->nr[GC_FREE_ROOM] + s->nr[GC_FREE_LEFT];
}

static size_t nr_kept(const struct sum *s)
{
	return s->nr[GC_KEEP] + s->nr[GC_KEEP_NEEDED] + s->nr[GC_KEEP_BUSY];
}

static struct sum sum_of(const struct gc *gc, const char *name)
{
	struct sum s = {.goes = 0};
	size_t i;

	for (i = 0; i < gc->nr; i++)
		if (!name || !strcmp(gc->item[i].kind->name, name))
			add_item(&s, &gc->item[i]);
	return s;
}

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void print_sum(const char *name, const struct sum *s)
{
	printf("%-11s %7zu %9.1f %7zu %9.1f", name, nr_gone(s), mib(s->goes), nr_kept(s),
	       mib(s->stays));
	if (s->nr[GC_KEEP_NEEDED])
		printf("  %zu needed", s->nr[GC_KEEP_NEEDED]);
	if (s->nr[GC_KEEP_BUSY])
		printf("%s %zu in use", s->nr[GC_KEEP_NEEDED] ? "," : " ", s->nr[GC_KEEP_BUSY]);
	putchar('\n');
}

static void print_plan(const struct gc *gc, bool done)
{
	const struct gc_kind *kind;
	struct sum s;
	size_t i;

	printf("%-11s %17s %17s\n", "", done ? "removed" : "would go", done ? "kept" : "would stay");
	printf("%-11s %7s %9s %7s %9s\n", "kind", "number", "MiB", "number", "MiB");
	for (kind = gc_kinds; kind->name; kind++) {
		s = sum_of(gc, kind->name);
		if (nr_gone(&s) + nr_kept(&s) && gc_last_of_name(kind))
			print_sum(kind->name, &s);
	}
	s = sum_of(gc, NULL);
	print_sum("all", &s);
	for (i = 0; i < gc->nr_links; i++)
		fprintf(stderr, "%s is a link and was left alone\n", gc->link[i]);
	fprintf(stderr, "%zu stored results were asked what they need%s\n", gc->results,
		gc->results ? "" : ": if there are any, name their folder with -o");
	if (!done && nr_gone(&s))
		say("nothing was removed; --yes does it");
}

static json_t *json_item(const struct gc_item *item)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:b}", "kind", item->kind->name, "in",
			 item->root, "folder", item->folder, "name", item->name, "bytes",
			 (json_int_t)item->bytes, "used", (json_int_t)item->used, "why",
			 fates[item->fate], "goes", gc_goes(item->fate));
}

static void print_items(const struct gc *gc, bool done)
{
	struct sum s = sum_of(gc, NULL);
	json_t *items = json_array(), *links = json_array();
	size_t i;

	/* A name that is no text is of nothing that the program makes. */
	for (i = 0; i < gc->nr; i++)
		json_array_append_new(items, json_item(&gc->item[i]));
	for (i = 0; i < gc->nr_links; i++)
		json_array_append_new(links, json_string(gc->link[i]));
	print_json(json_pack("{s:b, s:I, s:I, s:o, s:o}", "done", done, "bytes_gone",
			     (json_int_t)s.goes, "bytes_kept", (json_int_t)s.stays, "items", items,
			     "links", links));
}

/* What is needed or in use may be more than there is to be. */
static void say_too_much(const struct gc *gc, uint64_t size)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < gc->nr; i++)
		if (!gc->item[i].kind->in_results && !gc_goes(gc->item[i].fate))
			sum += gc->item[i].bytes;
	if (sum > size)
		fprintf(stderr, "the rest of the cache is needed or in use: it holds %.1f MiB, more than "
				"the %.1f of --size\n", mib(sum), mib(size));
}

static struct gc_opts opts_of(const struct gc_cmd *o, char **folder)
{
	struct gc_opts opts = {.now = time(NULL), .keep = o->keep / SECOND, .size = UINT64_MAX,
			       .old_results = o->old_results != UINT64_MAX,
			       .results = o->old_results / SECOND,
			       .folder = o->results.nr ? o->results.item : folder};

	if (o->size && parse_size(o->size, &opts.size))
		die_usage(&cmd_gc, "--size: '%s' is no size, as in 20G", o->size);
	return opts;
}

static int run_gc(int argc, char **argv)
{
	struct gc_cmd o = {.keep = KEEP, .old_results = UINT64_MAX};
	char *folder[] = {(char *)path_results(), NULL};
	struct gc_opts opts;
	struct err err = {""};
	struct gc gc;
	int ret;

	if (cmd_parse(&cmd_gc, argc, argv, &o))
		die_usage(&cmd_gc, "'%s' is no option", argv[1]);
	opts = opts_of(&o, folder);
	ret = gc_plan(&opts, &gc, &err);
	if (!ret && o.yes)
		ret = gc_do(&gc, &err);
	if (ret)
		die(&err);
	if (o.json)
		print_items(&gc, o.yes);
	else
		print_plan(&gc, o.yes);
	say_too_much(&gc, opts.size);
	gc_release(&gc);
	return EXIT_FINE;
}

const struct cmd cmd_gc = {
	.name = "gc",
	.summary = "free disk: remove from the cache what no result or recent run needs",
	.usage = "",
	CMD_OPTIONS(gc_options),
	.examples = "  wringer gc\n"
		    "  wringer gc --keep 7d --size 20G --yes\n"
		    "  wringer gc -o results -o nightly --old-results 90d\n",
	.run = run_gc,
};
