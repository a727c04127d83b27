/* SPDX-License-Identifier: GPL-2.0-only */
/* Running a suite: look after look, what is worth most first, until it is settled or the time is over. */
#ifndef SUITE_RUN_H
#define SUITE_RUN_H

#include "farm/farm.h"
#include "suite/judge.h"
#include "suite/plan.h"

struct suite_run {
	const struct farm *farm;
	struct farm_opts opts;
	double seconds; /* of wall time for all; 0: as long as it takes */
	bool all;       /* run every seed, settled or not */
	/* Before experiments of several contests are run, and with the estimated wall seconds; may be NULL. */
	void (*batch)(const struct suite_plan *plan, size_t nr, double seconds, void *ctx);
};

/*
 * Runs what is missing.  Each round runs the next look of all contests that are not settled and have
 * budget left; when not all of them fit into the time, by priority those whose look settles most for its
 * cost.  Results that are there are used, so what was stopped goes on.  *out is as things stand then, also
 * when an error ended it (-EINTR: opts.run.stop was set).
 */
int suite_run(struct suite_plan *plan, const struct suite_run *run, struct suite_standings *out, struct err *err);

/* text.c */
/* What would be run: contests by cells, with numbers of experiments and times on so many CPUs. */
void suite_plan_text(const struct suite_plan *plan, const struct suite_standings *s, unsigned int jobs,
		     struct buf *out);
json_t *suite_plan_json(const struct suite_plan *plan, const struct suite_standings *s);
/* "kv-scan, two, 7.3.4: mglru against lru"; other may be NULL. */
void suite_contest_title(const struct suite_contest *c, const char *other, struct buf *out);
/* How much is run and settled, and the verdicts counted, in two lines. */
void suite_head_text(const struct suite_plan *plan, const struct suite_standings *s, struct buf *out);
/* As things stand: what was decided, what was not and why. all: rows of no interest too. */
void suite_status_text(const struct suite_plan *plan, const struct suite_standings *s, bool all,
		       struct buf *out);
json_t *suite_status_json(const struct suite_plan *plan, const struct suite_standings *s);

#endif
