// SPDX-License-Identifier: GPL-2.0-only
/*
 * S3-FIFO (Yang et al., "FIFO Queues are All You Need for Cache Eviction", SOSP 2023): a small queue,
 * a tenth of all, from which only what was used again goes to the main one; a ghost of what left the
 * small queue, by which what comes back soon goes to the main one at once; and a main queue in which
 * use buys another round.  What is read once passes through the small queue and moves nothing else.
 *
 * The ghost is a table of fingerprints with the time of their eviction, counted in evictions: one
 * as old as the main queue has folios has left it.  Queues are as long as their pages: a stream comes in
 * large folios, of which a tenth of all folios would be more than there is room for.
 */
#include "policies/bpf/reclaim.h"

enum { SMALL = 1, MAIN };

#define USES_MAX 3
/* Uses by which a folio of the small queue has earned its place. */
#define PROMOTE  2

struct ghost {
	__u32 print, time;
};

PER_FRAME(struct ghost, ghost);

static __u32 evictions;

STAT(ghost_hits);
STAT(promoted);
STAT(evicted_small);
STAT(evicted_main);

static __always_inline __u64 mix(__u64 owner, __u64 index)
{
	__u64 x = (owner * 0x9e3779b97f4a7c15ull) ^ (index * 0xbf58476d1ce4e5b9ull);

	x ^= x >> 31;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 29;
}

static __always_inline struct ghost *ghost_of(__u64 hash)
{
	__u64 i = hash % nr_nodes;

	barrier_var(i);
	return i < nr_nodes ? of_frame(ghost, i) : NULL;
}

static __always_inline bool is_ghost(__u64 hash)
{
	struct ghost *g = ghost_of(hash);

	return g && g->print == (__u32)(hash >> 32) && evictions - g->time <= folios_in[MAIN];
}

SEC("struct_ops/folio_added")
void BPF_PROG(s3fifo_added, struct folio *folio, __u64 pfn, __u64 owner)
{
	bool again = is_ghost(mix(owner, folio->index));

	if (again)
		count(ghost_hits, 1);
	node_enter(folio, pfn, again ? MAIN : SMALL);
}

SEC("struct_ops/folio_accessed")
void BPF_PROG(s3fifo_accessed, struct folio *folio, __u64 pfn)
{
	/* Page tables tell of many uses as of one. */
	node_used(pfn, folio_is_mapped(folio) ? PROMOTE : 1, USES_MAX);
}

SEC("struct_ops/folio_evicted")
void BPF_PROG(s3fifo_evicted, struct folio *folio, __u64 pfn, __u64 owner)
{
	__u64 hash = mix(owner, folio->index);
	struct ghost *g = ghost_of(hash);
	struct node *n = node_of(pfn);

	if (!n || !g)
		return;
	if (n->list == SMALL) {
		g->print = (__u32)(hash >> 32);
		g->time = evictions++;
		count(evicted_small, 1);
	} else {
		count(evicted_main, 1);
	}
}

SEC("struct_ops/folio_freed")
void BPF_PROG(s3fifo_freed, struct folio *folio, __u64 pfn)
{
	node_forget(pfn);
}

/* The next to go, or 0 when the one that was looked at goes on instead.  Under the lock. */
static __always_inline __u32 next(__u32 nid, __u8 from, __u32 *index)
{
	__u32 pfn = list_pop(nid, from, index);
	struct node *n = node_of(pfn);

	if (!n)
		return 0;
	if (from == SMALL && n->uses >= PROMOTE) {
		n->uses = 0;
		promoted++;
	} else if (from == MAIN && n->uses) {
		n->uses--;
	} else {
		return pfn;
	}
	list_add_tail(pfn, n, MAIN);
	return 0;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(s3fifo_batch, struct reclaim_ext_ctx *rx)
{
	const struct list *small = list_of(rx->nid, SMALL), *main = list_of(rx->nid, MAIN);
	__u32 pfn, index = 0;
	__u8 from;
	int i;

	for (i = 0; i < 8 * BATCH && rx->nr_isolated < rx->nr_to_reclaim; i++) {
		bpf_spin_lock(&lock);
		from = small->pages * 10 > small->pages + main->pages || !main->pages ? SMALL : MAIN;
		pfn = next(rx->nid, from, &index);
		bpf_spin_unlock(&lock);
		if (pfn && !propose(rx, pfn, index, from))
			break;
	}
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops s3fifo = {
	.folio_added = (void *)s3fifo_added,
	.folio_accessed = (void *)s3fifo_accessed,
	.folio_evicted = (void *)s3fifo_evicted,
	.folio_freed = (void *)s3fifo_freed,
	.reclaim_batch = (void *)s3fifo_batch,
	.name = "s3fifo",
};

char _license[] SEC("license") = "GPL";
