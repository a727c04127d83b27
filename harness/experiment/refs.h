/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cache traces of others into references that the workload replay takes (wringer-refs(5)): text of one
 * request a line, its fields between delimiters.  The text is untrusted.
 */
#ifndef EXPERIMENT_REFS_H
#define EXPERIMENT_REFS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* The longest line, bytes, and the most bytes of all keys together, which are kept to be compared. */
#define REFS_LINE_MAX    8192u
#define REFS_KEYS_MAX    (1u << 30)
#define REFS_OBJECTS_MAX (1u << 28)
#define REFS_FIELDS_MAX  64u

/* Columns are counted from 1; 0 = there is none. */
struct refs_format {
	const char *name;
	const char *help;
	char delimiter;
	uint64_t fields; /* that a line has; when it has more, the key holds delimiters.  0 = any */
	uint64_t key;
	uint64_t time;
	uint64_t size[2]; /* added up */
	uint64_t op;
};

/* Known formats, ended by one without a name. */
extern const struct refs_format refs_formats[];

struct refs_options {
	struct refs_format format;
	uint64_t skip;        /* lines at the start */
	uint64_t limit;       /* requests that are taken, 0 = all */
	uint64_t max_objects; /* at most REFS_OBJECTS_MAX */
	uint64_t unit_ns;     /* of the time column; 0 = delays are left out */
	bool sizes;           /* objects have as many pages as their first size says */
};

struct refs_stat {
	uint64_t lines;
	uint64_t refs;
	uint64_t writes;
	uint64_t dropped; /* requests that reference nothing: deletions */
	uint64_t keys;
	uint64_t objects; /* pages: more than keys with sizes */
};

/*
 * Reads all of in, which name stands for in complaints, and writes a trace to out, which must be empty
 * and allow seeking.  -EINVAL with name:line, -E2BIG when there are too many keys, -EIO.
 */
int refs_convert(const struct refs_options *opts, FILE *in, const char *name, FILE *out,
		 struct refs_stat *stat, struct err *err);
/* Counts a trace; -EINVAL with name:line of the first line that is none. */
int refs_check(const char *text, size_t len, const char *name, struct refs_stat *stat,
	       struct err *err);

#endif
