/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in time the samples of two runs part. */
#ifndef REPORT_DIVERGENCE_H
#define REPORT_DIVERGENCE_H

#include <jansson.h>

#include "records/records.h"

/*
 * A new array of {name, set, time_ns, a, b}: for each counter that both runs sampled and that differs
 * in some set of samples, the first such set (0: the window's opening), its time in the first run, and
 * both values.  By set; within one, counters of reclaim first.  Sets are matched by time
 * since the opening: one that the other run has nothing near is passed over.
 */
json_t *divergence(const struct records *a, const struct records *b);

#endif
