/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine that someone works in: its console on our terminal, or a script's output on our stdout.
 * No experiment: what is typed comes in the host's time.
 */
#ifndef ENGINE_INTERACTIVE_H
#define ENGINE_INTERACTIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* Names in the run's folder, beside those of engine.h. */
#define RUN_SCRIPT "script" /* what the guest's shell runs, without a terminal */
#define RUN_OUTPUT "output" /* the second serial line, without a terminal */

/* The guest's devices that the shell is on. */
#define SHELL_TERMINAL "/dev/ttyS0" /* with the kernel's console */
#define SHELL_BATCH    "/dev/ttyS1" /* by itself */

struct interactive {
	bool terminal;             /* our stdin is one; else there is RUN_SCRIPT in the folder */
	int64_t limit_ms;          /* wall-clock limit; 0 = none */
	const volatile bool *stop; /* set by a signal: end the machine */
};

/*
 * The machine's command line from an experiment's.  append, if not NULL, goes behind the kernel's
 * command line.  Without a terminal nothing in it depends on the host's time, so that a script
 * under the exact engine always does the same.
 */
void interactive_args(const struct args *args, bool terminal, const char *append,
		      struct args *out);

/*
 * Runs it to its end in a folder that vm_start() would take, with our stdin and stdout.  How it
 * ended is in exit.  On a terminal, keys are as in QEMU's own -serial mon:stdio: Ctrl-A x ends it.
 */
int interactive_run(const struct qemu *qemu, const struct machine *m, const char *dir,
		    const struct args *args, const struct interactive *opts,
		    struct engine_exit *exit, struct err *err);

#endif
