/* SPDX-License-Identifier: GPL-2.0-only */
/* Where data files are in the guest and what seeds their contents; harness and workloads agree
 * here. */
#ifndef WORKLOADS_LIB_DATA_H
#define WORKLOADS_LIB_DATA_H

#include <stdint.h>

#define WL_DATA_DIR "/data"
/* Where files of the host's are that a scenario brings. */
#define WL_INPUT_DIR "/inputs"

/* FNV-1a of the name: the same file holds the same bytes in every experiment. */
static inline uint64_t wl_data_seed(const char *name)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (*name)
		h = (h ^ (unsigned char)*name++) * 0x100000001b3u;
	return h;
}

#endif
