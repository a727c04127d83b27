// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/kernel.h"
#include "kernel/build.h"

/* Fewer digits of an id are too easily a version, or a typing error. */
#define ID_PREFIX_MIN 4

static const struct cmd_option kernel_options[] = {
	{"refresh", 'r', CMD_FLAG, offsetof(struct kernel_cmd, refresh), NULL,
	 "fetch the package indexes again (they are kept for a day)"},
	{"json", 0, CMD_FLAG, offsetof(struct kernel_cmd, json), NULL, "print JSON"},
	{"config", 'c', CMD_LIST, offsetof(struct kernel_cmd, config), "LIST",
	 "build: fragments of configuration, by name or path (default: base)"},
	{"patches", 'P', CMD_STRING, offsetof(struct kernel_cmd, patches), "DIR",
	 "build: apply a series of patches, a folder or one of kernel-config/patches"},
	{"each", 0, CMD_FLAG, offsetof(struct kernel_cmd, each), NULL,
	 "build: with none, the first, the first two, ... of the patches; boot each"},
	{"toolchain", 0, CMD_STRING, offsetof(struct kernel_cmd, toolchain), "NAME",
	 "build: host, or a suite such as trixie (default: the host's unless it is too old)"},
	{"jobs", 'j', CMD_NUMBER, offsetof(struct kernel_cmd, jobs), "N",
	 "build: compilers at a time (default: the host's CPUs)"},
	{"scenario", 's', CMD_STRING, offsetof(struct kernel_cmd, scenario), "SCENARIO",
	 "build --each: what each is tried with (default: a boot and a moment of reclaim)"},
	{"guest", 'g', CMD_STRING, offsetof(struct kernel_cmd, guest), "GUEST",
	 "build --each: and where (default: tiny)"},
	{"results", 'o', CMD_STRING, offsetof(struct kernel_cmd, results), "DIR",
	 "build --each: folder of the results (default: $WRINGER_RESULTS, else results)"},
};

/* The kernels in the cache. */
struct cached {
	struct kernel *kernel;
	size_t nr;
};

static void load_cached(struct cached *cached)
{
	struct err err = {""};

	if (kernel_cached(&cached->kernel, &cached->nr, &err))
		die(&err);
}

static json_t *read_meta(const struct kernel *kernel)
{
	cleanup_free char *path = xasprintf("%s/meta.json", kernel->dir);
	cleanup_buf struct buf text = {0};
	struct err err = {""};
	json_t *meta;

	if (file_read(path, &text, &err))
		die(&err);
	meta = json_loadb(buf_str(&text), text.len, 0, NULL);
	if (!json_is_object(meta)) {
		err_set(&err, -EBADMSG, "%s is damaged; remove the folder %s", path, kernel->dir);
		die(&err);
	}
	return meta;
}

/* A line of the list; what is not known, as the suite of a file, is empty. */
static json_t *new_row(const char *version, const char *package, const char *suite,
		       const char *packaging, bool modules, uint64_t size)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:I}", "version", version, "package",
			 package, "suite", suite, "packaging", packaging, "modules", modules,
			 "cached", 0, "download_bytes", (json_int_t)size);
}

static json_t *rung_row(const struct rung *rung)
{
	return new_row(rung->version, rung->package, rung->suite, rung->packaging,
		       rung->has_modules, rung->size);
}

static json_t *cached_row(const struct kernel *kernel)
{
	json_t *meta = read_meta(kernel);
	const char *suite = json_string_value(json_object_get(meta, "suite"));
	json_t *row = new_row(kernel->version, kernel->package, suite ? suite : "",
			      kernel->packaging, kernel->has_modules, 0);

	json_decref(meta);
	return row;
}

static const char *row_str(const json_t *row, const char *key)
{
	const char *s = json_string_value(json_object_get(row, key));

	return s ? s : "";
}

/* By package version as the ladder is; a file has only the version that it says itself. */
static const char *row_order(const json_t *row)
{
	const char *package = row_str(row, "package");

	return *package ? package : row_str(row, "version");
}

static json_t *find_row(json_t *rows, const char *package)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
		if (*package && !strcmp(row_str(row, "package"), package))
			return row;
	return NULL;
}

static void insert_row(json_t *rows, json_t *row)
{
	size_t i = json_array_size(rows);

	while (i && kernel_version_cmp(row_order(json_array_get(rows, i - 1)), row_order(row)) > 0)
		i--;
	json_array_insert_new(rows, i, row);
}

/* Also what is in the cache and not, or no longer, on the ladder. */
static void add_cached(json_t *rows)
{
	struct cached cached;
	size_t i;

	load_cached(&cached);
	for (i = 0; i < cached.nr; i++) {
		const struct kernel *kernel = &cached.kernel[i];
		json_t *row = find_row(rows, kernel->package);

		if (!row) {
			row = cached_row(kernel);
			insert_row(rows, row);
		}
		json_object_set_new(row, "cached", json_true());
		json_object_set_new(row, "id", json_string(kernel->id));
	}
	kernels_release(cached.kernel, cached.nr);
}

/* One image may have been built of several inputs: each name is a line. */
static void add_name(const char *name, const json_t *about, void *ctx)
{
	struct kernel kernel;
	json_t *rows = ctx, *row;

	(void)about;
	if (find_row(rows, name) || built_find(name, &kernel, NULL))
		return;
	row = new_row(name, name, "", kernel.packaging, kernel.has_modules, 0);
	json_object_set_new(row, "cached", json_true());
	json_object_set_new(row, "id", json_string(kernel.id));
	insert_row(rows, row);
	kernel_release(&kernel);
}

static void add_names(json_t *rows)
{
	struct err err = {""};

	if (built_each(add_name, rows, &err))
		die(&err);
}

static json_t *list_rows(bool refresh)
{
	json_t *rows = json_array();
	struct err err = {""};
	struct ladder ladder;
	size_t i;

	if (ladder_load(&ladder, refresh, &err)) {
		fprintf(stderr, "wringer: %s\n", err.msg);
		say("only what is in the cache is listed");
	} else {
		for (i = 0; i < ladder.nr; i++)
			json_array_append_new(rows, rung_row(&ladder.rung[i]));
		ladder_release(&ladder);
	}
	add_cached(rows);
	add_names(rows);
	return rows;
}

#define LIST_COLUMNS 7

static const struct {
	const char *head;
	const char *key;
} columns[LIST_COLUMNS] = {
	{"version", "version"}, {"package", "package"}, {"suite", "suite"},
	{"packaging", "packaging"}, {"modules", "modules"}, {"cached", "cached"},
	{"MiB", "download_bytes"},
};

static const char *cell(const json_t *row, size_t column, char out[32])
{
	json_t *v = json_object_get(row, columns[column].key);

	if (json_is_boolean(v))
		return json_is_true(v) ? "yes" : "no";
	if (json_is_string(v))
		return *json_string_value(v) ? json_string_value(v) : "-";
	snprintf(out, 32, "%.1f", (double)json_integer_value(v) / (1 << 20));
	return json_integer_value(v) ? out : "-";
}

static void widths(const json_t *rows, int width[LIST_COLUMNS])
{
	char text[32];
	json_t *row;
	size_t i, c;

	for (c = 0; c < LIST_COLUMNS; c++)
		width[c] = (int)strlen(columns[c].head);
	json_array_foreach(rows, i, row)
		for (c = 0; c < LIST_COLUMNS; c++) {
			int len = (int)strlen(cell(row, c, text));

			if (len > width[c])
				width[c] = len;
		}
}

/* The last column is a number and stands to the right. */
static void print_cell(const char *text, size_t column, const int *width)
{
	if (column == LIST_COLUMNS - 1)
		printf("%*s\n", width[column], text);
	else
		printf("%-*s  ", width[column], text);
}

static void print_rows(const json_t *rows)
{
	int width[LIST_COLUMNS];
	char text[32];
	json_t *row;
	size_t i, c;

	widths(rows, width);
	for (c = 0; c < LIST_COLUMNS; c++)
		print_cell(columns[c].head, c, width);
	json_array_foreach(rows, i, row)
		for (c = 0; c < LIST_COLUMNS; c++)
			print_cell(cell(row, c, text), c, width);
}

static int kernel_list(char **name, const struct kernel_cmd *o)
{
	json_t *rows;

	if (*name)
		die_usage(&cmd_kernel, "list takes no '%s'", *name);
	rows = list_rows(o->refresh);
	if (o->json) {
		print_json(rows);
		return EXIT_FINE;
	}
	print_rows(rows);
	json_decref(rows);
	return EXIT_FINE;
}

static size_t count_modules(const struct kernel *kernel)
{
	cleanup_free char *path = xasprintf("%s/modules", kernel->dir);
	char *roots[] = {path, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	size_t n = 0;
	FTSENT *e;

	while (fts && (e = fts_read(fts)))
		if (e->fts_info == FTS_F || e->fts_info == FTS_NSOK)
			n += strstr(e->fts_name, ".ko") != NULL;
	if (fts)
		fts_close(fts);
	return n;
}

static json_t *describe(const struct kernel *kernel)
{
	cleanup_free char *config = xasprintf("%s/config", kernel->dir);
	json_t *out = read_meta(kernel);

	json_object_set_new(out, "folder", json_string(kernel->dir));
	json_object_set_new(out, "config", json_boolean(file_exists(config)));
	json_object_set_new(out, "modules", json_integer((json_int_t)count_modules(kernel)));
	return out;
}

static void print_field(const char *key, const char *value)
{
	printf("  %-10s %s\n", key, *value ? value : "-");
}

static void print_kernel(const json_t *kernel)
{
	static const char *const keys[] = {"version", "package", "suite", "packaging", "release",
					   "folder"};
	bool config = json_is_true(json_object_get(kernel, "config"));
	char modules[24];
	json_t *package;
	size_t i;

	snprintf(modules, sizeof(modules), "%lld",
		 (long long)json_integer_value(json_object_get(kernel, "modules")));
	printf("kernel %s\n", row_str(kernel, "id"));
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		print_field(keys[i], row_str(kernel, keys[i]));
	print_field("config", config ? "yes" : "no");
	print_field("modules", modules);
	json_array_foreach(json_object_get(kernel, "packages"), i, package) {
		print_field("from", row_str(package, "file"));
		print_field("  sha256", row_str(package, "sha256"));
	}
}

static void print_kernels(json_t *list, bool json)
{
	json_t *kernel;
	size_t i;

	if (json) {
		print_json(list);
		return;
	}
	json_array_foreach(list, i, kernel)
		print_kernel(kernel);
	json_decref(list);
}

static int kernel_cmd_fetch(char **name, const struct kernel_cmd *o)
{
	json_t *list = json_array();
	struct err err = {""};
	struct ladder ladder;

	if (!*name)
		die_usage(&cmd_kernel, "fetch which? a version, a branch, or 'newest'");
	if (o->refresh) {
		if (ladder_load(&ladder, true, &err))
			die(&err);
		ladder_release(&ladder);
	}
	for (; *name; name++) {
		struct kernel kernel;

		if (kernel_resolve(*name, say, &kernel, &err))
			die(&err);
		if (!o->json)
			printf("%s  %s\n", kernel.id, kernel.release);
		json_array_append_new(list, describe(&kernel));
		kernel_release(&kernel);
	}
	if (o->json)
		print_json(list);
	else
		json_decref(list);
	return EXIT_FINE;
}

/* The cache as a ladder, so that a name means here what it means after -k. */
static const struct kernel *find_named(const struct cached *cached, const char *name)
{
	struct ladder ladder = {xcalloc(cached->nr + 1, sizeof(*ladder.rung)), cached->nr};
	const struct kernel *found = NULL;
	const struct rung *rung;
	size_t i;

	for (i = 0; i < cached->nr; i++) {
		ladder.rung[i].version = cached->kernel[i].version;
		ladder.rung[i].package = cached->kernel[i].package;
	}
	if (*name && !ladder_find(&ladder, name, &rung, NULL))
		found = &cached->kernel[rung - ladder.rung];
	free(ladder.rung);
	return found;
}

static const struct kernel *find_id(const struct cached *cached, const char *prefix)
{
	const struct kernel *found = NULL;
	struct err err = {""};
	size_t i;

	if (strlen(prefix) < ID_PREFIX_MIN)
		return NULL;
	for (i = 0; i < cached->nr; i++) {
		if (strncmp(cached->kernel[i].id, prefix, strlen(prefix)))
			continue;
		if (found) {
			err_set(&err, -ENOTUNIQ, "several kernels have an id that starts with '%s'",
				prefix);
			die(&err);
		}
		found = &cached->kernel[i];
	}
	return found;
}

/* A kernel that has another name by what was built first. */
static const struct kernel *find_built(const struct cached *cached, const char *name)
{
	const struct kernel *found;
	struct kernel kernel;

	if (built_find(name, &kernel, NULL))
		return NULL;
	found = find_id(cached, kernel.id);
	kernel_release(&kernel);
	return found;
}

static const struct kernel *find_cached(const struct cached *cached, const char *name)
{
	const struct kernel *kernel = find_named(cached, name);
	struct err err = {""};

	if (!kernel)
		kernel = find_built(cached, name);
	if (!kernel)
		kernel = find_id(cached, name);
	if (kernel)
		return kernel;
	err_set(&err, -ENOENT, "kernel '%s' is not in the cache; 'wringer kernel fetch' gets it, "
			       "'wringer kernel list' says what there is", name);
	die(&err);
}

static int kernel_show(char **name, const struct kernel_cmd *o)
{
	json_t *list = json_array();
	struct cached cached;
	size_t i;

	if (o->refresh)
		die_usage(&cmd_kernel, "show takes no --refresh");
	load_cached(&cached);
	for (i = 0; !*name && i < cached.nr; i++)
		json_array_append_new(list, describe(&cached.kernel[i]));
	for (; *name; name++)
		json_array_append_new(list, describe(find_cached(&cached, *name)));
	kernels_release(cached.kernel, cached.nr);
	print_kernels(list, o->json);
	return EXIT_FINE;
}

static const struct verb {
	const char *name;
	int (*run)(char **name, const struct kernel_cmd *o);
} verbs[] = {{"list", kernel_list}, {"fetch", kernel_cmd_fetch}, {"show", kernel_show},
	     {"build", kernel_build}};

static int run_kernel(int argc, char **argv)
{
	struct kernel_cmd o = {0};
	size_t i;

	if (!cmd_parse(&cmd_kernel, argc, argv, &o))
		die_usage(&cmd_kernel, "what to do? list, fetch, show or build");
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].name, argv[1]))
			return verbs[i].run(argv + 2, &o);
	die_usage(&cmd_kernel, "'%s' is not one of list, fetch, show, build", argv[1]);
}

const struct cmd cmd_kernel = {
	.name = "kernel",
	.summary = "list, fetch, build and show the kernels that can be run",
	.usage = "list | fetch NAME... | show [NAME|ID]... | build TREE[@COMMIT]",
	CMD_OPTIONS(kernel_options),
	.examples = "  wringer kernel list\n"
		    "  wringer kernel fetch 6.1 6.12 newest\n"
		    "  wringer kernel show 6.12\n"
		    "  wringer kernel build ~/linux@v7.3 --config base,numa\n"
		    "  wringer kernel build debian:7.3 --patches ./mine --each\n",
	.run = run_kernel,
};
