// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file read from its start to its end, over and over.  When it is larger than what may be cached,
 * least-recently-used order evicts each page just before it is needed again: the worst case of
 * LRU, and the first that a better policy should win.
 */
#include "workloads/lib/workload.h"

enum { READ, MMAP };
static const char *const accesses[] = {"read", "mmap", NULL};

struct scan_opts {
	char *file;
	unsigned int access;
	uint64_t chunk;
};

static const struct scan_opts scan_defaults = {
	.file = (char *)"",
	.access = READ,
	.chunk = 64 << 10,
};

static const struct conf_key scan_options[] = {
	{.name = "file", .type = CONF_STR, .offset = offsetof(struct scan_opts, file),
	 .help = "name of a [file] of the scenario", .required = true},
	{.name = "access", .type = CONF_CHOICE, .offset = offsetof(struct scan_opts, access),
	 .help = "read() or a shared mapping", .choices = accesses},
	{.name = "chunk", .type = CONF_SIZE, .offset = offsetof(struct scan_opts, chunk),
	 .help = "bytes read by one operation", .min = 4096, .max = 1 << 30},
};

static struct {
	struct wl_file file;
	uint64_t next;
} scan;

static void scan_setup(struct wl *wl)
{
	const struct scan_opts *o = wl->opts;

	wl_file_open(&scan.file, o->file, o->access == MMAP);
}

static void scan_op(struct wl *wl)
{
	const struct scan_opts *o = wl->opts;
	uint64_t n = o->chunk / 4096;

	while (n-- && !wl_stopping()) {
		wl_file_read(&scan.file, scan.next++);
		wl->metric[0]++;
		if (scan.next < scan.file.pages)
			continue;
		scan.next = 0;
		wl->metric[1]++;
	}
}

static const struct wl_metric scan_metrics[] = {
	{"pages", "pages", WL_HIGHER, "pages read and checked"},
	{"passes", "count", WL_NONE, "times the end of the file was reached"},
};

const struct workload workload_scan = {
	.name = "scan",
	.summary = "a file read from start to end, over and over",
	.op = "one chunk read",
	WL_TABLE(scan_options),
	.defaults = &scan_defaults,
	.opts_size = sizeof(struct scan_opts),
	.metrics = scan_metrics,
	.nr_metrics = sizeof(scan_metrics) / sizeof(scan_metrics[0]),
	.setup = scan_setup,
	.op_run = scan_op,
};
