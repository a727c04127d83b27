// SPDX-License-Identifier: GPL-2.0-only
/*
 * JUnit: a testsuite for each group, a testcase for each case, measurements as its properties.  Times are UTC
 * without a zone, as the form has it.
 */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "document/html.h"
#include "export/internal.h"

/* XML's five entities are HTML's. */
static void add_attribute(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, " %s=\"", name);
	html_add(out, text);
	buf_adds(out, "\"");
}

static void add_property(struct buf *out, const char *indent, const char *name, const char *value)
{
	buf_printf(out, "%s<property", indent);
	add_attribute(out, "name", name);
	add_attribute(out, "value", value);
	buf_adds(out, "/>\n");
}

static double seconds_of(const struct export_group *g)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < g->nr; i++)
		sum += fmax(g->c[i].seconds, 0);
	return sum;
}

/* When the first of them began. */
static int64_t start_of(const struct export_group *g)
{
	int64_t start = -1;
	size_t i;

	for (i = 0; i < g->nr; i++)
		if (g->c[i].start >= 0 && (start < 0 || g->c[i].start < start))
			start = g->c[i].start;
	return start;
}

static void add_counts(struct buf *out, size_t tests, const size_t n[EXPORT_STATUSES], double seconds)
{
	buf_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\"", tests,
		   n[EXPORT_FAIL], n[EXPORT_ERROR] + n[EXPORT_MISS], n[EXPORT_DONE] + n[EXPORT_SKIP], seconds);
}

static void add_values(struct buf *out, const struct export_case *c)
{
	size_t i;

	if (!c->nr)
		return;
	buf_adds(out, "   <properties>\n");
	for (i = 0; i < c->nr; i++) {
		const struct export_value *v = &c->value[i];
		cleanup_buf struct buf text = {0};

		number_add(&text, v->value);
		buf_printf(&text, "%s%s", *v->unit ? " " : "", v->unit);
		add_property(out, "    ", v->name, buf_str(&text));
	}
	buf_adds(out, "   </properties>\n");
}

static void add_outcome(struct buf *out, const struct export_case *c)
{
	bool skipped = c->status > EXPORT_PASS;
	cleanup_free char *says = case_says(c);
	const char *tag = c->status == EXPORT_FAIL ? "failure" : skipped ? "skipped" : "error";

	if (c->status == EXPORT_PASS)
		return;
	buf_printf(out, "   <%s", tag);
	add_attribute(out, "message", says);
	if (!skipped)
		add_attribute(out, "type", c->word);
	buf_adds(out, ">");
	html_add(out, c->log);
	buf_printf(out, "</%s>\n", tag);
}

static void add_case(struct buf *out, const struct export_case *c, const char *path)
{
	buf_adds(out, "  <testcase");
	add_attribute(out, "classname", path);
	add_attribute(out, "name", c->name);
	buf_printf(out, " time=\"%.3f\">\n", fmax(c->seconds, 0));
	add_values(out, c);
	add_outcome(out, c);
	if (c->status == EXPORT_PASS && *c->reason) {
		buf_adds(out, "   <system-out>");
		html_add(out, c->reason);
		buf_adds(out, "</system-out>\n");
	}
	buf_adds(out, "  </testcase>\n");
}

static void add_labels(struct buf *out, const struct export_group *g)
{
	size_t i;

	buf_adds(out, "  <properties>\n");
	for (i = 0; i < AXIS_NR; i++)
		add_property(out, "   ", axis_name((enum axis)i), g->label[i]);
	if (g->suite) {
		add_property(out, "   ", "suite", g->suite);
		add_property(out, "   ", "cells", g->cells);
	}
	buf_adds(out, "  </properties>\n");
}

static void add_group(struct buf *out, const struct export_group *g)
{
	cleanup_free char *path = group_path(g, true);
	size_t n[EXPORT_STATUSES], i;
	time_t start = start_of(g);
	char text[32];
	struct tm tm;

	for (i = 0; i < EXPORT_STATUSES; i++)
		n[i] = group_count(g, (enum export_status)i);
	buf_adds(out, " <testsuite");
	add_attribute(out, "name", path);
	add_counts(out, g->nr, n, seconds_of(g));
	if (start >= 0 && gmtime_r(&start, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		add_attribute(out, "timestamp", text);
	buf_adds(out, ">\n");
	add_labels(out, g);
	for (i = 0; i < g->nr; i++)
		add_case(out, &g->c[i], path);
	buf_adds(out, " </testsuite>\n");
}

void export_junit(const struct export *e, struct buf *out)
{
	size_t n[EXPORT_STATUSES] = {0}, tests = 0, i, k;
	double seconds = 0;

	for (i = 0; i < e->nr; i++) {
		for (k = 0; k < EXPORT_STATUSES; k++)
			n[k] += group_count(&e->group[i], (enum export_status)k);
		tests += e->group[i].nr;
		seconds += seconds_of(&e->group[i]);
	}
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"wringer\"");
	add_counts(out, tests, n, seconds);
	buf_adds(out, ">\n");
	for (i = 0; i < e->nr; i++)
		add_group(out, &e->group[i]);
	buf_adds(out, "</testsuites>\n");
}
