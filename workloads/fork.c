// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fork and exit churn.  A parent with much memory starts short processes, each of which finds the
 * parent's data, writes its own over a share of it (a copy on write for each page), finds that
 * again and ends.  Page tables are copied and torn down all the time, reverse maps are long.
 */
#include "workloads/lib/child.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/workload.h"

#include <unistd.h>

#define PARALLEL_MAX 64
/* Pages written at a time before the first fork. */
#define FILL 256

struct fork_opts {
	uint64_t size;
	uint64_t share;
	uint64_t parallel;
	uint64_t compress;
};

static const struct fork_opts fork_defaults = {
	.size = 32 << 20,
	.share = 100000,
	.parallel = 1,
	.compress = 750000,
};

#define KEY(field, kind, ...) \
	{.name = #field, .type = kind, .offset = offsetof(struct fork_opts, field), __VA_ARGS__}

static const struct conf_key fork_options[] = {
	KEY(size, CONF_SIZE, .help = "memory of the parent, bytes", .min = 1 << 20,
	    .max = 1ull << 40),
	KEY(share, CONF_MILLIONTHS, .help = "share of it that each child copies by writing to it",
	    .max = 1000000),
	KEY(parallel, CONF_U64, .help = "children at a time", .min = 1, .max = PARALLEL_MAX),
	KEY(compress, CONF_MILLIONTHS, .help = "share of each page that compression saves",
	    .max = 1000000),
};

enum { POPULATED, COPIED };

static struct {
	struct wl_mem mem;
	uint64_t filled;
	uint64_t born; /* children so far */
	struct {
		pid_t pid; /* 0: free */
		uint64_t start;
	} slot[PARALLEL_MAX];
} forks;

static void fork_setup(struct wl *wl)
{
	const struct fork_opts *o = wl->opts;

	wl_mem_map(&forks.mem, o->size, 0, wl->seed, o->compress);
}

static void fill(struct wl *wl)
{
	unsigned int i;

	for (i = 0; i < FILL && forks.filled < forks.mem.pages; i++)
		wl_mem_write(&forks.mem, forks.filled++);
	wl->metric[POPULATED] = forks.filled;
}

static void child(struct wl *wl, const struct fork_opts *o)
{
	uint64_t n = forks.mem.pages * o->share / 1000000;
	uint64_t first = wl_below(wl, forks.mem.pages), i, done;
	struct wl_mem own = forks.mem;

	own.seed = wl_random(wl);
	for (i = 0; i < n && !wl_stopping(); i++) {
		wl_mem_check(&forks.mem, (first + i) % own.pages);
		wl_mem_write(&own, (first + i) % own.pages);
	}
	done = i;
	for (i = 0; i < done && !wl_stopping(); i++)
		wl_mem_check(&own, (first + i) % own.pages);
	wl_add(wl, COPIED, done);
	_exit(0);
}

static void start_child(struct wl *wl, unsigned int slot)
{
	forks.slot[slot].start = wl_now();
	forks.slot[slot].pid = wl_fork(wl, forks.born++);
	if (!forks.slot[slot].pid)
		child(wl, wl->opts);
}

static void fork_op(struct wl *wl)
{
	const struct fork_opts *o = wl->opts;
	unsigned int i;
	pid_t pid;

	if (forks.filled < forks.mem.pages) {
		fill(wl);
		return;
	}
	for (i = 0; i < o->parallel; i++)
		if (!forks.slot[i].pid)
			start_child(wl, i);
	pid = wl_reap(true);
	for (i = 0; i < o->parallel; i++)
		if (forks.slot[i].pid == pid) {
			wl_count(wl_now() - forks.slot[i].start);
			forks.slot[i].pid = 0;
		}
}

static const struct wl_metric fork_metrics[] = {
	{"populated", "pages", WL_NONE, "pages the parent wrote before the first child"},
	{"copied", "pages", WL_HIGHER, "pages children copied by writing to them"},
};

const struct workload workload_fork = {
	.name = "fork",
	.summary = "fork and exit churn: children copy a share of a large parent and end",
	.op = "one child, from its fork to its end",
	WL_TABLE(fork_options),
	.defaults = &fork_defaults,
	.opts_size = sizeof(struct fork_opts),
	.metrics = fork_metrics,
	.nr_metrics = sizeof(fork_metrics) / sizeof(fork_metrics[0]),
	.counts_itself = true,
	.setup = fork_setup,
	.op_run = fork_op,
};
