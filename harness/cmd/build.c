// SPDX-License-Identifier: GPL-2.0-only
/* "wringer kernel build": a kernel from source, or one for each prefix of a series of patches. */
#include "kernel/build.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cmd/kernel.h"
#include "experiment/experiment.h"

#define BOOT_LIMIT_MS (10 * 60 * 1000)

static bool tty;

static void on_signal(int sig)
{
	(void)sig;
	build_stop = true;
}

/* Only on a terminal: one line that changes. */
static void progress(const struct build_progress *p, void *ctx)
{
	(void)ctx;
	if (!tty)
		return;
	fprintf(stderr, "\r\033[K");
	if (p->last)
		return;
	fprintf(stderr, "%zu of about %zu files, %.0f s", p->done, p->total, p->seconds);
	if (p->left >= 0)
		fprintf(stderr, ", about %.0f s left", p->left);
}

/* A folder, or else the name of one in kernel-config/patches/; the heap string is the caller's. */
static char *find_patches(const char *name)
{
	cleanup_free char *path = NULL;

	if (!name)
		return NULL;
	path = xasprintf("%s/kernel-config/patches/%s", path_data(), name);
	return xstrdup(!file_exists(name) && file_exists(path) ? path : name);
}

static struct build build_of(const char *tree, const struct kernel_cmd *o, const char *patches)
{
	static char *base[] = {(char *)"base", NULL};

	return (struct build){
		.tree = tree,
		.fragments = o->config.nr ? o->config.item : base,
		.patches = patches,
		.nr_patches = BUILD_ALL,
		.toolchain = o->toolchain,
		.jobs = (unsigned int)o->jobs,
		.say = say,
		.progress = progress,
	};
}

static bool about_source(int ret)
{
	return ret == BUILD_BROKEN || ret == BUILD_CONFIG || ret == BUILD_CONFLICT;
}

static int build_one(const struct build *b, const struct kernel_cmd *o)
{
	struct err err = {""};
	struct built built;
	int ret = build_kernel(b, &built, &err);

	if (about_source(ret)) {
		fprintf(stderr, "wringer: %s\n", err.msg);
		return EXIT_FINDING;
	}
	if (ret)
		die(&err);
	if (o->json)
		print_json(json_incref(built.about));
	else
		puts(built.name);
	built_release(&built);
	return EXIT_FINE;
}

/* ---- --each ---- */

/* NULL when it runs, else what was wrong: a status, or a sentence in err. */
static const char *boot(char *name, const struct kernel_cmd *o, struct err *err)
{
	cleanup_free char *own = xasprintf("%s/kernel-config/boot.conf", path_data());
	char *kernel[] = {name, NULL}, *policy[] = {(char *)"mglru", NULL};
	char *scenario[] = {o->scenario ? (char *)o->scenario : own, NULL};
	char *guest[] = {o->guest ? (char *)o->guest : (char *)"tiny", NULL};
	uint64_t seed = 1;
	struct axes axes = {.kernel = kernel, .guest = guest, .policy = policy,
			    .scenario = scenario, .seed = &seed, .nr_seeds = 1};
	struct run_opts opts = {.jobs = 1, .limit_ms = BOOT_LIMIT_MS, .stop = &build_stop};
	struct experiments exps;
	const char *bad = NULL;
	int ret = experiments_plan(&axes, say, &exps, err);

	if (ret)
		return err->msg;
	ret = experiments_run(&exps, &opts, err);
	if (ret)
		bad = err->msg;
	else if (exps.exp[0].status != STATUS_DONE)
		bad = status_name(exps.exp[0].status);
	experiments_release(&exps);
	return bad;
}

static const char *verdict_of(int ret)
{
	return ret == BUILD_CONFLICT ? "does-not-apply" : ret == BUILD_CONFIG ? "bad-config" :
	       ret ? "does-not-compile" : "boots";
}

/* One line for a prefix; false when something is wrong with it. */
static bool try_prefix(const struct build *b, const char *last, const struct kernel_cmd *o,
		       json_t *rows)
{
	struct err err = {""};
	struct built built;
	const char *verdict, *why = NULL;
	int ret = build_kernel(b, &built, &err);

	if (ret && !about_source(ret))
		die(&err);
	verdict = verdict_of(ret);
	if (ret)
		why = err.msg;
	else if ((why = boot(built.name, o, &err)))
		verdict = "fails";
	if (build_stop)
		die(&err);
	if (rows)
		json_array_append_new(rows, json_pack("{s:I, s:s, s:s, s:s, s:s}", "patches",
						      (json_int_t)b->nr_patches, "last", last,
						      "verdict", verdict, "why", why ? why : "",
						      "kernel", ret ? "" : built.name));
	else
		printf("%3zu  %-16s  %s\n", b->nr_patches, verdict, last);
	fflush(stdout);
	if (why)
		fprintf(stderr, "wringer: %s: %s\n", last, why);
	if (!ret)
		built_release(&built);
	return !why;
}

/* From none to all; after one that does not apply no other can. */
static int build_each(struct build *b, const struct kernel_cmd *o)
{
	json_t *rows = o->json ? json_array() : NULL;
	struct err err = {""};
	struct patches series;
	size_t bad = 0;

	if (patches_load(b->patches, &series, &err))
		die(&err);
	for (b->nr_patches = 0; b->nr_patches <= series.nr; b->nr_patches++)
		bad += !try_prefix(b, b->nr_patches ? series.name[b->nr_patches - 1] : "(none)", o,
				   rows);
	patches_release(&series);
	if (rows)
		print_json(rows);
	return bad ? EXIT_FINDING : EXIT_FINE;
}

int kernel_build(char **tree, const struct kernel_cmd *o)
{
	cleanup_free char *patches = find_patches(o->patches);
	struct build b;

	if (!*tree || tree[1])
		die_usage(&cmd_kernel, "build which tree? one: PATH, PATH@COMMIT or debian:7.3");
	if (o->each && !patches)
		die_usage(&cmd_kernel, "--each wants --patches");
	if (o->jobs > 1024)
		die_usage(&cmd_kernel, "--jobs is 1 to 1024");
	if (o->results)
		path_set_results(o->results);
	tty = isatty(STDERR_FILENO);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	b = build_of(*tree, o, patches);
	return o->each ? build_each(&b, o) : build_one(&b, o);
}
