/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For a policy that chooses what is reclaimed, on a kernel with the series reclaim_ext: the kernel's
 * types, and lists of folios.
 *
 * A folio is its page frame number, and what the policy knows of it is node of that frame.  The kernel tells
 * of folios that come and go, but not of those that move: a node may be of one that is elsewhere now.
 * What is proposed is checked by the kernel, and a node that turns out to be stale is dropped.
 */
#ifndef POLICIES_BPF_RECLAIM_H
#define POLICIES_BPF_RECLAIM_H

#include "policies/bpf/policy.h"

/* What it proposes goes even where page tables say that it is in use; it may propose nothing. */
#define RECLAIM_EXT_EVICT_REFERENCED 1
#define RECLAIM_EXT_MAY_DECLINE      2

enum zone_type {
	__MAX_NR_ZONES,
};

enum pageflags {
	PG_swapbacked,
};

enum reclaim_ext_verdict {
	RECLAIM_EXT_AS_IS,
	RECLAIM_EXT_EVICT,
	RECLAIM_EXT_KEEP,
	RECLAIM_EXT_ACTIVATE,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct super_block {
	unsigned int s_dev;
};

struct inode {
	unsigned long i_ino;
	long long i_size;
	struct super_block *i_sb;
};

struct address_space {
	struct inode *host;
};

typedef struct {
	unsigned long f;
} memdesc_flags_t;

typedef struct {
	int counter;
} atomic_t;

struct folio {
	memdesc_flags_t flags;
	struct address_space *mapping;
	unsigned long index;
	atomic_t _mapcount;
	unsigned long _flags_1;
	atomic_t _large_mapcount;
};

/* Of these only the sizes. */
struct zoneref {
	int zone_idx;
};

struct zonelist {
	struct zoneref _zonerefs[1];
};

struct reclaim_ext_ctx {
	int nid;
	__u32 nr_to_reclaim;
	__u32 nr_isolated;
	__u8 priority;
	bool may_swap;
};

#pragma clang attribute pop

/* As include/linux/reclaim_ext.h has it; members are matched by their names. */
struct reclaim_ext_ops {
	__s32 (*reclaim_batch)(struct reclaim_ext_ctx *ctx);
	__u32 (*folio_verdict)(struct folio *folio, __u64 pfn, __u32 kernel_says);
	void (*folio_added)(struct folio *folio, __u64 pfn, __u64 owner);
	void (*folio_accessed)(struct folio *folio, __u64 pfn);
	void (*folio_evicted)(struct folio *folio, __u64 pfn, __u64 owner);
	void (*folio_freed)(struct folio *folio, __u64 pfn);
	__u64 cgroup_id; /* the loader sets it */
	__u32 flags;
	__u32 max_us;
	char name[16];
};

#define EAGAIN 11
#define ENOSPC 28
#define ESTALE 116

extern int bpf_reclaim_ext_isolate(struct reclaim_ext_ctx *ctx, __u64 pfn, __u64 index) __ksym;

/* The most that one call can take: RECLAIM_EXT_BATCH. */
#define BATCH 64

/* What is known of a folio: where it is in a list, and how often it was used. */
struct node {
	__u32 prev, next; /* 0: none */
	__u32 index;      /* of the folio in its file */
	__u8 list : 2;    /* 0: in none */
	__u8 nid : 6;     /* of the folio's memory */
	__u8 order;       /* of the folio: it has 2^order pages */
	__u16 uses : 13;
	__u16 again : 1; /* when it was proposed last it could not go */
	__u16 anon : 1;  /* it takes swap to reclaim it */
	__u16 fresh : 1; /* its first use is the one that it came for */
};

/*
 * What is kept for each page frame is declared as one, and the loader makes room for as many as the
 * machine has.  (Not as an array: libbpf 1.4 loses its way when it resizes one beside struct_ops.)
 */
const volatile __u32 nr_nodes = 1;
#define PER_FRAME(type, name) type name SEC(".data.nodes_" #name)
/* That of a frame; i must be known to be less than nr_nodes. */
#define of_frame(name, i)                                                                          \
	({                                                                                         \
		typeof(name) *base_ = &(name);                                                     \
		barrier_var(base_);                                                                \
		base_ + (i);                                                                       \
	})

PER_FRAME(struct node, node);

/* One lock for all: what is done under it takes no loop. */
struct bpf_spin_lock lock SEC(".data.lock");

struct list {
	__u32 head, tail, pages;
};

/*
 * The kernel asks node by node, and takes nothing of another one: each list is one of each node.  Number 0 is
 * none.
 */
#define LISTS 4
#define NODES 64
static struct list lists[NODES * LISTS];
/* In the lists of all nodes. */
static __u32 folios_in[LISTS];

STAT(policy_full); /* nodes beyond the array: should be 0 */

static __always_inline struct list *list_of(__u32 nid, __u8 list)
{
	return &lists[nid % NODES * LISTS + list % LISTS];
}

/* NULL for what is no number of ours; 0 is never a folio. */
static __always_inline struct node *node_of(__u64 pfn)
{
	__u64 i = (__u32)pfn;

	/* What is compared must be what is used, for the verifier's sake. */
	barrier_var(i);
	if (!i || i >= nr_nodes)
		return NULL;
	return of_frame(node, i);
}

/* Under the lock. */
static __always_inline void list_remove(struct node *n)
{
	struct node *prev, *next;
	struct list *l;

	if (!n->list)
		return;
	l = list_of(n->nid, n->list);
	prev = node_of(n->prev);
	next = node_of(n->next);
	if (prev)
		prev->next = n->next;
	else
		l->head = n->next;
	if (next)
		next->prev = n->prev;
	else
		l->tail = n->prev;
	folios_in[n->list]--;
	l->pages -= 1u << n->order;
	n->list = 0;
}

static __always_inline void list_add_tail(__u32 pfn, struct node *n, __u8 list)
{
	struct list *l = list_of(n->nid, list);
	struct node *tail = node_of(l->tail);

	n->list = list % LISTS;
	n->next = 0;
	n->prev = l->tail;
	if (tail)
		tail->next = pfn;
	else
		l->head = pfn;
	l->tail = pfn;
	folios_in[list % LISTS]++;
	l->pages += 1u << n->order;
}

static __always_inline void list_add_head(__u32 pfn, struct node *n, __u8 list)
{
	struct list *l = list_of(n->nid, list);
	struct node *head = node_of(l->head);

	n->list = list % LISTS;
	n->prev = 0;
	n->next = l->head;
	if (head)
		head->prev = pfn;
	else
		l->tail = pfn;
	l->head = pfn;
	folios_in[list % LISTS]++;
	l->pages += 1u << n->order;
}

/* Takes the first off a node's list: its number, 0 when there is none, and its index. */
static __always_inline __u32 list_pop(__u32 nid, __u8 list, __u32 *index)
{
	__u32 pfn = list_of(nid, list)->head;
	struct node *n = node_of(pfn);

	if (!n)
		return 0;
	*index = n->index;
	list_remove(n);
	return pfn;
}

static __always_inline __u8 folio_order(struct folio *folio)
{
	const unsigned long head = 1u << 6; /* PG_head */

	return folio->flags.f & head ? folio->_flags_1 & 31 : 0;
}

/*
 * The node is in the uppermost bits of the flags.  How many these are is no type's business, but a list of
 * zones has room for all zones of as many nodes as there can be, and an end.
 */
static __always_inline __u32 folio_node(struct folio *folio)
{
	__u64 zones = bpf_core_field_size(((struct zonelist *)0)->_zonerefs) / bpf_core_type_size(struct zoneref) - 1;
	__u64 nodes = zones / bpf_core_enum_value(enum zone_type, __MAX_NR_ZONES);

	return (folio->flags.f >> 32) * nodes >> 32;
}

/* In a page table: of its accesses the policy hears when it is proposed, as of one each time. */
static __always_inline bool folio_is_mapped(struct folio *folio)
{
	if (folio_order(folio))
		return folio->_large_mapcount.counter >= 0;
	return folio->_mapcount.counter >= 0;
}

static __always_inline bool folio_is_anon(struct folio *folio)
{
	return folio->flags.f >> bpf_core_enum_value(enum pageflags, PG_swapbacked) & 1;
}

/* A folio that is new to us, or was another before; in no list. */
static __always_inline void node_start(struct node *n, struct folio *folio)
{
	n->nid = folio_node(folio) % NODES;
	n->anon = folio_is_anon(folio);
	n->index = (__u32)folio->index;
	n->order = folio_order(folio);
	n->uses = 0;
	n->again = 0;
	n->fresh = 1;
}

/* Whether to propose it at all. */
static __always_inline bool node_may_go(const struct reclaim_ext_ctx *rx, const struct node *n)
{
	return !n || !n->anon || rx->may_swap;
}

/*
 * Proposes a folio that was taken off its list.  Unless it is stale it goes to the end of a list: it may
 * have to be written first, or prove to be in use, and is taken off when it has been evicted.  What could not go
 * twice is dropped: the frame may be something else by now.  False when this call can take no more.
 */
static __always_inline bool propose(struct reclaim_ext_ctx *rx, __u32 pfn, __u32 index, __u8 list)
{
	struct node *n = node_of(pfn);
	bool asked = node_may_go(rx, n);
	int ret = asked ? bpf_reclaim_ext_isolate(rx, pfn, index) : 0;

	if (ret == -ESTALE || !n)
		return true;
	bpf_spin_lock(&lock);
	if (!n->list && !(ret == -EAGAIN && n->again))
		list_add_tail(pfn, n, list);
	if (asked)
		n->again = ret == -EAGAIN;
	bpf_spin_unlock(&lock);
	return ret != -ENOSPC;
}

/* Counts so many uses, up to a most; that for which the folio was brought in is none.  Under the lock. */
static __always_inline void node_use(struct node *n, __u16 by, __u16 most)
{
	if (n->fresh)
		n->fresh = 0;
	else
		n->uses = n->uses + by < most ? n->uses + by : most;
}

/* For folio_added: to the end of a list, as a new one. */
static __always_inline void node_enter(struct folio *folio, __u64 pfn, __u8 list)
{
	struct node *n = node_of(pfn);

	if (!n) {
		count(policy_full, 1);
		return;
	}
	bpf_spin_lock(&lock);
	list_remove(n);
	node_start(n, folio);
	list_add_tail((__u32)pfn, n, list);
	bpf_spin_unlock(&lock);
}

/* For folio_accessed: counts it as so many. */
static __always_inline void node_used(__u64 pfn, __u16 by, __u16 most)
{
	struct node *n = node_of(pfn);

	/* Most accesses are to what is used up to the most already. */
	if (!n || (!n->fresh && n->uses >= most))
		return;
	bpf_spin_lock(&lock);
	node_use(n, by, most);
	bpf_spin_unlock(&lock);
}

/* For reclaim_batch of a list that is in the order of eviction. */
static __always_inline void propose_in_order(struct reclaim_ext_ctx *rx, __u8 list)
{
	__u32 pfn, index = 0;
	int i;

	for (i = 0; i < 2 * BATCH && rx->nr_isolated < rx->nr_to_reclaim; i++) {
		bpf_spin_lock(&lock);
		pfn = list_pop(rx->nid, list, &index);
		bpf_spin_unlock(&lock);
		if (!pfn || !propose(rx, pfn, index, list))
			break;
	}
}

/* For folio_freed. */
static __always_inline void node_forget(__u64 pfn)
{
	struct node *n = node_of(pfn);

	if (!n)
		return;
	bpf_spin_lock(&lock);
	list_remove(n);
	bpf_spin_unlock(&lock);
}

#endif
