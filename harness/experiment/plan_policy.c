// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/plan_policy.h"

#include <errno.h>
#include <string.h>

static bool is_all(const struct policy_object *o)
{
	return !strcmp(o->cgroup, "*");
}

static bool fits(const struct policy_object *o, const struct conf_section *sec)
{
	return !strcmp(sec->name, "cgroup") && (is_all(o) || !strcmp(sec->arg, o->cgroup));
}

static size_t count_cgroups(const struct policy_object *o, const struct conf *conf)
{
	size_t i, n = 0;

	for (i = 0; i < conf->nr_sections; i++)
		n += fits(o, &conf->section[i]);
	return n;
}

int plan_policy_check(const struct policy *policy, const struct scenario *scenario,
		      struct err *err)
{
	size_t i, all = 0;

	for (i = 0; i < policy->nr_objects; i++) {
		const struct policy_object *o = &policy->object[i];
		size_t n = *o->cgroup ? count_cgroups(o, &scenario->conf) : 1;

		if (!n)
			return err_set(err, -EINVAL,
				       "policy %s: [bpf %s] is for cgroup %s, and scenario %s has no %s",
				       policy->name, o->name, o->cgroup, scenario->name,
				       is_all(o) ? "cgroup" : "such cgroup");
		all += n;
	}
	if (all <= PLAN_OBJECTS_MAX)
		return 0;
	return err_set(err, -E2BIG,
		       "policy %s attaches %zu BPF objects in scenario %s; %d are possible",
		       policy->name, all, scenario->name, PLAN_OBJECTS_MAX);
}

static void plan_object(const struct policy_object *o, const struct conf *conf, struct buf *out)
{
	size_t i;

	if (!*o->cgroup)
		buf_printf(out, "bpf %s %s /%s\n", o->name, o->object, buf_str(&o->vars));
	for (i = 0; *o->cgroup && i < conf->nr_sections; i++)
		if (fits(o, &conf->section[i]))
			buf_printf(out, "bpf %s%s%s %s %s%s\n", o->name, is_all(o) ? "@" : "",
				   is_all(o) ? conf->section[i].arg : "", o->object,
				   conf->section[i].arg, buf_str(&o->vars));
}

static void plan_counts(const struct conf_section *sec, struct buf *out)
{
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++)
		buf_printf(out, "source %s 5 count %s\n", sec->entry[i].value,
			   sec->entry[i].key);
}

void plan_policy(const struct policy *policy, const struct scenario *scenario, struct buf *out)
{
	size_t i;

	for (i = 0; i < policy->nr_objects; i++)
		plan_object(&policy->object[i], &scenario->conf, out);
	plan_counts(conf_section((struct conf *)&policy->conf, "count", ""), out);
}
