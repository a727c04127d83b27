// SPDX-License-Identifier: GPL-2.0-only
/* plan.json */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/values.h"
#include "result/store.h"
#include "suite/plan.h"

#define PLAN_FILE   "plan.json"
#define PLAN_SCHEMA 1

static json_t *arm_json(const struct suite_arm *arm)
{
	json_t *members = json_array();
	size_t i;

	for (i = 0; i < arm->nr; i++)
		json_array_append_new(members, json_pack("[I, I]", (json_int_t)arm->member[i].cell,
							 (json_int_t)arm->member[i].look));
	return json_pack("{s:s, s:o}", "label", arm->label, "members", members);
}

static json_t *contest_json(const struct suite_contest *c)
{
	json_t *labels = json_object(), *looks = json_array(), *arms = json_array();
	unsigned int axis;
	size_t i;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (c->label[axis])
			json_object_set_new(labels, axis_name((enum axis)axis), json_string(c->label[axis]));
	for (i = 0; i < c->nr_looks; i++)
		json_array_append_new(looks, json_integer((json_int_t)c->look[i]));
	for (i = 0; i < c->nr_arms; i++)
		json_array_append_new(arms, arm_json(&c->arm[i]));
	return json_pack("{s:s, s:s, s:o, s:i, s:I, s:f, s:o, s:I, s:o}", "cells", c->cells, "by",
			 axis_name(c->by), "labels", labels, "expect", (int)c->expect, "priority",
			 (json_int_t)c->priority, "budget", c->budget, "looks", looks, "metrics",
			 (json_int_t)c->nr_metrics, "arms", arms);
}

static json_t *cell_json(const struct suite_cell *c)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:f, s:b}", "id", c->id, "contest", (json_int_t)c->contest,
			 "arm", (json_int_t)c->arm, "seed", (json_int_t)c->seed, "cost", c->cost, "measured",
			 c->measured);
}

int suite_plan_save(const struct suite *suite, const struct suite_plan *plan, struct err *err)
{
	cleanup_free char *dir = suite_file(suite, ""), *path = suite_file(suite, PLAN_FILE);
	json_t *contests = json_array(), *cells = json_array(), *all;
	cleanup_buf struct buf text = {0};
	size_t i;
	int ret = dir_make(dir, err);

	for (i = 0; i < plan->nr_contests; i++)
		json_array_append_new(contests, contest_json(&plan->contest[i]));
	for (i = 0; i < plan->nr; i++)
		json_array_append_new(cells, cell_json(&plan->cell[i]));
	all = json_pack("{s:i, s:s, s:f, s:i, s:o, s:o}", "schema", PLAN_SCHEMA, "suite", plan->suite,
			"alpha", plan->alpha, "spending", (int)plan->spending, "contests", contests,
			"cells", cells);
	json_canonical(all, &text);
	json_decref(all);
	return ret ? ret : file_write(path, text.data, text.len, err);
}

static char *take_string(const json_t *from, const char *key)
{
	const char *s = json_string_value(json_object_get(from, key));

	return s ? xstrdup(s) : NULL;
}

static size_t take_size(const json_t *from, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(from, key));

	return n < 0 ? SIZE_MAX : (size_t)n;
}

static bool take_arm(const json_t *from, size_t nr_cells, size_t nr_looks, struct suite_arm *arm)
{
	json_t *members = json_object_get(from, "members"), *one;
	size_t i;

	arm->label = xstrdup(text_of(from, "label"));
	arm->member = xcalloc(json_array_size(members) + 1, sizeof(*arm->member));
	json_array_foreach(members, i, one) {
		struct suite_member *m = &arm->member[arm->nr++];

		m->cell = (size_t)json_integer_value(json_array_get(one, 0));
		m->look = (size_t)json_integer_value(json_array_get(one, 1));
		if (m->cell >= nr_cells || m->look > nr_looks)
			return false;
	}
	return arm->nr;
}

static bool take_contest(const json_t *from, size_t nr_cells, struct suite_contest *c)
{
	json_t *labels = json_object_get(from, "labels"), *looks = json_object_get(from, "looks");
	json_t *arms = json_object_get(from, "arms"), *arm;
	unsigned int axis;
	size_t i;

	*c = (struct suite_contest){.cells = take_string(from, "cells"), .by = axis_find(text_of(from, "by")),
				    .expect = (unsigned int)take_size(from, "expect"),
				    .priority = take_size(from, "priority"),
				    .budget = json_number_value(json_object_get(from, "budget")),
				    .nr_looks = json_array_size(looks), .nr_metrics = take_size(from, "metrics")};
	for (axis = 0; axis < AXIS_NR; axis++)
		c->label[axis] = take_string(labels, axis_name((enum axis)axis));
	for (i = 0; i < c->nr_looks && i < SUITE_LOOKS_MAX; i++)
		c->look[i] = (size_t)json_integer_value(json_array_get(looks, i));
	if (c->nr_looks > SUITE_LOOKS_MAX)
		return false;
	c->arm = xcalloc(json_array_size(arms) + 1, sizeof(*c->arm));
	json_array_foreach(arms, i, arm)
		if (!take_arm(arm, nr_cells, c->nr_looks, &c->arm[c->nr_arms++]))
			return false;
	for (axis = 0; axis < AXIS_NR; axis++)
		if (!c->label[axis] != (axis == c->by))
			return false;
	return c->cells && c->nr_arms && c->nr_looks;
}

static bool take_cell(const json_t *from, const struct suite_plan *plan, struct suite_cell *c)
{
	const char *id = text_of(from, "id");

	*c = (struct suite_cell){.contest = take_size(from, "contest"), .arm = take_size(from, "arm"),
				 .seed = take_size(from, "seed"),
				 .cost = json_number_value(json_object_get(from, "cost")),
				 .measured = json_is_true(json_object_get(from, "measured"))};
	if (strlen(id) != SHA256_HEX - 1 || c->contest >= plan->nr_contests)
		return false;
	memcpy(c->id, id, SHA256_HEX);
	return c->arm < plan->contest[c->contest].nr_arms;
}

static bool take_plan(const json_t *from, struct suite_plan *plan)
{
	json_t *contests = json_object_get(from, "contests"), *cells = json_object_get(from, "cells"), *one;
	size_t i;

	*plan = (struct suite_plan){.suite = take_string(from, "suite"),
				    .alpha = json_number_value(json_object_get(from, "alpha")),
				    .spending = (unsigned int)take_size(from, "spending")};
	plan->contest = xcalloc(json_array_size(contests) + 1, sizeof(*plan->contest));
	plan->cell = xcalloc(json_array_size(cells) + 1, sizeof(*plan->cell));
	json_array_foreach(contests, i, one)
		if (!take_contest(one, json_array_size(cells), &plan->contest[plan->nr_contests++]))
			return false;
	json_array_foreach(cells, i, one)
		if (!take_cell(one, plan, &plan->cell[plan->nr++]))
			return false;
	return plan->suite && take_size(from, "schema") == PLAN_SCHEMA;
}

int suite_plan_load(const struct suite *suite, struct suite_plan *plan, struct err *err)
{
	cleanup_free char *path = suite_file(suite, PLAN_FILE);
	cleanup_buf struct buf text = {0};
	json_t *json;
	bool ok;
	int ret;

	memset(plan, 0, sizeof(*plan));
	if (!file_exists(path))
		return err_set(err, -ENOENT, "suite %s was not run here yet: there is no %s", suite->name, path);
	ret = file_read(path, &text, err);
	if (ret)
		return ret;
	json = json_loadb(buf_str(&text), text.len, 0, NULL);
	ok = take_plan(json, plan);
	json_decref(json);
	if (!ok) {
		suite_plan_release(plan);
		return err_set(err, -EBADMSG, "%s is damaged, or of another version; running the suite makes it "
			       "again", path);
	}
	suite_plan_count(plan);
	return 0;
}
