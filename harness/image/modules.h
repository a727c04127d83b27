/* SPDX-License-Identifier: GPL-2.0-only */
/* Which modules of a kernel an image takes, in the order they must be loaded. */
#ifndef IMAGE_MODULES_H
#define IMAGE_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "kernel/kernel.h"

/* Room for a name with its NUL; the kernel's own limit is 56 bytes. */
#define MODULE_NAME_MAX 64

/* The most one module may hold uncompressed. */
#define MODULE_SIZE_MAX (64u << 20)

/* The most modules one image takes; it also bounds how deep a chain of dependencies goes. */
#define MODULES_MAX 256

struct module {
	char *name;      /* with '_', never '-' */
	struct buf data; /* the ELF object, uncompressed */
};

struct module_list {
	struct module *module;
	size_t nr;
};

/*
 * The named modules and all they depend on, dependencies first, without what is built in.  Each is
 * there once; equal input gives equal order.  out is empty when this fails.
 */
int modules_resolve(const struct kernel *kernel, const char *const *names, struct module_list *out,
		    struct err *err);
void module_list_release(struct module_list *list);

bool module_name_char(char c);

#endif
