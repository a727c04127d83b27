// SPDX-License-Identifier: GPL-2.0-only
/* Experiments as cases. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/visible.h"
#include "export/internal.h"
#include "report/values.h"
#include "result/console.h"

/* Of a log, before what cannot be shown takes four times the room. */
#define EXCERPT_MAX 12000

/* The labels decide: experiments that were named may be of any arms. */
static struct export_group *find_group(struct export *e, const struct member *m)
{
	const char *label[AXIS_NR];
	struct export_group *g;
	size_t i, k;

	for (k = 0; k < AXIS_NR; k++)
		label[k] = spec_label(m->r.spec, (enum axis)k);
	for (i = 0; i < e->nr; i++) {
		for (k = 0; k < AXIS_NR; k++) {
			cleanup_free char *shown = visible_in(label[k], EXPORT_NAME_MAX);

			if (e->group[i].suite || strcmp(e->group[i].label[k], shown))
				break;
		}
		if (k == AXIS_NR)
			return &e->group[i];
	}
	g = group_add(e, label);
	g->spec = json_incref(m->r.spec);
	return g;
}

/* The lines of text that are not empty, as far as they fit. */
static char *take_lines(const char *text, size_t len)
{
	cleanup_free char *copy = xcalloc(len + 1, 1);
	cleanup_buf struct buf out = {0};
	char *rest = copy, *line, *tab;
	size_t i;

	/* A zero would end it. */
	for (i = 0; i < len; i++)
		copy[i] = text[i] ? text[i] : ' ';
	while ((line = strsep(&rest, "\n"))) {
		cleanup_free char *shown = NULL;

		len = strlen(line);
		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		for (tab = line; (tab = strchr(tab, '\t')); tab++)
			*tab = ' ';
		shown = visible_in(line, EXPORT_REASON_MAX);
		if (out.len + strlen(shown) + 1 > EXPORT_LOG_MAX)
			break;
		if (*shown)
			buf_printf(&out, "%s\n", shown);
	}
	return xstrdup(buf_str(&out));
}

/* From the kernel's report on, or where there is none the end. */
static char *excerpt(const struct buf *text, enum status status)
{
	const char *from = buf_str(text), *line;
	struct console found;
	size_t len = text->len;

	console_classify(from, len, status != STATUS_OOM, &found);
	if (found.first.kind != STATUS_DONE) {
		from += found.first.offset;
		len -= found.first.offset;
		return take_lines(from, len < EXCERPT_MAX ? len : EXCERPT_MAX);
	}
	if (len > EXCERPT_MAX) {
		from += len - EXCERPT_MAX;
		line = memchr(from, '\n', EXCERPT_MAX - 1);
		from = line ? line + 1 : from;
		len = (size_t)(buf_str(text) + text->len - from);
	}
	return take_lines(from, len);
}

static char *read_log(const struct member *m, const char *name)
{
	cleanup_free char *dir = store_path(m->id), *path = xasprintf("%s/%s", dir, name);
	cleanup_buf struct buf text = {0};

	if (file_read(path, &text, NULL))
		return NULL;
	return excerpt(&text, m->status);
}

/* What the verifier or libbpf said tells more of a policy that is lost; some results have no log at all. */
static char *log_of(const struct member *m)
{
	char *log = NULL;

	if (m->status == STATUS_POLICY_LOST)
		log = read_log(m, "policy.log");
	if (!log)
		log = read_log(m, "console.txt");
	return log ? log : xstrdup("");
}

static bool is_picked(const struct export_pick *pick, const char *primary, const json_t *metric)
{
	const char *name = text_of(metric, "name");
	size_t i;

	if (pick->all)
		return true;
	for (i = 0; pick->name && pick->name[i]; i++)
		if (!strcmp(pick->name[i], name))
			return true;
	return !pick->name && metric_class_in(primary, name, metric) == METRIC_PRIMARY;
}

static void add_metrics(struct export_case *c, const struct member *m, const struct export_pick *pick)
{
	const struct arm alone = {.member = (struct member *)m, .nr = 1};
	const char *primary = arm_primary(&alone);
	const json_t *metric, *value;
	size_t i;

	json_array_foreach(json_object_get(m->r.result, "metrics"), i, metric) {
		value = json_object_get(metric, "value");
		if (json_is_number(value) && is_picked(pick, primary, metric))
			value_add(c, text_of(metric, "name"), text_of(metric, "unit"), text_of(metric, "scope"),
				  json_number_value(value));
	}
}

static void add_times(struct export_case *c, const json_t *host)
{
	const json_t *wall = json_object_get(host, "wall_seconds");
	double seconds = json_number_value(wall);
	struct tm tm = {0};
	const char *end = strptime(text_of(host, "ended"), "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!json_is_number(wall) || !(seconds >= 0 && seconds < 1e9))
		return;
	c->seconds = seconds;
	if (end && !*end && timegm(&tm) >= (time_t)seconds)
		c->start = (int64_t)timegm(&tm) - (int64_t)seconds;
}

static void add_member(struct export_group *g, const struct member *m, const struct export_pick *pick)
{
	cleanup_free char *name = xasprintf("seed-%llu", (unsigned long long)m->seed);
	enum export_status status = export_status_of(m->status);
	const char *reason = text_of(m->r.result, "reason");
	struct export_case *c;

	if (!*reason && json_array_size(json_object_get(m->r.result, "violated")))
		reason = "its numbers contradict each other; wringer check says which";
	c = case_add(g, name, status, status_name(m->status), reason);
	memcpy(c->id, m->id, sizeof(c->id));
	c->seed = m->seed;
	add_metrics(c, m, pick);
	add_times(c, m->r.host);
	if (!status_is_bad(status))
		return;
	free(c->log);
	c->log = log_of(m);
}

void export_arm(struct export *e, const struct arm *arm, const struct export_pick *pick)
{
	size_t i;

	for (i = 0; i < arm->nr; i++)
		add_member(find_group(e, &arm->member[i]), &arm->member[i], pick);
}
