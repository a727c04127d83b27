// SPDX-License-Identifier: GPL-2.0-only
/* A kernel module's ELF object: it is none and nothing is added, or what is added is clean. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const struct buf *buf)
{
	static const char clean[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-,";
	const char *s = buf_str(buf);

	if (strlen(s) != buf->len || s[strspn(s, clean)])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct buf name = {0}, deps = {0};

	if (size)
		memcpy(copy, data, size);
	if (module_info(copy, size, &name, &deps) && (name.len || deps.len))
		abort();
	check_clean(&name);
	check_clean(&deps);
	buf_release(&name);
	buf_release(&deps);
	free(copy);
	return 0;
}
