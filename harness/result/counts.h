/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the plugin probe.so has counted over the window, from the text file it writes; one line each,
 * in this order, decimal numbers:
 *
 *	wringer counts 1
 *	window INSTRUCTIONS VIRTUAL-NS IDLE-NS BLOCK-INSTRUCTIONS
 *	lost CONTEXTS FRAMES NODES
 *	agent USER KERNEL
 *	cpu USER KERNEL				a line for each CPU
 *	func OUTSIDE NAME			functions 0, 1, ...; outside: of all contexts
 *	root SELF				nodes 0 to 11: the contexts, then their interrupts
 *	node PARENT FUNC SELF			nodes 12, ...; parents come first
 *	end
 *
 * The plugin runs in the emulator, which a guest may have got the better of: the file is not trusted.
 */
#ifndef RESULT_COUNTS_H
#define RESULT_COUNTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* The most that is read, bytes. */
#define COUNTS_MAX       (64 << 20)
#define COUNTS_CPUS_MAX  64
#define COUNTS_FUNCS_MAX (1u << 18)
#define COUNTS_NODES_MAX (1u << 16)
#define COUNTS_DEPTH_MAX 256
#define COUNTS_NAME_MAX  128

/* What reclaims; the plugin has the same order. */
enum counts_context {
	COUNTS_KSWAPD,
	COUNTS_DIRECT,
	COUNTS_LIMIT,
	COUNTS_PROACTIVE,
	COUNTS_NODE_RECLAIM,
	COUNTS_COMPACT,
	COUNTS_CONTEXTS,
};

extern const char *const counts_contexts[COUNTS_CONTEXTS];

struct counts_func {
	const char *name; /* of the text */
	uint64_t outside;
};

struct counts_node {
	uint32_t parent; /* of the contexts: themselves */
	uint32_t func;
	uint32_t depth;  /* 0 = a context or its interrupts */
	uint64_t self;
};

struct counts {
	uint64_t insns, virtual_ns, idle_ns, blocks;
	uint64_t lost_contexts, lost_frames, lost_nodes;
	uint64_t agent_user, agent_kernel;
	uint64_t user, kernel; /* of all CPUs */
	struct {
		uint64_t user, kernel;
	} cpu[COUNTS_CPUS_MAX];
	unsigned int nr_cpus;
	struct counts_func *func;
	size_t nr_funcs;
	struct counts_node *node;
	size_t nr_nodes;
	char *text; /* owned copy */
};

/* -EBADMSG for anything else than the above, or where the sums do not agree. */
int counts_parse(struct counts *c, const char *text, size_t len, struct err *err);
void counts_release(struct counts *c);

/*
 * The object that probe.json is, but for what says whose it is: totals, contexts, functions, and
 * what a page costs by the counters of result.
 */
json_t *counts_json(const struct counts *c, const json_t *result);

/* "context;function;function instructions" lines, sorted, as flame graph programs read them. */
void counts_folded(const struct counts *c, struct buf *out);

/* counts_page.c: an array of what a reclaimed page costs, by the kernel's counters; see there. */
json_t *counts_pages(const uint64_t insns[COUNTS_CONTEXTS], const json_t *result);

#endif
