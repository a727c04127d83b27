/* SPDX-License-Identifier: GPL-2.0-only */
/* Packages that are no kernels, through the same private apt configuration. */
#ifndef KERNEL_APT_H
#define KERNEL_APT_H

#include <archive.h>
#include <archive_entry.h>

#include "base/err.h"

/* The most packages that apt_fetch() takes at once. */
#define APT_FETCH_MAX 20

/*
 * Downloads packages, each "NAME", "NAME/SUITE" or "NAME=VERSION", into a folder.  names ends with
 * NULL.
 */
int apt_fetch(char *const names[], const char *dir, struct err *err);

/*
 * Downloads packages of a suite with all that they depend on, as for a machine that has nothing, into
 * a folder, which is made.
 */
int apt_fetch_closure(const char *suite, const char *const names[], const char *dir,
		      struct err *err);

/*
 * Calls take for each member of a package's data, in its order, with an archive that stands before
 * the member's bytes.  Paths were checked: relative, nothing that leads out.  What take returns, if
 * not 0, ends the walk.  -EBADMSG for a damaged package, -EFBIG for one that holds too much.
 */
int deb_walk(const char *deb,
	     int (*take)(struct archive *tar, struct archive_entry *entry, void *ctx,
			 struct err *err),
	     void *ctx, struct err *err);

#endif
