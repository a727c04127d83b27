// SPDX-License-Identifier: GPL-2.0-only
#include "engine/machine.h"

#define MIB (1ull << 20)

uint64_t machine_boot_memory(const struct machine *m)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++)
		if (!m->node[i].movable)
			sum += m->node[i].memory;
	return sum;
}

unsigned int machine_memory_nodes(const struct machine *m)
{
	unsigned int i, mask = 0;

	for (i = 0; i < m->nr_nodes; i++)
		if (m->node[i].memory)
			mask |= 1u << i;
	return mask;
}

unsigned int machine_kernel_nodes(const struct machine *m)
{
	unsigned int i, mask = machine_memory_nodes(m);

	for (i = 0; i < m->nr_nodes; i++)
		if (m->node[i].movable)
			mask &= ~(1u << i);
	return mask;
}

unsigned int machine_cpu_nodes(const struct machine *m)
{
	unsigned int i, mask = 0;

	for (i = 0; i < m->nr_nodes; i++)
		if (m->node[i].cpus)
			mask |= 1u << i;
	return mask;
}

bool machine_has_movable(const struct machine *m)
{
	return machine_memory_nodes(m) != machine_kernel_nodes(m);
}

bool machine_has_hmat(const struct machine *m)
{
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++)
		if (m->node[i].latency_ns)
			return true;
	return false;
}

uint64_t machine_movable_addr(const struct machine *m, unsigned int node)
{
	uint64_t addr = MACHINE_MOVABLE_BASE;
	unsigned int i;

	for (i = 0; i < node; i++)
		if (m->node[i].movable)
			addr += m->node[i].memory;
	return addr;
}

unsigned int machine_distance(const struct machine *m, unsigned int from, unsigned int to)
{
	if (from == to)
		return MACHINE_DISTANCE_LOCAL;
	return m->distance[from][to] ? m->distance[from][to] : MACHINE_DISTANCE_REMOTE;
}

uint64_t machine_latency(const struct machine *m, unsigned int from, unsigned int to)
{
	unsigned int near = machine_distance(m, m->node[to].initiator, to);

	return m->node[to].latency_ns * machine_distance(m, from, to) / near;
}

uint64_t machine_bandwidth(const struct machine *m, unsigned int from, unsigned int to)
{
	unsigned int near = machine_distance(m, m->node[to].initiator, to);
	uint64_t mib = m->node[to].bandwidth / MIB * near / machine_distance(m, from, to);

	return (mib ? mib : 1) * MIB;
}
