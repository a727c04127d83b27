// SPDX-License-Identifier: GPL-2.0-only
#include "result/metrics.h"

#include <string.h>

#define LOWER  STATS_DIR_LOWER
#define HIGHER STATS_DIR_HIGHER
#define NONE   STATS_DIR_NONE

#define PRIMARY    METRIC_PRIMARY
#define SECONDARY  METRIC_SECONDARY
#define DIAGNOSTIC METRIC_DIAGNOSTIC

/* clang-format off */
const struct metric metrics[] = {
	/* Workloads: what the user of the machine gets. */
	{"rate", "op/s", HIGHER, PRIMARY, METRIC_WORKLOAD, "rate", 0.02, 1,
	 "operations a second of virtual time"},
	{"ops", "count", HIGHER, SECONDARY, METRIC_WORKLOAD, "ops", 0.02, 1,
	 "operations in the window"},
	{"latency.mean_ns", "ns", LOWER, SECONDARY, METRIC_WORKLOAD, "mean", 0.02, 10,
	 "mean latency of an operation"},
	{"latency.p50_ns", "ns", LOWER, SECONDARY, METRIC_WORKLOAD, "500000", 0.07, 10,
	 "median latency; resolution 1/16"},
	{"latency.p90_ns", "ns", LOWER, SECONDARY, METRIC_WORKLOAD, "900000", 0.07, 10,
	 "90th percentile of latency; resolution 1/16"},
	{"latency.p99_ns", "ns", LOWER, PRIMARY, METRIC_WORKLOAD, "990000", 0.07, 10,
	 "99th percentile of latency; resolution 1/16"},
	{"latency.p999_ns", "ns", LOWER, SECONDARY, METRIC_WORKLOAD, "999000", 0.07, 10,
	 "99.9th percentile of latency; resolution 1/16"},
	{"latency.max_ns", "ns", LOWER, DIAGNOSTIC, METRIC_WORKLOAD, "max", 0.10, 10,
	 "slowest operation, the agent's samples on its CPU included; resolution 1/16"},

	/*
	 * What had to be brought back, for a million operations: in a window of time whoever gets more done
	 * also reads more, so the plain counts below have no direction.  Refaults have none either: MGLRU
	 * counts one only where the page returns to the node it was evicted from, classic LRU each.
	 */
	{"swap.in_per_mop", "pages/Mop", LOWER, PRIMARY, METRIC_PER_MOP, "pswpin", 0.02, 10,
	 "pages read from swap, for a million operations"},
	{"io.read_kib_per_mop", "KiB/Mop", LOWER, PRIMARY, METRIC_PER_MOP, "pgpgin", 0.02, 10,
	 "read from all block devices, swap too, for a million operations"},
	{"io.write_kib_per_mop", "KiB/Mop", LOWER, SECONDARY, METRIC_PER_MOP, "pgpgout", 0.02, 10,
	 "written to all block devices, swap too, for a million operations"},
	{"fault.major_per_mop", "count/Mop", LOWER, SECONDARY, METRIC_PER_MOP, "pgmajfault", 0.02, 10,
	 "page faults that waited for I/O, for a million operations"},
	{"refault.anon_per_mop", "pages/Mop", NONE, SECONDARY, METRIC_PER_MOP, "workingset_refault_anon", 0.02, 10,
	 "refaults of anonymous pages, as the policy counts them, for a million operations"},
	{"refault.file_per_mop", "pages/Mop", NONE, SECONDARY, METRIC_PER_MOP, "workingset_refault_file", 0.02, 10,
	 "refaults of file pages, as the policy counts them, for a million operations"},
	{"refault.anon", "pages", NONE, SECONDARY, METRIC_VMSTAT, "workingset_refault_anon", 0.02, 64,
	 "evicted anonymous pages that came back"},
	{"refault.file", "pages", NONE, SECONDARY, METRIC_VMSTAT, "workingset_refault_file", 0.02, 64,
	 "evicted file pages that came back"},
	{"refault.activate.anon", "pages", NONE, DIAGNOSTIC, METRIC_VMSTAT, "workingset_activate_anon", 0.02, 64,
	 "refaults taken for part of the working set"},
	{"refault.activate.file", "pages", NONE, DIAGNOSTIC, METRIC_VMSTAT, "workingset_activate_file", 0.02, 64,
	 "refaults taken for part of the working set"},
	{"fault.major", "count", NONE, SECONDARY, METRIC_VMSTAT, "pgmajfault", 0.02, 16,
	 "page faults that waited for I/O"},
	{"swap.in", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pswpin", 0.02, 64, "pages read from swap"},
	{"swap.out", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pswpout", 0.02, 64,
	 "pages written to swap"},
	{"io.read_kib", "KiB", NONE, SECONDARY, METRIC_VMSTAT, "pgpgin", 0.02, 256,
	 "read from all block devices"},
	{"io.write_kib", "KiB", NONE, SECONDARY, METRIC_VMSTAT, "pgpgout", 0.02, 256,
	 "written to all block devices"},

	/* How reclaim went about it: a policy may scan more and be right, so these have no direction. */
	{"reclaim.scan.kswapd", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pgscan_kswapd", 0.05, 64,
	 "pages scanned by kswapd"},
	{"reclaim.scan.direct", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pgscan_direct", 0.05, 64,
	 "pages scanned by allocating tasks"},
	{"reclaim.scan.khugepaged", "pages", NONE, DIAGNOSTIC, METRIC_VMSTAT, "pgscan_khugepaged", 0.05, 64,
	 "pages scanned by khugepaged"},
	{"reclaim.scan.proactive", "pages", NONE, DIAGNOSTIC, METRIC_VMSTAT, "pgscan_proactive", 0.05, 64,
	 "pages scanned for memory.reclaim"},
	{"reclaim.steal.kswapd", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pgsteal_kswapd", 0.05, 64,
	 "pages reclaimed by kswapd"},
	{"reclaim.steal.direct", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pgsteal_direct", 0.05, 64,
	 "pages reclaimed by allocating tasks"},
	{"reclaim.scan.anon", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pgscan_anon", 0.05, 64,
	 "anonymous pages scanned"},
	{"reclaim.scan.file", "pages", NONE, SECONDARY, METRIC_VMSTAT, "pgscan_file", 0.05, 64,
	 "file pages scanned"},
	{"reclaim.demote", "pages", NONE, DIAGNOSTIC, METRIC_VMSTAT, "pgdemote_kswapd pgdemote_direct", 0.05, 64,
	 "pages moved to a slower memory tier"},
	{"stall.direct", "count", LOWER, SECONDARY, METRIC_VMSTAT,
	 "allocstall_dma allocstall_dma32 allocstall_normal allocstall_movable", 0.05, 4,
	 "times an allocation had to reclaim for itself (machine-wide shortage)"},
	{"compact.stall", "count", LOWER, DIAGNOSTIC, METRIC_VMSTAT, "compact_stall", 0.05, 4,
	 "times an allocation had to compact memory"},
	{"oom.kill", "count", LOWER, SECONDARY, METRIC_VMSTAT, "oom_kill", 0, 1, "tasks killed"},

	/* Pressure stall information: time lost. */
	{"psi.memory.some_us", "us", LOWER, PRIMARY, METRIC_PSI, "psi.memory some", 0.02, 1000,
	 "time in which some task waited for memory"},
	{"psi.memory.full_us", "us", LOWER, SECONDARY, METRIC_PSI, "psi.memory full", 0.02, 1000,
	 "time in which all tasks waited for memory"},
	{"psi.io.some_us", "us", LOWER, SECONDARY, METRIC_PSI, "psi.io some", 0.02, 1000,
	 "time in which some task waited for I/O"},
	{"psi.cpu.some_us", "us", NONE, DIAGNOSTIC, METRIC_PSI, "psi.cpu some", 0.02, 1000,
	 "time in which some task waited for a CPU"},

	/* The same of one cgroup. */
	{"refault.anon", "pages", NONE, SECONDARY, METRIC_CGROUP_STAT, "workingset_refault_anon", 0.02, 64,
	 "evicted anonymous pages that came back"},
	{"refault.file", "pages", NONE, SECONDARY, METRIC_CGROUP_STAT, "workingset_refault_file", 0.02, 64,
	 "evicted file pages that came back"},
	{"reclaim.scan", "pages", NONE, SECONDARY, METRIC_CGROUP_STAT, "pgscan", 0.05, 64,
	 "pages of the cgroup scanned"},
	{"reclaim.steal", "pages", NONE, SECONDARY, METRIC_CGROUP_STAT, "pgsteal", 0.05, 64,
	 "pages of the cgroup reclaimed"},
	{"events.low", "count", LOWER, DIAGNOSTIC, METRIC_CGROUP_EVENTS, "low", 0.05, 4,
	 "times it was reclaimed below memory.low"},
	{"events.high", "count", NONE, DIAGNOSTIC, METRIC_CGROUP_EVENTS, "high", 0.05, 4,
	 "times memory.high was exceeded"},
	{"events.max", "count", NONE, SECONDARY, METRIC_CGROUP_EVENTS, "max", 0.05, 4,
	 "times memory.max was hit"},
	{"events.oom", "count", LOWER, SECONDARY, METRIC_CGROUP_EVENTS, "oom", 0, 1,
	 "times it ran out of memory"},
	{"events.oom_kill", "count", LOWER, SECONDARY, METRIC_CGROUP_EVENTS, "oom_kill", 0, 1,
	 "tasks of it killed"},
	{"psi.memory.some_us", "us", LOWER, SECONDARY, METRIC_CGROUP_PSI, "some", 0.02, 1000,
	 "time in which some task of it waited for memory"},
	{"psi.memory.full_us", "us", LOWER, SECONDARY, METRIC_CGROUP_PSI, "full", 0.02, 1000,
	 "time in which all tasks of it waited for memory"},
	{"memory.current", "bytes", NONE, DIAGNOSTIC, METRIC_CGROUP_LAST, "memory.current", 0.05, 4096,
	 "its memory at the close of the window"},
	{"memory.swap.current", "bytes", NONE, DIAGNOSTIC, METRIC_CGROUP_LAST, "memory.swap.current", 0.05,
	 4096, "its swap at the close of the window"},
};
/* clang-format on */

const size_t nr_metrics = sizeof(metrics) / sizeof(metrics[0]);

static bool in_family(enum metric_source source, const char *prefix)
{
	switch (source) {
	case METRIC_VMSTAT:
	case METRIC_PER_MOP:
	case METRIC_PSI:
		return !*prefix;
	case METRIC_WORKLOAD:
		return !strcmp(prefix, "workload");
	default:
		return !strcmp(prefix, "cgroup");
	}
}

/* "cgroup.NAME.rest" and "workload.NAME.rest": names hold no dots. */
static const char *split(const char *full, const char **prefix)
{
	static const char *const prefixes[] = {"cgroup", "workload"};
	size_t i;

	*prefix = "";
	for (i = 0; i < 2; i++) {
		size_t len = strlen(prefixes[i]);
		const char *dot;

		if (strncmp(full, prefixes[i], len) || full[len] != '.')
			continue;
		dot = strchr(full + len + 1, '.');
		*prefix = prefixes[i];
		return dot ? dot + 1 : "";
	}
	return full;
}

const struct metric *metric_find(const char *full)
{
	const char *prefix;
	const char *name = split(full, &prefix);
	size_t i;

	for (i = 0; i < nr_metrics; i++)
		if (in_family(metrics[i].source, prefix) && !strcmp(metrics[i].name, name))
			return &metrics[i];
	return NULL;
}

const char *metric_class_name(enum metric_class class)
{
	static const char *const names[] = {"primary", "secondary", "diagnostic"};

	return names[class];
}

const char *metric_better_name(enum stats_direction better)
{
	return better == STATS_DIR_LOWER ? "lower" : better == STATS_DIR_HIGHER ? "higher" : "none";
}

enum stats_direction metric_better_find(const char *name)
{
	return !strcmp(name, "lower") ? STATS_DIR_LOWER :
	       !strcmp(name, "higher") ? STATS_DIR_HIGHER : STATS_DIR_NONE;
}
