// SPDX-License-Identifier: GPL-2.0-only
/*
 * MGLRU's generations by the clock: a new one for the cgroup in each period, so that how long pages
 * have not been used is known before memory is short.  By way of debugfs's lru_gen, which the kernel has
 * for working set estimation and proactive reclaim (Documentation/admin-guide/mm/multigen_lru.rst).
 */
#include "policies/bpf/ask.h"

const volatile __u64 period_us = 250000;

SEC("syscall")
int tick(void *ctx)
{
	if (!is_pending())
		ask((struct request){REQUEST_AGE, SWAPPINESS_AS_SET, cgroup_id, 0, 0});
	return 0;
}

char _license[] SEC("license") = "GPL";
