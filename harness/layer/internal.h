/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this folder share; nobody else includes it. */
#ifndef LAYER_INTERNAL_H
#define LAYER_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/cpio.h"

/* Bounds on what the packages of a layer may hold. */
#define LAYER_FILES_MAX 100000
#define LAYER_BYTES_MAX (1ull << 30)

/* tree.c: the files of packages, in memory. */

struct tree_file {
	char *path;       /* relative: "usr/bin/fio" */
	char *link;       /* where it points to as it stands there, or NULL: a file */
	struct buf data;
	unsigned int mode;
};

struct tree {
	struct tree_file *file; /* sorted by path once tree_sort() was called */
	size_t nr;
	size_t bytes;
	bool sorted;
};

/*
 * A file or link more; takes data over.  Paths differ, as in packages that can be installed together.
 */
int tree_add(struct tree *tree, const char *path, const char *link, struct buf *data,
	     unsigned int mode, struct err *err);
/* All files and links of a package. */
int tree_add_deb(struct tree *tree, const char *deb, struct err *err);
/* All files and links below a folder of the host; links stay what they are. */
int tree_add_dir(struct tree *tree, const char *dir, struct err *err);
void tree_release(struct tree *tree);
/* The file of this path, which may go over links; NULL when there is none. */
const struct tree_file *tree_find(struct tree *tree, const char *path);

/* elf.c: what a program says of itself. */

struct elf_symbol {
	const char *name; /* inside the file */
	bool defined;
	bool weak;
};

struct elf {
	const char *interp;       /* inside the file; NULL without one */
	const char **needed;      /* names of libraries, inside the file */
	size_t nr_needed;
	struct elf_symbol *symbol; /* of the dynamic linker's table */
	size_t nr_symbols;
};

/* -ENOEXEC when it is no ELF file of this machine; a damaged one has less in it, never more. */
int elf_read(const struct buf *file, struct elf *elf);
void elf_release(struct elf *elf);

/*
 * A shared library that has these names as functions, each of which ends the program by an illegal
 * instruction, and that needs another library if needed is not NULL: it stands in for one that a
 * program is linked with and never calls.
 */
void elf_stand_in(const char *soname, const char *needed, const char *const *name, size_t nr,
		  struct buf *out);

#endif
