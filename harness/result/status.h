/* SPDX-License-Identifier: GPL-2.0-only */
/* How an experiment ended. */
#ifndef RESULT_STATUS_H
#define RESULT_STATUS_H

#include <stdbool.h>

enum status {
	STATUS_DONE,
	STATUS_EXPECTATION_FAILED,
	STATUS_OOM,    /* the OOM killer took a task and the scenario did not allow it */
	STATUS_HUNG,   /* no workload moved, in virtual time; or the agent itself did not run */
	STATUS_LOCKUP, /* the kernel's lockup detectors spoke: soft, hard, spinlock, workqueue */
	STATUS_PANIC,  /* a panic that no other report came before */
	STATUS_POLICY_LOST,
	STATUS_WORKLOAD_FAILED, /* a workload ended, or read back wrong data */
	STATUS_SETUP_FAILED,    /* the guest could not be made as asked; the reason says what */
	STATUS_TIMEOUT,         /* the wall-clock limit: says nothing of the kernel */
	STATUS_HARNESS_ERROR,   /* the emulator or the host failed: says nothing of the kernel */
	STATUS_OOPS,            /* the kernel's own code took an exception */
	STATUS_BUG,             /* BUG(), or a checker's report: KASAN, bad page state, ... */
	STATUS_WARNING,         /* a WARN, or lockdep; the run may have gone on to its end */
	STATUS_HUNG_TASK,       /* the kernel saw a task blocked for too long */
	STATUS_RCU_STALL,
	STATUS_TRIPLE_FAULT,    /* the processor reset itself */
	STATUS_CONSOLE_FLOOD,   /* more console output than is kept */
	STATUS_RECORD_FLOOD,    /* records did not fit into the guest's record region */
	STATUS_VIRTUAL_TIMEOUT, /* the scenario's limit on virtual time */
	STATUS_NR,
};

/* "done", "expectation-failed", ... */
const char *status_name(enum status status);
/* STATUS_NR if there is none of that name. */
enum status status_find(const char *name);

/*
 * True when the status is a function of the experiment's spec, so that a run with it is kept as the
 * experiment's result; false when the host was at fault and the same command tries again.
 */
bool status_final(enum status status);

#endif
