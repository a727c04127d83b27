/* SPDX-License-Identifier: GPL-2.0-only */
/* The command that makes the experiments of an arm, or of two, again: here or elsewhere. */
#ifndef REPORT_AGAIN_H
#define REPORT_AGAIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "report/arms.h"

/* The usual engine, which goes without saying. */
bool arm_is_exact(const struct arm *arm);
/* The seeds of all members of these arms, as ranges: "1-8,12". */
void again_seeds(const struct arm *const *arm, size_t nr, struct buf *out);
/*
 * "wringer run ..." on one line, each word as a shell takes it.  other, which may be NULL, differs from
 * base on the axis alone.
 */
void again_command(const struct arm *base, const struct arm *other, enum axis axis, struct buf *out);

#endif
