// SPDX-License-Identifier: GPL-2.0-only
#include "report/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "report/cost.h"
#include "report/format.h"

#define NAME_WIDTH   17
#define METRIC_WIDTH 15
#define ARM_WIDTH    9

struct matrix {
	const struct table **table; /* of one base */
	size_t nr;
	const struct table_row **row; /* of any table, each scenario's metric once */
	size_t nr_rows;
};

static bool same_set(const struct table *a, const struct table *b)
{
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++)
		if (axis != AXIS_GUEST &&
		    (!a->label[axis] != !b->label[axis] ||
		     (a->label[axis] && strcmp(a->label[axis], b->label[axis]))))
			return false;
	return a->axis == b->axis && !strcmp(a->base, b->base);
}

static bool same_row(const struct table_row *a, const struct table_row *b)
{
	return !strcmp(a->cell->name, b->cell->name) && !strcmp(a->metric, b->metric);
}

static const struct table_row *find_row(const struct table *t, const struct table_row *like)
{
	size_t i;

	for (i = 0; i < t->nr_rows; i++)
		if (same_row(&t->row[i], like))
			return &t->row[i];
	return NULL;
}

static size_t position(const struct matrix *m, const struct table_row *row)
{
	size_t i = 0;

	while (i < m->nr_rows && !same_row(m->row[i], row))
		i++;
	return i;
}

/* A row that only later tables have comes behind the one that it follows there. */
static void add_rows_of(struct matrix *m, const struct table *t)
{
	size_t i, at, next = 0;

	for (i = 0; i < t->nr_rows; i++, next = at + 1) {
		at = position(m, &t->row[i]);
		if (at < m->nr_rows)
			continue;
		at = next;
		m->row = xrealloc(m->row, m->nr_rows + 1, sizeof(*m->row));
		memmove(m->row + at + 1, m->row + at, (m->nr_rows++ - at) * sizeof(*m->row));
		m->row[at] = &t->row[i];
	}
}

static void add_table(struct matrix *m, const struct table *t)
{
	m->table = xrealloc(m->table, m->nr + 1, sizeof(*m->table));
	m->table[m->nr++] = t;
	add_rows_of(m, t);
}

static int arm_width(const struct table *t)
{
	size_t len = strlen(t->other);

	return len > ARM_WIDTH ? (int)len : ARM_WIDTH;
}

static void add_common(struct buf *out, const struct table *t)
{
	const char *sep = "";
	unsigned int axis;

	for (axis = 0; axis < AXIS_NR; axis++) {
		if (!t->label[axis] || (axis == AXIS_ENGINE &&
					!strcmp(t->label[axis], engine_name(ENGINE_EXACT))))
			continue;
		buf_printf(out, "%s%s %s", sep, axis_name((enum axis)axis), t->label[axis]);
		sep = ", ";
	}
}

static void add_head(struct buf *out, const struct matrix *m)
{
	const int names = NAME_WIDTH + 1 + METRIC_WIDTH;
	const struct table *t = m->table[0];
	size_t i;

	add_common(out, t);
	buf_printf(out, "\nmedians, and changes against %s: B better, W worse, = same, ? undecided,\n"
			"at p < %g by Holm over an arm's rows\n\n%*s %7s",
		   t->base, COMPARE_ALPHA, names, "", t->base);
	for (i = 0; i < m->nr; i++)
		buf_printf(out, " %*s", arm_width(m->table[i]), m->table[i]->other);
	buf_printf(out, "\n%-*s %7zu", names, "n", t->n_base);
	for (i = 0; i < m->nr; i++)
		buf_printf(out, " %*zu", arm_width(m->table[i]), m->table[i]->n_other);
	buf_adds(out, "\n");
}

static void add_change(struct buf *out, const struct table *t, const struct table_row *row)
{
	static const char marks[] = {[STATS_NONE] = '-', [STATS_BETTER] = 'B', [STATS_WORSE] = 'W',
				     [STATS_SAME] = '=', [STATS_UNDECIDED] = '?'};
	char change[32] = "", interval[64];

	if (row)
		format_change(row->row, change, interval, sizeof(change));
	buf_printf(out, " %*s %c", arm_width(t) - 2, change, row ? marks[row->row->verdict] : ' ');
}

static void add_row(struct buf *out, const struct matrix *m, const struct table_row *row, bool first)
{
	char base[16];
	size_t i;

	format_column(out, 0, first ? row->cell->name : "", NAME_WIDTH);
	buf_adds(out, " ");
	format_column(out, NAME_WIDTH + 1, row->metric, METRIC_WIDTH);
	format_si(row->row->base, base, sizeof(base));
	buf_printf(out, " %7s", base);
	for (i = 0; i < m->nr; i++)
		add_change(out, m->table[i], find_row(m->table[i], row));
	buf_adds(out, "\n");
}

static void add_cost(struct buf *out, const struct table *t, const struct cost *base,
		     const struct cost *other)
{
	char change[32] = "";

	if (base->nr && other->nr)
		snprintf(change, sizeof(change), "%+.1f%%",
			 (other->per_page - base->per_page) / base->per_page * 100);
	buf_printf(out, " %*s  ", arm_width(t) - 2, change);
}

/* Once a scenario. */
static int add_costs(struct buf *out, const struct matrix *m, const struct table_row *row,
		     struct err *err)
{
	cleanup_buf struct buf line = {0};
	struct cost base, other;
	char si[16] = "-";
	size_t i, n;
	int ret = cost_of_arm(row->cell->c.base, &base, err);

	format_si(base.per_page, si, sizeof(si));
	buf_printf(&line, "%*s %-*s %7s", NAME_WIDTH, "", METRIC_WIDTH, "insns/page", si);
	for (i = 0, n = base.nr; !ret && i < m->nr; i++) {
		const struct table_row *there = find_row(m->table[i], row);

		other.nr = 0;
		ret = there ? cost_of_arm(there->cell->c.other, &other, err) : 0;
		add_cost(&line, m->table[i], &base, &other);
	}
	if (!ret && n)
		buf_printf(out, "%s\n", buf_str(&line));
	return ret;
}

static bool same_cell(const struct matrix *m, size_t a, size_t b)
{
	return b < m->nr_rows && !strcmp(m->row[a]->cell->name, m->row[b]->cell->name);
}

static int add_matrix(struct buf *out, const struct matrix *m, struct err *err)
{
	size_t i;
	int ret = 0;

	add_head(out, m);
	for (i = 0; !ret && i < m->nr_rows; i++) {
		const struct table_row *row = m->row[i];

		if (!i || strcmp(m->row[i - 1]->cell->group, row->cell->group))
			buf_printf(out, "%s%s\n", i ? "\n" : "", row->cell->group);
		add_row(out, m, row, !i || !same_cell(m, i, i - 1));
		if (!same_cell(m, i, i + 1))
			ret = add_costs(out, m, row, err);
	}
	for (i = 0; i < m->nr; i++)
		table_notes(m->table[i], m->table[i]->other, out);
	return ret;
}

static bool is_done(const struct tables *tables, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (same_set(&tables->table[k], &tables->table[i]))
			return true;
	return false;
}

int matrix_text(const struct tables *tables, struct buf *out, struct err *err)
{
	size_t i, k;
	int ret = 0;

	for (i = 0; !ret && i < tables->nr; i++) {
		struct matrix m = {0};

		if (is_done(tables, i))
			continue;
		for (k = i; k < tables->nr; k++)
			if (same_set(&tables->table[i], &tables->table[k]))
				add_table(&m, &tables->table[k]);
		ret = add_matrix(out, &m, err);
		free(m.table);
		free(m.row);
	}
	return ret;
}

static int add_json_cost(json_t *out, const struct arm *arm, const char *label, struct err *err)
{
	struct cost cost;
	int ret = cost_of_arm(arm, &cost, err);

	if (!ret && cost.nr)
		json_array_append_new(
			out, json_pack("{s:s, s:s, s:s, s:f, s:I}", "scenario",
				       arm->label[AXIS_SCENARIO], "guest", arm->label[AXIS_GUEST],
				       "arm", label, "instructions_per_page", cost.per_page, "n",
				       (json_int_t)cost.nr));
	return ret;
}

int matrix_costs_json(const struct tables *tables, json_t **out, struct err *err)
{
	size_t i, k;
	int ret = 0;

	*out = json_array();
	for (i = 0; i < tables->nr; i++) {
		const struct table *t = &tables->table[i];

		for (k = 0; !ret && k < t->nr_cells; k++) {
			if (!is_done(tables, i))
				ret = add_json_cost(*out, t->cell[k].c.base, t->base, err);
			if (!ret)
				ret = add_json_cost(*out, t->cell[k].c.other, t->other, err);
		}
	}
	if (ret)
		json_decref(*out);
	return ret;
}
