// SPDX-License-Identifier: GPL-2.0-only
/* Tests of harness/base: numbers, INI files, shell words, files and processes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/cpus.h"
#include "base/err.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/proc.h"
#include "base/zstd.h"

static char tmp[] = "/tmp/wringer-test-base-XXXXXX";

static char *in_tmp(const char *name)
{
	return xasprintf("%s/%s", tmp, name);
}

/*
 * ---- Numbers ----
 */

struct number_case {
	const char *text;
	int ret;
	uint64_t value;
};

typedef int (*parse_fn)(const char *s, uint64_t *out);

static void check_numbers(parse_fn parse, const struct number_case *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t v = 0;
		int ret = parse(c[i].text, &v);

		if (ret != c[i].ret || (!ret && v != c[i].value))
			fail_msg("'%s': %d, %llu", c[i].text, ret, (unsigned long long)v);
	}
}

#define CHECK_NUMBERS(parse, table) check_numbers(parse, table, ARRAY_SIZE(table))

static void test_u64(void **unused)
{
	static const struct number_case cases[] = {
		{"0", 0, 0}, {"1", 0, 1}, {"007", 0, 7}, {"0x10", 0, 16}, {"0xFf", 0, 255},
		{"18446744073709551615", 0, UINT64_MAX}, {"0xffffffffffffffff", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0}, {"0x10000000000000000", -ERANGE, 0},
		{"", -EINVAL, 0}, {" 1", -EINVAL, 0}, {"1 ", -EINVAL, 0}, {"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0}, {"1k", -EINVAL, 0}, {"0x", -EINVAL, 0}, {"0xg", -EINVAL, 0},
		{"a", -EINVAL, 0}, {"1.0", -EINVAL, 0}, {"x10", -EINVAL, 0},
	};

	(void)unused;
	CHECK_NUMBERS(parse_u64, cases);
}

static void test_size(void **unused)
{
	static const struct number_case cases[] = {
		{"0", 0, 0}, {"4096", 0, 4096}, {"1K", 0, 1024}, {"3M", 0, 3 << 20},
		{"2G", 0, 2ull << 30}, {"1T", 0, 1ull << 40}, {"0T", 0, 0},
		{"16777215T", 0, 16777215ull << 40}, {"16777216T", -ERANGE, 0},
		{"18446744073709551615", 0, UINT64_MAX}, {"18446744073709551615K", -ERANGE, 0},
		{"18446744073709551616", -ERANGE, 0}, {"1k", -EINVAL, 0}, {"1KB", -EINVAL, 0},
		{"1 K", -EINVAL, 0}, {"K", -EINVAL, 0}, {"", -EINVAL, 0}, {"-1K", -EINVAL, 0},
		{"1.5M", -EINVAL, 0}, {"0x10", -EINVAL, 0}, {"1P", -EINVAL, 0}, {"c", -EINVAL, 0},
	};

	(void)unused;
	CHECK_NUMBERS(parse_size, cases);
}

static void test_time(void **unused)
{
	static const struct number_case cases[] = {
		{"0", 0, 0}, {"0s", 0, 0}, {"80us", 0, 80000}, {"1ns", 0, 1}, {"3ms", 0, 3000000},
		{"2s", 0, 2000000000}, {"2m", 0, 120000000000}, {"1.5s", 0, 1500000000},
		{"0.25ms", 0, 250000}, {"1.000000001s", 0, 1000000001}, {"0.5m", 0, 30000000000},
		{"18446744073.709551615s", 0, UINT64_MAX}, {"18446744073.709551616s", -ERANGE, 0},
		{"18446744074s", -ERANGE, 0}, {"307445735m", -ERANGE, 0},
		{"99999999999999999999ns", -ERANGE, 0}, {"0.0000000001s", -EINVAL, 0},
		{"1.5ns", -EINVAL, 0}, {"1", -EINVAL, 0}, {"s", -EINVAL, 0}, {"", -EINVAL, 0},
		{"1h", 0, 3600000000000}, {"30d", 0, 2592000000000000}, {"213504d", -ERANGE, 0},
		{"1w", -EINVAL, 0}, {"1 s", -EINVAL, 0},
		{"1.2.3s", -EINVAL, 0}, {".5s", -EINVAL, 0},
		{"-1s", -EINVAL, 0}, {"1ss", -EINVAL, 0}, {"1s ", -EINVAL, 0},
	};

	(void)unused;
	CHECK_NUMBERS(parse_time, cases);
}

static void test_millionths(void **unused)
{
	static const struct number_case cases[] = {
		{"0", 0, 0}, {"1", 0, 1000000}, {"0.99", 0, 990000}, {"1.5", 0, 1500000},
		{"0.000001", 0, 1}, {"0.0000001", -EINVAL, 0},
		{"18446744073709.551615", 0, UINT64_MAX}, {"18446744073709.551616", -ERANGE, 0},
		{"18446744073710", -ERANGE, 0}, {"", -EINVAL, 0}, {"e", -EINVAL, 0},
		{".5", -EINVAL, 0}, {"0.9x", -EINVAL, 0}, {"1e3", -EINVAL, 0}, {"-0.5", -EINVAL, 0},
		{"0,5", -EINVAL, 0},
	};

	(void)unused;
	CHECK_NUMBERS(parse_millionths, cases);
}

static void test_bool(void **unused)
{
	static const char *const yes[] = {"yes", "on", "true", "1"};
	static const char *const no[] = {"no", "off", "false", "0"};
	static const char *const bad[] = {"", "y", "Yes", "2", "yes ", "o", "truefalse"};
	bool v;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(yes); i++) {
		v = false;
		assert_int_equal(parse_bool(yes[i], &v), 0);
		assert_true(v);
		assert_int_equal(parse_bool(no[i], &v), 0);
		assert_false(v);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse_bool(bad[i], &v), -EINVAL);
}

/*
 * ---- INI files ----
 */

static int parse_text(struct conf *conf, const char *text, struct err *err)
{
	return conf_parse(conf, "t.conf", text, strlen(text), err);
}

static void test_conf(void **unused)
{
	static const char text[] = "# c\n\n[a]\nk = v\n \t k2\t=  two words = x \n[a  one]\r\n"
				   "k=1\n[ b ]\nempty =\n#[c]\n  # k = v\n[a two words]\nlast=end";
	struct conf conf;
	struct conf_section *sec;
	struct err err;

	(void)unused;
	assert_int_equal(parse_text(&conf, text, &err), 0);
	assert_int_equal(conf.nr_sections, 4);
	sec = conf_section(&conf, "a", "");
	assert_non_null(sec);
	assert_int_equal(sec->line, 3);
	assert_string_equal(conf_get(sec, "k"), "v");
	assert_string_equal(conf_get(sec, "k2"), "two words = x");
	assert_null(conf_get(sec, "k3"));
	assert_string_equal(conf_get(conf_section(&conf, "a", "one"), "k"), "1");
	assert_string_equal(conf_get(conf_section(&conf, "b", ""), "empty"), "");
	assert_string_equal(conf_get(conf_section(&conf, "a", "two words"), "last"), "end");
	assert_null(conf_section(&conf, "c", ""));
	assert_null(conf_get(NULL, "k"));
	assert_int_equal(conf_unused(&conf, &err), 0);
	conf_release(&conf);
}

static void test_conf_bad(void **unused)
{
	static const char *const cases[][2] = {
		{"[a]\nk = 1\n[b]\nk = 2\nk = 3\n", "t.conf:5: key 'k' is there twice"},
		{"[a]\n[a b]\n[a]\n", "t.conf:3: section [a] is there twice"},
		{"[a b]\n\n[a  b ]\n", "t.conf:3: section [a b] is there twice"},
		{"k = 1\n", "t.conf:1: a key before any [section]"},
		{"[a]\nword\n", "t.conf:2: expected [section] or key = value"},
		{"[a]\n = v\n", "t.conf:2: a value without a key"},
		{"[a\n", "t.conf:1: a section is written [name] or [name argument]"},
		{"\n[a] x\n", "t.conf:2: a section is written [name] or [name argument]"},
		{"[]\n", "t.conf:1: a section needs a name"},
		{"[ ]\n", "t.conf:1: a section needs a name"},
	};
	struct conf conf;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(parse_text(&conf, cases[i][0], &err), -EINVAL);
		assert_string_equal(err.msg, cases[i][1]);
		assert_null(conf.section);
	}
	assert_int_equal(parse_text(&conf, "x", NULL), -EINVAL);
}

static void test_conf_nul(void **unused)
{
	static const char text[] = "[a]\nk = 1\0x\n";
	struct conf conf;
	struct err err;

	(void)unused;
	assert_int_equal(conf_parse(&conf, "t.conf", text, sizeof(text) - 1, &err), -EINVAL);
	assert_string_equal(err.msg, "t.conf:2: a NUL byte: this is no text file");
}

/* A line of just that many bytes is fine, one more is not; with and without an end of line. */
static void test_conf_line_max(void **unused)
{
	cleanup_buf struct buf text = {0};
	struct conf conf;
	struct err err;
	size_t i;

	(void)unused;
	buf_adds(&text, "[a]\nk=");
	for (i = 2; i < CONF_LINE_MAX; i++)
		buf_adds(&text, "x");
	assert_int_equal(conf_parse(&conf, "t.conf", text.data, text.len, &err), 0);
	assert_int_equal(strlen(conf_get(conf_section(&conf, "a", ""), "k")), CONF_LINE_MAX - 2);
	conf_release(&conf);
	buf_adds(&text, "\n");
	assert_int_equal(conf_parse(&conf, "t.conf", text.data, text.len, &err), 0);
	conf_release(&conf);
	text.data[text.len - 1] = 'x';
	assert_int_equal(conf_parse(&conf, "t.conf", text.data, text.len, &err), -EINVAL);
	assert_string_equal(err.msg, "t.conf:2: line longer than 1024 bytes");
}

static void test_conf_file_max(void **unused)
{
	cleanup_free char *path = in_tmp("big.conf");
	cleanup_buf struct buf text = {0};
	struct conf conf;
	struct err err;

	(void)unused;
	while (text.len < CONF_FILE_MAX)
		buf_adds(&text, "# 34567890123456789012345678901\n");
	assert_int_equal(text.len, CONF_FILE_MAX);
	assert_int_equal(file_write(path, text.data, text.len, &err), 0);
	assert_int_equal(conf_load(&conf, path, NULL, &err), 0);
	conf_release(&conf);
	buf_adds(&text, "\n");
	assert_int_equal(file_write(path, text.data, text.len, &err), 0);
	assert_int_equal(conf_load(&conf, path, NULL, &err), -EFBIG);
	conf_release(&conf);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(conf_load(&conf, path, NULL, &err), -ENOENT);
	assert_non_null(strstr(err.msg, path));
	conf_release(&conf);
}

static void test_conf_unused(void **unused)
{
	struct conf conf;
	struct err err;

	(void)unused;
	assert_int_equal(parse_text(&conf, "[a]\nk = 1\n[b x]\n\nj = 2\nl = 3\n[c]\n", &err), 0);
	assert_int_equal(conf_unused(&conf, &err), -EINVAL);
	assert_string_equal(err.msg, "t.conf:1: unknown section [a]");
	conf_get(conf_section(&conf, "a", ""), "k");
	assert_int_equal(conf_unused(&conf, &err), -EINVAL);
	assert_string_equal(err.msg, "t.conf:3: unknown section [b x]");
	conf_get(conf_section(&conf, "b", "x"), "j");
	assert_int_equal(conf_unused(&conf, &err), -EINVAL);
	assert_string_equal(err.msg, "t.conf:6: unknown key 'l' in [b x]");
	conf_get(conf_section(&conf, "b", "x"), "l");
	assert_int_equal(conf_unused(&conf, &err), -EINVAL);
	assert_string_equal(err.msg, "t.conf:7: unknown section [c]");
	conf_section(&conf, "c", "");
	assert_int_equal(conf_unused(&conf, &err), 0);
	conf_release(&conf);
}

static void test_conf_name(void **unused)
{
	static const char *const cases[][2] = {
		{"guests/one.conf", "one"}, {"one.conf", "one"}, {"one", "one"}, {"a.b/c", "c"},
		{".conf", ".conf"}, {"x.confy", "x.confy"}, {"/a/b.conf", "b"},
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *name = conf_name(cases[i][0]);

		assert_string_equal(name, cases[i][1]);
	}
}

/* What a section can bind to, a field of each type. */
struct bound {
	char *str;
	uint64_t u64, size, time, millionths;
	bool flag;
	unsigned int choice;
};

static const char *const choices[] = {"red", "green", NULL};

#define BOUND(field) offsetof(struct bound, field)

static const struct conf_key keys[] = {
	{"str", CONF_STR, BOUND(str), "words", NULL, 0, 0, false},
	{"u64", CONF_U64, BOUND(u64), "a number", NULL, 10, 20, true},
	{"size", CONF_SIZE, BOUND(size), "bytes", NULL, 0, 0, false},
	{"time", CONF_TIME, BOUND(time), "how long", NULL, 1000, 0, false},
	{"millionths", CONF_MILLIONTHS, BOUND(millionths), "share", NULL, 0, 1000000, false},
	{"flag", CONF_BOOL, BOUND(flag), "whether", NULL, 0, 0, false},
	{"choice", CONF_CHOICE, BOUND(choice), "colour", choices, 0, 0, false},
};

static int bind_text(const char *text, struct bound *out, struct err *err)
{
	struct conf conf;
	int ret = parse_text(&conf, text, err);

	assert_int_equal(ret, 0);
	ret = conf_bind(&conf, conf_section(&conf, "s", ""), keys, ARRAY_SIZE(keys), out, err);
	if (!ret)
		ret = conf_unused(&conf, err);
	conf_release(&conf);
	return ret;
}

static void test_bind(void **unused)
{
	struct bound b = {.str = xstrdup("old")};
	struct err err;

	(void)unused;
	assert_int_equal(bind_text("[s]\nstr = a b\nu64 = 20\nsize = 3K\ntime = 2us\n"
				   "millionths = 0.25\nflag = on\nchoice = green\n", &b, &err), 0);
	assert_string_equal(b.str, "a b");
	assert_int_equal(b.u64, 20);
	assert_int_equal(b.size, 3072);
	assert_int_equal(b.time, 2000);
	assert_int_equal(b.millionths, 250000);
	assert_true(b.flag);
	assert_int_equal(b.choice, 1);
	free(b.str);
}

/* Keys that are absent leave the field as it was. */
static void test_bind_defaults(void **unused)
{
	struct bound b = {.str = (char *)"def", .size = 7, .time = 1, .flag = true, .choice = 1};
	struct err err;

	(void)unused;
	assert_int_equal(bind_text("[s]\nu64 = 10\n", &b, &err), 0);
	assert_string_equal(b.str, "def");
	assert_int_equal(b.u64, 10);
	assert_int_equal(b.size, 7);
	assert_int_equal(b.time, 1);
	assert_true(b.flag);
	assert_int_equal(b.choice, 1);
}

static void test_bind_bad(void **unused)
{
	static const char *const cases[][2] = {
		{"\n[s]\nsize = 1\n", "t.conf:2: [s] needs the key 'u64': a number"},
		{"[s]\nu64 = 9\n", "t.conf:2: u64 = 9: out of range; a number"},
		{"[s]\nu64 = 21\n", "t.conf:2: u64 = 21: out of range; a number"},
		{"[s]\nu64 = ten\n", "t.conf:2: u64 = ten: not a valid value; a number"},
		{"[s]\nu64 = 10\nsize = 1Q\n", "t.conf:3: size = 1Q: not a valid value; bytes"},
		{"[s]\nu64 = 10\nsize = 99999999999999999999\n",
		 "t.conf:3: size = 99999999999999999999: out of range; bytes"},
		{"[s]\nu64 = 10\ntime = 1ns\n", "t.conf:3: time = 1ns: out of range; how long"},
		{"[s]\nu64 = 10\nmillionths = 1.1\n",
		 "t.conf:3: millionths = 1.1: out of range; share"},
		{"[s]\nu64 = 10\nflag = maybe\n",
		 "t.conf:3: flag = maybe: not a valid value; whether"},
		{"[s]\nu64 = 10\nchoice = blue\n",
		 "t.conf:3: choice = blue: not a valid value (one of red, green); colour"},
		{"[s]\nu64 = 10\nother = 1\n", "t.conf:3: unknown key 'other' in [s]"},
	};
	struct bound b = {0};
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(bind_text(cases[i][0], &b, &err), -EINVAL);
		assert_string_equal(err.msg, cases[i][1]);
	}
}

/*
 * ---- Errors and buffers ----
 */

static void test_err(void **unused)
{
	char longer[2 * ERR_MSG_MAX];
	struct err err;

	(void)unused;
	assert_int_equal(err_set(&err, -EINVAL, "a %d", 1), -EINVAL);
	assert_string_equal(err.msg, "a 1");
	assert_int_equal(err_prefix(&err, -EIO, "b"), -EIO);
	assert_string_equal(err.msg, "b: a 1");
	assert_int_equal(err_sys(&err, -ENOENT, "c"), -ENOENT);
	assert_string_equal(err.msg, "c: No such file or directory");
	assert_int_equal(err_set(NULL, -EIO, "d"), -EIO);
	assert_int_equal(err_sys(NULL, -EIO, "d"), -EIO);
	assert_int_equal(err_prefix(NULL, -EIO, "d"), -EIO);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	err_sys(&err, -EIO, "%s", longer);
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
	err_prefix(&err, -EIO, "%s", longer);
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
}

static void test_buf(void **unused)
{
	struct buf buf = {0};
	unsigned int i;

	(void)unused;
	assert_string_equal(buf_str(&buf), "");
	for (i = 0; i < 1000; i++)
		buf_printf(&buf, "%03u,", i);
	assert_int_equal(buf.len, 4000);
	assert_memory_equal(buf.data + 3996, "999,", 5);
	buf_printf(&buf, "%cz", 0);
	assert_int_equal(buf.len, 4002);
	assert_memory_equal(buf.data + 4000, "\0z", 3);
	buf_reset(&buf);
	assert_string_equal(buf_str(&buf), "");
	buf_adds(&buf, "x");
	assert_string_equal(buf_str(&buf), "x");
	buf_release(&buf);
	assert_null(buf.data);
}

/* What a shell makes of the word is what went in. */
static void check_shell(const char *word)
{
	cleanup_buf struct buf cmd = {0}, out = {0};
	const char *argv[] = {"sh", "-c", NULL, NULL};
	struct err err;

	buf_adds(&cmd, "printf %s ");
	buf_add_shell(&cmd, word);
	argv[2] = buf_str(&cmd);
	assert_int_equal(proc_capture(argv, 10000, &out, &err), 0);
	assert_string_equal(buf_str(&out), word);
}

static void test_shell(void **unused)
{
	static const char *const words[] = {
		"", "plain-word_1.2/3:4@5%6+7=8,9", "two words", "it's", "'", "''''", "$HOME",
		"`id`",
		"a\nb", "\\", "\"", "*", "~", "!x", "a;b&c|d>e<f", "# no", "(x)", "\t", "\303\244",
		"-n", "{a,b}", "[ab]", "a'b\"c\\d$e`f",
	};
	struct buf bare = {0};
	char all[256];
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(words); i++)
		check_shell(words[i]);
	for (i = 1; i < sizeof(all); i++)
		all[i - 1] = (char)i;
	all[sizeof(all) - 1] = '\0';
	check_shell(all);
	buf_add_shell(&bare, "a/b=c");
	assert_string_equal(bare.data, "a/b=c");
	buf_reset(&bare);
	buf_add_shell(&bare, "a b");
	assert_string_equal(bare.data, "'a b'");
	buf_release(&bare);
}

/*
 * ---- Files ----
 */

static unsigned int count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned int n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.' || (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."));
	closedir(dir);
	return n;
}

static void assert_holds(const char *path, const char *text)
{
	cleanup_buf struct buf buf = {0};
	struct err err;

	assert_int_equal(file_read(path, &buf, &err), 0);
	assert_string_equal(buf_str(&buf), text);
}

static void test_file_write(void **unused)
{
	cleanup_free char *dir = in_tmp("w"), *path = in_tmp("w/file"), *none = in_tmp("none/file");
	struct stat st;
	struct err err;

	(void)unused;
	assert_int_equal(dir_make(dir, &err), 0);
	assert_int_equal(file_write(path, "one", 3, &err), 0);
	assert_holds(path, "one");
	assert_int_equal(file_write(path, "", 0, &err), 0);
	assert_holds(path, "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(count_files(dir), 1);
	assert_int_equal(file_write(none, "x", 1, &err), -ENOENT);
	assert_non_null(strstr(err.msg, none));
	/* a folder in its place: the temporary file goes too */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(file_write(path, "x", 1, &err), -EISDIR);
	assert_int_equal(count_files(dir), 1);
}

/* The disk is full after so many bytes; SIGXFSZ is left ignored. */
static void set_disk(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_disk_full(void **unused)
{
	cleanup_free char *dir = in_tmp("full"), *path = in_tmp("full/file");
	cleanup_free char *big = xcalloc(1, 100000);
	struct err err, copy_err;
	int ret, copy;

	(void)unused;
	assert_int_equal(dir_make(dir, &err), 0);
	assert_int_equal(file_write(path, "old", 3, &err), 0);
	set_disk(50000);
	ret = file_write(path, big, 100000, &err);
	copy = file_copy("/proc/self/exe", path, &copy_err);
	set_disk(RLIM_INFINITY);
	assert_int_equal(ret, -EFBIG);
	assert_non_null(strstr(err.msg, path));
	/* a copy has no old contents to keep, but leaves no half either */
	assert_int_equal(copy, -EFBIG);
	assert_int_equal(count_files(dir), 0);
}

static void test_disk_full_keeps_old(void **unused)
{
	cleanup_free char *dir = in_tmp("keep"), *path = in_tmp("keep/file");
	cleanup_free char *big = xcalloc(1, 100000);
	struct err err;
	int ret;

	(void)unused;
	assert_int_equal(dir_make(dir, &err), 0);
	assert_int_equal(file_write(path, "old", 3, &err), 0);
	set_disk(50000);
	ret = file_write(path, big, 100000, &err);
	set_disk(RLIM_INFINITY);
	assert_int_equal(ret, -EFBIG);
	assert_holds(path, "old");
	assert_int_equal(count_files(dir), 1);
}

static void test_file_read(void **unused)
{
	cleanup_buf struct buf buf = {0};
	struct err err;

	(void)unused;
	assert_int_equal(file_read("/nonexistent/file", &buf, &err), -ENOENT);
	assert_string_equal(err.msg, "cannot open /nonexistent/file: No such file or directory");
	assert_int_equal(file_read(tmp, &buf, &err), -EISDIR);
	/* endless: stopped, not swallowed */
	assert_int_equal(file_read("/dev/zero", &buf, &err), -EFBIG);
	assert_true(buf.len <= FILE_READ_MAX);
}

static void test_file_link(void **unused)
{
	cleanup_free char *a = in_tmp("la"), *b = in_tmp("lb"), *c = in_tmp("lc");
	struct stat st;
	struct err err;

	(void)unused;
	assert_int_equal(file_write(a, "a", 1, &err), 0);
	assert_int_equal(file_link(a, b, &err), 0);
	assert_int_equal(stat(b, &st), 0);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(file_link(a, b, &err), -EEXIST);
	assert_int_equal(file_copy(a, c, &err), 0);
	assert_holds(c, "a");
	assert_int_equal(stat(c, &st), 0);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(st.st_mode & 0777, 0644);
	/* /proc is another file system: a copy */
	assert_int_equal(unlink(b), 0);
	assert_int_equal(file_link("/proc/sys/kernel/ostype", b, &err), 0);
	assert_holds(b, "Linux\n");
}

static void test_dir_remove(void **unused)
{
	cleanup_free char *dir = in_tmp("rm/a/b"), *top = in_tmp("rm"), *out = in_tmp("outside");
	cleanup_free char *file = in_tmp("outside/file"), *link = in_tmp("rm/a/link");
	cleanup_free char *filelink = in_tmp("rm/filelink");
	struct err err;

	(void)unused;
	assert_int_equal(dir_make(dir, &err), 0);
	assert_int_equal(dir_make(dir, &err), 0);
	assert_int_equal(dir_make(out, &err), 0);
	assert_int_equal(file_write(file, "keep", 4, &err), 0);
	assert_int_equal(symlink(out, link), 0);
	assert_int_equal(symlink(file, filelink), 0);
	assert_int_equal(dir_remove(top, &err), 0);
	assert_false(file_exists(top));
	assert_holds(file, "keep");
	assert_int_equal(dir_remove(top, &err), 0);
	/* the folder itself may be a link */
	assert_int_equal(symlink(out, top), 0);
	assert_int_equal(dir_remove(top, &err), 0);
	assert_false(file_exists(top));
	assert_holds(file, "keep");
}

static void test_sha256(void **unused)
{
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	cleanup_free char *path = in_tmp("abc");
	char hex[SHA256_HEX];
	struct err err;

	(void)unused;
	sha256_buf("abc", 3, hex);
	assert_string_equal(hex, abc);
	assert_int_equal(file_write(path, "abc", 3, &err), 0);
	assert_int_equal(sha256_file(path, hex, &err), 0);
	assert_string_equal(hex, abc);
	assert_int_equal(sha256_file("/nonexistent", hex, &err), -ENOENT);
}

/*
 * ---- Processes ----
 */

static int capture(const char *script, int timeout_ms, struct buf *out, struct err *err)
{
	const char *argv[] = {"sh", "-c", script, NULL};

	return proc_capture(argv, timeout_ms, out, err);
}

static void test_capture(void **unused)
{
	static const char *const missing[] = {"/nonexistent/program", NULL};
	cleanup_buf struct buf out = {0};
	struct err err;

	(void)unused;
	assert_int_equal(capture("echo out; echo err >&2", 10000, &out, &err), 0);
	assert_string_equal(buf_str(&out), "out\n");
	buf_reset(&out);
	assert_int_equal(capture("head -c 300000 /dev/zero", 10000, &out, &err), 0);
	assert_int_equal(out.len, 300000);
	/* stdin is empty, not ours */
	assert_int_equal(capture("cat", 10000, NULL, &err), 0);
	assert_int_equal(proc_capture(missing, 10000, &out, &err), -ENOENT);
	assert_string_equal(err.msg,
			    "cannot start /nonexistent/program: No such file or directory");
}

static void test_capture_fails(void **unused)
{
	cleanup_buf struct buf out = {0};
	struct err err;

	(void)unused;
	assert_int_equal(capture("echo one >&2; echo two >&2; echo >&2; exit 3", 10000, &out, &err),
			 -EIO);
	assert_string_equal(err.msg, "sh failed: two");
	assert_int_equal(capture("exit 1", 10000, &out, &err), -EIO);
	assert_string_equal(err.msg, "sh failed: ");
	assert_int_equal(capture("yes bla | head -n 10000 >&2; printf end >&2; exit 1", 10000, &out,
				 &err), -EIO);
	assert_string_equal(err.msg, "sh failed: end");
	assert_int_equal(capture("kill -9 $$", 10000, &out, &err), -EIO);
	assert_string_equal(err.msg, "sh was killed by signal 9");
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* However it makes its time pass, it does not get more. */
static void test_capture_timeout(void **unused)
{
	static const char *const scripts[] = {
		"sleep 12",
		/* says something all the time */
		"i=0; while [ $i -lt 120 ]; do echo; sleep 0.1; i=$((i + 1)); done",
		/* says nothing more, ever */
		"exec >&-; sleep 12",
	};
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(scripts); i++) {
		cleanup_buf struct buf out = {0};
		int64_t start = now_ms();
		struct err err;

		assert_int_equal(capture(scripts[i], 500, &out, &err), -ETIMEDOUT);
		assert_true(now_ms() - start >= 450);
		assert_true(now_ms() - start < 10000);
	}
}

static void test_spawn(void **unused)
{
	static const char *const argv[] = {"sh", "-c", "pwd >where; exit 7", NULL};
	cleanup_free char *where = in_tmp("where"), *line = xasprintf("%s\n", tmp);
	struct proc_opts opts = {.cwd = tmp};
	struct proc proc;
	struct err err;
	int status;

	(void)unused;
	assert_int_equal(proc_spawn(&proc, argv, &opts, &err), 0);
	assert_int_equal(proc_wait(&proc, 10000, &status), 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(proc.pid, 0);
	assert_int_equal(proc.pidfd, -1);
	assert_holds(where, line);
	opts.cwd = "/nonexistent";
	assert_int_equal(proc_spawn(&proc, argv, &opts, &err), -ENOENT);
	assert_int_equal(proc.pid, 0);
}

/* Each CPU before any has a second user, and what was given back before others. */
static void test_cpus(void **unused)
{
	struct cpus c;
	size_t i, nr;
	int first;

	(void)unused;
	cpus_get(&c);
	nr = c.nr;
	assert_true(nr > 0);
	first = cpus_take(&c);
	for (i = 1; i < 2 * nr; i++)
		cpus_take(&c);
	for (i = 0; i < nr; i++)
		assert_int_equal(c.of[i].users, 2);
	cpus_put(&c, first);
	cpus_put(&c, -1);
	assert_int_equal(cpus_take(&c), first);
	cpus_release(&c);
	assert_int_equal(cpus_take(&c), -1);
}

/* On the CPU that it is given; on any when that is none. */
static void test_cpu(void **unused)
{
	static const char *const argv[] = {
		"sh", "-c", "sed -n 's/^Cpus_allowed_list:.//p' /proc/self/status >cpus", NULL};
	cleanup_free char *path = in_tmp("cpus"), *line = NULL;
	struct proc_opts opts = {.cwd = tmp};
	struct proc proc;
	struct cpus c;
	struct err err;
	int status;

	(void)unused;
	cpus_get(&c);
	line = xasprintf("%d\n", c.of[c.nr - 1].cpu);
	opts.cpu = c.of[c.nr - 1].cpu + 1;
	assert_int_equal(proc_spawn(&proc, argv, &opts, &err), 0);
	assert_int_equal(proc_wait(&proc, 10000, &status), 0);
	assert_holds(path, line);
	opts.cpu = CPU_SETSIZE;
	assert_int_equal(proc_spawn(&proc, argv, &opts, &err), 0);
	assert_int_equal(proc_wait(&proc, 10000, &status), 0);
	assert_int_equal(status, 0);
	cpus_release(&c);
}

static void test_file_size_max(void **unused)
{
	static const char *const argv[] = {"sh", "-c", "trap '' XFSZ; head -c 9999 /dev/zero >big",
					   NULL};
	cleanup_free char *big = in_tmp("big");
	struct proc_opts opts = {.cwd = tmp, .file_size_max = 4096};
	struct proc proc;
	struct stat st;
	struct err err;
	int status;

	(void)unused;
	assert_int_equal(proc_spawn(&proc, argv, &opts, &err), 0);
	assert_int_equal(proc_wait(&proc, 10000, &status), 0);
	assert_int_not_equal(status, 0);
	assert_int_equal(stat(big, &st), 0);
	assert_int_equal(st.st_size, 4096);
}

/* Gone, or a zombie that only waits for whoever has adopted it. */
static bool is_gone(pid_t pid)
{
	cleanup_free char *path = xasprintf("/proc/%d/stat", (int)pid);
	cleanup_buf struct buf text = {0};
	const char *paren;

	if (file_read(path, &text, NULL) || !text.len)
		return true;
	paren = strrchr(text.data, ')');
	return paren && paren[1] && (paren[2] == 'Z' || paren[2] == 'X');
}

static void assert_soon_gone(pid_t pid)
{
	struct timespec ms = {.tv_nsec = 10000000};
	unsigned int i;

	for (i = 0; i < 500 && !is_gone(pid); i++)
		nanosleep(&ms, NULL);
	assert_true(is_gone(pid));
}

/* The whole group goes, not only the child itself. */
static void test_kill(void **unused)
{
	static const char *const argv[] = {"sh", "-c", "sleep 1000 & echo $! >pid; wait", NULL};
	cleanup_free char *path = in_tmp("pid");
	struct proc_opts opts = {.cwd = tmp};
	struct timespec ms = {.tv_nsec = 10000000};
	cleanup_buf struct buf text = {0};
	struct proc proc;
	struct err err;
	pid_t child;
	int status;

	(void)unused;
	assert_int_equal(proc_spawn(&proc, argv, &opts, &err), 0);
	child = proc.pid;
	assert_int_equal(proc_wait(&proc, 50, &status), -ETIMEDOUT);
	while (file_read(path, &text, NULL) || !strchr(buf_str(&text), '\n')) {
		buf_reset(&text);
		nanosleep(&ms, NULL);
	}
	proc_kill(&proc);
	assert_int_equal(proc.pid, 0);
	assert_true(is_gone(child));
	assert_soon_gone((pid_t)atoi(text.data));
	proc_kill(&proc);
}

/* Starts a child, tells its number and waits to be killed. */
static void helper(int out)
{
	static const char *const argv[] = {"sleep", "1000", NULL};
	struct proc_opts opts = {0};
	struct proc proc;

	if (proc_spawn(&proc, argv, &opts, NULL))
		_exit(1);
	if (write(out, &proc.pid, sizeof(proc.pid)) != sizeof(proc.pid))
		_exit(1);
	for (;;)
		pause();
}

static void test_dies_with_parent(void **unused)
{
	int pipefd[2];
	pid_t parent, child = 0;

	(void)unused;
	assert_int_equal(pipe(pipefd), 0);
	parent = fork();
	if (!parent)
		helper(pipefd[1]);
	close(pipefd[1]);
	assert_int_equal(read(pipefd[0], &child, sizeof(child)), sizeof(child));
	close(pipefd[0]);
	assert_false(is_gone(child));
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_soon_gone(child);
}

/* What the child is told of itself, as it was started. */
static void capture_repeatable(const char *file, struct buf *out)
{
	const char *const env[] = {"ONE=1", NULL};
	const char *const argv[] = {"/bin/cat", file, NULL};
	cleanup_fd int fd = memfd_create("out", MFD_CLOEXEC);
	struct proc_opts opts = {.out_fd = fd, .env = env, .repeatable = true};
	char text[4096];
	struct proc proc;
	ssize_t n;
	int status;

	assert_int_equal(proc_spawn(&proc, argv, &opts, NULL), 0);
	assert_int_equal(proc_wait(&proc, 10000, &status), 0);
	assert_int_equal(status, 0);
	n = pread(fd, text, sizeof(text), 0);
	assert_true(n > 0);
	buf_add(out, text, (size_t)n);
}

static void test_repeatable(void **unused)
{
	cleanup_buf struct buf personality = {0}, env = {0}, status = {0}, a = {0}, b = {0};

	(void)unused;
	capture_repeatable("/proc/self/personality", &personality);
	/* ADDR_NO_RANDOMIZE */
	assert_true(strtoul(buf_str(&personality), NULL, 16) & 0x0040000);
	capture_repeatable("/proc/self/environ", &env);
	assert_int_equal(env.len, 6);
	assert_string_equal(buf_str(&env), "ONE=1");
	/* a filter, which answers getrandom() */
	capture_repeatable("/proc/self/status", &status);
	assert_non_null(strstr(buf_str(&status), "\nSeccomp:\t2\n"));
	capture_repeatable("/proc/self/maps", &a);
	capture_repeatable("/proc/self/maps", &b);
	assert_string_equal(buf_str(&a), buf_str(&b));
}

static int set_up(void **unused)
{
	(void)unused;
	return mkdtemp(tmp) ? 0 : -1;
}

static int tear_down(void **unused)
{
	(void)unused;
	return dir_remove(tmp, NULL);
}

/* Any length comes back as it was, up to the limit and no further; twice the same gives the same. */
static void test_zstd(void **unused)
{
	static const size_t lengths[] = {0, 1, 70000, 1 << 20};
	cleanup_free char *data = xcalloc(1 << 20, 1);
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < 1 << 20; i++)
		data[i] = (char)(i * i >> 7);
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		cleanup_buf struct buf packed = {0}, same = {0}, out = {0}, none = {0};
		size_t len = lengths[i];

		assert_int_equal(zstd_pack(data, len, &packed, &err), 0);
		assert_int_equal(zstd_pack(data, len, &same, &err), 0);
		assert_int_equal(packed.len, same.len);
		assert_memory_equal(packed.data, same.data, same.len);
		assert_int_equal(zstd_unpack(packed.data, packed.len, len, &out, &err), 0);
		assert_int_equal(out.len, len);
		assert_memory_equal(buf_str(&out), data, len);
		if (len)
			assert_int_equal(
				zstd_unpack(packed.data, packed.len, len - 1, &none, &err), -EFBIG);
		assert_int_equal(zstd_unpack(packed.data, packed.len / 2, len, &none, &err),
				 -EBADMSG);
	}
	assert_int_equal(zstd_unpack("plain text", 10, 100, NULL, &err), -EBADMSG);
	assert_int_equal(zstd_unpack("", 0, 100, NULL, &err), -EBADMSG);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_millionths),
		cmocka_unit_test(test_bool),
		cmocka_unit_test(test_conf),
		cmocka_unit_test(test_conf_bad),
		cmocka_unit_test(test_conf_nul),
		cmocka_unit_test(test_conf_line_max),
		cmocka_unit_test(test_conf_file_max),
		cmocka_unit_test(test_conf_unused),
		cmocka_unit_test(test_conf_name),
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_bind_defaults),
		cmocka_unit_test(test_bind_bad),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_shell),
		cmocka_unit_test(test_file_write),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_disk_full_keeps_old),
		cmocka_unit_test(test_file_read),
		cmocka_unit_test(test_file_link),
		cmocka_unit_test(test_dir_remove),
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_capture),
		cmocka_unit_test(test_capture_fails),
		cmocka_unit_test(test_capture_timeout),
		cmocka_unit_test(test_spawn),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_file_size_max),
		cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_dies_with_parent),
		cmocka_unit_test(test_repeatable),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
