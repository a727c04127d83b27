// SPDX-License-Identifier: GPL-2.0-only
/*
 * Background reclaim of a cgroup: whoever charges memory above a high-water mark wakes a task of user
 * space that reclaims down to a low one, so that who allocates need not.  It is what the proposal
 * memcg_ext asks of the memory controller first (LSF/MM/BPF 2026, "Reimagining Memory Cgroup"), as far
 * as an unpatched kernel lets one have it; the limit itself stays as it is set.
 */
#include "policies/bpf/ask.h"

/* Of memory.high or memory.max, whichever is lower. */
const volatile __u64 high_ppm = 970000;
const volatile __u64 low_ppm = 920000;

STAT(crossed);

static __always_inline struct mem_cgroup *memcg_of_current(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup_subsys_state *css = NULL;
	int i;

	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)set + bpf_core_field_offset(set->subsys) + sizeof(css) * id);
	for (i = 0; css && i < 16; i++) {
		if (BPF_CORE_READ(css, cgroup, kn, id) == cgroup_id)
			return (struct mem_cgroup *)css;
		css = BPF_CORE_READ(css, parent);
	}
	return NULL;
}

static __always_inline int look(void)
{
	struct mem_cgroup *memcg;
	__u64 limit, max, usage;

	if (!is_ours() || is_pending())
		return 0;
	memcg = memcg_of_current();
	if (!memcg)
		return 0;
	usage = (__u64)BPF_CORE_READ(memcg, memory.usage.counter);
	limit = BPF_CORE_READ(memcg, memory.high);
	max = BPF_CORE_READ(memcg, memory.max);
	limit = max < limit ? max : limit;
	/* No limit: what is above half of it never comes, and the product would not fit. */
	if (limit > 1ull << 40 || usage * PPM < limit * high_ppm)
		return 0;
	count(crossed, 1);
	ask((struct request){REQUEST_RECLAIM, SWAPPINESS_AS_SET, cgroup_id,
			     (usage - limit * low_ppm / PPM) * PAGE_SIZE, 0});
	return 0;
}

/* All but what comes back from swap. */
SEC("fentry/__mem_cgroup_charge")
int BPF_PROG(charge)
{
	return look();
}

SEC("fentry/mem_cgroup_swapin_charge_folio")
int BPF_PROG(charge_swapin)
{
	return look();
}

char _license[] SEC("license") = "GPL";
