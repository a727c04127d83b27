// SPDX-License-Identifier: GPL-2.0-only
/*
 * KTAP version 1: a test for each group, and a subtest for each case.
 *
 * Readers take any line for something that looks like it, also behind "# ", and the kernel's own
 * (tools/testing/kunit/kunit_parser.py) stops at what a kernel says last.  So every line of a log stands behind
 * "# | ", where nobody looks for results, no name or reason has a "#", and those last words get another blank.
 */
#include <stdlib.h>
#include <string.h>

#include "export/internal.h"

/* "#" would begin a directive. */
static char *no_hash(const char *text)
{
	cleanup_buf struct buf out = {0};
	size_t len;

	for (; *text; text += len + (text[len] == '#')) {
		len = strcspn(text, "#");
		buf_add(&out, text, len);
		if (text[len])
			buf_adds(&out, "\\x23");
	}
	return xstrdup(buf_str(&out));
}

/* The words with two blanks for their first. */
static void break_words(struct buf *text, const char *words)
{
	cleanup_buf struct buf old = *text;
	const char *from = buf_str(&old), *at;
	size_t cut = strcspn(words, " ") + 1;

	*text = (struct buf){0};
	for (; (at = strstr(from, words)); from = at + cut) {
		buf_add(text, from, (size_t)(at - from) + cut);
		buf_adds(text, " ");
	}
	buf_adds(text, from);
}

static void add_values(const struct export_case *c, struct buf *out)
{
	size_t i;

	for (i = 0; i < c->nr; i++) {
		buf_printf(out, "  # | %s = ", c->value[i].name);
		number_add(out, c->value[i].value);
		buf_printf(out, "%s%s\n", *c->value[i].unit ? " " : "", c->value[i].unit);
	}
}

static void add_log(const struct export_case *c, struct buf *out)
{
	const char *line = c->log;
	size_t len;

	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		buf_adds(out, "  # | ");
		buf_add(out, line, len);
		buf_adds(out, "\n");
	}
}

/* The status' own word comes first, so no reason is taken for a directive. */
static void add_result(const struct export_case *c, size_t nr, struct buf *out)
{
	static const char *const directive[EXPORT_STATUSES] = {
		[EXPORT_FAIL] = "", [EXPORT_ERROR] = "ERROR ", [EXPORT_MISS] = "ERROR ", [EXPORT_PASS] = "",
		[EXPORT_DONE] = "SKIP ", [EXPORT_SKIP] = "SKIP ",
	};
	cleanup_free char *says = case_says(c), *name = no_hash(c->name), *reason = no_hash(says);
	bool bad = status_is_bad(c->status);

	buf_printf(out, "  %sok %zu %s", bad ? "not " : "", nr, name);
	if (c->status != EXPORT_PASS || *c->reason)
		buf_printf(out, " # %s%s", directive[c->status], reason);
	buf_adds(out, "\n");
}

static void add_group(const struct export_group *g, size_t nr, struct buf *out)
{
	cleanup_free char *path = group_path(g, true);
	enum export_status status = group_status(g);
	size_t i;

	buf_printf(out, "  KTAP version 1\n  # Subtest: %s\n  1..%zu\n", path, g->nr);
	for (i = 0; i < g->nr; i++) {
		add_values(&g->c[i], out);
		add_log(&g->c[i], out);
		add_result(&g->c[i], i + 1, out);
	}
	buf_printf(out, "%sok %zu %s%s\n", status_is_bad(status) ? "not " : "", nr, path,
		   status > EXPORT_PASS ? " # SKIP" : "");
}

void export_ktap(const struct export *e, struct buf *out)
{
	static const char *const last_words[] = {"List of all partitions:", "Kernel panic - not syncing: VFS:",
						 "reboot: System halted"};
	cleanup_buf struct buf text = {0};
	size_t i;

	buf_printf(&text, "KTAP version 1\n1..%zu\n", e->nr);
	for (i = 0; i < e->nr; i++)
		add_group(&e->group[i], i + 1, &text);
	for (i = 0; i < ARRAY_SIZE(last_words); i++)
		break_words(&text, last_words[i]);
	buf_add(out, text.data, text.len);
}
