// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes of a machine that was probed, told apart by the first byte:
 *	even	the file that the plugin writes
 *	odd	the text of the kernel's /proc/kallsyms
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/symbols.h"
#include "result/counts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No name has a blank in it. */
static uint64_t sum_folded(const struct buf *folded)
{
	const char *line = buf_str(folded);
	uint64_t sum = 0;

	for (; *line; line = strchr(line, '\n') + 1)
		sum += strtoull(strchr(line, ' '), NULL, 10);
	return sum;
}

/* What the contexts have is the same in both files. */
static void check(const struct counts *c, const json_t *json)
{
	cleanup_buf struct buf folded = {0};
	uint64_t sum = 0;
	json_t *row;
	size_t i;

	counts_folded(c, &folded);
	json_array_foreach(json_object_get(json, "contexts"), i, row)
		sum += (uint64_t)json_integer_value(json_object_get(row, "instructions")) +
		       (uint64_t)json_integer_value(json_object_get(row, "interrupts")) +
		       (uint64_t)json_integer_value(json_object_get(row, "device"));
	if (!json || sum_folded(&folded) != sum)
		abort();
}

static void read_counts(const char *text, size_t size)
{
	struct counts c;
	json_t *none = json_object(), *json;

	if (!counts_parse(&c, text, size, NULL)) {
		json = counts_json(&c, none);
		check(&c, json);
		json_decref(json);
		counts_release(&c);
	}
	json_decref(none);
}

static void read_symbols(const char *text, size_t size)
{
	struct buf in = {0}, out = {0};

	buf_add(&in, text, size);
	symbols_table(&in, &out, NULL);
	buf_release(&in);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		read_symbols((const char *)data + 1, size - 1);
	else
		read_counts((const char *)data + 1, size - 1);
	return 0;
}
