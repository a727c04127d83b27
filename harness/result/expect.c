// SPDX-License-Identifier: GPL-2.0-only
#include "result/expect.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "records/counters.h"
#include "workloads/lib/workload.h"

#define SIDES_MAX 3

/* Reading an expression: words, and what they stand for; without records the form alone is read. */
struct reader {
	char *word[64];
	size_t nr, at;
	const struct records *rec; /* NULL: nothing is looked up */
	const json_t *metrics;
	char why[160]; /* set: it makes no sense, or (absent) cannot be said */
	bool absent;
};

static double fail(struct reader *r, bool absent, const char *fmt, const char *what)
{
	if (!r->why[0]) {
		snprintf(r->why, sizeof(r->why), fmt, what);
		r->absent = absent;
	}
	return 0;
}

static bool split(struct reader *r, char *text)
{
	char *save = NULL, *w;

	for (w = strtok_r(text, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (r->nr == ARRAY_SIZE(r->word))
			return false;
		r->word[r->nr++] = w;
	}
	return true;
}

static double number(struct reader *r, const char *word)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;
	double v = strtod(word, &end);

	for (unit = units; *unit && *unit != *end; unit++)
		;
	if (*end && *unit) {
		for (; unit >= units; unit--)
			v *= 1024;
		end++;
	}
	return *end ? fail(r, false, "'%.80s' is no number", word) : v;
}

/* Looking for one counter among all of a set. */
struct wanted {
	const char *name;
	bool found;
	uint64_t value;
};

static void compare_counter(void *ctx, const char *name, uint64_t value)
{
	struct wanted *w = ctx;

	if (w->found || strcmp(name, w->name))
		return;
	w->found = true;
	w->value = value;
}

static bool work_counter(const struct records *rec, const struct records_set *set, unsigned int id,
			 const char *key, uint64_t *value)
{
	struct text t = rec->work_type[id];
	const struct workload *type;
	char name[64];
	size_t i;

	if (!set->work[id].present || !t.p || t.len >= sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)t.len, t.p);
	type = workload_find(name);
	*value = set->work[id].work.ops;
	if (!strcmp(key, "ops"))
		return true;
	for (i = 0; type && i < type->nr_metrics; i++) {
		*value = set->work[id].work.metric[i];
		if (!strcmp(type->metrics[i].name, key))
			return true;
	}
	return false;
}

static bool find_work(const struct records *rec, const struct records_set *set, const char *name,
		      uint64_t *value)
{
	size_t len = strcspn(name, ".");
	unsigned int i;

	for (i = 0; i < rec->nr_works; i++)
		if (rec->work_name[i].p && rec->work_name[i].len == len && name[len] &&
		    !memcmp(rec->work_name[i].p, name, len))
			return work_counter(rec, set, i, name + len + 1, value);
	return false;
}

static bool find_counter(const struct records *rec, const struct records_set *set, const char *name,
			 uint64_t *value)
{
	struct wanted w = {.name = name};
	unsigned int i;

	if (!strncmp(name, "workload.", 9))
		return find_work(rec, set, name + 9, value);
	for (i = 0; i < rec->nr_sources && !w.found; i++)
		if (rec->source[i].p && set->text[i].p)
			counters_each(rec->source[i], set->text[i], compare_counter, &w);
	*value = w.value;
	return w.found;
}

static const struct records_set *find_point(const struct records *rec, const char *name)
{
	if (!strcmp(name, "open"))
		return records_open_set(rec);
	if (!strcmp(name, "close"))
		return records_last_set(rec);
	return records_mark(rec, name);
}

static double counter_at(struct reader *r, const char *counter, const char *point)
{
	const struct records_set *set;
	uint64_t value = 0;

	if (!*counter || !*point)
		return fail(r, false, "'%.80s': a counter is written COUNTER@POINT", counter);
	if (!r->rec)
		return 0;
	set = find_point(r->rec, point);
	if (!set)
		return fail(r, true, "the run did not come to the point '%.80s'", point);
	if (!find_counter(r->rec, set, counter, &value))
		return fail(r, true, "this kernel or guest has no counter %.80s", counter);
	return (double)value;
}

static double counter(struct reader *r, char *word, char *at)
{
	char *dots = strstr(at + 1, "..");
	double from = 0;

	*at++ = '\0';
	if (dots) {
		*dots = '\0';
		from = counter_at(r, word, at);
		at = dots + 2;
	}
	return counter_at(r, word, at) - from;
}

static double metric(struct reader *r, const char *word)
{
	json_t *m;
	size_t i;

	if (!r->rec)
		return 0;
	json_array_foreach(r->metrics, i, m) {
		const char *name = json_string_value(json_object_get(m, "name"));
		json_t *value = json_object_get(m, "value");

		if (name && !strcmp(name, word) && json_is_number(value))
			return json_number_value(value);
	}
	return fail(r, true, "there is no value of the metric %.80s", word);
}

static bool is_name(const char *word)
{
	return isalpha((unsigned char)*word) &&
	       !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789._-@/")];
}

static double value(struct reader *r)
{
	char *word = r->at < r->nr ? r->word[r->at++] : NULL;
	char *at;

	if (!word)
		return fail(r, false, "a value is missing%s", "");
	if (isdigit((unsigned char)*word) || *word == '-' || *word == '.')
		return number(r, word);
	if (!is_name(word))
		return fail(r, false, "'%.80s' is neither a number nor a name", word);
	at = strchr(word, '@');
	return at ? counter(r, word, at) : metric(r, word);
}

static bool next_is(const struct reader *r, const char *ops)
{
	const char *w = r->at < r->nr ? r->word[r->at] : "";

	return *w && !w[1] && strchr(ops, *w);
}

static double product(struct reader *r)
{
	double v = value(r);

	while (next_is(r, "*/")) {
		char op = *r->word[r->at++];
		double by = value(r);

		if (op == '/' && by == 0 && r->rec)
			return fail(r, true, "a division by zero%s", "");
		v = op == '*' ? v * by : v / (by == 0 ? 1 : by);
	}
	return v;
}

static double sum(struct reader *r)
{
	double v = product(r);

	while (next_is(r, "+-"))
		v += *r->word[r->at++] == '+' ? product(r) : -product(r);
	return v;
}

enum op { LT, LE, GT, GE, EQ, NE, NO_OP };

static enum op find_op(const char *word)
{
	static const char *const names[] = {"<", "<=", ">", ">=", "==", "!="};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], word))
			break;
	return (enum op)i;
}

static bool holds(double a, enum op op, double b)
{
	switch (op) {
	case LT:
		return a < b;
	case LE:
		return a <= b;
	case GT:
		return a > b;
	case GE:
		return a >= b;
	case EQ:
		return a == b;
	default:
		return a != b;
	}
}

/* The left side, then each of the right with its operator. */
struct outcome {
	double side[SIDES_MAX];
	size_t nr;
	bool holds;
};

static void read_right(struct reader *r, struct outcome *out)
{
	out->holds = true;
	do {
		enum op op = r->at < r->nr ? find_op(r->word[r->at]) : NO_OP;

		if (op != NO_OP)
			r->at++;
		else if (out->nr > 1)
			fail(r, false, "'%.80s' where an operator should be", r->word[r->at]);
		out->side[out->nr] = sum(r);
		out->holds &= holds(out->side[0], op == NO_OP ? EQ : op, out->side[out->nr++]);
	} while (r->at < r->nr && out->nr < SIDES_MAX && !r->why[0]);
	if (r->at < r->nr)
		fail(r, false, "'%.80s' is one too many", r->word[r->at]);
}

static void evaluate(struct reader *r, const char *left, const char *right, struct outcome *out)
{
	cleanup_free char *a = xstrdup(left), *b = xstrdup(right);

	memset(out, 0, sizeof(*out));
	if (!split(r, a))
		fail(r, false, "'%.80s' is too long", left);
	out->side[out->nr++] = sum(r);
	if (r->at < r->nr)
		fail(r, false, "'%.80s' where an operator should be", r->word[r->at]);
	r->nr = r->at = 0;
	if (!split(r, b))
		fail(r, false, "'%.80s' is too long", right);
	if (!r->why[0])
		read_right(r, out);
}

int expect_parse(const char *left, const char *right, struct err *err)
{
	struct reader r = {.rec = NULL};
	struct outcome out;

	evaluate(&r, left, right, &out);
	return r.why[0] ? err_set(err, -EINVAL, "%s = %s: %s", left, right, r.why) : 0;
}

/* Text: what JSON's readers make of fractions is up to them. */
static json_t *json_double(double v)
{
	char text[32];

	snprintf(text, sizeof(text), v == (double)(int64_t)v ? "%.0f" : "%.6g", v);
	return json_string(text);
}

static json_t *one(const char *left, const char *right, const struct records *rec,
		   const json_t *metrics)
{
	struct reader r = {.rec = rec, .metrics = metrics};
	cleanup_free char *text = xasprintf("%s = %s", left, right);
	json_t *out = json_pack("{s:s}", "expect", text), *sides;
	struct outcome o;
	size_t i;

	evaluate(&r, left, right, &o);
	if (r.why[0]) {
		json_object_set_new(out, "absent", json_string(r.why));
		return out;
	}
	sides = json_array();
	for (i = 1; i < o.nr; i++)
		json_array_append_new(sides, json_double(o.side[i]));
	json_object_set_new(out, "left", json_double(o.side[0]));
	json_object_set_new(out, "right", sides);
	json_object_set_new(out, "holds", json_boolean(o.holds));
	return out;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *expect_evaluate(const json_t *expect, const struct records *rec, const json_t *metrics)
{
	size_t nr = json_object_size(expect), n = 0, i;
	cleanup_free const char **keys = xcalloc(nr + 1, sizeof(*keys));
	json_t *out = json_array(), *v;
	const char *key;

	json_object_foreach((json_t *)expect, key, v)
		keys[n++] = key;
	qsort(keys, n, sizeof(*keys), by_name);
	for (i = 0; i < n; i++) {
		const char *right = json_string_value(json_object_get(expect, keys[i]));

		json_array_append_new(out, one(keys[i], right ? right : "", rec, metrics));
	}
	return out;
}

const json_t *expect_of_spec(const json_t *spec)
{
	json_t *conf = json_object_get(json_object_get(spec, "scenario"), "conf");

	return json_object_get(conf, "expect");
}

const json_t *expect_failed(const json_t *evaluated)
{
	json_t *e;
	size_t i;

	json_array_foreach(evaluated, i, e)
		if (json_is_false(json_object_get(e, "holds")))
			return e;
	return NULL;
}

const json_t *expect_absent(const json_t *evaluated)
{
	json_t *e;
	size_t i;

	json_array_foreach(evaluated, i, e)
		if (json_object_get(e, "absent"))
			return e;
	return NULL;
}
