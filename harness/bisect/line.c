// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void line_release(struct line *line)
{
	size_t i;

	for (i = 0; i < line->nr; i++) {
		free(line->point[i].name);
		free(line->point[i].title);
		free(line->point[i].kernel);
		free(line->point[i].parent);
	}
	if (line->release_own)
		line->release_own(line->own);
	free(line->point);
	free(line->after);
	free(line->note);
	memset(line, 0, sizeof(*line));
}

struct point *line_add(struct line *line, const char *name, const char *title, const char *kernel,
		       double cost)
{
	struct point *p;

	line->point = xrealloc(line->point, line->nr + 1, sizeof(*line->point));
	p = &line->point[line->nr++];
	*p = (struct point){.name = xstrdup(name), .title = xstrdup(title),
			    .kernel = kernel ? xstrdup(kernel) : NULL, .cost = cost};
	return p;
}

void line_add_parent(struct line *line, size_t k, size_t parent)
{
	struct point *p = &line->point[k];

	p->parent = xrealloc(p->parent, p->nr_parents + 1, sizeof(*p->parent));
	p->parent[p->nr_parents++] = parent;
}

/* c becomes visible at k, and with it all that is visible at c. */
static void set_after(struct line *line, size_t k, size_t c)
{
	uint64_t *row = line->after + k * line->words, *other = line->after + c * line->words;
	size_t i;

	for (i = 0; i < line->words; i++)
		row[i] |= other[i];
}

void line_make_matrix(struct line *line)
{
	size_t k, i;

	line->words = (line->nr + 63) / 64;
	line->after = xcalloc(line->nr * line->words, sizeof(*line->after));
	/* The old end shows no culprit. */
	for (k = 1; k < line->nr; k++) {
		line->after[k * line->words + k / 64] |= UINT64_C(1) << (k % 64);
		for (i = 0; i < line->point[k].nr_parents; i++)
			set_after(line, k, line->point[k].parent[i]);
	}
}

size_t line_rank(const struct line *line, size_t k)
{
	size_t i, n = 0;

	if (!line->after)
		return k;
	for (i = 0; i < line->words; i++)
		n += (size_t)__builtin_popcountll(line->after[k * line->words + i]);
	return n;
}

/* Whether k sees all of the set, or it is before it: sees none, and each of the set comes after k. */
static bool is_beside(const struct line *line, const size_t *culprit, size_t nr, size_t k, bool all)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (line_after(line, k, culprit[i]) != all)
			return false;
		if (!all && k && !line_after(line, culprit[i], k))
			return false;
	}
	return true;
}

/* The one nearest to the set. */
static size_t nearest(const struct line *line, const bool *culprit, const bool *usable, bool all)
{
	size_t *list = xcalloc(line->nr, sizeof(*list)), nr = 0;
	size_t k, best = line->nr, best_rank = 0;

	for (k = 1; k < line->nr; k++)
		if (culprit[k])
			list[nr++] = k;
	for (k = 0; k < line->nr; k++) {
		size_t rank;

		if (!usable[k] || !is_beside(line, list, nr, k, all))
			continue;
		rank = line_rank(line, k);
		if (best < line->nr && (all ? rank >= best_rank : rank < best_rank))
			continue;
		best = k;
		best_rank = rank;
	}
	free(list);
	return best;
}

size_t line_before(const struct line *line, const bool *culprit, const bool *usable)
{
	return nearest(line, culprit, usable, false);
}

size_t line_from(const struct line *line, const bool *culprit, const bool *usable)
{
	return nearest(line, culprit, usable, true);
}

int line_of_kernels(char *const *words, struct line *out, struct err *err)
{
	size_t i, k;

	*out = (struct line){.kind = "kernels"};
	for (i = 0; words[i]; i++) {
		for (k = 0; k < i; k++)
			if (!strcmp(words[i], words[k]))
				break;
		if (k < i) {
			line_release(out);
			return err_set(err, -EINVAL, "kernel %s is twice in the list", words[i]);
		}
		line_add(out, words[i], "", words[i], COST_TEMPLATE);
	}
	if (out->nr < 2) {
		line_release(out);
		return err_set(err, -EINVAL, "two kernels at least are needed to search between");
	}
	return 0;
}
