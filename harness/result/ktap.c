// SPDX-License-Identifier: GPL-2.0-only
/*
 * KTAP and TAP 13: "1..N", "ok N NAME # DIRECTIVE", "not ok ...", "Bail out!".  Subtests come before
 * the test that they are parts of, two or more blanks further in, or behind "# " as kselftest's
 * runner has it.  Several documents may follow each other, as when one program runs after another.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "result/program.h"

#define DEPTH_MAX 16
#define NAME_LEN  120
#define PATH_LEN  400
#define NO_PARENT SIZE_MAX

enum outcome { PASSED, FAILED, SKIPPED, EXPECTED, OUTCOMES };
static const char *const outcomes[] = {"passed", "failed", "skipped", "expected"};

struct test {
	struct text name, reason;
	enum outcome outcome;
	size_t parent;    /* the test it is a part of; NO_PARENT for those at the margin */
	bool parts;       /* it has some itself */
	bool part_failed; /* so its own failure says nothing new */
};

/* One level that is being read. */
struct level {
	size_t indent;
	size_t first;   /* the level's tests are this and later ones without a parent */
	uint64_t seen;
	uint64_t planned;
	bool has_plan;
};

struct ktap {
	struct program_report *report;
	struct test *test;
	size_t nr_tests;
	struct level level[DEPTH_MAX];
	size_t nr_levels;
	uint64_t missing;
	uint64_t skipped_plans; /* "1..0 # SKIP": a whole program that skips */
	struct text skip_reason;
};

static bool starts(struct text t, const char *s)
{
	return t.len >= strlen(s) && !memcmp(t.p, s, strlen(s));
}

static struct text skip(struct text t, size_t n)
{
	if (!t.p)
		return t;
	n = n < t.len ? n : t.len;
	return (struct text){t.p + n, t.len - n};
}

static struct text skip_blanks(struct text t)
{
	while (t.len && (*t.p == ' ' || *t.p == '\t'))
		t = skip(t, 1);
	return t;
}

static bool number(struct text *t, uint64_t *out)
{
	size_t i;

	*out = 0;
	for (i = 0; i < t->len && isdigit((unsigned char)t->p[i]) && i < 9; i++)
		*out = *out * 10 + (uint64_t)(t->p[i] - '0');
	*t = skip(*t, i);
	return i > 0;
}

/* "ok 3": with a number, so that prose is not taken for one. */
static bool is_result(struct text t)
{
	size_t word = starts(t, "ok ") ? 3 : starts(t, "not ok ") ? 7 : 0;

	return word && t.len > word && isdigit((unsigned char)t.p[word]);
}

static bool is_version(struct text t)
{
	return starts(t, "TAP version ") || starts(t, "KTAP version ");
}

static bool is_plan(struct text t)
{
	return starts(t, "1..") && t.len > 3 && isdigit((unsigned char)t.p[3]);
}

static bool means_something(struct text t)
{
	return is_version(t) || is_plan(t) || is_result(t) || starts(t, "Bail out!");
}

/* Takes what a line is indented by off it: blanks and "# "; false when it means nothing. */
static bool unindent(struct text *line, size_t *indent)
{
	struct text t = *line;

	while (t.len) {
		if (means_something(t)) {
			*indent = (size_t)(t.p - line->p);
			*line = t;
			return true;
		}
		if (*t.p != ' ' && *t.p != '#')
			return false;
		t = skip(t, 1);
	}
	return false;
}

static void leave(struct ktap *k)
{
	const struct level *l = &k->level[--k->nr_levels];

	if (l->has_plan && l->planned > l->seen)
		k->missing += l->planned - l->seen;
}

/* The level of this indent; those further in are over. */
static struct level *enter(struct ktap *k, size_t indent)
{
	struct level *l;

	while (k->nr_levels && k->level[k->nr_levels - 1].indent > indent)
		leave(k);
	l = k->nr_levels ? &k->level[k->nr_levels - 1] : NULL;
	if (l && (l->indent == indent || k->nr_levels == DEPTH_MAX))
		return l;
	l = &k->level[k->nr_levels++];
	*l = (struct level){.indent = indent, .first = k->nr_tests};
	return l;
}

/* Another document at the same place. */
static struct level *start_again(struct ktap *k, size_t indent)
{
	struct level *l = enter(k, indent);

	if (!l->seen && !l->has_plan)
		return l;
	leave(k);
	return enter(k, indent);
}

static void take_plan(struct ktap *k, size_t indent, struct text t)
{
	struct level *l = enter(k, indent);

	if (l->has_plan)
		l = start_again(k, indent);
	t = skip(t, 3);
	number(&t, &l->planned);
	l->has_plan = true;
	t = skip_blanks(t);
	if (l->planned || !starts(t, "#"))
		return;
	k->skipped_plans++;
	k->skip_reason = skip_blanks(skip(t, 1));
}

/* The "#" that parts a name from what is said of it: one with a blank before it. */
static struct text cut_directive(struct text *name)
{
	struct text rest = {NULL, 0};
	size_t i;

	for (i = 0; i + 1 < name->len; i++) {
		if (name->p[i] != '#' || (i && name->p[i - 1] != ' '))
			continue;
		rest = skip_blanks(skip(*name, i + 1));
		name->len = i;
		break;
	}
	while (name->len && name->p[name->len - 1] == ' ')
		name->len--;
	return rest;
}

static bool says(struct text t, const char *word)
{
	return t.len >= strlen(word) && !strncasecmp(t.p, word, strlen(word));
}

/* "ok 3 # SKIP name": the name may come behind what is said of it. */
static void find_name(struct text *name, struct text directive)
{
	text_word(&directive);
	if (!name->len)
		*name = skip_blanks(directive);
}

static enum outcome judge(bool ok, struct text directive)
{
	if (says(directive, "SKIP"))
		return SKIPPED;
	if (says(directive, "XFAIL") || (!ok && says(directive, "TODO")))
		return EXPECTED;
	return ok ? PASSED : FAILED;
}

static void add_test(struct ktap *k, struct level *l, bool ok, struct text name)
{
	struct text reason = cut_directive(&name);
	struct test *t;

	find_name(&name, reason);
	/* Grows by doubling: sizes are powers of two. */
	if (!(k->nr_tests & (k->nr_tests - 1)))
		k->test = xrealloc(k->test, k->nr_tests ? 2 * k->nr_tests : 1, sizeof(*k->test));
	t = &k->test[k->nr_tests++];
	*t = (struct test){.name = name, .reason = reason, .outcome = judge(ok, reason),
			   .parent = NO_PARENT};
	l->seen++;
}

/* Where the levels further in than this indent began; none: behind all tests. */
static size_t parts_from(const struct ktap *k, size_t indent)
{
	size_t i;

	for (i = 0; i < k->nr_levels; i++)
		if (k->level[i].indent > indent)
			return k->level[i].first;
	return k->nr_tests;
}

/* What came further in since then are parts of the last test. */
static void adopt(struct ktap *k, size_t from)
{
	size_t last = k->nr_tests - 1, i;

	for (i = from; i < last; i++) {
		if (k->test[i].parent != NO_PARENT)
			continue;
		k->test[i].parent = last;
		k->test[last].parts = true;
		k->test[last].part_failed |= k->test[i].outcome == FAILED;
	}
}

static void take_result(struct ktap *k, size_t indent, struct text t)
{
	size_t from = parts_from(k, indent);
	bool ok = *t.p == 'o';
	struct level *l;
	uint64_t nr;

	if (k->nr_tests == PROGRAM_TESTS_MAX) {
		program_error(k->report, "there are over %d tests in it", PROGRAM_TESTS_MAX);
		return;
	}
	t = skip(t, ok ? 3 : 7);
	number(&t, &nr);
	t = skip_blanks(t);
	if (starts(t, "- "))
		t = skip_blanks(skip(t, 2));
	l = enter(k, indent);
	if (l->first > from)
		l->first = from;
	add_test(k, l, ok, t);
	adopt(k, from);
}

static void take_line(struct ktap *k, struct text line)
{
	size_t indent;

	if (!unindent(&line, &indent))
		return;
	if (is_version(line))
		start_again(k, indent);
	else if (is_plan(line))
		take_plan(k, indent, line);
	else if (is_result(line))
		take_result(k, indent, line);
	else
		program_error(k->report, "Bail out!%.*s", line.len - 9 < 100 ? (int)line.len - 9 : 100,
			      line.p + 9);
}

/* "outer / inner" */
static void full_name(const struct ktap *k, const struct test *t, char out[PATH_LEN])
{
	int len = (int)(t->name.len < NAME_LEN ? t->name.len : NAME_LEN);
	char rest[PATH_LEN];
	unsigned int depth = 0;

	snprintf(out, PATH_LEN, "%.*s", len, t->name.p ? t->name.p : "");
	while (t->parent != NO_PARENT && depth++ < DEPTH_MAX) {
		t = &k->test[t->parent];
		len = (int)(t->name.len < NAME_LEN ? t->name.len : NAME_LEN);
		memcpy(rest, out, sizeof(rest));
		snprintf(out, PATH_LEN, "%.*s / %.*s", len, t->name.p ? t->name.p : "",
			 PATH_LEN - NAME_LEN - 8, rest);
	}
}

static void list_test(struct ktap *k, const struct test *t)
{
	char name[PATH_LEN];
	json_t *out;

	full_name(k, t, name);
	out = json_pack("{s:o, s:s}", "test",
			program_text((struct text){name, strlen(name)}, PATH_LEN), "outcome",
			outcomes[t->outcome]);
	if (t->reason.len)
		json_object_set_new(out, "reason", program_text(t->reason, NAME_LEN));
	json_array_append_new(k->report->detail, out);
}

/* Parts count, not what they are parts of, unless that failed for a reason of its own. */
static bool counts(const struct test *t)
{
	return !t->parts || (t->outcome == FAILED && !t->part_failed);
}

static void report(struct ktap *k)
{
	int64_t sum[OUTCOMES] = {0};
	size_t i;

	for (i = 0; i < k->nr_tests; i++) {
		if (!counts(&k->test[i]))
			continue;
		sum[k->test[i].outcome]++;
		list_test(k, &k->test[i]);
	}
	sum[SKIPPED] += (int64_t)k->skipped_plans;
	if (k->skipped_plans)
		json_array_append_new(k->report->detail,
				      json_pack("{s:s, s:s, s:o}", "test", "all", "outcome",
						outcomes[SKIPPED], "reason",
						program_text(k->skip_reason, NAME_LEN)));
	for (i = 0; i < OUTCOMES; i++)
		program_put(k->report, "ktap", outcomes[i], "tests", sum[i]);
	program_put(k->report, "ktap", "missing", "tests", (int64_t)k->missing);
}

void ktap_read(const char *text, size_t len, struct program_report *r)
{
	struct text rest = {text, len}, line;
	struct ktap k = {.report = r};

	r->detail = json_array();
	while (!r->error[0] && text_line(&rest, &line))
		take_line(&k, line);
	while (k.nr_levels)
		leave(&k);
	report(&k);
	if (!r->error[0] && !k.nr_tests && !k.skipped_plans)
		program_error(r, "there are no tests in it");
	free(k.test);
}
