// SPDX-License-Identifier: GPL-2.0-only
#include "engine/debug.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "engine/internal.h"

/* The empty disk is as large as snapshots of a few machines. */
#define DISK_SIZE (64ull << 20)
#define CLUSTER   65536u

static void add_debugger(struct args *out)
{
	args_add(out, "-chardev");
	args_add(out, "socket,id=gdb,path=" RUN_GDB ",server=on,wait=off");
	args_add(out, "-gdb");
	args_add(out, "chardev:gdb");
	/* Not watchdog=pause: the machine goes on and gdb hears nothing (10.0.2). */
	args_add(out, "-action");
	args_add(out, "shutdown=pause,watchdog=reset");
}

static void add_disk(struct args *out)
{
	args_add(out, "-drive");
	args_add(out, "file=" RUN_DISK ",if=none,id=rr");
	args_add(out, "-net");
	args_add(out, "none");
}

static const char *suffix(const char *before, enum debug_mode mode)
{
	if (mode == DEBUG_LIVE || strcmp(before, "-icount"))
		return "";
	return mode == DEBUG_RECORD ? ",rr=record,rrfile=" RUN_TRACE ",rrsnapshot=start" :
				      ",rr=replay,rrfile=" RUN_TRACE ",rrsnapshot=start";
}

void debug_args(const struct args *args, enum debug_mode mode, struct args *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < args->nr; i++)
		args_add(out, "%s%s", args->arg[i],
			 suffix(i ? args->arg[i - 1] : "", mode));
	if (mode != DEBUG_LIVE)
		add_disk(out);
	if (mode != DEBUG_RECORD)
		add_debugger(out);
}

/* Of a qcow2 image: header, one table and one block of reference counts, an empty table of data. */
struct qcow2_header {
	uint32_t magic, version;
	uint64_t backing_offset;
	uint32_t backing_size, cluster_bits;
	uint64_t size;
	uint32_t crypt, l1_size;
	uint64_t l1_offset, refcount_offset;
	uint32_t refcount_clusters, nr_snapshots;
	uint64_t snapshots_offset;
};

int debug_disk(const char *dir, struct err *err)
{
	struct qcow2_header head = {
		.magic = htobe32(0x514649fb), .version = htobe32(2), .cluster_bits = htobe32(16),
		.size = htobe64(DISK_SIZE), .l1_size = htobe32(1),
		.l1_offset = htobe64(3 * CLUSTER), .refcount_offset = htobe64(CLUSTER),
		.refcount_clusters = htobe32(1),
	};
	cleanup_free char *path = xasprintf("%s/" RUN_DISK, dir);
	cleanup_free char *disk = xcalloc(4, CLUSTER);
	uint64_t block = htobe64(2 * CLUSTER);
	uint16_t used[4] = {htobe16(1), htobe16(1), htobe16(1), htobe16(1)};
	int ret;

	memcpy(disk, &head, sizeof(head));
	memcpy(disk + CLUSTER, &block, sizeof(block));
	memcpy(disk + 2 * CLUSTER, used, sizeof(used));
	ret = file_write(path, disk, 4 * CLUSTER, err);
	return ret ? ret : vm_hand_over(path, err);
}
