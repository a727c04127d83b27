// SPDX-License-Identifier: GPL-2.0-only
/* What goes from a cache and from folders of results, and what stays; the cache here is made up. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cache.h"
#include "base/file.h"
#include "base/path.h"
#include "engine/template.h"
#include "gc/gc.h"

#define DAY 86400

static char tmp[] = "/tmp/wringer-test-gc-XXXXXX";
static char *results;

/* 64, or fewer, digits; the first tells them apart. */
static const char *hex(int n, int digits)
{
	static char text[4][SHA256_HEX];
	static unsigned int turn;
	char *s = text[turn++ % 4];

	snprintf(s, SHA256_HEX, "%0*x", digits, n + 0xa0);
	return s;
}

static char *at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A path below the cache, good for the next few calls. */
static char *at(const char *fmt, ...)
{
	static char text[8][512];
	static unsigned int turn;
	char *s = text[turn++ % 8];
	va_list ap;
	int n = snprintf(s, 512, "%s/", path_cache());

	va_start(ap, fmt);
	vsnprintf(s + n, 512 - (size_t)n, fmt, ap);
	va_end(ap);
	return s;
}

static void set_age(const char *path, int days)
{
	const struct timespec t[2] = {{time(NULL) - (time_t)days * DAY, 0},
				      {time(NULL) - (time_t)days * DAY, 0}};

	assert_int_equal(utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW), 0);
}

static void put(const char *path, const char *text, int days)
{
	cleanup_free char *dir = xasprintf("%.*s", (int)(strrchr(path, '/') - path), path);

	assert_int_equal(dir_make(dir, NULL), 0);
	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
	set_age(path, days);
	set_age(dir, days);
}

static void put_template(int n, int days)
{
	put(at("templates/%s/state", hex(n, 64)), "state", days);
	put(at("templates/%s/template.json", hex(n, 64)), "{}", days);
	put(at("templates/%s.lock", hex(n, 64)), "", days);
}

static void put_kernel(int n, int days)
{
	put(at("kernels/%s/vmlinuz", hex(n, 64)), "kernel", days);
	put(at("kernels/%s/meta.json", hex(n, 64)), "{}", days);
}

static void put_layer(int n, int days)
{
	put(at("layers/%s.cpio", hex(n, 64)), "layer", days);
	put(at("layers/%s.json", hex(n, 64)), "{}", days);
}

static void put_image(int n, int days)
{
	put(at("images/%s.cpio", hex(n, 64)), "image", days);
}

/* A tree with one folder that was compiled in at another time. */
static void put_tree(int n, int days, int compiled)
{
	put(at("trees/%s/src/mm/vmscan.c", hex(n, 16)), "scan", days);
	put(at("trees/%s/build-%s/vmlinux", hex(n, 16), hex(n, 12)), "v", compiled);
	put(at("trees/%s/build-%s.log", hex(n, 16), hex(n, 12)), "CC", compiled);
	put(at("trees/%s/lock", hex(n, 16)), "", days);
	set_age(at("trees/%s/src", hex(n, 16)), days);
	set_age(at("trees/%s", hex(n, 16)), days);
}

static void put_spec(const char *folder, int n, const char *kernel, const char *image)
{
	cleanup_free char *path = xasprintf("%s/%s/spec.json", folder, hex(n, 64));
	cleanup_free char *text = xasprintf("{\"kernel\": {\"id\": \"%s\"}, \"image\": {\"id\": \"%s\"}}",
					    kernel, image);

	put(path, text, 0);
}

static int empty(void **unused)
{
	(void)unused;
	assert_int_equal(dir_remove(tmp, NULL), 0);
	assert_int_equal(dir_make(path_cache(), NULL), 0);
	return dir_make(results, NULL);
}

static void plan(struct gc *gc, uint64_t days, uint64_t size)
{
	char *folder[] = {results, NULL};
	const struct gc_opts opts = {.now = time(NULL), .keep = days * DAY, .size = size,
				     .folder = folder};

	assert_int_equal(gc_plan(&opts, gc, NULL), 0);
}

static void collect(uint64_t days, uint64_t size)
{
	struct gc gc;

	plan(&gc, days, size);
	assert_int_equal(gc_do(&gc, NULL), 0);
	gc_release(&gc);
}

static enum gc_fate fate_of(const struct gc *gc, const char *kind, const char *name)
{
	size_t i;

	for (i = 0; i < gc->nr; i++)
		if (!strcmp(gc->item[i].kind->name, kind) && !strcmp(gc->item[i].name, name))
			return gc->item[i].fate;
	fail_msg("there is no %s %s", kind, name);
	return GC_KEEP;
}

static bool there(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* Every kind, one that is old and one that is not; what is of no known form stays whatever its age. */
static void test_age(void **unused)
{
	int n;

	(void)unused;
	for (n = 0; n < 2; n++) {
		int days = n ? 9 : 11;

		put_template(n, days);
		put_kernel(n, days);
		put_layer(n, days);
		put_image(n, days);
		put(at("objects/%s", hex(n, 64)), "bpf", days);
		put(at("symbols/%s.1.elf", hex(n, 64)), "elf", days);
		put_tree(n, days, 11);
		put(at("toolchains/%d/usr/bin/gcc", n), "gcc", days);
		set_age(at("toolchains/%d/usr", n), days);
		set_age(at("toolchains/%d", n), days);
	}
	put(at("ccache/0/1/x"), "o", 11);
	set_age(at("ccache/0"), 11);
	set_age(at("ccache"), 11);
	put(at("apt/kernels"), "", 9);
	put(at("notes/mine"), "x", 99);
	put(at("images/mine.cpio"), "x", 99);
	put(at("ccache2/x"), "x", 99);
	collect(10, UINT64_MAX);
	for (n = 0; n < 2; n++) {
		assert_int_equal(there(at("templates/%s", hex(n, 64))), n);
		assert_int_equal(there(at("templates/%s.lock", hex(n, 64))), n);
		assert_int_equal(there(at("kernels/%s/vmlinuz", hex(n, 64))), n);
		assert_int_equal(there(at("layers/%s.cpio", hex(n, 64))), n);
		assert_int_equal(there(at("layers/%s.json", hex(n, 64))), n);
		assert_int_equal(there(at("images/%s.cpio", hex(n, 64))), n);
		assert_int_equal(there(at("objects/%s", hex(n, 64))), n);
		assert_int_equal(there(at("symbols/%s.1.elf", hex(n, 64))), n);
		assert_int_equal(there(at("trees/%s/src/mm/vmscan.c", hex(n, 16))), n);
		assert_int_equal(there(at("toolchains/%d", n)), n);
	}
	assert_false(there(at("trees/%s/build-%s", hex(1, 16), hex(1, 12))));
	assert_false(there(at("trees/%s/build-%s.log", hex(1, 16), hex(1, 12))));
	assert_false(there(at("ccache")));
	assert_true(there(at("apt/kernels")));
	assert_true(there(at("notes/mine")));
	assert_true(there(at("images/mine.cpio")));
	assert_true(there(at("ccache2/x")));
	assert_true(rmdir(at(".gc")) == 0);
}

/* Changes when a file comes, goes or is touched. */
static unsigned long files_below(const char *path)
{
	cleanup_free char *command = xasprintf("find '%s' -printf '%%p %%s %%T@\\n' | sort | cksum", path);
	FILE *f = popen(command, "r");
	unsigned long sum = 0;

	assert_int_equal(fscanf(f, "%lu", &sum), 1);
	pclose(f);
	return sum;
}

/* A plan is only a plan. */
static void test_dry(void **unused)
{
	unsigned long before;
	struct gc gc;

	(void)unused;
	put_template(0, 99);
	put_kernel(0, 99);
	put_tree(0, 99, 99);
	put(at("mkfs.AbCdEf"), "x", 99);
	before = files_below(tmp);
	plan(&gc, 1, 0);
	assert_int_equal(fate_of(&gc, "templates", hex(0, 64)), GC_FREE_OLD);
	assert_int_equal(fate_of(&gc, "kernels", hex(0, 64)), GC_FREE_OLD);
	assert_int_equal(fate_of(&gc, "left-overs", "mkfs.AbCdEf"), GC_FREE_LEFT);
	gc_release(&gc);
	assert_int_equal(files_below(tmp), before);
}

/* By results in the folder that is named, and by those the cache was told of. */
static void test_needed(void **unused)
{
	cleanup_free char *other = xasprintf("%s/other", tmp);
	struct gc gc;

	(void)unused;
	put_kernel(0, 99);
	put_kernel(1, 99);
	put_kernel(2, 99);
	put_image(0, 99);
	put_image(1, 99);
	put_template(0, 99);
	put_spec(results, 1, hex(0, 64), hex(0, 64));
	put_spec(other, 2, hex(1, 64), "");
	path_set_results(other);
	cache_note_results();
	path_set_results(results);
	plan(&gc, 1, 0);
	assert_int_equal(gc.results, 2);
	assert_int_equal(fate_of(&gc, "kernels", hex(0, 64)), GC_KEEP_NEEDED);
	assert_int_equal(fate_of(&gc, "kernels", hex(1, 64)), GC_KEEP_NEEDED);
	assert_int_equal(fate_of(&gc, "kernels", hex(2, 64)), GC_FREE_OLD);
	assert_int_equal(fate_of(&gc, "images", hex(0, 64)), GC_KEEP_NEEDED);
	assert_int_equal(fate_of(&gc, "images", hex(1, 64)), GC_FREE_OLD);
	/* It can be made again of these. */
	assert_int_equal(fate_of(&gc, "templates", hex(0, 64)), GC_FREE_OLD);
	gc_release(&gc);
}

/* The name goes with the kernel, no sooner. */
static void test_note(void **unused)
{
	cleanup_free char *text = xasprintf("{\"kernel\": \"%s\"}", hex(0, 64));

	(void)unused;
	put_kernel(0, 11);
	put(at("builds/7.3.4-base-12345678.json"), text, 99);
	collect(12, UINT64_MAX);
	assert_true(there(at("builds/7.3.4-base-12345678.json")));
	collect(10, UINT64_MAX);
	collect(10, UINT64_MAX);
	assert_false(there(at("builds/7.3.4-base-12345678.json")));
}

/* The least recently used first, over all kinds, and no more than has to go. */
static void test_size(void **unused)
{
	char block[8193];
	int n;

	(void)unused;
	memset(block, 'x', 8192);
	block[8192] = '\0';
	for (n = 0; n < 4; n++)
		put(at("images/%s.cpio", hex(n, 64)), block, 8 - n);
	put(at("objects/%s", hex(9, 64)), block, 20);
	collect(30, 3 * 8192);
	assert_false(there(at("objects/%s", hex(9, 64))));
	assert_false(there(at("images/%s.cpio", hex(0, 64))));
	for (n = 1; n < 4; n++)
		assert_true(there(at("images/%s.cpio", hex(n, 64))));
	collect(30, 3 * 8192 - 1);
	assert_false(there(at("images/%s.cpio", hex(1, 64))));
	assert_true(there(at("images/%s.cpio", hex(2, 64))));
	collect(30, 0);
	assert_false(there(at("images/%s.cpio", hex(3, 64))));
}

/* What they lead to is not ours. */
static void test_symlink(void **unused)
{
	cleanup_free char *out = xasprintf("%s/outside", tmp);
	cleanup_free char *file = xasprintf("%s/%s.cpio", out, hex(5, 64));
	cleanup_free char *tree = xasprintf("%s/t", tmp);
	cleanup_free char *in_tree = xasprintf("%s/build-%s.log", tree, hex(5, 12));
	struct gc gc;

	(void)unused;
	put(file, "mine", 99);
	put(in_tree, "mine", 99);
	assert_int_equal(symlink(out, at("images")), 0);
	put(at("symbols/x"), "", 0);
	assert_int_equal(symlink(file, at("symbols/%s.vmlinux", hex(0, 64))), 0);
	set_age(at("symbols/%s.vmlinux", hex(0, 64)), 99);
	assert_int_equal(symlink("/nowhere", at("symbols/%s.vmlinux", hex(1, 64))), 0);
	set_age(at("symbols/%s.vmlinux", hex(1, 64)), 99);
	put_kernel(0, 99);
	assert_int_equal(symlink(out, at("kernels/%s/modules", hex(0, 64))), 0);
	set_age(at("kernels/%s/modules", hex(0, 64)), 99);
	set_age(at("kernels/%s", hex(0, 64)), 99);
	assert_int_equal(dir_make(at("trees"), NULL), 0);
	assert_int_equal(symlink(tree, at("trees/%s", hex(5, 16))), 0);
	set_age(at("trees/%s", hex(5, 16)), 99);
	plan(&gc, 1, 0);
	assert_int_equal(gc.nr_links, 1);
	assert_string_equal(gc.link[0], at("images"));
	assert_int_equal(gc_do(&gc, NULL), 0);
	gc_release(&gc);
	assert_true(there(file));
	assert_true(there(in_tree));
	assert_true(there(at("images")));
	assert_false(there(at("symbols/%s.vmlinux", hex(0, 64))));
	assert_false(there(at("symbols/%s.vmlinux", hex(1, 64))));
	assert_false(there(at("kernels/%s", hex(0, 64))));
	assert_false(there(at("trees/%s", hex(5, 16))));
}

/* Runs fn in a process of its own that stays until end_child(). */
static pid_t begin_child(void (*fn)(void), int *end)
{
	int up[2], down[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(up) | pipe(down), 0);
	pid = fork();
	if (!pid) {
		close(down[1]);
		fn();
		if (write(up[1], "", 1) != 1 || read(down[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(read(up[0], &c, 1), 1);
	close(up[0]);
	close(up[1]);
	close(down[0]);
	*end = down[1];
	return pid;
}

static void end_child(pid_t pid, int end)
{
	close(end);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void use_template(void)
{
	static struct template tpl;

	template_open(hex(0, 64), &tpl, NULL);
	set_age(at("templates/%s/template.json", hex(0, 64)), 99);
}

static void lock_tree(void)
{
	if (flock(open(at("trees/%s/lock", hex(0, 16)), O_RDWR), LOCK_EX))
		_exit(1);
}

/* Planned and done: it stays, and is said to be in use. */
static void stays(void (*use)(void), const char *kind, const char *name, const char *path, bool late)
{
	struct gc gc;
	pid_t pid = 0;
	int end;

	if (late)
		plan(&gc, 1, 0);
	pid = begin_child(use, &end);
	if (!late)
		plan(&gc, 1, 0);
	assert_int_equal(fate_of(&gc, kind, name), late ? GC_FREE_OLD : GC_KEEP_BUSY);
	assert_int_equal(gc_do(&gc, NULL), 0);
	assert_int_equal(fate_of(&gc, kind, name), GC_KEEP_BUSY);
	assert_true(there(path));
	gc_release(&gc);
	end_child(pid, end);
}

static void test_in_use(void **unused)
{
	int late;

	(void)unused;
	for (late = 0; late < 2; late++) {
		put_template(0, 99);
		put_tree(0, 99, 99);
		put_kernel(0, 99);
		stays(use_template, "templates", hex(0, 64), at("templates/%s", hex(0, 64)), late);
		put_tree(0, 99, 99);
		stays(lock_tree, "trees", hex(0, 16), at("trees/%s/src/mm/vmscan.c", hex(0, 16)), late);
		put_tree(0, 99, 99);
		stays(lock_tree, "compiled", "build-0000000000a0",
		      at("trees/%s/build-0000000000a0/vmlinux", hex(0, 16)), late);
		put_kernel(0, 99);
		stays(cache_hold, "kernels", hex(0, 64), at("kernels/%s/vmlinuz", hex(0, 64)), late);
	}
	/* Nobody holds anything any more. */
	put_kernel(0, 99);
	collect(1, 0);
	assert_false(there(at("kernels/%s", hex(0, 64))));
	assert_false(there(at("trees/%s", hex(0, 16))));
}

/* Who holds the cache keeps no template that it does not run. */
static void test_templates_go(void **unused)
{
	pid_t pid;
	int end;

	(void)unused;
	put_template(0, 99);
	put_template(1, 99);
	put_image(0, 99);
	pid = begin_child(cache_hold, &end);
	collect(1, UINT64_MAX);
	end_child(pid, end);
	assert_false(there(at("templates/%s", hex(0, 64))));
	assert_true(there(at("images/%s.cpio", hex(0, 64))));
}

/* Used by somebody who came and went between the look and the deed. */
static void test_used_since(void **unused)
{
	struct gc gc;

	(void)unused;
	put_image(0, 99);
	put_image(1, 99);
	put_template(0, 99);
	plan(&gc, 1, 0);
	cache_used(at("images/%s.cpio", hex(0, 64)));
	cache_used(at("templates/%s/template.json", hex(0, 64)));
	assert_int_equal(gc_do(&gc, NULL), 0);
	assert_int_equal(fate_of(&gc, "images", hex(0, 64)), GC_KEEP_BUSY);
	gc_release(&gc);
	assert_true(there(at("images/%s.cpio", hex(0, 64))));
	assert_false(there(at("images/%s.cpio", hex(1, 64))));
	assert_true(there(at("templates/%s", hex(0, 64))));
}

static void hold_trash(void)
{
	if (mkdir(at(".gc"), 0700) || flock(open(at(".gc"), O_RDONLY), LOCK_EX))
		_exit(1);
}

static void test_two(void **unused)
{
	struct gc gc;
	pid_t pid;
	int end;

	(void)unused;
	put_image(0, 99);
	plan(&gc, 1, 0);
	pid = begin_child(hold_trash, &end);
	assert_int_equal(gc_do(&gc, NULL), -EBUSY);
	end_child(pid, end);
	assert_true(there(at("images/%s.cpio", hex(0, 64))));
	gc_release(&gc);
}

#define KILLED_FILES 20

static void put_many(int n)
{
	int i;

	for (i = 0; i < KILLED_FILES; i++)
		put(at("kernels/%s/modules/%d.ko", hex(n, 64), i), "m", 99);
	set_age(at("kernels/%s", hex(n, 64)), 99);
	put_template(n, 99);
}

static void check_whole(int n)
{
	int i;

	if (there(at("kernels/%s", hex(n, 64))))
		for (i = 0; i < KILLED_FILES; i++)
			assert_true(there(at("kernels/%s/modules/%d.ko", hex(n, 64), i)));
	if (there(at("templates/%s", hex(n, 64)))) {
		assert_true(there(at("templates/%s/template.json", hex(n, 64))));
		assert_true(there(at("templates/%s/state", hex(n, 64))));
	}
}

/* Whenever it is killed, each thing is whole or gone, and the next time cleans up. */
static void test_killed(void **unused)
{
	unsigned int round, gone = 0, left = 0;
	int n;

	(void)unused;
	for (round = 0; round < 60; round++) {
		pid_t pid;

		for (n = 0; n < 4; n++)
			put_many(n);
		pid = fork();
		if (!pid) {
			collect(1, 0);
			_exit(0);
		}
		usleep(round * 331 % 20000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		for (n = 0; n < 4; n++) {
			check_whole(n);
			gone += !there(at("kernels/%s", hex(n, 64)));
		}
		left += there(at(".gc/0"));
		collect(1, 0);
		assert_false(there(at("kernels/%s", hex(0, 64))));
		assert_true(!there(at(".gc")) || !rmdir(at(".gc")));
	}
	/* Else the times were not such that anything could be found. */
	print_message("%u of 240 gone when killed, %u times something was left\n", gone, left);
	assert_true(gone > 0 && gone < 240);
}

static char *in_results(const char *name)
{
	static char text[4][512];
	static unsigned int turn;
	char *s = text[turn++ % 4];

	snprintf(s, 512, "%s/%s", results, name);
	return s;
}

/* Of a process that is no more. */
static pid_t dead_pid(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void test_results(void **unused)
{
	cleanup_free char *dead = xasprintf(".run-0123456789ab-%d-0", (int)dead_pid());
	cleanup_free char *alive = xasprintf(".run-0123456789ab-%d-0", (int)getpid());
	cleanup_free char *failed = xasprintf(".failed/%s", hex(1, 64));
	cleanup_free char *recent = xasprintf(".failed/%s", hex(2, 64));
	cleanup_free char *list = xasprintf("weekly\n%s kv-scan\n", hex(3, 64));
	char *folder[] = {results, NULL};
	struct gc_opts opts = {.now = time(NULL), .keep = 10 * DAY, .size = UINT64_MAX,
			       .folder = folder};
	struct gc gc;
	int n;

	(void)unused;
	assert_int_equal(dir_make(in_results(dead), NULL), 0);
	assert_int_equal(dir_make(in_results(alive), NULL), 0);
	assert_int_equal(dir_make(in_results(failed), NULL), 0);
	assert_int_equal(dir_make(in_results(recent), NULL), 0);
	set_age(in_results(failed), 11);
	put(in_results(".kept/weekly"), list, 0);
	put(in_results(".suite/small/nights/2026-11-23T010203Z/report.txt"), "quiet\n", 91);
	put(in_results(".suite/small/nights/2026-11-24T010203Z/report.txt"), "quiet\n", 89);
	put(in_results(".suite/small/known.json"), "[]\n", 91);
	for (n = 3; n < 6; n++) {
		cleanup_free char *file = xasprintf("%s/result.json", hex(n, 64));

		put(in_results(file), "{}", n == 5 ? 89 : 91);
	}
	/* Never by default. */
	collect(10, 0);
	assert_false(there(in_results(dead)));
	assert_true(there(in_results(alive)));
	assert_false(there(in_results(failed)));
	assert_true(there(in_results(recent)));
	assert_true(there(in_results(".suite/small/nights/2026-11-23T010203Z")));
	for (n = 3; n < 6; n++)
		assert_true(there(in_results(hex(n, 64))));
	opts.old_results = true;
	opts.results = 90 * DAY;
	assert_int_equal(gc_plan(&opts, &gc, NULL), 0);
	assert_int_equal(fate_of(&gc, "results", hex(3, 64)), GC_KEEP_NEEDED);
	assert_int_equal(gc_do(&gc, NULL), 0);
	gc_release(&gc);
	assert_true(there(in_results(hex(3, 64))));
	assert_false(there(in_results(hex(4, 64))));
	assert_true(there(in_results(hex(5, 64))));
	assert_false(there(in_results(".suite/small/nights/2026-11-23T010203Z")));
	assert_true(there(in_results(".suite/small/nights/2026-11-24T010203Z")));
	assert_true(there(in_results(".suite/small/known.json")));
}

/* A folder of results that is gone is not waited for for ever. */
static void test_gone_folder(void **unused)
{
	cleanup_free char *other = xasprintf("%s/other", tmp);
	char key[SHA256_HEX];

	(void)unused;
	sha256_buf(other, strlen(other), key);
	assert_int_equal(dir_make(other, NULL), 0);
	path_set_results(other);
	cache_note_results();
	path_set_results(results);
	set_age(at("results/%.16s", key), 99);
	collect(1, 0);
	assert_true(there(at("results/%.16s", key)));
	assert_int_equal(dir_remove(other, NULL), 0);
	collect(1, 0);
	assert_false(there(at("results/%.16s", key)));
}

static int set_up(void **state)
{
	cleanup_free char *cache = NULL;

	(void)state;
	if (!mkdtemp(tmp))
		return -1;
	cache = xasprintf("%s/cache", tmp);
	setenv("WRINGER_CACHE", cache, 1);
	results = xasprintf("%s/results", tmp);
	path_set_results(results);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(results);
	return dir_remove(tmp, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_age, empty),
		cmocka_unit_test_setup(test_dry, empty),
		cmocka_unit_test_setup(test_needed, empty),
		cmocka_unit_test_setup(test_note, empty),
		cmocka_unit_test_setup(test_size, empty),
		cmocka_unit_test_setup(test_symlink, empty),
		cmocka_unit_test_setup(test_in_use, empty),
		cmocka_unit_test_setup(test_templates_go, empty),
		cmocka_unit_test_setup(test_used_since, empty),
		cmocka_unit_test_setup(test_two, empty),
		cmocka_unit_test_setup(test_killed, empty),
		cmocka_unit_test_setup(test_results, empty),
		cmocka_unit_test_setup(test_gone_folder, empty),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
