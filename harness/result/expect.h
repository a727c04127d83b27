/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scenario expects: lines of its [expect], each
 *
 *	EXPRESSION = OP EXPRESSION [OP EXPRESSION]
 *
 * OP is < <= > >= == or != (== may be left out).  An expression is values joined by + - * / with
 * blanks around them, * and / binding closer.  A value is
 *
 *	a number, with K, M, G or T for powers of 1024
 *	a metric of the window, as 'wringer metrics' names them: workload.kv.rate, refault.file
 *	COUNTER@POINT, a counter of records/counters.h (or workload.NAME.ops and NAME's own) at
 *	the point of time open, close, or one that a step marked
 *	COUNTER@POINT..POINT, by how much it grew from one to the other
 */
#ifndef RESULT_EXPECT_H
#define RESULT_EXPECT_H

#include <jansson.h>

#include "base/err.h"
#include "records/records.h"

/* 0, or -EINVAL: it is not written as above. */
int expect_parse(const char *left, const char *right, struct err *err);

/*
 * An array, in the order of the keys: {"expect", "left", "right": [...], "holds"}, or with "absent",
 * why it could not be said, in place of the last three.  expect is {left: right} as the spec has it,
 * or NULL; metrics are those of the result.
 */
json_t *expect_evaluate(const json_t *expect, const struct records *rec, const json_t *metrics);

/* That part of a spec, or NULL; borrowed. */
const json_t *expect_of_spec(const json_t *spec);

/* The first that does not hold, or NULL; borrowed. */
const json_t *expect_failed(const json_t *evaluated);
/* The first that could not be said, or NULL; borrowed. */
const json_t *expect_absent(const json_t *evaluated);

#endif
