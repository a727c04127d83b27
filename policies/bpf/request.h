/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a BPF program asks of user space, where the kernel has no call for it: the guest's loader reads
 * these from the ring buffer "requests" and does them, one after the other.
 */
#ifndef POLICIES_BPF_REQUEST_H
#define POLICIES_BPF_REQUEST_H

#include <linux/types.h>

enum request_kind {
	REQUEST_RECLAIM = 1, /* writes the cgroup's memory.reclaim */
	REQUEST_AGE,         /* a new MGLRU generation for the cgroup, on each of its nodes */
};

#define SWAPPINESS_AS_SET (-1)

struct request {
	__u32 kind;
	__s32 swappiness; /* 0 to 200, or SWAPPINESS_AS_SET */
	__u64 cgroup_id;
	__u64 bytes;     /* and beside them */
	__u64 share_ppm; /* of what the cgroup has, millionths */
};

#endif
