/* SPDX-License-Identifier: GPL-2.0-only */
/* Where two JSON values differ. */
#ifndef REPORT_JSON_DIFF_H
#define REPORT_JSON_DIFF_H

#include <jansson.h>

/* Longest path that is told whole: "state.node.0.zone.Normal.low". */
#define JSON_DIFF_PATH 256

/* a or b is NULL where only the other has the key.  What it returns, if not 0, ends the search. */
typedef int json_diff_fn(void *ctx, const char *path, const json_t *a, const json_t *b);

/*
 * Calls fn for each difference, in the order of a's keys, then those that only b has.  Objects are
 * gone into, arrays are compared whole.  path is that of a and b, "" on top.
 */
int json_diff(const json_t *a, const json_t *b, const char *path, json_diff_fn *fn, void *ctx);

#endif
