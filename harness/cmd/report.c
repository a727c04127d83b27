// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/select.h"
#include "cmd/tables.h"
#include "document/document.h"

struct report_cmd {
	struct select_opts select;
	const char *html;
	bool mail;
	bool markdown;
};

static const struct cmd_option report_options[] = {
	CMD_SELECT(struct report_cmd, select),
	{"html", 0, CMD_STRING, offsetof(struct report_cmd, html), "FILE",
	 "write one HTML file that needs no other; '-' is the standard output"},
	{"mail", 0, CMD_FLAG, offsetof(struct report_cmd, mail), NULL,
	 "print it as a mail, 72 columns wide (default)"},
	{"markdown", 0, CMD_FLAG, offsetof(struct report_cmd, markdown), NULL, "print it in Markdown"},
};

extern const struct cmd cmd_report;

/* Whether its numbers are in one of the tables. */
static bool is_compared(const struct tables *tables, const struct arm *arm)
{
	size_t i, k;

	for (i = 0; i < tables->nr; i++)
		for (k = 0; k < tables->table[i].nr_cells; k++)
			if (tables->table[i].cell[k].c.base == arm || tables->table[i].cell[k].c.other == arm)
				return true;
	return false;
}

static size_t count_cells(const struct tables *tables)
{
	size_t i, n = 0;

	for (i = 0; i < tables->nr; i++)
		n += tables->table[i].nr_cells;
	return n;
}

/* "mglru, bpf:mru against lru" */
static void add_title(struct document *doc, const struct tables *tables)
{
	cleanup_buf struct buf title = {0};
	size_t i;

	for (i = 0; i < tables->nr; i++)
		if (!i || strcmp(tables->table[i].other, tables->table[i - 1].other))
			buf_printf(&title, "%s%s", i ? ", " : "", tables->table[i].other);
	if (i)
		buf_printf(&title, " against %s", tables->table[0].base);
	else
		buf_adds(&title, "Results");
	document_title(doc, buf_str(&title));
}

static void add_summary(struct document *doc, const struct tables *tables, const struct arms *arms)
{
	size_t i, n = 0;

	for (i = 0; i < arms->nr; i++)
		n += arms->arm[i].nr;
	document_section(doc, "Summary");
	document_summary(doc, tables);
	document_line(doc, "%zu experiments in %zu arms.", n, arms->nr);
}

static void add_table(struct document *doc, const struct table *t)
{
	cleanup_free char *heading = xasprintf("%s against %s", t->other, t->base);

	document_section(doc, heading);
	document_primary(doc, t);
}

static void add_comparisons(struct document *doc, const struct table *t)
{
	cleanup_free char *heading = xasprintf("Each scenario: %s against %s", t->other, t->base);
	size_t i;

	if (t->nr_cells)
		document_section(doc, heading);
	for (i = 0; i < t->nr_cells; i++)
		document_comparison(doc, &t->cell[i].c);
}

static void add_singles(struct document *doc, const struct tables *tables, const struct arms *arms)
{
	bool any = false;
	size_t i;

	for (i = 0; i < arms->nr; i++) {
		if (is_compared(tables, &arms->arm[i]))
			continue;
		if (!any)
			document_section(doc, "Not compared");
		any = true;
		document_single(doc, &arms->arm[i]);
	}
}

static void add_commands(struct document *doc, const struct tables *tables, const struct arms *arms,
			 const struct select_opts *o)
{
	cleanup_buf struct buf run = {0}, report = {0};

	tables_again(arms, tables, o, "report", &run, &report);
	document_section(doc, "Again");
	document_line(doc, "What makes these experiments, and this report of them:");
	document_command(doc, buf_str(&run));
	document_command(doc, buf_str(&report));
}

static void make(struct document *doc, const struct tables *tables, const struct arms *arms,
		 const struct select_opts *o)
{
	size_t i;

	add_title(doc, tables);
	add_summary(doc, tables, arms);
	for (i = 0; i < tables->nr; i++)
		add_table(doc, &tables->table[i]);
	for (i = 0; i < tables->nr; i++)
		add_comparisons(doc, &tables->table[i]);
	add_singles(doc, tables, arms);
	document_failures(doc);
	document_experiments(doc);
	add_commands(doc, tables, arms, o);
}

static void write_out(const struct document *doc, const struct report_cmd *o)
{
	cleanup_buf struct buf out = {0};
	struct err err = {""};

	if (o->html)
		document_html(doc, &out);
	else if (o->markdown)
		document_markdown(doc, &out);
	else
		document_mail(doc, &out);
	if (!o->html || !strcmp(o->html, "-"))
		fwrite(buf_str(&out), 1, out.len, stdout);
	else if (file_write(o->html, buf_str(&out), out.len, &err))
		die(&err);
}

static int run_report(int argc, char **argv)
{
	struct report_cmd o = {0};
	struct tables tables = {0};
	struct document doc;
	struct arms arms;
	bool finding = false;

	if (cmd_parse(&cmd_report, argc, argv, &o))
		die_usage(&cmd_report, "'%s' is no option", argv[1]);
	if (!!o.html + o.mail + o.markdown > 1)
		die_usage(&cmd_report, "--html, --mail and --markdown are one report each");
	select_by(&cmd_report, &o.select, &arms);
	if (!arms.nr)
		die_usage(&cmd_report, "no results match");
	if (o.select.by || select_differ(&arms))
		finding = tables_select(&cmd_report, &arms, select_axis(&cmd_report, &arms, o.select.by),
					&o.select, &tables);
	document_init(&doc, count_cells(&tables));
	make(&doc, &tables, &arms, &o.select);
	write_out(&doc, &o);
	document_release(&doc);
	tables_release(&tables);
	arms_release(&arms);
	free(o.select.asked);
	return finding ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_report = {
	.name = "report",
	.summary = "write what a comparison found as a page, a mail or Markdown, with charts and every seed",
	.usage = "",
	CMD_OPTIONS(report_options),
	.examples = "  wringer report -s all -p lru,mglru --html report.html\n"
		    "  wringer report -k 6.12,7.3 --by kernel -p mglru | mail -s 'reclaim, 6.12 to 7.3' you\n"
		    "  wringer report -s kv-scan --markdown\n",
	.run = run_report,
};
