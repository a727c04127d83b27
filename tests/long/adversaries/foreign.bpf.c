// SPDX-License-Identifier: GPL-2.0-only
/* Proposes the folios of others: all frames of the machine in turn, but for those it was told of. */
#include "policies/bpf/reclaim.h"

static __u32 cursor;

SEC("struct_ops/folio_added")
void BPF_PROG(foreign_added, struct folio *folio, __u64 pfn)
{
	struct node *n = node_of(pfn);

	if (n)
		n->list = 1;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(foreign_batch, struct reclaim_ext_ctx *rx)
{
	int i;

	for (i = 0; i < 8 * BATCH; i++) {
		__u32 pfn = ++cursor % nr_nodes;
		struct node *n = node_of(pfn);

		if (n && !n->list)
			bpf_reclaim_ext_isolate(rx, pfn, ~0ull);
	}
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops foreign = {
	.folio_added = (void *)foreign_added,
	.reclaim_batch = (void *)foreign_batch,
	.name = "foreign",
};

char _license[] SEC("license") = "GPL";
