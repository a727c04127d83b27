/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arms: stored results grouped by everything but their seed.
 *
 * Two results belong to one arm when their specs are equal but for the seed, and for what it
 * decides in the plan.
 */
#ifndef REPORT_ARMS_H
#define REPORT_ARMS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"
#include "result/status.h"
#include "result/store.h"

enum axis { AXIS_KERNEL, AXIS_GUEST, AXIS_POLICY, AXIS_SCENARIO, AXIS_ENGINE, AXIS_NR };

/* "kernel", "guest", "policy", "scenario", "engine"; AXIS_NR for another word. */
const char *axis_name(enum axis axis);
enum axis axis_find(const char *name);
/* What a spec is called on that axis, inside the spec; "?" where it does not say. */
const char *spec_label(const json_t *spec, enum axis axis);

struct member {
	struct result r; /* spec, result and host only */
	char id[SHA256_HEX];
	uint64_t seed;
	enum status status;
	time_t when; /* the folder's time: which of several environments is the newest */
};

struct arm {
	char key[SHA256_HEX];        /* hash of the spec without its seed */
	const char *label[AXIS_NR];  /* inside the first member's spec */
	struct member *member;       /* by seed */
	size_t nr;
};

struct arms {
	struct arm *arm; /* in the order of the filter's words, then of their labels */
	size_t nr;
	size_t ignored; /* results left out because a newer arm has the same labels */
	size_t other_engine; /* that would match but for their engine */
};

/*
 * Which results: words as a user writes them, an empty list takes all.  Kernels match by version,
 * package version, release, branch ("6.12"), or "newest" (of the stored ones); the others by name,
 * or by the name of a path.
 */
struct arms_filter {
	char **word[AXIS_NR]; /* NULL-terminated, or NULL */
	const uint64_t *seed;
	size_t nr_seeds; /* 0 = all */
	bool old; /* those that a newer arm has the labels of too */
	const char *newest; /* set by arms_load(): what the kernel word "newest" stands for */
};

/*
 * Loads what matches.  Where several arms have the same labels (the agent was rebuilt, QEMU
 * changed), the newest stays, unless all are asked for.
 */
int arms_load(const struct arms_filter *filter, struct arms *out, struct err *err);
void arms_release(struct arms *arms);
/*
 * The results of these ids as one arm, whatever else they differ in: of one kernel of a search.
 * -ENODATA for none.
 */
int arm_of_results(const char *const *id, size_t nr, struct arm *out, struct err *err);
void arm_release(struct arm *arm);
/*
 * Whether the member's numbers count: it went to its end as planned.  One that did not meet what the
 * scenario expects does, or what is expected would choose among the seeds.
 */
bool member_counts(const struct member *m);
/* Whether the word, as in arms_filter but for "newest", means the arm's label on that axis. */
bool arm_matches(const struct arm *arm, enum axis axis, const char *word);
/* The arm's first member that counts, or NULL. */
const struct member *arm_first(const struct arm *arm);

#endif
