/* SPDX-License-Identifier: GPL-2.0-only */
/* Which stored results a command is about, chosen by the axes' options. */
#ifndef CMD_SELECT_H
#define CMD_SELECT_H

#include "cmd/cmd.h"
#include "report/arms.h"

/* What is compared with what, for the commands that compare. */
struct select_opts {
	struct axis_opts axes;
	const char *by;
	const char *base;
	struct cmd_list allow;
	char *asked; /* owned: the words of --scenario as they were given, joined again */
};

#define CMD_SELECT(type, field)                                                                    \
	CMD_AXES(type, field.axes),                                                                \
	{"by", 0, CMD_STRING, offsetof(type, field.by), "AXIS",                                    \
	 "what is compared: kernel, guest, policy, scenario or engine (default: the axis with "    \
	 "several values, never the engine)"},                                                     \
	{"base", 0, CMD_STRING, offsetof(type, field.base), "NAME",                                \
	 "the arm that the others are compared against (default: the first)"},                     \
	{"allow", 0, CMD_LIST, offsetof(type, field.allow), "KEYS",                                \
	 "differences to accept, as a refusal names them"}

/*
 * Loads the arms that match, with a line on stderr about what is left out; of the engine exact, unless
 * --engine or by says otherwise.  Ends the process for bad words.
 */
void select_arms(const struct cmd *cmd, struct axis_opts *axes, const char *by, struct arms *out);
/* The same by such options, whose words of --scenario are kept. */
void select_by(const struct cmd *cmd, struct select_opts *o, struct arms *out);
/*
 * The axis that is compared: by, or the first of policy, kernel and guest with several values.  Ends
 * the process when there is none.
 */
enum axis select_axis(const struct cmd *cmd, const struct arms *arms, const char *by);
/* Whether there is one. */
bool select_differ(const struct arms *arms);

#endif
