/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * advised - whether as many seeds as are advised find what they are advised for.
 *
 * resample compares halves of one size for all metrics.  Here each metric has the number that is advised for
 * it, drawn from all seeds but those of the pilot, without putting any back.
 */
#ifndef SELFTEST_ADVISED_H
#define SELFTEST_ADVISED_H

#include "selftest/resample.h"

/*
 * Counts in row->at_needed how often a change of ask->change is found, in ask->splits draws, where more
 * seeds than ask->half are advised and twice as many as that are there; else it stays empty.  tests: size of the
 * family, for whose smallest p the metric is judged.
 */
int advised_try(struct resample_row *row, const struct resample_ask *ask, size_t tests, uint64_t seed,
		struct err *err);

#endif
