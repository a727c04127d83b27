/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the command doctor share. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include <jansson.h>
#include <stdbool.h>

#include "engine/engine.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARNING,  /* something is not as it should be */
	DOCTOR_OPTIONAL, /* not there, and only what it is for does without */
	DOCTOR_MISSING,  /* without it nothing runs */
};

struct doctor {
	json_t *checks;
	bool missing;   /* something without which nothing runs */
	bool can_fetch; /* packages of kernels can be had, or at least their list is there */
	struct qemu qemu;
	bool has_qemu;
};

/* Adds a line.  todo: what the user can do about it, or NULL. */
void doctor_say(struct doctor *d, const char *check, enum doctor_state state, const char *todo,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* doctor_parts.c: what is not the emulator, the data or the kernels. */
void doctor_programs(struct doctor *d);
void doctor_busybox(struct doctor *d);
void doctor_index(struct doctor *d);
void doctor_completion(struct doctor *d);
void doctor_left(struct doctor *d);
void doctor_orphans(struct doctor *d);

#endif
