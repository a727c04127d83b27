/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of level of all metrics that can get worse, by the kernel they began with, and for each kernel the
 * earlier one whose changes were alike.
 */
#ifndef HISTORY_CHANGES_H
#define HISTORY_CHANGES_H

#include "history/history.h"

#define HISTORY_NONE ((size_t)-1)

struct history_change {
	char *where; /* "kv-scan, two, mglru" */
	char *metric;
	char *text;  /* as history_change_text() has it */
	struct stats_change what;
	bool worse;
};

struct history_kernel {
	char *name, *before; /* the first of the new level, and the last of the old in the first of its series */
	char *first;         /* when it was first run */
	struct history_change *change; /* worse ones first */
	size_t nr, nr_worse;
	size_t like; /* an earlier kernel, or HISTORY_NONE: at least half of its changes are there too, the same way */
	size_t same; /* so many */
};

struct history_changes {
	struct history_kernel *kernel; /* the newest first */
	size_t nr;
};

/*
 * what->metric is not looked at.  What the index keeps is looked up; by time, or where results came into it and were not yet
 * judged, it is asked for one metric after the other (history_ask()), and takes as many times as long as that.
 */
int history_changes(struct history *h, const struct history_select *what, struct history_changes *out, struct err *err);
void history_changes_release(struct history_changes *all);
/* Of the newest so many kernels. */
void history_changes_text(const struct history_changes *all, size_t most, struct buf *out);
json_t *history_changes_json(const struct history_changes *all, size_t most);

#endif
