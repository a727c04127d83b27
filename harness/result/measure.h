/* SPDX-License-Identifier: GPL-2.0-only */
/* From records to numbers: the metrics of result.json. */
#ifndef RESULT_MEASURE_H
#define RESULT_MEASURE_H

#include <jansson.h>

#include "base/buf.h"
#include "result/records.h"

/*
 * A new array of metric objects {name, unit, better, class, value} over the window; a metric that
 * the kernel does not have carries "absent": why, instead of a value.  Empty when the window never
 * opened. Bounded by the records: nothing a guest wrote makes it larger than a few times their
 * size.
 */
json_t *measure_metrics(const struct records *rec);

#endif
