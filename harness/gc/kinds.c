// SPDX-License-Identifier: GPL-2.0-only
/* The one table of what the cache and the results' folders hold. */
#include <string.h>

#include "gc/internal.h"

#define LEFT "left-overs", "what killed processes left"

const struct gc_kind gc_kinds[] = {
	{"templates", "saved machines that experiments are forked from", .folder = "templates",
	 .digits = 64, .lock = GC_TEMPLATE},
	{"kernels", "kernels that were fetched, imported or built", .folder = "kernels", .digits = 64,
	 .section = "kernel", .key = "id"},
	{"builds", "names of kernels that were built", .folder = "builds", .whole = true,
	 .rule = GC_NOTE},
	{"images", "initramfs of guests", .folder = "images", .digits = 64, .section = "image",
	 .key = "id"},
	{"objects", "BPF programs of policies", .folder = "objects", .digits = 64,
	 .section = "policy", .key = "objects"},
	{"layers", "real programs for guests", .folder = "layers", .digits = 64},
	{"symbols", "symbols for gdb and the probe", .folder = "symbols", .digits = 64},
	{"compiled", "folders that kernels were compiled in", .folder = "trees/*",
	 .prefix = "build-", .digits = 12, .lock = GC_LOCK_BESIDE},
	{"trees", "sources of kernels", .folder = "trees", .digits = 16, .without = "build-",
	 .lock = GC_LOCK_IN_IT},
	{"toolchains", "compilers from other suites", .folder = "toolchains"},
	{"ccache", "what compilers made", .folder = ".", .prefix = "ccache"},
	{"apt", "lists of packages", .folder = ".", .prefix = "apt"},
	{LEFT, .folder = GC_TRASH, .whole = true, .rule = GC_LEFT},
	{LEFT, .folder = ".", .prefix = "mkfs.", .whole = true, .rule = GC_LEFT},
	{LEFT, .folder = ".", .prefix = "layer.", .whole = true, .rule = GC_LEFT},
	{LEFT, .folder = "kernels", .prefix = "tmp.", .whole = true, .rule = GC_LEFT},
	{LEFT, .folder = "results", .digits = 16, .rule = GC_LINK},
	{LEFT, .in_results = true, .folder = GC_TRASH, .whole = true, .rule = GC_LEFT},
	{LEFT, .in_results = true, .folder = ".", .prefix = ".run-", .whole = true, .rule = GC_RUN},
	{"failed", "evidence of runs that the host ended", .in_results = true, .folder = ".failed",
	 .digits = 64},
	{"nights", "reports of wringer nightly", .in_results = true, .folder = ".suite/*/nights",
	 .prefix = "2", .whole = true, .rule = GC_RESULT},
	{"results", "results", .in_results = true, .folder = ".", .digits = 64, .rule = GC_RESULT},
	{.name = NULL},
};

bool gc_last_of_name(const struct gc_kind *kind)
{
	return !kind[1].name || strcmp(kind->name, kind[1].name);
}
