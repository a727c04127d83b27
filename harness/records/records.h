/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest recorded, as sets: all sources and workloads at the opening of the window, at each
 * sample, and at its close.  Between opening and close a source may have its turn in some sets only.
 *
 * Built from the record region, which is untrusted.  A damaged stream gives what came before the
 * damage.  Everything points into the region's memory, which must outlive this.
 */
#ifndef RECORDS_RECORDS_H
#define RECORDS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "records/text.h"
#include "wire/wire.h"

#define RECORDS_SOURCES_MAX 512
#define RECORDS_WORKS_MAX   64
#define RECORDS_MARKS_MAX   64
#define RECORDS_STEPS_MAX   4096
#define RECORDS_STATES_MAX  256
#define RECORDS_SETS_MAX    16384
#define RECORDS_TRACES_MAX  262144
#define RECORDS_PIECES_MAX  4096
/* Sources whose name begins so are the output of programs, recorded once, in pieces. */
#define RECORDS_OUTPUT      "output."
/* And what BPF objects of the policy, or their loader, have to say: "policy.log NAME", "policy.table NAME MAP". */
#define RECORDS_POLICY      "policy."

struct records_work {
	bool present;
	bool has_buckets;
	struct wire_work work;
	const uint8_t *bucket; /* WIRE_BUCKETS little-endian u64, unaligned; NULL without buckets */
};

struct records_set {
	enum wire_phase phase;
	struct text name; /* of a mark */
	uint64_t time_ns;
	struct text text[RECORDS_SOURCES_MAX]; /* p == NULL: absent, or not its turn in this set */
	struct records_work work[RECORDS_WORKS_MAX];
};

/* A step that was done. */
struct records_step {
	uint64_t time_ns; /* when it was over */
	struct text name;
	struct text outcome; /* "done", or what else there is to say */
};

/* Of the tracepoints: WIRE_FORMAT, WIRE_TRACE or WIRE_LOST. */
struct records_trace {
	enum wire_type type;
	unsigned int cpu;
	struct text data;
};

/* Of what a program put out. */
struct records_piece {
	unsigned int source;
	struct text data;
};

struct records {
	struct text hello[3];                      /* agent version, uname release, uname version */
	uint64_t phase_ns[WIRE_STOPPED + 1];       /* first time of each phase; 0 = never reached */
	enum wire_phase last_phase;                /* 0 = not even booted */
	struct text source[RECORDS_SOURCES_MAX];   /* names; p == NULL where unused */
	struct text last[RECORDS_SOURCES_MAX];     /* the newest text of each, for those that are the same */
	unsigned int nr_sources;                   /* highest used + 1 */
	struct text work_name[RECORDS_WORKS_MAX];
	struct text work_type[RECORDS_WORKS_MAX];
	unsigned int nr_works;
	struct text state[RECORDS_STATES_MAX];     /* "key=value" */
	unsigned int nr_states;
	struct wire_cost cost[RECORDS_SOURCES_MAX]; /* in the window; reads == 0 where unknown */
	struct wire_cost cost_all;                 /* of all the agent did in the window */
	struct records_set *set;                   /* owned */
	size_t nr_sets;
	struct records_set *mark;                  /* owned; points of time that steps marked */
	size_t nr_marks;
	struct records_set *current;               /* inside set or mark: what is being read */
	struct records_step *step;                 /* owned; in the order of the stream */
	size_t nr_steps;
	struct records_trace *trace;               /* owned; in the order of the stream */
	size_t nr_traces;
	struct records_piece *piece;               /* owned; in the order of the stream */
	size_t nr_pieces;
	bool ended;                                /* the agent said the run is over */
	unsigned int end_status;                   /* enum wire_status, unchecked */
	struct text error;                         /* why, when it ended early */
	uint64_t last_ns;                          /* time of the last record */
	uint64_t dropped;                          /* records the guest had no room for */
	bool damaged;                              /* the stream stops making sense at some point */
	size_t bytes;                              /* of the region up to the last good record */
};

/* 0; -ENODATA when the agent never started, -EBADMSG when the region is not ours at all. */
int records_parse(struct records *rec, const void *region, size_t size);
void records_release(struct records *rec);

/* The set of the window's opening, and of its close (or the last one there is); NULL if none. */
const struct records_set *records_open_set(const struct records *rec);
const struct records_set *records_last_set(const struct records *rec);
/* The set of a marked point of time; of several with one name the last; NULL if none. */
const struct records_set *records_mark(const struct records *rec, const char *name);
/* The text of a source by name in a set; p == NULL when absent. */
struct text records_text(const struct records *rec, const struct records_set *set,
			 const char *name);

#endif
