/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DOCUMENT_HTML_H
#define DOCUMENT_HTML_H

#include "base/buf.h"

/* The text, which has no control characters any more, fit for content and for attributes in double quotes. */
void html_add(struct buf *out, const char *text);

#endif
