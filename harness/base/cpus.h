/* SPDX-License-Identifier: GPL-2.0-only */
/* The host's CPUs that we may run on, handed out one by one. */
#ifndef BASE_CPUS_H
#define BASE_CPUS_H

#include <stddef.h>

struct cpus {
	size_t nr;
	struct {
		int cpu;
		unsigned int users;
	} *of;
};

/* None when the host does not tell.  The caller releases it. */
void cpus_get(struct cpus *c);
void cpus_release(struct cpus *c);
/* One that as few as possible have; -1 when there is none. */
int cpus_take(struct cpus *c);
/* Gives it back; nothing for -1. */
void cpus_put(struct cpus *c, int cpu);

#endif
