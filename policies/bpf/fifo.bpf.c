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
	struct node *n = node_of(pfn);

	if (!n) {
		count(policy_full, 1);
		return;
	}
	bpf_spin_lock(&lock);
	node_start(n, folio);
	list_add_tail((__u32)pfn, n, QUEUE);
	bpf_spin_unlock(&lock);
}

SEC("struct_ops/folio_evicted")
void BPF_PROG(fifo_evicted, struct folio *folio, __u64 pfn, __u64 owner)
{
	node_forget(pfn);
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(fifo_batch, struct reclaim_ext_ctx *rx)
{
	__u32 pfn, index = 0;
	int i;

	for (i = 0; i < 2 * BATCH && rx->nr_isolated < rx->nr_to_reclaim; i++) {
		bpf_spin_lock(&lock);
		pfn = list_pop(QUEUE, &index);
		bpf_spin_unlock(&lock);
		if (!pfn || !propose(rx, pfn, index, QUEUE))
			break;
	}
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops fifo = {
	.folio_added = (void *)fifo_added,
	.folio_evicted = (void *)fifo_evicted,
	.reclaim_batch = (void *)fifo_batch,
	.name = "fifo",
};

char _license[] SEC("license") = "GPL";
