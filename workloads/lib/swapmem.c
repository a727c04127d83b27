// SPDX-License-Identifier: GPL-2.0-only
#include <sys/mman.h>

#include "workloads/lib/swapmem.h"
#include "workloads/lib/pattern.h"

#define HUGE_SIZE (2u << 20)

enum { THP_DEFAULT, THP_ALWAYS, THP_NEVER };
const char *const swapmem_thp[] = {"default", "always", "never", NULL};

enum { POPULATE_WINDOW, POPULATE_SETUP };
const char *const swapmem_populate[] = {"window", "setup", NULL};

/* Old kernels do not align by themselves, and what is not aligned has no huge pages. */
static char *map_aligned(size_t size, int flags, int fd)
{
	char *at = mmap(NULL, size + HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (at == MAP_FAILED)
		return MAP_FAILED;
	before = -(uintptr_t)at & (HUGE_SIZE - 1);
	if (before)
		munmap(at, before);
	munmap(at + before + size, HUGE_SIZE - before);
	return mmap(at + before, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
}

static char *map_memory(const struct swapmem_opts *o, int flags, int fd)
{
	char *mem;

	if (o->thp == THP_DEFAULT)
		mem = mmap(NULL, o->size, PROT_READ | PROT_WRITE, flags, fd, 0);
	else
		mem = map_aligned(o->size, flags, fd);
	if (mem == MAP_FAILED)
		wl_fail("cannot map %llu bytes: %m", (unsigned long long)o->size);
	if (o->thp == THP_ALWAYS && madvise(mem, o->size, MADV_HUGEPAGE))
		wl_fail("cannot ask for huge pages: %m");
	if (o->thp == THP_NEVER && madvise(mem, o->size, MADV_NOHUGEPAGE))
		wl_fail("cannot refuse huge pages: %m");
	return mem;
}

/* The first pass writes every page in order: what is resident afterwards is reclaim's choice. */
static void first_touch(struct swapmem *m, struct wl *wl)
{
	wl_pages_write(&m->pages, m->touched++);
	wl->metric[0]++;
}

void swapmem_setup(struct swapmem *m, const struct swapmem_opts *o, struct wl *wl, int flags,
		   int fd, bool map)
{
	m->touched = 0;
	wl_pages_memory(&m->pages, map ? map_memory(o, flags, fd) : NULL, fd,
			o->size / WL_PAGE_SIZE, wl->seed, wl_pattern_noise(o->compress));
	touch_init(&m->touch, &o->touch, m->pages.pages);
	while (o->populate == POPULATE_SETUP && m->touched < m->pages.pages)
		first_touch(m, wl);
}

void swapmem_op(struct swapmem *m, const struct swapmem_opts *o, struct wl *wl)
{
	uint64_t page;

	if (m->touched < m->pages.pages) {
		first_touch(m, wl);
		return;
	}
	page = touch_next(&m->touch, wl);
	wl_pages_read(&m->pages, page);
	wl->metric[1]++;
	if (wl_chance(wl, o->write))
		wl_pages_write(&m->pages, page);
	touch_rest(&m->touch);
}
