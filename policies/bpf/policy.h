/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy written in BPF is made of, beside libbpf's headers.
 *
 * Of the kernel's types it names only the members that are used; where they are in the kernel at hand
 * is found from its BTF when the object is loaded.
 */
#ifndef POLICIES_BPF_POLICY_H
#define POLICIES_BPF_POLICY_H

/* clang-format off */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
/* clang-format on */

#include "policies/bpf/request.h"

#define PAGE_SIZE 4096ull
#define PPM       1000000ull

/*
 * A number that is read at every sample of an experiment, and becomes the metric
 * policy.INSTANCE.NAME: a counter that only grows.
 */
#define STAT(name) __u64 name SEC(".data.stats")
#define count(stat, n) __sync_fetch_and_add(&(stat), (n))

/* Set by the loader: the cgroup that this instance is for, 1 = all of them, and how deep it lies. */
const volatile __u64 cgroup_id = 1;
const volatile __u32 cgroup_level = 0;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
};

enum cgroup_subsys_id { memory_cgrp_id = 4 };

struct css_set {
	struct cgroup_subsys_state *subsys[16];
};

struct task_struct {
	int pid;
	char comm[16];
	struct css_set *cgroups;
};

typedef struct {
	long counter;
} atomic_long_t;

struct page_counter {
	atomic_long_t usage;
	unsigned long high;
	unsigned long max;
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
};

#pragma clang attribute pop

/* The running task is in the instance's cgroup, or below it. */
static __always_inline bool is_ours(void)
{
	return bpf_get_current_ancestor_cgroup_id((int)cgroup_level) == cgroup_id;
}

#endif
