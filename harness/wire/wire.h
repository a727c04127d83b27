/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's record stream, shared by the agent (writer) and the harness (reader).
 *
 * The agent appends records to a shared-memory region (the ivshmem BAR) and moves header.used
 * forward only after a record is whole, so what was written before a panic can be read after it.
 * All numbers are little-endian, as both sides are x86.  The reader trusts nothing: it is fed by a
 * guest that may have gone wrong in any way.
 *
 * This file and wire.c use nothing beyond C and memcpy: the agent links them too.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_MAGIC   0x474e5257u /* "WRNG" */
#define WIRE_VERSION 4u
/*
 * The oldest that the reader takes.  3 has no steps and no marks, 2 no WIRE_COST and no WIRE_SAME, 1
 * no WIRE_READY; the reader gives its phases today's numbers.
 */
#define WIRE_VERSION_MIN 1u

/* The most payload one record may hold, bytes. */
#define WIRE_PAYLOAD_MAX (256u << 10)
/* Sizes the record region may have, bytes. */
#define WIRE_REGION_MIN  (1u << 20)
#define WIRE_REGION_MAX  (256u << 20)
/* User-Mode Linux: bytes behind the region, the first word of which the host sets when it has both. */
#define WIRE_UML_GATE    4096u

struct wire_header {
	uint32_t magic;
	uint32_t version;
	uint64_t used;    /* bytes of whole records behind the header */
	uint64_t dropped; /* records that did not fit any more */
	uint64_t reserved[5];
};

struct wire_record {
	uint32_t len; /* payload bytes; the next record starts at the next multiple of 8 */
	uint16_t type;
	uint16_t id;
	uint64_t time_ns; /* virtual time: the guest's CLOCK_MONOTONIC */
	uint32_t seq;     /* 0, 1, 2, ... */
	uint32_t crc;     /* CRC-32 (IEEE 802.3) of this struct with crc = 0, then of the payload */
};

enum wire_type {
	WIRE_HELLO = 1, /* text: agent version, uname release, uname version; one a line */
	WIRE_PHASE,     /* id = enum wire_phase */
	WIRE_SOURCE,    /* id = source; text: its name, e.g. "vmstat" or "memory.stat kv" */
	WIRE_TEXT,      /* id = source; the file's text */
	WIRE_STATE,     /* text: "key=value" of set-up state, one record a key */
	WIRE_WORKLOAD,  /* id = workload; text: its name, then its type */
	WIRE_WORK,      /* id = workload; struct wire_work, then bucket counts or nothing */
	WIRE_ERROR,     /* text: why the run ends early */
	WIRE_END,       /* id = enum wire_status; the last record */
	/* The tracepoints, before the end all the same. */
	WIRE_FORMAT = 10, /* text: "system/name", a newline, the format file; or "header_page" */
	WIRE_TRACE = 11,  /* id = CPU; pages of its ring buffer, the last cut behind what is in use */
	WIRE_LOST = 12,   /* id = CPU; text: per_cpu/cpuN/stats at the close */
	WIRE_COST = 13,   /* id = source or WIRE_COST_ALL; struct wire_cost, once the window is over */
	WIRE_SAME = 14,   /* id = source, whose text is the same as in the set before; no payload */
	WIRE_STEP = 15,   /* id = step; text: its name, then how it went, once a time it was done */
};

enum wire_phase {
	WIRE_BOOT = 1, /* the agent runs */
	WIRE_SETUP,    /* devices and file systems are being made */
	WIRE_READY,    /* they are: the fork point; cgroups and workloads follow */
	WIRE_GATE,     /* everything checked; workloads are let go: warm-up */
	WIRE_OPEN,     /* the window opens; a full set of TEXT and WORK follows */
	WIRE_SAMPLE,   /* a set of TEXT and WORK follows */
	WIRE_CLOSE,    /* the window closes; a full set of TEXT and WORK follows */
	WIRE_STOPPED,  /* workloads have ended */
	WIRE_MARK,     /* text: a name; at any time, a full set of TEXT and WORK follows */
};

/* What the agent says of the run. */
enum wire_status {
	WIRE_DONE = 0,
	WIRE_SETUP_FAILED = 1,
	WIRE_WORKLOAD_FAILED = 2,
	WIRE_OOM = 3,
	WIRE_HUNG = 4,
	WIRE_AGENT_ERROR = 5,
	WIRE_VIRTUAL_TIMEOUT = 6,
	WIRE_POLICY_LOST = 7, /* a BPF object could not be attached, or was detached on the way */
};

/* What recording a source took between the window's opening and its close, in virtual time. */
struct wire_cost {
	uint64_t reads;
	uint64_t total_ns;
	uint64_t max_ns;
};

/* The id of the cost of all that the agent does in the window: reads are its wake-ups. */
#define WIRE_COST_ALL 0xffffu

#define WIRE_METRICS_MAX 8

/*
 * Latency histogram: log-linear, WIRE_SUB buckets for each power of two, values in ns.  Values
 * below WIRE_SUB are exact; a bucket is at most 1/WIRE_SUB wide relative to its value.
 */
#define WIRE_SUB_BITS 4u
#define WIRE_SUB      (1u << WIRE_SUB_BITS)
#define WIRE_BUCKETS  (WIRE_SUB * 38u)

/* A workload's counters so far; the workload counts, never resets. */
struct wire_work {
	uint64_t ops;
	uint64_t latency_sum_ns;
	uint64_t latency_max_ns;
	uint64_t metric[WIRE_METRICS_MAX]; /* meaning: the workload's descriptor */
};

unsigned int wire_bucket(uint64_t ns);
/* The largest value that falls into the bucket. */
uint64_t wire_bucket_max(unsigned int bucket);

uint32_t wire_crc32(uint32_t crc, const void *data, size_t len);

/* The writer.  region is size bytes of shared memory, header included. */
struct wire_writer {
	uint8_t *region;
	size_t size;
	uint32_t seq;
};

void wire_start(struct wire_writer *w, void *region, size_t size);
/* Appends one record; false when it did not fit (it is counted in header.dropped). */
bool wire_put(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
	      const void *payload, uint32_t len);
/* As wire_put() with the payload in two pieces. */
bool wire_put2(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
	       const void *a, uint32_t alen, const void *b, uint32_t blen);
/*
 * The place of the next record's payload, *room bytes of it (at most WIRE_PAYLOAD_MAX), or NULL when
 * there is none.  What was written there becomes a record by wire_put_here(), and is overwritten by
 * any other wire_put().
 */
void *wire_here(const struct wire_writer *w, size_t *room);
bool wire_put_here(struct wire_writer *w, enum wire_type type, uint16_t id, uint64_t time_ns,
		   uint32_t len);

/* The reader, over a private copy of the region. */
struct wire_reader {
	const uint8_t *data;
	size_t pos;
	size_t end;
	uint32_t seq;
	uint32_t version;
	uint64_t dropped;
};

struct wire_item {
	struct wire_record head;
	const uint8_t *payload; /* head.len bytes inside the region */
};

/* 0, or -ENODATA (the agent never wrote a header), -EBADMSG (not a record region of ours). */
int wire_open(struct wire_reader *r, const void *region, size_t size);
/* 0 and *item, -ENOENT at the end, -EBADMSG where the stream stops making sense. */
int wire_next(struct wire_reader *r, struct wire_item *item);

#endif
