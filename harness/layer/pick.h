/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LAYER_PICK_H
#define LAYER_PICK_H

#include "layer/internal.h"

struct pick_symbol {
	const char *name;
	bool defined;
};

struct pick {
	struct tree *tree;
	struct cpio *cpio;
	const char *prefix;         /* "layers/NAME" */
	char *const *without;       /* libraries to stand in for, NULL-terminated */
	char **name;                /* what is in, as paths below prefix */
	size_t nr_names;
	size_t nr_files;
	struct pick_symbol *symbol; /* of all that is in; inside the tree */
	size_t nr_symbols;
};

/* A file, or all files below a folder if the path ends with a slash, with the libraries they need. */
int pick_file(struct pick *pick, const char *path, struct err *err);
/* Once all files are in: the libraries that are left out. */
int pick_stand_ins(struct pick *pick, struct err *err);
void pick_release(struct pick *pick);

#endif
