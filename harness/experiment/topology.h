/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's nodes: how its file describes them, and what the guest's kernel must have made of them.
 *
 *	[node N]	memory, cpus, movable; latency, bandwidth and initiator: the HMAT
 *	[distance]	"A B" = number, both ways; "A > B" = number, one way
 */
#ifndef EXPERIMENT_TOPOLOGY_H
#define EXPERIMENT_TOPOLOGY_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "engine/machine.h"

/* Reads [node N] and [distance]; -EINVAL with file:line for what no machine can be. */
int topology_bind(struct conf *conf, struct machine *m, struct err *err);

/* Appends a set of nodes as the kernel writes it: "0-2,4", "" for none. */
void topology_list(unsigned int nodes, struct buf *out);

/*
 * Plan lines that switch movable memory on and compare what the kernel says with the machine,
 * stores included; what is not as asked ends the experiment.  kasan: it has shadow memory.
 */
void topology_plan(const struct machine *m, bool kasan, struct buf *out);
/* The same for a kernel that knows of no nodes. */
void topology_plan_flat(const struct machine *m, bool kasan, struct buf *out);
/* Plan lines that record what the kernel says of each node as state. */
void topology_states(const struct machine *m, struct buf *out);

#endif
