/* SPDX-License-Identifier: GPL-2.0-only */
/* What a policy's BPF objects, and their loader, said beside their counters. */
#ifndef RESULT_POLICY_H
#define RESULT_POLICY_H

#include <jansson.h>

#include "base/buf.h"
#include "records/records.h"

/* Of all tables together. */
#define POLICY_ENTRIES_MAX 4096

/* libbpf's and the verifier's words on each object, with its name before them; appended. */
void policy_log(const struct records *rec, struct buf *out);
/*
 * A new object: for each object's table, "NAME.MAP", an array of its entries, in the order of their
 * text; numbers are integers, all else is strings.
 */
json_t *policy_tables(const struct records *rec);

#endif
