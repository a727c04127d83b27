// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "workloads/lib/workload.h"

extern const struct workload workload_anon;
extern const struct workload workload_fault;
extern const struct workload workload_io;
extern const struct workload workload_kv;
extern const struct workload workload_program;
extern const struct workload workload_scan;

const struct workload *const workloads[] = {
	&workload_anon, &workload_fault, &workload_io, &workload_kv, &workload_program, &workload_scan,
	NULL,
};

const struct workload *workload_find(const char *name)
{
	const struct workload *const *w;

	for (w = workloads; *w; w++)
		if (!strcmp((*w)->name, name))
			return *w;
	return NULL;
}
