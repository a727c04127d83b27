/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is searched: points from an old end (the first) to a new end (the last), each of which can be
 * made a kernel.  A hypothesis is a point other than the first: "this is the first one with the
 * new end's behaviour".
 *
 * Along prebuilt kernels or the patches of a series a test at a point sees the new behaviour when the
 * point is the culprit or comes after it.  Commits branch and merge: there it is the points from
 * which the culprit can be reached, which a matrix of bits says.
 */
#ifndef BISECT_LINE_H
#define BISECT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What making a kernel bootable takes, in rough seconds: only their ratios matter. */
#define COST_EXPERIMENT 4.0
#define COST_TEMPLATE   6.0
#define COST_FETCH      20.0
#define COST_BUILD      600.0

struct point {
	char *name;    /* "6.12.95", or a commit's hash */
	char *title;   /* the package, or the commit's subject; "" for none */
	char *kernel;  /* as after -k; NULL while it is not known */
	double cost;   /* seconds until the first experiment can start */
	size_t *parent; /* commits: those before it in the line, by place */
	size_t nr_parents;
};

struct line;

/*
 * How a point becomes a kernel.  0 and *kernel, a new string to be resolved like a word after -k;
 * -ENOEXEC when it cannot be made of this point, which is then skipped, with the reason in err;
 * another error ends the search for now.
 */
typedef int line_make_fn(struct line *line, size_t k, void (*say)(const char *line), char **kernel,
			 struct err *err);

struct line {
	const char *kind; /* "kernels", "commits", "patches" */
	struct point *point;
	size_t nr;
	uint64_t *after;  /* nr rows of words words: bit c of row k; NULL for a plain line */
	size_t words;
	line_make_fn *make; /* NULL: every point has its kernel */
	void *own;          /* make's */
	void (*release_own)(void *own);
	char *note;         /* what is to be known of how the points were chosen, or NULL */
};

void line_release(struct line *line);
/* Adds a point; takes no string over. */
struct point *line_add(struct line *line, const char *name, const char *title, const char *kernel,
		       double cost);
void line_add_parent(struct line *line, size_t k, size_t parent);
/* Makes the matrix from the parents, each of which comes before its children. */
void line_make_matrix(struct line *line);

/* Whether a test at k sees culprit c. */
static inline bool line_after(const struct line *line, size_t k, size_t c)
{
	if (!line->after)
		return c <= k;
	return line->after[k * line->words + c / 64] >> (c % 64) & 1;
}

/* How many culprits a test at k would see: the place of k in a plain line. */
size_t line_rank(const struct line *line, size_t k);
/*
 * The points beside a set of culprits that are usable: the last before them that sees none, and the
 * first that sees them all.  line->nr where there is none.
 */
size_t line_before(const struct line *line, const bool *culprit, const bool *usable);
size_t line_from(const struct line *line, const bool *culprit, const bool *usable);

/* Kernels as named, in their order. */
int line_of_kernels(char *const *words, struct line *out, struct err *err);
/*
 * line_ladder.c: the prebuilt kernels between two, the older first; see wringer-bisect(1) for which of
 * several builds and branches.  every: all of them, in the order of versions.  *swapped: from is the
 * newer one.
 */
int line_of_ladder(const char *from, const char *to, bool every, struct line *out, bool *swapped,
		   struct err *err);

/* line_git.c */
struct git_request {
	const char *tree;     /* folder of the repository */
	const char *from, *to;
	char *const *paths;   /* NULL-terminated, or NULL */
	bool first_parent;
	const char *series;   /* folder or file of patches on top of base; then from and to are numbers */
	const char *base;
	const char *build;    /* shell command; NULL: build_kernel() builds */
	char *const *config;  /* its fragments, ends with NULL */
	const char *toolchain; /* and its toolchain, or NULL */
	const char *work;     /* folder for the checkout, made where it is not there */
};
int line_of_commits(const struct git_request *ask, struct line *out, bool *swapped,
		    struct err *err);
int line_of_series(const struct git_request *ask, struct line *out, bool *swapped,
		   struct err *err);
/* At the end of a search: what it checked out, and the repository's note of it. */
void line_remove_worktree(struct line *line);

#endif
