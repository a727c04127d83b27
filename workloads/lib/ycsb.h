/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mixes of operations of YCSB's core workloads: B. Cooper et al., "Benchmarking cloud serving
 * systems with YCSB", SoCC 2010.
 */
#ifndef WORKLOADS_LIB_YCSB_H
#define WORKLOADS_LIB_YCSB_H

#include "workloads/lib/workload.h"

enum ycsb_mix { YCSB_A, YCSB_B, YCSB_C, YCSB_D, YCSB_E, YCSB_F };
enum ycsb_op { YCSB_READ, YCSB_UPDATE, YCSB_INSERT, YCSB_SCAN, YCSB_MODIFY };

extern const char *const ycsb_mixes[];

/* The next operation; mix C, which only reads, draws no number. */
enum ycsb_op ycsb_next(enum ycsb_mix mix, struct wl *wl);
bool ycsb_inserts(enum ycsb_mix mix);
bool ycsb_writes(enum ycsb_mix mix);

#endif
