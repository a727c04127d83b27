/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of a plan that makes devices: a function of kernel and storage, not of the seed. */
#ifndef EXPERIMENT_PLAN_STORAGE_H
#define EXPERIMENT_PLAN_STORAGE_H

#include "base/buf.h"
#include "experiment/scenario.h"
#include "experiment/storage.h"

/* Loads modules (in this order), makes the devices, switches swap on, mounts the data. */
void plan_storage(const struct storage_set *set, char *const *modules, struct buf *out);
/*
 * What of the needed drivers is not loaded is built in: their parameters, for the kernel's command
 * line.  Nothing for those that take none.
 */
void plan_storage_params(const struct storage_set *set, const char *const *needed,
			 char *const *loaded, struct buf *out);
/* Fills the scenario's files, and sees to it that nothing of that is left to be written. */
void plan_files(const struct storage_set *set, const struct scenario *scenario, struct buf *out);
/* What the block layer makes of the devices. */
void plan_storage_states(const struct storage_set *set, struct buf *out);

#endif
