/* SPDX-License-Identifier: GPL-2.0-only */
/* From records to numbers: the metrics of result.json. */
#ifndef RESULT_MEASURE_H
#define RESULT_MEASURE_H

#include <jansson.h>

#include "base/buf.h"
#include "records/records.h"
#include "trace/summary.h"

/*
 * A new array of metric objects {name, scope, unit, better, class, value} over the window; a metric
 * that there is no number for carries "absent": why, instead of a value; one whose meaning depends on
 * the kernel or the policy carries "meaning".  Empty when the window never opened.  trace is of
 * the window, and may be empty.
 */
json_t *measure_metrics(const struct records *rec, const struct trace_summary *trace);

#endif
