// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/parse.h"
#include "wire/wire.h"

#define MIB (1u << 20)

static const struct conf_key guest_keys[] = {
	{"title", CONF_STR, offsetof(struct guest, title), "one line", NULL, 0, 0, true},
	{"records", CONF_SIZE, offsetof(struct guest, machine.records), "size of the record region",
	 NULL, WIRE_REGION_MIN, WIRE_REGION_MAX, false},
};

struct node_conf {
	uint64_t memory;
	uint64_t cpus;
};

static const struct conf_key node_keys[] = {
	{"memory", CONF_SIZE, offsetof(struct node_conf, memory), "bytes, a multiple of 1M", NULL,
	 1 << 20, 1ull << 40, true},
	{"cpus", CONF_U64, offsetof(struct node_conf, cpus), "CPUs of this node", NULL, 0,
	 MACHINE_CPUS_MAX, true},
};

/* What the kernel keeps for each page of pmem: a struct page of 64 bytes. */
#define PMEM_OVERHEAD 64

/* pmem begins where the kernel can map it: at a multiple of 2 MiB, so all memory must be one. */
static void add_pmem(struct machine *m, uint64_t size)
{
	uint64_t *last = &m->node[m->nr_nodes - 1].memory;

	m->pmem = size;
	if (!size)
		return;
	*last += size + MACHINE_PMEM_TAIL;
	*last += (size / 4096 * PMEM_OVERHEAD + MIB - 1) / MIB * MIB;
	*last += machine_memory(m) % (2 * MIB);
}

struct machine guest_machine(const struct guest *guest, const struct storage_set *storage)
{
	struct machine m = guest->machine;
	uint64_t stores = storage_stores(storage);
	unsigned int i;

	for (i = 0; i < m.nr_nodes; i++)
		m.node[i].memory += (stores / MIB + m.nr_nodes - 1) / m.nr_nodes * MIB;
	add_pmem(&m, storage_pmem(storage));
	return m;
}

static int bind_nodes(struct guest *guest, struct conf *conf, struct err *err)
{
	struct machine *m = &guest->machine;
	char nr[8];

	for (; m->nr_nodes < MACHINE_NODES_MAX; m->nr_nodes++) {
		struct machine_node *node = &m->node[m->nr_nodes];
		struct node_conf c = {0};
		struct conf_section *sec;
		int ret;

		snprintf(nr, sizeof(nr), "%u", m->nr_nodes);
		sec = conf_section(conf, "node", nr);
		if (!sec)
			return 0;
		ret = conf_bind(conf, sec, node_keys, ARRAY_SIZE(node_keys), &c, err);
		if (ret)
			return ret;
		if (c.memory % MIB)
			return conf_complain(conf, sec->line, err,
					     "memory must be a multiple of 1M");
		*node = (struct machine_node){c.memory, (unsigned int)c.cpus};
	}
	return 0;
}

static int bind_distance(struct machine *m, const struct conf *conf, struct conf_entry *e,
			 struct err *err)
{
	unsigned int a, b;
	uint64_t d;
	char extra;

	e->used = true;
	if (sscanf(e->key, "%u %u%c", &a, &b, &extra) != 2 || a >= m->nr_nodes ||
	    b >= m->nr_nodes || a == b)
		return conf_complain(conf, e->line, err,
				     "'%s': a distance is between two nodes, as in 0 1 = 30",
				     e->key);
	if (parse_u64(e->value, &d) || d < 11 || d > 254)
		return conf_complain(conf, e->line, err, "a distance is 11 to 254");
	m->distance[a][b] = m->distance[b][a] = (uint8_t)d;
	return 0;
}

static int bind_distances(struct machine *m, struct conf *conf, struct err *err)
{
	struct conf_section *sec = conf_section(conf, "distance", "");
	size_t i;
	int ret = 0;

	for (i = 0; !ret && sec && i < sec->nr_entries; i++)
		ret = bind_distance(m, conf, &sec->entry[i], err);
	return ret;
}

static int check_machine(const struct machine *m, const char *path, struct err *err)
{
	if (!m->nr_nodes)
		return err_set(err, -EINVAL, "%s: there is no [node 0]", path);
	if (!m->node[0].cpus)
		return err_set(err, -EINVAL, "%s: node 0 needs a CPU: the first one boots there",
			       path);
	if (machine_cpus(m) > MACHINE_CPUS_MAX)
		return err_set(err, -EINVAL, "%s: more than %d CPUs", path, MACHINE_CPUS_MAX);
	if (m->records & (m->records - 1))
		return err_set(err, -EINVAL, "%s: records must be a power of two", path);
	return 0;
}

static int bind_guest(struct guest *guest, struct conf *conf, struct err *err)
{
	struct conf_section *sec = conf_section(conf, "guest", "");
	int ret;

	if (!sec)
		return err_set(err, -EINVAL, "%s: there is no [guest] section", conf->name);
	ret = conf_bind(conf, sec, guest_keys, ARRAY_SIZE(guest_keys), guest, err);
	if (!ret)
		ret = bind_nodes(guest, conf, err);
	if (!ret)
		ret = bind_distances(&guest->machine, conf, err);
	if (!ret)
		ret = storage_bind(conf, &guest->storage, err);
	if (!ret)
		ret = conf_unused(conf, err);
	return ret ? ret : check_machine(&guest->machine, conf->name, err);
}

int guest_load(struct guest *guest, const char *path, struct err *err)
{
	struct conf conf;
	int ret;

	*guest = (struct guest){.machine.records = 16 << 20};
	ret = conf_load(&conf, path, err);
	if (ret)
		return ret;
	guest->name = conf_name(path);
	ret = bind_guest(guest, &conf, err);
	conf_release(&conf);
	if (ret)
		guest_release(guest);
	return ret;
}

void guest_release(struct guest *guest)
{
	free(guest->name);
	free(guest->title);
	memset(guest, 0, sizeof(*guest));
}
