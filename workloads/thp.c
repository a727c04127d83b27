// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that asks for huge pages, touched 2 MiB at a time.  A share of the units is then split,
 * and can be collapsed again; what they hold is checked before they are given back.  With bulk all
 * of it is touched once and held: whether that pushed others out while memory was free elsewhere is
 * a question to the kernel's counters.
 */
#include <sys/mman.h>
#include <sys/resource.h>

#include "workloads/lib/child.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { DONTNEED, PROTECT, UNMAP };
static const char *const methods[] = {"dontneed", "mprotect", "munmap", NULL};

#define UNITS_MAX 4096ull
#define UNIT_SIZE (2u << 20)
#define UNIT      (UNIT_SIZE / WL_PAGE_SIZE)

struct thp_opts {
	uint64_t size;
	bool bulk;
	uint64_t pause;
	uint64_t split;
	unsigned int method;
	uint64_t pieces;
	bool collapse;
	uint64_t compress;
};

static const struct thp_opts thp_defaults = {
	.size = 32 << 20,
	.pause = 10000000,
	.split = 250000,
	.pieces = 8,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct thp_opts, field), __VA_ARGS__}

static const struct conf_key thp_options[] = {
	KEY(size, CONF_SIZE, .help = "memory, whole units of 2 MiB, bytes", .min = UNIT_SIZE,
	    .max = UNITS_MAX * UNIT_SIZE),
	KEY(bulk, CONF_BOOL,
	    .help = "touch everything once, then hold it and look at a unit at times"),
	KEY(pause, CONF_TIME, .help = "bulk: rest before each look", .min = 1, .max = 1000000000),
	KEY(split, CONF_MILLIONTHS, .help = "share of the units that is split", .max = 1000000),
	KEY(method, CONF_CHOICE, .help = "what splits: done to single pages of the unit",
	    .choices = methods),
	KEY(pieces, CONF_U64, .help = "single pages in a split unit", .min = 1, .max = UNIT / 2),
	KEY(collapse, CONF_BOOL,
	    .help = "ask for split units to be collapsed before they are read back; a refusal is "
		    "counted"),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { HUGE, FAULTS, SPLIT, COLLAPSED, REFUSED, CHECKED };

static struct {
	struct wl_mem mem;
	uint64_t units;
	uint64_t turn; /* units touched so far */
	bool split[UNITS_MAX];
} thp;

static void thp_setup(struct wl *wl)
{
	const struct thp_opts *o = wl->opts;
	uint64_t size = o->size / UNIT_SIZE * UNIT_SIZE;

	thp.units = size / UNIT_SIZE;
	wl_mem_map(&thp.mem, size, UNIT_SIZE, wl->seed, o->compress);
	if (madvise(thp.mem.at, size, MADV_HUGEPAGE))
		wl_fail("cannot ask for huge pages: %m");
}

static char *unit_at(uint64_t unit)
{
	return wl_mem_page(&thp.mem, unit * UNIT);
}

/* The pages that are split off: spread evenly, the first page of the unit never. */
static bool is_piece(const struct thp_opts *o, uint64_t page)
{
	uint64_t step = UNIT / o->pieces;

	return page % step == step / 2 && page / step < o->pieces;
}

static uint64_t minor_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)u.ru_minflt;
}

/* The faults alone are the operation: the rest of each page is written afterwards. */
static void touch_unit(struct wl *wl, uint64_t unit)
{
	uint64_t faults = minor_faults(), start = wl_now(), i;

	for (i = 0; i < UNIT; i++)
		*(volatile uint64_t *)(unit_at(unit) + i * WL_PAGE_SIZE) =
			wl_pattern_tag(thp.mem.seed, unit * UNIT + i);
	wl_count(wl_now() - start);
	faults = minor_faults() - faults;
	wl->metric[FAULTS] += faults;
	wl->metric[HUGE] += faults <= 1;
	for (i = 0; i < UNIT; i++)
		wl_mem_write(&thp.mem, unit * UNIT + i);
	thp.split[unit] = false;
}

static void split_page(const struct thp_opts *o, char *at)
{
	int ret;

	if (o->method == DONTNEED)
		ret = madvise(at, WL_PAGE_SIZE, MADV_DONTNEED);
	else if (o->method == UNMAP)
		ret = munmap(at, WL_PAGE_SIZE);
	else
		ret = mprotect(at, WL_PAGE_SIZE, PROT_READ);
	if (ret)
		wl_fail("cannot split a page off: %m");
}

static void split_unit(struct wl *wl, const struct thp_opts *o, uint64_t unit)
{
	uint64_t i;

	for (i = 0; i < UNIT; i++)
		if (is_piece(o, i))
			split_page(o, unit_at(unit) + i * WL_PAGE_SIZE);
	thp.split[unit] = true;
	wl->metric[SPLIT]++;
}

static void check_unit(struct wl *wl, const struct thp_opts *o, uint64_t unit)
{
	uint64_t i;

	for (i = 0; i < UNIT; i++) {
		if (!thp.split[unit] || !is_piece(o, i) || o->method == PROTECT)
			wl_mem_check(&thp.mem, unit * UNIT + i);
		else if (o->method == DONTNEED &&
			 *(volatile uint64_t *)(unit_at(unit) + i * WL_PAGE_SIZE))
			wl_fail("page %llu does not hold what was written: it should be empty",
				(unsigned long long)(unit * UNIT + i));
	}
	wl->metric[CHECKED] += UNIT;
}

/* Protections must be alike and nothing missing for it, so a hole is one of the refusals. */
static void collapse_unit(struct wl *wl, const struct thp_opts *o, uint64_t unit)
{
	if (o->method == PROTECT && mprotect(unit_at(unit), UNIT_SIZE, PROT_READ | PROT_WRITE))
		wl_fail("cannot make a unit writable: %m");
	if (madvise(unit_at(unit), UNIT_SIZE, MADV_COLLAPSE))
		wl->metric[REFUSED]++;
	else
		wl->metric[COLLAPSED]++;
}

/* As it was before it was touched; MADV_DONTNEED would leave a page table, and so no huge page. */
static void empty_unit(uint64_t unit)
{
	if (mmap(unit_at(unit), UNIT_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ||
	    madvise(unit_at(unit), UNIT_SIZE, MADV_HUGEPAGE))
		wl_fail("cannot map a unit again: %m");
}

static void hold(struct wl *wl, const struct thp_opts *o)
{
	uint64_t start;

	wl_nap(o->pause);
	start = wl_now();
	check_unit(wl, o, wl_below(wl, thp.units));
	wl_count(wl_now() - start);
}

static void thp_op(struct wl *wl)
{
	const struct thp_opts *o = wl->opts;
	uint64_t unit = thp.turn % thp.units;

	if (thp.turn >= thp.units && o->bulk) {
		hold(wl, o);
		return;
	}
	if (thp.turn >= thp.units) {
		if (o->collapse && thp.split[unit])
			collapse_unit(wl, o, unit);
		check_unit(wl, o, unit);
		empty_unit(unit);
	}
	touch_unit(wl, unit);
	if (wl_chance(wl, o->split))
		split_unit(wl, o, unit);
	thp.turn++;
}

static const struct wl_metric thp_metrics[] = {
	{"huge", "count", WL_NONE, "units that came with one fault: as a huge page"},
	{"faults", "count", WL_LOWER, "minor faults of touching units"},
	{"split", "count", WL_NONE, "units split"},
	{"collapsed", "count", WL_NONE, "units collapsed again"},
	{"refused", "count", WL_NONE, "collapses that the kernel refused"},
	{"checked", "pages", WL_HIGHER, "pages read back and checked"},
};

const struct workload workload_thp = {
	.name = "thp",
	.summary = "huge pages touched in bulk, split and collapsed",
	.op = "2 MiB touched for the first time; with bulk also 2 MiB looked at",
	WL_TABLE(thp_options),
	.defaults = &thp_defaults,
	.opts_size = sizeof(struct thp_opts),
	.metrics = thp_metrics,
	.nr_metrics = sizeof(thp_metrics) / sizeof(thp_metrics[0]),
	.counts_itself = true,
	.setup = thp_setup,
	.op_run = thp_op,
};
