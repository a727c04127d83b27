/* SPDX-License-Identifier: GPL-2.0-only */
/* One window being measured: shared by the files that turn records into metrics and checks. */
#ifndef RESULT_WINDOW_H
#define RESULT_WINDOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "records/records.h"
#include "result/metrics.h"
#include "trace/summary.h"

#define WINDOW_NAME 256
/* Longest name of a cgroup, node, workload or device that is taken notice of. */
#define WINDOW_SCOPE 64
/* Shares and indices: this is one. */
#define WINDOW_PPM 1000000u

struct window {
	const struct records *rec;
	const struct records_set *open;  /* NULL when the window never opened */
	const struct records_set *close; /* the last set there is */
	const struct trace_summary *trace;
	json_t *out; /* array of metrics */
};

struct text window_open_text(const struct window *w, const char *source);
struct text window_close_text(const struct window *w, const char *source);
/* "memory.stat NAME" of kind "memory.stat ": each plain NAME, once. */
void window_each(struct window *w, const char *kind,
		 void (*fn)(struct window *w, const char *scope, void *ctx), void *ctx);
/* Sum of the changes of blank-separated keys; false when not one of them is there. */
bool window_delta(struct text open, struct text close, const char *keys, int64_t *sum);
/* The value of "key" that the guest stated when it was set up; p == NULL when it did not. */
struct text window_state(const struct window *w, const char *key);
/* The state is a number that is not 0: "0x0007", "1". */
bool window_state_is_set(const struct window *w, const char *key);
/* part for a million of whole; whole is not 0. */
int64_t window_ppm(uint64_t part, uint64_t whole);

/* A metric of the table in one scope: "" for the system, else the name of the cgroup, node, ... */
void window_put(struct window *w, const struct metric *m, const char *scope, int64_t value);
void window_absent(struct window *w, const struct metric *m, const char *scope, const char *why);

/* window_raw.c: every counter of vmstat, nodes, cgroups, devices; no registry */
void window_measure_raw(struct window *w);
/* window_trace.c: rows of METRIC_TRACE and METRIC_HIST */
void window_measure_trace(struct window *w, const struct metric *m, const char *scope);
/* window_work.c: rows of METRIC_WORKLOAD, and a workload's own */
void window_measure_work(struct window *w, const char *name, unsigned int id);
/* window_derive.c: rows of METRIC_DERIVED, METRIC_COUNTERS and METRIC_HIGHEST */
void window_measure_derived(struct window *w, const struct metric *m, const char *scope);
/* Adds "meaning" to a metric made of these keys. */
void window_mark(const struct window *w, json_t *metric, const char *keys, bool cgroup);

#endif
