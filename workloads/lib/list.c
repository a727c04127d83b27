// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "workloads/lib/workload.h"

extern const struct workload workload_anon;
extern const struct workload workload_apps;
extern const struct workload workload_balloon;
extern const struct workload workload_build;
extern const struct workload workload_fault;
extern const struct workload workload_fork;
extern const struct workload workload_io;
extern const struct workload workload_kv;
extern const struct workload workload_madvise;
extern const struct workload workload_memcg;
extern const struct workload workload_mlock;
extern const struct workload workload_mmap;
extern const struct workload workload_mprotect;
extern const struct workload workload_replay;
extern const struct workload workload_scan;
extern const struct workload workload_senpai;
extern const struct workload workload_shmem;
extern const struct workload workload_text;
extern const struct workload workload_thp;
extern const struct workload workload_usemem;
extern const struct workload workload_writer;

/* By name. */
const struct workload *const workloads[] = {
	&workload_anon,
	&workload_apps,
	&workload_balloon,
	&workload_build,
	&workload_fault,
	&workload_fork,
	&workload_io,
	&workload_kv,
	&workload_madvise,
	&workload_memcg,
	&workload_mlock,
	&workload_mmap,
	&workload_mprotect,
	&workload_replay,
	&workload_scan,
	&workload_senpai,
	&workload_shmem,
	&workload_text,
	&workload_thp,
	&workload_usemem,
	&workload_writer,
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
