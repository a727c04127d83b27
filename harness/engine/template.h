/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Templates: machines saved at the agent's fork point, in the cache, one for each content of all
 * that happens before it.
 *
 *	<cache>/templates/<key>/state		the devices' state, in QEMU's format
 *				<id>.ram	a piece of memory, sparse
 *				console.txt, progress	what the guest had said until then
 *				template.json	what it was made of, and the hash of its memory
 *	<cache>/templates/<key>.lock		held shared by whoever runs forks of it, exclusive by
 *						whoever makes or removes it
 *
 * A folder that is there is whole.  Several processes may use the cache at a time.
 */
#ifndef ENGINE_TEMPLATE_H
#define ENGINE_TEMPLATE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "engine/engine.h"

/* Templates are removed, the least recently used first, when together they hold more, bytes. */
#define TEMPLATES_MAX_DEFAULT (8ull << 30)

/* Part of every key: goes up when what is saved, or how, changes. */
#define TEMPLATE_FORMAT 1

struct template {
	char key[SHA256_HEX];
	char *dir; /* with the saved machine; while it is made, the folder to make it in */
	int lock;  /* -1 = not held */
};

#define TEMPLATE_NONE ((struct template){.dir = NULL, .lock = -1})

/*
 * The key: parts is JSON of all that decides what the machine is at the fork point (command line,
 * programs, kernel, image, set-up).  Changed by nothing else, so equal keys are equal machines.
 */
void template_key(const json_t *parts, char key[SHA256_HEX]);

/* Opens one for forks.  -ENOENT when it is not there; -EBUSY while somebody makes it. */
int template_open(const char *key, struct template *tpl, struct err *err);
/*
 * Begins to make one: an empty folder for VM_SAVE.  -EEXIST when it is there by now, -EBUSY while
 * somebody else makes it.
 */
int template_begin(const char *key, struct template *tpl, struct err *err);
/*
 * What VM_SAVE left in the folder becomes the template; parts and a title for people go into
 * template.json.  The memory's zero pages are given back to the disk.  On failure nothing is left.
 * Closes tpl either way.
 */
int template_finish(struct template *tpl, const json_t *parts, const char *title, struct err *err);
/* Lets go of it; what was begun and not finished is removed. */
void template_close(struct template *tpl);

/* Whether somebody runs forks of it, makes or removes it. */
bool template_busy(const char *key);
/* Removes one; false when it is in use. */
bool template_remove(const char *key);

/* What is in the cache. */
struct template_info {
	char key[SHA256_HEX];
	uint64_t bytes;   /* on disk */
	int64_t used;     /* last use, seconds since 1970 */
	json_t *about;    /* template.json; owned */
};

/* Least recently used first; free with templates_free(). */
int templates_list(struct template_info **list, size_t *nr, struct err *err);
void templates_free(struct template_info *list, size_t nr);
/*
 * Removes templates that nobody uses, the least recently used first, until the rest hold no more
 * than max bytes; also templates_clean().  Returns how many through *removed.
 */
int templates_trim(uint64_t max, size_t *removed, struct err *err);
/* Removes what makers that are gone have left. */
void templates_clean(void);
/* $WRINGER_TEMPLATES_MAX, or the default; -EINVAL when that is no size. */
int templates_max(uint64_t *max, struct err *err);

#endif
