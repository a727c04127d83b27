/* SPDX-License-Identifier: GPL-2.0-only */
/* What the members of an arm say: the numbers of one metric, and which metrics decide. */
#ifndef REPORT_VALUES_H
#define REPORT_VALUES_H

#include <jansson.h>
#include <stddef.h>

#include "report/arms.h"
#include "result/metrics.h"

/* The string of a key, "" when there is none. */
const char *text_of(const json_t *object, const char *key);

/*
 * The metric's object in a member's result, or NULL.  Results of one arm have their metrics in one
 * order, so its place in another member is where to look first.
 */
const json_t *member_metric(const struct member *m, const char *name, size_t place);

/* The values of the members that count; *why and *meaning are set to what the last of them says. */
size_t arm_values(const struct arm *arm, const char *name, size_t place, double *out,
		  const char **why, const char **meaning);

/* The scenario's "primary": metric names, blank-separated; "" leaves it to the registry. */
const char *arm_primary(const struct arm *arm);
/* The scenario's group in the catalogue. */
const char *arm_group(const struct arm *arm);
/* The guest that the scenario is made for, "" for any. */
const char *arm_guest(const struct arm *arm);
/* Primary by such a list, or, where it is empty, by the registry. */
enum metric_class metric_class_in(const char *list, const char *name, const json_t *metric);

/* Members that did not end well, so that they have no numbers. */
size_t arm_failed(const struct arm *arm);
/* Members that count but did not meet what the scenario expects. */
size_t arm_missed(const struct arm *arm);
/* Members that count whose warm-up was at its longest before it had what was waited for. */
size_t arm_unsteady(const struct arm *arm);
/* Members whose numbers contradict each other. */
size_t arm_violating(const struct arm *arm);

#endif
