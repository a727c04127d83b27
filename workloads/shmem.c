// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that belongs to a file without a disk: on the lists it is anonymous and goes to swap, but it
 * is found through a page cache.  Databases' buffers, tmpfs and graphics memory are of this kind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/swapmem.h"

enum { SHARED, MEMFD, TMPFS };
static const char *const kinds[] = {"shared", "memfd", "tmpfs", NULL};

enum { MMAP, READ };
static const char *const accesses[] = {"mmap", "read", NULL};

struct shmem_opts {
	unsigned int kind;
	unsigned int access;
	struct swapmem_opts memory;
};

static const struct shmem_opts shmem_defaults = {.memory = SWAPMEM_DEFAULTS};

static const struct conf_key shmem_options[] = {
	{.name = "kind", .type = CONF_CHOICE, .offset = offsetof(struct shmem_opts, kind),
	 .help = "a shared anonymous mapping, a memfd, or a file on a tmpfs of its own",
	 .choices = kinds},
	{.name = "access", .type = CONF_CHOICE, .offset = offsetof(struct shmem_opts, access),
	 .help = "through a mapping, or by read() and write(); not with shared",
	 .choices = accesses},
	SWAPMEM_KEYS(struct shmem_opts, memory),
};

static struct swapmem shmem;

static int tmpfs_file(const struct wl *wl, uint64_t size)
{
	char folder[64], path[80], options[64];
	int fd;

	snprintf(folder, sizeof(folder), "/shmem-%016llx", (unsigned long long)wl->seed);
	snprintf(path, sizeof(path), "%s/file", folder);
	/* The default is half of the memory, which is no limit that a scenario asked for. */
	snprintf(options, sizeof(options), "size=%llu", (unsigned long long)size + (1u << 20));
	if (mkdir(folder, 0700) || mount("tmpfs", folder, "tmpfs", 0, options))
		wl_fail("cannot mount a tmpfs: %m");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		wl_fail("cannot make %s: %m", path);
	return fd;
}

static int make_file(const struct shmem_opts *o, const struct wl *wl)
{
	int fd;

	if (o->kind == SHARED)
		return -1;
	fd = o->kind == MEMFD ? memfd_create("shmem", MFD_CLOEXEC) :
				tmpfs_file(wl, o->memory.size);
	if (fd < 0 || ftruncate(fd, (off_t)o->memory.size))
		wl_fail("cannot make a file of memory: %m");
	return fd;
}

static void shmem_setup(struct wl *wl)
{
	const struct shmem_opts *o = wl->opts;
	int fd = make_file(o, wl);

	if (fd < 0 && o->access == READ)
		wl_fail("a shared mapping has no file that could be read");
	swapmem_setup(&shmem, &o->memory, wl, MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : 0), fd,
		     o->access == MMAP);
}

static void shmem_op(struct wl *wl)
{
	const struct shmem_opts *o = wl->opts;

	swapmem_op(&shmem, &o->memory, wl);
}

static const struct wl_metric shmem_metrics[] = {SWAPMEM_METRICS};

const struct workload workload_shmem = {
	.name = "shmem",
	.summary = "shared memory: a mapping, a memfd or tmpfs, touched as anon does",
	.op = "one page touched",
	WL_TABLE(shmem_options),
	.defaults = &shmem_defaults,
	.opts_size = sizeof(struct shmem_opts),
	.metrics = shmem_metrics,
	.nr_metrics = sizeof(shmem_metrics) / sizeof(shmem_metrics[0]),
	.setup = shmem_setup,
	.op_run = shmem_op,
};
