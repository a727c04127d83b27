/* SPDX-License-Identifier: GPL-2.0-only */
/* Which stored results a command is about, chosen by the axes' options. */
#ifndef CMD_SELECT_H
#define CMD_SELECT_H

#include "cmd/cmd.h"
#include "report/arms.h"

/*
 * Loads the arms that match, with a line on stderr about what is left out; of the engine exact, unless
 * --engine or by says otherwise.  Ends the process for bad words.
 */
void select_arms(const struct cmd *cmd, struct axis_opts *axes, const char *by, struct arms *out);
/*
 * The axis that is compared: by, or the first of policy, kernel and guest with several values.  Ends
 * the process when there is none.
 */
enum axis select_axis(const struct cmd *cmd, const struct arms *arms, const char *by);

#endif
