// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/suites.h"
#include "history/history.h"
#include "nightly/nightly.h"

struct nightly_cmd {
	struct suite_opts run;
	uint64_t search_ns;
	bool json;
};

static const struct cmd_option nightly_options[] = {
	CMD_SUITE(struct nightly_cmd, run),
	{"search", 0, CMD_TIME, offsetof(struct nightly_cmd, search_ns), "TIME",
	 "then look for so long for the kernels that did what is new (default: none)"},
	{"json", 0, CMD_FLAG, offsetof(struct nightly_cmd, json), NULL,
	 "print everything as JSON (default: the report as a mail)"},
};

extern const struct cmd cmd_nightly;

/* One that no other night has. */
static char *folder(const struct suite *suite)
{
	char name[64];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(name, sizeof(name), "nights/%Y-%m-%dT%H%M%SZ", &tm);
	return suite_file(suite, name);
}

/* "latest" is where a page is looked for that is always the same. */
static void point_to(const struct suite *suite, const char *dir)
{
	cleanup_free char *link = suite_file(suite, "nights/latest"), *tmp = suite_file(suite, "nights/.latest");

	unlink(tmp);
	if (symlink(strrchr(dir, '/') + 1, tmp) || rename(tmp, link))
		perror("wringer: nights/latest");
}

static void report(const struct suite *suite, const struct night *n, const struct nightly_cmd *o)
{
	cleanup_free char *dir = folder(suite);
	cleanup_buf struct buf mail = {0};
	struct history *h = NULL;
	struct document doc;
	struct err err = {""};

	suites_index();
	if (history_open(false, false, &h, &err))
		fprintf(stderr, "wringer: %s\n", err.msg);
	night_document(n, h, &doc);
	history_close(h);
	if (night_write(n, &doc, dir, &err))
		die(&err);
	point_to(suite, dir);
	document_mail(&doc, &mail);
	document_release(&doc);
	if (o->json)
		print_json(night_json(n));
	else
		fputs(buf_str(&mail), stdout);
	fprintf(stderr, "%s/report.html\n", dir);
}

static int end_code(const struct night *n)
{
	if (n->count[NIGHT_NEW])
		return EXIT_FINDING;
	return night_is_void(n) ? EXIT_UNTESTABLE : EXIT_FINE;
}

static int run_night(struct suite *suite, const struct nightly_cmd *o)
{
	struct night_opts opts = {.run = suites_run(&cmd_nightly, suite, &o->run), .over = &suites_overtime,
				  .search_seconds = (double)o->search_ns / 1e9, .say = say};
	cleanup_free char *kernel = NULL;
	struct suite_plan plan;
	struct night n;
	struct err err = {""};
	int code;

	suites_plan(suite, &plan);
	suites_check_engines(&plan, &opts.run);
	if (night_kernel(suite, &kernel, &err))
		die(&err);
	opts.kernel = kernel;
	if (suites_ended(night_run(suite, &plan, &opts, &n, &err)))
		die(&err);
	suites_more(o->search_ns);
	night_search(suite, &n, &opts);
	report(suite, &n, o);
	code = end_code(&n);
	night_release(&n);
	suite_plan_release(&plan);
	return code;
}

static int run_nightly(int argc, char **argv)
{
	struct nightly_cmd o = {.run.jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN)};
	struct suite suite;
	struct err err = {""};
	int code;

	if (cmd_parse(&cmd_nightly, argc, argv, &o) != 1)
		die_usage(&cmd_nightly, "which suite? 'wringer show suites' lists them");
	suites_check(&cmd_nightly, &o.run);
	if (suite_load(argv[1], &suite, &err))
		die(&err);
	code = run_night(&suite, &o);
	suite_release(&suite);
	return code;
}

const struct cmd cmd_nightly = {
	.name = "nightly",
	.summary = "run a suite, tell what is new since the nights before, and look for who did it",
	.usage = "SUITE",
	CMD_OPTIONS(nightly_options),
	.examples = "  wringer nightly small\n"
		    "  wringer nightly nightly --time 7h --search 1h | mail -s reclaim you\n"
		    "  wringer nightly ./mine.conf --farm slurm --json\n",
	.run = run_nightly,
};
