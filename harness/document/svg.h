/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drawing.  All shapes are classes of the style sheet (style.c), all coordinates have one decimal at most and
 * are told relative to the last, and what is drawn fits its box whatever the numbers are.
 */
#ifndef DOCUMENT_SVG_H
#define DOCUMENT_SVG_H

#include "base/buf.h"
#include "document/block.h"

/* The figure, its text as hover text; lines have at most so many points. */
void svg_figure(const struct figure *f, size_t points, struct buf *out);
/* A figure's lines alone, small. */
void svg_spark(const struct figure *f, struct buf *out);
/* A strip, the second arm below the first: every value, or from the lowest to the highest. */
void svg_strip(const struct cell *c, bool dots, struct buf *out);

#endif
