// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files without a device: a FUSE server in the guest, for kernels that have no modules.
 *
 * The files are read only and hold tagged pages, which are made up as they are read, so nothing is
 * stored.  The kernel keeps what it reads in its page cache like that of any file system.  There are
 * as many server processes as the device works on requests at a time; each answers after the
 * latency.  Like the agent they are locked in memory and above every workload.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "workloads/lib/pattern.h"

#define FILES_MAX 16
#define READ_MAX  (128u << 10)
#define FOREVER   1000000000u
#define FIRST_ID  2u /* 1 is the root */

struct file {
	char name[NAME_MAX_];
	uint64_t size;
	uint64_t seed;
	uint64_t noise;
};

/* Shared by the agent, which adds files, and the servers. */
static struct table {
	struct file file[FILES_MAX];
	unsigned int nr;
} *table;

static struct {
	char dir[NAME_MAX_];
	int fd;
	uint64_t latency_ns;
	bool jitter;
	unsigned int queue;
} serve;

static char request[FUSE_MIN_READ_BUFFER + READ_MAX] __attribute__((aligned(8)));
static char pages[READ_MAX + WL_PAGE_SIZE] __attribute__((aligned(4096)));

/* A request that was interrupted is gone, and no one to answer: not an error. */
static void answer(const struct fuse_in_header *in, int error, const void *data, size_t len)
{
	struct fuse_out_header out = {.len = (uint32_t)(sizeof(out) + len),
				      .error = error,
				      .unique = in->unique};
	struct iovec iov[] = {{&out, sizeof(out)}, {(void *)data, len}};

	if (writev(serve.fd, iov, len ? 2 : 1) < 0 && errno != ENOENT)
		_exit(1);
}

static const struct file *file_of(uint64_t id)
{
	return id >= FIRST_ID && id - FIRST_ID < table->nr ? &table->file[id - FIRST_ID] : NULL;
}

static struct fuse_attr attr_of(uint64_t id)
{
	const struct file *f = file_of(id);
	struct fuse_attr attr = {.ino = id, .blksize = WL_PAGE_SIZE, .nlink = 1};

	attr.mode = f ? 0100444 : 0040555;
	attr.size = f ? f->size : 0;
	attr.blocks = attr.size / 512;
	return attr;
}

static void do_init(const struct fuse_in_header *in)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = READ_MAX,
		.flags = FUSE_ASYNC_READ | FUSE_MAX_PAGES,
		.max_background = (uint16_t)serve.queue,
		.congestion_threshold = (uint16_t)serve.queue,
		.max_write = WL_PAGE_SIZE,
		.time_gran = 1,
		.max_pages = READ_MAX / WL_PAGE_SIZE,
	};

	answer(in, 0, &out, sizeof(out));
}

static void do_lookup(const struct fuse_in_header *in, const char *name)
{
	struct fuse_entry_out out = {.entry_valid = FOREVER, .attr_valid = FOREVER};
	unsigned int i;

	for (i = 0; i < table->nr && strcmp(table->file[i].name, name); i++)
		;
	if (i == table->nr) {
		answer(in, -ENOENT, NULL, 0);
		return;
	}
	out.nodeid = FIRST_ID + i;
	out.generation = 1;
	out.attr = attr_of(out.nodeid);
	answer(in, 0, &out, sizeof(out));
}

static void do_getattr(const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {.attr_valid = FOREVER, .attr = attr_of(in->nodeid)};

	answer(in, 0, &out, sizeof(out));
}

static void do_open(const struct fuse_in_header *in, const struct fuse_open_in *open_in)
{
	struct fuse_open_out out = {.open_flags = FOPEN_KEEP_CACHE};

	if ((open_in->flags & O_ACCMODE) != O_RDONLY)
		answer(in, -EROFS, NULL, 0);
	else
		answer(in, 0, &out, sizeof(out));
}

static struct timespec due(void)
{
	uint64_t delay = serve.latency_ns;
	struct timespec ts;
	uint32_t random;

	if (serve.jitter && getrandom(&random, sizeof(random), 0) == sizeof(random))
		delay = (uint64_t)random * delay >> 32;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	delay += (uint64_t)ts.tv_nsec;
	ts.tv_sec += (time_t)(delay / 1000000000u);
	ts.tv_nsec = (long)(delay % 1000000000u);
	return ts;
}

static void do_read(const struct fuse_in_header *in, const struct fuse_read_in *read_in)
{
	const struct file *f = file_of(in->nodeid);
	struct timespec until = due();
	uint64_t page = read_in->offset / WL_PAGE_SIZE, skip = read_in->offset % WL_PAGE_SIZE, i;
	uint64_t len = read_in->size;

	if (!f || len > READ_MAX) {
		answer(in, -EIO, NULL, 0);
		return;
	}
	if (read_in->offset >= f->size)
		len = 0;
	else if (len > f->size - read_in->offset)
		len = f->size - read_in->offset;
	for (i = 0; i * WL_PAGE_SIZE < skip + len; i++)
		wl_pattern_write(pages + i * WL_PAGE_SIZE, f->seed, page + i, f->noise);
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	answer(in, 0, pages + skip, len);
}

static void handle(const struct fuse_in_header *in)
{
	const void *arg = in + 1;

	switch (in->opcode) {
	case FUSE_INIT:
		do_init(in);
		break;
	case FUSE_LOOKUP:
		do_lookup(in, arg);
		break;
	case FUSE_GETATTR:
		do_getattr(in);
		break;
	case FUSE_OPEN:
		do_open(in, arg);
		break;
	case FUSE_READ:
		do_read(in, arg);
		break;
	case FUSE_RELEASE:
		answer(in, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		answer(in, -ENOSYS, NULL, 0);
		break;
	}
}

static void run_server(void)
{
	/* A workload's reads must not hang because the OOM killer took their server. */
	sys_write("/proc/self/oom_score_adj", "-1000");
	/* On fault: otherwise each server would have its own copy of all that the agent has. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		_exit(1);
	for (;;) {
		ssize_t n = read(serve.fd, request, sizeof(request) - 1);

		if (n < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
			_exit(1);
		if (n < (ssize_t)sizeof(struct fuse_in_header))
			continue;
		request[n] = '\0';
		handle((const struct fuse_in_header *)(const void *)request);
	}
}

static void start_servers(void)
{
	unsigned int i;
	pid_t pid;

	for (i = 0; i < serve.queue; i++) {
		pid = fork();
		if (pid < 0)
			agent_fail(WIRE_SETUP_FAILED, "cannot start a file server: %m");
		if (!pid)
			run_server();
	}
	close(serve.fd);
}

void sys_fuse(const char *dir, uint64_t latency_ns, bool jitter, unsigned int queue)
{
	char opts[96];

	serve.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (serve.fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "this kernel has no FUSE: %m");
	table = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (table == MAP_FAILED)
		agent_fail(WIRE_SETUP_FAILED, "cannot map the table of files: %m");
	snprintf(serve.dir, sizeof(serve.dir), "%s/", dir);
	serve.latency_ns = latency_ns;
	serve.jitter = jitter;
	serve.queue = queue;
	snprintf(opts, sizeof(opts), "fd=%d,rootmode=40000,user_id=0,group_id=0,max_read=%u",
		 serve.fd, READ_MAX);
	sys_mkdir(dir);
	if (mount("wringer", dir, "fuse", MS_NOATIME | MS_NODEV | MS_NOSUID, opts))
		agent_fail(WIRE_SETUP_FAILED, "cannot mount FUSE on %s: %m", dir);
	start_servers();
}

bool sys_fuse_fill(const char *path, uint64_t size, uint64_t seed, size_t noise)
{
	struct file *f;

	if (!table || strncmp(path, serve.dir, strlen(serve.dir)))
		return false;
	if (table->nr == FILES_MAX)
		agent_fail(WIRE_SETUP_FAILED, "more than %d files", FILES_MAX);
	f = &table->file[table->nr];
	snprintf(f->name, sizeof(f->name), "%s", path + strlen(serve.dir));
	f->size = size;
	f->seed = seed;
	f->noise = noise;
	table->nr++;
	return true;
}
