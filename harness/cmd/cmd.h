/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subcommands.  Each is one file with a static struct cmd; main.c holds the list.  Here and only here
 * things are printed and the process ends.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Exit codes; docs/wringer.1 lists them. */
enum {
	EXIT_FINE = 0,
	EXIT_FINDING = 1,
	EXIT_UNTESTABLE = 125,
	EXIT_FATAL = 128,
	EXIT_USAGE = 129,
};

enum cmd_type {
	CMD_FLAG,   /* bool */
	CMD_STRING, /* const char * */
	CMD_LIST,   /* struct cmd_list: comma-separated, and the option may be given again */
	CMD_WORD,   /* struct cmd_list: one word, and the option may be given again */
	CMD_NUMBER, /* uint64_t */
	CMD_TIME,   /* uint64_t, ns */
};

struct cmd_list {
	char **item; /* NULL-terminated, or NULL when the option was not given */
	size_t nr;
};

/* One row serves the parser, --help, the man page and the shell's completion. */
struct cmd_option {
	const char *name; /* without the dashes */
	char letter;      /* 0 = none */
	enum cmd_type type;
	size_t offset;    /* of the value, in the command's struct of options */
	const char *arg;  /* what --help calls the value */
	const char *help; /* one or two lines; the default is named here */
};

struct cmd {
	const char *name;
	const char *summary;
	const char *usage; /* operands: "ID..." */
	const struct cmd_option *options;
	size_t nr_options;
	const char *examples; /* lines, or NULL */
	int (*run)(int argc, char **argv);
};

#define CMD_OPTIONS(t) .options = (t), .nr_options = sizeof(t) / sizeof((t)[0])

/* Every command, NULL-terminated. */
extern const struct cmd *const cmds[];

/*
 * Parses argv (argv[0] is the command's name) into out and leaves the operands in argv[1..]; returns
 * their number.  Prints help and ends the process for --help, ends it with EXIT_USAGE for bad words.
 */
int cmd_parse(const struct cmd *cmd, int argc, char **argv, void *out);
void cmd_help(const struct cmd *cmd);

/* "wringer: message" on stderr, and the end. */
void die(const struct err *err) __attribute__((noreturn));
void die_usage(const struct cmd *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* A line on stderr. */
void say(const char *line);
/* JSON on stdout in the canonical form; takes the reference. */
void print_json(json_t *json);
/* The plain list "a,b" split at commas onto the end of a list. */
void list_add(struct cmd_list *list, const char *words);

/* The axes' options, shared by the commands that select experiments. */
struct axis_opts {
	struct cmd_list engine, kernel, guest, policy, scenario, set, seeds;
	const char *results;
};

#define CMD_AXES(type, field)                                                                       \
	{"engine", 'e', CMD_LIST, offsetof(type, field.engine), "LIST",                            \
	 "engines: exact, kvm (real time, where the host can), fast (TCG in real time), uml"},          \
	{"kernel", 'k', CMD_LIST, offsetof(type, field.kernel), "LIST",                            \
	 "kernels: versions, branches, 'newest', or paths of bzImages (PATH:MODULES)"},            \
	{"guest", 'g', CMD_LIST, offsetof(type, field.guest), "LIST", "guests, by name or path"},  \
	{"policy", 'p', CMD_LIST, offsetof(type, field.policy), "LIST",                            \
	 "policies, by name or path"},                                                             \
	{"scenario", 's', CMD_LIST, offsetof(type, field.scenario), "LIST",                        \
	 "scenarios, by name or path, @GROUP or all; NAME:KEY=VALUE sets a parameter of one"},     \
	{"set", 'S', CMD_WORD, offsetof(type, field.set), "KEY=VALUE",                             \
	 "set a parameter, or a key of [scenario] such as window, of all scenarios named"},        \
	{"seeds", 'n', CMD_LIST, offsetof(type, field.seeds), "LIST",                              \
	 "seeds: numbers and ranges, as in 1-8,12"},                                               \
	{"results", 'o', CMD_STRING, offsetof(type, field.results), "DIR",                         \
	 "folder of the results (default: $WRINGER_RESULTS, else results)"}

/*
 * Groups become their scenarios, and what is to be set is added to each.  labels: to what results call
 * them, for commands that look among those.  Ends the process for bad words.
 */
void scenarios_expand(struct axis_opts *axes, bool labels);

/*
 * "5" or "0.5" of a hundred, as a fraction above 0 and below most; normal when word is NULL.  Ends the
 * process for bad words.
 */
double cmd_percent(const struct cmd *cmd, const char *name, const char *word, double normal,
		   double most);

/* "1-8,12" into an array; ends the process for bad words. */
uint64_t *seeds_parse(const struct cmd *cmd, const struct cmd_list *list, size_t *nr);

#endif
