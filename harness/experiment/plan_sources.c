// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/plan_sources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CG   "/sys/fs/cgroup/"
#define NODE "/sys/devices/system/node/node"

/*
 * What there is one of each of; the scope is its name or number.  ALL_NODES: one file about all;
 * BPF_CGROUP: each cgroup, where the policy has BPF objects.
 */
enum scope { ONE, ALL_NODES, PER_NODE, PER_CGROUP, BPF_CGROUP, PER_WORK, PER_DISK, PER_ZRAM };

/*
 * The one table of what is recorded.  Every source is read at the window's opening and at its close;
 * in between one with "every" N is read in each Nth sample.  N follows what a read costs, so that
 * all together stay below 1 % of the guest's time at 100 ms with three cgroups.  In us of virtual time, on two nodes
 * (6.12; 7.3 takes a tenth more, of zoneinfo half): zoneinfo 300, vmstat and memory.numa_stat 80,
 * node.vmstat and memory.stat 70, lru_gen 13 for each cgroup and node, node.meminfo 45, meminfo 31,
 * buddyinfo 23, task.stat 10, pressure and device 10, memory.events 6, task 4, a number 3.
 *
 * What a read does to the guest beside taking time: buddyinfo and zoneinfo hold a zone's lock, with
 * interrupts off, while its text is made; memory.stat, memory.numa_stat and lru_gen's sizes want the
 * counters of all CPUs (a flush of rstat, when there is enough to flush); vmstat and lru_gen
 * allocate a page for as long as the read takes.  All other buffers are there since the plan.
 */
static const struct sampled {
	enum scope scope;
	unsigned int every;
	const char *name;
	const char *path; /* a * is the scope; a disk's is that of its device */
} table[] = {
	{ONE, 1, "vmstat", "/proc/vmstat"},
	{ONE, 1, "psi.memory", "/proc/pressure/memory"},
	{ONE, 1, "psi.io", "/proc/pressure/io"},
	{ONE, 1, "psi.cpu", "/proc/pressure/cpu"},
	{ONE, 5, "meminfo", "/proc/meminfo"},
	{ALL_NODES, 5, "zoneinfo", "/proc/zoneinfo"},
	{ALL_NODES, 5, "buddyinfo", "/proc/buddyinfo"},
	{ALL_NODES, 2, "lru_gen", "/sys/kernel/debug/lru_gen"},
	{PER_NODE, 5, "node.vmstat", NODE "*/vmstat"},
	{PER_NODE, 10, "node.meminfo", NODE "*/meminfo"},
	{PER_DISK, 1, "device", "/sys/block/*/stat"},
	{PER_ZRAM, 1, "zram", "/sys/block/*/mm_stat"},
	{PER_ZRAM, 5, "zram.io", "/sys/block/*/io_stat"},
	{PER_CGROUP, 1, "memory.current", CG "*/memory.current"},
	{PER_CGROUP, 1, "memory.swap.current", CG "*/memory.swap.current"},
	{PER_CGROUP, 1, "memory.events", CG "*/memory.events"},
	{PER_CGROUP, 5, "memory.events.local", CG "*/memory.events.local"},
	{PER_CGROUP, 5, "memory.swap.events", CG "*/memory.swap.events"},
	/* No released kernel has it. */
	{BPF_CGROUP, 5, "memory.reclaim_ext", CG "*/memory.reclaim_ext"},
	{PER_CGROUP, 1, "memory.pressure", CG "*/memory.pressure"},
	{PER_CGROUP, 1, "io.pressure", CG "*/io.pressure"},
	{PER_CGROUP, 1, "cpu.pressure", CG "*/cpu.pressure"},
	{PER_CGROUP, 2, "memory.stat", CG "*/memory.stat"},
	{PER_CGROUP, 10, "memory.numa_stat", CG "*/memory.numa_stat"},
	{PER_WORK, 1, "task", "/proc/@*/schedstat"},
	{PER_WORK, 2, "task.stat", "/proc/@*/stat"},
	{PER_NODE, 1, "task kswapd", "/proc/%kswapd*/schedstat"},
	{PER_NODE, 5, "task.stat kswapd", "/proc/%kswapd*/stat"},
	{PER_NODE, 1, "task kcompactd", "/proc/%kcompactd*/schedstat"},
	{PER_NODE, 5, "task.stat kcompactd", "/proc/%kcompactd*/stat"},
	{ONE, 1, "task khugepaged", "/proc/%khugepaged/schedstat"},
	{ONE, 5, "task.stat khugepaged", "/proc/%khugepaged/stat"},
	{ONE, 1, "task ksmd", "/proc/%ksmd/schedstat"},
	{ONE, 5, "task.stat ksmd", "/proc/%ksmd/stat"},
	/* The agent itself. */
	{ONE, 1, "task init", "/proc/1/schedstat"},
};

struct sources {
	const struct guest *guest;
	const struct storage_set *storage;
	const struct scenario *scenario;
	bool bpf; /* the policy has BPF objects */
	struct buf *out;
	unsigned int nr;
};

/* What costs as much as there are nodes has its turn as much later beyond two of them. */
static unsigned int every(const struct sources *p, const struct sampled *s)
{
	bool nodes = s->scope == ALL_NODES || s->scope == PER_NODE;

	return nodes ? s->every * ((p->guest->machine.nr_nodes + 1) / 2) : s->every;
}

/* A kernel thread's name ends in the number of its node; all others stand apart from their scope. */
static void put_name(const struct sources *p, const struct sampled *s, const char *scope)
{
	const char *blank = s->scope <= ALL_NODES || strchr(s->name, ' ') ? "" : " ";

	buf_printf(p->out, " %u %s%s%s\n", every(p, s), s->name, blank, scope);
}

static void put(struct sources *p, const struct sampled *s, const char *scope, const char *file)
{
	const char *star = strchr(s->path, '*');

	p->nr++;
	if (!p->out)
		return;
	buf_printf(p->out, "source %.*s", (int)(star ? star - s->path : (long)strlen(s->path)),
		   s->path);
	if (star)
		buf_printf(p->out, "%s%s", file, star + 1);
	put_name(p, s, scope);
}

static void put_nodes(struct sources *p, const struct sampled *s)
{
	unsigned int node;
	char nr[12];

	for (node = 0; node < p->guest->machine.nr_nodes; node++) {
		snprintf(nr, sizeof(nr), "%u", node);
		put(p, s, nr, nr);
	}
}

static void put_cgroups(struct sources *p, const struct sampled *s)
{
	const struct conf *conf = &p->scenario->conf;
	size_t i;

	for (i = 0; i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "cgroup"))
			put(p, s, conf->section[i].arg, conf->section[i].arg);
}

static void put_works(struct sources *p, const struct sampled *s)
{
	size_t i;

	for (i = 0; i < p->scenario->nr_works; i++)
		put(p, s, p->scenario->work[i].name, p->scenario->work[i].name);
}

static void put_device(struct sources *p, const struct sampled *s, const struct storage *device)
{
	bool fits = s->scope == PER_DISK ? storage_is_block(device) :
					   device->driver == STORAGE_ZRAM;
	char path[64];

	if (!fits)
		return;
	storage_path(p->storage, device, path, sizeof(path));
	put(p, s, device->name, path + strlen("/dev/"));
}

static void put_devices(struct sources *p, const struct sampled *s)
{
	unsigned int i;

	for (i = 0; i < p->storage->nr_swaps; i++)
		put_device(p, s, &p->storage->swap[i]);
	put_device(p, s, &p->storage->data);
}

static void put_all(struct sources *p)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		switch (table[i].scope) {
		case ONE:
		case ALL_NODES:
			put(p, &table[i], "", "");
			break;
		case PER_NODE:
			put_nodes(p, &table[i]);
			break;
		case BPF_CGROUP:
			if (p->bpf)
				put_cgroups(p, &table[i]);
			break;
		case PER_CGROUP:
			put_cgroups(p, &table[i]);
			break;
		case PER_WORK:
			put_works(p, &table[i]);
			break;
		default:
			put_devices(p, &table[i]);
			break;
		}
}

/* Tasks share one name space: what the counters of a workload are called must not be a thread's. */
static bool is_thread(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		const char *thread = strchr(table[i].name, ' ');
		size_t len = thread ? strlen(++thread) : 0;

		if (!thread || strncmp(name, thread, len))
			continue;
		if (!name[len + strspn(name + len, "0123456789")])
			return true;
	}
	return false;
}

int plan_sources_check(const struct guest *guest, const struct storage_set *storage,
		       const struct scenario *scenario, struct err *err)
{
	struct sources p = {guest, storage, scenario, true, NULL, 0};
	size_t i;

	for (i = 0; i < scenario->nr_works; i++)
		if (is_thread(scenario->work[i].name))
			return err_set(err, -EINVAL,
				       "scenario %s calls a workload '%s', which is the name of a "
				       "kernel thread that is recorded too: choose another",
				       scenario->name, scenario->work[i].name);
	put_all(&p);
	if (p.nr <= PLAN_SOURCES_MAX)
		return 0;
	return err_set(err, -E2BIG,
		       "scenario %s on guest %s has %u files to record, for its nodes, cgroups and "
		       "workloads; %u are possible",
		       scenario->name, guest->name, p.nr, PLAN_SOURCES_MAX);
}

void plan_sources(const struct guest *guest, const struct storage_set *storage,
		  const struct scenario *scenario, bool bpf, struct buf *out)
{
	struct sources p = {guest, storage, scenario, bpf, out, 0};

	put_all(&p);
}
