// SPDX-License-Identifier: GPL-2.0-only
/*
 * Advice on slices of anonymous memory, and of a file: pages are pushed out, made cold, freed,
 * dropped, fetched and populated.  What a slice holds then is checked when its next turn comes, so
 * that reclaim has had its time with it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/lib/mem.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { PAGEOUT, COLD, FREE, DONTNEED, WILLNEED, POPULATE, ANY };
static const char *const advices[] = {"pageout",  "cold",     "free", "dontneed",
				      "willneed", "populate", "any",  NULL};

#define FILL 256

struct madvise_opts {
	uint64_t size;
	uint64_t slice;
	unsigned int advice;
	char *file;
	uint64_t compress;
};

static const struct madvise_opts madvise_defaults = {
	.size = 32 << 20,
	.slice = 256 << 10,
	.advice = ANY,
	.file = (char *)"",
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct madvise_opts, field), __VA_ARGS__}

static const struct conf_key madvise_options[] = {
	KEY(size, CONF_SIZE, .help = "anonymous memory, bytes", .min = 1 << 20, .max = 1ull << 40),
	KEY(slice, CONF_SIZE, .help = "bytes of one call", .min = 4096, .max = 64 << 20),
	KEY(advice, CONF_CHOICE, .help = "what is called for; any: one of the others at random",
	    .choices = advices),
	KEY(file, CONF_STR,
	    .help = "name of a [file] that is mapped too: its slices are used as the others are, "
		    "but for free"),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { PAGED_OUT, FREED, DROPPED, CALLED, CALL_NS, CHECKED };

/* What a slice holds. */
enum state { DATA, MAYBE, ZERO };

static struct {
	struct wl_mem mem;
	struct wl_pages file;
	uint64_t filled;
	uint64_t pages;  /* of a slice */
	uint64_t slices; /* of anonymous memory; those of the file follow */
	uint64_t file_slices;
	unsigned char *state;
	int pagemap;     /* /proc/self/pagemap */
	uint64_t *entry; /* of a slice, in there */
} adv;

static void madvise_setup(struct wl *wl)
{
	const struct madvise_opts *o = wl->opts;

	wl_mem_map(&adv.mem, o->size, 0, wl->seed, o->compress);
	adv.pages = o->slice / WL_PAGE_SIZE;
	adv.slices = adv.mem.pages / adv.pages;
	if (!adv.slices)
		wl_fail("a slice is larger than size");
	if (*o->file) {
		wl_pages_open(&adv.file, o->file, WL_MAP);
		adv.file_slices = adv.file.pages / adv.pages;
	}
	adv.state = calloc(adv.slices + adv.file_slices, 1);
	adv.entry = calloc(adv.pages, sizeof(*adv.entry));
	if (!adv.state || !adv.entry)
		wl_fail("out of memory");
	adv.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (adv.pagemap < 0)
		wl_fail("cannot open /proc/self/pagemap: %m");
}

static bool is_file(uint64_t slice)
{
	return slice >= adv.slices;
}

static char *slice_at(uint64_t slice)
{
	if (is_file(slice))
		return (char *)(uintptr_t)adv.file.map +
		       (slice - adv.slices) * adv.pages * WL_PAGE_SIZE;
	return wl_mem_page(&adv.mem, slice * adv.pages);
}

/* Pages that are mapped: mincore() would also tell those on their way to swap. */
static uint64_t present_pages(uint64_t slice)
{
	uint64_t first = (uintptr_t)slice_at(slice) / WL_PAGE_SIZE, i, n = 0;
	size_t len = adv.pages * sizeof(*adv.entry);

	if (pread(adv.pagemap, adv.entry, len, (off_t)(first * sizeof(*adv.entry))) != (ssize_t)len)
		wl_fail("cannot tell which pages are in memory: %m");
	for (i = 0; i < adv.pages; i++)
		n += adv.entry[i] >> 63;
	return n;
}

/* True when the page is empty, as it may be after MADV_FREE and must be after MADV_DONTNEED. */
static bool check_page(uint64_t page, enum state state)
{
	uint64_t first;

	/* A write ends what MADV_FREE began: from here on the page does not change any more. */
	if (state == MAYBE)
		wl_mem_dirty(&adv.mem, page);
	first = *(volatile uint64_t *)wl_mem_page(&adv.mem, page);
	if (state == ZERO && first)
		wl_fail("page %llu does not hold what was written: it should be empty",
			(unsigned long long)page);
	if (state == DATA || (state == MAYBE && first))
		wl_mem_check(&adv.mem, page);
	return !first;
}

/* Reads the slice back; with whole, as always after MADV_FREE, it is data again afterwards. */
static void check_slice(struct wl *wl, uint64_t slice, bool whole)
{
	uint64_t i, page;

	for (i = 0; i < adv.pages; i++) {
		page = slice * adv.pages + i;
		if (is_file(slice)) {
			wl_pages_read(&adv.file, page - adv.slices * adv.pages);
		} else if (check_page(page, adv.state[slice])) {
			wl->metric[FREED] += adv.state[slice] == MAYBE;
			if (whole)
				wl_mem_write(&adv.mem, page);
		} else if (whole) {
			wl_mem_dirty(&adv.mem, page);
		}
	}
	if (whole)
		adv.state[slice] = DATA;
	wl->metric[CHECKED] += adv.pages;
}

static int advice_of(unsigned int advice, bool file)
{
	switch (advice) {
	case PAGEOUT:
		return MADV_PAGEOUT;
	case COLD:
		return MADV_COLD;
	case FREE:
		return MADV_FREE;
	case DONTNEED:
		return MADV_DONTNEED;
	case WILLNEED:
		return MADV_WILLNEED;
	default:
		return file ? MADV_POPULATE_READ : MADV_POPULATE_WRITE;
	}
}

static void call(struct wl *wl, uint64_t slice, unsigned int advice)
{
	uint64_t start = wl_now(), ns;

	if (madvise(slice_at(slice), adv.pages * WL_PAGE_SIZE, advice_of(advice, is_file(slice))))
		wl_fail("madvise for %s failed: %m", advices[advice]);
	ns = wl_now() - start;
	wl_count(ns);
	wl->metric[CALLED] += adv.pages;
	wl->metric[CALL_NS] += ns;
}

static void advise(struct wl *wl, uint64_t slice, unsigned int advice)
{
	uint64_t before = advice == PAGEOUT ? present_pages(slice) : 0, after;

	call(wl, slice, advice);
	after = advice == PAGEOUT ? present_pages(slice) : 0;
	wl->metric[PAGED_OUT] += before > after ? before - after : 0;
	if (is_file(slice))
		return;
	if (advice == DONTNEED) {
		adv.state[slice] = ZERO;
		wl->metric[DROPPED] += adv.pages;
	} else if (advice == FREE) {
		adv.state[slice] = MAYBE;
	}
}

static void fill(void)
{
	unsigned int i;

	for (i = 0; i < FILL && adv.filled < adv.mem.pages; i++)
		wl_mem_write(&adv.mem, adv.filled++);
}

static void madvise_op(struct wl *wl)
{
	const struct madvise_opts *o = wl->opts;
	uint64_t slice;
	unsigned int advice = o->advice;

	if (adv.filled < adv.mem.pages) {
		fill();
		return;
	}
	slice = wl_below(wl, adv.slices + adv.file_slices);
	if (advice == ANY)
		advice = (unsigned int)wl_below(wl, ANY);
	if (is_file(slice) && advice == FREE)
		advice = DONTNEED;
	/* What fetches pages is to find the slice as it was left; MADV_FREE holds until a write. */
	if (advice != WILLNEED && advice != POPULATE) {
		check_slice(wl, slice, true);
		advise(wl, slice, advice);
	} else {
		advise(wl, slice, advice);
		check_slice(wl, slice, adv.state[slice] == MAYBE);
	}
}

static const struct wl_metric madvise_metrics[] = {
	{"paged_out", "pages", WL_NONE, "mapped pages that pageout took"},
	{"freed", "pages", WL_NONE, "pages found empty after free"},
	{"dropped", "pages", WL_NONE, "pages of calls for dontneed, the file's aside"},
	{"called", "pages", WL_HIGHER, "pages of all calls"},
	{"call_ns", "ns", WL_NONE, "time in the calls; by called, it is the time a page"},
	{"checked", "pages", WL_HIGHER, "pages read back and checked"},
};

const struct workload workload_madvise = {
	.name = "madvise",
	.summary = "slices of memory paged out, made cold, freed, dropped, fetched and populated",
	.op = "one call for one slice",
	WL_TABLE(madvise_options),
	.defaults = &madvise_defaults,
	.opts_size = sizeof(struct madvise_opts),
	.metrics = madvise_metrics,
	.nr_metrics = sizeof(madvise_metrics) / sizeof(madvise_metrics[0]),
	.counts_itself = true,
	.setup = madvise_setup,
	.op_run = madvise_op,
};
