/* SPDX-License-Identifier: GPL-2.0-only */
/* Text of others, made fit to be shown anywhere. */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include <stddef.h>

/*
 * A new string of about max bytes at most, in UTF-8: control characters, newlines among them, those without width,
 * those that change the direction of writing, and what is no UTF-8 become visible, as \x1b.  "..." behind one that
 * is cut off.
 */
char *visible_in(const char *text, size_t max);

#endif
