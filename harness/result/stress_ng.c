// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress-ng --yaml --metrics: sections at the margin, in them "key: value" lines; of "metrics:" a
 * list, whose items begin with "- stressor: NAME".
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "result/program.h"

struct item {
	char name[PROGRAM_PART];
	json_t *json;
};

static struct text trim(struct text t)
{
	while (t.len && (*t.p == ' ' || *t.p == '\t')) {
		t.p++;
		t.len--;
	}
	while (t.len && (t.p[t.len - 1] == ' ' || t.p[t.len - 1] == '\r'))
		t.len--;
	return t;
}

/* "12.345" in millionths; false for what is no such number, or too large a one. */
static bool millionths(struct text t, int64_t *out)
{
	uint64_t v = 0;
	size_t i, places = 0;
	bool dot = false;

	for (i = 0; i < t.len && places < 6; i++) {
		if (t.p[i] == '.' && !dot && i) {
			dot = true;
			continue;
		}
		if (!isdigit((unsigned char)t.p[i]) || v > INT64_MAX / 100000000)
			return false;
		v = v * 10 + (uint64_t)(t.p[i] - '0');
		places += dot;
	}
	for (; i < t.len; i++)
		if (!isdigit((unsigned char)t.p[i]))
			return false;
	for (; places < 6; places++)
		v *= 10;
	*out = (int64_t)v;
	return t.len > 0;
}

/* A line's key and value; false when it has none. */
static bool split(struct text line, struct text *key, struct text *value)
{
	const char *colon = line.len ? memchr(line.p, ':', line.len) : NULL;
	size_t i, len = colon ? (size_t)(colon - line.p) : 0;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)line.p[i]) && !strchr("-_ ()%/.", line.p[i]))
			return false;
	if (!len)
		return false;
	*key = (struct text){line.p, len};
	*value = trim((struct text){colon + 1, line.len - len - 1});
	return true;
}

static void put_value(struct program_report *r, struct item *item, struct text key,
		      struct text value)
{
	/* Of millionths; times are in seconds. */
	static const struct {
		const char *key, *name;
		int64_t div;
	} rows[] = {
		{"bogo-ops", "bogo_ops", 1000000},
		{"bogo-ops-per-second-real-time", "bogo_ops_per_ks", 1000},
		{"wall-clock-time", "real_us", 1},
		{"user-time", "user_us", 1},
		{"system-time", "system_us", 1},
	};
	int64_t v;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!text_is(key, rows[i].key))
			continue;
		if (!millionths(value, &v)) {
			program_error(r, "%s of stressor %s is no number", rows[i].key, item->name);
			return;
		}
		v /= rows[i].div;
		program_put(r, "stress-ng", rows[i].name, item->name, v);
		json_object_set_new(item->json, rows[i].name, json_integer(v));
	}
}

static void start_item(struct program_report *r, struct item *item, struct text value)
{
	snprintf(item->name, sizeof(item->name), "%.*s", value.len < 40 ? (int)value.len : 40,
		 value.p);
	item->json = json_object();
	json_object_set_new(item->json, "stressor", program_text(value, 40));
	json_array_append_new(r->detail, item->json);
}

static void take_line(struct program_report *r, struct item *item, struct text line, size_t nr)
{
	bool dash = line.len > 1 && line.p[0] == '-' && line.p[1] == ' ';
	struct text key, value;

	if (dash)
		line = trim((struct text){line.p + 2, line.len - 2});
	if (!split(line, &key, &value)) {
		program_error(r, "line %zu is no 'key: value'", nr);
		return;
	}
	if (dash && text_is(key, "stressor") && json_array_size(r->detail) < PROGRAM_METRICS_MAX)
		start_item(r, item, value);
	else if (dash)
		item->json = NULL;
	else if (item->json)
		put_value(r, item, key, value);
}

void stress_ng_read(const char *text, size_t len, struct program_report *r)
{
	struct text rest = {text, len}, line, trimmed;
	struct item item = {.json = NULL};
	bool inside = false;
	size_t nr = 0;

	r->detail = json_array();
	while (!r->error[0] && text_line(&rest, &line)) {
		nr++;
		trimmed = trim(line);
		if (!trimmed.len || *trimmed.p == '#' || text_is(trimmed, "---") ||
		    text_is(trimmed, "..."))
			continue;
		if (line.p[0] != ' ' && line.p[0] != '-') {
			inside = text_is(trimmed, "metrics:");
			item.json = NULL;
		} else if (inside) {
			take_line(r, &item, trimmed, nr);
		}
	}
	if (!r->error[0] && !json_array_size(r->detail))
		program_error(r, "there are no metrics in it");
}
