// SPDX-License-Identifier: GPL-2.0-only
#include "report/values.h"

#include <stdbool.h>
#include <string.h>

#include "experiment/scenario.h"

const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static bool is_named(const json_t *metric, const char *name)
{
	return !strcmp(text_of(metric, "name"), name);
}

const json_t *member_metric(const struct member *m, const char *name, size_t place)
{
	json_t *list = json_object_get(m->r.result, "metrics"), *metric;
	size_t i;

	metric = json_array_get(list, place);
	if (metric && is_named(metric, name))
		return metric;
	json_array_foreach(list, i, metric)
		if (is_named(metric, name))
			return metric;
	return NULL;
}

size_t arm_values(const struct arm *arm, const char *name, size_t place, double *out,
		  const char **why, const char **meaning)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++) {
		const json_t *metric;
		json_t *value;

		if (!member_counts(&arm->member[i]))
			continue;
		metric = member_metric(&arm->member[i], name, place);
		value = json_object_get(metric, "value");
		*meaning = json_string_value(json_object_get(metric, "meaning"));
		if (value)
			out[n++] = (double)json_integer_value(value);
		else
			*why = json_string_value(json_object_get(metric, "absent"));
	}
	return n;
}

static json_t *scenario_conf(const struct arm *arm)
{
	json_t *conf = json_object_get(json_object_get(arm->member[0].r.spec, "scenario"), "conf");

	return json_object_get(conf, "scenario");
}

const char *arm_primary(const struct arm *arm)
{
	return text_of(scenario_conf(arm), "primary");
}

const char *arm_guest(const struct arm *arm)
{
	return text_of(scenario_conf(arm), "guest");
}

/* The default is the last of the groups. */
const char *arm_group(const struct arm *arm)
{
	const char *group = text_of(scenario_conf(arm), "group");
	size_t i;

	for (i = 0; scenario_groups[i + 1]; i++)
		if (!strcmp(group, scenario_groups[i]))
			break;
	return scenario_groups[i];
}

static enum metric_class class_find(const char *name)
{
	return !strcmp(name, "primary") ? METRIC_PRIMARY :
	       !strcmp(name, "secondary") ? METRIC_SECONDARY : METRIC_DIAGNOSTIC;
}

enum metric_class metric_class_in(const char *list, const char *name, const json_t *metric)
{
	enum metric_class class = class_find(text_of(metric, "class"));
	size_t len = strlen(name);
	const char *at = list;

	if (!*list)
		return class;
	while (len && (at = strstr(at, name))) {
		if ((at == list || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return METRIC_PRIMARY;
		at += len;
	}
	return class == METRIC_PRIMARY ? METRIC_SECONDARY : class;
}

size_t arm_failed(const struct arm *arm)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++)
		n += !member_counts(&arm->member[i]);
	return n;
}

size_t arm_missed(const struct arm *arm)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++)
		n += arm->member[i].status == STATUS_EXPECTATION_FAILED;
	return n;
}

static bool is_no(const json_t *state, const char *key)
{
	return !strcmp(text_of(state, key), "no");
}

size_t arm_unsteady(const struct arm *arm)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++) {
		json_t *state = json_object_get(arm->member[i].r.result, "state");

		n += member_counts(&arm->member[i]) &&
		     (is_no(state, "warmup.steady") || is_no(state, "warmup.ops"));
	}
	return n;
}

size_t arm_violating(const struct arm *arm)
{
	size_t i, n = 0;

	for (i = 0; i < arm->nr; i++)
		n += json_array_size(json_object_get(arm->member[i].r.result, "violated")) > 0;
	return n;
}
