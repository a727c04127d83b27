/* SPDX-License-Identifier: GPL-2.0-only */
/* The emulator's command line for each way to start a machine; inside engine/ only. */
#ifndef ENGINE_MODE_H
#define ENGINE_MODE_H

#include "engine/engine.h"

/* A piece of the machine's memory, as its command line names it. */
#define RAM_ID_MAX 16
struct ram {
	char id[RAM_ID_MAX];
	uint64_t size; /* bytes */
};

/* True when the argument makes one that a guest can use as its memory. */
bool ram_parse(const char *arg, struct ram *ram);

/*
 * The machine's arguments changed for the mode, and what lets us watch it: the descriptor of the
 * monitor.  VM_FORK: opens the saved memory, to be handed on to the emulator; descriptors are added
 * to fd[], which has room for PROC_KEEP_MAX and ends at the first 0.
 */
int mode_args(const struct vm_opts *opts, int monitor, int fd[], struct args *out, struct err *err);

#endif
