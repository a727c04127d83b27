/* SPDX-License-Identifier: GPL-2.0-only */
/* Zstandard, as libarchive has it. */
#ifndef BASE_ZSTD_H
#define BASE_ZSTD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends data, compressed, to out.  The bytes are the same for one version of the library. */
int zstd_pack(const void *data, size_t len, struct buf *out, struct err *err);
/* Appends what data holds to out.  -EBADMSG for damage, -EFBIG for more than max bytes. */
int zstd_unpack(const void *data, size_t len, size_t max, struct buf *out, struct err *err);

#endif
