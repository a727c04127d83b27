// SPDX-License-Identifier: GPL-2.0-only
/*
 * Least frequently used, by sampling: of some folios taken at random the one with the fewest uses goes,
 * as in Psounis and Prabhakar, "Efficient Randomized Web-Cache Replacement Schemes Using Samples From
 * Past Eviction Times" (IEEE/ACM ToN 10(4), 2002), and as Redis does it.  Uses are counted for as long as a
 * folio stays and never forgotten: good for a popularity that lasts, wrong for one that moves on.
 */
#include "policies/bpf/reclaim.h"

#define SAMPLE 16
#define USES_MAX 8191
/* In a node: it is in the table, and prev is its place there. */
#define IN_TABLE 1

/* All folios, without gaps, so that one can be drawn. */
PER_FRAME(__u32, table);
static __u32 nr;

static __always_inline __u32 *place(__u64 at)
{
	barrier_var(at);
	return at < nr_nodes ? of_frame(table, at) : NULL;
}

/* Under the lock. */
static __always_inline void put(__u32 at, __u32 pfn)
{
	struct node *n = node_of(pfn);
	__u32 *p = place(at);

	if (!n || !p)
		return;
	*p = pfn;
	n->prev = at;
	n->list = IN_TABLE;
}

/* Its place is taken by the last.  Under the lock. */
static __always_inline void drop(struct node *n)
{
	__u32 at = n->prev, last = nr - 1;
	const __u32 *p = place(last);

	if (!n->list || !p)
		return;
	n->list = 0;
	nr = last;
	if (at != last)
		put(at, *p);
}

SEC("struct_ops/folio_added")
void BPF_PROG(lfu_added, struct folio *folio, __u64 pfn)
{
	struct node *n = node_of(pfn);

	if (!n) {
		count(policy_full, 1);
		return;
	}
	bpf_spin_lock(&lock);
	if (!n->list)
		put(nr++, (__u32)pfn);
	node_start(n, folio);
	bpf_spin_unlock(&lock);
}

SEC("struct_ops/folio_accessed")
void BPF_PROG(lfu_accessed, struct folio *folio, __u64 pfn)
{
	node_used(pfn, 1, USES_MAX);
}

static __always_inline void forget(__u64 pfn)
{
	struct node *n = node_of(pfn);

	if (!n)
		return;
	bpf_spin_lock(&lock);
	drop(n);
	bpf_spin_unlock(&lock);
}

SEC("struct_ops/folio_freed")
void BPF_PROG(lfu_freed, struct folio *folio, __u64 pfn)
{
	forget(pfn);
}

/* Without the lock: at worst it is not the least used that goes. */
static __always_inline __u32 draw(const struct reclaim_ext_ctx *rx, __u32 *index)
{
	__u32 best = 0, uses = ~0u, i;

	for (i = 0; i < SAMPLE && nr; i++) {
		const __u32 *p = place(bpf_get_prandom_u32() % nr);
		struct node *n = p ? node_of(*p) : NULL;

		if (!n || !n->list || n->nid != (__u32)rx->nid % NODES || !node_may_go(rx, n) || n->uses >= uses)
			continue;
		uses = n->uses;
		best = *p;
		*index = n->index;
	}
	return best;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(lfu_batch, struct reclaim_ext_ctx *rx)
{
	__u32 pfn, index = 0;
	int i, ret;

	for (i = 0; i < 2 * BATCH && rx->nr_isolated < rx->nr_to_reclaim; i++) {
		pfn = draw(rx, &index);
		ret = pfn ? bpf_reclaim_ext_isolate(rx, pfn, index) : -ENOSPC;
		if (ret == -ENOSPC)
			break;
		if (ret == -ESTALE)
			forget(pfn);
	}
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops lfu = {
	.folio_added = (void *)lfu_added,
	.folio_accessed = (void *)lfu_accessed,
	.folio_freed = (void *)lfu_freed,
	.reclaim_batch = (void *)lfu_batch,
	.name = "lfu",
};

char _license[] SEC("license") = "GPL";
