/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest: a machine and its storage, from guests/NAME.conf.
 *
 *	[guest]		title, records (size of the record region)
 *	[node N]	see topology.h; nodes are numbered from 0 without gaps
 *	[distance]	the same
 *	[swap]		model (none, ssd, zram), size, latency
 *	[data]		model (none, ssd), size, latency: the device that a scenario's files lie on
 *
 * The stores of the ssd models are memory of the guest itself, allocated before anything is
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

enum storage_model {
	STORAGE_NONE,
	STORAGE_SSD,  /* asynchronous, latency per request */
	STORAGE_ZRAM, /* compressed memory; swap only */
};

struct storage {
	unsigned int model;  /* enum storage_model */
	uint64_t size;       /* bytes, a multiple of 1 MiB */
	uint64_t latency_ns; /* swap: uniform in [0, latency); data: each request takes it */
};

struct guest {
	char *name;
	char *title;
	struct machine machine;
	struct storage swap;
	struct storage data;
};

int guest_load(struct guest *guest, const char *path, struct err *err);
void guest_release(struct guest *guest);

/* The machine with the stores of these devices added to its nodes. */
struct machine guest_machine(const struct guest *guest, const struct storage *swap,
			     const struct storage *data);

/* Reads [swap] and [data] of any file over what is there; a scenario may override the guest's. */
int storage_bind(struct conf *conf, struct storage *swap, struct storage *data, struct err *err);

#endif
