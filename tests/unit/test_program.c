// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what becomes of real programs' output, of their command lines, and of stand-in libraries. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "layer/internal.h"
#include "result/program.h"
#include "workloads/lib/program.h"

static int64_t value(const struct program_report *r, const char *part, const char *name)
{
	size_t i;

	for (i = 0; i < r->nr_metrics; i++)
		if (!strcmp(r->metric[i].part, part) && !strcmp(r->metric[i].kind->name, name))
			return r->metric[i].value;
	return -1;
}

static void read_as(void (*read)(const char *, size_t, struct program_report *), const char *text,
		    struct program_report *r)
{
	*r = (struct program_report){0};
	read(text, strlen(text), r);
}

static void test_stress_ng(void **state)
{
	struct program_report r;

	(void)state;
	read_as(stress_ng_read,
		"---\nsystem-info:\n      version: '#1 SMP: x'\n\nmetrics:\n"
		"    - stressor: vm\n      bogo-ops: 224\n"
		"      bogo-ops-per-second-real-time: 68.881106\n      wall-clock-time: 3.251980\n"
		"      user-time: 0.023649\n      max-rss: 24688\n\n"
		"    - stressor: vm\n      bogo-ops: 1\n\n"
		"    - stressor: Odd Name/1\n      bogo-ops: 3\n\ntimes:\n      run-time: 1\n...\n",
		&r);
	assert_string_equal(r.error, "");
	assert_int_equal(value(&r, "vm", "bogo_ops"), 224);
	assert_int_equal(value(&r, "vm", "bogo_ops_per_ks"), 68881);
	assert_int_equal(value(&r, "vm", "real_us"), 3251980);
	assert_int_equal(value(&r, "vm", "user_us"), 23649);
	assert_int_equal(value(&r, "vm_2", "bogo_ops"), 1);
	assert_int_equal(value(&r, "odd_name_1", "bogo_ops"), 3);
	assert_int_equal(r.nr_metrics, 6);
	program_report_release(&r);
}

static void test_stress_ng_bad(void **state)
{
	static const char *const bad[] = {
		"", "metrics:\n", "metrics:\n    - stressor: vm\n      bogo-ops: many\n",
		"metrics:\n    - stressor: vm\n      bogo-ops: 99999999999999999999\n",
		"metrics:\n    - stressor: vm\n      bogo-ops: -1\n",
		"metrics:\n    - stressor: vm\n      bogo-ops:\n",
		"metrics:\n    nonsense\n",
		"other:\n    - stressor: vm\n      bogo-ops: 3\n",
	};
	struct program_report r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		read_as(stress_ng_read, bad[i], &r);
		assert_true(r.error[0]);
		program_report_release(&r);
	}
}

static void test_fio(void **state)
{
	struct program_report r;

	(void)state;
	read_as(fio_read,
		"fio: a warning\n{\"jobs\": [{\"jobname\": \"Rand.Read\", \"error\": 0, \"read\": "
		"{\"io_bytes\": 409600, \"bw_bytes\": 204800, \"iops\": 50.7, \"total_ios\": 100, "
		"\"clat_ns\": {\"mean\": 81234.5, \"max\": 99999, \"percentile\": {\"50.000000\": "
		"80000, \"99.000000\": 90000}}}, \"write\": {\"total_ios\": 0}}]}",
		&r);
	assert_string_equal(r.error, "");
	assert_int_equal(value(&r, "rand_read.read", "ios"), 100);
	assert_int_equal(value(&r, "rand_read.read", "iops"), 50);
	assert_int_equal(value(&r, "rand_read.read", "kib"), 400);
	assert_int_equal(value(&r, "rand_read.read", "bw_kib"), 200);
	assert_int_equal(value(&r, "rand_read.read", "clat.mean_ns"), 81234);
	assert_int_equal(value(&r, "rand_read.read", "clat.p99_ns"), 90000);
	assert_int_equal(value(&r, "rand_read.read", "clat.p90_ns"), -1);
	assert_int_equal(value(&r, "rand_read.write", "ios"), -1);
	program_report_release(&r);
}

static void test_fio_bad(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "{\"jobs\": []}", "{\"jobs\": 3}",
		"{\"jobs\": [{\"jobname\": \"a\", \"error\": 5}]}",
	};
	struct program_report r;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		read_as(fio_read, bad[i], &r);
		assert_true(r.error[0]);
		program_report_release(&r);
	}
	/* Numbers that are none are nothing. */
	read_as(fio_read, "{\"jobs\": [{\"read\": {\"total_ios\": -1}, \"write\": {\"total_ios\": "
			  "1e300}, \"trim\": {\"total_ios\": \"x\"}}]}", &r);
	assert_string_equal(r.error, "");
	assert_int_equal(r.nr_metrics, 0);
	program_report_release(&r);
}

static void check_tests(const char *text, const char *want)
{
	cleanup_buf struct buf have = {0};
	struct program_report r;
	json_t *t;
	size_t i;

	read_as(ktap_read, text, &r);
	assert_string_equal(r.error, "");
	buf_printf(&have, "%lld %lld %lld %lld %lld", (long long)value(&r, "tests", "passed"),
		   (long long)value(&r, "tests", "failed"), (long long)value(&r, "tests", "skipped"),
		   (long long)value(&r, "tests", "expected"),
		   (long long)value(&r, "tests", "missing"));
	json_array_foreach(r.detail, i, t) {
		const char *reason = json_string_value(json_object_get(t, "reason"));

		buf_printf(&have, "|%s=%s%s%s", json_string_value(json_object_get(t, "test")),
			   json_string_value(json_object_get(t, "outcome")), reason ? ":" : "",
			   reason ? reason : "");
	}
	assert_string_equal(buf_str(&have), want);
	program_report_release(&r);
}

static void test_ktap_flat(void **state)
{
	(void)state;
	check_tests("TAP version 13\n1..6\nok 1 - one\nnot ok 2 two # because\nok 3 three # SKIP no "
		    "swap\nnot ok 4 four # TODO later\n# ok with me\nok 5 f#5 # XFAIL known\n",
		    "1 1 1 2 1|one=passed|two=failed:because|three=skipped:SKIP no swap|four=expected:"
		    "TODO later|f#5=expected:XFAIL known");
	/* Two programs, one after the other; the second skips as a whole. */
	check_tests("TAP version 13\n1..1\nok 1 a\nTAP version 13\n1..0 # SKIP not here\n",
		    "1 0 1 0 0|a=passed|all=skipped:SKIP not here");
	check_tests("1..3\nok 1 a\n1..2\nok 1 b\n", "2 0 0 0 3|a=passed|b=passed");
	check_tests("ok 1 # SKIP a_name\n", "0 0 1 0 0|a_name=skipped:SKIP a_name");
	/* The plan may come last, or never. */
	check_tests("ok 1\nok 2\n1..3\n", "2 0 0 0 1|=passed|=passed");
}

static void test_ktap_nested(void **state)
{
	(void)state;
	check_tests("KTAP version 1\n1..2\n  KTAP version 1\n  # Subtest: s\n  1..2\n    1..1\n"
		    "    ok 1 x\n  ok 1 a\n  not ok 2 b\nnot ok 1 s\nok 2 t\n",
		    "2 1 0 0 0|s / a / x=passed|s / b=failed|t=passed");
	/* As kselftest's runner writes it; a failure that is no part's is its own. */
	check_tests("TAP version 13\n1..2\n# selftests: cgroup: one\n# TAP version 13\n# 1..2\n"
		    "# ok 1 a\n# ok 2 b # SKIP\nok 1 selftests: cgroup: one\n# TAP version 13\n"
		    "# 1..2\n# ok 1 c\nnot ok 2 selftests: cgroup: two # TIMEOUT 45 seconds\n",
		    "2 1 1 0 1|selftests: cgroup: one / a=passed|selftests: cgroup: one / b=skipped:"
		    "SKIP|selftests: cgroup: two / c=passed|selftests: cgroup: two=failed:TIMEOUT 45 "
		    "seconds");
	/* Parts of a test that never came. */
	check_tests("1..1\n    1..3\n    ok 1 a\n", "1 0 0 0 3|a=passed");
}

static void test_ktap_bad(void **state)
{
	cleanup_buf struct buf text = {0};
	struct program_report r;
	int i;

	(void)state;
	read_as(ktap_read, "nothing\nok then\n", &r);
	assert_string_equal(r.error, "there are no tests in it");
	program_report_release(&r);
	read_as(ktap_read, "1..2\nok 1 a\nBail out! no memory\n", &r);
	assert_string_equal(r.error, "Bail out! no memory");
	program_report_release(&r);
	for (i = 0; i <= PROGRAM_TESTS_MAX; i++)
		buf_printf(&text, "%*sok 1 a\n", i % 40, "");
	read_as(ktap_read, buf_str(&text), &r);
	assert_non_null(strstr(r.error, "tests in it"));
	program_report_release(&r);
}

static void test_words(void **state)
{
	char text[] = "  sh -c 'a \"b\"  c' x\"y z\"'' \"\" ", open[] = "a 'b c", many[] = "a b c d";
	char *word[8];

	(void)state;
	assert_int_equal(program_words(text, word, 8), 5);
	assert_string_equal(word[0], "sh");
	assert_string_equal(word[2], "a \"b\"  c");
	assert_string_equal(word[3], "xy z");
	assert_string_equal(word[4], "");
	assert_null(word[5]);
	assert_int_equal(program_words(open, word, 8), -1);
	assert_int_equal(program_words(many, word, 4), -1);
}

/* The dynamic linker takes it, finds all names in it, and no other. */
static void test_stand_in(void **state)
{
	static const char *const names[] = {"first_name", "second_name", "third_name"};
	char path[] = "/tmp/wringer-test-XXXXXX";
	cleanup_buf struct buf file = {0};
	struct elf elf;
	void *lib;
	int fd = mkstemp(path);
	size_t i;

	(void)state;
	assert_true(fd >= 0);
	elf_stand_in("libnone.so.3", "libc.so.6", names, ARRAY_SIZE(names), &file);
	assert_int_equal(write(fd, file.data, file.len), file.len);
	close(fd);
	lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		fail_msg("%s", dlerror());
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const unsigned char *code = dlsym(lib, names[i]);

		assert_non_null(code);
		assert_int_equal(code[0], 0x0f);
		assert_int_equal(code[1], 0x0b);
	}
	assert_null(dlsym(lib, "fourth_name"));
	dlclose(lib);
	unlink(path);
	assert_int_equal(elf_read(&file, &elf), 0);
	elf_release(&elf);
}

/* A real one says what it needs; any part of it says less, never more. */
static void test_elf(void **state)
{
	cleanup_buf struct buf file = {0};
	struct elf elf;
	size_t i, whole;

	(void)state;
	assert_int_equal(file_read("/bin/sh", &file, NULL), 0);
	assert_int_equal(elf_read(&file, &elf), 0);
	assert_non_null(elf.interp);
	assert_true(elf.nr_needed > 0 && elf.nr_symbols > 10);
	whole = elf.nr_symbols;
	elf_release(&elf);
	for (i = 0; i < 64; i++) {
		cleanup_buf struct buf part = {0};

		buf_add(&part, file.data, file.len / 64 * i);
		if (elf_read(&part, &elf))
			continue;
		assert_true(elf.nr_symbols <= whole);
		elf_release(&elf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stress_ng), cmocka_unit_test(test_stress_ng_bad),
		cmocka_unit_test(test_fio),       cmocka_unit_test(test_fio_bad),
		cmocka_unit_test(test_ktap_flat), cmocka_unit_test(test_ktap_nested),
		cmocka_unit_test(test_ktap_bad),  cmocka_unit_test(test_words),
		cmocka_unit_test(test_stand_in),  cmocka_unit_test(test_elf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
