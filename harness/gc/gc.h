/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the cache and the results' folders hold that can be had again, and taking it away.
 *
 * A thing is what stands in one folder under one name up to its first dot: <id>.cpio and <id>.json
 * are one layer.  It was last used when it, or what is directly in it, last changed; its users see
 * to that (cache_used()).  Only names of the forms that the program gives are looked at, and no link
 * is followed.  A thing goes by a rename into the folder .gc/ of the cache or of the results, so it
 * is there whole or not at all; what a killed process left in .gc/ is removed the next time.
 *
 * Beside running experiments: templates and kernel trees have locks of their own; all else of the
 * cache goes only while nobody holds the cache (base/cache.h).
 */
#ifndef GC_GC_H
#define GC_GC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct gc_kind {
	const char *name; /* several rows may share one */
	const char *what;
	bool in_results;  /* in results' folders, not in the cache */
	const char *folder; /* below the cache or the results' folder; one part may be "*" */
	const char *prefix; /* names begin with that */
	size_t digits;      /* and go on with so many hexadecimal digits; 0 = whatever */
	const char *without; /* what begins with that inside is no part of it; NULL = all is */
	bool whole;         /* a name counts whole, not up to its first dot */
	const char *section, *key; /* where a spec names one that it needs; NULL = nowhere */
	enum { GC_AGED, GC_LEFT, GC_RUN, GC_NOTE, GC_LINK, GC_RESULT } rule;
	enum { GC_NO_LOCK, GC_LOCK_IN_IT, GC_LOCK_BESIDE, GC_TEMPLATE } lock;
};

/* Every kind, those that several rows share next to each other; ends with one without a name. */
extern const struct gc_kind gc_kinds[];
/* Of the rows that share a name the last. */
bool gc_last_of_name(const struct gc_kind *kind);

enum gc_fate {
	GC_KEEP,        /* used not long ago */
	GC_KEEP_NEEDED, /* a result needs it to be run again, or a list of results names it */
	GC_KEEP_BUSY,   /* somebody uses it now */
	GC_FREE_OLD,    /* not used for so long */
	GC_FREE_ROOM,   /* the least recently used, to make room */
	GC_FREE_LEFT,   /* left by a process that is gone */
};

struct gc_item {
	const struct gc_kind *kind;
	char *root;   /* the cache, or a folder of results */
	char *folder; /* below it; "." */
	char *name;
	uint64_t bytes; /* on disk */
	int64_t used;   /* last use, seconds since 1970 */
	enum gc_fate fate;
};

struct gc {
	struct gc_item *item;
	size_t nr;
	char **link; /* folders that are links and were left alone, NULL-terminated; NULL = none */
	size_t nr_links;
	size_t results; /* of gc_plan(): stored results that were asked what they need */
};

struct gc_opts {
	int64_t now;        /* seconds since 1970 */
	uint64_t keep;      /* what was used in the last so many seconds is kept */
	uint64_t size;      /* the cache is to hold at most so many bytes; UINT64_MAX = any */
	bool old_results;   /* results go too that are older than */
	uint64_t results;   /* so many seconds */
	char *const *folder; /* results are in these, NULL-terminated */
};

/* All that the cache holds, each GC_KEEP. */
int gc_list(struct gc *out, struct err *err);
/*
 * What is there, in the folders of results too, and what is to become of it.  Besides opts->folder
 * the folders count that the cache knows to have results (cache_note_results()): what these need is
 * kept.
 */
int gc_plan(const struct gc_opts *opts, struct gc *out, struct err *err);
/*
 * Takes away what is to go.  What turns out to be in use becomes GC_KEEP_BUSY.  -EBUSY when another
 * process is at the same.
 */
int gc_do(struct gc *gc, struct err *err);
void gc_release(struct gc *gc);

static inline bool gc_goes(enum gc_fate fate)
{
	return fate >= GC_FREE_OLD;
}

#endif
