// SPDX-License-Identifier: GPL-2.0-only
/* What a workload calls while it runs, in the guest. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "workloads/lib/run.h"
#include "workloads/lib/workload.h"

#define REST_SLICE_NS 50000000u

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

static __thread uint64_t rested;

/* In slices: nobody is to be late for the end. */
void wl_rest(uint64_t ns)
{
	uint64_t start = wl_now(), now = start, left;

	while (now - start < ns && !wl_stopping()) {
		left = ns - (now - start);
		if (left > REST_SLICE_NS)
			left = REST_SLICE_NS;
		nanosleep(&(struct timespec){.tv_nsec = (long)left}, NULL);
		now = wl_now();
	}
	rested += now - start;
}

uint64_t wl_rested(void)
{
	return rested;
}

void wl_idle(void)
{
	wl_rest(100000000);
}
