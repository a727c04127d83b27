/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A search on disk: results/.bisect/<id>/journal, where id is the hash of what is asked.  The same
 * question goes on where it was left, or answers at once when it has its answer.
 */
#ifndef BISECT_BISECT_H
#define BISECT_BISECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "bisect/hunt.h"
#include "bisect/journal.h"
#include "bisect/line.h"
#include "bisect/measure.h"

#define BISECT_ID 12

/* What is known of an attempt beside its value; in the order of hunt.tried. */
struct bisect_seen {
	char id[SHA256_HEX];
	enum status status;
	char *why;
};

struct bisect {
	char id[BISECT_ID + 1];
	char *dir;
	/*
	 * What is asked: strings good, bad, policy, scenario, and where they are given engine, guest, metric,
	 * tree, series, base, build; lists seeds, and where given fail, kernels, paths, allow; booleans every,
	 * first_parent; numbers limit, and min_rel or null.
	 */
	json_t *ask;
	struct journal journal;
	struct line line;
	struct hunt hunt;
	struct measure measure; /* its strings are those of ask */
	uint64_t *seed;
	struct bisect_seen *seen;
	char **skipped;         /* by point: why, or NULL */
	double seconds;         /* of wall time so far */
	size_t steps, ran;      /* steps done, experiments that were run and not found */
	struct step pending;    /* begun, not ended; phase HUNT_OVER for none */
	size_t pending_done;
};

struct bisect_run {
	void (*say)(const char *line);
	/* Before each step. */
	void (*step)(const struct bisect *b, const struct step *step);
	struct run_opts run;
};

/*
 * Begins the search or goes on with it; takes a reference to ask.  fresh: forgets what its journal says
 * (results stay).  -EBUSY, -EBADMSG; and what is wrong with the ends.
 */
int bisect_open(json_t *ask, bool fresh, void (*say)(const char *line), struct bisect *out,
		struct err *err);
/*
 * One that is there, by the first digits of its id, or NULL for that which was last at work.  write: to go
 * on with it or to undo.
 */
int bisect_load(const char *id, bool write, struct bisect *out, struct err *err);
void bisect_close(struct bisect *b);

/*
 * Goes on until there is an answer: b->hunt.outcome.  An error ends it for now, and nothing is lost:
 * -ESTALE when what is measured is no longer what it was.
 */
int bisect_go(struct bisect *b, const struct bisect_run *opts, struct err *err);
/* Takes back the last step; -ENODATA when there is none. */
int bisect_undo(struct bisect *b, struct err *err);

/* text.c: for a mail, 72 columns as far as names allow; the journal by steps; everything as JSON. */
void bisect_text(const struct bisect *b, struct buf *out);
void bisect_log(const struct bisect *b, struct buf *out);
json_t *bisect_json(const struct bisect *b);
/* The command that asks it. */
void bisect_command(const json_t *ask, struct buf *out);
/* "first bad" or "first good", of a kernel, commit or patch. */
const char *outcome_name(enum outcome outcome);

#endif
