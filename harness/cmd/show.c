// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/cmd.h"
static int stub(int argc, char **argv) { (void)argc; (void)argv; return 128; }
const struct cmd cmd_show = {.name = "show", .summary = "", .usage = "", .run = stub};
