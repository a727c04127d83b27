// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "workloads/lib/refs.h"

/* A line, cut up as it is read. */
struct line {
	const char *at;
	const char *end;
};

static void skip_blanks(struct line *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t'))
		l->at++;
}

/* Digits up to a blank or the end; false for anything else, and over max. */
static bool number(struct line *l, uint64_t max, uint64_t *out)
{
	const char *from = l->at;
	uint64_t v = 0;

	for (; l->at < l->end && *l->at >= '0' && *l->at <= '9'; l->at++) {
		if (v > max / 10)
			return false;
		v = v * 10 + (uint64_t)(*l->at - '0');
	}
	*out = v;
	return l->at > from && v <= max &&
	       (l->at == l->end || *l->at == ' ' || *l->at == '\t');
}

/* The next line without its newline; false at the end. */
static bool next_line(struct wl_refs *r, struct line *l)
{
	const char *newline;

	if (r->at == r->len)
		return false;
	l->at = r->text + r->at;
	newline = memchr(l->at, '\n', r->len - r->at);
	l->end = newline ? newline : r->text + r->len;
	r->at = (size_t)(l->end - r->text) + (newline != NULL);
	r->line++;
	return true;
}

const char *wl_refs_start(struct wl_refs *r, const char *text, size_t len)
{
	size_t magic = strlen(WL_REFS_MAGIC);
	struct line l;

	*r = (struct wl_refs){.text = text, .len = len};
	if (!next_line(r, &l) || (size_t)(l.end - l.at) < magic || memcmp(l.at, WL_REFS_MAGIC, magic))
		return "a trace starts with a line '" WL_REFS_MAGIC "OBJECTS'";
	l.at += magic;
	skip_blanks(&l);
	if (!number(&l, WL_REFS_OBJECTS_MAX, &r->objects) || !r->objects)
		return "the number of objects must be 1 to 2^32";
	skip_blanks(&l);
	if (l.at != l.end)
		return "there is something behind the number of objects";
	r->first = r->at;
	return NULL;
}

void wl_refs_rewind(struct wl_refs *r)
{
	r->at = r->first;
	r->line = 1;
}

/* An empty field keeps what is in *out. */
static bool field(struct line *l, uint64_t max, uint64_t *out)
{
	skip_blanks(l);
	return l->at == l->end || number(l, max, out);
}

static bool kind(struct line *l, bool *write)
{
	skip_blanks(l);
	if (l->at == l->end)
		return true;
	*write = *l->at == 'w';
	if (*l->at != 'r' && *l->at != 'w')
		return false;
	l->at++;
	return l->at == l->end || *l->at == ' ' || *l->at == '\t';
}

static const char *parse(const struct wl_refs *r, struct line *l, struct wl_ref *ref)
{
	*ref = (struct wl_ref){.count = 1};
	if (!number(l, r->objects - 1, &ref->object))
		return "a line starts with the number of an object, which is below that of the header";
	if (!kind(l, &ref->write))
		return "the second field is r or w";
	if (!field(l, r->objects, &ref->count) || !ref->count ||
	    ref->count > r->objects - ref->object)
		return "the third field is how many objects, at least 1 and none beyond the last";
	if (!field(l, WL_REFS_DELAY_MAX, &ref->delay_us))
		return "the fourth field is a delay in microseconds, at most an hour";
	skip_blanks(l);
	return l->at == l->end ? NULL : "there are more than four fields";
}

bool wl_refs_next(struct wl_refs *r, struct wl_ref *ref, const char **bad)
{
	struct line l;

	*bad = NULL;
	while (next_line(r, &l)) {
		skip_blanks(&l);
		if (l.at == l.end || *l.at == '#')
			continue;
		*bad = parse(r, &l, ref);
		return !*bad;
	}
	return false;
}
