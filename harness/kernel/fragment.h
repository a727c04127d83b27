/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fragments of kernel configuration.
 *
 *	# arch: um				a comment, but it chooses the architecture
 *	CONFIG_PSI=y
 *	CONFIG_SLUB_DEBUG=n
 *	# CONFIG_SLUB_DEBUG is not set		the same
 *	CONFIG_PREEMPT_LAZY=y # optional	may be unknown to the tree, or not stick
 *
 * Of a symbol that several fragments have, the last says what it is.
 */
#ifndef KERNEL_FRAGMENT_H
#define KERNEL_FRAGMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/file.h"

#define FRAGMENT_SYMBOL_MAX  96
#define FRAGMENT_VALUE_MAX   512
#define FRAGMENT_SYMBOLS_MAX 4096

struct symbol {
	char *name;  /* without CONFIG_ */
	char *value; /* as in a .config; "n" for what is not set */
	bool optional;
	int line;
};

struct fragment {
	char *name; /* as asked, without folder and ".config" */
	char sha256[SHA256_HEX];
	char *arch; /* NULL: does not say */
	struct symbol *symbol;
	size_t nr;
};

/* A name in kernel-config/, or a path, which holds a slash.  -ENOENT, -EINVAL with file:line. */
int fragment_load(const char *name, struct fragment *out, struct err *err);
/* text need not end with a NUL; name is for complaints. */
int fragment_parse(const char *name, const char *text, size_t len, struct fragment *out,
		   struct err *err);
void fragment_release(struct fragment *fragment);

/* All of them as one text for KCONFIG_ALLCONFIG. */
void fragments_merge(const struct fragment *fragment, size_t nr, struct buf *out);

/* Calls for each symbol that is neither optional nor what was asked. */
void fragments_check(const struct fragment *fragment, size_t nr, const char *config,
		     void (*wrong)(const struct fragment *of, const struct symbol *symbol,
				   const char *got, void *ctx),
		     void *ctx);
/* A symbol's value in a .config, a heap string; "n" for what is not set. */
char *config_value(const char *config, const char *symbol);

#endif
