/* SPDX-License-Identifier: GPL-2.0-only */
/* Damage done to other workloads' data, to see that they notice. */
#ifndef WORKLOADS_LIB_PLANT_H
#define WORKLOADS_LIB_PLANT_H

#include <stdint.h>

/*
 * Overwrites the first word of every page that processes of this workload type hold in mappings of
 * 256 KiB and more: not in stacks, in their program or in what they share with the agent, and not
 * in pages they never touched.  Returns how many pages that were.
 */
uint64_t plant_in_memory(const char *type);
/* The same for every file below a folder; those that cannot be written to are left out. */
uint64_t plant_in_files(const char *folder);

#endif
