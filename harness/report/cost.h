/* SPDX-License-Identifier: GPL-2.0-only */
/* What an arm's reclaim costs, of its members that wringer probe has seen. */
#ifndef REPORT_COST_H
#define REPORT_COST_H

#include "report/arms.h"

struct cost {
	double per_page; /* instructions of reclaim for each page reclaimed: the median */
	size_t nr;       /* members it is of; 0: it is not known */
};

/*
 * Whoever reclaims counts, by the pages of probe.json; a member of whose reclaim a part cannot be told
 * (see wringer-probe(1)) does not.  A stored file that is not ours is an error.
 */
int cost_of_arm(const struct arm *arm, struct cost *out, struct err *err);

#endif
