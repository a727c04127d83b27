// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file in a shared mapping, touched a page at a time: each touch of a page that reclaim took is a
 * fault that reads, each write makes a page of the page cache dirty behind the kernel's back.
 */
#include <sys/mman.h>

#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/touch.h"

enum { NONE, RANDOM, SEQUENTIAL };
static const char *const advices[] = {"none", "random", "sequential", NULL};

struct mmap_opts {
	char *file;
	struct touch_opts touch;
	uint64_t write;
	uint64_t msync;
	unsigned int advice;
};

static const struct mmap_opts mmap_defaults = {.file = (char *)"", .touch = TOUCH_DEFAULTS};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct mmap_opts, field), __VA_ARGS__}

static const struct conf_key mmap_options[] = {
	KEY(file, CONF_STR, .help = "name of a [file] of the scenario", .required = true),
	TOUCH_KEYS(struct mmap_opts, touch),
	KEY(write, CONF_MILLIONTHS, .max = 1000000,
	    .help = "share of the touches that write; all read. Not 0: a locked byte a page"),
	KEY(msync, CONF_U64, .max = 1ull << 40,
	    .help = "writes between two msync() of the whole mapping, which wait for the device; "
		    "0 = never"),
	KEY(advice, CONF_CHOICE, .choices = advices, .help = "what the kernel is told by madvise()"),
};

enum { TOUCHES, WRITES, SYNCS };

static struct {
	struct wl_pages file;
	struct touch touch;
	uint64_t dirty; /* writes since the last msync() */
} mapping;

static void mmap_setup(struct wl *wl)
{
	const struct mmap_opts *o = wl->opts;

	wl_pages_open(&mapping.file, o->file, WL_MAP | (o->write ? WL_WRITE : 0));
	touch_init(&mapping.touch, &o->touch, mapping.file.pages);
	if (o->advice != NONE &&
	    madvise(mapping.file.map, mapping.file.pages * WL_PAGE_SIZE,
		    o->advice == RANDOM ? MADV_RANDOM : MADV_SEQUENTIAL))
		wl_fail("the kernel does not take the advice %s: %m", advices[o->advice]);
}

static void write_page(struct wl *wl, uint64_t page)
{
	const struct mmap_opts *o = wl->opts;

	wl_pages_write(&mapping.file, page);
	wl->metric[WRITES]++;
	if (!o->msync || ++mapping.dirty < o->msync)
		return;
	mapping.dirty = 0;
	if (msync(mapping.file.map, mapping.file.pages * WL_PAGE_SIZE, MS_SYNC))
		wl_fail("msync: %m");
	wl->metric[SYNCS]++;
}

static void mmap_op(struct wl *wl)
{
	const struct mmap_opts *o = wl->opts;
	uint64_t page = touch_next(&mapping.touch, wl);

	wl_pages_read(&mapping.file, page);
	wl->metric[TOUCHES]++;
	if (wl_chance(wl, o->write))
		write_page(wl, page);
	touch_rest(&mapping.touch);
}

static const struct wl_metric mmap_metrics[] = {
	[TOUCHES] = {"touches", "pages", WL_HIGHER, "pages read and checked"},
	[WRITES] = {"writes", "pages", WL_HIGHER, "pages written after that"},
	[SYNCS] = {"syncs", "count", WL_NONE, "times that msync() was called"},
};

const struct workload workload_mmap = {
	.name = "mmap",
	.summary = "a shared mapping of a file, touched and made dirty in one of many patterns",
	.op = "one page touched",
	WL_TABLE(mmap_options),
	.defaults = &mmap_defaults,
	.opts_size = sizeof(struct mmap_opts),
	.metrics = mmap_metrics,
	.nr_metrics = sizeof(mmap_metrics) / sizeof(mmap_metrics[0]),
	.setup = mmap_setup,
	.op_run = mmap_op,
};
