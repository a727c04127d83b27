// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the format of references and of what converts cache traces to it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "experiment/refs.h"
#include "workloads/lib/refs.h"

/*
 * ---- The format ----
 */

/* All references as text again, or the complaint behind its line. */
static char *read_refs(const char *text, size_t len)
{
	cleanup_free char *copy = xcalloc(len + 1, 1);
	struct buf out = {0};
	struct wl_refs r;
	struct wl_ref ref;
	const char *bad;

	memcpy(copy, text, len);
	/* exactly as long as the text: one byte further is an error of the sanitizer's */
	copy = xrealloc(copy, len ? len : 1, 1);
	bad = wl_refs_start(&r, copy, len);
	while (!bad && wl_refs_next(&r, &ref, &bad))
		buf_printf(&out, "%llu%c%llu+%llu ", (unsigned long long)ref.object,
			   ref.write ? 'w' : 'r', (unsigned long long)ref.count,
			   (unsigned long long)ref.delay_us);
	if (bad)
		buf_printf(&out, "%llu: %s", (unsigned long long)r.line, bad);
	return out.data ? out.data : xstrdup("");
}

static void check_refs(const char *text, const char *want)
{
	cleanup_free char *got = read_refs(text, strlen(text));

	assert_string_equal(got, want);
}

static void test_format(void **unused)
{
	(void)unused;
	check_refs("wringer-refs 1 3\n0\n1 r 2 250\n1 w\n2 w\n", "0r1+0 1r2+250 1w1+0 2w1+0 ");
	check_refs("wringer-refs 1 3\n# a comment\n\n \t\n \t2\tw  1 \t7 \t\n#2", "2w1+7 ");
	check_refs("wringer-refs 1          3 \n2", "2r1+0 ");
	check_refs("wringer-refs 1 4294967296\n4294967295 r 1 3600000000\n",
		   "4294967295r1+3600000000 ");
	check_refs("wringer-refs 1 1\n", "");
	check_refs("wringer-refs 1 1", "");
}

#define BAD_HEADER "1: a trace starts with a line 'wringer-refs 1 OBJECTS'"
#define BAD_NUMBER "1: the number of objects must be 1 to 2^32"
#define BAD_OBJECT                                                                                  \
	"2: a line starts with the number of an object, which is below that of the header"
#define BAD_KIND  "2: the second field is r or w"
#define BAD_COUNT "2: the third field is how many objects, at least 1 and none beyond the last"
#define BAD_DELAY "2: the fourth field is a delay in microseconds, at most an hour"

static void test_format_bad(void **unused)
{
	static const char *const table[][2] = {
		{"", BAD_HEADER},
		{"\n", BAD_HEADER},
		{"wringer-refs 1", BAD_HEADER},
		{"wringer-refs 2 3\n", BAD_HEADER},
		{"wringer-refs 1 ", BAD_NUMBER},
		{"wringer-refs 1 0\n", BAD_NUMBER},
		{"wringer-refs 1 -1\n", BAD_NUMBER},
		{"wringer-refs 1 3x\n", BAD_NUMBER},
		{"wringer-refs 1 4294967297\n", BAD_NUMBER},
		{"wringer-refs 1 99999999999999999999999\n", BAD_NUMBER},
		{"wringer-refs 1 3 4\n", "1: there is something behind the number of objects"},
		{"wringer-refs 1 3\nx\n", BAD_OBJECT},
		{"wringer-refs 1 3\n3\n", BAD_OBJECT},
		{"wringer-refs 1 3\n-1\n", BAD_OBJECT},
		{"wringer-refs 1 3\n18446744073709551616\n", BAD_OBJECT},
		{"wringer-refs 1 3\n1r\n", BAD_OBJECT},
		{"wringer-refs 1 3\n1 x\n", BAD_KIND},
		{"wringer-refs 1 3\n1 rw\n", BAD_KIND},
		{"wringer-refs 1 3\n1 1\n", BAD_KIND},
		{"wringer-refs 1 3\n1 r 0\n", BAD_COUNT},
		{"wringer-refs 1 3\n1 r 3\n", BAD_COUNT},
		{"wringer-refs 1 3\n1 r x\n", BAD_COUNT},
		{"wringer-refs 1 3\n1 r 1 3600000001\n", BAD_DELAY},
		{"wringer-refs 1 3\n1 r 1 1.5\n", BAD_DELAY},
		{"wringer-refs 1 3\n1 r 1 1 1\n", "2: there are more than four fields"},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(table); i++)
		check_refs(table[i][0], table[i][1]);
	check_refs("wringer-refs 1 3\n# one\n1\n\n3\n",
		   "1r1+0 5: a line starts with the number of an object, which is below that of "
		   "the header");
}

static void test_format_nul(void **unused)
{
	static const char text[] = "wringer-refs 1 3\n1\0\n";
	cleanup_free char *got = read_refs(text, sizeof(text) - 1);

	(void)unused;
	assert_string_equal(got, BAD_OBJECT);
}

static void test_format_rewind(void **unused)
{
	static const char text[] = "wringer-refs 1 3\n2\n1\n";
	struct wl_refs r;
	struct wl_ref ref;
	const char *bad;
	unsigned int i;

	(void)unused;
	assert_null(wl_refs_start(&r, text, sizeof(text) - 1));
	for (i = 0; i < 3; i++) {
		assert_true(wl_refs_next(&r, &ref, &bad) && ref.object == 2 && r.line == 2);
		assert_true(wl_refs_next(&r, &ref, &bad) && ref.object == 1 && r.line == 3);
		assert_false(wl_refs_next(&r, &ref, &bad));
		assert_null(bad);
		wl_refs_rewind(&r);
	}
}

/*
 * ---- The converter ----
 */

static struct refs_options options(const char *format)
{
	struct refs_options o = {.max_objects = 1000};
	const struct refs_format *f;

	for (f = refs_formats; strcmp(f->name, format); f++)
		;
	o.format = *f;
	return o;
}

static int convert(const struct refs_options *o, const char *text, size_t len, struct buf *out,
		   struct refs_stat *stat, struct err *err)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, len, "r"), *to = tmpfile();
	char block[4096];
	size_t n;
	int ret;

	assert_true(in && to);
	ret = refs_convert(o, in, "in", to, stat, err);
	rewind(to);
	while ((n = fread(block, 1, sizeof(block), to)))
		buf_add(out, block, n);
	fclose(in);
	fclose(to);
	return ret;
}

/* What the converter makes of a text; what it makes is always a trace. */
static void check_convert(const struct refs_options *o, const char *text, const char *want)
{
	cleanup_buf struct buf out = {0};
	struct refs_stat stat, again;
	struct err err = {""};

	assert_int_equal(convert(o, text, strlen(text), &out, &stat, &err), 0);
	assert_string_equal(buf_str(&out), want);
	assert_int_equal(refs_check(out.data, out.len, "out", &again, &err), 0);
	assert_int_equal(again.refs, stat.refs);
	assert_int_equal(again.writes, stat.writes);
	assert_int_equal(again.objects, stat.objects);
}

static void check_bad(const struct refs_options *o, const char *text, size_t len, int code,
		      const char *message)
{
	cleanup_buf struct buf out = {0};
	struct refs_stat stat;
	struct err err = {""};

	assert_int_equal(convert(o, text, len, &out, &stat, &err), code);
	assert_string_equal(err.msg, message);
}

static void test_convert_csv(void **unused)
{
	struct refs_options o = options("csv");

	(void)unused;
	check_convert(&o, "b\na\nb\nc\na", "wringer-refs 1          3\n0\n1\n0\n2\n1\n");
	check_convert(&o, "b,1\r\n\r\n\nb,2\r\n", "wringer-refs 1          1\n0\n0\n");
	o.skip = 1;
	o.limit = 2;
	o.format.key = 2;
	o.format.delimiter = '\t';
	check_convert(&o, "key\n1\tx,\n2\ty\n3\tz\n", "wringer-refs 1          2\n0\n1\n");
}

static void test_convert_twitter(void **unused)
{
	static const char text[] = "0,k,2,6000,1,get,0\n"
				   "0,comma,and,more,2,2,9000,set,0\n"
				   "2,k,2,1,1,delete,0\n"
				   "3,k,2,1,1,GETS,0\n"
				   "3,other,2,8191,1,incr,0\n";
	struct refs_options o = options("twitter");

	(void)unused;
	check_convert(&o, text, "wringer-refs 1          3\n0\n1 w\n0\n2 w\n");
	o.sizes = true;
	check_convert(&o, text, "wringer-refs 1          6\n0 r 2\n2 w\n0 r 2\n3 w 3\n");
	o.unit_ns = 1000000000;
	check_convert(&o, text,
		      "wringer-refs 1          6\n0 r 2\n2 w\n0 r 2 3000000\n3 w 3\n");
}

static void test_convert_libcachesim(void **unused)
{
	struct refs_options o = options("libcachesim");

	(void)unused;
	o.unit_ns = 1000000;
	o.sizes = true;
	check_convert(&o, "10,7,4096\n10.5,8,4097\n12,7,9999\n",
		      "wringer-refs 1          3\n0\n1 r 2 500\n0 r 1 1500\n");
}

static void test_convert_bad(void **unused)
{
	struct refs_options o = options("twitter");

	(void)unused;
	o.sizes = true;
	o.unit_ns = 1000000000;
#define BAD(text, message) check_bad(&o, text, sizeof(text) - 1, -EINVAL, message)
#define GOOD "5,k,2,1,1,get,0\n"
	BAD("\n\n", "in holds no request");
	BAD(GOOD "5,k,2,1,1", "in:2: column 6, the operation, is missing");
	BAD(GOOD "\n5,,2,1,1,get,0\n", "in:3: column 2, the key, is missing");
	BAD("5,k,2,1,1,fetch,0\n", "in:1: 'fetch' is no operation");
	BAD("5,k,2,x,1,get,0\n", "in:1: the size is no number of bytes below 4 GiB");
	BAD("5,k,2,4294967296,1,get,0\n", "in:1: the size is no number of bytes below 4 GiB");
	BAD("5,k,2,,1,get,0\n", "in:1: column 4, the size, is missing");
	BAD("x,k,2,1,1,get,0\n", "in:1: the time is no number");
	BAD(GOOD "4,k,2,1,1,get,0\n", "in:2: the time goes back");
	BAD(GOOD "3606,k,2,1,1,get,0\n",
	    "in:2: it is more than an hour since the line before");
	BAD(GOOD "5,k\0,2,1,1,get,0\n", "in:2: the line holds a NUL: this is no text");
	check_bad(&o, "5,k,2,4096000,1,get,0\n", 22, -E2BIG, "in:1: more than 1000 objects");
	/* a key that cannot be where it is said to be */
	o.format.key = 9;
	BAD(GOOD, "in:1: column 9, the key, is missing");
	o.format.key = 0;
	BAD(GOOD, "in:1: column 0, the key, is missing");
}

static void test_convert_lengths(void **unused)
{
	cleanup_buf struct buf text = {0};
	struct refs_options o = options("csv");
	size_t i;

	(void)unused;
	for (i = 0; i < REFS_LINE_MAX; i++)
		buf_adds(&text, "k");
	check_convert(&o, text.data, "wringer-refs 1          1\n0\n");
	buf_adds(&text, "k");
	check_bad(&o, text.data, text.len, -EINVAL, "in:1: the line is longer than 8192 bytes");
	buf_reset(&text);
	for (i = 0; i + 1 < REFS_FIELDS_MAX; i++)
		buf_adds(&text, "k,");
	check_convert(&o, text.data, "wringer-refs 1          1\n0\n");
	buf_adds(&text, ",");
	check_bad(&o, text.data, text.len, -EINVAL, "in:1: the line has more than 64 fields");
}

/* Each key keeps its number when the table grows, and one too many is told. */
static void test_convert_many(void **unused)
{
	cleanup_buf struct buf text = {0}, want = {0};
	struct refs_options o = options("csv");
	unsigned int i, pass;

	(void)unused;
	buf_adds(&want, "wringer-refs 1      20000\n");
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < 20000; i++) {
			buf_printf(&text, "key%u\n", i * 7919);
			buf_printf(&want, "%u\n", i);
		}
	o.max_objects = 20000;
	check_convert(&o, text.data, want.data);
	o.max_objects = 19999;
	check_bad(&o, text.data, text.len, -E2BIG, "in:20000: more than 19999 objects");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_bad),
		cmocka_unit_test(test_format_nul),
		cmocka_unit_test(test_format_rewind),
		cmocka_unit_test(test_convert_csv),
		cmocka_unit_test(test_convert_twitter),
		cmocka_unit_test(test_convert_libcachesim),
		cmocka_unit_test(test_convert_bad),
		cmocka_unit_test(test_convert_lengths),
		cmocka_unit_test(test_convert_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
