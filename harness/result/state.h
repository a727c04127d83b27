/* SPDX-License-Identifier: GPL-2.0-only */
/* What two results must agree on to be comparable, beyond their specs. */
#ifndef RESULT_STATE_H
#define RESULT_STATE_H

#include <jansson.h>

#include "records/records.h"

/*
 * A new object {key: text}: what the guest stated when its workloads started, and what follows from
 * its samples:
 *	node.N.zone.ZONE.min|low|high|managed	pages, at the opening of the window, without
 *			the boost that answers fragmentation for a while
 *	thp.anon	"some" when any anonymous memory was backed by a huge page, at a sample or
 *			in between, else "none"; "absent" when the kernel does not say
 */
json_t *state_of(const struct records *rec);

/* A new array of what steps did: {"name", "time_ns", "outcome"}, in the order of time. */
json_t *state_steps(const struct records *rec);

/* Printable ASCII of what a guest wrote, cut after 1023 bytes; a new string. */
json_t *state_text(struct text t);

#endif
