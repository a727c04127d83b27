// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cache traces, whatever they hold: what the converter writes is a trace, and what it refuses has a
 * line.  The same bytes as a trace: nothing outside is read, and references are of objects there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "experiment/refs.h"
#include "workloads/lib/refs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes choose the options. */
static struct refs_options take_options(const uint8_t *data)
{
	struct refs_options o = {.format = refs_formats[data[0] % 3], .max_objects = 64};

	o.sizes = data[0] & 4;
	o.unit_ns = data[0] & 8 ? 1000000 : 0;
	o.skip = data[0] >> 7;
	if (data[0] & 16)
		o.format.key = data[1] % 70;
	if (data[0] & 32)
		o.format.op = data[1] % 9;
	if (data[0] & 64)
		o.format.fields = data[1] % 70;
	return o;
}

static void check_output(const char *text, size_t len, const struct refs_stat *want)
{
	struct refs_stat stat;
	struct err err;

	if (refs_check(text, len, "out", &stat, &err) || stat.refs != want->refs ||
	    stat.writes != want->writes || stat.objects != want->objects || stat.objects > 64)
		abort();
}

static void convert(const struct refs_options *o, const uint8_t *data, size_t size)
{
	FILE *in = fmemopen((void *)(uintptr_t)data, size, "r"), *out = tmpfile();
	cleanup_buf struct buf text = {0};
	struct refs_stat stat;
	struct err err = {""};
	char block[4096];
	size_t n;

	if (!in || !out)
		abort();
	if (refs_convert(o, in, "in", out, &stat, &err)) {
		if (strncmp(err.msg, "in", 2))
			abort();
	} else {
		rewind(out);
		while ((n = fread(block, 1, sizeof(block), out)))
			buf_add(&text, block, n);
		check_output(text.data, text.len, &stat);
	}
	fclose(in);
	fclose(out);
}

static void read_trace(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct wl_refs r;
	struct wl_ref ref;
	const char *bad;

	memcpy(copy, data, size);
	bad = wl_refs_start(&r, copy, size);
	while (!bad && wl_refs_next(&r, &ref, &bad))
		if (ref.object >= r.objects || !ref.count || ref.count > r.objects - ref.object ||
		    ref.delay_us > WL_REFS_DELAY_MAX)
			abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refs_options o;

	read_trace(data, size);
	if (size < 3)
		return 0;
	o = take_options(data);
	convert(&o, data + 2, size - 2);
	return 0;
}
