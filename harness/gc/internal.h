/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share; nobody else includes it. */
#ifndef GC_INTERNAL_H
#define GC_INTERNAL_H

#include "base/buf.h"
#include "gc/gc.h"

/* What was renamed away is removed from here. */
#define GC_TRASH ".gc"

/* scan.c */

/* Adds all there is of the kinds of one place; results themselves only with old_results. */
int scan_root(struct gc *gc, const char *root, bool in_results, bool old_results, struct err *err);
/* To be called when all is added: entries of one thing become one item. */
void scan_merge(struct gc *gc);
/* The item's folder, a descriptor; -errno, of a link too. */
int scan_open(const struct gc_item *item);
/* Calls take for each entry of that folder that is part of the item, until it returns non-zero. */
int scan_entries(const struct gc_item *item, int fd,
		 int (*take)(int fd, const char *name, void *ctx), void *ctx);
/* When the item was last used by now. */
int64_t scan_used(const struct gc_item *item);

/* plan.c */

/*
 * Takes the lock that the item has for itself: a descriptor to close, -1 where there is none, -EBUSY
 * when somebody else has it.
 */
int item_lock(const struct gc_item *item);

/* needs.c */

/* What results need: sorted "KIND/NAME", and "results/ID" of those that lists name. */
struct needs {
	char **name;
	size_t nr, cap;
	size_t results; /* that were asked */
};
int needs_read(struct needs *needs, char *const folders[], struct err *err);
bool needs_has(const struct needs *needs, const char *kind, const char *name);
void needs_release(struct needs *needs);

#endif
