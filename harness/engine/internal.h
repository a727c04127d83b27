/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this room share. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "engine/engine.h"

/* The device that the emulator must be able to open for this command line, or NULL. */
const char *engine_device(const struct args *args);

/* When we are root: to the emulator's user. */
int vm_hand_over(const char *path, struct err *err);
/* Makes RUN_RECORDS in the run's folder and hands both to the emulator's user. */
int vm_prepare(const struct machine *m, const char *dir, struct err *err);

#endif
