/* SPDX-License-Identifier: GPL-2.0-only */
/* Suites that no machine runs: plans and results that the tests make up.  For one test program each. */
#ifndef TESTS_UNIT_MADE_H
#define TESTS_UNIT_MADE_H

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "farm/farm.h"
#include "result/store.h"
#include "suite/run.h"

#define MADE_METRIC "workload.kv.rate"

/* The value of an experiment of policy, kernel, scenario and seed. */
static double (*made_value)(const char *policy, const char *kernel, const char *scenario, uint64_t seed);
static size_t made_stored;

static json_t *made_spec(const char *policy, const char *kernel, const char *scenario, uint64_t seed)
{
	return json_pack("{s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:{s:{s:s}}}, s:{s:s}, s:s, s:I}", "kernel",
			 "version", kernel, "package", "p", "guest", "name", "two", "policy", "name", policy,
			 "scenario", "name", scenario, "conf", "scenario", "primary", MADE_METRIC, "engine", "name",
			 "exact", "plan", "", "seed", (json_int_t)seed);
}

static size_t made_cell(struct suite_plan *plan, size_t arm, const char *policy, const char *kernel,
			const char *scenario, uint64_t seed)
{
	struct experiment exp = {.spec = made_spec(policy, kernel, scenario, seed), .engine = ENGINE_EXACT};
	cleanup_buf struct buf text = {0};
	size_t i;

	json_canonical(exp.spec, &text);
	sha256_buf(text.data, text.len, exp.id);
	for (i = 0; i < plan->nr; i++) {
		if (strcmp(plan->cell[i].id, exp.id))
			continue;
		json_decref(exp.spec);
		return i;
	}
	plan->cell = xrealloc(plan->cell, i + 1, sizeof(*plan->cell));
	plan->exps.exp = xrealloc(plan->exps.exp, i + 1, sizeof(*plan->exps.exp));
	plan->exps.exp[plan->exps.nr++] = exp;
	plan->cell[i] = (struct suite_cell){.contest = plan->nr_contests - 1, .arm = arm, .seed = seed, .cost = 10};
	memcpy(plan->cell[i].id, exp.id, SHA256_HEX);
	plan->nr++;
	return i;
}

/* Two arms that differ in that axis; seeds from 1 on, up to the last look, and behind it the reserve. */
static void made_contest(struct suite_plan *plan, const char *cells, enum axis by, const char *const label[2],
			 const char *policy, const char *kernel, const char *scenario, const size_t look[],
			 size_t nr_looks, size_t reserve)
{
	struct suite_contest *c;
	uint64_t seed, last = look[nr_looks - 1];
	size_t arm, at;

	plan->contest = xrealloc(plan->contest, plan->nr_contests + 1, sizeof(*plan->contest));
	c = &plan->contest[plan->nr_contests++];
	*c = (struct suite_contest){.cells = xstrdup(cells), .by = by, .expect = SUITE_NOT_WORSE, .priority = 5,
				    .nr_looks = nr_looks, .nr_metrics = 1, .arm = xcalloc(2, sizeof(*c->arm)),
				    .nr_arms = 2, .label = {[AXIS_GUEST] = xstrdup("two"),
							    [AXIS_SCENARIO] = xstrdup(scenario),
							    [AXIS_ENGINE] = xstrdup("exact")}};
	memcpy(c->look, look, nr_looks * sizeof(*look));
	if (by == AXIS_POLICY)
		c->label[AXIS_KERNEL] = xstrdup(kernel);
	else
		c->label[AXIS_POLICY] = xstrdup(policy);
	for (arm = 0; arm < 2; arm++) {
		struct suite_arm *a = &c->arm[arm];

		*a = (struct suite_arm){.label = xstrdup(label[arm]),
					.member = xcalloc(last + reserve, sizeof(*a->member))};
		for (seed = 1; seed <= last + reserve; seed++) {
			for (at = 0; at < nr_looks && seed > look[at]; at++)
				;
			a->member[a->nr++] = (struct suite_member){
				.cell = made_cell(plan, arm, by == AXIS_POLICY ? label[arm] : policy,
						  by == AXIS_POLICY ? kernel : label[arm], scenario, seed),
				.look = at};
		}
	}
}

static const char *made_name(const json_t *spec, const char *axis, const char *key)
{
	return json_string_value(json_object_get(json_object_get(spec, axis), key));
}

static int made_store(const struct experiment *exp, struct err *err)
{
	double value = made_value(made_name(exp->spec, "policy", "name"), made_name(exp->spec, "kernel", "version"),
				  made_name(exp->spec, "scenario", "name"),
				  (uint64_t)json_integer_value(json_object_get(exp->spec, "seed")));
	struct result r = {.spec = json_incref(exp->spec)};
	int ret;

	r.result = json_pack("{s:s, s:{}, s:[{s:s, s:s, s:s, s:s, s:I}]}", "status", "done", "state", "metrics",
			     "name", MADE_METRIC, "class", "primary", "unit", "op/s", "better", "higher", "value",
			     (json_int_t)value);
	r.host = json_pack("{s:f}", "cpu_seconds", 10.0);
	ret = store_save(exp->id, &r, false, err);
	made_stored++;
	result_release(&r);
	return ret;
}

/* A farm that makes results up; it is never asked for what is there. */
static int made_farm_run(struct experiments *exps, const struct farm_opts *opts, struct err *err)
{
	size_t i;
	int ret = 0;

	(void)opts;
	for (i = 0; !ret && i < exps->nr; i++)
		ret = store_has(exps->exp[i].id) ? -EEXIST : made_store(&exps->exp[i], err);
	return ret;
}

static const struct farm made_farm = {"made", "for tests", made_farm_run, NULL};

#endif
