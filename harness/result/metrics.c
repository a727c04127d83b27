// SPDX-License-Identifier: GPL-2.0-only
#include "result/metrics.h"

#include <string.h>

#define LOWER  STATS_DIR_LOWER
#define HIGHER STATS_DIR_HIGHER
#define NONE   STATS_DIR_NONE

#define PRIMARY    METRIC_PRIMARY
#define SECONDARY  METRIC_SECONDARY
#define DIAGNOSTIC METRIC_DIAGNOSTIC

#define SYSTEM   SCOPE_SYSTEM
#define NODE     SCOPE_NODE
#define CGROUP   SCOPE_CGROUP
#define WORKLOAD SCOPE_WORKLOAD

#define STALLS "allocstall_dma allocstall_dma32 allocstall_normal allocstall_movable allocstall_device"

/* The rows that each histogram of stalls has; the reclaim that it is of, and where. */
#define STALL_ROWS(scope, prefix, hist, what)                                                       \
	{prefix ".count", "count", LOWER, DIAGNOSTIC, scope, METRIC_HIST, hist " count", 0.05, 4,   \
	 what ": how many"},                                                                       \
	{prefix ".total_us", "us", LOWER, SECONDARY, scope, METRIC_HIST, hist " sum_us", 0.05,     \
	 1000, what ": time they took together"},                                                  \
	{prefix ".p50_ns", "ns", LOWER, DIAGNOSTIC, scope, METRIC_HIST, hist " 500000", 0.07, 1000, \
	 what ": median; 0 when there was none"},                                                  \
	{prefix ".p90_ns", "ns", LOWER, DIAGNOSTIC, scope, METRIC_HIST, hist " 900000", 0.07, 1000, \
	 what ": 90th percentile; 0 when there was none"},                                         \
	{prefix ".p99_ns", "ns", LOWER, SECONDARY, scope, METRIC_HIST, hist " 990000", 0.07, 1000, \
	 what ": 99th percentile; 0 when there was none"},                                         \
	{prefix ".max_ns", "ns", LOWER, DIAGNOSTIC, scope, METRIC_HIST, hist " max", 0.10, 1000,   \
	 what ": the longest; 0 when there was none"}

/* What a node's batches say, by who reclaims. */
#define TRACED(context, whose)                                                                      \
	{"trace.scan." context, "pages", NONE, DIAGNOSTIC, NODE, METRIC_TRACE, "scan." context,    \
	 0.05, 64, "pages of the node scanned " whose ", of batches that took any"},               \
	{"trace.reclaimed." context, "pages", NONE, DIAGNOSTIC, NODE, METRIC_TRACE,                \
	 "reclaimed." context, 0.05, 64, "pages of the node reclaimed " whose}

/* clang-format off */
const struct metric metrics[] = {
	/* Workloads: what the user of the machine gets. */
	{"rate", "op/s", HIGHER, PRIMARY, WORKLOAD, METRIC_WORKLOAD, "rate", 0.02, 1,
	 "operations a second of virtual time"},
	{"ops", "count", HIGHER, SECONDARY, WORKLOAD, METRIC_WORKLOAD, "ops", 0.02, 1,
	 "operations in the window"},
	{"latency.mean_ns", "ns", LOWER, SECONDARY, WORKLOAD, METRIC_WORKLOAD, "mean", 0.02, 10,
	 "mean latency of an operation"},
	{"latency.p50_ns", "ns", LOWER, SECONDARY, WORKLOAD, METRIC_WORKLOAD, "500000", 0.07, 10,
	 "median latency; resolution 1/16"},
	{"latency.p90_ns", "ns", LOWER, SECONDARY, WORKLOAD, METRIC_WORKLOAD, "900000", 0.07, 10,
	 "90th percentile of latency; resolution 1/16"},
	{"latency.p99_ns", "ns", LOWER, PRIMARY, WORKLOAD, METRIC_WORKLOAD, "990000", 0.07, 10,
	 "99th percentile of latency; resolution 1/16"},
	{"latency.p999_ns", "ns", LOWER, SECONDARY, WORKLOAD, METRIC_WORKLOAD, "999000", 0.07, 10,
	 "99.9th percentile of latency; resolution 1/16"},
	{"latency.max_ns", "ns", LOWER, DIAGNOSTIC, WORKLOAD, METRIC_WORKLOAD, "max", 0.10, 10,
	 "slowest operation, the agent's samples on its CPU included; resolution 1/16"},

	/*
	 * What had to be brought back, for a million operations: in a window of time whoever gets more done
	 * also reads more, so the plain counts below have no direction.
	 */
	{"swap.in_per_mop", "pages/Mop", LOWER, PRIMARY, SYSTEM, METRIC_PER_MOP, "pswpin", 0.02, 64,
	 "pages read from swap, for a million operations"},
	{"io.read_kib_per_mop", "KiB/Mop", LOWER, PRIMARY, SYSTEM, METRIC_PER_MOP, "pgpgin", 0.02, 256,
	 "read from all block devices, swap too, for a million operations"},
	{"io.write_kib_per_mop", "KiB/Mop", LOWER, SECONDARY, SYSTEM, METRIC_PER_MOP, "pgpgout", 0.02, 256,
	 "written to all block devices, swap too, for a million operations"},
	{"fault.major_per_mop", "count/Mop", LOWER, SECONDARY, SYSTEM, METRIC_PER_MOP, "pgmajfault", 0.02, 16,
	 "page faults that waited for I/O, for a million operations"},
	{"refault.anon_per_mop", "pages/Mop", LOWER, SECONDARY, SYSTEM, METRIC_PER_MOP, "workingset_refault_anon", 0.02, 64,
	 "evicted anonymous pages that came back, for a million operations"},
	{"refault.file_per_mop", "pages/Mop", LOWER, SECONDARY, SYSTEM, METRIC_PER_MOP, "workingset_refault_file", 0.02, 64,
	 "evicted file pages that came back, for a million operations"},
	{"refault.anon", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "workingset_refault_anon", 0.02, 64,
	 "evicted anonymous pages that came back"},
	{"refault.file", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "workingset_refault_file", 0.02, 64,
	 "evicted file pages that came back"},
	{"refault.activate.anon", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "workingset_activate_anon", 0.02, 64,
	 "refaults taken for part of the working set"},
	{"refault.activate.file", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "workingset_activate_file", 0.02, 64,
	 "refaults taken for part of the working set"},
	{"refault.share_ppm", "ppm", NONE, SECONDARY, SYSTEM, METRIC_RATIO,
	 "workingset_refault_anon workingset_refault_file / pgsteal_anon pgsteal_file", 0.02, 10000,
	 "refaults for a million reclaimed pages: how much of the work was for nothing"},
	{"fault.major", "count", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgmajfault", 0.02, 16,
	 "page faults that waited for I/O"},
	{"swap.in", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pswpin", 0.02, 64, "pages read from swap"},
	{"swap.out", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pswpout", 0.02, 64,
	 "pages written to swap"},
	{"io.read_kib", "KiB", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgpgin", 0.02, 256,
	 "read from all block devices"},
	{"io.write_kib", "KiB", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgpgout", 0.02, 256,
	 "written to all block devices"},

	/* How reclaim went about it: a policy may scan more and be right, so these have no direction. */
	{"reclaim.scan.kswapd", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgscan_kswapd", 0.05, 64,
	 "pages scanned by kswapd"},
	{"reclaim.scan.direct", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgscan_direct", 0.05, 64,
	 "pages scanned by allocating tasks"},
	{"reclaim.scan.khugepaged", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "pgscan_khugepaged", 0.05, 64,
	 "pages scanned by khugepaged"},
	{"reclaim.scan.proactive", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "pgscan_proactive", 0.05, 64,
	 "pages scanned for memory.reclaim, where vmstat counts reclaim of cgroups"},
	{"reclaim.steal.kswapd", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgsteal_kswapd", 0.05, 64,
	 "pages reclaimed by kswapd"},
	{"reclaim.steal.direct", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgsteal_direct", 0.05, 64,
	 "pages reclaimed by allocating tasks"},
	{"reclaim.steal.khugepaged", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "pgsteal_khugepaged", 0.05, 64,
	 "pages reclaimed by khugepaged"},
	{"reclaim.steal.proactive", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "pgsteal_proactive", 0.05, 64,
	 "pages reclaimed for memory.reclaim, where vmstat counts reclaim of cgroups"},
	{"reclaim.scan.anon", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgscan_anon", 0.05, 64,
	 "anonymous pages scanned"},
	{"reclaim.scan.file", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgscan_file", 0.05, 64,
	 "file pages scanned"},
	{"reclaim.steal.anon", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgsteal_anon", 0.05, 64,
	 "anonymous pages reclaimed"},
	{"reclaim.steal.file", "pages", NONE, SECONDARY, SYSTEM, METRIC_STAT, "pgsteal_file", 0.05, 64,
	 "file pages reclaimed"},
	{"reclaim.efficiency_ppm", "ppm", NONE, SECONDARY, SYSTEM, METRIC_RATIO,
	 "pgsteal_anon pgsteal_file / pgscan_anon pgscan_file", 0.02, 10000,
	 "pages reclaimed for a million scanned"},
	{"reclaim.efficiency.anon_ppm", "ppm", NONE, DIAGNOSTIC, SYSTEM, METRIC_RATIO,
	 "pgsteal_anon / pgscan_anon", 0.02, 10000, "anonymous pages reclaimed for a million scanned"},
	{"reclaim.efficiency.file_ppm", "ppm", NONE, DIAGNOSTIC, SYSTEM, METRIC_RATIO,
	 "pgsteal_file / pgscan_file", 0.02, 10000, "file pages reclaimed for a million scanned"},
	{"reclaim.over_kib", "KiB", NONE, SECONDARY, SYSTEM, METRIC_DERIVED, "over_reclaim", 0.05, 1024,
	 "most that a node had free above its high watermarks, but for ZONE_DMA, at a sample since whose predecessor its kswapd has worked; what was freed otherwise is in it"},
	{"reclaim.demote", "pages", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT,
	 "pgdemote_kswapd pgdemote_direct pgdemote_khugepaged pgdemote_proactive", 0.05, 64,
	 "pages moved to a slower memory tier"},
	{"kswapd.cpu_us", "us", NONE, SECONDARY, SYSTEM, METRIC_COUNTERS, "task.kswapd*.cpu_ns", 0.05, 1000,
	 "CPU time of all kswapd tasks"},
	{"kcompactd.cpu_us", "us", LOWER, DIAGNOSTIC, SYSTEM, METRIC_COUNTERS, "task.kcompactd*.cpu_ns", 0.05, 1000,
	 "CPU time of all kcompactd tasks"},
	{"khugepaged.cpu_us", "us", LOWER, DIAGNOSTIC, SYSTEM, METRIC_COUNTERS, "task.khugepaged*.cpu_ns", 0.05, 1000,
	 "CPU time of khugepaged"},
	{"stall.alloc", "count", LOWER, SECONDARY, SYSTEM, METRIC_STAT, STALLS, 0.05, 4,
	 "times an allocation had to reclaim for itself (machine-wide shortage)"},
	STALL_ROWS(SYSTEM, "stall.direct", "stall.direct", "direct reclaim for the machine"),
	STALL_ROWS(SYSTEM, "stall.memcg", "stall.memcg", "reclaim for a cgroup's limit, or asked of one"),
	{"stall.throttled.count", "count", LOWER, SECONDARY, SYSTEM, METRIC_HIST, "stall.throttled count", 0.05, 4,
	 "times reclaim was made to wait, for writeback or for others"},
	{"stall.throttled.total_us", "us", LOWER, SECONDARY, SYSTEM, METRIC_HIST, "stall.throttled sum_us", 0.05, 1000,
	 "time in which reclaim was made to wait"},
	{"writeback.throttle.total_us", "us", LOWER, DIAGNOSTIC, SYSTEM, METRIC_HIST, "writeback.throttle sum_us", 0.05, 1000,
	 "time for which writers of dirty pages were told to pause"},
	{"compact.stall", "count", LOWER, DIAGNOSTIC, SYSTEM, METRIC_STAT, "compact_stall", 0.05, 4,
	 "times an allocation had to compact memory"},
	{"thp.fault", "count", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "thp_fault_alloc", 0.05, 4,
	 "huge pages given to faults"},
	{"thp.split", "count", NONE, DIAGNOSTIC, SYSTEM, METRIC_STAT, "thp_split_page", 0.05, 4,
	 "huge pages split"},
	{"thp.anon_kib", "KiB", NONE, DIAGNOSTIC, SYSTEM, METRIC_HIGHEST, "meminfo.AnonHugePages", 0.05, 2048,
	 "most anonymous memory that huge pages backed, of all samples"},
	{"oom.kill", "count", LOWER, SECONDARY, SYSTEM, METRIC_STAT, "oom_kill", 0, 1, "tasks killed"},
	{"fairness.ops_ppm", "ppm", NONE, SECONDARY, SYSTEM, METRIC_DERIVED, "fairness_ops", 0.01, 10000,
	 "Jain's index over the rates of workloads of one type: a million when all got the same done"},
	{"fairness.scan_ppm", "ppm", NONE, DIAGNOSTIC, SYSTEM, METRIC_DERIVED, "fairness_scan", 0.01, 10000,
	 "Jain's index over the cgroups' pages scanned for each page they hold: a million when pressure is in proportion"},

	{"observer.agent_ppm", "ppm", NONE, DIAGNOSTIC, SYSTEM, METRIC_DERIVED, "observer", 0, 1000,
	 "share of the window that the guest's agent took to sample and to fetch the trace"},

	/* Pressure stall information: time lost. */
	{"psi.memory.some_us", "us", LOWER, PRIMARY, SYSTEM, METRIC_PSI, "memory some", 0.02, 1000,
	 "time in which some task waited for memory"},
	{"psi.memory.full_us", "us", LOWER, SECONDARY, SYSTEM, METRIC_PSI, "memory full", 0.02, 1000,
	 "time in which all tasks waited for memory"},
	{"psi.io.some_us", "us", LOWER, SECONDARY, SYSTEM, METRIC_PSI, "io some", 0.02, 1000,
	 "time in which some task waited for I/O"},
	{"psi.io.full_us", "us", LOWER, DIAGNOSTIC, SYSTEM, METRIC_PSI, "io full", 0.02, 1000,
	 "time in which all tasks waited for I/O"},
	{"psi.cpu.some_us", "us", NONE, DIAGNOSTIC, SYSTEM, METRIC_PSI, "cpu some", 0.02, 1000,
	 "time in which some task waited for a CPU"},

	/* Of a node, from the trace, so that every kernel has them. */
	{"kswapd.run.count", "count", NONE, DIAGNOSTIC, NODE, METRIC_HIST, "kswapd.run count", 0.05, 4,
	 "times its kswapd went to sleep after a run"},
	{"kswapd.run.total_us", "us", NONE, DIAGNOSTIC, NODE, METRIC_HIST, "kswapd.run sum_us", 0.05, 1000,
	 "time in which its kswapd was awake, naps of up to 100 ms before it sleeps included"},
	TRACED("kswapd", "by kswapd"),
	TRACED("direct", "by allocating tasks, for the machine"),
	TRACED("memcg", "for a cgroup's limit"),
	TRACED("proactive", "for memory.reclaim"),
	{"isolate.efficiency_ppm", "ppm", NONE, DIAGNOSTIC, SYSTEM, METRIC_TRACE, "isolate.taken / isolate.scanned", 0.02, 10000,
	 "pages taken off a list for a million looked at there"},

	/* The same of one cgroup. */
	{"refault.anon", "pages", NONE, SECONDARY, CGROUP, METRIC_STAT, "workingset_refault_anon", 0.02, 64,
	 "evicted anonymous pages that came back"},
	{"refault.file", "pages", NONE, SECONDARY, CGROUP, METRIC_STAT, "workingset_refault_file", 0.02, 64,
	 "evicted file pages that came back"},
	{"reclaim.scan", "pages", NONE, SECONDARY, CGROUP, METRIC_STAT, "pgscan", 0.05, 64,
	 "pages of the cgroup scanned"},
	{"reclaim.steal", "pages", NONE, SECONDARY, CGROUP, METRIC_STAT, "pgsteal", 0.05, 64,
	 "pages of the cgroup reclaimed"},
	{"reclaim.efficiency_ppm", "ppm", NONE, DIAGNOSTIC, CGROUP, METRIC_RATIO, "pgsteal / pgscan", 0.02, 10000,
	 "pages of the cgroup reclaimed for a million scanned"},
	{"fault.major", "count", NONE, SECONDARY, CGROUP, METRIC_STAT, "pgmajfault", 0.02, 16,
	 "page faults of it that waited for I/O"},
	{"events.low", "count", LOWER, SECONDARY, CGROUP, METRIC_EVENTS, "low", 0.05, 4,
	 "protection violated: times it, or one below it, was reclaimed although below its effective memory.low"},
	{"events.high", "count", NONE, DIAGNOSTIC, CGROUP, METRIC_EVENTS, "high", 0.05, 4,
	 "times memory.high was exceeded"},
	{"events.max", "count", NONE, SECONDARY, CGROUP, METRIC_EVENTS, "max", 0.05, 4,
	 "times memory.max was hit"},
	{"events.oom", "count", LOWER, SECONDARY, CGROUP, METRIC_EVENTS, "oom", 0, 1,
	 "times it ran out of memory"},
	{"events.oom_kill", "count", LOWER, SECONDARY, CGROUP, METRIC_EVENTS, "oom_kill", 0, 1,
	 "tasks of it killed"},
	{"protection.violated_ppm", "ppm", NONE, DIAGNOSTIC, CGROUP, METRIC_DERIVED, "protection_violated", 0, 10000,
	 "share of the samples in which it had less than its own memory.min or memory.low and was scanned since the last; what its parents grant is not considered, see events.low"},
	STALL_ROWS(CGROUP, "stall.direct", "stall.direct", "direct reclaim for the machine by its tasks"),
	STALL_ROWS(CGROUP, "stall.memcg", "stall.memcg", "reclaim for a cgroup's limit by its tasks"),
	{"psi.memory.some_us", "us", LOWER, SECONDARY, CGROUP, METRIC_PSI, "memory some", 0.02, 1000,
	 "time in which some task of it waited for memory"},
	{"psi.memory.full_us", "us", LOWER, SECONDARY, CGROUP, METRIC_PSI, "memory full", 0.02, 1000,
	 "time in which all tasks of it waited for memory"},
	{"psi.io.some_us", "us", LOWER, DIAGNOSTIC, CGROUP, METRIC_PSI, "io some", 0.02, 1000,
	 "time in which some task of it waited for I/O"},
	{"memory.current", "bytes", NONE, DIAGNOSTIC, CGROUP, METRIC_LAST, "memory.current", 0.05, 4096,
	 "its memory at the close of the window"},
	{"memory.swap.current", "bytes", NONE, DIAGNOSTIC, CGROUP, METRIC_LAST, "memory.swap.current", 0.05,
	 4096, "its swap at the close of the window"},
};

const struct meaning meanings[] = {
	{"limits",
	 "pgscan_kswapd pgscan_direct pgscan_khugepaged pgscan_proactive "
	 "pgsteal_kswapd pgsteal_direct pgsteal_khugepaged pgsteal_proactive",
	 false, "node.vmstat 0 pgscan_kswapd", "with-cgroup-limits", "without-cgroup-limits",
	 "whether vmstat's scan and steal by context count reclaim for a cgroup's limit: they do since they are node counters (7.1)"},
	{"proactive", "pgscan_direct pgsteal_direct pgdemote_direct", true,
	 "vmstat pgscan_proactive", "without-proactive", "with-proactive",
	 "whether reclaim for memory.reclaim is within *_direct, or apart in *_proactive (6.16)"},
	{"khugepaged", "pgscan_direct pgsteal_direct pgdemote_direct", true,
	 "vmstat pgscan_khugepaged", "without-khugepaged", "with-khugepaged",
	 "whether reclaim by khugepaged is within *_direct, or apart in *_khugepaged (since 6.2)"},
	{"written", "nr_vmscan_write", false, "vmstat nrswpout", "pages", "folios",
	 "what nr_vmscan_write counts, one for a large folio or each of its pages (7.3)"},
	{"refault", "workingset_refault_anon workingset_refault_file", true,
	 "state lru_gen.enabled", "to-same-lruvec", "all",
	 "which returns are refaults: MGLRU counts one only where the page returns to the node and cgroup that it was evicted from, classic LRU each"},
	{"activate",
	 "workingset_activate_anon workingset_activate_file workingset_restore_anon workingset_restore_file",
	 true, "state lru_gen.enabled", "mglru-of-", "active-list",
	 "which refaults are taken for part of the working set: under MGLRU by rules that have changed from kernel to kernel, so the meaning has its version"},
	{"scan",
	 "pgscan pgscan_anon pgscan_file pgscan_kswapd pgscan_direct pgscan_khugepaged pgscan_proactive",
	 true, "state lru_gen.enabled", "isolated", "looked-at",
	 "what a scanned page is: MGLRU counts those that it takes off its lists, classic LRU all that it looks at there"},
};
/* clang-format on */

const size_t nr_metrics = sizeof(metrics) / sizeof(metrics[0]);
const size_t nr_meanings = sizeof(meanings) / sizeof(meanings[0]);

static const char *const scopes[SCOPE_NR] = {
	[SCOPE_SYSTEM] = "system",
	[SCOPE_NODE] = "node",
	[SCOPE_CGROUP] = "cgroup",
	[SCOPE_WORKLOAD] = "workload",
};

/* A blank-separated list has the word. */
static bool has_word(const char *list, const char *word, size_t len)
{
	const char *at = list;

	while ((at = strstr(at, word))) {
		if (strlen(at) >= len && (at == list || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' '))
			return true;
		at++;
	}
	return false;
}

bool meaning_concerns(const struct meaning *m, const char *keys, bool cgroup)
{
	char word[64];
	size_t len;

	if (cgroup && !m->cgroups)
		return false;
	for (; *keys; keys += len + (keys[len] == ' ')) {
		len = strcspn(keys, " ");
		if (!len || len >= sizeof(word))
			continue;
		memcpy(word, keys, len);
		word[len] = '\0';
		if (has_word(m->keys, word, len))
			return true;
	}
	return false;
}

const char *metric_prefix(enum metric_scope scope)
{
	static const char *const prefix[SCOPE_NR] = {"", "node.", "cgroup.", "workload."};

	return prefix[scope];
}

/* Cuts "cgroup.NAME." off, where the name holds no dots. */
static const char *split(const char *full, enum metric_scope *scope)
{
	unsigned int i;

	for (i = SCOPE_NODE; i < SCOPE_NR; i++) {
		const char *prefix = metric_prefix((enum metric_scope)i);
		size_t len = strlen(prefix);
		const char *dot;

		if (strncmp(full, prefix, len))
			continue;
		dot = strchr(full + len, '.');
		*scope = (enum metric_scope)i;
		return dot ? dot + 1 : "";
	}
	*scope = SCOPE_SYSTEM;
	return full;
}

const struct metric *metric_find(const char *full)
{
	enum metric_scope scope;
	const char *name = split(full, &scope);
	size_t i;

	for (i = 0; i < nr_metrics; i++)
		if (metrics[i].scope == scope && !strcmp(metrics[i].name, name))
			return &metrics[i];
	return NULL;
}

const char *metric_class_name(enum metric_class class)
{
	static const char *const names[] = {"primary", "secondary", "diagnostic"};

	return names[class];
}

const char *metric_scope_name(enum metric_scope scope)
{
	return scopes[scope];
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
