// SPDX-License-Identifier: GPL-2.0-only
/* What a workload calls while it runs, in the guest. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "workloads/lib/data.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/run.h"
#include "workloads/lib/workload.h"

static struct wl_page *page;

struct wl_page *wl_page_map(int fd)
{
	void *p = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		       0);

	page = p == MAP_FAILED ? NULL : p;
	return page;
}

void wl_fail(const char *fmt, ...)
{
	va_list ap;

	/* Of several processes the first has its say. */
	if (page && !__atomic_exchange_n(&page->failed, 1, __ATOMIC_ACQ_REL)) {
		va_start(ap, fmt);
		vsnprintf(page->message, sizeof(page->message), fmt, ap);
		va_end(ap);
	}
	_exit(1);
}

bool wl_stopping(void)
{
	return __atomic_load_n(&page->stop, __ATOMIC_RELAXED);
}

/* Threads of one workload may count at the same time. */
void wl_count(uint64_t ns)
{
	struct wire_work *work = &page->work;
	uint64_t max = __atomic_load_n(&work->latency_max_ns, __ATOMIC_RELAXED);

	__atomic_fetch_add(&page->bucket[wire_bucket(ns)], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&work->latency_sum_ns, ns, __ATOMIC_RELAXED);
	while (ns > max && !__atomic_compare_exchange_n(&work->latency_max_ns, &max, ns, true,
							__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	__atomic_fetch_add(&work->ops, 1, __ATOMIC_RELAXED);
}

uint64_t wl_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void wl_file_open(struct wl_file *f, const char *name, bool map)
{
	char path[256];
	struct stat st;
	void *p;

	snprintf(path, sizeof(path), WL_DATA_DIR "/%s", name);
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st))
		wl_fail("cannot open %s: %m", path);
	f->pages = (uint64_t)st.st_size / WL_PAGE_SIZE;
	f->seed = wl_data_seed(name);
	f->map = NULL;
	if (!f->pages)
		wl_fail("%s is empty", path);
	if (!map)
		return;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, f->fd, 0);
	if (p == MAP_FAILED)
		wl_fail("cannot map %s: %m", path);
	f->map = p;
}

void wl_file_read(struct wl_file *f, uint64_t nr)
{
	static __thread char copy[WL_PAGE_SIZE];
	const char *at = f->map ? f->map + nr * WL_PAGE_SIZE : copy;

	if (!f->map && pread(f->fd, copy, WL_PAGE_SIZE, (off_t)(nr * WL_PAGE_SIZE)) != WL_PAGE_SIZE)
		wl_fail("cannot read file page %llu: %m", (unsigned long long)nr);
	if (!wl_pattern_ok(at, f->seed, nr))
		wl_fail("file page %llu does not hold what was written", (unsigned long long)nr);
}
