// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file read from its start to its end, over and over.  When it is larger than what may be cached,
 * least-recently-used order evicts each page just before it is needed again: the worst case of
 * LRU, and the first that a better policy should win.
 *
 * Read once only, it is what no policy should keep anything of.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { READ, MMAP };
static const char *const accesses[] = {"read", "mmap", NULL};

enum { FORWARD, BACKWARD, SHUFFLED };
static const char *const orders[] = {"forward", "backward", "shuffled", NULL};

enum { NONE, SEQUENTIAL, RANDOM, NOREUSE, DONTNEED };
static const char *const advices[] = {"none", "sequential", "random", "noreuse", "dontneed", NULL};

struct scan_opts {
	char *file;
	unsigned int access;
	uint64_t chunk;
	unsigned int order;
	bool repeat;
	uint64_t share;
	unsigned int advice;
	uint64_t pause;
};

static const struct scan_opts scan_defaults = {
	.file = (char *)"",
	.access = READ,
	.chunk = 64 << 10,
	.repeat = true,
	.share = 1000000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct scan_opts, field), __VA_ARGS__}

static const struct conf_key scan_options[] = {
	KEY(file, CONF_STR, .help = "name of a [file] of the scenario", .required = true),
	KEY(access, CONF_CHOICE, .help = "read() or a shared mapping", .choices = accesses),
	KEY(chunk, CONF_SIZE, .help = "bytes read by one operation, whole pages", .min = 4096,
	    .max = 1 << 30),
	KEY(order, CONF_CHOICE, .choices = orders,
	    .help = "forward; backward; shuffled, each page once in an order that is new each pass"),
	KEY(repeat, CONF_BOOL,
	    .help = "start again at the end; without, ten idle operations a second follow"),
	KEY(share, CONF_MILLIONTHS, .help = "share of the file that is read, from its start",
	    .min = 1, .max = 1000000),
	KEY(advice, CONF_CHOICE, .choices = advices,
	    .help = "what the kernel is told, by fadvise() or madvise(); dontneed: of each chunk "
		    "once it was read"),
	KEY(pause, CONF_TIME, .help = "rest after each chunk, not counted as latency; 0 = none",
	    .max = 60000000000),
};

static struct {
	struct wl_pages file;
	uint64_t pages; /* of the file, that are read */
	uint64_t next;
	uint64_t pass;
} scan;

/* The mapping is told what madvise() knows; NOREUSE is the open file's, mapped or not. */
static void advise(unsigned int advice)
{
	static const int file[] = {[SEQUENTIAL] = POSIX_FADV_SEQUENTIAL,
				   [RANDOM] = POSIX_FADV_RANDOM,
				   [NOREUSE] = POSIX_FADV_NOREUSE};
	bool map = scan.file.map && advice != NOREUSE;
	int ret;

	if (advice == NONE || advice == DONTNEED)
		return;
	if (map)
		ret = madvise(scan.file.map, scan.file.pages * WL_PAGE_SIZE,
			      advice == RANDOM ? MADV_RANDOM : MADV_SEQUENTIAL);
	else
		ret = posix_fadvise(scan.file.fd, 0, 0, file[advice]);
	if (ret)
		wl_fail("the kernel does not take the advice %s", advices[advice]);
}

static void scan_setup(struct wl *wl)
{
	const struct scan_opts *o = wl->opts;

	wl_pages_open(&scan.file, o->file, o->access == MMAP ? WL_MAP : 0);
	scan.pages = scan.file.pages * o->share / 1000000;
	if (!scan.pages)
		scan.pages = 1;
	advise(o->advice);
}

/* The page at this place of the pass. */
static uint64_t page_at(const struct wl *wl, uint64_t place)
{
	const struct scan_opts *o = wl->opts;

	if (o->order == SHUFFLED)
		return wl_scatter(place, scan.pages, wl->seed ^ wl_mix(scan.pass));
	return o->order == BACKWARD ? scan.pages - 1 - place : place;
}

/* A page in a mapping is in use until it is unmapped. */
static void drop(const struct wl *wl, uint64_t from, uint64_t to)
{
	for (; from < to; from++) {
		uint64_t at = page_at(wl, from) * WL_PAGE_SIZE;

		if (scan.file.map && madvise(scan.file.map + at, WL_PAGE_SIZE, MADV_DONTNEED))
			wl_fail("cannot unmap a page: %m");
		if (posix_fadvise(scan.file.fd, (off_t)at, WL_PAGE_SIZE, POSIX_FADV_DONTNEED))
			wl_fail("cannot drop a page");
	}
}

static void read_chunk(struct wl *wl, uint64_t end)
{
	const struct scan_opts *o = wl->opts;
	uint64_t from = scan.next;

	for (; scan.next < end && !wl_stopping(); scan.next++) {
		wl_pages_read(&scan.file, page_at(wl, scan.next));
		wl->metric[0]++;
	}
	if (o->advice == DONTNEED)
		drop(wl, from, scan.next);
}

static void scan_op(struct wl *wl)
{
	const struct scan_opts *o = wl->opts;
	uint64_t n = o->chunk / WL_PAGE_SIZE;

	if (scan.pass && !o->repeat) {
		wl_idle();
		return;
	}
	while (n && !wl_stopping()) {
		uint64_t end = scan.next + n < scan.pages ? scan.next + n : scan.pages;

		n -= end - scan.next;
		read_chunk(wl, end);
		if (scan.next < scan.pages)
			continue;
		scan.next = 0;
		scan.pass++;
		wl->metric[1]++;
		if (!o->repeat)
			break;
	}
	if (o->pause)
		wl_rest(o->pause);
}

static const struct wl_metric scan_metrics[] = {
	{"pages", "pages", WL_HIGHER, "pages read and checked"},
	{"passes", "count", WL_NONE, "times the end of the file was reached"},
};

const struct workload workload_scan = {
	.name = "scan",
	.summary = "a file read from start to end, backward or shuffled, over and over or once",
	.op = "one chunk read",
	WL_TABLE(scan_options),
	.defaults = &scan_defaults,
	.opts_size = sizeof(struct scan_opts),
	.metrics = scan_metrics,
	.nr_metrics = sizeof(scan_metrics) / sizeof(scan_metrics[0]),
	.setup = scan_setup,
	.op_run = scan_op,
};
