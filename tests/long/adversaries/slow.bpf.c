// SPDX-License-Identifier: GPL-2.0-only
/* Counts as long as the verifier lets it, each time it is asked. */
#include "policies/bpf/reclaim.h"

static __u64 turns;

static long turn(__u64 i, void *ctx)
{
	turns += i;
	return 0;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(slow_batch, struct reclaim_ext_ctx *rx)
{
	bpf_loop(1 << 21, turn, NULL, 0);
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops slow = {
	.reclaim_batch = (void *)slow_batch,
	.flags = RECLAIM_EXT_MAY_DECLINE,
	.name = "slow",
};

char _license[] SEC("license") = "GPL";
