// SPDX-License-Identifier: GPL-2.0-only
/* A console: whatever it holds, a report has a place inside it and is printable. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "result/console.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s, size_t max)
{
	size_t i;

	if (strnlen(s, max) == max)
		abort();
	for (i = 0; s[i]; i++)
		if (!isprint((unsigned char)s[i]))
			abort();
}

static void check_report(const struct console_report *r, const char *text, size_t size)
{
	size_t i, line = 1;

	check_text(r->title, sizeof(r->title));
	check_text(r->function, sizeof(r->function));
	if (r->kind == STATUS_DONE)
		return;
	if (r->kind >= STATUS_NR || r->offset >= size || !r->title[0])
		abort();
	for (i = 0; i < r->offset; i++)
		line += text[i] == '\n';
	if (line != r->line || (r->offset && text[r->offset - 1] != '\n'))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct console c, again;

	if (size)
		memcpy(copy, data, size);
	console_classify(copy, size, false, &c);
	check_report(&c.first, copy, size);
	check_report(&c.warning, copy, size);
	/* What is allowed is passed over, and nothing else changes. */
	console_classify(copy, size, true, &again);
	if (again.first.kind == STATUS_OOM)
		abort();
	if (c.first.kind != STATUS_OOM && memcmp(&c, &again, sizeof(c)))
		abort();
	free(copy);
	return 0;
}
