/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files of the kernel are recorded, and how often: the "source" lines of the plan. */
#ifndef EXPERIMENT_PLAN_SOURCES_H
#define EXPERIMENT_PLAN_SOURCES_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "experiment/guest.h"
#include "experiment/scenario.h"
#include "experiment/storage.h"

/* Sources that one plan may have; the agent's and the records' limit too. */
#define PLAN_SOURCES_MAX 512

/* -EINVAL when a scenario has more than can be recorded, or names a workload as a kernel thread. */
int plan_sources_check(const struct guest *guest, const struct storage_set *storage,
		       const struct scenario *scenario, struct err *err);
/* To be written behind the workloads: they must be there to be looked at.  bpf: the policy has objects. */
void plan_sources(const struct guest *guest, const struct storage_set *storage,
		  const struct scenario *scenario, bool bpf, struct buf *out);

#endif
