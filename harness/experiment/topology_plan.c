// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/topology.h"

#define NODES  "/sys/devices/system/node"
#define MEMORY "/sys/devices/system/memory"

#define KIB 1024ull
#define MIB (1ull << 20)

/*
 * What MemTotal may lack: of any node a sixteenth, since a 64th is struct page and the kernel sets
 * more aside at boot, and on the first node the kernel itself.
 */
#define NODE_LACKS(bytes) ((bytes) / 16 + 4 * MIB)
#define BOOT_LACKS        (96 * MIB)

/*
 * Beside KASAN's shadow of an eighth of all memory, which may be on any node, such kernels have several
 * times as much of everything for themselves (and page_owner, and lockdep's tables).
 */
#define KASAN_LACKS(all)  ((all) / 8 + 64 * MIB)

/* How the kernel gets from latency and bandwidth to a tier: ordinary memory's abstract distance. */
#define ADISTANCE_DRAM  576
#define ADISTANCE_SHIFT 7

void topology_list(unsigned int nodes, struct buf *out)
{
	const char *comma = "";
	unsigned int first, last;

	for (first = 0; nodes >> first; first = last + 1) {
		last = first;
		if (!(nodes >> first & 1))
			continue;
		while (nodes >> (last + 1) & 1)
			last++;
		buf_printf(out, first == last ? "%s%u" : "%s%u-%u", comma, first, last);
		comma = ",";
	}
}

static void expect_list(struct buf *out, const char *path, unsigned int list)
{
	buf_printf(out, "expect %s ", path);
	topology_list(list, out);
	buf_adds(out, "\n");
}

/* One bit for each CPU of a node. */
static unsigned int cpus_of(const struct machine *m, unsigned int node)
{
	unsigned int i, first = 0;

	for (i = 0; i < node; i++)
		first += m->node[i].cpus;
	return ((1u << m->node[node].cpus) - 1) << first;
}

static void switch_on(const struct machine *m, struct buf *out)
{
	uint64_t addr, end;
	unsigned int i;

	if (!machine_has_movable(m))
		return;
	buf_printf(out, "expect " MEMORY "/block_size_bytes %llx\n", MACHINE_MOVABLE_BLOCK);
	for (i = 0; i < m->nr_nodes; i++) {
		addr = machine_movable_addr(m, i);
		end = m->node[i].movable ? addr + m->node[i].memory : addr;
		for (; addr < end; addr += MACHINE_MOVABLE_BLOCK)
			buf_printf(out, "write " MEMORY "/memory%llu/state online_movable\n",
				   (unsigned long long)addr / MACHINE_MOVABLE_BLOCK);
	}
}

static void expect_lists(const struct machine *m, struct buf *out)
{
	expect_list(out, NODES "/online", (1u << m->nr_nodes) - 1);
	expect_list(out, "/sys/devices/system/cpu/online", (1u << machine_cpus(m)) - 1);
	expect_list(out, NODES "/has_cpu", machine_cpu_nodes(m));
	expect_list(out, NODES "/has_memory", machine_memory_nodes(m));
	/* What is in a movable zone is not normal memory. */
	expect_list(out, NODES "/has_normal_memory", machine_kernel_nodes(m));
}

static uint64_t all_memory(const struct machine *m)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++)
		sum += m->node[i].memory;
	return sum;
}

static uint64_t least_memory(const struct machine *m, bool kasan, unsigned int node)
{
	uint64_t size = m->node[node].memory;
	uint64_t lacks = NODE_LACKS(size) + (node ? 0 : BOOT_LACKS);

	if (kasan)
		lacks += KASAN_LACKS(all_memory(m));
	if (m->node[node].movable)
		return size;
	return size > lacks ? size - lacks : !!size * KIB;
}

static void expect_node(const struct machine *m, bool kasan, unsigned int node, struct buf *out)
{
	unsigned int i;

	buf_printf(out, "expect " NODES "/node%u/cpulist ", node);
	topology_list(cpus_of(m, node), out);
	buf_printf(out, "\nexpect " NODES "/node%u/distance", node);
	for (i = 0; i < m->nr_nodes; i++)
		buf_printf(out, " %u", machine_distance(m, node, i));
	buf_printf(out, "\nrange " NODES "/node%u/meminfo MemTotal: %llu %llu\n", node,
		   (unsigned long long)least_memory(m, kasan, node) / KIB,
		   (unsigned long long)m->node[node].memory / KIB);
}

static void expect_access(const struct machine *m, unsigned int node, struct buf *out)
{
	static const char *const ways[] = {"read", "write"};
	const struct machine_node *n = &m->node[node];
	unsigned int i;

	buf_printf(out, "expect " NODES "/node%u/access0/initiators/node%u/cpulist ", node,
		   n->initiator);
	topology_list(cpus_of(m, n->initiator), out);
	buf_adds(out, "\n");
	for (i = 0; i < 2; i++)
		buf_printf(out,
			   "expect " NODES "/node%u/access0/initiators/%s_latency %llu\n"
			   "expect " NODES "/node%u/access0/initiators/%s_bandwidth %llu\n",
			   node, ways[i], (unsigned long long)n->latency_ns, node, ways[i],
			   (unsigned long long)(n->bandwidth / MIB));
}

static unsigned int tier_of(const struct machine *m, unsigned int node)
{
	const struct machine_node *n = &m->node[node], *dram = &m->node[0];

	return (unsigned int)(ADISTANCE_DRAM * n->latency_ns / dram->latency_ns *
			      (dram->bandwidth / MIB) / (n->bandwidth / MIB) >> ADISTANCE_SHIFT);
}

/* Nodes without CPUs that are in a slower tier than those with: what is demoted goes there. */
static void expect_tiers(const struct machine *m, struct buf *out)
{
	unsigned int dram = machine_memory_nodes(m) & machine_cpu_nodes(m);
	unsigned int i, slow = 0;

	for (i = 1; i < m->nr_nodes; i++)
		if (!m->node[i].cpus && tier_of(m, i) > ADISTANCE_DRAM >> ADISTANCE_SHIFT)
			slow |= 1u << i;
	buf_adds(out, "tiers ");
	topology_list(dram, out);
	buf_adds(out, " ");
	topology_list(slow, out);
	buf_adds(out, "\n");
}

void topology_plan_flat(const struct machine *m, bool kasan, struct buf *out)
{
	buf_printf(out, "range /proc/meminfo MemTotal: %llu %llu\n",
		   (unsigned long long)least_memory(m, kasan, 0) / KIB,
		   (unsigned long long)m->node[0].memory / KIB);
}

void topology_plan(const struct machine *m, bool kasan, struct buf *out)
{
	unsigned int i;

	switch_on(m, out);
	expect_lists(m, out);
	for (i = 0; i < m->nr_nodes; i++)
		expect_node(m, kasan, i, out);
	if (!machine_has_hmat(m))
		return;
	for (i = 0; i < m->nr_nodes; i++)
		if (m->node[i].memory)
			expect_access(m, i, out);
	expect_tiers(m, out);
}

static void state_access(unsigned int node, struct buf *out)
{
	static const char *const keys[] = {"read_latency", "read_bandwidth"};
	unsigned int i;

	for (i = 0; i < 2; i++)
		buf_printf(out, "state node.%u.%s " NODES "/node%u/access0/initiators/%s\n", node,
			   keys[i], node, keys[i]);
}

void topology_states(const struct machine *m, struct buf *out)
{
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++) {
		buf_printf(out,
			   "state node.%u.cpus " NODES "/node%u/cpulist\n"
			   "state node.%u.distance " NODES "/node%u/distance\n"
			   "number node.%u.memory_kib " NODES "/node%u/meminfo MemTotal:\n",
			   i, i, i, i, i, i);
		if (m->node[i].latency_ns)
			state_access(i, out);
	}
	buf_adds(out, "tierstate memory.tiers\n");
}
