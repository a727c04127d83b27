// SPDX-License-Identifier: GPL-2.0-only
/* Proposes nothing, and does not say that it may. */
#include "policies/bpf/reclaim.h"

SEC("struct_ops/reclaim_batch")
int BPF_PROG(empty_batch, struct reclaim_ext_ctx *rx)
{
	return 0;
}

SEC(".struct_ops.link")
struct reclaim_ext_ops empty = {
	.reclaim_batch = (void *)empty_batch,
	.name = "empty",
};

char _license[] SEC("license") = "GPL";
