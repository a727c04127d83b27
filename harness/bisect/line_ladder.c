// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prebuilt kernels as a line.
 *
 * Of several builds of one version one is taken: of the distribution's release that the older end is from
 * where there is such a one, and of these the latest.  A stable branch leaves the main line
 * at its first release, and what its later releases add does not lie between two branches: of the older
 * end's branch that end alone is taken, of those between the first rung, of the newer end's all up to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "bisect/line.h"
#include "kernel/kernel.h"

/* "6.12.95" is of "6.12", "7.3~rc7" of "7.3". */
static size_t branch_len(const char *version)
{
	size_t n = strcspn(version, ".");

	return version[n] ? n + 1 + strcspn(version + n + 1, ".~") : n;
}

static bool same_branch(const struct rung *a, const struct rung *b)
{
	size_t n = branch_len(a->version);

	return n == branch_len(b->version) && !strncmp(a->version, b->version, n);
}

/* "trixie-security" is of the release "trixie". */
static bool same_release(const struct rung *a, const struct rung *b)
{
	size_t n = strcspn(a->suite, "-");

	return n == strcspn(b->suite, "-") && !strncmp(a->suite, b->suite, n);
}

/* Whether a is rather taken than b, of the same version. */
static bool preferred(const struct rung *a, const struct rung *b, const struct rung *from,
		      const struct rung *to)
{
	if (a == from || a == to || b == from || b == to)
		return a == from || a == to;
	if (same_release(a, from) != same_release(b, from))
		return same_release(a, from);
	return kernel_version_cmp(a->package, b->package) > 0;
}

static const struct rung *best_of_version(const struct ladder *ladder, size_t first,
					  const struct rung *from, const struct rung *to)
{
	const struct rung *best = &ladder->rung[first];
	size_t i;

	for (i = first + 1; i < ladder->nr && !strcmp(ladder->rung[i].version, best->version); i++)
		if (preferred(&ladder->rung[i], best, from, to))
			best = &ladder->rung[i];
	return best;
}

static bool belongs(const struct rung *r, const struct rung *last, const struct rung *from,
		    const struct rung *to, bool every)
{
	if (r == from || r == to || every || same_branch(from, to) || same_branch(r, to))
		return true;
	return !same_branch(r, from) && !(last && same_branch(r, last));
}

static void fill(const struct ladder *ladder, const struct rung *from, const struct rung *to, bool every,
		 struct line *out)
{
	const struct rung *last = NULL;
	size_t i;

	for (i = 0; i < ladder->nr; i++) {
		const struct rung *r = best_of_version(ladder, i, from, to);
		bool again = i && !strcmp(ladder->rung[i - 1].version, ladder->rung[i].version);

		if (again || kernel_version_cmp(r->version, from->version) < 0 ||
		    kernel_version_cmp(r->version, to->version) > 0 ||
		    !belongs(r, last, from, to, every))
			continue;
		line_add(out, r->version, r->package, r->package,
			 r->fetched ? COST_TEMPLATE : COST_TEMPLATE + COST_FETCH);
		last = r;
	}
	if (!same_branch(from, to))
		out->note = xasprintf("the ends are of different branches: a fix that stable releases of one "
				      "have too makes the line go to and fro%s",
				      every ? "" : "; of branches between, the first release stands for all "
						   "(--every takes them all)");
}

/*
 * Of an end that is named by its version alone, the build in the cache as for every command, but rather one
 * of the same release as the other end.
 */
static const struct rung *end_build(const struct ladder *ladder, const struct rung *found,
				    const char *name, const struct rung *other)
{
	const struct rung *best = found;
	size_t i;

	if (!strcmp(found->package, name))
		return found;
	for (i = 0; i < ladder->nr; i++) {
		const struct rung *r = &ladder->rung[i];

		if (!strcmp(r->version, found->version) &&
		    (other ? same_release(r, other) : r->fetched) && !(other && same_release(best, other) &&
		    best->fetched))
			best = r;
	}
	return best;
}

int line_of_ladder(const char *from, const char *to, bool every, struct line *out, bool *swapped,
		   struct err *err)
{
	const struct rung *a, *b, *t;
	struct ladder ladder;
	int ret = ladder_load(&ladder, false, err);

	*out = (struct line){.kind = "kernels"};
	if (ret)
		return ret;
	ret = ladder_find(&ladder, from, &a, err);
	if (!ret)
		ret = ladder_find(&ladder, to, &b, err);
	if (!ret && !strcmp(a->version, b->version))
		ret = err_set(err, -EINVAL, "both ends are %s: there is nothing between them", a->version);
	if (!ret) {
		*swapped = kernel_version_cmp(a->version, b->version) > 0;
		t = end_build(&ladder, *swapped ? b : a, *swapped ? to : from, NULL);
		b = end_build(&ladder, *swapped ? a : b, *swapped ? from : to, t);
		fill(&ladder, t, b, every, out);
	}
	ladder_release(&ladder);
	return ret;
}
