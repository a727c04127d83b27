// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/plan_storage.h"

#include <string.h>

#include "workloads/lib/data.h"
#include "workloads/lib/pattern.h"

#define MIB   (1ull << 20)
#define NULLB "/sys/kernel/config/nullb/"

typedef unsigned long long ull;

static unsigned int count(const struct storage_set *set, enum storage_driver driver)
{
	unsigned int i, n = set->data.driver == driver;

	for (i = 0; i < set->nr_swaps; i++)
		n += set->swap[i].driver == driver;
	return n;
}

static const struct storage *first(const struct storage_set *set, enum storage_driver driver)
{
	unsigned int i;

	for (i = 0; i < set->nr_swaps; i++)
		if (set->swap[i].driver == driver)
			return &set->swap[i];
	return &set->data;
}

/*
 * 4096-byte sectors: since 6.10 or so the driver copies sector by sector in softirq context; at 512
 * bytes that is eight times the work a page, and starves even real-time tasks for 100 ms.  Its
 * store is allocated once, before any pressure.
 */
static void scsi_debug_params(const struct storage_set *set, struct buf *out)
{
	const struct storage *s = first(set, STORAGE_SCSI_DEBUG);
	unsigned int nr = count(set, STORAGE_SCSI_DEBUG);

	buf_printf(out,
		   "dev_size_mb=%llu ndelay=%llu random=1 max_queue=%llu sector_size=4096",
		   (ull)s->size >> 20, (ull)storage_delay(s), (ull)s->queue);
	if (nr > 1)
		buf_printf(out, " add_host=%u per_host_store=1", nr);
}

static void driver_params(const struct storage_set *set, const char *name, struct buf *out)
{
	if (!strcmp(name, "scsi_debug"))
		scsi_debug_params(set, out);
	else if (!strcmp(name, "null_blk"))
		buf_adds(out, "nr_devices=0");
	else if (!strcmp(name, "zram"))
		buf_printf(out, "num_devices=%u", count(set, STORAGE_ZRAM));
}

static void write_insmod(const struct storage_set *set, const char *name, struct buf *out)
{
	buf_printf(out, "insmod %s ", name);
	driver_params(set, name, out);
	buf_adds(out, "\n");
}

static bool is_loaded(const char *name, char *const *loaded)
{
	for (; *loaded; loaded++)
		if (!strcmp(*loaded, name))
			return true;
	return false;
}

/* "a=1 b=2" as "name.a=1 name.b=2". */
static void add_params(const char *name, char *params, struct buf *out)
{
	char *word;

	while ((word = strsep(&params, " ")))
		buf_printf(out, "%s%s.%s", out->len ? " " : "", name, word);
}

void plan_storage_params(const struct storage_set *set, const char *const *needed,
			 char *const *loaded, struct buf *out)
{
	for (; *needed; needed++) {
		cleanup_buf struct buf params = {0};

		if (is_loaded(*needed, loaded))
			continue;
		driver_params(set, *needed, &params);
		/* A kernel may have been built so that it makes none of its own (kernel-config/base). */
		if (!strcmp(*needed, "scsi_debug"))
			buf_printf(&params, " fake_rw=0%s",
				   count(set, STORAGE_SCSI_DEBUG) > 1 ? "" : " add_host=1");
		if (params.len)
			add_params(*needed, params.data, out);
	}
}

/* The driver rounds what its unit is worth down: from 50 on, one more a hundred makes up for it. */
static ull null_blk_mbps(const struct storage *s)
{
	ull m = s->bandwidth / MIB;

	return m + (m + 50) / 100;
}

/*
 * The driver hands out its bandwidth every 20 ms, and what a request does not fit into is lost; one
 * that is larger than all of it never ends.  So requests are made small enough that at most a
 * twentieth is lost.  Without a limit they are as large as the block layer makes them; 6.1 would
 * choose a tenth of that.
 */
static ull null_blk_request_kib(const struct storage *s)
{
	ull slice = MIB / 50 * null_blk_mbps(s), kib = 256;

	if (!s->bandwidth)
		return 1280;
	while (kib > 4 && slice / (kib << 10) * (kib << 10) < slice - slice / 20)
		kib /= 2;
	return kib;
}

static void write_null_blk(const struct storage *s, const char *disk, struct buf *out)
{
	buf_printf(out, "mkdir " NULLB "%s\n", disk);
	buf_printf(out, "write " NULLB "%s/size %llu\n", disk, (ull)s->size >> 20);
	buf_printf(out, "write " NULLB "%s/memory_backed 1\n", disk);
	buf_printf(out, "write " NULLB "%s/blocksize 4096\n", disk);
	buf_printf(out, "write " NULLB "%s/irqmode 2\n", disk);
	buf_printf(out, "write " NULLB "%s/completion_nsec %llu\n", disk, (ull)storage_delay(s));
	buf_printf(out, "write " NULLB "%s/max_sectors %llu\n", disk, 2 * null_blk_request_kib(s));
	buf_printf(out, "write " NULLB "%s/hw_queue_depth %llu\n", disk, (ull)s->queue);
	if (s->bandwidth)
		buf_printf(out, "write " NULLB "%s/mbps %llu\n", disk, null_blk_mbps(s));
	buf_printf(out, "write " NULLB "%s/power 1\nwait /dev/%s\n", disk, disk);
	if (s->model->rotational)
		buf_printf(out, "write /sys/block/%s/queue/rotational 1\n", disk);
	if (s->model->scheduler)
		buf_printf(out, "write /sys/block/%s/queue/scheduler %s\n", disk,
			   s->model->scheduler);
}

static void write_zram(const struct storage *s, const char *disk, struct buf *out)
{
	buf_printf(out,
		   "wait /sys/block/%s/disksize\nwrite /sys/block/%s/comp_algorithm %s\n"
		   "write /sys/block/%s/disksize %llu\nwait /dev/%s\n",
		   disk, disk, storage_algorithms[s->algorithm], disk, (ull)s->size, disk);
}

/* Whatever its driver is, the device is there afterwards, of the asked size. */
static void write_device(const struct storage_set *set, const struct storage *s, char path[64],
			 struct buf *out)
{
	const char *disk = path + strlen("/dev/");

	storage_path(set, s, path, 64);
	switch (s->driver) {
	case STORAGE_NULL_BLK:
		write_null_blk(s, disk, out);
		break;
	case STORAGE_ZRAM:
		write_zram(s, disk, out);
		break;
	case STORAGE_PMEM:
	case STORAGE_SCSI_DEBUG:
		buf_printf(out, "wait %s\n", path);
		break;
	default:
		return;
	}
	/* What the kernel left to it; the folder comes a moment after the node. */
	if (s->driver == STORAGE_PMEM)
		buf_printf(out,
			   "wait /sys/block/%s/size\nexpect /sys/block/%s/size %llu\n", disk, disk,
			   (ull)s->size / 512);
}

static void write_swap(const struct storage_set *set, const struct storage *s, struct buf *out)
{
	char path[64];

	write_device(set, s, path, out);
	/* Its memory is allocated when it is first written; that is not to be under pressure. */
	if (s->driver == STORAGE_NULL_BLK)
		buf_printf(out, "zero %s %llu\n", path, (ull)s->size);
	buf_printf(out, "%s %s %llu %llu\n", s->driver == STORAGE_FILE ? "swapfile" : "swapon",
		   path, (ull)s->size, (ull)s->priority);
}

static void write_swaps(const struct storage_set *set, bool files, struct buf *out)
{
	unsigned int i;

	for (i = 0; i < set->nr_swaps; i++)
		if (files == (set->swap[i].driver == STORAGE_FILE))
			write_swap(set, &set->swap[i], out);
}

static void write_data(const struct storage_set *set, struct buf *out)
{
	const struct storage *s = &set->data;
	char path[64];

	if (s->driver == STORAGE_TMPFS)
		buf_printf(out, "mount tmpfs tmpfs " WL_DATA_DIR " size=%llu\n", (ull)s->size);
	if (s->driver == STORAGE_FUSE)
		buf_printf(out, "fuse " WL_DATA_DIR " %llu %u %llu\n", (ull)storage_delay(s),
			   s->jitter == JITTER_UNIFORM, (ull)s->queue);
	if (!storage_is_block(s))
		return;
	write_device(set, s, path, out);
	buf_printf(out, "fs /data.fs %s %llu\n", path, (ull)s->size);
	buf_printf(out, "mount %s %s " WL_DATA_DIR " noatime\n", storage_file_systems[s->fs], path);
}

void plan_storage(const struct storage_set *set, char *const *modules, struct buf *out)
{
	size_t i;

	for (i = 0; modules[i]; i++)
		write_insmod(set, modules[i], out);
	if (count(set, STORAGE_NULL_BLK))
		buf_adds(out, "mount configfs configfs /sys/kernel/config \n");
	write_swaps(set, false, out);
	write_data(set, out);
	write_swaps(set, true, out);
}

void plan_files(const struct storage_set *set, const struct scenario *scenario, struct buf *out)
{
	size_t i;

	for (i = 0; i < scenario->nr_files; i++) {
		const struct scenario_file *f = &scenario->file[i];

		buf_printf(out, "fill " WL_DATA_DIR "/%s %llu %llu %llu\n", f->name, (ull)f->size,
			   (ull)wl_data_seed(f->name), (ull)wl_pattern_noise(f->compress));
	}
	if (scenario->nr_files && storage_is_block(&set->data))
		buf_adds(out, "clean " WL_DATA_DIR "\n");
}

/* What the block layer makes of a device, which differs between kernels and can be set. */
static void write_state(const struct storage_set *set, const struct storage *s, struct buf *out)
{
	static const char *const files[] = {"scheduler", "read_ahead_kb", "nr_requests",
					    "rotational", "write_cache"};
	char path[64];
	size_t i;

	storage_path(set, s, path, sizeof(path));
	for (i = 0; storage_is_block(s) && i < ARRAY_SIZE(files); i++)
		buf_printf(out, "state device.%s.%s /sys/block/%s/queue/%s\n", s->name, files[i],
			   path + strlen("/dev/"), files[i]);
}

void plan_storage_states(const struct storage_set *set, struct buf *out)
{
	unsigned int i;

	for (i = 0; i < set->nr_swaps; i++)
		write_state(set, &set->swap[i], out);
	write_state(set, &set->data, out);
}
