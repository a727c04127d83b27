// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous memory touched a page at a time.  Every page names itself, and whoever reads it back
 * checks that: reclaim and swap must not lose or mix up data.
 */
#include <sys/mman.h>

#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { UNIFORM, ZIPF, HOTCOLD };
static const char *const patterns[] = {"uniform", "zipf", "hotcold", NULL};

struct anon_opts {
	uint64_t size;
	unsigned int pattern;
	uint64_t theta;
	uint64_t hot;
	uint64_t hot_share;
	uint64_t shift;
	uint64_t write;
	uint64_t compress;
};

static const struct anon_opts anon_defaults = {
	.size = 64 << 20,
	.pattern = UNIFORM,
	.theta = 990000,
	.hot = 200000,
	.hot_share = 900000,
	.write = 500000,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct anon_opts, field), __VA_ARGS__}

static const struct conf_key anon_options[] = {
	KEY(size, CONF_SIZE, .help = "memory to map, bytes", .min = 1 << 20, .max = 1ull << 40),
	KEY(pattern, CONF_CHOICE, .help = "which page is touched next", .choices = patterns),
	KEY(theta, CONF_MILLIONTHS, .help = "skew of zipf", .min = 1, .max = 10000000),
	KEY(hot, CONF_MILLIONTHS, .help = "hotcold: share of the pages that is hot", .min = 1,
	    .max = 1000000),
	KEY(hot_share, CONF_MILLIONTHS, .help = "hotcold: share of the touches that go there",
	    .max = 1000000),
	KEY(shift, CONF_TIME,
	    .help = "hotcold: the hot set moves on by its own size so often; 0 = never"),
	KEY(write, CONF_MILLIONTHS, .help = "share of the touches that write", .max = 1000000),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

/* One workload a process: what setup() makes, op_run() uses. */
static struct {
	char *mem;
	uint64_t pages;
	uint64_t touched; /* pages below this have been written once */
	struct wl_zipf zipf;
} anon;

static void anon_setup(struct wl *wl)
{
	const struct anon_opts *o = wl->opts;
	void *mem = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		wl_fail("cannot map %llu bytes: %m", (unsigned long long)o->size);
	anon.mem = mem;
	anon.pages = o->size / WL_PAGE_SIZE;
	if (o->pattern == ZIPF)
		wl_zipf_init(&anon.zipf, anon.pages, o->theta);
}

static uint64_t hotcold(struct wl *wl, const struct anon_opts *o)
{
	uint64_t hot = anon.pages * o->hot / 1000000;
	uint64_t base = o->shift ? wl_now() / o->shift * hot : 0;

	if (!hot)
		hot = 1;
	if (wl_chance(wl, o->hot_share))
		return (base + wl_below(wl, hot)) % anon.pages;
	return wl_below(wl, anon.pages);
}

static uint64_t next_page(struct wl *wl, const struct anon_opts *o)
{
	switch (o->pattern) {
	case ZIPF:
		return wl_scatter(wl_zipf_next(&anon.zipf, wl), anon.pages, wl->seed);
	case HOTCOLD:
		return hotcold(wl, o);
	default:
		return wl_below(wl, anon.pages);
	}
}

/* The first pass writes every page in order: what is resident afterwards is reclaim's choice. */
static void first_touch(struct wl *wl, const struct anon_opts *o)
{
	uint64_t page = anon.touched++;

	wl_pattern_write(anon.mem + page * WL_PAGE_SIZE, wl->seed, page,
			 wl_pattern_noise(o->compress));
	wl->metric[0]++;
}

static void anon_op(struct wl *wl)
{
	const struct anon_opts *o = wl->opts;
	volatile uint64_t *count;
	uint64_t page;

	if (anon.touched < anon.pages) {
		first_touch(wl, o);
		return;
	}
	page = next_page(wl, o);
	if (!wl_pattern_ok(anon.mem + page * WL_PAGE_SIZE, wl->seed, page))
		wl_fail("page %llu does not hold what was written", (unsigned long long)page);
	wl->metric[1]++;
	if (!wl_chance(wl, o->write))
		return;
	/* The last word is no part of the pattern's tag; writing it makes the page dirty. */
	count = (volatile uint64_t *)(anon.mem + (page + 1) * WL_PAGE_SIZE - 8);
	*count += 1;
}

static const struct wl_metric anon_metrics[] = {
	{"populated", "pages", WL_NONE, "pages written for the first time"},
	{"touches", "pages", WL_HIGHER, "pages read back and checked"},
};

const struct workload workload_anon = {
	.name = "anon",
	.summary = "anonymous memory: uniform, zipf or hot/cold touches, the hot set moving",
	.op = "one page touched",
	WL_TABLE(anon_options),
	.defaults = &anon_defaults,
	.opts_size = sizeof(struct anon_opts),
	.metrics = anon_metrics,
	.nr_metrics = sizeof(anon_metrics) / sizeof(anon_metrics[0]),
	.setup = anon_setup,
	.op_run = anon_op,
};
