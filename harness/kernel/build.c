// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/build.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "kernel/fragment.h"
#include "kernel/internal.h"
#include "kernel/make.h"
#include "kernel/source.h"
#include "kernel/toolchain.h"

/* Raised when the same inputs would give another image. */
#define BUILD_VERSION 1
/* What a lean kernel prints, for the first estimate in a folder. */
#define LINES_GUESS 2300
/* How many symbols a complaint names. */
#define WRONG_MAX 4

/* All that a build works with. */
struct job {
	const struct build *build;
	struct source source;
	struct patches series;
	size_t nr_patches;
	struct fragment fragment[FRAGMENTS_MAX];
	size_t nr_fragments;
	const char *arch;
	struct toolchain toolchain;
	char input[SHA256_HEX];
	char *name; /* of the kernel */
	char *out;  /* its build folder */
	char *src;
	char *log;
	double seconds;
};

static void job_release(struct job *j)
{
	while (j->nr_fragments)
		fragment_release(&j->fragment[--j->nr_fragments]);
	patches_release(&j->series);
	source_release(&j->source);
	toolchain_release(&j->toolchain);
	free(j->name);
	free(j->out);
	free(j->src);
	free(j->log);
}

/* ---- what was built ---- */

static char *built_path(const char *name)
{
	return xasprintf("%s/builds/%s.json", path_cache(), name);
}

static json_t *load_about(const char *name)
{
	cleanup_free char *path = built_path(name);
	cleanup_buf struct buf text = {0};

	if (strchr(name, '/') || !file_exists(path) || file_read(path, &text, NULL))
		return NULL;
	return json_loadb(buf_str(&text), text.len, 0, NULL);
}

/* A note whose kernel was removed from the cache is as good as none. */
static int open_built(const json_t *about, struct kernel *out, struct err *err)
{
	const char *id = json_string_value(json_object_get(about, "kernel"));

	return kernel_open(id ? id : "", out, err);
}

int built_find(const char *name, struct kernel *out, struct err *err)
{
	json_t *about = load_about(name);
	int ret = about ? open_built(about, out, err) : -ENOENT;

	json_decref(about);
	if (ret)
		return err_set(err, -ENOENT, "no kernel was built under the name %s", name);
	/* Several builds may have given the same image; each has its name. */
	free(out->version);
	free(out->package);
	out->version = xstrdup(name);
	out->package = xstrdup(name);
	return 0;
}

int built_each(void (*take)(const char *name, const json_t *about, void *ctx), void *ctx,
	       struct err *err)
{
	cleanup_free char *path = xasprintf("%s/builds", path_cache());
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot read %s", path);
	while ((e = readdir(dir))) {
		size_t len = strlen(e->d_name);
		cleanup_free char *name = NULL;
		json_t *about;

		if (len <= 5 || strcmp(e->d_name + len - 5, ".json"))
			continue;
		name = xasprintf("%.*s", (int)len - 5, e->d_name);
		about = load_about(name);
		if (json_is_object(about))
			take(name, about, ctx);
		json_decref(about);
	}
	closedir(dir);
	return 0;
}

void built_release(struct built *built)
{
	kernel_release(&built->kernel);
	free(built->name);
	json_decref(built->about);
	memset(built, 0, sizeof(*built));
}

/* ---- the inputs ---- */

static int load_fragments(struct job *j, struct err *err)
{
	char *const *name = j->build->fragments;
	size_t i;
	int ret = 0;

	for (; !ret && *name; name++) {
		struct fragment *f = &j->fragment[j->nr_fragments];

		if (j->nr_fragments == FRAGMENTS_MAX)
			return err_set(err, -E2BIG, "more than %d fragments", FRAGMENTS_MAX);
		ret = fragment_load(*name, f, err);
		if (ret)
			return ret;
		j->nr_fragments++;
		for (i = 0; i + 1 < j->nr_fragments; i++)
			if (!strcmp(j->fragment[i].name, f->name))
				return err_set(err, -EINVAL, "two fragments are called %s", f->name);
		if (f->arch && j->arch && strcmp(f->arch, j->arch))
			return err_set(err, -EINVAL, "fragment %s is for %s, another for %s", f->name,
				       f->arch, j->arch);
		if (f->arch)
			j->arch = f->arch;
	}
	if (!j->nr_fragments)
		return err_set(err, -EINVAL, "which configuration? say base, or more fragments");
	if (!j->arch)
		j->arch = "x86_64";
	return 0;
}

static bool asks_for(const struct job *j, const char *symbol)
{
	size_t f, i;

	for (f = 0; f < j->nr_fragments; f++)
		for (i = 0; i < j->fragment[f].nr; i++)
			if (!strcmp(j->fragment[f].symbol[i].name, symbol) &&
			    !strcmp(j->fragment[f].symbol[i].value, "y"))
				return true;
	return false;
}

static int load_series(struct job *j, struct err *err)
{
	int ret;

	if (!j->build->patches)
		return 0;
	ret = patches_load(j->build->patches, &j->series, err);
	j->nr_patches = j->build->nr_patches < j->series.nr ? j->build->nr_patches : j->series.nr;
	if (!ret && j->nr_patches)
		ret = source_patch(&j->source, &j->series, j->nr_patches, err);
	return ret;
}

/* "base+numa": may only hold what a file name and a kernel's name may. */
static void join_fragments(const struct job *j, struct buf *out)
{
	size_t i, k;

	for (i = 0; i < j->nr_fragments; i++) {
		const char *name = j->fragment[i].name;

		buf_adds(out, i ? "+" : "");
		for (k = 0; name[k] && k < 24; k++)
			buf_add(out, strchr("/, \t\n@:", name[k]) ? "_" : &name[k], 1);
	}
}

/* Of fragments what they say, not how they are called; of the toolchain its versions. */
static void hash_config(const struct job *j, struct buf *out)
{
	size_t i;

	buf_printf(out, "wringer build %d\narch %s\n", BUILD_VERSION, j->arch);
	for (i = 0; i < j->nr_fragments; i++)
		buf_printf(out, "fragment %s\n", j->fragment[i].sha256);
	buf_printf(out, "compiler %s\nlinker %s\npahole %s\n", j->toolchain.compiler,
		   j->toolchain.linker, asks_for(j, "DEBUG_INFO_BTF") ? j->toolchain.pahole : "");
}

/*
 * The folder is of the tree and the configuration, so that the next commit finds what the last one
 * compiled; the kernel's name is of all that there is.
 */
static void name_it(struct job *j)
{
	cleanup_buf struct buf text = {0}, frags = {0};
	char key[SHA256_HEX];

	hash_config(j, &text);
	sha256_buf(buf_str(&text), text.len, key);
	buf_printf(&text, "source %s\n", j->source.tree);
	sha256_buf(buf_str(&text), text.len, j->input);
	join_fragments(j, &frags);
	j->name = xasprintf("%s-%s-%.8s", j->source.version, buf_str(&frags), j->input);
	j->src = xasprintf("%s/src", j->source.dir);
	j->out = xasprintf("%s/build-%.12s", j->source.dir, key);
	j->log = xasprintf("%s.log", j->out);
}

static int prepare(struct job *j, struct err *err)
{
	const struct build *b = j->build;
	struct toolchain_wants wants = {.lz4 = false};
	int ret = load_fragments(j, err);

	if (!ret)
		ret = source_open(b->tree, b->commit, b->say, &j->source, err);
	if (!ret)
		ret = load_series(j, err);
	if (ret)
		return ret;
	toolchain_read_wants(&j->source, asks_for(j, "DEBUG_INFO_BTF"), &wants);
	wants.lz4 = asks_for(j, "KERNEL_LZ4");
	ret = toolchain_open(b->toolchain, &j->source, &wants, b->say, &j->toolchain, err);
	if (!ret)
		name_it(j);
	return ret;
}

/* ---- the configuration ---- */

struct wrong {
	const struct job *job;
	struct buf text;
	size_t nr;
};

static void say_wrong(const struct fragment *of, const struct symbol *s, const char *got, void *ctx)
{
	struct wrong *w = ctx;

	if (w->nr++ >= WRONG_MAX)
		return;
	buf_adds(&w->text, w->text.len ? "; " : "");
	if (!strcmp(got, "n") && !source_has_symbol(&w->job->source, s->name))
		buf_printf(&w->text, "this tree has no symbol CONFIG_%s (fragment %s, line %d)", s->name,
			   of->name, s->line);
	else
		buf_printf(&w->text, "CONFIG_%s is %s, not %s as fragment %s asks in line %d", s->name,
			   got, s->value, of->name, s->line);
}

static int check_config(const struct job *j, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/.config", j->out);
	struct wrong w = {.job = j};
	cleanup_buf struct buf config = {0};
	int ret = file_read(path, &config, err);

	if (ret)
		return ret;
	fragments_check(j->fragment, j->nr_fragments, buf_str(&config), say_wrong, &w);
	if (w.nr > WRONG_MAX)
		buf_printf(&w.text, "; and %zu more", w.nr - WRONG_MAX);
	if (w.nr)
		ret = err_set(err, BUILD_CONFIG, "%s (what depends on something else may be marked "
						 "\"# optional\")", buf_str(&w.text));
	buf_release(&w.text);
	return ret;
}

static struct make make_of(const struct job *j)
{
	return (struct make){.build = j->build, .source = &j->source, .toolchain = &j->toolchain,
			     .arch = j->arch, .src = j->src, .out = j->out, .log = j->log};
}

static int configure(const struct job *j, struct err *err)
{
	cleanup_free char *path = xasprintf("%s.allconfig", j->out);
	cleanup_buf struct buf text = {0};
	struct make make = make_of(j);
	int ret;

	fragments_merge(j->fragment, j->nr_fragments, &text);
	ret = file_write(path, buf_str(&text), text.len, err);
	make.allconfig = path;
	if (!ret)
		ret = make_run(&make, "allnoconfig", 0, NULL, err);
	return ret ? ret : check_config(j, err);
}

/* ---- a folder in which a build was killed ---- */

/*
 * The compiler writes an object's file in place: one that was killed may be half a file that make takes
 * for whole.  What was written since the mark is made again; with ccache that is soon done.
 */
static int remove_newer(const char *dir, const struct timespec *mark, struct err *err)
{
	char *roots[] = {(char *)dir, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	if (!fts)
		return err_sys(err, -errno, "cannot read %s", dir);
	while ((e = fts_read(fts))) {
		const struct timespec *t = &e->fts_statp->st_mtim;

		if (e->fts_info != FTS_F)
			continue;
		if (t->tv_sec > mark->tv_sec ||
		    (t->tv_sec == mark->tv_sec && t->tv_nsec >= mark->tv_nsec))
			unlink(e->fts_path);
	}
	fts_close(fts);
	return 0;
}

static char *mark_path(const struct job *j)
{
	return xasprintf("%s.unfinished", j->out);
}

static int open_folder(const struct job *j, struct err *err)
{
	cleanup_free char *mark = mark_path(j);
	struct stat st;
	int ret = dir_make(j->out, err);

	if (!ret && !stat(mark, &st))
		ret = remove_newer(j->out, &st.st_mtim, err);
	unlink(j->log);
	/* If it was there it stays as old as it is: what came after it was removed only now. */
	if (!ret && !file_exists(mark))
		ret = file_write(mark, "", 0, err);
	return ret;
}

/* make ended by itself, well or not: it left no half files. */
static void close_folder(const struct job *j)
{
	cleanup_free char *mark = mark_path(j);

	unlink(mark);
}

/* ---- the build ---- */

static size_t lines_before(const struct job *j)
{
	cleanup_free char *path = xasprintf("%s.lines", j->out);
	cleanup_buf struct buf text = {0};

	if (!file_exists(path) || file_read(path, &text, NULL))
		return LINES_GUESS;
	return strtoul(buf_str(&text), NULL, 10);
}

/* Only of a whole build: what comes after a change is soon over anyway. */
static void note_lines(const struct job *j, size_t lines)
{
	cleanup_free char *path = xasprintf("%s.lines", j->out);
	cleanup_free char *text = xasprintf("%zu\n", lines);

	if (!file_exists(path) || lines > lines_before(j))
		file_write(path, text, strlen(text), NULL);
}

static bool has_modules(const struct job *j)
{
	cleanup_free char *path = xasprintf("%s/.config", j->out);
	cleanup_buf struct buf config = {0};

	return !file_read(path, &config, NULL) && strstr(buf_str(&config), "=m\n");
}

static bool is_uml(const struct job *j)
{
	return !strcmp(j->arch, "um");
}

static int compile(struct job *j, struct err *err)
{
	cleanup_free char *target = xasprintf("%s%s", is_uml(j) ? "linux" : "bzImage",
					      has_modules(j) ? " modules" : "");
	struct make make = make_of(j);
	struct timespec from, to;
	size_t lines;
	int ret;

	clock_gettime(CLOCK_MONOTONIC, &from);
	ret = make_run(&make, target, lines_before(j), &lines, err);
	clock_gettime(CLOCK_MONOTONIC, &to);
	j->seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	if (!ret)
		note_lines(j, lines);
	return ret;
}

/* ---- into the cache ---- */

static int copy_out(const struct job *j, const char *from, const struct draft *draft, const char *to,
		    bool required, struct err *err)
{
	cleanup_free char *source = xasprintf("%s/%s", j->out, from);
	cleanup_free char *target = xasprintf("%s/%s", draft->kernel, to);
	int ret;

	if (!required && !file_exists(source))
		return 0;
	ret = parent_make(target, err);
	return ret ? ret : file_copy(source, target, err);
}

/* A line of modules.order is "[kernel/]fs/x.ko", or since 6.2 "fs/x.o". */
static int take_module(const struct job *j, const struct draft *draft, char *line, struct err *err)
{
	size_t len = strlen(line);
	cleanup_free char *from = NULL, *to = NULL;

	if (!strncmp(line, "kernel/", 7) && len > 3 && !strcmp(line + len - 3, ".ko"))
		line += 7;
	len = strlen(line);
	if (len < 3 || *line == '/' || strstr(line, ".."))
		return 0;
	if (!strcmp(line + len - 2, ".o"))
		line[len - 2] = '\0';
	else if (len > 3)
		line[len - 3] = '\0';
	from = xasprintf("%s.ko", line);
	to = xasprintf("modules/%s.ko", line);
	return copy_out(j, from, draft, to, true, err);
}

static int take_built_modules(const struct job *j, const struct draft *draft, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/modules.order", j->out);
	cleanup_buf struct buf text = {0};
	char *rest, *line;
	size_t nr = 0;
	int ret = 0;

	if (!has_modules(j) || !file_exists(path))
		return 0;
	ret = file_read(path, &text, err);
	for (rest = text.data; !ret && rest && (line = strsep(&rest, "\n"));)
		if (*line && nr++ < KERNEL_FILES_MAX)
			ret = take_module(j, draft, line, err);
	return ret;
}

static int fill_draft(const struct job *j, struct draft *draft, struct err *err)
{
	int ret = is_uml(j) ? copy_out(j, "linux", draft, "linux", true, err) :
			      copy_out(j, "arch/x86/boot/bzImage", draft, "vmlinuz", true, err);

	if (!ret)
		ret = copy_out(j, ".config", draft, "config", true, err);
	if (!ret)
		ret = copy_out(j, "modules.builtin", draft, "modules.builtin", false, err);
	return ret ? ret : take_built_modules(j, draft, err);
}

static json_t *about_source(const struct job *j)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "from", j->source.from, "package",
			 j->source.origin, "commit", j->source.commit, "tree", j->source.tree,
			 "version", j->source.version);
}

static json_t *about_patches(const struct job *j)
{
	json_t *names = json_array();
	char hex[SHA256_HEX] = "";
	size_t i;

	for (i = 0; i < j->nr_patches; i++)
		json_array_append_new(names, json_string(j->series.name[i]));
	if (j->nr_patches)
		patches_hash(&j->series, j->nr_patches, hex);
	return json_pack("{s:s, s:o}", "sha256", hex, "applied", names);
}

static json_t *about_fragments(const struct job *j)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < j->nr_fragments; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", j->fragment[i].name,
						      "sha256", j->fragment[i].sha256));
	return list;
}

static json_t *about_toolchain(const struct job *j)
{
	const struct toolchain *t = &j->toolchain;

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name", t->name, "why", t->why, "compiler",
			 t->compiler, "linker", t->linker, "pahole", t->pahole, "ccache", t->ccache);
}

static json_t *about(const struct job *j)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:f}", "name", j->name, "input", j->input,
			 "arch", j->arch, "source", about_source(j), "patches", about_patches(j),
			 "fragments", about_fragments(j), "toolchain", about_toolchain(j), "seconds",
			 j->seconds);
}

static int write_about(const struct job *j, json_t *json, struct err *err)
{
	cleanup_free char *path = built_path(j->name);
	char *dump = json ? json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
	int ret;

	if (!dump)
		return err_set(err, -EINVAL, "names that are no text cannot be kept: %s", j->name);
	ret = parent_make(path, err);
	if (!ret)
		ret = file_write(path, dump, strlen(dump), err);
	free(dump);
	return ret;
}

static int keep(const struct job *j, struct built *out, struct err *err)
{
	cleanup_draft struct draft draft = {.lock = -1};
	int ret = draft_open(&draft, err);

	out->about = about(j);
	if (!ret && !out->about)
		ret = err_set(err, -EINVAL, "names that are no text cannot be kept: %s", j->name);
	if (!ret)
		ret = fill_draft(j, &draft, err);
	if (ret)
		return ret;
	draft.version = j->name;
	draft.package = j->name;
	draft.packaging = "build";
	draft.build = out->about;
	ret = draft_commit(&draft, &out->kernel, err);
	if (!ret)
		json_object_set_new(out->about, "kernel", json_string(out->kernel.id));
	return ret ? ret : write_about(j, out->about, err);
}

static int do_build(struct job *j, struct built *out, struct err *err)
{
	cleanup_free char *line = xasprintf("building kernel %s", j->name);
	int ret;

	if (j->build->say)
		j->build->say(line);
	ret = source_checkout(&j->source, err);
	if (!ret)
		ret = open_folder(j, err);
	if (!ret)
		ret = configure(j, err);
	if (!ret)
		ret = compile(j, err);
	if (!ret || ret == BUILD_BROKEN || ret == BUILD_CONFIG)
		close_folder(j);
	return ret ? ret : keep(j, out, err);
}

/* By the whole hash: a name has only a part of it. */
static bool find_built(const struct job *j, struct built *out)
{
	const char *input;

	out->about = load_about(j->name);
	input = json_string_value(json_object_get(out->about, "input"));
	if (input && !strcmp(input, j->input) && !open_built(out->about, &out->kernel, NULL))
		return true;
	json_decref(out->about);
	out->about = NULL;
	return false;
}

int build_kernel(const struct build *build, struct built *out, struct err *err)
{
	struct job j = {.build = build, .source = SOURCE_NONE};
	int ret;

	memset(out, 0, sizeof(*out));
	ret = prepare(&j, err);
	if (!ret) {
		out->name = xstrdup(j.name);
		out->cached = find_built(&j, out);
		if (!out->cached)
			ret = do_build(&j, out, err);
	}
	job_release(&j);
	if (ret)
		built_release(out);
	return ret;
}
