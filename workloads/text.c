// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program with much code: a file of its own, mapped as a program's text is, with a function in each
 * page, and the functions are called.  A desktop or a server that lags after a backup has lost such
 * pages to the stream.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/touch.h"

#define BLOCK_PAGES 64u

/* Where in its page the function is: behind the tag and the noise. */
#define CODE_OFFSET 128u

struct text_opts {
	uint64_t size;
	struct touch_opts touch;
};

static const struct text_opts text_defaults = {.size = 8 << 20, .touch = TOUCH_DEFAULTS};

static const struct conf_key text_options[] = {
	{.name = "size", .type = CONF_SIZE, .offset = offsetof(struct text_opts, size),
	 .help = "bytes of the file, which is made on the data device before the gate, past the page "
		 "cache",
	 .min = 1 << 16, .max = 1 << 30},
	TOUCH_KEYS(struct text_opts, touch),
};

static struct {
	struct wl_pages file;
	struct touch touch;
	uint64_t page; /* that is being called */
} text;

static uint32_t answer(const struct wl *wl, uint64_t page)
{
	return (uint32_t)wl_pattern_tail(wl->seed, page, 1);
}

/* mov eax, answer; ret */
static void write_code(const struct wl *wl, char *at, uint64_t page)
{
	uint32_t value = answer(wl, page);

	wl_pattern_write(at, wl->seed, page, text.file.noise);
	at[CODE_OFFSET] = (char)0xb8;
	memcpy(at + CODE_OFFSET + 1, &value, sizeof(value));
	at[CODE_OFFSET + 5] = (char)0xc3;
}

static void write_file(const struct wl *wl)
{
	char *block = aligned_alloc(WL_PAGE_SIZE, BLOCK_PAGES * WL_PAGE_SIZE);
	uint64_t page, n, i;

	if (!block)
		wl_fail("out of memory");
	for (page = 0; page < text.file.pages; page += n) {
		n = text.file.pages - page < BLOCK_PAGES ? text.file.pages - page : BLOCK_PAGES;
		for (i = 0; i < n; i++)
			write_code(wl, block + i * WL_PAGE_SIZE, page + i);
		if (pwrite(text.file.fd, block, n * WL_PAGE_SIZE, (off_t)(page * WL_PAGE_SIZE)) !=
		    (ssize_t)(n * WL_PAGE_SIZE))
			wl_fail("cannot write the program: %m");
	}
	if (fsync(text.file.fd))
		wl_fail("cannot write the program to its device: %m");
	free(block);
}

/* What is called for the first time has to be read. */
static void check_uncached(void)
{
	unsigned char *in = malloc(text.file.pages);
	uint64_t i;

	if (!in || mincore(text.file.map, text.file.pages * WL_PAGE_SIZE, in))
		wl_fail("cannot tell what of the program is cached: %m");
	for (i = 0; i < text.file.pages; i++)
		if (in[i] & 1)
			wl_fail("page %llu of the program is cached before it runs",
				(unsigned long long)i);
	free(in);
}

static void crashed(int sig)
{
	wl_fail("page %llu does not hold what was written: calling it raised signal %d",
		(unsigned long long)text.page, sig);
}

static void catch_crashes(void)
{
	static const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGFPE};
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], crashed);
}

static void text_setup(struct wl *wl)
{
	const struct text_opts *o = wl->opts;
	void *map;

	wl_pages_create(&text.file, wl, o->size / WL_PAGE_SIZE, WL_DIRECT);
	write_file(wl);
	map = mmap(NULL, text.file.pages * WL_PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE,
		   text.file.fd, 0);
	if (map == MAP_FAILED)
		wl_fail("cannot map the program: %m");
	text.file.map = map;
	check_uncached();
	touch_init(&text.touch, &o->touch, text.file.pages);
	catch_crashes();
}

/* The call comes first: fetching code is what faults. */
static void text_op(struct wl *wl)
{
	uint64_t page = text.page = touch_next(&text.touch, wl);
	uint32_t (*code)(void) = (uint32_t(*)(void))(uintptr_t)(text.file.map +
								page * WL_PAGE_SIZE + CODE_OFFSET);

	if (code() != answer(wl, page))
		wl_fail("page %llu does not hold what was written: its function returned something "
			"else",
			(unsigned long long)page);
	wl_pages_read(&text.file, page);
	wl->metric[0]++;
	touch_rest(&text.touch);
}

static const struct wl_metric text_metrics[] = {
	{"calls", "count", WL_HIGHER, "functions called, their pages checked"},
};

const struct workload workload_text = {
	.name = "text",
	.summary = "executable code of a file, a function a page, called in one of many patterns",
	.op = "one function called",
	WL_TABLE(text_options),
	.defaults = &text_defaults,
	.opts_size = sizeof(struct text_opts),
	.metrics = text_metrics,
	.nr_metrics = sizeof(text_metrics) / sizeof(text_metrics[0]),
	.setup = text_setup,
	.op_run = text_op,
};
