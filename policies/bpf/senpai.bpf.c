// SPDX-License-Identifier: GPL-2.0-only
/*
 * A proactive reclaimer that is driven by pressure: in each period it has a share of the cgroup's memory
 * reclaimed, the less the nearer its tasks' stalls come to what is tolerated:
 *
 *	reclaim = current * ratio * max(0, 1 - stalled / tolerated)
 *
 * which is the controller of Weiner et al., "TMO: Transparent Memory Offloading in Datacenters",
 * ASPLOS 2022, section 3.3.  Stalls are taken where PSI takes them, so nothing waits for its two-second
 * averages; of several tasks that stall at once each counts.
 */
#include "policies/bpf/ask.h"

const volatile __u64 period_us = 50000;
const volatile __u64 ratio_ppm = 10000;    /* of what there is, in a period */
const volatile __u64 pressure_ppm = 5000;  /* stalled time that is tolerated, of a period */

STAT(stalled_ns);
STAT(backed_off); /* periods without reclaim */

struct stall {
	__u64 since;
	__u64 depth;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct stall);
} stalls SEC(".maps");

static __u64 stalled_before;

SEC("fentry/psi_memstall_enter")
int BPF_PROG(enter)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct stall *s, begin = {bpf_ktime_get_ns(), 1};

	if (!is_ours())
		return 0;
	s = bpf_map_lookup_elem(&stalls, &tid);
	if (s)
		s->depth++;
	else
		bpf_map_update_elem(&stalls, &tid, &begin, BPF_NOEXIST);
	return 0;
}

SEC("fentry/psi_memstall_leave")
int BPF_PROG(leave)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct stall *s = bpf_map_lookup_elem(&stalls, &tid);

	if (!s || --s->depth)
		return 0;
	count(stalled_ns, bpf_ktime_get_ns() - s->since);
	bpf_map_delete_elem(&stalls, &tid);
	return 0;
}

SEC("syscall")
int tick(void *ctx)
{
	__u64 tolerated = period_us * pressure_ppm / 1000, now = stalled_ns;
	__u64 stalled = now - stalled_before, share;

	stalled_before = now;
	if (stalled >= tolerated || is_pending()) {
		count(backed_off, 1);
		return 0;
	}
	share = ratio_ppm * (tolerated - stalled) / tolerated;
	ask((struct request){REQUEST_RECLAIM, SWAPPINESS_AS_SET, cgroup_id, 0, share});
	return 0;
}

char _license[] SEC("license") = "GPL";
