/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest: a machine and its storage, from guests/NAME.conf.
 *
 *	[guest]		title, records (size of the record region)
 *	[node N]	see topology.h; nodes are numbered from 0 without gaps
 *	[distance]	the same
 *	[swap] [swap NAME] [data]	storage, experiment/storage.h
 *
 * The stores of devices are memory of the guest itself, allocated before anything is
 * measured.  They come on top of what [node] says and are spread evenly over the nodes whose memory
 * the kernel may use for itself (far ones too, movable ones not), so that a node's memory is what
 * the experiment has, whatever devices there are.
 */
#ifndef EXPERIMENT_GUEST_H
#define EXPERIMENT_GUEST_H

#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "engine/machine.h"
#include "experiment/storage.h"

struct guest {
	char *name;
	char *title;
	struct machine machine;
	struct storage_set storage;
};

int guest_load(struct guest *guest, const char *path, struct err *err);
void guest_release(struct guest *guest);

/* The machine with the stores of these devices added to its nodes. */
struct machine guest_machine(const struct guest *guest, const struct storage_set *storage);

#endif
