/* SPDX-License-Identifier: GPL-2.0-only */
/* Running make on a kernel tree: progress, and what a log says when it failed. */
#ifndef KERNEL_MAKE_H
#define KERNEL_MAKE_H

#include "kernel/build.h"
#include "kernel/source.h"
#include "kernel/toolchain.h"

struct make {
	const struct build *build;
	const struct source *source;
	const struct toolchain *toolchain;
	const char *arch; /* "x86_64", "um" */
	const char *src;  /* the source */
	const char *out;  /* the folder it is built in */
	const char *log;  /* file that make's words are added to */
	const char *allconfig; /* file of symbols for allnoconfig, or NULL */
};

/*
 * Runs make with the target (blanks separate several).  total: how many lines it prints, as far as one
 * knows, 0 without progress; lines, if not NULL, gets how many it did.  BUILD_BROKEN with the first
 * error of the log when the source is to blame, else -ENOSPC, -EINTR, -EIO.
 */
int make_run(const struct make *make, const char *target, size_t total, size_t *lines,
	     struct err *err);

/*
 * What is wrong by this log: BUILD_BROKEN, -ENOSPC when the disk was full, -EIO when the compiler was
 * killed.  src is left out of file names.
 */
int make_blame(const char *log, const char *src, struct err *err);

#endif
