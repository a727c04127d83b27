// SPDX-License-Identifier: GPL-2.0-only
#include "result/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result/program.h"

#define LOG   RECORDS_POLICY "log "
#define TABLE RECORDS_POLICY "table "

static bool starts(struct text t, const char *prefix)
{
	size_t len = strlen(prefix);

	return t.p && t.len > len && !memcmp(t.p, prefix, len);
}

static void collect(const struct records *rec, unsigned int source, struct buf *out)
{
	size_t i;

	for (i = 0; i < rec->nr_pieces; i++)
		if (rec->piece[i].source == source)
			buf_add(out, rec->piece[i].data.p, rec->piece[i].data.len);
}

void policy_log(const struct records *rec, struct buf *out)
{
	unsigned int i;

	for (i = 0; i < rec->nr_sources; i++) {
		struct text name = rec->source[i];

		if (!starts(name, LOG))
			continue;
		buf_printf(out, "== %.*s\n", (int)(name.len - strlen(LOG)), name.p + strlen(LOG));
		collect(rec, i, out);
	}
}

static int by_text(const void *a, const void *b)
{
	const struct text *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->p, y->p, len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

/* "KEY=VALUE" */
static void put_member(json_t *out, struct text word)
{
	const char *is = memchr(word.p, '=', word.len);
	cleanup_free char *key = NULL;
	struct text value;
	uint64_t n;

	if (!is)
		return;
	key = xasprintf("%.*s", (int)(is - word.p), word.p);
	text_printable(key, strlen(key));
	value = (struct text){is + 1, word.len - (size_t)(is + 1 - word.p)};
	if (text_number(value, &n) && n <= INT64_MAX)
		json_object_set_new(out, key, json_integer((json_int_t)n));
	else
		json_object_set_new(out, key, program_text(value, 64));
}

static json_t *entry(struct text line)
{
	json_t *out = json_object();
	struct text word;

	for (word = text_word(&line); word.len; word = text_word(&line))
		put_member(out, word);
	return out;
}

static json_t *table(const struct buf *text, size_t *left)
{
	struct text rest = {buf_str(text), text->len}, line;
	struct text *lines = xcalloc(POLICY_ENTRIES_MAX, sizeof(*lines));
	json_t *out = json_array();
	size_t i, n = 0;

	while (*left && text_line(&rest, &line)) {
		lines[n++] = line;
		--*left;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	for (i = 0; i < n; i++)
		json_array_append_new(out, entry(lines[i]));
	free(lines);
	return out;
}

static char *table_name(struct text source)
{
	char *name = xasprintf("%.*s", (int)(source.len - strlen(TABLE)), source.p + strlen(TABLE));
	char *blank = strchr(name, ' ');

	text_printable(name, strlen(name));
	if (blank)
		*blank = '.';
	return name;
}

json_t *policy_tables(const struct records *rec)
{
	size_t left = POLICY_ENTRIES_MAX;
	json_t *out = json_object();
	unsigned int i;

	for (i = 0; i < rec->nr_sources; i++) {
		cleanup_buf struct buf text = {0};
		cleanup_free char *name = NULL;

		if (!starts(rec->source[i], TABLE))
			continue;
		collect(rec, i, &text);
		name = table_name(rec->source[i]);
		json_object_set_new(out, name, table(&text, &left));
	}
	return out;
}
