/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory and small files of a workload's own, each page of which names itself and is checked. */
#ifndef WORKLOADS_LIB_MEM_H
#define WORKLOADS_LIB_MEM_H

#include <stddef.h>
#include <stdint.h>

struct wl_mem {
	char *at;
	uint64_t pages;
	uint64_t seed;
	size_t noise; /* bytes of it in each page */
};

/*
 * Maps private anonymous memory, whole pages of size, at a multiple of align (0: of the page size).
 * compress is the share of each page that compression saves, in millionths.
 */
void wl_mem_map(struct wl_mem *m, uint64_t size, uint64_t align, uint64_t seed, uint64_t compress);

static inline char *wl_mem_page(const struct wl_mem *m, uint64_t page)
{
	return m->at + page * 4096;
}

/* Writes the page whole. */
void wl_mem_write(const struct wl_mem *m, uint64_t page);
/* Makes it dirty without changing what is checked. */
void wl_mem_dirty(const struct wl_mem *m, uint64_t page);
/* Ends the workload unless the page holds what was written. */
void wl_mem_check(const struct wl_mem *m, uint64_t page);

/* Writes a file of so many pages; path is below the data folder.  Not for threads, as the next. */
void wl_own_write(const char *path, uint64_t seed, uint64_t pages);
/* Reads it back and checks it. */
void wl_own_check(const char *path, uint64_t seed, uint64_t pages);
/* Makes a folder that may be there already. */
void wl_own_folder(const char *path);

#endif
