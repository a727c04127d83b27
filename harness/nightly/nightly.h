/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A night: what a suite found, of that what is new, whether fresh seeds bear it out, and which kernel did it.
 *
 * What was found is known by its cells, scenario, guest, policy, engine and metric, not by its kernels.  What was
 * found the night before as well is not told as new again; what a night does not find any more is forgotten.
 * results/.suite/NAME/known.json holds that, last-good and last-night the kernels that rules of the suite ask for.
 */
#ifndef NIGHTLY_NIGHTLY_H
#define NIGHTLY_NIGHTLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "document/document.h"
#include "history/history.h"
#include "suite/run.h"

enum night_kind {
	NIGHT_NEW,   /* confirmed, and not known yet */
	NIGHT_KNOWN, /* the nights before had it */
	NIGHT_GONE,  /* fresh seeds do not bear it out */
	NIGHT_MOVED, /* more for one kind of reclaim and less for another: the sum is the same */
	NIGHT_KINDS,
};

struct night_finding {
	enum night_kind kind;
	char *key;
	size_t contest, arm;   /* of the plan; the arm is not the contest's first */
	const struct suite_row *row; /* NULL: experiments that did not end well, or arms that cannot be compared */
	char *what;            /* a sentence for those; else NULL */
	char *since;           /* of a known one: what the arm was called when it was first found */
	bool tried;            /* fresh seeds were run */
	struct comparison_row fresh; /* of them; name not owned */
	char *search;          /* what a search for the kernel said, or NULL */
};

struct night {
	struct suite_plan *plan;
	struct suite_standings s;
	struct night_finding *finding; /* new ones first */
	size_t nr;
	size_t count[NIGHT_KINDS];
	char *kernel;  /* tonight's */
	bool good;     /* nothing is new, and nothing known is left but what is moved or gone */
	bool complete; /* every contest is settled or out of budget, so more time would tell no more */
};

struct night_opts {
	struct suite_run run;
	const char *kernel;   /* tonight's, as results call it */
	double search_seconds; /* for all searches together; 0: none */
	/* Why run.opts.run.stop was set: the time is over, and what there is is judged.  NULL: never. */
	const volatile bool *over;
	void (*say)(const char *line);
};

/*
 * The kernel of tonight: what the suite's rule "tonight" means, or its first rule that is not a remembered one, or
 * the first kernel that its cells name.  A heap string, as results call it.
 */
int night_kernel(const struct suite *suite, char **out, struct err *err);

/*
 * Runs the suite, then what confirms its findings, and sorts them.  When the time is over that is no error: what there
 * is by then is judged, and complete is false.  A night that is not complete forgets nothing.
 */
int night_run(const struct suite *suite, struct suite_plan *plan, const struct night_opts *opts, struct night *out,
	      struct err *err);
void night_release(struct night *night);
/* No arm has all experiments of a look: nothing was tested. */
bool night_is_void(const struct night *night);

/* search.c: looks for the kernel that did it, for each new finding between two prebuilt kernels. */
void night_search(const struct suite *suite, struct night *night, const struct night_opts *opts);

/* "new", "known", "gone", "moved" */
const char *night_kind_name(enum night_kind kind);
/* In words: "kv-scan, two, mglru: 7.3.4 against 7.2.13, workload.kv.rate". */
void night_title(const struct night *night, const struct night_finding *f, struct buf *out);
/* report.c: into a document that is not initialised yet.  h, which may be NULL, is for the histories of what is new. */
void night_document(const struct night *night, struct history *h, struct document *doc);

/* text.c */
json_t *night_json(const struct night *night);
/* As report.html, report.txt, report.md and night.json into a folder, which is made. */
int night_write(const struct night *night, const struct document *doc, const char *dir, struct err *err);

#endif
