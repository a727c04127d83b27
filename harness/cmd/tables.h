/* SPDX-License-Identifier: GPL-2.0-only */
/* Tables of stored results, for the commands that make them of the axes' options. */
#ifndef CMD_TABLES_H
#define CMD_TABLES_H

#include <stdbool.h>

#include "cmd/select.h"
#include "report/table.h"

/*
 * The tables that are asked for, with one correction of p in each; true when there is a finding.  Says what
 * nothing was run under.  Ends the process for bad words.
 */
bool tables_select(const struct cmd *cmd, const struct arms *arms, enum axis axis,
		   const struct select_opts *o, struct tables *out);
/*
 * The commands that make the results, and what there is of them: "wringer run ..." and
 * "wringer COMMAND ...".  With no table it is all arms as they are.
 */
void tables_again(const struct arms *arms, const struct tables *tables, const struct select_opts *o,
		  const char *command, struct buf *run, struct buf *again);

#endif
