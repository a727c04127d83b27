// SPDX-License-Identifier: GPL-2.0-only
/* The experiments whose numbers are in a document. */
#include <stdlib.h>
#include <string.h>

#include "document/block.h"
#include "report/again.h"
#include "report/values.h"

/* Digits of an id that are enough for a mail. */
#define SHORT_ID 12

static void note_member(struct document_member *out, const struct member *m)
{
	const char *reason = text_of(m->r.result, "reason");

	*out = (struct document_member){.seed = m->seed, .status = m->status, .reason = visible(reason)};
	memcpy(out->id, m->id, sizeof(out->id));
}

static char *name_of(const struct arm *arm)
{
	cleanup_buf struct buf name = {0};
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != AXIS_ENGINE || !arm_is_exact(arm))
			buf_printf(&name, "%s%s", axis ? ", " : "", arm->label[axis]);
	return visible(buf_str(&name));
}

char *document_arm(struct document *doc, const struct arm *arm)
{
	char *key = xasprintf("arm %s", arm->member[0].id);
	struct document_arm *a;
	size_t i;

	for (i = 0; i < doc->nr_arms; i++)
		if (!strcmp(doc->arm[i].key, key))
			return key;
	doc->arm = xrealloc(doc->arm, doc->nr_arms + 1, sizeof(*a));
	a = &doc->arm[doc->nr_arms++];
	*a = (struct document_arm){.key = xstrdup(key), .name = name_of(arm), .nr = arm->nr};
	a->member = xcalloc(arm->nr, sizeof(*a->member));
	for (i = 0; i < arm->nr; i++)
		note_member(&a->member[i], &arm->member[i]);
	return key;
}

void document_also(struct document *doc, const struct arm *arm)
{
	free(document_arm(doc, arm));
}

/* Id, seed, status. */
static void add_experiment(struct document *doc, const struct document_member *m)
{
	cleanup_free char *brief = xasprintf("%.*s", SHORT_ID, m->id), *seed = NULL;

	seed = xasprintf("%llu", (unsigned long long)m->seed);
	document_text(doc, m->id, brief, NULL);
	document_number(doc, seed, (double)m->seed, NULL);
	document_text(doc, status_name(m->status), NULL, NULL);
}

static bool ended_well(const struct document_member *m)
{
	return m->status == STATUS_DONE;
}

static void add_failed(struct document *doc, const struct document_arm *a)
{
	bool any = false;
	size_t i;

	for (i = 0; i < a->nr; i++) {
		const struct document_member *m = &a->member[i];

		if (ended_well(m))
			continue;
		if (!any)
			document_group(doc, a->name, NULL, NULL);
		any = true;
		document_row(doc, NULL);
		add_experiment(doc, m);
		document_text(doc, m->reason, NULL, NULL);
	}
}

void document_failures(struct document *doc)
{
	static const struct document_column column[] = {
		{.name = "experiment"}, {.name = "seed", .right = true}, {.name = "status"}, {.name = "reason"},
	};
	size_t i, k, n = 0, all = 0;

	for (i = 0; i < doc->nr_arms; i++)
		for (k = 0; k < doc->arm[i].nr; k++, all++)
			n += !ended_well(&doc->arm[i].member[k]);
	if (!n)
		return;
	document_section(doc, "Not done");
	document_line(doc, "%zu of %zu experiments ended otherwise than done. Numbers of those with "
			   "expectation-failed count, of the others there are none.", n, all);
	document_table(doc, column, ARRAY_SIZE(column));
	for (i = 0; i < doc->nr_arms; i++)
		add_failed(doc, &doc->arm[i]);
}

void document_experiments(struct document *doc)
{
	static const struct document_column column[] = {
		{.name = "experiment"}, {.name = "seed", .right = true}, {.name = "status"},
	};
	size_t i, k;

	if (!doc->nr_arms)
		return;
	document_section(doc, "Experiments");
	document_line(doc, "Each is a folder of that name in the results: spec.json, result.json, records.zst "
			   "and console.txt. 'wringer show ID' shows one, 'wringer replay ID' runs it again.");
	document_table(doc, column, ARRAY_SIZE(column));
	for (i = 0; i < doc->nr_arms; i++) {
		document_group(doc, doc->arm[i].name, NULL, doc->arm[i].key);
		for (k = 0; k < doc->arm[i].nr; k++) {
			document_row(doc, NULL);
			add_experiment(doc, &doc->arm[i].member[k]);
		}
	}
}
