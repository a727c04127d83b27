/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that swap keeps, touched a page at a time: what anon and shmem have in common. */
#ifndef WORKLOADS_LIB_SWAPMEM_H
#define WORKLOADS_LIB_SWAPMEM_H

#include "workloads/lib/pages.h"
#include "workloads/lib/touch.h"

extern const char *const swapmem_thp[], *const swapmem_populate[];

struct swapmem_opts {
	uint64_t size;
	unsigned int thp;
	unsigned int populate;
	uint64_t write;
	uint64_t compress;
	struct touch_opts touch;
};

#define SWAPMEM_DEFAULTS                                                                          \
	{.size = 64 << 20, .write = 500000, .compress = 750000, .touch = TOUCH_DEFAULTS}

#define SWAPMEM_KEYS(opts_t, m)                                                                    \
	TOUCH_KEY(opts_t, m, size, CONF_SIZE, .help = "memory to map, bytes", .min = 1 << 20,        \
		  .max = 1ull << 40),                                                              \
	TOUCH_KEYS(opts_t, m.touch),                                                                 \
	TOUCH_KEY(opts_t, m, write, CONF_MILLIONTHS, .max = 1000000,                                 \
		  .help = "share of the touches that write; all read"),                            \
	TOUCH_KEY(opts_t, m, compress, CONF_MILLIONTHS, .max = 1000000,                              \
		  .help = "share of each page that compression saves"),                            \
	TOUCH_KEY(opts_t, m, thp, CONF_CHOICE, .choices = swapmem_thp,                             \
		  .help = "huge pages: as the system is set, or madvise() for or against them"),   \
	TOUCH_KEY(opts_t, m, populate, CONF_CHOICE, .choices = swapmem_populate,                   \
		  .help = "when each page is written for the first time: as the first operations " \
			  "after the gate, or before it")

struct swapmem {
	struct wl_pages pages;
	uint64_t touched; /* pages below this have been written once */
	struct touch touch;
};

/*
 * flags are mmap()'s; fd is a file of memory or -1.  Without map, the file is read and written in place
 * of being mapped.
 */
void swapmem_setup(struct swapmem *m, const struct swapmem_opts *o, struct wl *wl, int flags,
		   int fd, bool map);
void swapmem_op(struct swapmem *m, const struct swapmem_opts *o, struct wl *wl);

#define SWAPMEM_METRICS                                                                           \
	{"populated", "pages", WL_NONE, "pages written for the first time"},                       \
	{"touches", "pages", WL_HIGHER, "pages read back and checked"}

#endif
