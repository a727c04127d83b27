// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small files stay: an index beside the data that it is of, say.  It proposes nothing and has no lists:
 * where the kernel's own would let a page of a small file go, it has it kept.
 */
#include "policies/bpf/reclaim.h"

const volatile __u64 small = 4ull << 20; /* bytes */

STAT(kept);

SEC("struct_ops/folio_verdict")
int BPF_PROG(protect_verdict, struct folio *folio, __u64 pfn, __u32 kernel_says)
{
	struct inode *inode = BPF_CORE_READ(folio, mapping, host);

	if (!inode || kernel_says != RECLAIM_EXT_EVICT ||
	    (__u64)BPF_CORE_READ(inode, i_size) > small)
		return RECLAIM_EXT_AS_IS;
	count(kept, 1);
	return RECLAIM_EXT_ACTIVATE;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops protect = {
	.folio_verdict = (void *)protect_verdict,
	.flags = RECLAIM_EXT_MAY_DECLINE,
	.name = "protect",
};

char _license[] SEC("license") = "GPL";
