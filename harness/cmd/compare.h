/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of "wringer compare" share. */
#ifndef CMD_COMPARE_H
#define CMD_COMPARE_H

#include <stdbool.h>

#include "cmd/select.h"
#include "report/arms.h"

struct compare_cmd {
	struct select_opts select;
	struct cmd_list metric;
	bool table;
	bool matrix; /* the tables side by side */
	bool all;
	bool json;
};

/* compare_table.c: prints the tables; true when there is a finding. */
bool compare_tables(const struct arms *arms, enum axis axis, const struct compare_cmd *o);

#endif
