/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel is compiled with: the host's programs, or a folder made of a newer suite's packages,
 * <cache>/toolchains/<suite>/, which they are run in as in a chroot.
 */
#ifndef KERNEL_TOOLCHAIN_H
#define KERNEL_TOOLCHAIN_H

#include <jansson.h>

#include "kernel/source.h"

struct toolchain {
	char *name; /* "host", or the suite */
	char *root; /* NULL for the host's */
	char *why;  /* why it is not the host's; "" */
	/* The first lines of their --version; "" for what is not there. */
	char *compiler, *linker, *pahole;
	bool ccache;
};

/* What a tree wants; a version that it does not say is empty. */
struct toolchain_wants {
	char compiler[24];
	char pahole[24]; /* only where types (BTF) are asked for */
	bool lz4;
};

/*
 * want as in struct build.  With "auto" the host's is taken if it is new enough for the tree, else the
 * first suite that is.  -ENOTSUP with what is missing or too old; the folder is made where it is not
 * there.
 */
int toolchain_open(const char *want, const struct source *source,
		   const struct toolchain_wants *wants, void (*say)(const char *line),
		   struct toolchain *out, struct err *err);
void toolchain_release(struct toolchain *toolchain);
/* Fills wants from the tree's own scripts; btf: whether a fragment asks for it. */
void toolchain_read_wants(const struct source *source, bool btf, struct toolchain_wants *wants);

/* The words that go before a command so that it runs in it: into argv, at most 8; returns how many. */
#define TOOLCHAIN_WORDS 8
size_t toolchain_words(const struct toolchain *toolchain, const char *script, const char *dir,
		       const char **argv);
/* The script of toolchain_words(), a heap string. */
char *toolchain_script(void);

#endif
