// SPDX-License-Identifier: GPL-2.0-only
/* What a kernel is built of: fragments, patches, what a log says.  The rest is tests/vm/kbuild.t. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/build.h"
#include "kernel/fragment.h"
#include "kernel/make.h"

static char tmp[] = "/tmp/test_build.XXXXXX";

static int make_tmp(void **state)
{
	(void)state;
	return mkdtemp(tmp) ? 0 : -1;
}

static int remove_tmp(void **state)
{
	(void)state;
	return dir_remove(tmp, NULL);
}

static void put(const char *name, const char *text)
{
	cleanup_free char *path = xasprintf("%s/%s", tmp, name);

	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
}

static int parse(const char *text, struct fragment *out, struct err *err)
{
	return fragment_parse("dir/test.config", text, strlen(text), out, err);
}

static void test_fragment(void **state)
{
	static const char text[] = "# arch: um\n"
				   "# a comment about CONFIG_X=y\n"
				   "\n"
				   "CONFIG_PSI=y\r\n"
				   "  CONFIG_TEXT=\"a # \\\"b\\\"\"   # optional\n"
				   "CONFIG_NR=0x1f # optional \n"
				   "CONFIG_LESS=-1\n"
				   "# CONFIG_OFF is not set\n"
				   "# CONFIG_OFF2 is not set # optional\n"
				   "CONFIG_OFF3=n";
	static const struct symbol want[] = {
		{(char *)"PSI", (char *)"y", false, 4},
		{(char *)"TEXT", (char *)"\"a # \\\"b\\\"\"", true, 5},
		{(char *)"NR", (char *)"0x1f", true, 6},
		{(char *)"LESS", (char *)"-1", false, 7},
		{(char *)"OFF", (char *)"n", false, 8},
		{(char *)"OFF2", (char *)"n", true, 9},
		{(char *)"OFF3", (char *)"n", false, 10},
	};
	struct fragment f;
	size_t i;

	(void)state;
	assert_int_equal(parse(text, &f, NULL), 0);
	assert_string_equal(f.name, "test");
	assert_string_equal(f.arch, "um");
	assert_int_equal(f.nr, ARRAY_SIZE(want));
	for (i = 0; i < f.nr; i++) {
		assert_string_equal(f.symbol[i].name, want[i].name);
		assert_string_equal(f.symbol[i].value, want[i].value);
		assert_int_equal(f.symbol[i].optional, want[i].optional);
		assert_int_equal(f.symbol[i].line, want[i].line);
	}
	fragment_release(&f);
}

static void test_fragment_bad(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"CONFIG_PSI", "dir/test.config:1: a symbol is set as in"},
		{"\nPSI=y", "dir/test.config:2: a line is"},
		{"CONFIG_PSI=", ":1: a value is"},
		{"CONFIG_PSI=yes", ":1: a value is"},
		{"CONFIG_PSI=0x", ":1: a value is"},
		{"CONFIG_PSI=-", ":1: a value is"},
		{"CONFIG_PSI=\"open", ":1: a value is"},
		{"CONFIG_PSI=y maybe", ":1: behind a value"},
		{"CONFIG_PSI=y # optionally", ":1: behind a value"},
		{"CONFIG_=y", ":1: a name or value"},
		{"# arch: arm", ":1: arch is"},
		{"CONFIG_A=y\nCONFIG_A=n", ":2: CONFIG_A stands in line 1 already"},
	};
	struct fragment f;
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err.msg[0] = '\0';
		assert_int_equal(parse(bad[i].text, &f, &err), -EINVAL);
		assert_non_null(strstr(err.msg, bad[i].says));
		assert_null(f.symbol);
	}
	assert_int_equal(fragment_parse("x", "CONFIG_A=y\0", 11, &f, &err), -EINVAL);
	assert_int_equal(fragment_load("./nonexistent/x.config", &f, &err), -ENOENT);
}

static void test_merge(void **state)
{
	cleanup_buf struct buf out = {0};
	struct fragment f[2];

	(void)state;
	assert_int_equal(parse("CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=1\n", &f[0], NULL), 0);
	assert_int_equal(parse("CONFIG_B=n\nCONFIG_D=\"x\"\n", &f[1], NULL), 0);
	fragments_merge(f, 2, &out);
	assert_string_equal(buf_str(&out), "CONFIG_A=y\nCONFIG_C=1\n# CONFIG_B is not set\n"
					   "CONFIG_D=\"x\"\n");
	fragment_release(&f[0]);
	fragment_release(&f[1]);
}

static void note_wrong(const struct fragment *of, const struct symbol *s, const char *got, void *ctx)
{
	buf_printf(ctx, "%s:%d %s=%s not %s;", of->name, s->line, s->name, got, s->value);
}

static void test_check(void **state)
{
	static const char config[] = "#\n# Linux\nCONFIG_A=m\n# CONFIG_B is not set\nCONFIG_AB=y\n"
				     "CONFIG_OLD=y\nCONFIG_T=\"x y\"";
	cleanup_buf struct buf out = {0};
	struct fragment f[2];

	(void)state;
	assert_int_equal(parse("CONFIG_A=y\nCONFIG_B=n\nCONFIG_AB=y\nCONFIG_GONE=y\nCONFIG_OLD=n\n"
			       "CONFIG_T=\"x y\"\nCONFIG_MAYBE=y # optional\nCONFIG_NONE=n\n",
			       &f[0], NULL), 0);
	assert_int_equal(parse("CONFIG_OLD=y\n", &f[1], NULL), 0);
	fragments_check(f, 2, config, note_wrong, &out);
	assert_string_equal(buf_str(&out), "test:1 A=m not y;test:4 GONE=n not y;");
	fragment_release(&f[0]);
	fragment_release(&f[1]);
}

/* As git describes files: the list decides, else the names' bytes. */
static void test_patches(void **state)
{
	struct patches p;
	struct err err;
	char a[SHA256_HEX], b[SHA256_HEX];

	(void)state;
	assert_int_equal(patches_load(tmp, &p, &err), -ENOENT);
	put("0002-b.patch", "two");
	put("0001-a.patch", "one");
	put("readme", "no");
	assert_int_equal(patches_load(tmp, &p, NULL), 0);
	assert_int_equal(p.nr, 2);
	assert_string_equal(p.name[0], "0001-a.patch");
	patches_hash(&p, 1, a);
	patches_hash(&p, 2, b);
	assert_string_not_equal(a, b);
	patches_release(&p);
	put("series", "# first\n0002-b.patch -p1\n\n0001-a.patch # last\n");
	assert_int_equal(patches_load(tmp, &p, NULL), 0);
	assert_int_equal(p.nr, 2);
	assert_string_equal(p.name[0], "0002-b.patch");
	assert_string_equal(p.name[1], "0001-a.patch");
	patches_hash(&p, 2, a);
	assert_string_not_equal(a, b);
	patches_release(&p);
	put("series", "../etc/passwd\n");
	assert_int_equal(patches_load(tmp, &p, &err), -EINVAL);
	put("series", "gone.patch\n");
	assert_int_equal(patches_load(tmp, &p, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "gone.patch"));
}

static void test_blame(void **state)
{
	static const struct {
		const char *log, *says;
		int ret;
	} logs[] = {
		{"  CC      mm/a.o\n/c/src/mm/a.c: In function 'f':\n/c/src/mm/a.c:3:4: error: no x\n"
		 "/c/src/mm/a.c:9:4: error: no y\nmake[2]: *** [a.o] Error 1\n",
		 "it does not compile: mm/a.c:3:4: error: no x", BUILD_BROKEN},
		{"ld: vmlinux.o: undefined reference to `x'\nmake: *** [vmlinux] Error 1\n",
		 "it does not compile: ld: vmlinux.o: undefined reference to `x'", BUILD_BROKEN},
		{"make[1]: *** No rule to make target 'x'.  Stop.\n",
		 "it does not compile: make[1]: *** No rule to make target 'x'.  Stop.",
		 BUILD_BROKEN},
		{"", "it does not compile: make says not why", BUILD_BROKEN},
		{"mm/a.c:1:1: error: x\nas: a.o: No space left on device\n", "disk of", -ENOSPC},
		{"gcc: fatal error: Killed signal terminated program cc1\n", "did not survive", -EIO},
	};
	struct err err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(logs); i++) {
		assert_int_equal(make_blame(logs[i].log, "/c/src", &err), logs[i].ret);
		assert_non_null(strstr(err.msg, logs[i].says));
	}
}

/* Those that come with the program are well-formed. */
static void test_own(void **state)
{
	static const char *const names[] = {"base", "numa", "bpf", "debug"};
	struct fragment f;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = xasprintf("./kernel-config/%s.config", names[i]);

		assert_int_equal(fragment_load(path, &f, NULL), 0);
		assert_true(f.nr > 5);
		fragment_release(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fragment), cmocka_unit_test(test_fragment_bad),
		cmocka_unit_test(test_merge),	 cmocka_unit_test(test_check),
		cmocka_unit_test(test_patches),	 cmocka_unit_test(test_blame),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, make_tmp, remove_tmp);
}
