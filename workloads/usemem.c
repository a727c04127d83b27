// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that each go over memory of their own, or a part of a file, unit by unit: what
 * vm-scalability's usemem does, which reclaim developers quote throughput of.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/child.h"
#include "workloads/lib/data.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

enum { SEQUENTIAL, RANDOM };
static const char *const orders[] = {"sequential", "random", NULL};

#define PROCS_MAX 64

struct usemem_opts {
	uint64_t procs;
	uint64_t size;
	uint64_t unit;
	unsigned int order;
	uint64_t read;
	bool prefault;
	uint64_t passes;
	char *file;
	uint64_t compress;
};

static const struct usemem_opts usemem_defaults = {
	.procs = 2,
	.size = 32 << 20,
	.unit = 128 << 10,
	.file = (char *)"",
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct usemem_opts, field), __VA_ARGS__}

static const struct conf_key usemem_options[] = {
	KEY(procs, CONF_U64, .help = "processes", .min = 1, .max = PROCS_MAX),
	KEY(size, CONF_SIZE, .help = "memory of each, bytes", .min = 1 << 16, .max = 1ull << 40),
	KEY(unit, CONF_SIZE, .help = "bytes of one operation", .min = 4096, .max = 1 << 30),
	KEY(order, CONF_CHOICE, .help = "how units follow each other once all was written",
	    .choices = orders),
	KEY(read, CONF_MILLIONTHS, .help = "share of the later units that is only read",
	    .max = 1000000),
	KEY(prefault, CONF_BOOL, .help = "the first pass over all memory is no operation"),
	KEY(passes, CONF_U64,
	    .help = "passes after which memory is unmapped and all begins anew; 0 for never",
	    .max = 1000000),
	KEY(file, CONF_STR,
	    .help = "name of a [file] whose parts are mapped shared, one a process, in place of "
		    "anonymous memory"),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { TOUCHED_KIB, RUNS };

static struct {
	bool started;
	struct wl_mem mem; /* of the file: all of it, page 0 first */
	uint64_t first;    /* pages of this process */
	uint64_t pages;
	uint64_t unit;
	uint64_t units;
} use;

static void map_file(const struct usemem_opts *o)
{
	struct stat st;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), WL_DATA_DIR "/%s", o->file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		wl_fail("cannot open %s: %m", path);
	use.mem.pages = (uint64_t)st.st_size / WL_PAGE_SIZE;
	use.mem.seed = wl_data_seed(o->file);
	use.mem.at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (use.mem.at == MAP_FAILED)
		wl_fail("cannot map %s: %m", path);
	use.pages = use.mem.pages / o->procs;
	if (use.pages > o->size / WL_PAGE_SIZE)
		use.pages = o->size / WL_PAGE_SIZE;
}

static void usemem_setup(struct wl *wl)
{
	const struct usemem_opts *o = wl->opts;

	use.pages = o->size / WL_PAGE_SIZE;
	if (*o->file)
		map_file(o);
	use.unit = o->unit / WL_PAGE_SIZE;
	use.units = use.pages / use.unit;
	if (!use.units)
		wl_fail("a unit is larger than what a process has");
}

static void write_unit(uint64_t unit)
{
	uint64_t i;

	for (i = 0; i < use.unit && !wl_stopping(); i++)
		wl_mem_write(&use.mem, use.first + unit * use.unit + i);
}

static void use_unit(uint64_t unit, bool write)
{
	uint64_t i, page;

	for (i = 0; i < use.unit && !wl_stopping(); i++) {
		page = use.first + unit * use.unit + i;
		wl_mem_check(&use.mem, page);
		if (write)
			wl_mem_dirty(&use.mem, page);
	}
}

/* A pass over all units; of a file's parts even the first finds data. */
static void pass(struct wl *wl, const struct usemem_opts *o, bool first)
{
	uint64_t i, unit, start;

	for (i = 0; i < use.units && !wl_stopping(); i++) {
		start = wl_now();
		unit = first || o->order == SEQUENTIAL ? i : wl_below(wl, use.units);
		if (first && !*o->file)
			write_unit(unit);
		else
			use_unit(unit, !wl_chance(wl, o->read));
		if (first && o->prefault)
			continue;
		wl_count(wl_now() - start);
		wl_add(wl, TOUCHED_KIB, use.unit * WL_PAGE_SIZE / 1024);
	}
}

static void child(struct wl *wl, const struct usemem_opts *o, uint64_t nr)
{
	uint64_t done;

	if (*o->file)
		use.first = nr * use.pages;
	while (!wl_stopping()) {
		if (!*o->file)
			wl_mem_map(&use.mem, o->size, 0, wl_mix(wl->seed + nr), o->compress);
		for (done = 0; (!o->passes || done < o->passes) && !wl_stopping(); done++)
			pass(wl, o, !done);
		if (!*o->file && munmap(use.mem.at, o->size))
			wl_fail("cannot unmap memory: %m");
		wl_add(wl, RUNS, 1);
	}
	_exit(0);
}

static void usemem_op(struct wl *wl)
{
	const struct usemem_opts *o = wl->opts;
	uint64_t i;

	for (i = 0; i < o->procs && !use.started; i++)
		if (!wl_fork(wl, i))
			child(wl, o, i);
	use.started = true;
	wl_nap(10000000);
	if (!wl_stopping() && wl_reap(false) && !wl_stopping())
		wl_fail("a process of it ended too early");
}

static const struct wl_metric usemem_metrics[] = {
	{"touched", "KiB", WL_HIGHER, "memory gone over by operations"},
	{"runs", "count", WL_NONE, "times a process was done with its passes"},
};

const struct workload workload_usemem = {
	.name = "usemem",
	.summary = "processes that go over memory of their own, as vm-scalability's usemem",
	.op = "one unit gone over",
	WL_TABLE(usemem_options),
	.defaults = &usemem_defaults,
	.opts_size = sizeof(struct usemem_opts),
	.metrics = usemem_metrics,
	.nr_metrics = sizeof(usemem_metrics) / sizeof(usemem_metrics[0]),
	.counts_itself = true,
	.setup = usemem_setup,
	.op_run = usemem_op,
};
