/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of "wringer kernel" share. */
#ifndef CMD_KERNEL_H
#define CMD_KERNEL_H

#include "cmd/cmd.h"

struct kernel_cmd {
	bool refresh;
	bool json;
	/* build */
	struct cmd_list config;
	const char *patches, *toolchain, *scenario, *guest, *results;
	uint64_t jobs;
	bool each;
};

extern const struct cmd cmd_kernel;

/* build.c: "wringer kernel build TREE[@COMMIT]". */
int kernel_build(char **tree, const struct kernel_cmd *o);

#endif
