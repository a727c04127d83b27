/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Conservation: what must hold between the numbers of one run, whatever the kernel's policy.  A
 * violated check means that the observer or the kernel's accounting is wrong, so the result is marked.
 */
#ifndef RESULT_CHECK_H
#define RESULT_CHECK_H

#include <jansson.h>

#include "records/records.h"
#include "trace/summary.h"

/*
 * A new array of {name, verdict, detail}: verdict is "held", "violated" or "absent" (the kernel or
 * the run does not have what it needs); detail says what was compared, or why it is absent.  In a
 * fixed order, each check once.  Empty when the window never opened.
 */
json_t *check_conservation(const struct records *rec, const struct trace_summary *trace);

/* The names of the violated ones, a new array. */
json_t *check_violated(const json_t *checks);

/* Each check's name and what it means, in the same order; NULL behind the last. */
const char *check_name(size_t i);
const char *check_help(size_t i);

#endif
