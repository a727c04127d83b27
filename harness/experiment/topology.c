// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/topology.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define MIB (1ull << 20)

/* As far as numbers of the HMAT go without loss, distances taken into account. */
#define LATENCY_MAX   2000u
#define BANDWIDTH_MAX (63ull << 30)

struct node_conf {
	uint64_t memory;
	uint64_t cpus;
	bool movable;
	uint64_t latency_ns;
	uint64_t bandwidth;
	uint64_t initiator;
};

static const struct conf_key node_keys[] = {
	{"memory", CONF_SIZE, offsetof(struct node_conf, memory), "bytes, a multiple of 1M", NULL,
	 0, 1ull << 40, true},
	{"cpus", CONF_U64, offsetof(struct node_conf, cpus), "CPUs of this node", NULL, 0,
	 MACHINE_CPUS_MAX, true},
	{"movable", CONF_BOOL, offsetof(struct node_conf, movable),
	 "yes: plugged in after boot, all of it in ZONE_MOVABLE", NULL, 0, 0, false},
	{"latency", CONF_TIME, offsetof(struct node_conf, latency_ns),
	 "of access by the initiator, as the firmware tells it; 1ns to 2us", NULL, 1, LATENCY_MAX,
	 false},
	{"bandwidth", CONF_SIZE, offsetof(struct node_conf, bandwidth),
	 "bytes a second by the initiator, as the firmware tells it; 1M to 63G", NULL, MIB,
	 BANDWIDTH_MAX, false},
	{"initiator", CONF_U64, offsetof(struct node_conf, initiator),
	 "the node with CPUs that latency and bandwidth are measured from", NULL, 0,
	 MACHINE_NODES_MAX - 1, false},
};

static struct conf_section *node_section(struct conf *conf, unsigned int nr)
{
	char arg[8];

	snprintf(arg, sizeof(arg), "%u", nr);
	return conf_section(conf, "node", arg);
}

static int complain_node(struct conf *conf, unsigned int nr, const char *key, struct err *err,
			 const char *what)
{
	struct conf_section *sec = node_section(conf, nr);
	int line = sec->line;
	size_t i;

	for (i = 0; i < sec->nr_entries; i++)
		if (!strcmp(sec->entry[i].key, key))
			line = sec->entry[i].line;
	return conf_complain(conf, line, err, "[node %u] %s", nr, what);
}

static int bind_node(struct conf *conf, struct conf_section *sec, struct machine_node *node,
		     struct err *err)
{
	struct node_conf c = {.initiator = MACHINE_NODES_MAX};
	int ret = conf_bind(conf, sec, node_keys, ARRAY_SIZE(node_keys), &c, err);

	if (ret)
		return ret;
	if (c.memory % MIB)
		return conf_complain(conf, sec->line, err, "memory must be a multiple of 1M");
	if (c.bandwidth % MIB)
		return conf_complain(conf, sec->line, err, "bandwidth must be a multiple of 1M");
	*node = (struct machine_node){.memory = c.memory,
				      .cpus = (unsigned int)c.cpus,
				      .movable = c.movable,
				      .latency_ns = c.latency_ns,
				      .bandwidth = c.bandwidth,
				      .initiator = (unsigned int)c.initiator};
	return 0;
}

static int bind_nodes(struct conf *conf, struct machine *m, struct err *err)
{
	struct conf_section *sec;
	int ret = 0;

	for (; !ret && m->nr_nodes < MACHINE_NODES_MAX; m->nr_nodes++) {
		sec = node_section(conf, m->nr_nodes);
		if (!sec)
			return 0;
		ret = bind_node(conf, sec, &m->node[m->nr_nodes], err);
	}
	return ret;
}

static int bind_distance(struct machine *m, const struct conf *conf, struct conf_entry *e,
			 struct err *err)
{
	bool both = !strchr(e->key, '>');
	unsigned int a, b;
	uint64_t d;
	char extra;

	e->used = true;
	if (sscanf(e->key, both ? "%u %u%c" : "%u > %u%c", &a, &b, &extra) != 2 ||
	    a >= m->nr_nodes || b >= m->nr_nodes || a == b)
		return conf_complain(conf, e->line, err,
				     "'%s': a distance is between two nodes, as in 0 1 = 30, or "
				     "0 > 1 = 30 for one way",
				     e->key);
	if (parse_u64(e->value, &d) || d < 11 || d > 254)
		return conf_complain(conf, e->line, err, "a distance is 11 to 254");
	m->distance[a][b] = (uint8_t)d;
	if (both)
		m->distance[b][a] = (uint8_t)d;
	return 0;
}

static int bind_distances(struct conf *conf, struct machine *m, struct err *err)
{
	struct conf_section *sec = conf_section(conf, "distance", "");
	size_t i;
	int ret = 0;

	for (i = 0; !ret && sec && i < sec->nr_entries; i++)
		ret = bind_distance(m, conf, &sec->entry[i], err);
	return ret;
}

/* The nearest node with CPUs; of several the first. */
static unsigned int nearest_cpus(const struct machine *m, unsigned int nr)
{
	unsigned int i, best = 0;

	for (i = 1; i < m->nr_nodes; i++)
		if (m->node[i].cpus && machine_distance(m, i, nr) < machine_distance(m, best, nr))
			best = i;
	return best;
}

static int check_initiator(struct conf *conf, struct machine *m, unsigned int nr, struct err *err)
{
	struct machine_node *node = &m->node[nr];

	if (node->initiator == MACHINE_NODES_MAX) {
		node->initiator = node->cpus ? nr : nearest_cpus(m, nr);
		return 0;
	}
	if (!node->latency_ns)
		return complain_node(conf, nr, "initiator", err,
				     "has an initiator, but no latency and bandwidth");
	if (node->cpus && node->initiator != nr)
		return complain_node(conf, nr, "initiator", err,
				     "has CPUs, so it is its own initiator");
	if (node->initiator >= m->nr_nodes || !m->node[node->initiator].cpus)
		return complain_node(conf, nr, "initiator", err,
				     "needs an initiator that has CPUs");
	return 0;
}

/* The kernel takes one node with CPUs for all: where they differ it makes no tiers. */
static bool like_first(const struct machine *m, unsigned int nr)
{
	const struct machine_node *node = &m->node[nr];

	return !node->cpus || (node->latency_ns == m->node[0].latency_ns &&
			       node->bandwidth == m->node[0].bandwidth);
}

static int check_hmat(struct conf *conf, struct machine *m, unsigned int nr, struct err *err)
{
	const struct machine_node *node = &m->node[nr];

	if (!node->latency_ns != !node->bandwidth)
		return complain_node(conf, nr, node->latency_ns ? "latency" : "bandwidth", err,
				     "needs both latency and bandwidth");
	if (node->latency_ns && !node->memory)
		return complain_node(conf, nr, "latency", err,
				     "has no memory that a latency could be of");
	if (node->memory && !node->latency_ns && machine_has_hmat(m))
		return complain_node(conf, nr, "memory", err,
				     "needs latency and bandwidth, as another node has them");
	if (node->memory && !like_first(m, nr))
		return complain_node(conf, nr, "latency", err,
				     "has CPUs, so its latency and bandwidth must be node 0's");
	return check_initiator(conf, m, nr, err);
}

static int check_movable(struct conf *conf, const struct machine *m, unsigned int nr,
			 struct err *err)
{
	const struct machine_node *node = &m->node[nr];

	if (!node->memory || node->memory % MACHINE_MOVABLE_BLOCK)
		return complain_node(conf, nr, "memory", err,
				     "is movable: its memory must be a multiple of 128M, the "
				     "kernel's unit of hot-plug");
	/* Firmware names the node of memory that is not there yet by its CPUs, or as the last. */
	if (!node->cpus && nr != m->nr_nodes - 1)
		return complain_node(conf, nr, "movable", err,
				     "is movable and has no CPUs: it must be the last node");
	return 0;
}

static int check_node(struct conf *conf, struct machine *m, unsigned int nr, struct err *err)
{
	const struct machine_node *node = &m->node[nr];
	int ret = 0;

	if (!node->memory && !node->cpus)
		return complain_node(conf, nr, "memory", err, "has neither memory nor CPUs");
	if (node->movable)
		ret = check_movable(conf, m, nr, err);
	return ret ? ret : check_hmat(conf, m, nr, err);
}

static int check_first(struct conf *conf, const struct machine *m, struct err *err)
{
	if (!m->nr_nodes)
		return err_set(err, -EINVAL, "%s: there is no [node 0]", conf->name);
	if (!m->node[0].cpus)
		return complain_node(conf, 0, "cpus", err,
				     "needs a CPU: the first one boots there");
	if (!m->node[0].memory || m->node[0].movable)
		return complain_node(conf, 0, m->node[0].movable ? "movable" : "memory", err,
				     "needs memory that is not movable: the kernel boots there");
	return 0;
}

static int check_cpus(const struct conf *conf, const struct machine *m, struct err *err)
{
	if (machine_cpus(m) > MACHINE_CPUS_MAX)
		return err_set(err, -EINVAL, "%s: more than %d CPUs", conf->name,
			       MACHINE_CPUS_MAX);
	return 0;
}

int topology_bind(struct conf *conf, struct machine *m, struct err *err)
{
	unsigned int i;
	int ret = bind_nodes(conf, m, err);

	if (!ret)
		ret = bind_distances(conf, m, err);
	if (!ret)
		ret = check_first(conf, m, err);
	for (i = 0; !ret && i < m->nr_nodes; i++)
		ret = check_node(conf, m, i, err);
	return ret ? ret : check_cpus(conf, m, err);
}
