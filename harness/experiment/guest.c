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

static const char *const swap_models[] = {"none", "ssd", "zram", NULL};
static const char *const data_models[] = {"none", "ssd", NULL};

static const struct conf_key swap_keys[] = {
	{"model", CONF_CHOICE, offsetof(struct storage, model), "kind of swap device", swap_models,
	 0, 0, 0},
	{"size", CONF_SIZE, offsetof(struct storage, size), "size in bytes", NULL, 1 << 20,
	 1ull << 40, 0},
	{"latency", CONF_TIME, offsetof(struct storage, latency_ns),
	 "each request takes a random time below this (ssd)", NULL, 1000, 1000000000, 0},
};

static const struct conf_key data_keys[] = {
	{"model", CONF_CHOICE, offsetof(struct storage, model), "kind of data device", data_models,
	 0, 0, 0},
	{"size", CONF_SIZE, offsetof(struct storage, size), "size in bytes", NULL, 16 << 20,
	 1ull << 40, 0},
	{"latency", CONF_TIME, offsetof(struct storage, latency_ns),
	 "each request takes this time (ssd)", NULL, 1000, 1000000000, 0},
};

static const struct conf_key guest_keys[] = {
	{"title", CONF_STR, offsetof(struct guest, title), "one line", NULL, 0, 0, true},
	{"records", CONF_SIZE, offsetof(struct guest, machine.records), "size of the record region",
	 NULL, WIRE_REGION_MIN, WIRE_REGION_MAX, false},
};

int storage_bind(struct conf *conf, struct storage *swap, struct storage *data, struct err *err)
{
	struct conf_section *sec = conf_section(conf, "swap", "");
	int ret = 0;

	if (sec)
		ret = conf_bind(conf, sec, swap_keys, ARRAY_SIZE(swap_keys), swap, err);
	if (!ret && sec && !conf_get(sec, "model"))
		ret = conf_complain(conf, sec->line, err, "[swap] needs a model");
	if (!ret && sec && swap->model != STORAGE_NONE && !swap->size)
		ret = conf_complain(conf, sec->line, err, "[swap] needs a size");
	sec = conf_section(conf, "data", "");
	if (!ret && sec)
		ret = conf_bind(conf, sec, data_keys, ARRAY_SIZE(data_keys), data, err);
	if (!ret && sec && !conf_get(sec, "model"))
		ret = conf_complain(conf, sec->line, err, "[data] needs a model");
	if (!ret && sec && data->model != STORAGE_NONE && !data->size)
		ret = conf_complain(conf, sec->line, err, "[data] needs a size");
	if (!ret && (swap->size % MIB || data->size % MIB))
		ret = err_set(err, -EINVAL, "%s: the size of a device must be a multiple of 1M",
			      conf->name);
	return ret;
}

struct machine guest_machine(const struct guest *guest, const struct storage *swap,
			     const struct storage *data)
{
	struct machine m = guest->machine;
	uint64_t stores = data->model == STORAGE_SSD ? data->size : 0;
	unsigned int nodes = machine_kernel_nodes(&m);
	unsigned int i, n = (unsigned int)__builtin_popcount(nodes);

	if (swap->model == STORAGE_SSD)
		stores += swap->size;
	for (i = 0; i < m.nr_nodes; i++)
		if (nodes & 1u << i)
			m.node[i].memory += (stores / MIB + n - 1) / n * MIB;
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
		ret = storage_bind(conf, &guest->swap, &guest->data, err);
	if (!ret)
		ret = conf_unused(conf, err);
	return ret ? ret : check_guest(guest, conf->name, err);
}

int guest_load(struct guest *guest, const char *path, struct err *err)
{
	struct conf conf;
	int ret;

	*guest = (struct guest){.machine.records = 16 << 20,
				.swap.latency_ns = 80000,
				.data.latency_ns = 80000};
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
