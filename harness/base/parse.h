/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers as people write them.  All return 0, -EINVAL (not such a number) or -ERANGE. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal or 0x hexadecimal, whole string, no sign. */
int parse_u64(const char *s, uint64_t *out);
/* Bytes: a number with an optional K, M, G or T (powers of 1024). */
int parse_size(const char *s, uint64_t *out);
/* Nanoseconds: a decimal number, fraction allowed, with ns, us, ms, s, m, h or d; a bare 0 is fine. */
int parse_time(const char *s, uint64_t *out);
/* yes/no, on/off, true/false, 1/0. */
int parse_bool(const char *s, bool *out);
/*
 * Numbers and ranges, "1-8,12", appended to *out, which the caller frees; at most max in all and none above
 * INT64_MAX - 1.  -E2BIG for more.
 */
int parse_numbers(const char *s, size_t max, uint64_t **out, size_t *nr);
/* A number with up to six decimals, in millionths: "0.99" is 990000. */
int parse_millionths(const char *s, uint64_t *out);

#endif
