// SPDX-License-Identifier: GPL-2.0-only
#include "report/divergence.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "records/counters.h"

struct counter {
	char *name;
	uint64_t value;
};

struct counters {
	struct counter *counter; /* sorted by name */
	size_t nr;
};

static void take(void *ctx, const char *name, uint64_t value)
{
	struct counters *c = ctx;

	if (!(c->nr & (c->nr - 1)))
		c->counter = xrealloc(c->counter, c->nr ? 2 * c->nr : 1, sizeof(*c->counter));
	c->counter[c->nr++] = (struct counter){xstrdup(name), value};
}

static int by_name(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void load(const struct records *rec, size_t set, struct counters *out)
{
	unsigned int i;

	*out = (struct counters){NULL, 0};
	for (i = 0; i < rec->nr_sources; i++)
		if (rec->set[set].text[i].p)
			counters_each(rec->source[i], rec->set[set].text[i], take, out);
	if (out->nr)
		qsort(out->counter, out->nr, sizeof(*out->counter), by_name);
}

static void release(struct counters *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		free(c->counter[i].name);
	free(c->counter);
}

/* What reclaim did comes before what came of it, and that before everything else. */
static int rank(const char *name)
{
	static const char *const first[] = {
		"pgscan",  "pgsteal", "workingset_", "pgdemote",   "pgpromote", "allocstall",
		"pswp",    "pgactivate", "pgdeactivate", "lru_gen.", "pgmajfault", "oom_kill",
		"kswapd",  "psi."};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		if (strstr(name, first[i]))
			return (int)i;
	return (int)ARRAY_SIZE(first);
}

/* Names that have differed already: a tree of strings. */
struct parting {
	void *known;
	json_t *out;
	size_t set;
	uint64_t time_ns;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool is_new(struct parting *p, const char *name)
{
	char *copy;

	if (tfind(name, &p->known, compare_names))
		return false;
	copy = xstrdup(name);
	if (!tsearch(copy, &p->known, compare_names))
		abort();
	return true;
}

static void part(struct parting *p, const char *name, uint64_t a, uint64_t b)
{
	if (a == b || !is_new(p, name))
		return;
	json_array_append_new(p->out, json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", name, "set",
						(json_int_t)p->set, "time_ns",
						(json_int_t)p->time_ns, "a", (json_int_t)a, "b",
						(json_int_t)b));
}

static void compare_sets(struct parting *p, const struct counters *a, const struct counters *b)
{
	size_t i = 0, k = 0;

	while (i < a->nr && k < b->nr) {
		int order = strcmp(a->counter[i].name, b->counter[k].name);

		if (!order)
			part(p, a->counter[i].name, a->counter[i].value, b->counter[k].value);
		i += order <= 0;
		k += order >= 0;
	}
}

static const char *name_of(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "name"));
}

static int by_set_and_rank(const void *a, const void *b)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	json_int_t sx = json_integer_value(json_object_get(x, "set"));
	json_int_t sy = json_integer_value(json_object_get(y, "set"));
	int rx = rank(name_of(x)), ry = rank(name_of(y));

	if (sx != sy)
		return sx < sy ? -1 : 1;
	return rx != ry ? rx - ry : strcmp(name_of(x), name_of(y));
}

static json_t *sorted(json_t *list)
{
	size_t i, n = json_array_size(list);
	json_t **entry = xcalloc(n + 1, sizeof(json_t *)), *out = json_array();

	for (i = 0; i < n; i++)
		entry[i] = json_array_get(list, i);
	qsort(entry, n, sizeof(json_t *), by_set_and_rank);
	for (i = 0; i < n; i++)
		json_array_append(out, entry[i]);
	free(entry);
	json_decref(list);
	return out;
}

/* Since the opening of its window. */
static int64_t since_open(const struct records *rec, size_t set)
{
	const struct records_set *open = records_open_set(rec);

	return (int64_t)(rec->set[set].time_ns - (open ? open : &rec->set[0])->time_ns);
}

/* How far it is to the set behind it, or of the last one, from the set before. */
static int64_t interval(const struct records *rec, size_t set)
{
	size_t i = set + 1 < rec->nr_sets ? set : set - 1;

	return rec->nr_sets < 2 ? 0 : (int64_t)(rec->set[i + 1].time_ns - rec->set[i].time_ns);
}

/*
 * The set of b that was taken when set nr of a was, from *from on: runs may be sampled at other
 * intervals.  A sample that comes late is still the same as long as no other is as near.
 */
static bool match(const struct records *a, size_t nr, const struct records *b, size_t *from)
{
	int64_t at = since_open(a, nr), apart, near = interval(a, nr) / 2;

	while (*from + 1 < b->nr_sets &&
	       llabs(since_open(b, *from + 1) - at) <= llabs(since_open(b, *from) - at))
		(*from)++;
	if (*from >= b->nr_sets)
		return false;
	apart = llabs(since_open(b, *from) - at);
	near = interval(b, *from) / 2 < near ? interval(b, *from) / 2 : near;
	return !apart || apart < near;
}

json_t *divergence(const struct records *a, const struct records *b)
{
	struct parting p = {.out = json_array()};
	size_t from = 0;

	for (p.set = 0; p.set < a->nr_sets; p.set++) {
		struct counters x, y;

		if (!match(a, p.set, b, &from))
			continue;
		p.time_ns = a->set[p.set].time_ns;
		load(a, p.set, &x);
		load(b, from, &y);
		compare_sets(&p, &x, &y);
		release(&x);
		release(&y);
	}
	tdestroy(p.known, free);
	return sorted(p.out);
}
