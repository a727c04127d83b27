// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/experiment/storage.c and plan_storage.c: models, what a file may ask, plans. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "experiment/guest.h"
#include "experiment/plan_storage.h"
#include "experiment/storage.h"

#define MIB (1ull << 20)

static int bind(struct storage_set *set, const char *text, struct err *err)
{
	struct conf conf;
	int ret;

	memset(set, 0, sizeof(*set));
	assert_int_equal(conf_parse(&conf, "t.conf", text, strlen(text), err), 0);
	ret = storage_bind(&conf, set, err);
	if (!ret)
		ret = conf_unused(&conf, err);
	conf_release(&conf);
	return ret;
}

static struct storage_set bound(const char *text)
{
	struct storage_set set;
	struct err err;

	if (bind(&set, text, &err))
		fail_msg("%s", err.msg);
	return set;
}

/* What each model is unless the file says otherwise. */
static void test_models(void **unused)
{
	static const struct {
		const char *text;
		unsigned int driver, jitter;
		uint64_t latency_ns, queue, bandwidth;
	} cases[] = {
		{"[swap]\nmodel = ssd\nsize = 32M\n", STORAGE_SCSI_DEBUG, JITTER_UNIFORM, 80000,
		 32, 0},
		{"[swap]\nmodel = nvme-fast\nsize = 32M\n", STORAGE_NULL_BLK, JITTER_NONE, 12000,
		 512, 0},
		{"[swap]\nmodel = disk\nsize = 32M\n", STORAGE_NULL_BLK, JITTER_NONE, 4000000, 2,
		 100 * MIB},
		{"[swap]\nmodel = throttled\nsize = 32M\n", STORAGE_NULL_BLK, JITTER_NONE, 500000,
		 32, 50 * MIB},
		{"[swap]\nmodel = zram\nsize = 32M\n", STORAGE_ZRAM, 0, 0, 0, 0},
		{"[swap]\nmodel = pmem\nsize = 32M\n", STORAGE_PMEM, 0, 0, 0, 0},
		{"[swap]\nmodel = file\nsize = 32M\n", STORAGE_FILE, 0, 0, 0, 0},
		{"[swap]\nmodel = ssd\nsize = 32M\nlatency = 50us\njitter = none\nqueue = 4\n"
		 "bandwidth = 7M\n", STORAGE_NULL_BLK, JITTER_NONE, 50000, 4, 7 * MIB},
		{"[swap]\nmodel = nvme-fast\nsize = 32M\njitter = uniform\nlatency = 20us\n"
		 "queue = 192\n", STORAGE_SCSI_DEBUG, JITTER_UNIFORM, 20000, 192, 0},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct storage_set set = bound(cases[i].text);
		const struct storage *s = &set.swap[0];

		assert_int_equal(set.nr_swaps, 1);
		assert_true(set.has_swap);
		assert_false(set.has_data);
		assert_int_equal(s->size, 32 * MIB);
		assert_int_equal(s->driver, cases[i].driver);
		assert_int_equal(s->jitter, cases[i].jitter);
		assert_int_equal(s->latency_ns, cases[i].latency_ns);
		assert_int_equal(s->queue, cases[i].queue);
		assert_int_equal(s->bandwidth, cases[i].bandwidth);
	}
}

/* Every row of the table can be asked for by its name, in each of its roles. */
static void test_table(void **unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < nr_storage_models; i++) {
		const struct storage_model *m = &storage_models[i];
		const char *size = m->driver == STORAGE_NONE ? "" : "size = 32M\n";
		unsigned int role;

		for (role = 1; role <= 2; role++) {
			cleanup_buf struct buf text = {0};
			struct storage_set set;

			if (!(m->roles & role))
				continue;
			buf_printf(&text, "[%s]\nmodel = %s\n%s",
				   role == STORAGE_SWAP ? "swap" : "data", m->name, size);
			set = bound(buf_str(&text));
			if (role == STORAGE_DATA)
				assert_ptr_equal(set.data.model, m);
			else
				assert_ptr_equal(set.swap[0].model, m);
		}
	}
}

static void test_several(void **unused)
{
	struct storage_set set = bound("[swap]\nmodel = zram\nsize = 8M\npriority = 10\n"
				       "algorithm = zstd\n"
				       "[swap slow]\nmodel = disk\nsize = 64M\n"
				       "[swap 3]\nmodel = file\nsize = 4M\npriority = 5\n"
				       "[data]\nmodel = ssd\nsize = 32M\nfs = xfs\n");
	char path[64];

	(void)unused;
	assert_int_equal(set.nr_swaps, 3);
	assert_string_equal(set.swap[0].name, "swap");
	assert_string_equal(storage_algorithms[set.swap[0].algorithm], "zstd");
	assert_int_equal(set.swap[0].priority, 10);
	assert_string_equal(set.swap[1].name, "swap-slow");
	assert_string_equal(set.swap[2].name, "swap-3");
	assert_string_equal(storage_file_systems[set.data.fs], "xfs");
	storage_path(&set, &set.swap[0], path, sizeof(path));
	assert_string_equal(path, "/dev/zram0");
	storage_path(&set, &set.swap[1], path, sizeof(path));
	assert_string_equal(path, "/dev/nullb0");
	storage_path(&set, &set.swap[2], path, sizeof(path));
	assert_string_equal(path, "/data/.swap-3");
	storage_path(&set, &set.data, path, sizeof(path));
	assert_string_equal(path, "/dev/nullb1");
	/* zram and the file take the experiment's own memory or none. */
	assert_int_equal(storage_stores(&set), (64 + 32) * MIB);
}

static void test_none(void **unused)
{
	struct storage_set set = bound("[swap]\nmodel = none\n");

	(void)unused;
	assert_int_equal(set.nr_swaps, 0);
	assert_true(set.has_swap);
	assert_int_equal(set.data.driver, STORAGE_NONE);
	set = bound("");
	assert_false(set.has_swap);
	assert_false(set.has_data);
}

static void test_bad(void **unused)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{"[swap]\nsize = 1M\n", "t.conf:1: [swap] needs a model"},
		{"[swap]\nmodel = ssd\n", "t.conf:1: [swap] needs a size"},
		{"[data]\nmodel = ssd\n", "t.conf:1: [data] needs a size"},
		{"[swap]\nmodel = floppy\n",
		 "t.conf:1: [swap] has no model 'floppy' (there are none, ssd, nvme-fast, disk, "
		 "throttled, zram, pmem, file)"},
		{"[data]\nmodel = zram\nsize = 16M\n", "t.conf:1: [data] has no model 'zram'"},
		{"[swap]\nmodel = tmpfs\nsize = 16M\n", "t.conf:1: [swap] has no model 'tmpfs'"},
		{"[swap]\nmodel = ssd\nsize = 1025K\n", "t.conf:1: the size of a device and its"},
		{"[swap]\nmodel = disk\nsize = 1M\nbandwidth = 1500K\n",
		 "t.conf:1: the size of a device and its"},
		{"[swap]\nmodel = pmem\nsize = 3M\n", "t.conf:1: the size of a pmem device must"},
		{"[data]\nmodel = ssd\nsize = 8M\n", "t.conf:1: [data] needs a size of at least"},
		{"[swap]\nmodel = zram\nsize = 1M\nlatency = 1ms\n",
		 "t.conf:1: [swap] of model zram has no latency"},
		{"[swap]\nmodel = ssd\nsize = 1M\nfs = xfs\n",
		 "t.conf:1: [swap] of model ssd has no fs"},
		{"[data]\nmodel = ssd\nsize = 16M\npriority = 1\n",
		 "t.conf:1: [data] of model ssd has no priority"},
		{"[swap]\nmodel = ssd\nsize = 1M\nbandwidth = 10M\n",
		 "t.conf:1: [swap] cannot have both a bandwidth and jitter = uniform"},
		{"[swap]\nmodel = ssd\nsize = 1M\nqueue = 193\n",
		 "t.conf:1: [swap] of model ssd with jitter = uniform has a queue of at most 192"},
		{"[swap]\nmodel = ssd\nsize = 1M\nlatency = 19us\n",
		 "t.conf:1: [swap] of model ssd with jitter = uniform has a latency of at least 20us"},
		{"[swap]\nmodel = disk\nsize = 1M\nlatency = 7us\n",
		 "t.conf:1: [swap] of model disk with jitter = none has a latency of at least 8us"},
		{"[swap]\nmodel = ssd\nsize = 1M\ncolour = red\n",
		 "t.conf:4: unknown key 'colour' in [swap]"},
		{"[swap A]\nmodel = ssd\nsize = 1M\n", "t.conf:1: [swap NAME] needs a name"},
		{"[swap 1]\nmodel = ssd\nsize = 1M\njitter = some\n",
		 "t.conf:4: jitter = some: not a valid value (one of none, uniform)"},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct storage_set set;
		struct err err;

		assert_int_equal(bind(&set, cases[i].text, &err), -EINVAL);
		if (strncmp(err.msg, cases[i].msg, strlen(cases[i].msg)))
			fail_msg("'%s' should begin with '%s'", err.msg, cases[i].msg);
	}
}

/* What cannot be had together. */
static void test_check(void **unused)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{"[swap]\nmodel = ssd\nsize = 32M\n[swap 2]\nmodel = ssd\nsize = 32M\n", NULL},
		{"[swap]\nmodel = ssd\nsize = 32M\n[swap 2]\nmodel = ssd\nsize = 32M\n"
		 "latency = 1ms\n", "swap and swap-2 have random latency, so they must agree"},
		{"[swap]\nmodel = ssd\nsize = 32M\n[swap 2]\nmodel = ssd\nsize = 32M\n"
		 "latency = 1ms\njitter = none\n", NULL},
		{"[swap]\nmodel = pmem\nsize = 2M\n[data]\nmodel = pmem\nsize = 16M\n",
		 "swap and data: only one device can be pmem"},
		{"[swap]\nmodel = file\nsize = 2M\n",
		 "swap is a file, but there is no data device"},
		{"[swap]\nmodel = file\nsize = 2M\n[data]\nmodel = tmpfs\nsize = 16M\n",
		 "swap is a file, but there is no data device"},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct storage_set set = bound(cases[i].text);
		struct err err = {""};

		assert_int_equal(storage_check(&set, &err), cases[i].msg ? -EINVAL : 0);
		if (cases[i].msg && strncmp(err.msg, cases[i].msg, strlen(cases[i].msg)))
			fail_msg("'%s' should begin with '%s'", err.msg, cases[i].msg);
	}
}

/* A scenario's swap replaces all of the guest's, its data the guest's. */
static void test_merge(void **unused)
{
	struct storage_set guest = bound("[swap]\nmodel = zram\nsize = 8M\n[swap 2]\nmodel = disk\n"
					 "size = 8M\n[data]\nmodel = ssd\nsize = 32M\n");
	struct storage_set swap = bound("[swap]\nmodel = pmem\nsize = 4M\n"), set;
	struct storage_set data = bound("[data]\nmodel = tmpfs\nsize = 64M\n");

	(void)unused;
	set = storage_merge(&guest, &swap);
	assert_int_equal(set.nr_swaps, 1);
	assert_int_equal(set.swap[0].driver, STORAGE_PMEM);
	assert_int_equal(set.data.driver, STORAGE_NULL_BLK);
	set = storage_merge(&guest, &data);
	assert_int_equal(set.nr_swaps, 2);
	assert_int_equal(set.data.driver, STORAGE_TMPFS);
}

/* pmem ends below the firmware's tables and starts where the kernel can map it. */
static void test_pmem(void **unused)
{
	struct storage_set set = bound("[swap]\nmodel = pmem\nsize = 64M\n");
	struct guest g = {.machine = {.node = {{65 * MIB, 1}, {32 * MIB, 0}}, .nr_nodes = 2}};
	struct machine m = guest_machine(&g, &set);

	(void)unused;
	assert_int_equal(m.pmem, 64 * MIB);
	assert_int_equal(m.node[0].memory, 65 * MIB);
	/* itself, a struct page for each of its pages, the tables, rounded */
	assert_int_equal(m.node[1].memory, (32 + 64 + 1 + 2) * MIB);
	assert_int_equal(machine_pmem_start(&m), (65 + 32 + 1) * MIB);
	m.node[1].memory += 4096 * MIB;
	assert_int_equal(machine_pmem_start(&m), (65 + 32 + 1 + 4096 + 1024) * MIB);
}

static void assert_plan(const char *conf, char *const *modules, const char *want)
{
	struct storage_set set = bound(conf);
	cleanup_buf struct buf plan = {0};

	plan_storage(&set, modules, &plan);
	assert_string_equal(buf_str(&plan), want);
}

#define NULLB "/sys/kernel/config/nullb/"
#define DISK(name, mib, ns, sectors, queue)                                                   \
	"mkdir " NULLB name "\nwrite " NULLB name "/size " mib "\n"                           \
	"write " NULLB name "/memory_backed 1\nwrite " NULLB name "/blocksize 4096\n"         \
	"write " NULLB name "/irqmode 2\nwrite " NULLB name "/completion_nsec " ns "\n"       \
	"write " NULLB name "/max_sectors " sectors "\n"                                      \
	"write " NULLB name "/hw_queue_depth " queue "\n"

static void test_plan_null_blk(void **unused)
{
	static char *const modules[] = {(char *)"null_blk", NULL};

	(void)unused;
	assert_plan("[swap]\nmodel = disk\nsize = 8M\npriority = 3\n"
		    "[data]\nmodel = throttled\nsize = 16M\nbandwidth = 10M\nfs = xfs\n", modules,
		    "insmod null_blk nr_devices=0\n"
		    "mount configfs configfs /sys/kernel/config \n"
		    DISK("nullb0", "8", "3994500", "512", "2")
		    "write " NULLB "nullb0/mbps 101\n"
		    "write " NULLB "nullb0/power 1\nwait /dev/nullb0\n"
		    "write /sys/block/nullb0/queue/rotational 1\n"
		    "write /sys/block/nullb0/queue/scheduler none\n"
		    "zero /dev/nullb0 8388608\nswapon /dev/nullb0 8388608 3\n"
		    DISK("nullb1", "16", "494500", "16", "32")
		    "write " NULLB "nullb1/mbps 10\n"
		    "write " NULLB "nullb1/power 1\nwait /dev/nullb1\n"
		    "write /sys/block/nullb1/queue/scheduler none\n"
		    "fs /data.fs /dev/nullb1 16777216\n"
		    "mount xfs /dev/nullb1 /data noatime\n");
}

static void test_plan_others(void **unused)
{
	static char *const random[] = {(char *)"scsi_debug", NULL};
	static char *const pmem[] = {(char *)"nd_pmem", (char *)"nd_e820", NULL};
	static char *const zram[] = {(char *)"zram", NULL};
	static char *const none[] = {NULL};

	(void)unused;
	assert_plan("[swap]\nmodel = ssd\nsize = 8M\n[swap b]\nmodel = ssd\nsize = 8M\n", random,
		    "insmod scsi_debug dev_size_mb=8 ndelay=68000 random=1 max_queue=32 "
		    "sector_size=4096 add_host=2 per_host_store=1\n"
		    "wait /dev/sda\nswapon /dev/sda 8388608 0\n"
		    "wait /dev/sdb\nswapon /dev/sdb 8388608 0\n");
	assert_plan("[data]\nmodel = pmem\nsize = 16M\n[swap]\nmodel = file\nsize = 4M\n", pmem,
		    "insmod nd_pmem \ninsmod nd_e820 \n"
		    "wait /dev/pmem0\nwait /sys/block/pmem0/size\nexpect /sys/block/pmem0/size 32768\n"
		    "fs /data.fs /dev/pmem0 16777216\nmount ext4 /dev/pmem0 /data noatime\n"
		    "swapfile /data/.swap 4194304 0\n");
	assert_plan("[swap]\nmodel = zram\nsize = 4M\n[swap 2]\nmodel = zram\nsize = 2M\n"
		    "algorithm = zstd\npriority = 9\n", zram,
		    "insmod zram num_devices=2\n"
		    "wait /sys/block/zram0/disksize\nwrite /sys/block/zram0/comp_algorithm lz4\n"
		    "write /sys/block/zram0/disksize 4194304\nwait /dev/zram0\n"
		    "swapon /dev/zram0 4194304 0\n"
		    "wait /sys/block/zram1/disksize\nwrite /sys/block/zram1/comp_algorithm zstd\n"
		    "write /sys/block/zram1/disksize 2097152\nwait /dev/zram1\n"
		    "swapon /dev/zram1 2097152 9\n");
	assert_plan("[data]\nmodel = fuse\nsize = 16M\njitter = uniform\n", none,
		    "fuse /data 57000 1 8\n");
	assert_plan("[data]\nmodel = tmpfs\nsize = 16M\n", none,
		    "mount tmpfs tmpfs /data size=16777216\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_models), cmocka_unit_test(test_table),
		cmocka_unit_test(test_several), cmocka_unit_test(test_none),
		cmocka_unit_test(test_bad), cmocka_unit_test(test_check),
		cmocka_unit_test(test_merge), cmocka_unit_test(test_pmem),
		cmocka_unit_test(test_plan_null_blk), cmocka_unit_test(test_plan_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
