// SPDX-License-Identifier: GPL-2.0-only
/* Tests of results on disk. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/zstd.h"
#include "result/store.h"

#define ID_A "aaaa000000000000000000000000000000000000000000000000000000000001"
#define ID_B "aaaa000000000000000000000000000000000000000000000000000000000002"
#define ID_C "bbbb000000000000000000000000000000000000000000000000000000000003"

static char tmp[] = "/tmp/wringer-test-store-XXXXXX";
static char *results;

/* Each test has a results folder of its own that is not there yet. */
static int new_results(void **unused)
{
	static unsigned int nr;

	(void)unused;
	free(results);
	results = xasprintf("%s/%u/results", tmp, nr++);
	path_set_results(results);
	return 0;
}

static char *in_results(const char *name)
{
	return xasprintf("%s/%s", results, name);
}

static struct result make_result(int value)
{
	struct result r = {0};

	r.spec = json_pack("{s:i}", "spec", value);
	r.result = json_pack("{s:i}", "result", value);
	r.host = json_pack("{s:f}", "cpu_seconds", 1.5);
	buf_add(&r.records, "\0\1\2", 3);
	buf_adds(&r.console, "Linux\n");
	return r;
}

static int save(const char *id, int value, bool replace)
{
	struct result r = make_result(value);
	struct err err;
	int ret = store_save(id, &r, replace, &err);

	result_release(&r);
	return ret;
}

static void assert_value(const char *id, int value)
{
	struct result r;
	struct err err;

	assert_int_equal(store_load(id, &r, &err), 0);
	assert_int_equal(json_integer_value(json_object_get(r.spec, "spec")), value);
	assert_int_equal(json_integer_value(json_object_get(r.result, "result")), value);
	result_release(&r);
}

static void assert_holds(const char *name, const char *data, size_t len)
{
	cleanup_free char *path = in_results(name);
	cleanup_buf struct buf buf = {0};
	struct err err;

	assert_int_equal(file_read(path, &buf, &err), 0);
	assert_int_equal(buf.len, len);
	assert_memory_equal(buf_str(&buf), data, len);
}

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	unsigned int n = 0;

	while (dir && (e = readdir(dir)))
		n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
	if (dir)
		closedir(dir);
	return n;
}

static void test_canonical(void **unused)
{
	static const char want[] = "{\n \"a\": [\n  1,\n  -2\n ],\n \"b\": {\n  \"x\": null,\n"
				   "  \"y\": true\n },\n \"c\": \"\\u0001\\\"\"\n}\n";
	json_t *one = json_pack("{s:{s:b,s:n},s:s,s:[i,i]}", "b", "y", 1, "x", "c", "\1\"", "a", 1,
				-2);
	json_t *two = json_pack("{s:[i,i],s:{s:n,s:b},s:s}", "a", 1, -2, "b", "x", "y", 1, "c",
				"\1\"");
	cleanup_buf struct buf a = {0}, b = {0};
	json_t *again;

	(void)unused;
	json_canonical(one, &a);
	json_canonical(two, &b);
	assert_string_equal(buf_str(&a), want);
	assert_string_equal(buf_str(&b), want);
	/* what was read back is written the same */
	again = json_loads(a.data, 0, NULL);
	buf_reset(&b);
	json_canonical(again, &b);
	assert_string_equal(buf_str(&b), want);
	json_decref(again);
	json_decref(one);
	json_decref(two);
}

static void assert_records(const char *id, const void *want, size_t len)
{
	cleanup_buf struct buf got = {0};
	struct err err;

	if (store_records(id, &got, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(got.len, len);
	assert_memory_equal(buf_str(&got), want, len);
}

static void test_save(void **unused)
{
	cleanup_free char *path = store_path(ID_A), *want = in_results(ID_A);
	struct result r;
	struct err err;

	(void)unused;
	assert_string_equal(path, want);
	assert_false(store_has(ID_A));
	assert_int_equal(store_load(ID_A, &r, &err), -ENOENT);
	assert_null(r.spec);
	assert_int_equal(save(ID_A, 1, false), 0);
	assert_true(store_has(ID_A));
	assert_false(store_has(ID_B));
	assert_value(ID_A, 1);
	assert_holds(ID_A "/spec.json", "{\n \"spec\": 1\n}\n", 15);
	assert_records(ID_A, "\0\1\2", 3);
	assert_holds(ID_A "/console.txt", "Linux\n", 6);
	assert_int_equal(count_entries(path), 5);
	assert_int_equal(count_entries(results), 1);
}

static void test_replace(void **unused)
{
	(void)unused;
	assert_int_equal(save(ID_A, 1, false), 0);
	assert_int_equal(save(ID_A, 2, false), 0);
	assert_value(ID_A, 1);
	assert_int_equal(save(ID_A, 3, true), 0);
	assert_value(ID_A, 3);
	assert_int_equal(save(ID_B, 4, true), 0);
	assert_value(ID_A, 3);
	assert_value(ID_B, 4);
	assert_int_equal(count_entries(results), 2);
}

static void test_failed(void **unused)
{
	cleanup_free char *path = in_results(".failed/" ID_A);
	struct result r = make_result(1);
	struct err err;
	char **ids;

	(void)unused;
	json_decref(r.result);
	r.result = NULL;
	assert_int_equal(store_save_failed(ID_A, &r, &err), 0);
	assert_int_equal(store_save_failed(ID_A, &r, &err), 0);
	result_release(&r);
	assert_int_equal(count_entries(path), 4);
	/* evidence, no result */
	assert_false(store_has(ID_A));
	assert_int_equal(store_ids(&ids, &err), 0);
	assert_null(ids[0]);
	store_ids_free(ids);
}

static void put_file(const char *name, const char *text)
{
	cleanup_free char *path = in_results(name);
	struct err err;

	assert_int_equal(file_write(path, text, strlen(text), &err), 0);
}

/* Older results have them plain; one that is damaged or bursts is told, one without says so. */
static void test_records(void **unused)
{
	cleanup_free char *packed = in_results(ID_A "/records.zst");
	cleanup_buf struct buf bomb = {0}, zeros = {0}, got = {0};
	struct err err;

	(void)unused;
	assert_int_equal(save(ID_A, 1, false), 0);
	assert_records(ID_A, "\0\1\2", 3);
	put_file(ID_A "/records.bin", "old");
	assert_records(ID_A, "\0\1\2", 3);
	put_file(ID_A "/records.zst", "junk");
	assert_int_equal(store_records(ID_A, &got, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "records.zst"));
	assert_int_equal(unlink(packed), 0);
	assert_records(ID_A, "old", 3);
	assert_int_equal(store_records(ID_B, &got, &err), -ENOENT);
	zeros.len = (256 << 20) + 1;
	zeros.data = calloc(1, zeros.len);
	assert_int_equal(zstd_pack(zeros.data, zeros.len, &bomb, &err), 0);
	assert_int_equal(file_write(packed, bomb.data, bomb.len, &err), 0);
	assert_int_equal(store_records(ID_A, &got, &err), -EFBIG);
}

static void test_load_bad(void **unused)
{
	static const char *const bad[] = {"", "{", "[1]", "{\"a\": 1, \"a\": 2}", "{} x", "\xff"};
	struct result r;
	struct err err;
	size_t i;

	(void)unused;
	assert_int_equal(save(ID_A, 1, false), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put_file(ID_A "/result.json", bad[i]);
		assert_int_equal(store_load(ID_A, &r, &err), -EBADMSG);
		assert_non_null(strstr(err.msg, ID_A "/result.json"));
		assert_null(r.spec);
		assert_null(r.result);
	}
}

static void test_ids(void **unused)
{
	static const char id[] = "cccc"
				 "000000000000000000000000000000000000000000000000000000000004";
	cleanup_free char *no_result = in_results(id);
	struct err err;
	char **ids;

	(void)unused;
	assert_int_equal(store_ids(&ids, &err), 0);
	assert_null(ids[0]);
	store_ids_free(ids);
	assert_int_equal(save(ID_C, 1, false), 0);
	assert_int_equal(save(ID_A, 1, false), 0);
	assert_int_equal(save(ID_B, 1, false), 0);
	assert_int_equal(dir_make(no_result, &err), 0);
	put_file("README.md", "no result\n");
	assert_int_equal(store_ids(&ids, &err), 0);
	assert_string_equal(ids[0], ID_A);
	assert_string_equal(ids[1], ID_B);
	assert_string_equal(ids[2], ID_C);
	assert_null(ids[3]);
	store_ids_free(ids);
	store_ids_free(NULL);
}

static void test_find(void **unused)
{
	char id[SHA256_HEX];
	struct err err;

	(void)unused;
	assert_int_equal(store_find("aaaa", id, &err), -ENOENT);
	assert_int_equal(save(ID_A, 1, false), 0);
	assert_int_equal(save(ID_B, 1, false), 0);
	assert_int_equal(save(ID_C, 1, false), 0);
	assert_int_equal(store_find("bbbb", id, &err), 0);
	assert_string_equal(id, ID_C);
	assert_int_equal(store_find(ID_B, id, &err), 0);
	assert_string_equal(id, ID_B);
	assert_int_equal(store_find("aaaa", id, &err), -ENOTUNIQ);
	assert_string_equal(err.msg, "2 results have an id that starts with 'aaaa'");
	assert_int_equal(store_find("aaab", id, &err), -ENOENT);
	assert_int_equal(store_find(ID_A "0", id, &err), -ENOENT);
	assert_int_equal(store_find("bbb", id, &err), -EINVAL);
	assert_int_equal(store_find("", id, &err), -EINVAL);
}

/* Files may grow to so many bytes and no further, as if the disk were full; SIGXFSZ is ignored. */
static void set_disk(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The small files fit, the records do not: neither a part of them nor of anything else stays. */
static void test_disk_full(void **unused)
{
	struct result r = make_result(2);
	struct err err;
	uint64_t noise = 42;
	int fresh, replaced, failed;

	(void)unused;
	assert_int_equal(save(ID_A, 1, false), 0);
	/* what does not compress */
	while (r.records.len < 100000) {
		noise = noise * 6364136223846793005u + 1442695040888963407u;
		buf_add(&r.records, (char *)&noise + 4, 4);
	}
	set_disk(50000);
	fresh = store_save(ID_B, &r, false, &err);
	replaced = store_save(ID_A, &r, true, &err);
	failed = store_save_failed(ID_C, &r, &err);
	set_disk(RLIM_INFINITY);
	result_release(&r);
	assert_int_equal(fresh, -EFBIG);
	assert_int_equal(replaced, -EFBIG);
	assert_int_equal(failed, -EFBIG);
	assert_non_null(strstr(err.msg, "records.zst"));
	assert_false(store_has(ID_B));
	assert_value(ID_A, 1);
	/* the result that was there, and the empty .failed */
	assert_int_equal(count_entries(results), 2);
}

/* The number of a process that is no more. */
static pid_t dead_pid(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void make_dir(const char *fmt, int pid)
{
	char name[128];
	cleanup_free char *path = NULL;
	struct err err;

	snprintf(name, sizeof(name), "%s-%d", fmt, pid);
	path = in_results(name);
	assert_int_equal(dir_make(path, &err), 0);
}

static void test_clean(void **unused)
{
	cleanup_free char *mine = NULL, *again = NULL, *file = NULL;
	int dead = (int)dead_pid();
	struct err err;

	(void)unused;
	store_clean(); /* nothing there: nothing happens */
	assert_int_equal(store_scratch(ID_A, &mine, &err), 0);
	assert_int_equal(store_scratch(ID_A, &again, &err), 0);
	assert_string_not_equal(mine, again);
	assert_int_equal(save(ID_A, 1, false), 0);
	make_dir(".run-aaaa00000000", dead);
	make_dir(".run-bbbb00000000", dead);
	make_dir(".run-bbbb00000000", 1);
	make_dir(".other-aaaa", dead);
	make_dir("run-aaaa", dead);
	assert_int_equal(count_entries(results), 8);
	file = xasprintf("%s/.run-aaaa00000000-%d/records", results, dead);
	assert_int_equal(file_write(file, "x", 1, &err), 0);
	store_clean();
	assert_int_equal(count_entries(results), 6);
	assert_true(file_exists(mine) && file_exists(again));
	assert_false(file_exists(file));
	assert_value(ID_A, 1);
}

static void test_clean_drafts(void **unused)
{
	char name[64];
	int dead = (int)dead_pid();
	struct err err;
	cleanup_free char *draft = NULL, *numbered = NULL;

	(void)unused;
	snprintf(name, sizeof(name), ".run-aaaa00000000-%d.new", dead);
	draft = in_results(name);
	snprintf(name, sizeof(name), ".run-aaaa00000000-%d-7", dead);
	numbered = in_results(name);
	assert_int_equal(dir_make(draft, &err), 0);
	assert_int_equal(dir_make(numbered, &err), 0);
	/* no number at all: not one of ours */
	put_file(".run-aaaa", "x");
	put_file(".run-aaaa-x", "x");
	store_clean();
	assert_int_equal(count_entries(results), 2);
}

static int set_up(void **unused)
{
	(void)unused;
	return mkdtemp(tmp) ? 0 : -1;
}

static int tear_down(void **unused)
{
	(void)unused;
	free(results);
	path_set_results("");
	return dir_remove(tmp, NULL);
}

#define TEST(fn) cmocka_unit_test_setup(fn, new_results)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_canonical), TEST(test_save), TEST(test_records), TEST(test_replace), TEST(test_failed),
		TEST(test_load_bad), TEST(test_ids), TEST(test_find), TEST(test_disk_full),
		TEST(test_clean), TEST(test_clean_drafts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
