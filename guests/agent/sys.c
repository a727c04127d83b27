// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define WAIT_STEP_NS 1000000ull
#define WAIT_STEPS   5000

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
	/* For lru_gen; of a kernel without it, or one that is locked down, that is absent. */
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
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
