// SPDX-License-Identifier: GPL-2.0-only
/* Devices, file systems and files, before anything is measured. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/swap.h>
#include <unistd.h>

#include "agent.h"
#include "wire/fsruns.h"
#include "workloads/lib/pattern.h"

#define CLEAN_STEP_US 1000
#define CLEAN_STEPS   5000

/* One staging buffer for set-up I/O, aligned for O_DIRECT. */
static char stage[1 << 20] __attribute__((aligned(4096)));

static void write_all(int fd, const char *path, const void *data, size_t len, off_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, data, len, at);

		if (n <= 0)
			agent_fail(WIRE_SETUP_FAILED, "cannot write %s: %m", path);
		data = (const char *)data + n;
		len -= (size_t)n;
		at += n;
	}
}

static int open_direct(const char *path, int flags)
{
	int fd = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC | flags, 0644);

	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", path);
	return fd;
}

/* The part of a swap header that the kernel reads; the rest of the page is zero. */
static void make_swap(const char *dev, uint64_t size)
{
	uint32_t info[3] = {1, (uint32_t)(size / 4096 - 1), 0}; /* version, last page, bad pages */
	int fd = open_direct(dev, 0);

	memset(stage, 0, 4096);
	memcpy(stage + 1024, info, sizeof(info));
	memcpy(stage + 4096 - 10, "SWAPSPACE2", 10);
	write_all(fd, dev, stage, 4096, 0);
	close(fd);
}

/* Believes swapon() only when /proc/swaps shows the device with its whole size. */
static void check_swap(const char *dev, uint64_t size)
{
	char text[2048], want[64], *line;
	unsigned long kib;

	if (sys_read("/proc/swaps", text, sizeof(text)) < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot read /proc/swaps: %m");
	snprintf(want, sizeof(want), "\n%s ", dev);
	line = strstr(text, want);
	if (!line || sscanf(line + 1, "%*s %*s %lu", &kib) != 1 || kib != (size - 4096) / 1024)
		agent_fail(WIRE_SETUP_FAILED, "swap on %s is not there with %llu KiB: %s", dev,
			   (unsigned long long)(size - 4096) / 1024, line ? line + 1 : "absent");
}

/* size is a multiple of the stage's, a MiB; a slow device may take long: no hang. */
static void write_zeroes(int fd, const char *path, uint64_t size)
{
	uint64_t at;

	memset(stage, 0, sizeof(stage));
	for (at = 0; at < size; at += sizeof(stage)) {
		write_all(fd, path, stage, sizeof(stage), (off_t)at);
		port_watchdog_kick();
	}
}

static void sync_file(int fd, const char *path)
{
	if (fsync(fd))
		agent_fail(WIRE_SETUP_FAILED, "cannot sync %s: %m", path);
}

void sys_zero(const char *dev, uint64_t size)
{
	int fd = open_direct(dev, 0);

	write_zeroes(fd, dev, size);
	close(fd);
}

/* Without holes, as swapon() wants it. */
void sys_swapfile(const char *path, uint64_t size, int prio)
{
	int fd = open_direct(path, O_CREAT | O_TRUNC);

	write_zeroes(fd, path, size);
	sync_file(fd, path);
	close(fd);
	sys_swapon(path, size, prio);
}

void sys_swapon(const char *dev, uint64_t size, int prio)
{
	int flags = SWAP_FLAG_PREFER | (prio & SWAP_FLAG_PRIO_MASK);

	make_swap(dev, size);
	if (swapon(dev, flags))
		agent_fail(WIRE_SETUP_FAILED, "swapon %s: %m", dev);
	check_swap(dev, size);
}

static void read_all(int fd, const char *path, void *out, size_t len)
{
	char *p = out;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			agent_fail(WIRE_SETUP_FAILED, "%s ends too early", path);
		p += n;
		len -= (size_t)n;
	}
}

static void write_run(int in, const char *runs, int out, const char *dev)
{
	struct fsruns_run run;

	read_all(in, runs, &run, sizeof(run));
	if (run.len > sizeof(stage))
		agent_fail(WIRE_SETUP_FAILED, "%s: a run is too long", runs);
	read_all(in, runs, stage, run.len);
	write_all(out, dev, stage, run.len, (off_t)run.offset);
}


/* Writes an empty file system to a device: the runs that the image brought along. */
void sys_fs(const char *runs, const char *dev, uint64_t size)
{
	int in = open(runs, O_RDONLY | O_CLOEXEC);
	int out = open_direct(dev, 0);
	struct fsruns_header head;

	if (in < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", runs);
	read_all(in, runs, &head, sizeof(head));
	if (memcmp(head.magic, FSRUNS_MAGIC, 4) || head.version != FSRUNS_VERSION)
		agent_fail(WIRE_SETUP_FAILED, "%s is no file system of ours", runs);
	/* Has the device allocate its store now, so that nothing is allocated under pressure. */
	write_zeroes(out, dev, size);
	while (head.nr_runs--)
		write_run(in, runs, out, dev);
	close(in);
	close(out);
	unlink(runs);
}

static bool is_tmpfs(int fd, const char *path)
{
	struct statfs st;

	if (fstatfs(fd, &st))
		agent_fail(WIRE_SETUP_FAILED, "cannot tell the file system of %s: %m", path);
	return st.f_type == 0x01021994;
}

/* tmpfs is page cache and nothing else, and takes no O_DIRECT up to 6.5. */
static int open_fill(const char *path, bool *cached)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", path);
	*cached = is_tmpfs(fd, path);
	if (*cached)
		return fd;
	close(fd);
	return open_direct(path, 0);
}

/* What is asked of direct I/O is checked: not one page of the file may be in the page cache. */
static void check_uncached(const char *path, uint64_t size)
{
	static unsigned char resident[4096];
	size_t chunk = sizeof(resident) * WL_PAGE_SIZE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t at;

	for (at = 0; at < size; at += chunk) {
		size_t len = size - at < chunk ? (size_t)(size - at) : chunk;
		void *map = mmap(NULL, len, PROT_NONE, MAP_SHARED, fd, (off_t)at);

		if (map == MAP_FAILED || mincore(map, len, resident))
			agent_fail(WIRE_SETUP_FAILED, "cannot see what is cached of %s: %m", path);
		munmap(map, len);
		if (memchr(resident, 1, len / WL_PAGE_SIZE))
			agent_fail(WIRE_SETUP_FAILED, "%s is in the page cache after its fill",
				   path);
	}
	close(fd);
}

/* Data before pressure: past the page cache, so that it starts empty. */
void sys_fill(const char *path, uint64_t size, uint64_t seed, size_t noise)
{
	bool cached;
	int fd = open_fill(path, &cached);
	uint64_t at, i;

	for (at = 0; at < size; at += sizeof(stage)) {
		size_t len = size - at < sizeof(stage) ? (size_t)(size - at) : sizeof(stage);

		for (i = 0; i < len / WL_PAGE_SIZE; i++)
			wl_pattern_write(stage + i * WL_PAGE_SIZE, seed, at / WL_PAGE_SIZE + i,
					 noise);
		write_all(fd, path, stage, len, (off_t)at);
		port_watchdog_kick();
	}
	sync_file(fd, path);
	close(fd);
	if (!cached)
		check_uncached(path, size);
}

/* Pages that are dirty or on their way to a device, everywhere. */
static unsigned long unclean(void)
{
	static char text[32 << 10];
	static const char *const keys[] = {"\nnr_dirty ", "\nnr_writeback "};
	unsigned long sum = 0;
	size_t i;

	/* Has each CPU hand in its share of the counters. */
	sys_read("/proc/sys/vm/stat_refresh", text, sizeof(text));
	if (sys_read("/proc/vmstat", text, sizeof(text)) < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot read /proc/vmstat: %m");
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *at = strstr(text, keys[i]);

		if (!at)
			agent_fail(WIRE_SETUP_FAILED, "/proc/vmstat has no%s", keys[i]);
		sum += strtoul(at + strlen(keys[i]), NULL, 10);
	}
	return sum;
}

/* Waits until nothing is left to be written, so that no write-back gets into the experiment. */
void sys_clean(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int i;

	if (fd < 0 || syncfs(fd))
		agent_fail(WIRE_SETUP_FAILED, "cannot sync %s: %m", dir);
	close(fd);
	for (i = 0; unclean(); i++) {
		if (i == CLEAN_STEPS)
			agent_fail(WIRE_SETUP_FAILED, "%lu pages stay dirty after a sync",
				   unclean());
		usleep(CLEAN_STEP_US);
	}
}
