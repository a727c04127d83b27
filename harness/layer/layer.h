/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Image layers: real programs for the guest, out of the distribution's packages.
 *
 * layers/NAME.conf says which packages, and which of their programs and files are wanted
 * (wringer-layer(5)).  What those need of shared libraries is found by their own DT_NEEDED.  A layer
 * is made once and kept as <cache>/layers/<key>.cpio, key being the SHA-256 of its configuration: an
 * archive whose files lie below layers/NAME/, to be appended to the guest's image.
 */
#ifndef LAYER_LAYER_H
#define LAYER_LAYER_H

#include <jansson.h>

#include "base/err.h"
#include "base/file.h"

struct layer {
	char *name;
	char *path;   /* the archive, in the cache */
	json_t *about; /* {name, id, bytes, files, packages: [{file, sha256}], missing: [...]} */
};

/*
 * The layer of that name, or of a file if the name has a slash: from the cache, or made now, which
 * takes packages and is told through say (may be NULL).
 */
int layer_open(const char *name, void (*say)(const char *line), struct layer *out,
	       struct err *err);
void layer_release(struct layer *layer);

#endif
