/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A checker of JSON against JSON Schema (draft 2020-12), as far as the schemas of results/schema use
 * it: type, enum, const, properties, required, additionalProperties, items, minItems, minimum,
 * maximum, pattern (an extended regular expression), anyOf, and $ref to "#/$defs/NAME" or to another
 * file of the folder.  A schema with another keyword is an error, so nothing goes unchecked in silence.
 */
#ifndef RESULT_SCHEMA_H
#define RESULT_SCHEMA_H

#include <jansson.h>

#include "base/err.h"

struct schema;

/* Loads dir/NAME.schema.json.  -ENOENT, or -EINVAL for one that this cannot check. */
int schema_open(const char *dir, const char *name, struct schema **out, struct err *err);
void schema_close(struct schema *schema);
/* 0, or -EBADMSG: err says at which path of the value, and why. */
int schema_check(struct schema *schema, const json_t *value, struct err *err);

#endif
