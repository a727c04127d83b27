/* SPDX-License-Identifier: GPL-2.0-only */
/* The initramfs of a run where set-up and plan come in it: see engine/uml.h. */
#ifndef EXPERIMENT_INITRD_H
#define EXPERIMENT_INITRD_H

#include "experiment/experiment.h"

/* Writes RUN_INITRD into a folder: the image with set-up, plan and the place of the records. */
int initrd_write(const struct experiment *exp, const char *dir, struct err *err);

#endif
