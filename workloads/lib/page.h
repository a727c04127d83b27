/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent and a workload share: one memfd, mapped by both, locked by the agent.
 *
 * The workload is started with it as descriptor WL_PAGE_FD.  It sets itself up, sets ready, and
 * waits on the gate; then it counts here until stop is set.  Only the workload writes the counters;
 * the agent may read them at any time.
 */
#ifndef WORKLOADS_LIB_PAGE_H
#define WORKLOADS_LIB_PAGE_H

#include <stdint.h>

#include "wire/wire.h"

#define WL_PAGE_FD 3

struct wl_page {
	uint32_t ready; /* futex: the workload waits at the gate */
	uint32_t gate;  /* futex: 1 = go */
	uint32_t stop;
	uint32_t done;     /* it has done all that it had to do, and ends */
	uint32_t failed;   /* the workload found something wrong; message says what */
	char message[128]; /* NUL-terminated */
	struct wire_work work;
	uint64_t bucket[WIRE_BUCKETS];
};

#endif
