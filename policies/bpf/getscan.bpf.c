// SPDX-License-Identifier: GPL-2.0-only
/*
 * Point reads beside scans of the same data: what a scan brought in goes first, so that however much is
 * scanned the point reads keep their memory.  Who scans is known by the name of the task, as in Zussman et
 * al., "cache_ext: Customizing the Page Cache with eBPF" (SOSP 2025), section 5.4, by its number.
 *
 * Of what the others use, use buys another round: the clock.
 */
#include "policies/bpf/reclaim.h"

enum { SCANNED = 1, READ };

#define USES_MAX 3
/* Pages of the scan that are let be: what it has read ahead. */
#define AHEAD 64

const volatile char scanner[8] = "scan";

STAT(scanned);
STAT(rescued); /* brought in by the scan, and used by another */

static __always_inline bool is_scanner(void)
{
	char comm[16];
	int i;

	bpf_get_current_comm(comm, sizeof(comm));
	for (i = 0; i < (int)sizeof(scanner) && comm[i] == scanner[i]; i++)
		if (!comm[i])
			return true;
	return i == sizeof(scanner);
}

SEC("struct_ops/folio_added")
void BPF_PROG(getscan_added, struct folio *folio, __u64 pfn)
{
	bool scan = is_scanner();

	if (scan)
		count(scanned, 1);
	node_enter(folio, pfn, scan ? SCANNED : READ);
}

SEC("struct_ops/folio_accessed")
void BPF_PROG(getscan_accessed, struct folio *folio, __u64 pfn)
{
	struct node *n = node_of(pfn);

	if (!n || is_scanner())
		return;
	bpf_spin_lock(&lock);
	if (n->list == SCANNED) {
		list_remove(n);
		list_add_tail((__u32)pfn, n, READ);
		rescued++;
	}
	node_use(n, 1, USES_MAX);
	bpf_spin_unlock(&lock);
}

SEC("struct_ops/folio_freed")
void BPF_PROG(getscan_freed, struct folio *folio, __u64 pfn)
{
	node_forget(pfn);
}

/* The next of the clock, or 0 when that has been used.  Under the lock. */
static __always_inline __u32 tick(__u32 nid, __u32 *index)
{
	__u32 pfn = list_pop(nid, READ, index);
	struct node *n = node_of(pfn);

	if (!n || !n->uses)
		return pfn;
	n->uses--;
	list_add_tail(pfn, n, READ);
	return 0;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(getscan_batch, struct reclaim_ext_ctx *rx)
{
	__u32 pfn, index = 0;
	__u8 from;
	int i;

	for (i = 0; i < 8 * BATCH && rx->nr_isolated < rx->nr_to_reclaim; i++) {
		bpf_spin_lock(&lock);
		from = list_of(rx->nid, SCANNED)->pages > AHEAD ? SCANNED : READ;
		pfn = from == SCANNED ? list_pop(rx->nid, SCANNED, &index) : tick(rx->nid, &index);
		bpf_spin_unlock(&lock);
		if (pfn && !propose(rx, pfn, index, from))
			break;
	}
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops getscan = {
	.folio_added = (void *)getscan_added,
	.folio_accessed = (void *)getscan_accessed,
	.folio_freed = (void *)getscan_freed,
	.reclaim_batch = (void *)getscan_batch,
	.name = "getscan",
};

char _license[] SEC("license") = "GPL";
