// SPDX-License-Identifier: GPL-2.0-only
#include "report/again.h"

#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

bool arm_is_exact(const struct arm *arm)
{
	return !strcmp(arm->label[AXIS_ENGINE], engine_name(ENGINE_EXACT));
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

void again_seeds(const struct arm *const *arm, size_t nr, struct buf *out)
{
	cleanup_free uint64_t *seed = NULL;
	size_t i, k, n = 0, from = 0;

	for (i = 0; i < nr; i++)
		for (k = 0; k < arm[i]->nr; k++) {
			seed = xrealloc(seed, n + 1, sizeof(*seed));
			seed[n++] = arm[i]->member[k].seed;
		}
	if (n)
		qsort(seed, n, sizeof(*seed), by_number);
	for (i = 1; i <= n; i++) {
		if (i < n && seed[i] <= seed[i - 1] + 1)
			continue;
		buf_printf(out, "%s%llu", from ? "," : "", (unsigned long long)seed[from]);
		if (seed[i - 1] > seed[from])
			buf_printf(out, "-%llu", (unsigned long long)seed[i - 1]);
		from = i;
	}
}

static void add_axis(const struct arm *base, const struct arm *other, enum axis axis, struct buf *out)
{
	static const char letter[AXIS_NR] = {'k', 'g', 'p', 's', 'e'};
	cleanup_free char *both = NULL;

	both = other ? xasprintf("%s,%s", base->label[axis], other->label[axis]) :
		       xstrdup(base->label[axis]);
	buf_printf(out, " -%c ", letter[axis]);
	buf_add_shell(out, both);
}

void again_command(const struct arm *base, const struct arm *other, enum axis axis, struct buf *out)
{
	const struct arm *const arm[] = {base, other};
	unsigned int i;

	buf_adds(out, "wringer run");
	for (i = 0; i < AXIS_NR; i++) {
		bool both = other && i == axis;

		if (i != AXIS_ENGINE || both || !arm_is_exact(base))
			add_axis(base, both ? other : NULL, (enum axis)i, out);
	}
	buf_adds(out, " -n ");
	again_seeds(arm, other ? 2 : 1, out);
}
