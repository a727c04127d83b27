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

/* Descriptors handed on to the emulator: fd[] of struct proc_opts, in this order. */
enum {
	FD_MONITOR, /* its end of the monitor's socket */
	FD_CONSOLE, /* a memfd */
	FD_RAM,     /* VM_FORK: the saved memory, from here to the first 0 */
};

/*
 * The machine's arguments changed for the mode, and what lets us watch it.  VM_FORK: opens the
 * saved memory and adds it to fd[], which has room for PROC_KEEP_MAX.
 */
int mode_args(const struct vm_opts *opts, int fd[], struct args *out, struct err *err);

#endif
