// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared memory, all of it populated and dirty, whose protection is changed to read-only and back.
 * It is no reclaim: a control for what page tables alone cost, as between 6.16 and 6.17, where it
 * went from 25 to 37 ns a page.
 */
#include <sys/mman.h>

#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

/* Pages populated at a time, and pages looked at in each check. */
#define FILL 256
#define LOOK 64

struct mprotect_opts {
	uint64_t size;
	uint64_t check;
	uint64_t compress;
};

static const struct mprotect_opts mprotect_defaults = {
	.size = 64 << 20,
	.check = 16,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct mprotect_opts, field), __VA_ARGS__}

static const struct conf_key mprotect_options[] = {
	KEY(size, CONF_SIZE, .help = "shared memory, bytes", .min = 1 << 20, .max = 1ull << 40),
	KEY(check, CONF_U64, .help = "64 pages are read back after so many pairs; 0 for never",
	    .max = 1000000),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { POPULATED, CHANGED, CHANGE_NS, CHECKED };

static struct {
	struct wl_mem mem;
	uint64_t filled;
	uint64_t pairs;
} prot;

static void mprotect_setup(struct wl *wl)
{
	const struct mprotect_opts *o = wl->opts;
	char *at = mmap(NULL, o->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		wl_fail("cannot map %llu bytes: %m", (unsigned long long)o->size);
	prot.mem = (struct wl_mem){.at = at,
				   .pages = o->size / WL_PAGE_SIZE,
				   .seed = wl->seed,
				   .noise = wl_pattern_noise(o->compress)};
}

static void fill(struct wl *wl)
{
	unsigned int i;

	for (i = 0; i < FILL && prot.filled < prot.mem.pages; i++)
		wl_mem_write(&prot.mem, prot.filled++);
	wl->metric[POPULATED] = prot.filled;
}

static void protect(int flags)
{
	if (mprotect(prot.mem.at, prot.mem.pages * WL_PAGE_SIZE, flags))
		wl_fail("cannot change the protection: %m");
}

/* Also makes them dirty again, as all of it is to be. */
static void look(struct wl *wl)
{
	unsigned int i;

	for (i = 0; i < LOOK; i++) {
		uint64_t page = wl_below(wl, prot.mem.pages);

		wl_mem_check(&prot.mem, page);
		wl_mem_dirty(&prot.mem, page);
	}
	wl->metric[CHECKED] += LOOK;
}

static void mprotect_op(struct wl *wl)
{
	const struct mprotect_opts *o = wl->opts;
	uint64_t start, ns;

	if (prot.filled < prot.mem.pages) {
		fill(wl);
		return;
	}
	start = wl_now();
	protect(PROT_READ);
	protect(PROT_READ | PROT_WRITE);
	ns = wl_now() - start;
	wl_count(ns);
	wl->metric[CHANGED] += 2 * prot.mem.pages;
	wl->metric[CHANGE_NS] += ns;
	if (o->check && ++prot.pairs % o->check == 0)
		look(wl);
}

static const struct wl_metric mprotect_metrics[] = {
	{"populated", "pages", WL_NONE, "pages written before the first pair"},
	{"changed", "pages", WL_HIGHER, "pages times changes of their protection"},
	{"change_ns", "ns", WL_NONE, "time in the calls; by changed, it is the time a page"},
	{"checked", "pages", WL_NONE, "pages read back and checked"},
};

const struct workload workload_mprotect = {
	.name = "mprotect",
	.summary = "shared dirty memory made read-only and writable again: a control, no reclaim",
	.op = "one pair of changes",
	WL_TABLE(mprotect_options),
	.defaults = &mprotect_defaults,
	.opts_size = sizeof(struct mprotect_opts),
	.metrics = mprotect_metrics,
	.nr_metrics = sizeof(mprotect_metrics) / sizeof(mprotect_metrics[0]),
	.counts_itself = true,
	.setup = mprotect_setup,
	.op_run = mprotect_op,
};
