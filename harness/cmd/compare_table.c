// SPDX-License-Identifier: GPL-2.0-only
/* wringer compare --table and --matrix */
#include <stdio.h>

#include "cmd/compare.h"
#include "cmd/tables.h"
#include "report/format.h"
#include "report/matrix.h"
#include "report/table.h"

extern const struct cmd cmd_compare;

static void again(const struct arms *arms, const struct tables *tables,
		  const struct compare_cmd *o, struct buf *run, struct buf *compare)
{
	tables_again(arms, tables, &o->select, o->matrix ? "compare --matrix" : "compare --table", run,
		     compare);
}

static void add_tables(struct buf *out, const struct tables *tables)
{
	size_t i;

	for (i = 0; i < tables->nr; i++) {
		if (i)
			buf_adds(out, "\n");
		table_text(&tables->table[i], out);
	}
}

static void print_tables(const struct arms *arms, const struct tables *tables,
			 const struct compare_cmd *o)
{
	cleanup_buf struct buf out = {0}, run = {0}, compare = {0};
	struct err err = {""};

	if (o->matrix && matrix_text(tables, &out, &err))
		die(&err);
	if (!o->matrix)
		add_tables(&out, tables);
	again(arms, tables, o, &run, &compare);
	format_command(&out, "\nagain: ", "\t", buf_str(&run));
	format_command(&out, "       ", "\t", buf_str(&compare));
	fputs(buf_str(&out), stdout);
}

static void print_as_json(const struct arms *arms, const struct tables *tables,
			  const struct compare_cmd *o)
{
	cleanup_buf struct buf run = {0}, compare = {0};
	json_t *list = json_array(), *costs, *all;
	struct err err = {""};
	size_t i;

	for (i = 0; i < tables->nr; i++)
		json_array_append_new(list, table_json(&tables->table[i]));
	again(arms, tables, o, &run, &compare);
	all = json_pack("{s:o, s:[s, s]}", "tables", list, "again", buf_str(&run),
			buf_str(&compare));
	if (o->matrix && matrix_costs_json(tables, &costs, &err))
		die(&err);
	if (o->matrix)
		json_object_set_new(all, "costs", costs);
	print_json(all);
}

bool compare_tables(const struct arms *arms, enum axis axis, const struct compare_cmd *o)
{
	struct tables tables;
	bool finding;

	if (o->metric.nr || o->all)
		die_usage(&cmd_compare, "a table has the primary metrics alone: no --metric, no "
					"--all");
	finding = tables_select(&cmd_compare, arms, axis, &o->select, &tables);
	if (o->json)
		print_as_json(arms, &tables, o);
	else
		print_tables(arms, &tables, o);
	tables_release(&tables);
	return finding;
}
