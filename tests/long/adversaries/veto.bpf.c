// SPDX-License-Identifier: GPL-2.0-only
/* Keeps everything, and what the kernel keeps it would have evicted. */
#include "policies/bpf/reclaim.h"

SEC("struct_ops/folio_verdict")
int BPF_PROG(veto_verdict, struct folio *folio, __u64 pfn, __u32 kernel_says)
{
	return kernel_says == RECLAIM_EXT_EVICT ? RECLAIM_EXT_KEEP : RECLAIM_EXT_EVICT;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops veto = {
	.folio_verdict = (void *)veto_verdict,
	.flags = RECLAIM_EXT_MAY_DECLINE,
	.name = "veto",
};

char _license[] SEC("license") = "GPL";
