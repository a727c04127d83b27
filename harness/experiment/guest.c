// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "experiment/topology.h"
#include "wire/wire.h"

#define MIB (1u << 20)

static const struct conf_key guest_keys[] = {
	{"title", CONF_STR, offsetof(struct guest, title), "one line", NULL, 0, 0, true},
	{"records", CONF_SIZE, offsetof(struct guest, machine.records), "size of the record region",
	 NULL, WIRE_REGION_MIN, WIRE_REGION_MAX, false},
};

/* What the kernel keeps for each page of pmem: a struct page of 64 bytes. */
#define PMEM_OVERHEAD 64

/* pmem begins where the kernel can map it: at a multiple of 2 MiB, so all memory must be one. */
static void add_pmem(struct machine *m, uint64_t size)
{
	uint64_t *last = &m->node[machine_pmem_node(m)].memory;

	m->pmem = size;
	if (!size)
		return;
	*last += size + MACHINE_PMEM_TAIL;
	*last += (size / 4096 * PMEM_OVERHEAD + MIB - 1) / MIB * MIB;
	*last += machine_boot_memory(m) % (2 * MIB);
}

struct machine guest_machine(const struct guest *guest, const struct storage_set *storage)
{
	struct machine m = guest->machine;
	uint64_t stores = storage_stores(storage);
	unsigned int nodes = machine_kernel_nodes(&m);
	unsigned int i, n = (unsigned int)__builtin_popcount(nodes);

	for (i = 0; i < m.nr_nodes; i++)
		if (nodes & 1u << i)
			m.node[i].memory += (stores / MIB + n - 1) / n * MIB;
	add_pmem(&m, storage_pmem(storage));
	return m;
}

static int check_guest(const struct guest *guest, const char *path, struct err *err)
{
	if (guest->machine.records & (guest->machine.records - 1))
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
		ret = topology_bind(conf, &guest->machine, err);
	if (!ret)
		ret = storage_bind(conf, &guest->storage, err);
	if (!ret)
		ret = conf_unused(conf, err);
	return ret ? ret : check_guest(guest, conf->name, err);
}

int guest_load(struct guest *guest, const char *path, struct err *err)
{
	struct conf conf;
	int ret;

	*guest = (struct guest){.machine.records = 16 << 20};
	ret = conf_load(&conf, path, NULL, err);
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
