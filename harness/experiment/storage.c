// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/storage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "workloads/lib/data.h"

#define MIB (1ull << 20)
#define US  1000ull
#define MS  1000000ull

#define SWAP STORAGE_SWAP
#define DATA STORAGE_DATA

/*
 * Data on an ssd takes a fixed time where swap takes a random one: null_blk, the driver whose
 * devices have latencies of their own, draws no random numbers, and all devices of scsi_debug,
 * which does, are alike.
 */
const struct storage_model storage_models[] = {
	{"none", SWAP | DATA, STORAGE_NONE, 0, 0, 0, 0, false, NULL},
	{"ssd", SWAP, STORAGE_SCSI_DEBUG, JITTER_UNIFORM, 80 * US, 32, 0, false, NULL},
	{"ssd", DATA, STORAGE_NULL_BLK, JITTER_NONE, 80 * US, 64, 0, false, NULL},
	{"nvme-fast", SWAP | DATA, STORAGE_NULL_BLK, JITTER_NONE, 12 * US, 512, 0, false, "none"},
	{"disk", SWAP | DATA, STORAGE_NULL_BLK, JITTER_NONE, 4 * MS, 2, 100 * MIB, true, "none"},
	{"throttled", SWAP | DATA, STORAGE_NULL_BLK, JITTER_NONE, 500 * US, 32, 50 * MIB, false,
	 "none"},
	{"zram", SWAP, STORAGE_ZRAM, 0, 0, 0, 0, false, NULL},
	{"pmem", SWAP | DATA, STORAGE_PMEM, 0, 0, 0, 0, false, NULL},
	{"file", SWAP, STORAGE_FILE, 0, 0, 0, 0, false, NULL},
	{"tmpfs", DATA, STORAGE_TMPFS, 0, 0, 0, 0, false, NULL},
	{"fuse", DATA, STORAGE_FUSE, JITTER_NONE, 80 * US, 8, 0, false, NULL},
};
const size_t nr_storage_models = ARRAY_SIZE(storage_models);

const char *const storage_jitters[] = {"none", "uniform", NULL};
/* Those that every kernel has; each is the name of its module too. */
const char *const storage_algorithms[] = {"lz4", "lz4hc", "zstd", NULL};
const char *const storage_file_systems[] = {"ext4", "xfs", NULL};

/* What a section may say, one bit for each row of keys[]. */
enum { SIZE = 1, LATENCY = 2, JITTER = 4, QUEUE = 8, BANDWIDTH = 16, PRIORITY = 32,
       ALGORITHM = 64, FS = 128 };
#define TIMED (SIZE | LATENCY | JITTER | QUEUE | BANDWIDTH | PRIORITY | FS)

static const struct {
	const char *modules[3];
	unsigned int asks;
	uint64_t queue_max;
	uint64_t latency_min;
	uint64_t overhead_ns; /* storage_delay() */
	bool store; /* its contents are memory that comes on top of the nodes' */
	bool block;
	const char *device; /* its nodes' names, but for the last letter */
	char first;         /* last letter of the first */
} drivers[STORAGE_DRIVERS] = {
	[STORAGE_NONE] = {.asks = 0},
	[STORAGE_NULL_BLK] = {{"null_blk"}, TIMED, 1024, 8 * US, 5500, true, true, "nullb", '0'},
	/* the queue: SDEBUG_CANQUEUE */
	[STORAGE_SCSI_DEBUG] = {{"sd_mod", "scsi_debug"}, TIMED, 192, 20 * US, 12 * US, true, true,
				"sd", 'a'},
	[STORAGE_ZRAM] = {{"zram"}, SIZE | ALGORITHM | PRIORITY, .block = true, .device = "zram",
			  .first = '0'},
	[STORAGE_PMEM] = {{"nd_pmem", "nd_e820"}, SIZE | PRIORITY | FS, .block = true,
			  .device = "pmem", .first = '0'},
	[STORAGE_FILE] = {.asks = SIZE | PRIORITY},
	[STORAGE_TMPFS] = {.asks = SIZE},
	/* its module is plan_needs()'s business; a process for each place in the queue */
	[STORAGE_FUSE] = {.asks = SIZE | LATENCY | JITTER | QUEUE, .queue_max = 32,
			  .latency_min = 40 * US, .overhead_ns = 23 * US},
};

#define KEY(key, kind, field, ...) \
	{.name = key, .type = kind, .offset = offsetof(struct storage, field), __VA_ARGS__}

static const struct conf_key keys[] = {
	KEY("size", CONF_SIZE, size, .help = "size in bytes", .min = 1 << 20, .max = 1ull << 40),
	KEY("latency", CONF_TIME, latency_ns, .help = "what a request of 4 KiB takes", .max = 1000000000),
	KEY("jitter", CONF_CHOICE, jitter,
	    .help = "none: always the latency; uniform: a random time below it",
	    .choices = storage_jitters),
	KEY("queue", CONF_U64, queue, .help = "requests that are worked on at a time", .min = 1,
	    .max = 1024),
	KEY("bandwidth", CONF_SIZE, bandwidth, .help = "bytes a second; 0 = no limit",
	    .max = 1ull << 34),
	KEY("priority", CONF_U64, priority, .help = "of this swap device", .max = 32767),
	KEY("algorithm", CONF_CHOICE, algorithm, .help = "what zram compresses with",
	    .choices = storage_algorithms),
	KEY("fs", CONF_CHOICE, fs, .help = "file system of the data device",
	    .choices = storage_file_systems),
};

#define DATA_MIN (16 * MIB)

static unsigned int asks_of(const struct storage *s, enum storage_role role)
{
	return drivers[s->model->driver].asks & ~(unsigned int)(role == SWAP ? FS : PRIORITY);
}

static enum storage_role role_of(const struct storage *s)
{
	return strcmp(s->name, "data") ? SWAP : DATA;
}

const struct conf_key *storage_key(const struct storage *s, size_t *next)
{
	while (*next < ARRAY_SIZE(keys)) {
		size_t i = (*next)++;

		if (s->model && asks_of(s, role_of(s)) & 1u << i)
			return &keys[i];
	}
	return NULL;
}

static const struct storage_model *find_model(const char *name, enum storage_role role)
{
	size_t i;

	for (i = 0; i < nr_storage_models; i++)
		if (storage_models[i].roles & role && !strcmp(storage_models[i].name, name))
			return &storage_models[i];
	return NULL;
}

static int complain_model(struct conf *conf, struct conf_section *sec, enum storage_role role,
			  struct err *err)
{
	const char *name = conf_get(sec, "model");
	cleanup_buf struct buf names = {0};
	size_t i;

	if (!name)
		return conf_complain(conf, sec->line, err, "[%s] needs a model", sec->name);
	for (i = 0; i < nr_storage_models; i++)
		if (storage_models[i].roles & role)
			buf_printf(&names, "%s%s", names.len ? ", " : "", storage_models[i].name);
	return conf_complain(conf, sec->line, err, "[%s] has no model '%s' (there are %s)",
			     sec->name, name, buf_str(&names));
}

static void start_as(struct storage *s, const struct storage_model *m)
{
	s->model = m;
	s->driver = m->driver;
	s->latency_ns = m->latency_ns;
	s->jitter = m->jitter;
	s->queue = m->queue;
	s->bandwidth = m->bandwidth;
}

/* Keys that a model has no use for are errors: they would do nothing. */
static int check_keys(struct conf *conf, struct conf_section *sec, const struct storage *s,
		      enum storage_role role, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (conf_get(sec, keys[i].name) && !(asks_of(s, role) & 1u << i))
			return conf_complain(conf, sec->line, err, "[%s] of model %s has no %s",
					     sec->name, s->model->name, keys[i].name);
	return 0;
}

/* Random latency and a limited bandwidth are different drivers' features. */
static int choose_driver(struct conf *conf, const struct conf_section *sec, struct storage *s,
			 struct err *err)
{
	if (s->driver != STORAGE_NULL_BLK && s->driver != STORAGE_SCSI_DEBUG)
		return 0;
	s->driver = s->jitter == JITTER_UNIFORM ? STORAGE_SCSI_DEBUG : STORAGE_NULL_BLK;
	if (s->jitter == JITTER_UNIFORM && s->bandwidth)
		return conf_complain(conf, sec->line, err,
				     "[%s] cannot have both a bandwidth and jitter = uniform",
				     sec->name);
	return 0;
}

static int check_limits(struct conf *conf, const struct conf_section *sec, const struct storage *s,
			struct err *err)
{
	if (s->latency_ns < drivers[s->driver].latency_min)
		return conf_complain(conf, sec->line, err,
				     "[%s] of model %s with jitter = %s has a latency of at least "
				     "%lluus",
				     sec->name, s->model->name, storage_jitters[s->jitter],
				     (unsigned long long)drivers[s->driver].latency_min / US);
	if (s->queue > drivers[s->driver].queue_max)
		return conf_complain(conf, sec->line, err,
				     "[%s] of model %s with jitter = %s has a queue of at most %llu",
				     sec->name, s->model->name, storage_jitters[s->jitter],
				     (unsigned long long)drivers[s->driver].queue_max);
	return 0;
}

static int check_sizes(struct conf *conf, const struct conf_section *sec, const struct storage *s,
		       enum storage_role role, struct err *err)
{
	if (s->driver == STORAGE_NONE)
		return 0;
	if (!s->size)
		return conf_complain(conf, sec->line, err, "[%s] needs a size", sec->name);
	if (role == DATA && s->size < DATA_MIN)
		return conf_complain(conf, sec->line, err, "[data] needs a size of at least 16M");
	if (s->size % MIB || s->bandwidth % MIB)
		return conf_complain(conf, sec->line, err,
				     "the size of a device and its bandwidth must be multiples "
				     "of 1M");
	if (s->driver == STORAGE_PMEM && s->size % (2 * MIB))
		return conf_complain(conf, sec->line, err,
				     "the size of a pmem device must be a multiple of 2M");
	return 0;
}

static int bind_device(struct conf *conf, struct conf_section *sec, enum storage_role role,
		       struct storage *s, struct err *err)
{
	const char *name = conf_get(sec, "model");
	const struct storage_model *model = find_model(name ? name : "", role);
	int ret;

	sec->used = true;
	if (!model)
		return complain_model(conf, sec, role, err);
	start_as(s, model);
	ret = check_keys(conf, sec, s, role, err);
	if (!ret)
		ret = conf_bind(conf, sec, keys, ARRAY_SIZE(keys), s, err);
	if (!ret)
		ret = choose_driver(conf, sec, s, err);
	if (!ret)
		ret = check_limits(conf, sec, s, err);
	return ret ? ret : check_sizes(conf, sec, s, role, err);
}

static int bind_swap(struct conf *conf, struct conf_section *sec, struct storage_set *set,
		     struct err *err)
{
	struct storage *s = &set->swap[set->nr_swaps];
	size_t len = strlen(sec->arg);
	int ret;

	if (set->nr_swaps == STORAGE_SWAPS_MAX)
		return conf_complain(conf, sec->line, err, "more than %d swap devices",
				     STORAGE_SWAPS_MAX);
	if (len > 10 || sec->arg[strspn(sec->arg, "abcdefghijklmnopqrstuvwxyz0123456789")])
		return conf_complain(conf, sec->line, err,
				     "[swap NAME] needs a name of at most 10 small letters and "
				     "digits");
	snprintf(s->name, sizeof(s->name), "swap%s%.10s", len ? "-" : "", sec->arg);
	ret = bind_device(conf, sec, SWAP, s, err);
	set->has_swap = true;
	set->nr_swaps += s->driver != STORAGE_NONE;
	return ret;
}

int storage_bind(struct conf *conf, struct storage_set *set, struct err *err)
{
	struct conf_section *data = conf_section(conf, "data", "");
	size_t i;
	int ret = 0;

	start_as(&set->data, find_model("none", DATA));
	strcpy(set->data.name, "data");
	for (i = 0; !ret && i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "swap"))
			ret = bind_swap(conf, &conf->section[i], set, err);
	if (!ret && data)
		ret = bind_device(conf, data, DATA, &set->data, err);
	set->has_data = data;
	return ret;
}

struct storage_set storage_merge(const struct storage_set *guest,
				 const struct storage_set *scenario)
{
	struct storage_set set = scenario->has_swap ? *scenario : *guest;

	set.data = scenario->has_data ? scenario->data : guest->data;
	return set;
}

static unsigned int nr_devices(const struct storage_set *set)
{
	return set->nr_swaps + 1;
}

/* In the order in which they are made. */
static const struct storage *device(const struct storage_set *set, unsigned int i)
{
	return i < set->nr_swaps ? &set->swap[i] : &set->data;
}

static bool alike(const struct storage *a, const struct storage *b)
{
	return a->size == b->size && a->latency_ns == b->latency_ns && a->queue == b->queue;
}

static int check_pair(const struct storage *a, const struct storage *b, struct err *err)
{
	if (a->driver != b->driver)
		return 0;
	/* Two ranges side by side are one to the kernel. */
	if (a->driver == STORAGE_PMEM)
		return err_set(err, -EINVAL, "%s and %s: only one device can be pmem", a->name,
			       b->name);
	if (a->driver != STORAGE_SCSI_DEBUG || alike(a, b))
		return 0;
	return err_set(err, -EINVAL,
		       "%s and %s have random latency, so they must agree in size, latency and "
		       "queue: give one of them jitter = none",
		       a->name, b->name);
}

int storage_check(const struct storage_set *set, struct err *err)
{
	unsigned int i, k;
	int ret = 0;

	for (i = 0; i < nr_devices(set); i++)
		for (k = 0; !ret && k < i; k++)
			ret = check_pair(device(set, k), device(set, i), err);
	for (i = 0; !ret && i < set->nr_swaps; i++)
		if (set->swap[i].driver == STORAGE_FILE && !storage_is_block(&set->data))
			ret = err_set(err, -EINVAL,
				      "%s is a file, but there is no data device it could be on",
				      set->swap[i].name);
	return ret;
}

uint64_t storage_delay(const struct storage *s)
{
	return s->latency_ns - drivers[s->driver].overhead_ns;
}

const char *const *storage_modules(const struct storage *s)
{
	return drivers[s->driver].modules;
}

bool storage_is_block(const struct storage *s)
{
	return drivers[s->driver].block;
}

void storage_path(const struct storage_set *set, const struct storage *s, char *out, size_t size)
{
	unsigned int i, nr = 0;

	for (i = 0; device(set, i) != s; i++)
		nr += device(set, i)->driver == s->driver;
	if (!drivers[s->driver].device)
		snprintf(out, size, WL_DATA_DIR "/.%s", s->name);
	else
		snprintf(out, size, "/dev/%s%c", drivers[s->driver].device,
			 drivers[s->driver].first + (int)nr);
}

uint64_t storage_stores(const struct storage_set *set)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr_devices(set); i++)
		if (drivers[device(set, i)->driver].store)
			sum += device(set, i)->size;
	return sum;
}

uint64_t storage_pmem(const struct storage_set *set)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr_devices(set); i++)
		if (device(set, i)->driver == STORAGE_PMEM)
			sum += device(set, i)->size;
	return sum;
}
