// SPDX-License-Identifier: GPL-2.0-only
/* Looks at everything and does nothing: what it costs to be asked. */
#include "policies/bpf/reclaim.h"

SEC("struct_ops/folio_added")
void BPF_PROG(nop_added, struct folio *folio, __u64 pfn)
{
}

SEC("struct_ops/folio_accessed")
void BPF_PROG(nop_accessed, struct folio *folio, __u64 pfn)
{
}

SEC("struct_ops/folio_evicted")
void BPF_PROG(nop_evicted, struct folio *folio, __u64 pfn, __u64 owner)
{
}

SEC("struct_ops/folio_freed")
void BPF_PROG(nop_freed, struct folio *folio, __u64 pfn)
{
}

SEC("struct_ops/folio_verdict")
int BPF_PROG(nop_verdict, struct folio *folio, __u64 pfn, __u32 kernel_says)
{
	return RECLAIM_EXT_AS_IS;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(nop_batch, struct reclaim_ext_ctx *rx)
{
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops nop = {
	.folio_added = (void *)nop_added,
	.folio_accessed = (void *)nop_accessed,
	.folio_evicted = (void *)nop_evicted,
	.folio_freed = (void *)nop_freed,
	.folio_verdict = (void *)nop_verdict,
	.reclaim_batch = (void *)nop_batch,
	.flags = RECLAIM_EXT_MAY_DECLINE,
	.name = "nop",
};

char _license[] SEC("license") = "GPL";
