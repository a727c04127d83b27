// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/inside.h"
#include "result/expect.h"
#include "result/metrics.h"

void measured_release(struct measured *m, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		free(m[i].why);
		free(m[i].meaning);
		free(m[i].better);
	}
	free(m);
}

static void fail_any(struct measure *m)
{
	unsigned int s;

	for (s = 0; s < STATUS_NR; s++)
		m->fails[s] = s != STATUS_DONE && s != STATUS_SETUP_FAILED &&
			      status_final((enum status)s);
}

int measure_set_failures(struct measure *m, char *const *words, struct err *err)
{
	size_t i;

	memset(m->fails, 0, sizeof(m->fails));
	m->fails[STATUS_EXPECTATION_FAILED] = !words;
	for (i = 0; words && words[i]; i++) {
		enum status s = status_find(words[i]);

		if (!strcmp(words[i], "any"))
			fail_any(m);
		else if (s == STATUS_NR || s == STATUS_DONE || !status_final(s))
			return err_set(err, -EINVAL,
				       "'%s' is no status that says something of a kernel; wringer(1) lists "
				       "them, and 'any' is all but done", words[i]);
		else
			m->fails[s] = true;
	}
	m->passes[STATUS_DONE] = true;
	/* One that does not meet what is expected did not hang or run out of memory. */
	m->passes[STATUS_EXPECTATION_FAILED] = words && !m->fails[STATUS_EXPECTATION_FAILED];
	return 0;
}

int measure_plan(const struct measure *m, const char *kernel, const uint64_t *seed, size_t nr,
		 struct experiments *out, struct err *err)
{
	char *engine[] = {(char *)m->engine, NULL}, *guest[] = {(char *)m->guest, NULL};
	char *policy[] = {(char *)m->policy, NULL}, *scenario[] = {(char *)m->scenario, NULL};
	char *name[] = {(char *)kernel, NULL};
	struct axes axes = {.engine = m->engine ? engine : NULL, .kernel = name,
			    .guest = m->guest ? guest : NULL, .policy = policy, .scenario = scenario,
			    .seed = (uint64_t *)seed, .nr_seeds = nr};
	int ret = experiments_plan(&axes, m->say, out, err);

	if (ret || !m->expects || json_object_size(expect_of_spec(out->exp[0].spec)))
		return ret;
	experiments_release(out);
	return err_set(err, -ENODATA,
		       "scenario %s expects nothing that could fail: it has no [expect]; ask for a metric "
		       "with -m, or for a status with --status", m->scenario);
}

static const json_t *find_metric(const json_t *result, const char *name)
{
	json_t *list = json_object_get(result, "metrics"), *metric;
	const char *s;
	size_t i;

	json_array_foreach(list, i, metric) {
		s = json_string_value(json_object_get(metric, "name"));
		if (s && !strcmp(s, name))
			return metric;
	}
	return NULL;
}

static char *copy_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? xstrdup(s) : NULL;
}

static void take_metric(const struct measure *m, const struct result *r, struct measured *out)
{
	const json_t *metric = find_metric(r->result, m->metric);
	json_t *value = json_object_get(metric, "value");

	out->meaning = copy_of(metric, "meaning");
	out->better = copy_of(metric, "better");
	out->floor = (double)json_integer_value(json_object_get(metric, "floor"));
	if (json_is_integer(value)) {
		out->has = true;
		out->value = (double)json_integer_value(value);
	} else if (metric) {
		out->why = xasprintf("metric %s is absent: %s", m->metric,
				     json_string_value(json_object_get(metric, "absent")));
	} else {
		out->why = xasprintf("there is no metric '%s' in its results ('wringer metrics' lists "
				     "names, 'wringer show %.12s' those that it has)", m->metric, out->id);
	}
}

static char *ended(const struct experiment *exp)
{
	return xasprintf("%s%s%s", status_name(exp->status), exp->reason ? ": " : "",
			 exp->reason ? exp->reason : "");
}

static int take_result(const struct measure *m, const struct experiment *exp, struct measured *out,
		       struct err *err)
{
	struct result r;
	int ret;

	memcpy(out->id, exp->id, SHA256_HEX);
	out->seed = (uint64_t)json_integer_value(json_object_get(exp->spec, "seed"));
	out->status = exp->status;
	/* What the host did is no observation, and there is no result of it either. */
	if (!status_final(exp->status))
		return err_set(err, -ETIME, "the host failed, not the kernel: %s%s%s; the same command goes on "
					    "where this one ended (--timeout gives a slow host more time)",
			       status_name(exp->status), exp->reason ? ": " : "",
			       exp->reason ? exp->reason : "");
	if (!m->metric) {
		out->has = m->fails[exp->status] || m->passes[exp->status];
		out->value = m->fails[exp->status];
		out->why = out->has ? NULL : ended(exp);
		return 0;
	}
	if (exp->status != STATUS_DONE && exp->status != STATUS_EXPECTATION_FAILED) {
		out->why = ended(exp);
		return 0;
	}
	ret = store_load(exp->id, &r, err);
	if (ret)
		return ret;
	take_metric(m, &r, out);
	result_release(&r);
	return 0;
}

int measure_run(const struct measure *m, struct experiments *exps, struct measured *out,
		struct err *err)
{
	int ret = experiments_check_engines(exps, err);
	size_t i;

	memset(out, 0, exps->nr * sizeof(*out));
	if (!ret)
		ret = experiments_run(exps, &m->run, err);
	for (i = 0; !ret && i < exps->nr; i++)
		ret = take_result(m, &exps->exp[i], &out[i], err);
	return ret;
}
