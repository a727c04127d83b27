/* SPDX-License-Identifier: GPL-2.0-only */
/* For the files of this room alone. */
#ifndef EXPORT_INTERNAL_H
#define EXPORT_INTERNAL_H

#include "export/export.h"

/* Copies the labels; the other fields are for the caller. */
struct export_group *group_add(struct export *e, const char *const label[AXIS_NR]);
/* word and reason as in the struct; the reason is copied. */
struct export_case *case_add(struct export_group *g, const char *name, enum export_status status, const char *word,
			     const char *reason);
/* Passes over what is no finite number. */
void value_add(struct export_case *c, const char *name, const char *unit, const char *scope, double value);

/* "oom: the reason", or the word alone: a new string. */
char *case_says(const struct export_case *c);

/* How many cases of a group have the status; and the gravest there is. */
size_t group_count(const struct export_group *g, enum export_status status);
enum export_status group_status(const struct export_group *g);
static inline bool status_is_bad(enum export_status status)
{
	return status < EXPORT_PASS;
}

/* Another part of a path, in which _ is for what is no letter, digit, - or _; none for NULL. */
void part_add(struct buf *path, const char *text);
/*
 * "7_3_4.two.mglru.exact.kv-scan": suite, cells, kernel, guest, policy, engine and scenario.
 * kernel: with it.
 */
char *group_path(const struct export_group *g, bool kernel);

/* The text of a number that reads as the same: an integer where it is one. */
void number_add(struct buf *out, double value);

#endif
