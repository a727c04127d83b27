// SPDX-License-Identifier: GPL-2.0-only
/*
 * First in, first out: what has been in memory longest goes, used or not.  The baseline that any
 * policy which looks at use has to beat.
 */
#include "policies/bpf/reclaim.h"

#define QUEUE 1

SEC("struct_ops/folio_added")
void BPF_PROG(fifo_added, struct folio *folio, __u64 pfn)
{
	node_enter(folio, pfn, QUEUE);
}

SEC("struct_ops/folio_freed")
void BPF_PROG(fifo_freed, struct folio *folio, __u64 pfn)
{
	node_forget(pfn);
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(fifo_batch, struct reclaim_ext_ctx *rx)
{
	propose_in_order(rx, QUEUE);
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops fifo = {
	.folio_added = (void *)fifo_added,
	.folio_freed = (void *)fifo_freed,
	.reclaim_batch = (void *)fifo_batch,
	.flags = RECLAIM_EXT_EVICT_REFERENCED,
	.name = "fifo",
};

char _license[] SEC("license") = "GPL";
