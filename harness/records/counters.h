/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every number of a source's text under one full name, whatever form the file has:
 *
 *	vmstat.KEY  meminfo.KEY (KiB)  node.N.KEY  node.N.meminfo.KEY (KiB)
 *	zone.N.ZONE.free|min|low|high|promo|managed|spanned|...  zone.N.ZONE.cpu.C.count|high|batch|...
 *	zone.N.node.KEY (the per-node stats of zoneinfo)  buddy.N.ZONE.ORDER
 *	psi.memory|io|cpu.some_us|full_us
 *	cgroup.NAME.stat.KEY  .events.KEY  .events.local.KEY  .swap.events.KEY  .current
 *	cgroup.NAME.swap.current  .numa.N.KEY  .psi.memory|io|cpu.some_us|full_us
 *	lru_gen.CGROUP.node.N.min_seq|max_seq|gen.G.seq|age_ms|anon|file (G: 0 is the youngest)
 *	task.NAME.cpu_ns|wait_ns|slices|state|minflt|majflt|utime_ticks|stime_ticks
 *	device.NAME.reads|...  zram.NAME.stored|compressed|memory|...
 *
 * CGROUP is NAME without the leading slash, "/" for the root; state is the letter's character code.
 */
#ifndef RECORDS_COUNTERS_H
#define RECORDS_COUNTERS_H

#include <stdint.h>

#include "records/text.h"

/* Of a name, with its NUL; what would be longer is passed over. */
#define COUNTER_NAME_MAX 192

/* name is printable ASCII without blanks, commas and quotes; it lives for the call only. */
typedef void counter_fn(void *ctx, const char *name, uint64_t value);

/*
 * Calls fn for every number of a source's text, e.g. "zone.0.Normal.free".  Both come from a guest:
 * what makes no sense is passed over.  A source of an unknown kind has no numbers.
 */
void counters_each(struct text source_name, struct text body, counter_fn *fn, void *ctx);

#endif
