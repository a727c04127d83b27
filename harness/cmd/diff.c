// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "report/divergence.h"
#include "report/json_diff.h"
#include "result/store.h"

struct diff_cmd {
	const char *results;
	uint64_t counters;
	bool all;
	bool json;
};

static const struct cmd_option diff_options[] = {
	{"counters", 'c', CMD_NUMBER, offsetof(struct diff_cmd, counters), "N",
	 "of each set of samples, show N counters that differ there first (default: 8)"},
	{"all", 'a', CMD_FLAG, offsetof(struct diff_cmd, all), NULL,
	 "show diagnostic metrics, and every set in which a counter differs first"},
	{"results", 'o', CMD_STRING, offsetof(struct diff_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct diff_cmd, json), NULL, "print everything as JSON"},
};

extern const struct cmd cmd_diff;

/* Of the sets in which counters part, so many are shown. */
#define SETS_SHOWN 4
#define COUNTERS_SHOWN 8

/* A result with its records. */
struct side {
	char id[SHA256_HEX];
	struct result r;
	struct buf bytes;
	struct records rec;
};

static void load(const char *word, struct side *s)
{
	struct err err = {""};

	memset(s, 0, sizeof(*s));
	if (store_find(word, s->id, &err) || store_load(s->id, &s->r, &err) ||
	    store_records(s->id, &s->bytes, &err))
		die(&err);
	/* Nothing that can be read is nothing to compare, and the rest still is. */
	records_parse(&s->rec, buf_str(&s->bytes), s->bytes.len);
}

static void release(struct side *s)
{
	records_release(&s->rec);
	buf_release(&s->bytes);
	result_release(&s->r);
}

static int collect(void *ctx, const char *path, const json_t *a, const json_t *b)
{
	json_t *entry = json_pack("{s:s}", "path", path);

	if (a)
		json_object_set(entry, "a", (json_t *)a);
	if (b)
		json_object_set(entry, "b", (json_t *)b);
	json_array_append_new(ctx, entry);
	return 0;
}

/* A text line by line: of a plan of a hundred lines only what differs is worth telling. */
static json_t *lines(const json_t *text)
{
	cleanup_free char *copy = xstrdup(json_string_value(text) ? json_string_value(text) : "");
	json_t *out = json_array();
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			json_array_append_new(out, json_string(line));
	return out;
}

static bool has_line(const json_t *list, const json_t *line)
{
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (json_equal(v, line))
			return true;
	return false;
}

/* Lines of one that the other does not have, as differences with one side. */
static void only_in(const json_t *these, const json_t *those, const char *path, bool first,
		    json_t *out)
{
	json_t *line;
	size_t i;

	json_array_foreach(these, i, line)
		if (!has_line(those, line))
			collect(out, path, first ? line : NULL, first ? NULL : line);
}

static void diff_text(const json_t *a, const json_t *b, const char *key, json_t *out)
{
	json_t *x = lines(json_object_get(a, key)), *y = lines(json_object_get(b, key));

	only_in(x, y, key, true, out);
	only_in(y, x, key, false, out);
	json_decref(x);
	json_decref(y);
}

static json_t *diff_specs(const json_t *a, const json_t *b)
{
	json_t *x = json_copy((json_t *)a), *y = json_copy((json_t *)b), *out = json_array();
	static const char *const texts[] = {"setup", "plan"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		json_object_del(x, texts[i]);
		json_object_del(y, texts[i]);
	}
	json_diff(x, y, "", collect, out);
	for (i = 0; i < ARRAY_SIZE(texts); i++)
		diff_text(a, b, texts[i], out);
	json_decref(x);
	json_decref(y);
	return out;
}

/* Metrics by name, without what every metric of that name has. */
static json_t *by_name(const json_t *result, bool all)
{
	json_t *out = json_object(), *m;
	size_t i;

	json_array_foreach(json_object_get(result, "metrics"), i, m) {
		const char *name = json_string_value(json_object_get(m, "name"));
		const char *class = json_string_value(json_object_get(m, "class"));
		json_t *value = json_object_get(m, "value");

		if (!name || (!all && class && !strcmp(class, "diagnostic")))
			continue;
		json_object_set(out, name, value ? value : json_object_get(m, "absent"));
	}
	return out;
}

static json_t *diff_metrics(const struct side *a, const struct side *b, bool all)
{
	json_t *x = by_name(a->r.result, all), *y = by_name(b->r.result, all), *out = json_array();

	json_diff(x, y, "", collect, out);
	json_decref(x);
	json_decref(y);
	return out;
}

static void print_value(const json_t *v)
{
	cleanup_free char *text = v ? json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	printf("%.300s", text ? text : "nothing");
}

/* One line where it fits, else one a side. */
static void print_difference(const json_t *d)
{
	const char *path = json_string_value(json_object_get(d, "path"));
	const json_t *a = json_object_get(d, "a"), *b = json_object_get(d, "b");

	printf("  %s\n    a: ", path);
	print_value(a);
	printf("\n    b: ");
	print_value(b);
	puts("");
}

static void print_number(const json_t *d)
{
	const json_t *a = json_object_get(d, "a"), *b = json_object_get(d, "b");
	double x = json_number_value(a), y = json_number_value(b);

	printf("  %-40s ", json_string_value(json_object_get(d, "path")));
	if (!json_is_integer(a) || !json_is_integer(b)) {
		print_value(a);
		printf(" against ");
		print_value(b);
	} else {
		printf("%14.0f %14.0f", x, y);
		if (x > 0)
			printf(" %+7.1f%%", (y - x) / x * 100);
	}
	puts("");
}

static void print_part(const char *title, const json_t *list, void (*print)(const json_t *d))
{
	json_t *d;
	size_t i;

	printf("%s: %s\n", title, json_array_size(list) ? "" : "no difference");
	json_array_foreach(list, i, d)
		print(d);
}

static void print_parting(const json_t *list, size_t from, size_t to, uint64_t counters)
{
	const json_t *first = json_array_get(list, from);
	double s = json_number_value(json_object_get(first, "time_ns")) / 1e9;
	size_t i;

	printf("  set %lld, %.6f s: %zu counters part\n",
	       (long long)json_integer_value(json_object_get(first, "set")), s, to - from);
	for (i = from; i < to && i - from < counters; i++) {
		const json_t *d = json_array_get(list, i);

		printf("    %-44s %12lld %12lld\n", json_string_value(json_object_get(d, "name")),
		       (long long)json_integer_value(json_object_get(d, "a")),
		       (long long)json_integer_value(json_object_get(d, "b")));
	}
}

static void print_series(const json_t *list, const struct diff_cmd *o)
{
	uint64_t counters = o->counters ? o->counters : COUNTERS_SHOWN;
	size_t i = 0, sets = 0, n = json_array_size(list);

	printf("samples: %s\n", n ? "" : "no difference");
	while (i < n && (o->all || sets < SETS_SHOWN)) {
		const json_t *set = json_object_get(json_array_get(list, i), "set");
		size_t to = i;

		while (to < n &&
		       json_equal(json_object_get(json_array_get(list, to), "set"), set))
			to++;
		print_parting(list, i, to, counters);
		sets++;
		i = to;
	}
	if (i < n)
		printf("  %zu counters part later (--all)\n", n - i);
}

static int run_diff(int argc, char **argv)
{
	json_t *spec, *state, *metrics, *series;
	struct diff_cmd o = {0};
	struct side a, b;
	bool same;

	if (cmd_parse(&cmd_diff, argc, argv, &o) != 2)
		die_usage(&cmd_diff, "two results are needed");
	if (o.results)
		path_set_results(o.results);
	load(argv[1], &a);
	load(argv[2], &b);
	spec = diff_specs(a.r.spec, b.r.spec);
	state = json_array();
	json_diff(json_object_get(a.r.result, "state"), json_object_get(b.r.result, "state"), "",
		  collect, state);
	metrics = diff_metrics(&a, &b, o.all || o.json);
	series = divergence(&a.rec, &b.rec);
	same = !json_array_size(spec) && !json_array_size(state) && !json_array_size(metrics) &&
	       !json_array_size(series);
	if (o.json) {
		print_json(json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "a", a.id, "b", b.id, "spec",
				     spec, "state", state, "metrics", metrics, "samples", series));
	} else {
		printf("a: %.12s\nb: %.12s\n", a.id, b.id);
		print_part("spec", spec, print_difference);
		print_part("state", state, print_difference);
		print_part("metrics", metrics, print_number);
		print_series(series, &o);
	}
	release(&a);
	release(&b);
	return same ? EXIT_FINE : EXIT_FINDING;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.summary = "tell how two results differ: what was asked, state, metrics, and where in time",
	.usage = "ID ID",
	CMD_OPTIONS(diff_options),
	.examples = "  wringer diff 3f9a1c 0790ba\n",
	.run = run_diff,
};
