/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Using the cache beside others.  Whoever reads or makes something in it holds it until the process
 * ends; 'wringer gc' takes things away only while nobody does.  Templates have locks of their own,
 * engine/template.h: they can go while experiments run.
 *
 *	<cache>/lock		held shared by who uses the cache, alone by who takes things away
 *	<cache>/results/<key>	a link to each folder that results were stored in: what the cache has
 *				of their kernels and images is needed to run them again
 */
#ifndef BASE_CACHE_H
#define BASE_CACHE_H

#include "base/err.h"

/*
 * Holds the cache from here on; waits while things are taken away, which is a moment.  Says nothing
 * of a lock that cannot be had: whoever makes something there is told what is wrong with the folder.
 */
void cache_hold(void);
/* Holds it alone: returns a descriptor to close, or -EBUSY while anybody uses the cache. */
int cache_alone(struct err *err);
/* Says that a file or folder of the cache is used: its time of change is that of its last use. */
void cache_used(const char *path);
/* Remembers that path_results() has results that need what is in the cache. */
void cache_note_results(void);

#endif
