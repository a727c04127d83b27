// SPDX-License-Identifier: GPL-2.0-only
/* Notes each folio in a map that it never cleans, and knows no more of those that come when it is full. */
#include "policies/bpf/reclaim.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, __u64);
	__type(value, __u64);
} seen SEC(".maps");

struct note {
	__u64 pfn, index;
};

static struct note first[2048];
static __u32 nr;

SEC("struct_ops/folio_added")
void BPF_PROG(leak_added, struct folio *folio, __u64 pfn)
{
	__u64 key = bpf_ktime_get_ns(), index = folio->index;

	if (bpf_map_update_elem(&seen, &key, &index, BPF_NOEXIST) || nr >= 2048)
		return;
	first[nr & 2047] = (struct note){pfn, index};
	nr++;
}

SEC("struct_ops/reclaim_batch")
int BPF_PROG(leak_batch, struct reclaim_ext_ctx *rx)
{
	__u32 next;
	int i;

	for (i = 0; i < BATCH; i++) {
		next = bpf_get_prandom_u32() & 2047;
		bpf_reclaim_ext_isolate(rx, first[next].pfn, first[next].index);
	}
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops leak = {
	.folio_added = (void *)leak_added,
	.reclaim_batch = (void *)leak_batch,
	.name = "leak",
};

char _license[] SEC("license") = "GPL";
