/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The journal of a search: a JSON object a line, only ever added to, on the disk before anything goes on.
 * What a search knows is what its journal says, so it can be ended at any moment, by SIGKILL too.
 */
#ifndef BISECT_JOURNAL_H
#define BISECT_JOURNAL_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct journal {
	char *path;
	int fd;      /* locked; -1 when it is only read */
	json_t *all; /* array: every entry, those undone too */
};

#define JOURNAL_NONE ((struct journal){.fd = -1})

/*
 * Reads it; a last line that was torn off counts for nothing.  write: takes it for this process alone,
 * made where there is none, and cuts the torn line off; -EBUSY when another process has it.  -ENOENT,
 * -EBADMSG with the number of a line that is none.
 */
int journal_open(const char *path, bool write, struct journal *out, struct err *err);
void journal_close(struct journal *j);
/* Takes the reference. */
int journal_add(struct journal *j, json_t *entry, struct err *err);
/* Those that count, borrowed in a new array: an "undo" takes away all from the last "step" on. */
json_t *journal_live(const struct journal *j);

#endif
