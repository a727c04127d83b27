/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Export: what stored experiments or a suite's comparisons came to, in the forms that other systems read.
 *
 * The content is held once, as groups of cases, and written as
 *	KTAP		version 1, Documentation/dev-tools/ktap.rst of the kernel's sources
 *	JUnit		the XML of Ant's JUnit report, as Jenkins and GitLab read it
 *	KCIDB		the I/O schema 5.3, kcidb_io/schema/v05_03.py of kernelci/kcidb-io
 *	OpenMetrics	the text format 1.0
 * Results hold what guests wrote.  Every text that is taken from them is copied by visible_in() first, so none
 * has control characters, line ends or what is no UTF-8; the writers escape what their form has of its own.
 * What is written depends on the results alone: times are those of host.json.
 */
#ifndef EXPORT_EXPORT_H
#define EXPORT_EXPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "report/arms.h"
#include "suite/judge.h"

/* Bytes of a name, of a reason, and of a case's log; the rest of a longer one is cut off. */
#define EXPORT_NAME_MAX   200
#define EXPORT_REASON_MAX 1000
#define EXPORT_LOG_MAX    16000 /* KCIDB takes 16384 characters */

/* KCIDB's words, the gravest first. */
enum export_status {
	EXPORT_FAIL,  /* the kernel, or a policy against another, did not do what is expected */
	EXPORT_ERROR, /* it could not be measured as asked: says nothing of the kernel */
	EXPORT_MISS,  /* the host or the emulator was at fault */
	EXPORT_PASS,
	EXPORT_DONE,  /* measured, and not decided */
	EXPORT_SKIP,  /* not run yet, or nothing to measure */
	EXPORT_STATUSES,
};

struct export_value {
	char *name;  /* "workload.kv.rate", "change" */
	char *unit;  /* as metrics have it: "op/s", "count" */
	char *scope; /* "workload kv", "node 0", "system", or "" */
	const char *help; /* static, or NULL */
	double value; /* finite; counts are exact up to 2^53 */
};

struct export_case {
	char *name;           /* "seed-1", or the metric that is compared */
	enum export_status status;
	const char *word;     /* static: the experiment's status or the verdict, "oom", "WORSE" */
	char *reason;         /* one line, or "" */
	char *log;            /* whole lines, or "" */
	char id[SHA256_HEX];  /* of the experiment, or a hash of what was compared */
	uint64_t seed;        /* of an experiment */
	int64_t start;        /* seconds since 1970, of the host's clock; -1 when that is not known */
	double seconds;       /* wall time of the host; -1 when that is not known */
	struct export_value *value;
	size_t nr;
};

struct export_group {
	char *suite, *cells;    /* of a suite's comparison; both NULL for experiments */
	char *label[AXIS_NR];   /* where two arms are compared: "mglru against lru" */
	json_t *spec;           /* owned: of an experiment of it; NULL when none has run */
	struct export_case *c;
	size_t nr;
};

struct export {
	struct export_group *group; /* each has a case at least */
	size_t nr;
};

/* Which metrics of an experiment go along: those named, all, or by default the primary ones. */
struct export_pick {
	char *const *name; /* NULL-terminated, or NULL */
	bool all;
};

/* A group for each engine, kernel, guest, policy and scenario, and in it a case for each experiment. */
void export_arm(struct export *e, const struct arm *arm, const struct export_pick *pick);
/*
 * suite.c: for each contest a group for each arm, with a case for how its experiments ended, and one for each
 * two arms that are compared, with a case for each primary metric.  Some case is FAIL just when the suite has
 * findings.
 */
int export_suite(struct export *e, const struct suite_plan *plan, const struct suite_standings *s,
		 struct err *err);
void export_release(struct export *e);

/* Whether some case is FAIL, ERROR or MISS. */
bool export_is_bad(const struct export *e);

/* What an experiment's status is exported as. */
enum export_status export_status_of(enum status status);
/* "pass", "fail", ... */
const char *export_status_name(enum export_status status);

/* Whether this can be KCIDB's name of who submits: small letters, digits and _. */
bool export_is_origin(const char *origin);

void export_ktap(const struct export *e, struct buf *out);
void export_junit(const struct export *e, struct buf *out);
void export_openmetrics(const struct export *e, struct buf *out);
/* Groups of which no experiment has run are left out: there is no build to tell of. */
json_t *export_kcidb(const struct export *e, const char *origin);

#endif
