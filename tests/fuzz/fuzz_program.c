// SPDX-License-Identifier: GPL-2.0-only
/* What a program wrote, by the reader that the first byte chooses: a report or an error, in bounds. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "result/program.h"
#include "workloads/lib/program.h"

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

static void check_metrics(const struct program_report *r)
{
	size_t i, k;

	if (r->nr_metrics > PROGRAM_METRICS_MAX)
		abort();
	for (i = 0; i < r->nr_metrics; i++) {
		const struct program_metric *m = &r->metric[i];

		check_text(m->part, sizeof(m->part));
		if (!*m->part || m->value < 0)
			abort();
		for (k = 0; k < i; k++)
			if (r->metric[k].kind == m->kind && !strcmp(r->metric[k].part, m->part))
				abort();
	}
}

/* Any words it gives are inside the text, and as many as it says. */
static void check_words(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *word[16];
	size_t len = strlen(text);
	int i, nr = program_words(text, word, 16);

	for (i = 0; i < nr; i++)
		if (word[i] < text || word[i] + strlen(word[i]) > text + len)
			abort();
	if (nr >= 16 || (nr > 0 && word[nr]))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const read[])(const char *, size_t, struct program_report *) = {
		stress_ng_read, fio_read, ktap_read};
	struct program_report r = {0};
	char *copy;

	if (!size)
		return 0;
	if (data[0] % 4 == 3) {
		check_words(data + 1, size - 1);
		return 0;
	}
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	read[data[0] % 4](copy, size - 1, &r);
	check_text(r.error, sizeof(r.error));
	check_metrics(&r);
	if (!r.error[0] && !json_is_array(r.detail))
		abort();
	program_report_release(&r);
	free(copy);
	return 0;
}
