// SPDX-License-Identifier: GPL-2.0-only
/*
 * Most recently used goes first: what a loop over more data than there is memory for wants, since what
 * it has just read is what it will not need for longest (Chou and DeWitt, "An Evaluation of Buffer
 * Management Strategies for Relational Database Systems", VLDB 1985).  Of a loop over D pages in a cache
 * of C it misses 1 - C/D, which is the least there is.
 *
 * What was read ahead and not used yet waits at the other end.
 */
#include "policies/bpf/reclaim.h"

#define STACK 1

SEC("struct_ops/folio_added")
void BPF_PROG(mru_added, struct folio *folio, __u64 pfn)
{
	node_enter(folio, pfn, STACK);
}

SEC("struct_ops/folio_accessed")
void BPF_PROG(mru_accessed, struct folio *folio, __u64 pfn)
{
	struct node *n = node_of(pfn);

	if (!n)
		return;
	bpf_spin_lock(&lock);
	if (n->list) {
		list_remove(n);
		list_add_head((__u32)pfn, n, STACK);
	}
	bpf_spin_unlock(&lock);
}

SEC("struct_ops/folio_freed")
void BPF_PROG(mru_freed, struct folio *folio, __u64 pfn)
{
	node_forget(pfn);
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(mru_batch, struct reclaim_ext_ctx *rx)
{
	propose_in_order(rx, STACK);
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops mru = {
	.folio_added = (void *)mru_added,
	.folio_accessed = (void *)mru_accessed,
	.folio_freed = (void *)mru_freed,
	.reclaim_batch = (void *)mru_batch,
	.flags = RECLAIM_EXT_EVICT_REFERENCED,
	.name = "mru",
};

char _license[] SEC("license") = "GPL";
