// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is locked slice by slice and unlocked again, beside memory that is only touched:
 * pages wander between the unevictable list and the others, and reclaim lives on what is left.
 */
#include <sys/mman.h>

#include "workloads/lib/child.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { MLOCK, ONFAULT, ALL };
static const char *const hows[] = {"mlock", "onfault", "all", NULL};

#define FILL 256

struct mlock_opts {
	uint64_t size;
	uint64_t locked;
	uint64_t slice;
	uint64_t beside;
	uint64_t touches;
	uint64_t pause;
	bool scatter;
	unsigned int how;
	uint64_t compress;
};

static const struct mlock_opts mlock_defaults = {
	.size = 32 << 20,
	.locked = 500000,
	.slice = 1 << 20,
	.beside = 32 << 20,
	.touches = 256,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct mlock_opts, field), __VA_ARGS__}

static const struct conf_key mlock_options[] = {
	KEY(size, CONF_SIZE, .help = "memory whose slices are locked in turn, bytes",
	    .min = 1 << 20, .max = 1ull << 40),
	KEY(locked, CONF_MILLIONTHS, .help = "share of it that is locked at a time", .min = 1,
	    .max = 1000000),
	KEY(slice, CONF_SIZE, .help = "bytes locked, and unlocked, by one operation", .min = 4096,
	    .max = 1 << 30),
	KEY(beside, CONF_SIZE, .help = "memory that is never locked, bytes", .min = 1 << 20,
	    .max = 1ull << 40),
	KEY(touches, CONF_U64, .help = "pages of it touched after each operation", .max = 1000000),
	KEY(pause, CONF_TIME, .help = "rest after each operation once that share is locked",
	    .max = 1000000000),
	KEY(scatter, CONF_BOOL,
	    .help = "slices in a random order: with small ones locked pages lie everywhere"),
	KEY(how, CONF_CHOICE,
	    .help = "what locks: mlock(), mlock2() as pages fault in, or mlockall() of all at "
		    "once, which then unlocks all",
	    .choices = hows),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { LOCKED, UNLOCKED, CHECKED, TOUCHED };

static struct {
	struct wl_mem mem;
	struct wl_mem beside;
	uint64_t filled;
	uint64_t slice; /* pages */
	uint64_t slices;
	uint64_t keep; /* slices that are locked at a time */
	uint64_t turn; /* slices locked so far */
} lock;

static void mlock_setup(struct wl *wl)
{
	const struct mlock_opts *o = wl->opts;

	wl_mem_map(&lock.mem, o->size, 0, wl->seed, o->compress);
	wl_mem_map(&lock.beside, o->beside, 0, wl_mix(wl->seed), o->compress);
	lock.slice = o->slice / WL_PAGE_SIZE;
	lock.slices = lock.mem.pages / lock.slice;
	if (!lock.slices)
		wl_fail("a slice is larger than size");
	lock.keep = lock.slices * o->locked / 1000000;
	if (!lock.keep)
		lock.keep = 1;
}

static void fill(void)
{
	unsigned int i;

	for (i = 0; i < FILL && lock.filled < lock.mem.pages + lock.beside.pages; i++) {
		if (lock.filled < lock.mem.pages)
			wl_mem_write(&lock.mem, lock.filled);
		else
			wl_mem_write(&lock.beside, lock.filled - lock.mem.pages);
		lock.filled++;
	}
}

static uint64_t slice_of(const struct wl *wl, uint64_t turn)
{
	const struct mlock_opts *o = wl->opts;
	uint64_t place = turn % lock.slices;

	return o->scatter ? wl_scatter(place, lock.slices, wl->seed) : place;
}

static char *slice_at(const struct wl *wl, uint64_t turn)
{
	return wl_mem_page(&lock.mem, slice_of(wl, turn) * lock.slice);
}

/* Each page of a slice is looked at while it is locked: with onfault that brings it in. */
static void check_slice(struct wl *wl, uint64_t turn)
{
	uint64_t first = slice_of(wl, turn) * lock.slice, i;

	for (i = 0; i < lock.slice; i++)
		wl_mem_check(&lock.mem, first + i);
	wl->metric[CHECKED] += lock.slice;
}

static void lock_slice(struct wl *wl, bool onfault)
{
	size_t len = lock.slice * WL_PAGE_SIZE;

	if (lock.turn >= lock.keep) {
		if (munlock(slice_at(wl, lock.turn - lock.keep), len))
			wl_fail("cannot unlock %zu bytes: %m", len);
		wl->metric[UNLOCKED] += lock.slice;
	}
	if (mlock2(slice_at(wl, lock.turn), len, onfault ? MLOCK_ONFAULT : 0))
		wl_fail("cannot lock %zu bytes: %m", len);
	wl->metric[LOCKED] += lock.slice;
}

static void lock_all(struct wl *wl)
{
	uint64_t pages = lock.mem.pages + lock.beside.pages;

	if (lock.turn % 2) {
		if (munlockall())
			wl_fail("cannot unlock all memory: %m");
		wl->metric[UNLOCKED] += pages;
	} else {
		if (mlockall(MCL_CURRENT))
			wl_fail("cannot lock all memory: %m");
		wl->metric[LOCKED] += pages;
	}
}

static void touch_beside(struct wl *wl, uint64_t n)
{
	uint64_t i, page;

	for (i = 0; i < n && !wl_stopping(); i++) {
		page = wl_below(wl, lock.beside.pages);
		wl_mem_check(&lock.beside, page);
		wl_mem_dirty(&lock.beside, page);
	}
	wl->metric[TOUCHED] += i;
}

static void mlock_op(struct wl *wl)
{
	const struct mlock_opts *o = wl->opts;
	uint64_t start;

	if (lock.filled < lock.mem.pages + lock.beside.pages) {
		fill();
		return;
	}
	start = wl_now();
	if (o->how == ALL)
		lock_all(wl);
	else
		lock_slice(wl, o->how == ONFAULT);
	wl_count(wl_now() - start);
	check_slice(wl, lock.turn++);
	touch_beside(wl, o->touches);
	if (o->pause && lock.turn >= lock.keep)
		wl_nap(o->pause);
}

static const struct wl_metric mlock_metrics[] = {
	{"locked", "pages", WL_HIGHER, "pages locked"},
	{"unlocked", "pages", WL_NONE, "pages unlocked"},
	{"checked", "pages", WL_HIGHER, "pages of locked slices read back and checked"},
	{"touched", "pages", WL_HIGHER, "pages beside them read back and checked"},
};

const struct workload workload_mlock = {
	.name = "mlock",
	.summary = "slices of memory locked and unlocked in turn beside memory that is not",
	.op = "one slice locked and the oldest unlocked, or all locked or unlocked",
	WL_TABLE(mlock_options),
	.defaults = &mlock_defaults,
	.opts_size = sizeof(struct mlock_opts),
	.metrics = mlock_metrics,
	.nr_metrics = sizeof(mlock_metrics) / sizeof(mlock_metrics[0]),
	.counts_itself = true,
	.setup = mlock_setup,
	.op_run = mlock_op,
};
