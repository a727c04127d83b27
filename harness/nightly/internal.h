/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder and their tests share. */
#ifndef NIGHTLY_INTERNAL_H
#define NIGHTLY_INTERNAL_H

#include "nightly/nightly.h"
#include "report/arms.h"
#include "report/compare.h"

/* Who reclaims: the words that are in metrics' names. */
#define NR_RECLAIM_KINDS 4
extern const char *const reclaim_kinds[NR_RECLAIM_KINDS];

/*
 * Whether the row's metric is of one kind of reclaim and, added up over all kinds, is the same in both arms: work
 * that moved from one to another, and did not become more.
 */
int night_moved(const struct arm *base, const struct arm *other, const struct comparison_row *row, bool *moved);

/*
 * The results of a finding's two arms, of the looks from, but below to.  false when one is missing: then the arms say
 * nothing, and are not to be released.
 */
bool night_load(const struct night *n, const struct night_finding *f, size_t from, size_t to, struct arm *base,
		struct arm *other);

#endif
