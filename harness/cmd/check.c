// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "result/verify.h"

struct check_cmd {
	const char *results;
	bool json;
};

static const struct cmd_option check_options[] = {
	{"results", 'o', CMD_STRING, offsetof(struct check_cmd, results), "DIR",
	 "folder of the results (default: $WRINGER_RESULTS, else results)"},
	{"json", 0, CMD_FLAG, offsetof(struct check_cmd, json), NULL, "print as JSON"},
};

extern const struct cmd cmd_check;

struct checker {
	char *schemas;
	json_t *list; /* with --json */
	size_t checked, old, bad;
};

static void tell(struct checker *c, const char *id, const char *verdict, const char *detail)
{
	if (c->list)
		json_array_append_new(c->list, json_pack("{s:s, s:s, s:s}", "id", id, "verdict",
							 verdict, "detail", detail));
	else if (strcmp(verdict, "fine"))
		printf("%.12s  %-9s %s\n", id, verdict, detail);
}

static void check_one(struct checker *c, const char *id)
{
	struct err err = {""};
	char violated[256];
	bool old = false;
	int ret = verify_result(id, c->schemas, violated, &old, &err);

	c->checked++;
	c->old += old;
	if (ret && ret != -EBADMSG && ret != -ENOENT)
		die(&err);
	c->bad += ret || violated[0];
	if (ret)
		tell(c, id, "damaged", err.msg);
	else if (violated[0])
		tell(c, id, "violated", violated);
	else
		tell(c, id, "fine", "");
}

static void check_all(struct checker *c)
{
	struct err err = {""};
	char **ids;
	size_t i;

	if (store_ids(&ids, &err))
		die(&err);
	for (i = 0; ids[i]; i++)
		check_one(c, ids[i]);
	store_ids_free(ids);
}

static void check_named(struct checker *c, int nr, char **words)
{
	struct err err = {""};
	char id[SHA256_HEX];
	int i;

	for (i = 0; i < nr; i++) {
		if (store_find(words[i], id, &err))
			die(&err);
		check_one(c, id);
	}
}

static int run_check(int argc, char **argv)
{
	struct check_cmd o = {0};
	struct checker c = {.schemas = xasprintf("%s/schema", path_data())};
	int nr = cmd_parse(&cmd_check, argc, argv, &o);

	if (o.results)
		path_set_results(o.results);
	if (o.json)
		c.list = json_array();
	if (nr)
		check_named(&c, nr, argv + 1);
	else
		check_all(&c);
	if (c.list)
		print_json(c.list);
	else
		printf("%zu checked, %zu not as they should be\n", c.checked, c.bad);
	if (c.old)
		fprintf(stderr, "%zu of them are older than the JSON schema: only their hashes were "
				"checked\n", c.old);
	free(c.schemas);
	return c.bad ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "check stored results: their hashes, their schema, and that their numbers add up",
	.usage = "[ID...]",
	CMD_OPTIONS(check_options),
	.examples = "  wringer check\n"
		    "  wringer check 3f9a1c\n",
	.run = run_check,
};
