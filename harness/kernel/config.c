// SPDX-License-Identifier: GPL-2.0-only
/* The part of a kernel's configuration that decides what reclaim does and costs. */
#include <string.h>

#include "base/buf.h"
#include "kernel/kernel.h"

static const char *const symbols[] = {
	"LRU_GEN", "LRU_GEN_ENABLED", "LRU_GEN_STATS", "LRU_GEN_WALKS_MMU",
	"MEMCG", "MEMCG_V1", "MEMCG_KMEM", "PSI", "PSI_DEFAULT_DISABLED",
	"SWAP", "ZSWAP", "ZSWAP_DEFAULT_ON", "ZSWAP_SHRINKER_DEFAULT_ON", "ZSMALLOC", "ZRAM",
	"TRANSPARENT_HUGEPAGE", "TRANSPARENT_HUGEPAGE_ALWAYS", "TRANSPARENT_HUGEPAGE_MADVISE",
	"THP_SWAP", "READ_ONLY_THP_FOR_FS", "COMPACTION", "MIGRATION", "KSM",
	"NUMA", "NUMA_BALANCING", "NUMA_BALANCING_DEFAULT_ENABLED", "NODES_SHIFT", "ACPI_HMAT",
	"DAMON", "DAMON_RECLAIM", "DAMON_LRU_SORT", "IDLE_PAGE_TRACKING", "PAGE_IDLE_FLAG",
	"PREEMPT", "PREEMPT_NONE", "PREEMPT_VOLUNTARY", "PREEMPT_LAZY", "PREEMPT_RT",
	"PREEMPT_DYNAMIC", "HZ", "NR_CPUS", "SMP", "PER_VMA_LOCK", "CGROUP_WRITEBACK",
	"BLK_CGROUP_IOCOST", "SHRINKER_DEBUG", "VM_EVENT_COUNTERS",
	"DEBUG_VM", "DEBUG_PAGEALLOC", "PAGE_OWNER", "PAGE_TABLE_CHECK", "KASAN", "KCSAN",
	"KFENCE", "LOCKDEP", "PROVE_LOCKING", "SLUB_DEBUG_ON", "INIT_ON_ALLOC_DEFAULT_ON",
	"INIT_ON_FREE_DEFAULT_ON", "FUNCTION_TRACER", "BPF_SYSCALL", "CC_OPTIMIZE_FOR_SIZE",
};

/* "y", "m", a number or a text; "n" for what is not set or not known to this kernel. */
static json_t *value_of(const char *config, const char *symbol)
{
	cleanup_free char *line = xasprintf("\nCONFIG_%s=", symbol);
	const char *at = strstr(config, line);

	if (!at)
		return json_string("n");
	at += strlen(line);
	return json_stringn(at, strcspn(at, "\n"));
}

json_t *kernel_config(const struct kernel *kernel)
{
	cleanup_free char *path = xasprintf("%s/config", kernel->dir);
	cleanup_buf struct buf text = {0};
	json_t *out = json_object();
	size_t i;

	buf_adds(&text, "\n");
	if (!file_exists(path) || file_read(path, &text, NULL))
		return out;
	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		json_object_set_new(out, symbols[i], value_of(buf_str(&text), symbols[i]));
	return out;
}
