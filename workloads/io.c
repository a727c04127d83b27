// SPDX-License-Identifier: GPL-2.0-only
/*
 * Direct reads and writes, past the page cache: what a device does by itself.  So many threads each
 * have one request under way.  Files keep their pages' tags, which reads check; a device is read
 * only, since something else lives on it.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "workloads/lib/data.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

#define THREADS_MAX 64

enum { RANDOM, SEQUENTIAL };
static const char *const patterns[] = {"random", "sequential", NULL};

struct io_opts {
	char *file;
	char *device;
	unsigned int pattern;
	uint64_t block;
	uint64_t write;
	uint64_t threads;
};

static const struct io_opts io_defaults = {
	.file = (char *)"",
	.device = (char *)"",
	.pattern = RANDOM,
	.block = 4096,
	.threads = 1,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct io_opts, field), __VA_ARGS__}

static const struct conf_key io_options[] = {
	KEY(file, CONF_STR, .help = "name of a [file] of the scenario"),
	KEY(device, CONF_STR, .help = "in place of a file: a device by its name below /dev"),
	KEY(pattern, CONF_CHOICE, .help = "which block is next", .choices = patterns),
	KEY(block, CONF_SIZE, .help = "bytes of a request, a multiple of 4096", .min = 4096,
	    .max = 1 << 20),
	KEY(write, CONF_MILLIONTHS, .help = "share of the requests that write", .max = 1000000),
	KEY(threads, CONF_U64, .help = "requests under way at a time", .min = 1,
	    .max = THREADS_MAX),
};

/* One for each thread; the generators differ so that the threads do not follow each other. */
struct worker {
	struct wl wl;
	char *block;
	pthread_t thread;
};

static struct {
	int fd;
	uint64_t seed;
	uint64_t blocks;
	uint64_t next;
	bool tagged;
	bool started;
	struct worker worker[THREADS_MAX];
} io;

static uint64_t open_device(const char *name)
{
	char path[128];
	uint64_t size;

	snprintf(path, sizeof(path), "/dev/%s", name);
	io.fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (io.fd < 0 || ioctl(io.fd, BLKGETSIZE64, &size))
		wl_fail("cannot open %s: %m", path);
	return size;
}

static uint64_t open_file(const char *name, bool write)
{
	char path[128];
	off_t size;

	snprintf(path, sizeof(path), WL_DATA_DIR "/%s", name);
	io.fd = open(path, (write ? O_RDWR : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	size = io.fd < 0 ? -1 : lseek(io.fd, 0, SEEK_END);
	if (size < 0)
		wl_fail("cannot open %s: %m", path);
	io.tagged = true;
	io.seed = wl_data_seed(name);
	return (uint64_t)size;
}

static void make_worker(struct worker *w, const struct wl *wl, unsigned int nr)
{
	const struct io_opts *o = wl->opts;
	unsigned int i;

	w->wl = *wl;
	for (i = 0; i < 4; i++)
		w->wl.rng[i] ^= wl_mix(nr * 4 + i);
	if (posix_memalign((void **)&w->block, WL_PAGE_SIZE, o->block))
		wl_fail("out of memory");
	memset(w->block, 0, o->block);
}

static void io_setup(struct wl *wl)
{
	const struct io_opts *o = wl->opts;
	unsigned int i;

	if (!*o->file == !*o->device)
		wl_fail("give either a file or a device");
	if (*o->device && o->write)
		wl_fail("a device is read only: something else lives on it");
	if (o->block % WL_PAGE_SIZE)
		wl_fail("a block must be a multiple of 4096");
	io.blocks = *o->device ? open_device(o->device) : open_file(o->file, o->write);
	io.blocks /= o->block;
	if (!io.blocks)
		wl_fail("there is not one block to read");
	for (i = 0; i < o->threads; i++)
		make_worker(&io.worker[i], wl, i);
}

static uint64_t next_block(struct worker *w, const struct io_opts *o)
{
	if (o->pattern == SEQUENTIAL)
		return __atomic_fetch_add(&io.next, 1, __ATOMIC_RELAXED) % io.blocks;
	return wl_below(&w->wl, io.blocks);
}

static void check_block(const struct worker *w, const struct io_opts *o, uint64_t block)
{
	uint64_t page = block * (o->block / WL_PAGE_SIZE), i;

	for (i = 0; io.tagged && i < o->block / WL_PAGE_SIZE; i++)
		if (!wl_pattern_ok(w->block + i * WL_PAGE_SIZE, io.seed, page + i))
			wl_fail("page %llu does not hold what was written",
				(unsigned long long)(page + i));
}

static void fill_block(const struct worker *w, const struct io_opts *o, uint64_t block)
{
	uint64_t page = block * (o->block / WL_PAGE_SIZE), i;

	for (i = 0; i < o->block / WL_PAGE_SIZE; i++)
		wl_pattern_write(w->block + i * WL_PAGE_SIZE, io.seed, page + i, 0);
}

/* Returns what the request itself took, in ns. */
static uint64_t one_request(struct worker *w, const struct io_opts *o)
{
	uint64_t block = next_block(w, o), start;
	bool write = wl_chance(&w->wl, o->write);
	off_t at = (off_t)(block * o->block);
	ssize_t n;

	if (write)
		fill_block(w, o, block);
	start = wl_now();
	n = write ? pwrite(io.fd, w->block, o->block, at) : pread(io.fd, w->block, o->block, at);
	start = wl_now() - start;
	if (n != (ssize_t)o->block)
		wl_fail("a request at block %llu failed: %m", (unsigned long long)block);
	if (!write)
		check_block(w, o, block);
	__atomic_fetch_add(&w->wl.metric[write], 1, __ATOMIC_RELAXED);
	return start;
}

static void *worker(void *arg)
{
	struct worker *w = arg;

	while (!wl_stopping())
		wl_count(one_request(w, w->wl.opts));
	return NULL;
}

/* Not in setup: the threads must wait at the gate too. */
static void start_threads(const struct io_opts *o)
{
	unsigned int i;

	io.started = true;
	for (i = 1; i < o->threads; i++)
		if (pthread_create(&io.worker[i].thread, NULL, worker, &io.worker[i]))
			wl_fail("cannot start a thread");
}

static void io_op(struct wl *wl)
{
	if (!io.started)
		start_threads(wl->opts);
	one_request(&io.worker[0], wl->opts);
}

static const struct wl_metric io_metrics[] = {
	{"reads", "count", WL_NONE, "requests that read"},
	{"writes", "count", WL_NONE, "requests that wrote"},
};

const struct workload workload_io = {
	.name = "io",
	.summary = "direct reads and writes of a file or a device, past the page cache",
	.op = "one request",
	WL_TABLE(io_options),
	.defaults = &io_defaults,
	.opts_size = sizeof(struct io_opts),
	.metrics = io_metrics,
	.nr_metrics = sizeof(io_metrics) / sizeof(io_metrics[0]),
	.setup = io_setup,
	.op_run = io_op,
};
