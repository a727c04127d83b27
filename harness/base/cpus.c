// SPDX-License-Identifier: GPL-2.0-only
#include "base/cpus.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void cpus_get(struct cpus *c)
{
	cpu_set_t set;
	int cpu;

	*c = (struct cpus){.nr = 0};
	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	c->of = xcalloc((size_t)CPU_COUNT(&set), sizeof(*c->of));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			c->of[c->nr++].cpu = cpu;
}

void cpus_release(struct cpus *c)
{
	free(c->of);
	*c = (struct cpus){.nr = 0};
}

int cpus_take(struct cpus *c)
{
	size_t i, best = 0;

	if (!c->nr)
		return -1;
	for (i = 1; i < c->nr; i++)
		if (c->of[i].users < c->of[best].users)
			best = i;
	c->of[best].users++;
	return c->of[best].cpu;
}

void cpus_put(struct cpus *c, int cpu)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (c->of[i].cpu == cpu && c->of[i].users)
			c->of[i].users--;
}
