/* SPDX-License-Identifier: GPL-2.0-only */
/* What the commands scenario and show both print. */
#ifndef CMD_SCENARIO_H
#define CMD_SCENARIO_H

#include <stdbool.h>

/* Each scenario that comes with the program and is of the group, or of any for NULL. */
int scenario_print_list(const char *group, bool json);
/* As a file that means the same, with every default; the word is as with run -s. */
int scenario_print(const char *word);

#endif
