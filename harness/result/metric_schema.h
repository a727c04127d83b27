/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON schema of a metric, made of the registry. */
#ifndef RESULT_METRIC_SCHEMA_H
#define RESULT_METRIC_SCHEMA_H

#include <jansson.h>

/*
 * A new object: a metric has the unit, direction and class that the registry gives its name; a
 * workload's own those of its descriptor; raw counters and devices have none.
 */
json_t *metric_schema(void);

#endif
