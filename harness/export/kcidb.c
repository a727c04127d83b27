// SPDX-License-Identifier: GPL-2.0-only
/*
 * KCIDB: a checkout and a build for each kernel, a test for each case.
 *
 * Of a kernel's sources no more is known than what its package or file is called, so a checkout has its
 * identity from the build.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/visible.h"
#include "export/internal.h"
#include "report/values.h"

#define VERSION_MAJOR 5
#define VERSION_MINOR 3

bool export_is_origin(const char *origin)
{
	return *origin && !origin[strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

static json_t *shown(const json_t *object, const char *key)
{
	cleanup_free char *text = visible_in(text_of(object, key), EXPORT_NAME_MAX);

	return json_string(text);
}

static json_t *with_origin(const char *origin, const char *id)
{
	return json_sprintf("%s:%s", origin, id);
}

/* The kernel's content tells builds apart. */
static char *kernel_id(const struct export_group *g)
{
	const json_t *kernel = json_object_get(g->spec, "kernel");
	const char *id = text_of(kernel, "id");

	return visible_in(*id ? id : text_of(kernel, "version"), EXPORT_NAME_MAX);
}

static json_t *number_of(double value)
{
	return value == floor(value) && fabs(value) < 9007199254740992.0 ? json_integer((json_int_t)value)
									  : json_real(value);
}

static json_t *checkout_of(const char *origin, const char *id, const json_t *kernel)
{
	cleanup_free char *version = visible_in(text_of(kernel, "version"), EXPORT_NAME_MAX);

	return json_pack("{s:o, s:s, s:o, s:b}", "id", with_origin(origin, id), "origin", origin, "comment",
			 json_sprintf("Linux %s", version), "valid", 1);
}

/* "x86_64" of "qemu-system-x86_64"; a program that is not QEMU does not say. */
static void add_architecture(json_t *build, const json_t *engine)
{
	static const char start[] = "qemu-system-";
	const char *program = json_string_value(json_array_get(json_object_get(engine, "args"), 0));
	const char *arch = program ? strstr(program, start) : NULL;

	if (!arch)
		return;
	arch += strlen(start);
	if (!arch[strspn(arch, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		json_object_set_new(build, "architecture", json_string(arch));
}

static json_t *build_of(const char *origin, const char *id, const json_t *spec)
{
	const json_t *kernel = json_object_get(spec, "kernel");
	json_t *build = json_pack("{s:o, s:o, s:s, s:o, s:s, s:{s:o, s:o, s:o}}", "id", with_origin(origin, id),
				  "checkout_id", with_origin(origin, id), "origin", origin, "comment",
				  shown(kernel, "package"), "status", "PASS", "misc", "version",
				  shown(kernel, "version"), "package", shown(kernel, "package"), "release",
				  shown(kernel, "release"));

	add_architecture(build, json_object_get(spec, "engine"));
	return build;
}

static void add_kernel(const struct export_group *g, const char *origin, json_t *checkouts, json_t *builds)
{
	cleanup_free char *id = kernel_id(g);
	json_t *full = with_origin(origin, id), *one;
	bool known = false;
	size_t i;

	json_array_foreach(builds, i, one)
		known |= json_equal(json_object_get(one, "id"), full);
	json_decref(full);
	if (known)
		return;
	json_array_append_new(checkouts, checkout_of(origin, id, json_object_get(g->spec, "kernel")));
	json_array_append_new(builds, build_of(origin, id, g->spec));
}

static json_t *values_of(const struct export_case *c)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < c->nr; i++)
		json_object_set_new(out, c->value[i].name, json_pack("{s:o, s:s}", "value", number_of(c->value[i].value),
								     "unit", c->value[i].unit));
	return out;
}

/* There is room for one number, and none for what it is: the first, which misc names. */
static void add_number(json_t *test, const struct export_case *c)
{
	const struct export_value *v = c->value;
	json_t *number;

	if (!c->nr || c->status == EXPORT_MISS || c->status == EXPORT_SKIP)
		return;
	number = json_pack("{s:o}", "value", number_of(v->value));
	if (*v->unit)
		json_object_set_new(number, "unit", json_string(v->unit));
	json_object_set_new(test, "number", number);
	json_object_set_new(json_object_get(test, "misc"), "number", json_string(v->name));
}

static void add_times(json_t *test, const struct export_case *c)
{
	time_t start = c->start;
	char text[32];
	struct tm tm;

	if (c->seconds >= 0)
		json_object_set_new(test, "duration", json_real(c->seconds));
	if (start >= 0 && gmtime_r(&start, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S+00:00", &tm))
		json_object_set_new(test, "start_time", json_string(text));
}

static json_t *misc_of(const struct export_group *g, const struct export_case *c)
{
	json_t *misc = json_pack("{s:s, s:o}", "outcome", c->word, "metrics", values_of(c));
	size_t i;

	for (i = 0; i < AXIS_NR; i++)
		json_object_set_new(misc, axis_name((enum axis)i), json_string(g->label[i]));
	if (g->suite) {
		json_object_set_new(misc, "suite", json_string(g->suite));
		json_object_set_new(misc, "cells", json_string(g->cells));
	} else {
		json_object_set_new(misc, "experiment", json_string(c->id));
		json_object_set_new(misc, "seed", json_integer((json_int_t)c->seed));
	}
	return misc;
}

static json_t *environment_of(const struct export_group *g)
{
	return json_pack("{s:o, s:{s:o}}", "comment",
			 json_sprintf("guest %s, engine %s", g->label[AXIS_GUEST], g->label[AXIS_ENGINE]), "misc",
			 "qemu", shown(json_object_get(g->spec, "engine"), "qemu"));
}

/* The kernel is the build's, so that paths of several kernels are the same. */
static json_t *path_of(const struct export_group *g, const struct export_case *c)
{
	cleanup_free char *path = group_path(g, false);
	cleanup_buf struct buf out = {0};

	buf_printf(&out, "wringer.%s", path);
	part_add(&out, c->name);
	return json_string(buf_str(&out));
}

static json_t *test_of(const struct export_group *g, const struct export_case *c, const char *origin)
{
	static const char *const status[EXPORT_STATUSES] = {
		[EXPORT_FAIL] = "FAIL", [EXPORT_ERROR] = "ERROR", [EXPORT_MISS] = "MISS", [EXPORT_PASS] = "PASS",
		[EXPORT_DONE] = "DONE", [EXPORT_SKIP] = "SKIP",
	};
	cleanup_free char *kernel = kernel_id(g), *says = case_says(c);
	json_t *test = json_pack("{s:o, s:o, s:s, s:o, s:s, s:s, s:o, s:o}", "id",
				 with_origin(origin, c->id), "build_id", with_origin(origin, kernel), "origin",
				 origin, "path", path_of(g, c), "status", status[c->status], "comment", says, "misc",
				 misc_of(g, c), "environment", environment_of(g));

	if (*c->log)
		json_object_set_new(test, "log_excerpt", json_string(c->log));
	add_number(test, c);
	add_times(test, c);
	return test;
}

json_t *export_kcidb(const struct export *e, const char *origin)
{
	json_t *checkouts = json_array(), *builds = json_array(), *tests = json_array();
	size_t i, k;

	for (i = 0; i < e->nr; i++) {
		const struct export_group *g = &e->group[i];

		if (!g->spec)
			continue;
		add_kernel(g, origin, checkouts, builds);
		for (k = 0; k < g->nr; k++)
			json_array_append_new(tests, test_of(g, &g->c[k], origin));
	}
	return json_pack("{s:{s:i, s:i}, s:o, s:o, s:o}", "version", "major", VERSION_MAJOR, "minor", VERSION_MINOR,
			 "checkouts", checkouts, "builds", builds, "tests", tests);
}
