// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous memory touched a page at a time.  Every page names itself, and whoever reads it back
 * checks that: reclaim and swap must not lose or mix up data.
 */
#include <sys/mman.h>

#include "workloads/lib/swapmem.h"

struct anon_opts {
	struct swapmem_opts memory;
};

static const struct anon_opts anon_defaults = {.memory = SWAPMEM_DEFAULTS};

static const struct conf_key anon_options[] = {SWAPMEM_KEYS(struct anon_opts, memory)};

/* One workload a process: what setup() makes, op_run() uses. */
static struct swapmem anon;

static void anon_setup(struct wl *wl)
{
	const struct anon_opts *o = wl->opts;

	swapmem_setup(&anon, &o->memory, wl, MAP_PRIVATE | MAP_ANONYMOUS, -1, true);
}

static void anon_op(struct wl *wl)
{
	const struct anon_opts *o = wl->opts;

	swapmem_op(&anon, &o->memory, wl);
}

static const struct wl_metric anon_metrics[] = {SWAPMEM_METRICS};

const struct workload workload_anon = {
	.name = "anon",
	.summary = "anonymous memory, each page written once, then touched in one of many patterns",
	.op = "one page touched",
	WL_TABLE(anon_options),
	.defaults = &anon_defaults,
	.opts_size = sizeof(struct anon_opts),
	.metrics = anon_metrics,
	.nr_metrics = sizeof(anon_metrics) / sizeof(anon_metrics[0]),
	.setup = anon_setup,
	.op_run = anon_op,
};
