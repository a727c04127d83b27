// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refaults of one cgroup are paid for by another: each period, what the first has refaulted beyond a
 * tolerated rate is reclaimed from the second.  After Hui Zhu's sample for bpf_proactive_reclaim
 * (linux-mm, 2026), with the write to memory.reclaim in place of that call.
 */
#include "policies/bpf/ask.h"

const volatile __u64 period_us = 20000;
const volatile __u64 tolerated = 16;      /* refaults in a period */
const volatile __u64 gain_ppm = 2000000;  /* pages taken for each refault beyond */
const volatile __u64 most = 4ull << 20;   /* bytes in a period */
const volatile __u64 victim_id = 0;

STAT(refaults);
STAT(taken_bytes); /* asked for */

static __u64 refaults_before;

SEC("fentry/workingset_refault")
int BPF_PROG(refault)
{
	if (is_ours())
		count(refaults, 1);
	return 0;
}

SEC("syscall")
int tick(void *ctx)
{
	__u64 now = refaults, n = now - refaults_before, bytes;

	refaults_before = now;
	if (n <= tolerated || is_pending())
		return 0;
	bytes = (n - tolerated) * gain_ppm / PPM * PAGE_SIZE;
	bytes = bytes < most ? bytes : most;
	count(taken_bytes, bytes);
	ask((struct request){REQUEST_RECLAIM, SWAPPINESS_AS_SET, victim_id, bytes, 0});
	return 0;
}

char _license[] SEC("license") = "GPL";
