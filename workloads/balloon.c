// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that grows and shrinks, as a triangle or a square wave.  What it holds it touches, so that
 * others must make room when it grows and may have it back when it shrinks.
 */
#include <sys/mman.h>

#include "workloads/lib/child.h"
#include "workloads/lib/decide.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { TRIANGLE, SQUARE };
static const char *const shapes[] = {"triangle", "square", NULL};
enum { DONTNEED, UNMAP };
static const char *const releases[] = {"dontneed", "munmap", NULL};

/* Pages that are given back in one call. */
#define SLICE 64u

struct balloon_opts {
	uint64_t size;
	uint64_t low;
	uint64_t period;
	unsigned int shape;
	unsigned int release;
	uint64_t pause;
	uint64_t compress;
};

static const struct balloon_opts balloon_defaults = {
	.size = 64 << 20,
	.low = 4 << 20,
	.period = 1000000000,
	.pause = 50000,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct balloon_opts, field), __VA_ARGS__}

static const struct conf_key balloon_options[] = {
	KEY(size, CONF_SIZE, .help = "the most that it holds, bytes", .min = 1 << 20,
	    .max = 1ull << 40),
	KEY(low, CONF_SIZE, .help = "the least that it holds, bytes", .max = 1ull << 40),
	KEY(period, CONF_TIME, .help = "from one low to the next", .min = 1000000,
	    .max = 3600000000000),
	KEY(shape, CONF_CHOICE,
	    .help = "steadily up and down, or low and high for half a period each",
	    .choices = shapes),
	KEY(release, CONF_CHOICE, .help = "how memory is given back", .choices = releases),
	KEY(pause, CONF_TIME, .help = "rest after each touch while the size is right; 0 for none",
	    .max = 1000000000),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { GROWN, RELEASED, TOUCHED };

static struct {
	struct wl_mem mem;
	uint64_t held;  /* pages from the start that are written */
	uint64_t start; /* of the first operation */
} balloon;

static void balloon_setup(struct wl *wl)
{
	const struct balloon_opts *o = wl->opts;

	if (o->low > o->size)
		wl_fail("low is larger than size");
	wl_mem_map(&balloon.mem, o->size, 0, wl->seed, o->compress);
}

static void map_again(char *at, size_t len)
{
	if (mmap(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		wl_fail("cannot map %zu bytes again: %m", len);
}

static void release(struct wl *wl, const struct balloon_opts *o, uint64_t pages)
{
	char *at = wl_mem_page(&balloon.mem, balloon.held - pages);
	size_t len = pages * WL_PAGE_SIZE;

	if (o->release == DONTNEED && madvise(at, len, MADV_DONTNEED))
		wl_fail("cannot give %zu bytes back: %m", len);
	if (o->release == UNMAP) {
		if (munmap(at, len))
			wl_fail("cannot unmap %zu bytes: %m", len);
		/* Empty: the address is to stay ours. */
		map_again(at, len);
	}
	balloon.held -= pages;
	wl->metric[RELEASED] += pages;
}

static void touch(struct wl *wl, const struct balloon_opts *o, uint64_t start)
{
	uint64_t page;

	if (balloon.held) {
		page = wl_below(wl, balloon.held);
		wl_mem_check(&balloon.mem, page);
		wl_mem_dirty(&balloon.mem, page);
		wl->metric[TOUCHED]++;
	}
	/* What is rest is no latency. */
	wl_count(wl_now() - start);
	if (o->pause || !balloon.held)
		wl_nap(o->pause ? o->pause : 1000000);
}

static void balloon_op(struct wl *wl)
{
	const struct balloon_opts *o = wl->opts;
	uint64_t start = wl_now(), target;

	if (!balloon.start)
		balloon.start = start;
	target = decide_balloon(o->shape == SQUARE, start - balloon.start, o->period,
				o->low / WL_PAGE_SIZE, balloon.mem.pages);
	/* Shrinking waits until it is worth a call. */
	if (balloon.held <= target + SLICE && balloon.held >= target) {
		touch(wl, o, start);
		return;
	}
	if (balloon.held < target) {
		wl_mem_write(&balloon.mem, balloon.held++);
		wl->metric[GROWN]++;
	} else {
		release(wl, o, SLICE);
	}
	wl_count(wl_now() - start);
}

static const struct wl_metric balloon_metrics[] = {
	{"grown", "pages", WL_HIGHER, "pages written when it grew"},
	{"released", "pages", WL_NONE, "pages given back"},
	{"touched", "pages", WL_HIGHER, "pages held that were read back and checked"},
};

const struct workload workload_balloon = {
	.name = "balloon",
	.summary = "memory that grows and shrinks as a triangle or a square wave, and is touched",
	.op = "one page grown or touched, or 64 given back",
	WL_TABLE(balloon_options),
	.defaults = &balloon_defaults,
	.opts_size = sizeof(struct balloon_opts),
	.metrics = balloon_metrics,
	.nr_metrics = sizeof(balloon_metrics) / sizeof(balloon_metrics[0]),
	.counts_itself = true,
	.setup = balloon_setup,
	.op_run = balloon_op,
};
