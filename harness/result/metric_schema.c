// SPDX-License-Identifier: GPL-2.0-only
#include "result/metric_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "result/metrics.h"
#include "result/program.h"
#include "workloads/lib/workload.h"

/* Names of cgroups hold slashes, none hold dots. */
#define ANY_NAME "[^.]+"

static json_t *one_of(const char *word)
{
	return json_pack("{s:s}", "const", word);
}

static json_t *form(const char *pattern, json_t *unit, const char *better, const char *class)
{
	return json_pack("{s:{s:{s:s}, s:o, s:o, s:o}}", "properties", "name", "pattern", pattern,
			 "unit", unit, "better", one_of(better), "class", one_of(class));
}

/* A name as a regular expression: its dots are dots. */
static char *escaped(const char *name)
{
	cleanup_buf struct buf out = {0};

	for (; *name; name++)
		buf_printf(&out, "%s%c", *name == '.' ? "\\" : "", *name);
	return xstrdup(buf_str(&out));
}

static json_t *row_form(const struct metric *m)
{
	cleanup_free char *name = escaped(m->name), *prefix = escaped(metric_prefix(m->scope));
	cleanup_free char *pattern = xasprintf("^%s%s%s$", prefix,
					       *prefix ? ANY_NAME "\\." : "", name);

	return form(pattern, one_of(m->unit), metric_better_name(m->better),
		    metric_class_name(m->class));
}

static json_t *own_form(const struct wl_metric *m)
{
	static const char *const better[] = {
		[WL_NONE] = "none", [WL_LOWER] = "lower", [WL_HIGHER] = "higher"};
	cleanup_free char *name = escaped(m->name);
	cleanup_free char *pattern = xasprintf("^workload\\." ANY_NAME "\\.%s$", name);

	return form(pattern, one_of(m->unit), better[m->better], "secondary");
}

/* The stressor, job or tests that it is of are the guest's to name. */
static json_t *program_form(const struct program_kind *kind)
{
	cleanup_free char *name = escaped(kind->name);
	cleanup_free char *pattern = xasprintf("^workload\\." ANY_NAME "\\.[a-z0-9_.-]+\\.%s$", name);

	return form(pattern, one_of(kind->unit), metric_better_name(kind->better), "secondary");
}

static json_t *all_forms(void)
{
	json_t *out = json_array();
	size_t i, k;

	for (i = 0; i < nr_metrics; i++)
		json_array_append_new(out, row_form(&metrics[i]));
	for (i = 0; workloads[i]; i++)
		for (k = 0; k < workloads[i]->nr_metrics; k++)
			json_array_append_new(out, own_form(&workloads[i]->metrics[k]));
	for (i = 0; i < nr_program_kinds; i++)
		json_array_append_new(out, program_form(&program_kinds[i]));
	json_array_append_new(out, form("^(vmstat|node\\.[0-9]+|policy\\." ANY_NAME "|cgroup\\." ANY_NAME
					"\\.(stat|reclaim_ext))\\.",
					one_of("change"), "none", "diagnostic"));
	json_array_append_new(out, form("^device\\." ANY_NAME "\\.[a-z_]+$",
					json_pack("{s:s}", "type", "string"), "none",
					"diagnostic"));
	return out;
}

static json_t *properties(void)
{
	return json_pack("{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s, s, s]}, s:{s:[s, s, s]}, "
			 "s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s, s:i}}",
			 "name", "type", "string", "scope", "pattern",
			 "^(system|(node|cgroup|workload|device|policy) [^ ]+)$", "unit", "type", "string",
			 "better", "enum", "lower", "higher", "none", "class", "enum", "primary",
			 "secondary", "diagnostic", "value", "type", "integer", "absent", "type",
			 "string", "meaning", "type", "string", "floor", "type", "integer",
			 "minimum", 0);
}

json_t *metric_schema(void)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:[s, s, s, s, s], s:b, s:{s:o}, s:o}", "$schema",
			 "https://json-schema.org/draft/2020-12/schema", "title",
			 "a metric of result.json", "type", "object", "properties", properties(),
			 "required", "name", "scope", "unit", "better", "class",
			 "additionalProperties", 0, "$defs", "known",
			 json_pack("{s:o}", "anyOf", all_forms()), "anyOf",
			 json_pack("[{s:s, s:[s]}, {s:s, s:[s]}]", "$ref", "#/$defs/known",
				   "required", "value", "$ref", "#/$defs/known", "required",
				   "absent"));
}
