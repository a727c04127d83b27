/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A condition that the guest's agent waits for, as a scenario writes it:
 *
 *	COUNTER OP VALUE
 *
 * COUNTER is named as in records/counters.h (vmstat.pswpout, cgroup.app.current, node.0.nr_free_pages,
 * psi.memory.some_us, ...), or workload.NAME.ops, or "file PATH" for the first number in a file, or
 * "file PATH WORD" for the one behind a word.  OP is < <= > >= == or !=.  VALUE may have a unit that
 * fits (30M, 10ms); with a + before it, it is meant since the gate.
 */
#ifndef EXPERIMENT_CONDITION_H
#define EXPERIMENT_CONDITION_H

#include "base/buf.h"
#include "experiment/scenario.h"

/* Adds "PATH WORD BASE OP NUMBER" for the plan, without a newline; -EINVAL with file:line. */
int condition_plan(const struct scenario *scenario, const char *text, int line, struct buf *out,
		   struct err *err);

#endif
