// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the kernel's counters says how many pages a context has reclaimed.
 *
 * kswapd has one of its own everywhere.  For the others it depends on the kernel (the "meaning" that
 * result.json gives of pgsteal_*):
 *
 * - up to 7.0 pgsteal_direct of vmstat is what allocations reclaimed for want of memory, without
 *   what they did at a cgroup's limit.  That is found in the cgroups' memory.stat alone, which has
 *   both: it is known only where the first is 0.
 * - from 7.1 on vmstat's has both too, so two contexts share a counter and get a number together.
 *
 * khugepaged reclaims directly but has a counter of its own where the kernel has one, and so has
 * memory.reclaim.  Compaction reclaims nothing.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "result/counts.h"

#define CGROUPS "cgroup.*.stat."

/* False when there is no such metric, or the kernel does not have it. */
static bool find_metric(const json_t *result, const char *name, const char **meaning, uint64_t *out)
{
	json_t *metric, *value;
	size_t i;

	json_array_foreach(json_object_get(result, "metrics"), i, metric) {
		const char *s = json_string_value(json_object_get(metric, "name"));

		if (!s || strcmp(s, name))
			continue;
		if (meaning)
			*meaning = json_string_value(json_object_get(metric, "meaning"));
		value = json_object_get(metric, "value");
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return false;
		*out = (uint64_t)json_integer_value(value);
		return true;
	}
	return false;
}

/* Length of NAME in "cgroup.NAME.stat.KEY"; 0 for another name. */
static size_t of_cgroup(const char *name, const char *key)
{
	const char *dot;

	if (strncmp(name, "cgroup.", 7))
		return 0;
	dot = strchr(name + 7, '.');
	if (!dot || strncmp(dot, ".stat.", 6) || strcmp(dot + 6, key))
		return 0;
	return (size_t)(dot - name) - 7;
}

/* A cgroup that lies in another whose numbers are there: those have all of what is below. */
static bool is_below_another(const json_t *metrics, const char *name, size_t len, const char *key)
{
	json_t *metric;
	size_t i;

	json_array_foreach(metrics, i, metric) {
		const char *s = json_string_value(json_object_get(metric, "name"));
		size_t above = s ? of_cgroup(s, key) : 0;

		if (above && above < len && name[7 + above] == '/' &&
		    !strncmp(s + 7, name + 7, above))
			return true;
	}
	return false;
}

static bool sum_cgroups(const json_t *result, const char *key, uint64_t *sum)
{
	json_t *metric;
	bool found = false;
	size_t i;

	const json_t *metrics = json_object_get(result, "metrics");

	json_array_foreach(metrics, i, metric) {
		const char *s = json_string_value(json_object_get(metric, "name"));
		json_int_t v = json_integer_value(json_object_get(metric, "value"));
		size_t len = s ? of_cgroup(s, key) : 0;

		if (!len || v < 0 || is_below_another(metrics, s, len, key))
			continue;
		found = true;
		*sum += (uint64_t)v;
	}
	return found;
}

/* Pages by the keys, blank-separated, as far as the kernel has them; their names into used. */
static bool sum_keys(const json_t *result, const char *prefix, const char *keys, struct buf *used,
		     uint64_t *sum)
{
	char copy[128], *rest = copy, *key;

	snprintf(copy, sizeof(copy), "%s", keys);
	*sum = 0;
	while ((key = strsep(&rest, " "))) {
		char name[96];
		uint64_t n = 0;

		snprintf(name, sizeof(name), "%s%s", prefix, key);
		if (!strcmp(prefix, CGROUPS) ? !sum_cgroups(result, key, &n) :
					       !find_metric(result, name, NULL, &n))
			continue;
		*sum += n;
		buf_printf(used, "%s%s", used->len ? " + " : "", name);
	}
	return used->len;
}

struct pages {
	const uint64_t *insns;
	const json_t *result;
	json_t *out;
};

/* A row for the contexts in the mask, as far as they did anything. */
static json_t *row(const struct pages *p, unsigned int mask, uint64_t *insns)
{
	json_t *names = json_array();
	unsigned int i;

	*insns = 0;
	for (i = 0; i < COUNTS_CONTEXTS; i++)
		if (mask & 1u << i && p->insns[i]) {
			json_array_append_new(names, json_string(counts_contexts[i]));
			*insns += p->insns[i];
		}
	return json_pack("{s:o, s:I}", "contexts", names, "instructions", (json_int_t)*insns);
}

static void add_row(struct pages *p, unsigned int mask, const char *prefix, const char *keys)
{
	cleanup_buf struct buf used = {0};
	uint64_t insns, pages;
	json_t *o = row(p, mask, &insns);

	if (!insns) {
		json_decref(o);
		return;
	}
	if (!sum_keys(p->result, prefix, keys, &used, &pages)) {
		json_object_set_new(o, "absent", json_string("the kernel has no counter of it"));
	} else {
		json_object_set_new(o, "counter", json_string(buf_str(&used)));
		json_object_set_new(o, "pages", json_integer((json_int_t)pages));
		if (pages)
			json_object_set_new(o, "instructions_per_page",
					    json_integer((json_int_t)((insns + pages / 2) / pages)));
	}
	json_array_append_new(p->out, o);
}

static void add_absent(struct pages *p, unsigned int mask, const char *why)
{
	uint64_t insns;
	json_t *o = row(p, mask, &insns);

	json_object_set_new(o, "absent", json_string(why));
	if (insns)
		json_array_append_new(p->out, o);
	else
		json_decref(o);
}

#define BIT(context) (1u << (context))
#define DIRECT_KEYS  "pgsteal_direct pgsteal_khugepaged"

/* Up to 7.0. */
static void add_apart(struct pages *p)
{
	cleanup_buf struct buf used = {0};
	uint64_t global = 0, proactive = 0;
	bool own;

	sum_keys(p->result, "vmstat.", DIRECT_KEYS, &used, &global);
	own = sum_cgroups(p->result, "pgsteal_proactive", &proactive);
	add_row(p, BIT(COUNTS_DIRECT) | BIT(COUNTS_NODE_RECLAIM), "vmstat.", DIRECT_KEYS);
	if (global)
		add_absent(p, BIT(COUNTS_LIMIT), "the cgroups' counters hold direct reclaim too");
	else if (!own && p->insns[COUNTS_PROACTIVE])
		add_row(p, BIT(COUNTS_LIMIT) | BIT(COUNTS_PROACTIVE), CGROUPS, DIRECT_KEYS);
	else
		add_row(p, BIT(COUNTS_LIMIT), CGROUPS, DIRECT_KEYS);
	if (own)
		add_row(p, BIT(COUNTS_PROACTIVE), CGROUPS, "pgsteal_proactive");
}

/* Of several meanings of one counter, as "A,B". */
static bool means(const char *meaning, const char *what)
{
	size_t len = strlen(what);
	const char *at = meaning;

	while (at && (at = strstr(at, what))) {
		if ((at == meaning || at[-1] == ',') && (!at[len] || at[len] == ','))
			return true;
		at += len;
	}
	return false;
}

json_t *counts_pages(const uint64_t insns[COUNTS_CONTEXTS], const json_t *result)
{
	struct pages p = {.insns = insns, .result = result, .out = json_array()};
	const char *meaning = NULL;
	uint64_t n;

	add_row(&p, BIT(COUNTS_KSWAPD), "vmstat.", "pgsteal_kswapd");
	find_metric(result, "reclaim.steal.direct", &meaning, &n);
	if (means(meaning, "with-cgroup-limits")) {
		add_row(&p, BIT(COUNTS_DIRECT) | BIT(COUNTS_LIMIT) | BIT(COUNTS_NODE_RECLAIM),
			"vmstat.", DIRECT_KEYS);
		add_row(&p, BIT(COUNTS_PROACTIVE), "vmstat.", "pgsteal_proactive");
	} else {
		add_apart(&p);
	}
	return p.out;
}
