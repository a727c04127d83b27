// SPDX-License-Identifier: GPL-2.0-only
/* Proposes numbers drawn by lot, some beyond all memory, with an index drawn by lot. */
#include "policies/bpf/reclaim.h"

SEC("struct_ops/reclaim_batch")
int BPF_PROG(garbage_batch, struct reclaim_ext_ctx *rx)
{
	int i;

	for (i = 0; i < 4 * BATCH; i++) {
		__u64 pfn = bpf_get_prandom_u32();

		if (i % 4)
			pfn %= 131072;
		else if (i % 8)
			pfn = pfn << 32 | pfn;
		bpf_reclaim_ext_isolate(rx, pfn, bpf_get_prandom_u32());
	}
	return -1;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops garbage = {
	.reclaim_batch = (void *)garbage_batch,
	.name = "garbage",
};

char _license[] SEC("license") = "GPL";
