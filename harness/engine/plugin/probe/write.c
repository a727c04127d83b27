// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of counts, text; result/counts.h says what its lines mean.  Only what is not 0 is
 * written, and what leads there.
 */
#include <inttypes.h>
#include <stdio.h>

#include "engine/plugin/probe/probe.h"

/* Children come behind their parents, so one pass from the end finds every place to write. */
static void find_wanted(bool *wanted)
{
	unsigned int i;

	for (i = nr_nodes; i-- > 2 * CTX_NR;) {
		wanted[i] |= nodes[i].self != 0;
		if (wanted[i]) {
			wanted[nodes[i].parent] = true;
			funcs[nodes[i].func].used = true;
		}
	}
}

static void write_head(FILE *f, const struct window *w, unsigned int nr_cpus)
{
	unsigned int i;

	fprintf(f, "wringer counts 1\n");
	fprintf(f, "window %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", w->insns,
		w->virtual_ns, w->idle_ns, w->blocks);
	fprintf(f, "lost %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", lost.contexts, lost.frames,
		lost.nodes);
	fprintf(f, "agent %" PRIu64 " %" PRIu64 "\n", agent_user, agent_kernel);
	for (i = 0; i < nr_cpus; i++)
		fprintf(f, "cpu %" PRIu64 " %" PRIu64 "\n", cpus[i].user, cpus[i].kernel);
}

static void write_funcs(FILE *f)
{
	unsigned int i, nr = 0;

	for (i = 0; i < nr_funcs; i++) {
		if (!funcs[i].used && !funcs[i].outside)
			continue;
		funcs[i].number = nr++;
		fprintf(f, "func %" PRIu64 " %s\n", funcs[i].outside, funcs[i].name);
	}
}

static void write_nodes(FILE *f, const bool *wanted)
{
	static unsigned int number[NODES_MAX];
	unsigned int i, nr = 0;

	for (i = 0; i < nr_nodes; i++) {
		const struct node *n = &nodes[i];

		if (i >= 2 * CTX_NR && !wanted[i])
			continue;
		number[i] = nr++;
		if (i < 2 * CTX_NR)
			fprintf(f, "root %" PRIu64 "\n", n->self);
		else
			fprintf(f, "node %u %u %" PRIu64 "\n", number[n->parent],
				funcs[n->func].number, n->self);
	}
}

void write_counts(const char *path, const struct window *w, unsigned int nr_cpus)
{
	static bool wanted[NODES_MAX];
	FILE *f = fopen(path, "w");
	unsigned int i;

	for (i = 0; i < nr_funcs; i++)
		funcs[i].used = false;
	find_wanted(wanted);
	if (f) {
		write_head(f, w, nr_cpus);
		write_funcs(f);
		write_nodes(f, wanted);
		fprintf(f, "end\n");
	}
	if (!f || fclose(f))
		fprintf(stderr, "probe.so: cannot write %s\n", path);
}
