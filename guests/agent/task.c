// SPDX-License-Identifier: GPL-2.0-only
/* What a workload's task has beside its cgroup: CPUs, memory policy, nice value. */
#include <linux/mempolicy.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent.h"

static const struct {
	const char *name;
	int mode;
} modes[] = {
	{"default", MPOL_DEFAULT},       {"bind", MPOL_BIND},   {"preferred", MPOL_PREFERRED},
	{"interleave", MPOL_INTERLEAVE}, {"local", MPOL_LOCAL},
};

static struct {
	unsigned long cpus; /* 0 = any */
	int mode;
	unsigned long nodes;
	int nice;
} next;

void task_cpus(const char *list)
{
	next.cpus = topo_nodes(list);
}

void task_mempolicy(const char *mode, const char *nodes)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, mode))
			next.mode = modes[i].mode;
	next.nodes = *nodes ? topo_nodes(nodes) : 0;
}

void task_nice(unsigned int nice)
{
	next.nice = (int)nice;
}

static int pin(void)
{
	cpu_set_t set;
	int cpu;

	CPU_ZERO(&set);
	for (cpu = 0; cpu < 64; cpu++)
		if (next.cpus & 1ul << cpu)
			CPU_SET(cpu, &set);
	return next.cpus ? sched_setaffinity(0, sizeof(set), &set) : 0;
}

int task_apply(void)
{
	if (pin())
		return 121;
	if (next.mode != MPOL_DEFAULT &&
	    syscall(SYS_set_mempolicy, next.mode, next.nodes ? &next.nodes : NULL,
		    next.nodes ? 8 * sizeof(next.nodes) : 0))
		return 122;
	return next.nice && setpriority(PRIO_PROCESS, 0, next.nice) ? 123 : 0;
}

void task_reset(void)
{
	memset(&next, 0, sizeof(next));
}
