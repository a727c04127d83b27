/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What real programs say of themselves: stress-ng's YAML, fio's JSON, and tests in KTAP, nested or
 * not.  All of it was written in a guest, so nothing in it is trusted: any bytes give either a report
 * or the reason why there is none.
 */
#ifndef RESULT_PROGRAM_H
#define RESULT_PROGRAM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "records/records.h"
#include "stats/stats.h"

/* Bounds on what is taken notice of. */
#define PROGRAM_METRICS_MAX 512
#define PROGRAM_TESTS_MAX   8192
#define PROGRAM_PART        48
#define PROGRAM_BYTES_MAX   (8u << 20)

/* A kind of number that a program's output has; the first part of the name is the guest's. */
struct program_kind {
	const char *of;   /* "stress-ng", "fio", "ktap" */
	const char *name; /* "bogo_ops"; behind the name of a stressor or job */
	const char *unit;
	enum stats_direction better;
	const char *help;
};

extern const struct program_kind program_kinds[];
extern const size_t nr_program_kinds;

struct program_metric {
	const struct program_kind *kind;
	char part[PROGRAM_PART]; /* "vm", "job.read", "tests"; small letters, digits, _, - and . */
	int64_t value;
};

struct program_report {
	struct program_metric *metric;
	size_t nr_metrics;
	json_t *detail;  /* array: what each stressor, job or test did */
	char error[160]; /* why the output is none of that kind; "" when it is */
};

void program_report_release(struct program_report *report);

/* Each leaves either an error or a report; the report was zeroed before. */
void stress_ng_read(const char *text, size_t len, struct program_report *report);
void fio_read(const char *text, size_t len, struct program_report *report);
void ktap_read(const char *text, size_t len, struct program_report *report);

/* For the readers. */
void program_error(struct program_report *report, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* part is made a name's part, and told from others of the same metric by "_2", "_3", ... */
void program_put(struct program_report *report, const char *of, const char *name, const char *part,
		 int64_t value);
/* Text of a guest as JSON: printable ASCII, cut after so many characters. */
json_t *program_text(struct text text, size_t max);

/*
 * A new array, in the order of the workloads: {name, output, exit or signal, ended_ns, stopped, log:
 * {bytes, sha256}, result: {bytes, sha256}, and either report: [...] or error: "..."}.
 */
json_t *programs_json(const struct records *rec);
/* The report of the workload with this name; false when it is no program. */
bool program_report_of(const struct records *rec, struct text name, struct program_report *out);
/* What the program printed (file "log") or wrote (file "result"), appended; false without one. */
bool program_output(const struct records *rec, struct text name, const char *file, struct buf *out);

#endif
