/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only the emulator can tell of a machine that has ended: the registers of every CPU, and on
 * request the whole memory.  The machine is held where it ended, asked, and then told to quit.
 *
 * Evidence depends on when it was taken where a host's limit ended the machine, and on the emulator
 * that writes it: it is kept beside a result and is no part of it.
 */
#ifndef ENGINE_EVIDENCE_H
#define ENGINE_EVIDENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* The emulator's own log of resets, in the run's folder. */
#define RUN_RESETS "resets.txt"
/* The guest's memory as an ELF core. */
#define RUN_VMCORE "vmcore"

struct args;

struct evidence {
	bool vmcore;       /* wanted, and not known to have failed; set before the start */
	unsigned int step; /* 0 = not begun */
	int64_t begun_ms;
	struct buf text;  /* owned: what came of it */
};

/* Options that hold the machine where it ends and have resets logged. */
void evidence_args(struct args *args);
/*
 * The next command to send, owned by the caller; NULL when there is nothing (more) to send.  stop:
 * the machine still runs and has to be held first.
 */
char *evidence_begin(struct evidence *e, bool stop, int64_t now_ms);
char *evidence_next(struct evidence *e, const json_t *answer, int64_t now_ms);
/* Whether an answer is one to a command of ours. */
bool evidence_mine(const json_t *msg);
/* Whether it is taking so long that the machine should be killed. */
bool evidence_overdue(const struct evidence *e, int64_t now_ms);
/* After the end: adds the log of resets in dir; true when a triple fault is in it. */
bool evidence_resets(struct evidence *e, const char *dir);

#endif
