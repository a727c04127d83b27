/* SPDX-License-Identifier: GPL-2.0-only */
/* A machine's command line for a debugger. */
#ifndef ENGINE_DEBUG_H
#define ENGINE_DEBUG_H

#include "engine/engine.h"

/* Names in the run's folder, beside those of engine.h. */
#define RUN_GDB   "gdb.sock" /* where a debugger connects */
#define RUN_TRACE "rr.bin"   /* what happened, for replaying it */
#define RUN_DISK  "rr.qcow2" /* snapshots: reverse execution goes on from the nearest one */

enum debug_mode {
	DEBUG_LIVE,   /* as the experiment ran, with a debugger */
	DEBUG_RECORD, /* without one: writes RUN_TRACE */
	DEBUG_REPLAY, /* with one, from RUN_TRACE: it can go backwards */
};

/*
 * From an experiment's command line.  Where the guest would have ended the machine (a reset, the
 * watchdog, its agent) it stands still for the debugger instead; only a recording ends.
 */
void debug_args(const struct args *args, enum debug_mode mode, struct args *out);

/* An empty RUN_DISK in the run's folder. */
int debug_disk(const char *dir, struct err *err);

#endif
