/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workloads of several processes.  All of them share the page that is shared with the agent: each
 * may count operations (wl_count) and metrics (wl_add), and each may fail.  The one that the agent
 * started looks after the others: it calls wl_reap() at least in every operation of its own.
 */
#ifndef WORKLOADS_LIB_CHILD_H
#define WORKLOADS_LIB_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "workloads/lib/workload.h"

/*
 * As fork().  The new process ends with its parent, and has random numbers that are a function of
 * the workload's seed and nr; wl->seed stays what it was.
 */
pid_t wl_fork(struct wl *wl, uint64_t nr);

/*
 * Waits for any process to end, or when none is to be waited for, asks whether one has: its id, or
 * 0.  One that did not end in good order ends the workload: with the reason that it gave, or as the
 * OOM killer's victim when that took it.
 */
pid_t wl_reap(bool wait);

/* Adds to a metric that several processes or threads count. */
void wl_add(struct wl *wl, unsigned int metric, uint64_t n);

/* Sleeps for so long or until it is time to stop; ns of at least 1. */
void wl_nap(uint64_t ns);

#endif
