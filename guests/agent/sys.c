// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "wire/fsruns.h"
#include "workloads/lib/pattern.h"

#define WAIT_STEP_NS 1000000ull
#define WAIT_STEPS   5000

/* One staging buffer for set-up I/O, aligned for O_DIRECT. */
static char stage[1 << 20] __attribute__((aligned(4096)));

long sys_read(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, out, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		n--;
	out[n] = '\0';
	return n;
}

void sys_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", path);
	if (write(fd, text, strlen(text)) < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot write '%s' to %s: %m", text, path);
	close(fd);
}

void sys_mkdir(const char *path)
{
	if (mkdir(path, 0755) && errno != EEXIST)
		agent_fail(WIRE_SETUP_FAILED, "cannot make folder %s: %m", path);
}

void sys_mount(const char *type, const char *from, const char *to, const char *opts)
{
	unsigned long flags = opts && !strcmp(opts, "noatime") ? MS_NOATIME : 0;

	sys_mkdir(to);
	if (mount(from, to, type, flags, flags ? NULL : opts))
		agent_fail(WIRE_SETUP_FAILED, "cannot mount %s (%s) on %s: %m", from, type, to);
}

void sys_base_mounts(void)
{
	sys_mount("proc", "proc", "/proc", NULL);
	sys_mount("sysfs", "sys", "/sys", NULL);
	sys_mount("devtmpfs", "dev", "/dev", NULL);
	sys_mount("cgroup2", "cgroup", "/sys/fs/cgroup", "memory_recursiveprot");
}

void sys_insmod(const char *name, const char *params)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", path);
	if (syscall(SYS_finit_module, fd, params, 0) && errno != EEXIST)
		agent_fail(WIRE_SETUP_FAILED, "cannot load module %s %s: %m", name, params);
	close(fd);
	/* Its pages are no part of the experiment. */
	unlink(path);
}

/* Device stores are kernel memory, which follows the policy of the task that has it allocated. */
void sys_interleave(unsigned long nodes)
{
	int mode = nodes ? MPOL_INTERLEAVE : MPOL_DEFAULT;

	if (syscall(SYS_set_mempolicy, mode, nodes ? &nodes : NULL, nodes ? 8 * sizeof(nodes) : 0))
		agent_fail(WIRE_SETUP_FAILED, "cannot set the memory policy: %m");
}

/* A device node can appear a moment after its module's load returns. */
void sys_wait_path(const char *path)
{
	struct timespec step = {.tv_nsec = WAIT_STEP_NS};
	int i;

	for (i = 0; i < WAIT_STEPS; i++) {
		if (!access(path, F_OK))
			return;
		nanosleep(&step, NULL);
	}
	agent_fail(WIRE_SETUP_FAILED, "%s did not appear", path);
}

void sys_expect(const char *path, const char *want)
{
	char got[256];
	long n = sys_read(path, got, sizeof(got));

	if (n < 0)
		agent_fail(WIRE_SETUP_FAILED, "%s should say '%s' but cannot be read: %s", path,
			   want, strerror((int)-n));
	if (strcmp(got, want))
		agent_fail(WIRE_SETUP_FAILED, "%s says '%s', not '%s' as asked", path, got, want);
}

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

void sys_swapon(const char *dev, uint64_t size, int prio)
{
	int flags = SWAP_FLAG_PREFER | (prio & SWAP_FLAG_PRIO_MASK);

	make_swap(dev, size);
	if (swapon(dev, flags))
		agent_fail(WIRE_SETUP_FAILED, "swapon %s: %m", dev);
	check_swap(dev, size);
}

/*
 * Makes the kernel's random numbers a function of the seed.  RDRAND is masked, so what the pool
 * held before is the same for every seed; this is what tells the seeds apart (I/O latency jitter
 * and all else that the kernel draws).
 */
void sys_seed(const char *hex)
{
	struct {
		int entropy_count;
		int buf_size;
		unsigned char buf[32];
	} pool = {.entropy_count = 256, .buf_size = 32};
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	int i;

	for (i = 0; i < 32; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &pool.buf[i]) != 1)
			agent_fail(WIRE_AGENT_ERROR, "bad seed in the plan");
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) || ioctl(fd, RNDRESEEDCRNG, 0))
		agent_fail(WIRE_SETUP_FAILED, "cannot seed the kernel's random numbers: %m");
	close(fd);
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

/*
 * Has the device allocate its whole store now, so that nothing is allocated there under pressure.
 */
static void touch_device(int fd, const char *dev, uint64_t size)
{
	uint64_t at;

	memset(stage, 0, sizeof(stage));
	for (at = 0; at < size; at += sizeof(stage))
		write_all(fd, dev, stage, sizeof(stage), (off_t)at);
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
	touch_device(out, dev, size);
	while (head.nr_runs--)
		write_run(in, runs, out, dev);
	close(in);
	close(out);
	unlink(runs);
}

/* Data before pressure: past the page cache, so that it starts empty. */
void sys_fill(const char *path, uint64_t size, uint64_t seed)
{
	int fd = open_direct(path, O_CREAT | O_TRUNC);
	uint64_t at, i;

	for (at = 0; at < size; at += sizeof(stage)) {
		size_t len = size - at < sizeof(stage) ? (size_t)(size - at) : sizeof(stage);

		for (i = 0; i < len / WL_PAGE_SIZE; i++)
			wl_pattern_write(stage + i * WL_PAGE_SIZE, seed, at / WL_PAGE_SIZE + i,
					 WL_FILE_NOISE);
		write_all(fd, path, stage, len, (off_t)at);
	}
	if (fsync(fd))
		agent_fail(WIRE_SETUP_FAILED, "cannot sync %s: %m", path);
	close(fd);
}
