// SPDX-License-Identifier: GPL-2.0-only
#include "report/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"
#include "experiment/catalogue.h"
#include "kernel/kernel.h"
#include "report/format.h"
#include "report/values.h"

/* Of members that did not end well so many are named. */
#define NAMED_MAX 4

/* Axes that are one thing in a whole table. */
static bool is_common(enum axis axis, enum axis compared)
{
	return axis != compared && axis != AXIS_SCENARIO && axis != AXIS_GUEST;
}

static bool in_table(const struct table *t, const struct arm *arm)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (is_common((enum axis)axis, t->axis) && strcmp(arm->label[axis], t->label[axis]))
			return false;
	return true;
}

static bool same_row(const struct arm *a, const struct arm *b, enum axis compared)
{
	return !strcmp(a->label[AXIS_SCENARIO], b->label[AXIS_SCENARIO]) &&
	       (compared == AXIS_GUEST || !strcmp(a->label[AXIS_GUEST], b->label[AXIS_GUEST]));
}

/* The guest of most of the table's arms, which need not be told in each row. */
static const char *usual_guest(const struct table *t, const struct arms *arms)
{
	const char *usual = "";
	size_t i, k, n, most = 0;

	for (i = 0; i < arms->nr; i++) {
		const char *guest = arms->arm[i].label[AXIS_GUEST];

		for (k = 0, n = 0; k < arms->nr; k++)
			n += in_table(t, &arms->arm[k]) &&
			     !strcmp(guest, arms->arm[k].label[AXIS_GUEST]);
		if (n > most)
			usual = guest;
		most = n > most ? n : most;
	}
	return usual;
}

static char *row_name(const struct table *t, const struct arm *arm)
{
	const char *guest = arm->label[AXIS_GUEST];

	if (t->axis == AXIS_GUEST || !strcmp(guest, t->label[AXIS_GUEST]))
		return xstrdup(arm->label[AXIS_SCENARIO]);
	return xasprintf("%s@%s", arm->label[AXIS_SCENARIO], guest);
}

static void add_note(struct table *t, bool left_out, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What is true of several scenarios is one note. */
static void add_note(struct table *t, bool left_out, const char *name, const char *fmt, ...)
{
	char what[ERR_MSG_MAX];
	va_list ap;
	size_t i;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	t->finding |= left_out;
	for (i = 0; i < t->nr_notes; i++)
		if (t->note[i].left_out == left_out && !strcmp(t->note[i].what, what))
			break;
	if (i == t->nr_notes) {
		t->note = xrealloc(t->note, ++t->nr_notes, sizeof(*t->note));
		t->note[i] = (struct table_note){left_out, xstrdup(what), {0}};
	}
	buf_printf(&t->note[i].of, "%s%s", t->note[i].of.len ? ", " : "", name);
}

/* "1 of 8 of lru did not end well: seed 7 oom" */
static void note_failed(struct table *t, bool left_out, const char *name, const struct arm *arm)
{
	cleanup_buf struct buf which = {0};
	size_t i, n = 0, failed = arm_failed(arm);

	for (i = 0; i < arm->nr; i++) {
		const struct member *m = &arm->member[i];

		if (!member_counts(m) && n++ < NAMED_MAX)
			buf_printf(&which, "%s seed %llu %s", n > 1 ? "," : "",
				   (unsigned long long)m->seed, status_name(m->status));
	}
	if (failed > NAMED_MAX)
		buf_printf(&which, " and %zu more", failed - NAMED_MAX);
	if (failed)
		add_note(t, left_out, name, "%zu of %zu of %s did not end well:%s", failed, arm->nr,
			 arm->label[t->axis], buf_str(&which));
	t->finding |= failed > 0;
}

static void note_members(struct table *t, const char *name, const struct arm *arm)
{
	size_t missed = arm_missed(arm), unsteady = arm_unsteady(arm);

	note_failed(t, false, name, arm);
	if (missed)
		add_note(t, false, name, "%zu of %zu of %s did not meet what the scenario expects",
			 missed, arm->nr, arm->label[t->axis]);
	if (unsteady)
		add_note(t, false, name, "%zu of %zu of %s were measured before they were warm",
			 unsteady, arm->nr, arm->label[t->axis]);
	t->finding |= missed > 0;
}

static void note_comparison(struct table *t, const char *name, const struct comparison *c)
{
	note_members(t, name, c->base);
	note_members(t, name, c->other);
	if (c->violating)
		add_note(t, false, name,
			 "the numbers of %zu of its experiments contradict each other "
			 "(wringer check)",
			 c->violating);
	if (c->also[0])
		add_note(t, false, name, "the kernels also differ in %s", c->also);
}

/* Those that no arm is of. */
static void note_absent(struct table *t, const struct arms *arms, char *const *words)
{
	size_t i, k;

	for (i = 0; words && words[i]; i++) {
		cleanup_free char *name = conf_name(words[i]);

		for (k = 0; k < arms->nr; k++)
			if (in_table(t, &arms->arm[k]) &&
			    !strcmp(arms->arm[k].label[AXIS_SCENARIO], name))
				break;
		if (k == arms->nr)
			add_note(t, true, name, "no results");
	}
}

static void add_cell(struct table *t, struct comparison *c, char *name)
{
	t->cell = xrealloc(t->cell, t->nr_cells + 1, sizeof(*t->cell));
	t->cell[t->nr_cells] = (struct table_cell){
		.c = *c, .name = name, .group = arm_group(c->base), .order = t->nr_cells};
	t->nr_cells++;
}

/* What stands in the way of one scenario does not concern the others. */
static void compare_cell(struct table *t, const struct arm *base, const struct arm *other,
			 char *const *allow)
{
	char *name = row_name(t, base);
	struct err err = {""};
	struct comparison c;
	int ret = compare_arms(base, other, t->axis, allow, &c, &err);

	if (!ret) {
		note_comparison(t, name, &c);
		add_cell(t, &c, name);
		return;
	}
	if (ret != -ENODATA) {
		add_note(t, true, name, "%s", err.msg);
	} else {
		note_failed(t, true, name, base);
		note_failed(t, true, name, other);
	}
	free(name);
}

static const struct arm *find_arm(const struct table *t, const struct arms *arms,
				  const struct arm *row, const char *label)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		if (in_table(t, &arms->arm[i]) && same_row(&arms->arm[i], row, t->axis) &&
		    !strcmp(arms->arm[i].label[t->axis], label))
			return &arms->arm[i];
	return NULL;
}

static void add_row_of(struct table *t, const struct arms *arms, const struct arm *row,
		       char *const *allow)
{
	const struct arm *base = find_arm(t, arms, row, t->base);
	const struct arm *other = find_arm(t, arms, row, t->other);
	cleanup_free char *name = row_name(t, row);

	if (base && other)
		compare_cell(t, base, other, allow);
	else if (base || other)
		add_note(t, true, name, "no results of %s", base ? t->other : t->base);
	else
		add_note(t, true, name, "no results of %s and of %s", t->base, t->other);
}

/* The first arm of each scenario and guest stands for all of them. */
static bool is_first(const struct table *t, const struct arms *arms, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (in_table(t, &arms->arm[k]) && same_row(&arms->arm[k], &arms->arm[i], t->axis))
			return false;
	return in_table(t, &arms->arm[i]);
}

static size_t group_rank(const char *group)
{
	size_t i;

	for (i = 0; scenario_groups[i] && strcmp(scenario_groups[i], group);)
		i++;
	return i;
}

static int by_group(const void *a, const void *b)
{
	const struct table_cell *x = a, *y = b;
	size_t gx = group_rank(x->group), gy = group_rank(y->group);

	if (gx != gy)
		return gx < gy ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static bool is_twin(const struct comparison *c, size_t i, const char *metric)
{
	size_t k;

	for (k = 0; k < c->nr; k++) {
		cleanup_free char *other = format_metric(c->row[k].name);

		if (k != i && c->row[k].class == METRIC_PRIMARY && !strcmp(metric, other))
			return true;
	}
	return false;
}

/* A row, unless there is nothing in it. */
static void add_metric(struct table *t, const struct table_cell *cell, size_t i)
{
	struct comparison_row *row = &cell->c.row[i];
	char *metric = format_metric(row->name);

	if (is_twin(&cell->c, i, metric)) {
		free(metric);
		metric = xstrdup(row->name);
	}
	if (row->absent) {
		add_note(t, true, cell->name, "%s is absent: %s", metric, row->absent);
		free(metric);
		return;
	}
	if (row->meaning_differs)
		add_note(t, false, cell->name, "%s does not mean the same in both: %s", metric,
			 row->meaning);
	t->row = xrealloc(t->row, t->nr_rows + 1, sizeof(*t->row));
	t->row[t->nr_rows++] = (struct table_row){cell, row, metric};
}

static void add_metrics(struct table *t, const struct table_cell *cell)
{
	size_t i, n = 0;

	for (i = 0; i < cell->c.nr; i++) {
		if (cell->c.row[i].class != METRIC_PRIMARY)
			continue;
		add_metric(t, cell, i);
		n++;
	}
	if (!n)
		add_note(t, true, cell->name, "it has no primary metric");
}

static size_t lower(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t same_n(const struct table *t, const struct comparison *c)
{
	size_t i, n = 0;

	for (i = 0; i < t->nr_cells; i++)
		n += t->cell[i].c.n_base == c->n_base && t->cell[i].c.n_other == c->n_other;
	return n;
}

/* What most have stands above the table, what others have below. */
static void count_seeds(struct table *t)
{
	size_t i, most = 0;

	for (i = 0; i < t->nr_cells; i++) {
		const struct comparison *c = &t->cell[i].c;

		if (same_n(t, c) <= most)
			continue;
		most = same_n(t, c);
		t->n_base = c->n_base;
		t->n_other = c->n_other;
	}
	for (i = 0; i < t->nr_cells; i++) {
		const struct comparison *c = &t->cell[i].c;

		if (c->n_base != t->n_base || c->n_other != t->n_other)
			add_note(t, false, t->cell[i].name, "n = %zu and %zu", c->n_base,
				 c->n_other);
	}
}

static void count_lacking(struct table *t)
{
	size_t i;

	for (i = 0; i < t->nr_rows; i++) {
		const struct comparison_row *row = t->row[i].row;
		size_t n = lower(row->nr_base, row->nr_other);

		if (row->verdict != STATS_UNDECIDED || n >= t->n_needed)
			continue;
		t->nr_lacking++;
		if (t->n_needed - n > t->lacking)
			t->lacking = t->n_needed - n;
	}
}

/* All rows are one family: the more is asked, the surer each answer must be. */
static int judge(struct table *t, struct err *err)
{
	struct comparison_row **row = xcalloc(t->nr_rows + 1, sizeof(*row));
	size_t i;
	int ret;

	for (i = 0; i < t->nr_rows; i++)
		row[i] = t->row[i].row;
	ret = comparison_judge(row, t->nr_rows, &t->nr_tests, err);
	free(row);
	for (i = 0; i < t->nr_rows; i++)
		t->count[t->row[i].row->verdict]++;
	t->finding |= t->count[STATS_WORSE] > 0;
	for (i = 0; i < t->nr_cells; i++)
		t->cell[i].c.nr_tests[METRIC_PRIMARY] = t->nr_tests;
	t->n_needed = stats_n_needed(COMPARE_ALPHA, t->nr_tests);
	count_lacking(t);
	return ret;
}

static int make_table(struct table *t, const struct arms *arms, const struct table_request *ask,
		      struct err *err)
{
	size_t i;

	if (t->axis != AXIS_GUEST)
		t->label[AXIS_GUEST] = usual_guest(t, arms);
	for (i = 0; i < arms->nr; i++)
		if (is_first(t, arms, i))
			add_row_of(t, arms, &arms->arm[i], ask->allow);
	note_absent(t, arms, ask->scenarios);
	if (t->nr_cells)
		qsort(t->cell, t->nr_cells, sizeof(*t->cell), by_group);
	for (i = 0; i < t->nr_cells; i++)
		add_metrics(t, &t->cell[i]);
	count_seeds(t);
	return judge(t, err);
}

/* Room for one more table of what the arm has in common with others. */
static struct table *add_table(struct tables *tables, const struct arm *of, enum axis axis,
			       const char *base, const char *other)
{
	struct table *t;
	unsigned int i;

	tables->table = xrealloc(tables->table, tables->nr + 1, sizeof(*t));
	t = &tables->table[tables->nr++];
	*t = (struct table){.axis = axis, .base = base, .other = other};
	for (i = 0; i < AXIS_NR; i++)
		if (is_common((enum axis)i, axis))
			t->label[i] = of->label[i];
	return t;
}

static bool is_there(const struct tables *tables, const struct arm *arm, const char *other)
{
	size_t i;

	for (i = 0; i < tables->nr; i++)
		if (in_table(&tables->table[i], arm) && !strcmp(tables->table[i].other, other))
			return true;
	return false;
}

static bool has_name(const struct names *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->nr; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

static void add_label(struct names *labels, const struct arms *arms, enum axis axis,
		      const char *word)
{
	size_t i;

	for (i = 0; i < arms->nr; i++)
		if (arm_matches(&arms->arm[i], axis, word))
			names_add(labels, arms->arm[i].label[axis]);
}

/* The first in the alphabet, of kernels the oldest, that is not there yet; NULL when all are. */
static const char *next_label(const struct names *labels, const struct arms *arms, enum axis axis)
{
	int (*cmp)(const char *, const char *) = axis == AXIS_KERNEL ? kernel_version_cmp : strcmp;
	const char *next = NULL;
	size_t i;

	for (i = 0; i < arms->nr; i++) {
		const char *label = arms->arm[i].label[axis];

		if (!has_name(labels, label) && (!next || cmp(label, next) < 0))
			next = label;
	}
	return next;
}

/* The labels on the axis: the base, then the others in the user's order or in that of their names. */
static void order_labels(struct names *labels, const struct arms *arms,
			 const struct table_request *ask)
{
	const char *label;
	size_t i;

	if (ask->base)
		names_add(labels, ask->base);
	for (i = 0; ask->words && ask->words[i]; i++)
		add_label(labels, arms, ask->axis, ask->words[i]);
	while ((label = next_label(labels, arms, ask->axis)))
		names_add(labels, label);
}

/* The arms' own string, which lives as long as they do. */
static const char *label_in(const struct arms *arms, enum axis axis, const char *label)
{
	size_t i = 0;

	while (strcmp(arms->arm[i].label[axis], label))
		i++;
	return arms->arm[i].label[axis];
}

int tables_make(const struct arms *arms, const struct table_request *ask, struct tables *out,
		struct err *err)
{
	struct names labels = {0};
	size_t i, k;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	order_labels(&labels, arms, ask);
	for (i = 0; i < arms->nr; i++)
		for (k = 1; !ret && k < labels.nr; k++)
			if (!is_there(out, &arms->arm[i], labels.name[k]))
				ret = make_table(
					add_table(out, &arms->arm[i], ask->axis,
						  label_in(arms, ask->axis, labels.name[0]),
						  label_in(arms, ask->axis, labels.name[k])),
					arms, ask, err);
	names_release(&labels);
	if (ret)
		tables_release(out);
	return ret;
}

static void table_release(struct table *t)
{
	size_t i;

	for (i = 0; i < t->nr_cells; i++) {
		comparison_release(&t->cell[i].c);
		free(t->cell[i].name);
	}
	for (i = 0; i < t->nr_rows; i++)
		free(t->row[i].metric);
	for (i = 0; i < t->nr_notes; i++) {
		free(t->note[i].what);
		buf_release(&t->note[i].of);
	}
	free(t->cell);
	free(t->row);
	free(t->note);
}

void tables_release(struct tables *tables)
{
	size_t i;

	for (i = 0; i < tables->nr; i++)
		table_release(&tables->table[i]);
	free(tables->table);
	memset(tables, 0, sizeof(*tables));
}
