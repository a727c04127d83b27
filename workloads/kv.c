// SPDX-License-Identifier: GPL-2.0-only
/*
 * A key-value store's reads: point reads of 4 KiB records with zipf-distributed popularity, and on
 * request a second thread that scans the same file from start to end, as a SCAN or a backup does.
 * The question is whether the scan evicts the popular records.
 */
#include <pthread.h>
#include <time.h>

#include "workloads/lib/workload.h"

enum { READ, MMAP };
static const char *const accesses[] = {"read", "mmap", NULL};

struct kv_opts {
	char *file;
	unsigned int access;
	uint64_t theta;
	bool scan;
	uint64_t scan_burst;
	uint64_t scan_pause;
};

static const struct kv_opts kv_defaults = {
	.file = (char *)"",
	.access = READ,
	.theta = 990000,
	.scan_burst = 128 << 10,
	.scan_pause = 1000000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct kv_opts, field), __VA_ARGS__}

static const struct conf_key kv_options[] = {
	KEY(file, CONF_STR, .help = "name of a [file] of the scenario", .required = true),
	KEY(access, CONF_CHOICE, .help = "read() or a shared mapping", .choices = accesses),
	KEY(theta, CONF_MILLIONTHS, .help = "skew of the keys' popularity", .min = 1,
	    .max = 10000000),
	KEY(scan, CONF_BOOL, .help = "a second thread scans the file meanwhile"),
	KEY(scan_burst, CONF_SIZE, .help = "bytes the scan reads at a time", .min = 4096,
	    .max = 1 << 30),
	KEY(scan_pause, CONF_TIME, .help = "how long the scan rests between", .max = 60000000000),
};

static struct {
	struct wl_file file;
	struct wl_file scan_file; /* the same, opened again: readahead has its own state */
	struct wl_zipf zipf;
	pthread_t scanner;
	bool scanning;
} kv;

static void *scanner(void *arg)
{
	struct wl *wl = arg;
	const struct kv_opts *o = wl->opts;
	struct timespec pause = {.tv_sec = (time_t)(o->scan_pause / 1000000000),
				 .tv_nsec = (long)(o->scan_pause % 1000000000)};
	uint64_t page = 0, n;

	while (!wl_stopping()) {
		for (n = o->scan_burst / 4096; n && !wl_stopping(); n--) {
			wl_file_read(&kv.scan_file, page);
			page = (page + 1) % kv.scan_file.pages;
			wl->metric[0]++;
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void kv_setup(struct wl *wl)
{
	const struct kv_opts *o = wl->opts;

	wl_file_open(&kv.file, o->file, o->access == MMAP);
	wl_file_open(&kv.scan_file, o->file, o->access == MMAP);
	wl_zipf_init(&kv.zipf, kv.file.pages, o->theta);
}

static void kv_op(struct wl *wl)
{
	const struct kv_opts *o = wl->opts;

	/* Not in setup: the scan must wait at the gate too. */
	if (o->scan && !kv.scanning) {
		kv.scanning = true;
		if (pthread_create(&kv.scanner, NULL, scanner, wl))
			wl_fail("cannot start the scanning thread");
	}
	wl_file_read(&kv.file, wl_scatter(wl_zipf_next(&kv.zipf, wl), kv.file.pages, wl->seed));
}

static const struct wl_metric kv_metrics[] = {
	{"scanned", "pages", WL_HIGHER, "pages the scanning thread read"},
};

const struct workload workload_kv = {
	.name = "kv",
	.summary = "zipf point reads of a file, with or without a scan beside them",
	.op = "one record read",
	WL_TABLE(kv_options),
	.defaults = &kv_defaults,
	.opts_size = sizeof(struct kv_opts),
	.metrics = kv_metrics,
	.nr_metrics = sizeof(kv_metrics) / sizeof(kv_metrics[0]),
	.setup = kv_setup,
	.op_run = kv_op,
};
