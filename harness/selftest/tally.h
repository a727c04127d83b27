/* SPDX-License-Identifier: GPL-2.0-only */
/* tally - how many of how many. */
#ifndef SELFTEST_TALLY_H
#define SELFTEST_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct tally {
	size_t hit, of;
};

void tally_add(struct tally *t, bool hit);
/* [hit, of] */
json_t *tally_json(const struct tally *t);
json_t *tallies_json(const struct tally *t, size_t n);

#endif
