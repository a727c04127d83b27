// SPDX-License-Identifier: GPL-2.0-only
#include "workloads/lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

/* Pages of a file that are read or written at a time. */
#define CHUNK 8

typedef unsigned long long ull;

static char chunk[CHUNK * WL_PAGE_SIZE];

void wl_mem_map(struct wl_mem *m, uint64_t size, uint64_t align, uint64_t seed, uint64_t compress)
{
	char *at = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		wl_fail("cannot map %llu bytes: %m", (ull)size);
	if (align)
		at += align - (uintptr_t)at % align;
	*m = (struct wl_mem){.at = at,
			     .pages = size / WL_PAGE_SIZE,
			     .seed = seed,
			     .noise = wl_pattern_noise(compress)};
}

void wl_mem_write(const struct wl_mem *m, uint64_t page)
{
	wl_pattern_write(wl_mem_page(m, page), m->seed, page, m->noise);
}

void wl_mem_dirty(const struct wl_mem *m, uint64_t page)
{
	/* The last word is no part of the tag. */
	*(volatile uint64_t *)(wl_mem_page(m, page) + WL_PAGE_SIZE - 8) += 1;
}

void wl_mem_check(const struct wl_mem *m, uint64_t page)
{
	if (!wl_pattern_ok(wl_mem_page(m, page), m->seed, page))
		wl_fail("page %llu does not hold what was written", (ull)page);
}

void wl_own_write(const char *path, uint64_t seed, uint64_t pages)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	uint64_t page, n, i;

	if (fd < 0)
		wl_fail("cannot make %s: %m", path);
	for (page = 0; page < pages; page += n) {
		n = pages - page < CHUNK ? pages - page : CHUNK;
		for (i = 0; i < n; i++)
			wl_pattern_write(chunk + i * WL_PAGE_SIZE, seed, page + i,
					 wl_pattern_noise(WL_FILE_COMPRESS));
		if (write(fd, chunk, n * WL_PAGE_SIZE) != (ssize_t)(n * WL_PAGE_SIZE))
			wl_fail("cannot write %s: %m", path);
	}
	if (close(fd))
		wl_fail("cannot close %s: %m", path);
}

void wl_own_check(const char *path, uint64_t seed, uint64_t pages)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t page, n, i;

	if (fd < 0)
		wl_fail("cannot open %s: %m", path);
	for (page = 0; page < pages; page += n) {
		n = pages - page < CHUNK ? pages - page : CHUNK;
		if (read(fd, chunk, n * WL_PAGE_SIZE) != (ssize_t)(n * WL_PAGE_SIZE))
			wl_fail("cannot read %s: %m", path);
		for (i = 0; i < n; i++)
			if (!wl_pattern_ok(chunk + i * WL_PAGE_SIZE, seed, page + i))
				wl_fail("page %llu of %s does not hold what was written",
					(ull)(page + i), path);
	}
	close(fd);
}

void wl_own_folder(const char *path)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		wl_fail("cannot make folder %s: %m", path);
}
