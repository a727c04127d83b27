// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "workloads/lib/workload.h"

extern const struct workload workload_anon;
extern const struct workload workload_fault;
extern const struct workload workload_io;
extern const struct workload workload_kv;
extern const struct workload workload_mmap;
extern const struct workload workload_replay;
extern const struct workload workload_scan;
extern const struct workload workload_shmem;
extern const struct workload workload_text;
extern const struct workload workload_writer;

const struct workload *const workloads[] = {
	&workload_anon, &workload_fault, &workload_io, &workload_kv, &workload_mmap,
	&workload_replay, &workload_scan, &workload_shmem, &workload_text, &workload_writer, NULL,
};

const struct workload *workload_find(const char *name)
{
	const struct workload *const *w;

	for (w = workloads; *w; w++)
		if (!strcmp((*w)->name, name))
			return *w;
	return NULL;
}
