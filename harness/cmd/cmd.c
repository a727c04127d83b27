// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/path.h"
#include "experiment/catalogue.h"
#include "result/store.h"

#define HELP_COLUMN 26
#define SEEDS_MAX   10000

static const struct cmd_option help_option = {
	"help", 'h', CMD_FLAG, 0, NULL, "this text",
};

void say(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

void die(const struct err *err)
{
	fprintf(stderr, "wringer: %s\n", err->msg);
	exit(EXIT_FATAL);
}

void die_usage(const struct cmd *cmd, const char *fmt, ...)
{
	va_list ap;

	fputs("wringer", stderr);
	if (cmd)
		fprintf(stderr, " %s", cmd->name);
	fputs(": ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " ('wringer %s%s--help' says more)\n", cmd ? cmd->name : "",
		cmd ? " " : "");
	exit(EXIT_USAGE);
}

void print_json(json_t *json)
{
	cleanup_buf struct buf text = {0};

	json_canonical(json, &text);
	fputs(buf_str(&text), stdout);
	json_decref(json);
}

static void list_put(struct cmd_list *list, const char *word)
{
	list->item = xrealloc(list->item, list->nr + 2, sizeof(*list->item));
	list->item[list->nr++] = xstrdup(word);
	list->item[list->nr] = NULL;
}

void list_add(struct cmd_list *list, const char *words)
{
	cleanup_free char *copy = xstrdup(words);
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		if (!*word)
			continue;
		list_put(list, word);
	}
}

/* "kv-scan:window=2s" as the name that a result of it has. */
static char *label_of(const char *word)
{
	struct err err = {""};
	struct scenario s;
	char *label;

	if (catalogue_load(word, &s, &err))
		die(&err);
	label = xstrdup(s.name);
	scenario_release(&s);
	return label;
}

static void add_scenario(struct axis_opts *axes, const char *name, bool labels)
{
	cleanup_buf struct buf word = {0};
	cleanup_free char *label = NULL;
	size_t i;

	buf_adds(&word, name);
	for (i = 0; i < axes->set.nr; i++)
		buf_printf(&word, ":%s", axes->set.item[i]);
	if (labels && strchr(buf_str(&word), '='))
		label = label_of(buf_str(&word));
	list_put(&axes->scenario, label ? label : buf_str(&word));
}

void scenarios_expand(struct axis_opts *axes, bool labels)
{
	struct names names = {0};
	struct err err = {""};
	size_t i;

	if (catalogue_expand(axes->scenario.item, &names, &err))
		die(&err);
	axes->scenario.nr = 0;
	for (i = 0; i < names.nr; i++)
		add_scenario(axes, names.name[i], labels);
	names_release(&names);
}

static void help_line(const struct cmd_option *o)
{
	char left[64];

	snprintf(left, sizeof(left), "  %c%c%c --%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name, o->arg ? " " : "",
		 o->arg ? o->arg : "");
	printf("%-*s %s\n", HELP_COLUMN, left, o->help);
}

void cmd_help(const struct cmd *cmd)
{
	size_t i;

	printf("usage: wringer %s [OPTION...] %s\n\n%s\n\n", cmd->name, cmd->usage, cmd->summary);
	for (i = 0; i < cmd->nr_options; i++)
		help_line(&cmd->options[i]);
	help_line(&help_option);
	if (cmd->examples)
		printf("\nExamples:\n%s", cmd->examples);
}

static void set_value(const struct cmd *cmd, const struct cmd_option *o, void *out,
		      const char *value)
{
	void *field = (char *)out + o->offset;
	int ret = 0;

	switch (o->type) {
	case CMD_FLAG:
		*(bool *)field = true;
		break;
	case CMD_STRING:
		*(const char **)field = value;
		break;
	case CMD_LIST:
		list_add(field, value);
		break;
	case CMD_WORD:
		list_put(field, value);
		break;
	case CMD_NUMBER:
		ret = parse_u64(value, field);
		break;
	case CMD_TIME:
		ret = parse_time(value, field);
		break;
	}
	if (ret)
		die_usage(cmd, "--%s %s: not a valid value", o->name, value);
}

static void add_long(struct option *l, const struct cmd_option *o, int val)
{
	*l = (struct option){o->name, o->type == CMD_FLAG ? no_argument : required_argument, NULL,
			     val};
}

/* getopt's tables, made from ours; val 0 is --help, 1 + i our row i. */
static void make_tables(const struct cmd *cmd, struct option *l, char *s)
{
	size_t i;

	*s++ = ':';
	for (i = 0; i < cmd->nr_options; i++) {
		const struct cmd_option *o = &cmd->options[i];

		add_long(&l[i], o, 256 + (int)i);
		if (!o->letter)
			continue;
		*s++ = o->letter;
		if (o->type != CMD_FLAG)
			*s++ = ':';
	}
	add_long(&l[i], &help_option, 'h');
	*s++ = 'h';
	*s = '\0';
}

static const struct cmd_option *find_option(const struct cmd *cmd, int c)
{
	size_t i;

	if (c >= 256)
		return &cmd->options[c - 256];
	for (i = 0; i < cmd->nr_options; i++)
		if (cmd->options[i].letter == c)
			return &cmd->options[i];
	return NULL;
}

static void die_option(const struct cmd *cmd, int c, const char *word)
{
	const char *what = c == ':' ? "needs a value" : "is no option";

	if (optopt && optopt < 256)
		die_usage(cmd, "-%c %s", optopt, what);
	die_usage(cmd, "%s %s", word, what);
}

int cmd_parse(const struct cmd *cmd, int argc, char **argv, void *out)
{
	struct option *l = xcalloc(cmd->nr_options + 2, sizeof(*l));
	char *s = xcalloc(2 * cmd->nr_options + 4, 1);
	int c, i;

	make_tables(cmd, l, s);
	opterr = 0;
	while ((c = getopt_long(argc, argv, s, l, NULL)) != -1) {
		if (c == 'h') {
			cmd_help(cmd);
			exit(EXIT_FINE);
		}
		if (c == '?' || c == ':')
			die_option(cmd, c, argv[optind - 1]);
		set_value(cmd, find_option(cmd, c), out, optarg);
	}
	for (i = optind; i < argc; i++)
		argv[i - optind + 1] = argv[i];
	argv[argc - optind + 1] = NULL;
	free(l);
	free(s);
	return argc - optind;
}

static void add_seeds(const struct cmd *cmd, const char *word, uint64_t **seeds, size_t *nr)
{
	int ret = parse_numbers(word, SEEDS_MAX, seeds, nr);

	if (ret == -E2BIG)
		die_usage(cmd, "--seeds %s: more than %d seeds", word, SEEDS_MAX);
	if (ret)
		die_usage(cmd, "--seeds %s: give a number or a range such as 1-8", word);
}

uint64_t *seeds_parse(const struct cmd *cmd, const struct cmd_list *list, size_t *nr)
{
	uint64_t *seeds = NULL;
	size_t i;

	*nr = 0;
	for (i = 0; i < list->nr; i++)
		add_seeds(cmd, list->item[i], &seeds, nr);
	return seeds;
}

double cmd_percent(const struct cmd *cmd, const char *name, const char *word, double normal,
		   double most)
{
	uint64_t millionths;
	double v;

	if (!word)
		return normal;
	if (parse_millionths(word, &millionths))
		die_usage(cmd, "--%s %s: not a valid value", name, word);
	v = (double)millionths / 1e8;
	if (!(v > 0 && v < most))
		die_usage(cmd, "--%s %s: give a number of percent, above 0 and below %g", name, word,
			  100 * most);
	return v;
}
