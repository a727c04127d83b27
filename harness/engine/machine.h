/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual machine an experiment asks for, whichever engine runs it. */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include <stdint.h>

#define MACHINE_NODES_MAX 8
#define MACHINE_CPUS_MAX  16

struct machine_node {
	uint64_t memory;   /* bytes, a multiple of 1 MiB */
	unsigned int cpus; /* CPUs of this node; numbered in the order of nodes */
};

struct machine {
	struct machine_node node[MACHINE_NODES_MAX];
	unsigned int nr_nodes;
	/* As in ACPI's SLIT: 10 = local; 0 = not given (then 20). */
	uint8_t distance[MACHINE_NODES_MAX][MACHINE_NODES_MAX];
	uint64_t records; /* size of the record region in bytes, a power of two */
	uint64_t pmem;    /* bytes of the last node for persistent memory, a multiple of 2 MiB */
};

static inline unsigned int machine_cpus(const struct machine *m)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->nr_nodes; i++)
		n += m->node[i].cpus;
	return n;
}

static inline uint64_t machine_memory(const struct machine *m)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++)
		sum += m->node[i].memory;
	return sum;
}

/* Firmware keeps its tables in the last of this below 4 GiB; pmem must not lie over them. */
#define MACHINE_PMEM_TAIL (2ull << 20)

/* Physical address of pmem: the end of memory, part of which is moved up to make room for PCI. */
static inline uint64_t machine_pmem_start(const struct machine *m)
{
	uint64_t end = machine_memory(m);

	if (end >= 0xe0000000ull)
		end += (1ull << 32) - 0xc0000000ull;
	return end - MACHINE_PMEM_TAIL - m->pmem;
}

#endif
