/* SPDX-License-Identifier: GPL-2.0-only */
/* For a policy whose actions are those of user space: asks the loader for them (request.h). */
#ifndef POLICIES_BPF_ASK_H
#define POLICIES_BPF_ASK_H

#include "policies/bpf/policy.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} requests SEC(".maps");

STAT(requests_asked);
STAT(requests_dropped); /* there was no room */
STAT(requests_done);    /* by the loader */
STAT(requests_failed);  /* the kernel did not do it, or not all of it */

static __always_inline bool is_pending(void)
{
	return requests_asked != requests_done + requests_failed;
}

static __always_inline void ask(struct request what)
{
	if (bpf_ringbuf_output(&requests, &what, sizeof(what), 0))
		count(requests_dropped, 1);
	else
		count(requests_asked, 1);
}

#endif
