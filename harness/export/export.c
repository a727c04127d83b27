// SPDX-License-Identifier: GPL-2.0-only
/* Groups and cases, and what the forms share. */
#include "export/export.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/visible.h"
#include "export/internal.h"
#include "result/metrics.h"

struct export_group *group_add(struct export *e, const char *const label[AXIS_NR])
{
	struct export_group *g;
	size_t i;

	e->group = xrealloc(e->group, e->nr + 1, sizeof(*e->group));
	g = &e->group[e->nr++];
	*g = (struct export_group){0};
	for (i = 0; i < AXIS_NR; i++)
		g->label[i] = visible_in(label[i], EXPORT_NAME_MAX);
	return g;
}

struct export_case *case_add(struct export_group *g, const char *name, enum export_status status, const char *word,
			     const char *reason)
{
	struct export_case *c;

	g->c = xrealloc(g->c, g->nr + 1, sizeof(*g->c));
	c = &g->c[g->nr++];
	*c = (struct export_case){.name = visible_in(name, EXPORT_NAME_MAX), .status = status, .word = word,
				  .reason = visible_in(reason, EXPORT_REASON_MAX), .log = xstrdup(""), .start = -1,
				  .seconds = -1};
	return c;
}

void value_add(struct export_case *c, const char *name, const char *unit, const char *scope, double value)
{
	const struct metric *m = metric_find(name);

	if (!isfinite(value))
		return;
	c->value = xrealloc(c->value, c->nr + 1, sizeof(*c->value));
	c->value[c->nr++] = (struct export_value){
		.name = visible_in(name, EXPORT_NAME_MAX), .unit = visible_in(unit, EXPORT_NAME_MAX),
		.scope = visible_in(scope, EXPORT_NAME_MAX), .help = m ? m->help : NULL, .value = value};
}

char *case_says(const struct export_case *c)
{
	return xasprintf("%s%s%s", c->word, *c->reason ? ": " : "", c->reason);
}

static void case_release(struct export_case *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++) {
		free(c->value[i].name);
		free(c->value[i].unit);
		free(c->value[i].scope);
	}
	free(c->value);
	free(c->name);
	free(c->reason);
	free(c->log);
}

static void group_release(struct export_group *g)
{
	size_t i;

	for (i = 0; i < g->nr; i++)
		case_release(&g->c[i]);
	free(g->c);
	for (i = 0; i < AXIS_NR; i++)
		free(g->label[i]);
	free(g->suite);
	free(g->cells);
	json_decref(g->spec);
}

void export_release(struct export *e)
{
	size_t i;

	for (i = 0; i < e->nr; i++)
		group_release(&e->group[i]);
	free(e->group);
	*e = (struct export){0};
}

size_t group_count(const struct export_group *g, enum export_status status)
{
	size_t i, n = 0;

	for (i = 0; i < g->nr; i++)
		n += g->c[i].status == status;
	return n;
}

enum export_status group_status(const struct export_group *g)
{
	enum export_status worst = EXPORT_SKIP;
	size_t i;

	for (i = 0; i < g->nr; i++)
		if (g->c[i].status < worst)
			worst = g->c[i].status;
	return worst;
}

bool export_is_bad(const struct export *e)
{
	size_t i;

	for (i = 0; i < e->nr; i++)
		if (status_is_bad(group_status(&e->group[i])))
			return true;
	return false;
}

const char *export_status_name(enum export_status status)
{
	static const char *const name[EXPORT_STATUSES] = {
		[EXPORT_FAIL] = "fail", [EXPORT_ERROR] = "error", [EXPORT_MISS] = "miss", [EXPORT_PASS] = "pass",
		[EXPORT_DONE] = "done", [EXPORT_SKIP] = "skip",
	};

	return name[status];
}

enum export_status export_status_of(enum status status)
{
	switch (status) {
	case STATUS_DONE:
		return EXPORT_PASS;
	case STATUS_SETUP_FAILED:
	case STATUS_POLICY_LOST:
	case STATUS_RECORD_FLOOD:
		return EXPORT_ERROR;
	case STATUS_TIMEOUT:
	case STATUS_HARNESS_ERROR:
	case STATUS_NR:
		return EXPORT_MISS;
	default:
		return EXPORT_FAIL;
	}
}

void part_add(struct buf *out, const char *text)
{
	const char *s;
	char c;

	if (!text)
		return;
	if (out->len)
		buf_adds(out, ".");
	for (s = *text ? text : "_"; *s; s++) {
		c = isalnum((unsigned char)*s) || *s == '-' ? *s : '_';
		buf_add(out, &c, 1);
	}
}

char *group_path(const struct export_group *g, bool kernel)
{
	static const enum axis order[] = {AXIS_GUEST, AXIS_POLICY, AXIS_ENGINE, AXIS_SCENARIO};
	cleanup_buf struct buf out = {0};
	size_t i;

	part_add(&out, g->suite);
	part_add(&out, g->cells);
	if (kernel)
		part_add(&out, g->label[AXIS_KERNEL]);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		part_add(&out, g->label[order[i]]);
	return xstrdup(buf_str(&out));
}

void number_add(struct buf *out, double value)
{
	int digits = 15;
	char text[40];

	if (value == floor(value) && fabs(value) < 1e17) {
		buf_printf(out, "%.0f", value);
		return;
	}
	do {
		snprintf(text, sizeof(text), "%.*g", digits, value);
	} while (strtod(text, NULL) != value && digits++ < 17);
	buf_adds(out, text);
	/* 1e+300 is an integer too, and its text has to look like a fraction. */
	if (!strpbrk(text, ".e"))
		buf_adds(out, ".0");
}
