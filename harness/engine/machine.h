/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual machine an experiment asks for, whichever engine runs it. */
#ifndef ENGINE_MACHINE_H
#define ENGINE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#define MACHINE_NODES_MAX 8
#define MACHINE_CPUS_MAX  16

#define MACHINE_DISTANCE_LOCAL  10
#define MACHINE_DISTANCE_REMOTE 20

/* Where the memory of movable nodes starts, and what memory is plugged in and out by. */
#define MACHINE_MOVABLE_BASE  (4ull << 30)
#define MACHINE_MOVABLE_BLOCK (128ull << 20)
/* The most that can lie below it. */
#define MACHINE_BELOW_MOVABLE (3ull << 30)

struct machine_node {
	uint64_t memory;   /* bytes, a multiple of 1 MiB; 0 = a node of CPUs only */
	unsigned int cpus; /* CPUs of this node; numbered in the order of nodes */
	/* Plugged in and not there at boot, so that the kernel can keep all of it movable. */
	bool movable;
	/*
	 * What the firmware says of access by the initiator, a node with CPUs: ACPI's HMAT.  All
	 * nodes with memory have both numbers, or none has.
	 */
	uint64_t latency_ns;
	uint64_t bandwidth; /* bytes a second, a multiple of 1 MiB */
	unsigned int initiator;
};

struct machine {
	struct machine_node node[MACHINE_NODES_MAX];
	unsigned int nr_nodes;
	/* From, to, as in ACPI's SLIT: 10 = local; 0 = not given (then 20). */
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

/* Of what the machine boots with: without the movable nodes. */
uint64_t machine_boot_memory(const struct machine *m);
/* Bit N is set when node N has memory, or has some that the kernel may use for itself. */
unsigned int machine_memory_nodes(const struct machine *m);
unsigned int machine_kernel_nodes(const struct machine *m);
/* Bit N is set when node N has CPUs. */
unsigned int machine_cpu_nodes(const struct machine *m);
bool machine_has_movable(const struct machine *m);
bool machine_has_hmat(const struct machine *m);
/* The physical address of a movable node's memory. */
uint64_t machine_movable_addr(const struct machine *m, unsigned int node);
/* With defaults filled in. */
unsigned int machine_distance(const struct machine *m, unsigned int from, unsigned int to);
/*
 * Of access from a node with CPUs to one with memory.  From others than the initiator it is that
 * much slower as they are farther away.
 */
uint64_t machine_latency(const struct machine *m, unsigned int from, unsigned int to);
uint64_t machine_bandwidth(const struct machine *m, unsigned int from, unsigned int to);

/* Firmware keeps its tables in the last of this below 4 GiB; pmem must not lie over them. */
#define MACHINE_PMEM_TAIL (2ull << 20)

/* The node that has it: the last one whose memory the kernel may use for itself. */
static inline unsigned int machine_pmem_node(const struct machine *m)
{
	return 31 - (unsigned int)__builtin_clz(machine_kernel_nodes(m));
}

/* Physical address of pmem: the end of memory, part of which is moved up to make room for PCI. */
static inline uint64_t machine_pmem_start(const struct machine *m)
{
	uint64_t end = machine_boot_memory(m);

	if (end >= 0xe0000000ull)
		end += (1ull << 32) - 0xc0000000ull;
	return end - MACHINE_PMEM_TAIL - m->pmem;
}

#endif
