/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that name themselves: of a data file that the agent filled, of a file that the workload makes,
 * or of memory.  Whatever is read is checked.
 *
 * Pages that are written again have a version each, which the last word of the page holds too: a write
 * that was lost shows like a page that was mixed up.  The versions take a byte a page, locked: 1/4096
 * of the data, in the workload's cgroup.  After 255 writes a version comes again, so a page that is a
 * multiple of 255 writes old is taken for new.
 */
#ifndef WORKLOADS_LIB_PAGES_H
#define WORKLOADS_LIB_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wl;

struct wl_pages {
	uint64_t pages; /* how many there are */
	uint64_t seed;
	size_t noise;     /* bytes of noise in the pages written here */
	int fd;           /* read and written through it where there is no map */
	char *map;        /* NULL: not mapped */
	uint8_t *version; /* NULL: never written here; 0: not yet, so the last word says nothing */
};

enum {
	WL_MAP = 1,    /* mapped shared; otherwise by pread() and pwrite() */
	WL_WRITE = 2,  /* pages will be written here */
	WL_DIRECT = 4, /* past the page cache */
};

/* A [file] of the scenario. */
void wl_pages_open(struct wl_pages *p, const char *name, unsigned int how);
/*
 * A file of the workload's own on the data device, empty and opened for writing; checks that so many
 * pages fit there.
 */
void wl_pages_create(struct wl_pages *p, const struct wl *wl, uint64_t pages, unsigned int how);
/* Memory, mapped or, without a map, behind fd; each page is there after wl_pages_write(). */
void wl_pages_memory(struct wl_pages *p, void *map, int fd, uint64_t pages, uint64_t seed,
		     size_t noise);

/* Reads a page and checks that it is that page, and of the last write. */
void wl_pages_read(struct wl_pages *p, uint64_t nr);
/* Writes a page: all of it the first time and without a map, otherwise its last word. */
void wl_pages_write(struct wl_pages *p, uint64_t nr);
/* What the page's next write should write, for whoever writes many at once. */
void wl_pages_make(struct wl_pages *p, uint64_t nr, void *at);
/* Checks a page that was read elsewhere. */
void wl_pages_check(const struct wl_pages *p, uint64_t nr, const void *at);

#endif
