// SPDX-License-Identifier: GPL-2.0-only
/* A night as a document: what is new with all there is to see of it, the rest in tables. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nightly/internal.h"
#include "nightly/nightly.h"
#include "report/format.h"

static const char *const headings[] = {
	[NIGHT_NEW] = "New",
	[NIGHT_KNOWN] = "Known from the nights before",
	[NIGHT_GONE] = "Gone: fresh seeds do not bear it out",
	[NIGHT_MOVED] = "Moved between kinds of reclaim, the sum is the same",
};

/* Each line a sentence, or something to be run. */
static void add_lines(struct document *doc, const char *text)
{
	cleanup_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n"))) {
		line += strspn(line, " ");
		if (!strncmp(line, "wringer ", strlen("wringer ")))
			document_command(doc, line);
		else if (*line)
			document_line(doc, "%s", line);
	}
}

static void begin_rows(struct document *doc)
{
	static const struct document_column column[] = {
		{.name = "metric"}, {.name = "base", .right = true}, {.name = "other", .right = true},
		{.name = "change", .right = true}, {.name = "95% interval", .right = true},
		{.name = "n", .right = true, .wide = true}, {.name = "p", .right = true, .wide = true},
		{.name = "verdict"},
	};

	document_table(doc, column, ARRAY_SIZE(column));
}

/* p as it is, before any correction: the suite's level for it is not that of other tables. */
static void add_row(struct document *doc, const char *name, const struct comparison_row *row)
{
	cleanup_free char *brief = format_metric(name), *n = NULL, *p = NULL;
	char base[16], other[16], change[32], interval[64];

	n = xasprintf("%zu, %zu", row->nr_base, row->nr_other);
	p = xasprintf("%.2g", row->p);
	format_si(row->base, base, sizeof(base));
	format_si(row->other, other, sizeof(other));
	format_change(row, change, interval, sizeof(change));
	document_row(doc, row->name);
	document_text(doc, name, brief, NULL);
	document_number(doc, base, row->base, NULL);
	document_number(doc, other, row->other, NULL);
	document_number(doc, change, row->shift.shift, NULL);
	document_interval(doc, interval, row->shift.lo, row->shift.hi);
	document_text(doc, n, NULL, NULL);
	document_number(doc, p, row->p, NULL);
	document_verdict(doc, row);
}

static void add_rows_of(struct document *doc, const struct night *n, const struct night_finding *f)
{
	cleanup_buf struct buf title = {0};

	night_title(n, f, &title);
	document_group(doc, buf_str(&title), NULL, NULL);
	if (f->row)
		add_row(doc, f->row->r.name, &f->row->r);
	if (f->tried)
		add_row(doc, "with fresh seeds", &f->fresh);
}

/* Of a finding that has no numbers. */
static void add_sentence(struct document *doc, const struct night *n, const struct night_finding *f)
{
	cleanup_buf struct buf title = {0};

	night_title(n, f, &title);
	document_line(doc, "%s: %s.", buf_str(&title), f->what);
}

static void add_search(struct document *doc, const struct night *n, const struct night_finding *f)
{
	cleanup_free char *heading = NULL;
	cleanup_buf struct buf title = {0};

	if (!f->search)
		return;
	night_title(n, f, &title);
	heading = xasprintf("Which kernel did it? %s", buf_str(&title));
	document_subsection(doc, heading, NULL);
	add_lines(doc, f->search);
}

static void add_since(struct document *doc, const struct night *n, const struct night_finding *f)
{
	cleanup_buf struct buf title = {0};

	night_title(n, f, &title);
	if (f->since && f->row)
		document_line(doc, "%s: first found with %s.", buf_str(&title), f->since);
}

static bool has_rows(const struct night *n, unsigned int kind)
{
	size_t i;

	for (i = 0; i < n->nr; i++)
		if (n->finding[i].kind == kind && n->finding[i].row)
			return true;
	return false;
}

static void add_kind(struct document *doc, const struct night *n, unsigned int kind)
{
	size_t i;

	document_section(doc, headings[kind]);
	if (has_rows(n, kind))
		begin_rows(doc);
	for (i = 0; i < n->nr; i++)
		if (n->finding[i].kind == kind && n->finding[i].row)
			add_rows_of(doc, n, &n->finding[i]);
	for (i = 0; i < n->nr; i++) {
		if (n->finding[i].kind != kind)
			continue;
		if (!n->finding[i].row)
			add_sentence(doc, n, &n->finding[i]);
		add_since(doc, n, &n->finding[i]);
		add_search(doc, n, &n->finding[i]);
	}
}

/* Several findings of the same two arms are seen in one comparison. */
static bool is_first(const struct night *n, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (n->finding[i].contest == n->finding[at].contest && n->finding[i].arm == n->finding[at].arm)
			return false;
	return true;
}

static void add_comparison(struct document *doc, const struct night *n, const struct night_finding *f)
{
	const struct suite_contest *c = &n->plan->contest[f->contest];
	struct comparison comparison;
	struct arm base, other;

	if (!f->arm || !night_load(n, f, 0, n->s.of[f->contest].looks, &base, &other))
		return;
	if (!compare_arms(&base, &other, c->by, NULL, &comparison, NULL)) {
		document_comparison(doc, &comparison);
		comparison_release(&comparison);
	}
	arm_release(&base);
	arm_release(&other);
}

static size_t count_seen(const struct night *n)
{
	size_t i, nr = 0;

	for (i = 0; i < n->nr; i++)
		nr += n->finding[i].kind == NIGHT_NEW && is_first(n, i);
	return nr;
}

static void add_comparisons(struct document *doc, const struct night *n)
{
	size_t i;

	if (!n->count[NIGHT_NEW])
		return;
	document_section(doc, "All that was seen of what is new");
	for (i = 0; i < n->nr; i++)
		if (n->finding[i].kind == NIGHT_NEW && is_first(n, i))
			add_comparison(doc, n, &n->finding[i]);
}

static void add_history(struct document *doc, const struct night *n, const struct night_finding *f, struct history *h)
{
	struct suite_contest *c = &n->plan->contest[f->contest];
	char *engine[] = {c->label[AXIS_ENGINE], NULL}, *guest[] = {c->label[AXIS_GUEST], NULL};
	char *scenario[] = {c->label[AXIS_SCENARIO], NULL};
	char *policy[] = {c->by == AXIS_POLICY ? c->arm[f->arm].label : c->label[AXIS_POLICY], NULL};
	struct history_select what = {f->row->r.name, engine, c->by == AXIS_GUEST ? NULL : guest, policy, scenario,
				      false};
	struct history_answer a;
	struct err why = {""};

	if (history_ask(h, &what, &a, &why)) {
		document_line(doc, "No history of %s: %s", f->row->r.name, why.msg);
		return;
	}
	document_history(doc, &a);
	history_answer_release(&a);
}

static void add_histories(struct document *doc, const struct night *n, struct history *h)
{
	size_t i;

	if (!h || !has_rows(n, NIGHT_NEW))
		return;
	document_section(doc, "From kernel to kernel");
	for (i = 0; i < n->nr; i++)
		if (n->finding[i].kind == NIGHT_NEW && n->finding[i].row)
			add_history(doc, n, &n->finding[i], h);
}

static void add_pair(struct document *doc, const struct night *n, size_t contest, size_t arm)
{
	const struct suite_contest *c = &n->plan->contest[contest];
	const struct suite_pair *pair = &n->s.of[contest].pair[arm - 1];
	cleanup_buf struct buf title = {0};
	size_t i;

	suite_contest_title(c, c->arm[arm].label, &title);
	if (pair->nr)
		document_group(doc, buf_str(&title), NULL, NULL);
	for (i = 0; i < pair->nr; i++)
		add_row(doc, pair->row[i].r.name, &pair->row[i].r);
}

static void add_standings(struct document *doc, const struct night *n)
{
	size_t i, k;

	document_section(doc, "All comparisons");
	if (!n->plan->nr_tests) {
		document_line(doc, "There is nothing yet to compare with.");
		return;
	}
	document_line(doc, "Verdicts at %g for all %zu comparisons together and all looks at them (Bonferroni; p is "
			   "of the one comparison).", n->plan->alpha, n->plan->nr_tests);
	begin_rows(doc);
	for (i = 0; i < n->plan->nr_contests; i++)
		for (k = 1; k < n->plan->contest[i].nr_arms; k++)
			add_pair(doc, n, i, k);
}

/* So that what did not end well, and each experiment, is told of all arms. */
static void add_arms(struct document *doc, const struct night *n)
{
	const struct suite_plan *plan = n->plan;
	struct arm arm;
	size_t i, k;

	for (i = 0; i < plan->nr_contests; i++)
		for (k = 0; k < plan->contest[i].nr_arms; k++) {
			if (!n->s.of[i].looks || suite_load_arm(plan, &plan->contest[i].arm[k], 0, n->s.of[i].looks,
								&arm, NULL))
				continue;
			document_also(doc, &arm);
			arm_release(&arm);
		}
}

static void add_summary(struct document *doc, const struct night *n)
{
	cleanup_buf struct buf head = {0};

	document_section(doc, "Summary");
	document_line(doc, "%zu new, %zu known, %zu gone, %zu moved.%s", n->count[NIGHT_NEW], n->count[NIGHT_KNOWN],
		      n->count[NIGHT_GONE], n->count[NIGHT_MOVED],
		      n->complete ? "" : " The suite was stopped before its end.");
	suite_head_text(n->plan, &n->s, &head);
	add_lines(doc, buf_str(&head));
}

static void add_again(struct document *doc, const struct night *n)
{
	cleanup_free char *command = xasprintf("wringer suite status %s --all", n->plan->suite);

	document_section(doc, "Again");
	document_line(doc, "As it stands; each comparison has the command that makes its experiments:");
	document_command(doc, command);
}

void night_document(const struct night *n, struct history *h, struct document *doc)
{
	cleanup_free char *title = xasprintf("%s: kernel %s, %zu new", n->plan->suite, n->kernel, n->count[NIGHT_NEW]);
	unsigned int kind;

	document_init(doc, count_seen(n));
	document_title(doc, title);
	add_summary(doc, n);
	for (kind = 0; kind < NIGHT_KINDS; kind++)
		if (n->count[kind])
			add_kind(doc, n, kind);
	add_comparisons(doc, n);
	add_histories(doc, n, h);
	add_standings(doc, n);
	add_arms(doc, n);
	document_failures(doc);
	document_experiments(doc);
	add_again(doc, n);
}
