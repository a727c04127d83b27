// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "workloads/lib/data.h"
#include "workloads/lib/pages.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

/* Locked: what the workload knows must not be part of what is reclaimed. */
static void make_versions(struct wl_pages *p)
{
	void *v = mmap(NULL, p->pages, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);

	if (v == MAP_FAILED)
		wl_fail("cannot lock %llu bytes for versions: %m", (unsigned long long)p->pages);
	p->version = v;
}

static void map_pages(struct wl_pages *p, bool write)
{
	void *map = mmap(NULL, p->pages * WL_PAGE_SIZE, PROT_READ | (write ? PROT_WRITE : 0),
			 MAP_SHARED, p->fd, 0);

	if (map == MAP_FAILED)
		wl_fail("cannot map %llu pages: %m", (unsigned long long)p->pages);
	p->map = map;
}

void wl_pages_open(struct wl_pages *p, const char *name, unsigned int how)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), WL_DATA_DIR "/%s", name);
	*p = (struct wl_pages){.seed = wl_data_seed(name),
			       .noise = wl_pattern_noise(WL_FILE_COMPRESS)};
	p->fd = open(path, (how & WL_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (p->fd < 0 || fstat(p->fd, &st))
		wl_fail("cannot open %s: %m", path);
	p->pages = (uint64_t)st.st_size / WL_PAGE_SIZE;
	if (!p->pages)
		wl_fail("%s is empty", path);
	if (how & WL_MAP)
		map_pages(p, how & WL_WRITE);
	if (how & WL_WRITE)
		make_versions(p);
}

/* The seed is the workload's alone, so the name is too. */
void wl_pages_create(struct wl_pages *p, const struct wl *wl, uint64_t pages, unsigned int how)
{
	struct statvfs fs;
	char path[128];

	snprintf(path, sizeof(path), WL_DATA_DIR "/.%s-%016llx", wl->type->name,
		 (unsigned long long)wl->seed);
	*p = (struct wl_pages){.pages = pages,
			       .seed = wl->seed,
			       .noise = wl_pattern_noise(WL_FILE_COMPRESS)};
	p->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | (how & WL_DIRECT ? O_DIRECT : 0),
		     0600);
	if (p->fd < 0 || fstatvfs(p->fd, &fs))
		wl_fail("cannot make %s: %m", path);
	if (pages > fs.f_bavail * (fs.f_bsize / 512) / (WL_PAGE_SIZE / 512))
		wl_fail("%llu MiB do not fit on the data device, which has %llu KiB left",
			(unsigned long long)(pages >> 8),
			(unsigned long long)(fs.f_bavail * (fs.f_bsize / 512) / 2));
	if (how & WL_WRITE)
		make_versions(p);
}

void wl_pages_memory(struct wl_pages *p, void *map, int fd, uint64_t pages, uint64_t seed,
		     size_t noise)
{
	*p = (struct wl_pages){
		.pages = pages, .seed = seed, .noise = noise, .fd = map ? -1 : fd, .map = map};
	make_versions(p);
}

static off_t offset(uint64_t nr)
{
	return (off_t)(nr * WL_PAGE_SIZE);
}

void wl_pages_check(const struct wl_pages *p, uint64_t nr, const void *at)
{
	unsigned int version = p->version ? p->version[nr] : 0;
	uint64_t tail;

	if (!wl_pattern_ok(at, p->seed, nr))
		wl_fail("page %llu does not hold what was written", (unsigned long long)nr);
	memcpy(&tail, (const char *)at + WL_PAGE_SIZE - sizeof(tail), sizeof(tail));
	if (version && tail != wl_pattern_tail(p->seed, nr, version))
		wl_fail("page %llu does not hold what was written last", (unsigned long long)nr);
}

void wl_pages_read(struct wl_pages *p, uint64_t nr)
{
	static __thread char copy[WL_PAGE_SIZE];
	const char *at = p->map ? p->map + offset(nr) : copy;

	if (!p->map && pread(p->fd, copy, WL_PAGE_SIZE, offset(nr)) != WL_PAGE_SIZE)
		wl_fail("cannot read page %llu: %m", (unsigned long long)nr);
	wl_pages_check(p, nr, at);
}

/* 1 to 255, and again from 1: 0 is what no write made. */
static uint64_t next_version(struct wl_pages *p, uint64_t nr)
{
	return p->version[nr] = (uint8_t)(p->version[nr] % 255 + 1);
}

void wl_pages_make(struct wl_pages *p, uint64_t nr, void *at)
{
	wl_pattern_write(at, p->seed, nr, p->noise);
	*wl_pattern_tail_at(at) = wl_pattern_tail(p->seed, nr, next_version(p, nr));
}

void wl_pages_write(struct wl_pages *p, uint64_t nr)
{
	static __thread char copy[WL_PAGE_SIZE] __attribute__((aligned(8)));

	if (!p->map) {
		wl_pages_make(p, nr, copy);
		if (pwrite(p->fd, copy, WL_PAGE_SIZE, offset(nr)) != WL_PAGE_SIZE)
			wl_fail("cannot write page %llu: %m", (unsigned long long)nr);
	} else if (p->fd < 0 && !p->version[nr]) {
		wl_pages_make(p, nr, p->map + offset(nr));
	} else {
		*wl_pattern_tail_at(p->map + offset(nr)) =
			wl_pattern_tail(p->seed, nr, next_version(p, nr));
	}
}
