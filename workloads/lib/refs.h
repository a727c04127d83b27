/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * References to objects, one a line: the format of docs/wringer-refs.5.  The text comes from the user
 * and may be anything.
 */
#ifndef WORKLOADS_LIB_REFS_H
#define WORKLOADS_LIB_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WL_REFS_MAGIC "wringer-refs 1 "
/* The most objects a trace may have: 16 TiB of pages. */
#define WL_REFS_OBJECTS_MAX (1ull << 32)
#define WL_REFS_DELAY_MAX   3600000000ull

struct wl_refs {
	const char *text;
	size_t len;
	size_t at;
	size_t first;     /* behind the header */
	uint64_t line;    /* of what was read last, from 1 */
	uint64_t objects; /* their numbers are below this */
};

struct wl_ref {
	uint64_t object;
	uint64_t count;    /* of objects in a row, from object on; all are below objects */
	uint64_t delay_us; /* since the reference before */
	bool write;
};

/* NULL, or what is wrong with the header. */
const char *wl_refs_start(struct wl_refs *r, const char *text, size_t len);
/* True and the next reference; false at the end, or with *bad where line is no reference. */
bool wl_refs_next(struct wl_refs *r, struct wl_ref *ref, const char **bad);
/* Back to the first reference. */
void wl_refs_rewind(struct wl_refs *r);

#endif
