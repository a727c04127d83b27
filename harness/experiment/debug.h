/* SPDX-License-Identifier: GPL-2.0-only */
/* A stored experiment under a debugger. */
#ifndef EXPERIMENT_DEBUG_H
#define EXPERIMENT_DEBUG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "experiment/experiment.h"

/*
 * The file that gives a debugger the symbols of the experiment's kernel, a heap string.  Made once
 * for each kernel by booting it, and kept in <cache>/symbols/; say, if not NULL, is
 * told before that.  -ENODATA for a kernel that does not give them; -EINTR when stop is set.
 */
int debug_symbols(const struct qemu *qemu, const struct experiment *exp,
		  void (*say)(const char *line), const volatile bool *stop, char **path,
		  struct err *err);

struct debug_opts {
	const char *symbols;     /* ELF file, or NULL */
	bool failure;            /* go on until it fails, then give the debugger over */
	bool reverse;            /* record it first, then debug the recording */
	char *const *words;      /* for the debugger, NULL-terminated */
	void (*say)(const char *line);
	const volatile bool *stop; /* set by a signal while it is recorded: end with -EINTR */
};

/*
 * Runs the experiment stopped before its first instruction and gdb with it, on our terminal;
 * returns when gdb has ended, with its exit code in *code.  What the machine leaves is thrown away.
 */
int debug_run(const struct qemu *qemu, const struct experiment *exp, const struct debug_opts *opts,
	      int *code, struct err *err);

#endif
