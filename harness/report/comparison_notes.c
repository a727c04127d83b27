// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "report/compare.h"

struct teller {
	void (*fn)(void *ctx, const char *note);
	void *ctx;
};

static void tell(const struct teller *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tell(const struct teller *t, const char *fmt, ...)
{
	cleanup_free char *note = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&note, fmt, ap) < 0)
		abort();
	va_end(ap);
	t->fn(t->ctx, note);
}

static void tell_members(const struct teller *t, const struct arm *arm, enum axis axis, size_t missed,
			 size_t unsteady)
{
	if (missed)
		tell(t, "%zu of %zu experiments of %s did not meet what the scenario expects "
			"(expectation-failed)",
		     missed, arm->nr, arm->label[axis]);
	if (unsteady)
		tell(t, "%zu of %zu experiments of %s were measured before they were warm (state.warmup)",
		     unsteady, arm->nr, arm->label[axis]);
}

static bool is_any_decided(const struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (c->row[i].class == METRIC_PRIMARY && (c->row[i].verdict == STATS_BETTER ||
							  c->row[i].verdict == STATS_WORSE))
			return true;
	return false;
}

static void tell_seeds(const struct teller *t, const struct comparison *c)
{
	size_t tests = c->nr_tests[METRIC_PRIMARY], need = stats_n_needed(COMPARE_ALPHA, tests);
	size_t have = c->n_base < c->n_other ? c->n_base : c->n_other;

	if (need > have && !is_any_decided(c))
		tell(t, "with %zu primary metrics nothing can be decided below n = %zu: %zu more seed%s", tests,
		     need, need - have, need - have == 1 ? "" : "s");
}

void comparison_notes(const struct comparison *c, void (*fn)(void *ctx, const char *note), void *ctx)
{
	const struct teller t = {fn, ctx};

	tell_members(&t, c->base, c->axis, c->missed_base, c->unsteady_base);
	tell_members(&t, c->other, c->axis, c->missed_other, c->unsteady_other);
	if (c->violating)
		tell(&t, "the numbers of %zu experiment%s contradict each other; wringer check says where",
		     c->violating, c->violating == 1 ? "" : "s");
	if (c->also[0])
		tell(&t, "the kernels also differ in %s (wringer diff)", c->also);
	tell_seeds(&t, c);
}
