/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file system as runs of non-zero bytes: the harness makes it (fs_make()), the agent writes it to
 * a block device.  Little-endian; whatever no run covers is zero.
 */
#ifndef WIRE_FSRUNS_H
#define WIRE_FSRUNS_H

#include <stdint.h>

#define FSRUNS_MAGIC   "WRFS" /* without its NUL */
#define FSRUNS_VERSION 1u
/* The longest run, bytes; each is a multiple of 4096. */
#define FSRUNS_RUN_MAX (1u << 20)

struct fsruns_header {
	char magic[4];
	uint32_t version;
	uint64_t size; /* of the device */
	uint32_t nr_runs;
	uint32_t zero;
};

/* Followed by len bytes. */
struct fsruns_run {
	uint64_t offset;
	uint32_t len;
	uint32_t zero;
};

#endif
