// SPDX-License-Identifier: GPL-2.0-only
/* Tests of what workloads of several processes share, and of what they decide by calculation. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "workloads/lib/child.h"
#include "workloads/lib/decide.h"
#include "workloads/lib/mem.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/plant.h"
#include "workloads/lib/run.h"

static struct wl_page *page;

static struct wl seeded(uint64_t seed)
{
	struct wl wl = {.seed = seed, .metric = page->work.metric};
	unsigned int i;

	for (i = 0; i < 4; i++)
		wl.rng[i] = wl_mix(seed + i);
	return wl;
}

static int start(void **unused)
{
	int fd = memfd_create("page", MFD_CLOEXEC);

	(void)unused;
	if (fd < 0 || ftruncate(fd, sizeof(*page)))
		return -1;
	page = wl_page_map(fd);
	close(fd);
	return page ? 0 : -1;
}

static int clear(void **unused)
{
	(void)unused;
	memset(page, 0, sizeof(*page));
	return 0;
}

/*
 * ---- Decisions ----
 */

/* In turn: all, and the first after the last.  By popularity: never the same again, most to some.
 */
static void test_decide_app(void **unused)
{
	unsigned int count[6] = {0}, i, most = 0, least = ~0u;
	struct wl wl = seeded(1);
	struct wl_zipf zipf;
	uint64_t now = 0, next;

	(void)unused;
	for (i = 0; i < 12; i++)
		assert_int_equal(decide_app(&wl, NULL, 6, i % 6), (i + 1) % 6);
	wl_zipf_init(&zipf, 6, 990000);
	for (i = 0; i < 6000; i++) {
		next = decide_app(&wl, &zipf, 6, now);
		assert_true(next < 6 && next != now);
		count[next]++;
		now = next;
	}
	for (i = 0; i < 6; i++) {
		most = count[i] > most ? count[i] : most;
		least = count[i] < least ? count[i] : least;
	}
	assert_true(least > 200 && most > 2 * least);
	/* two: there and back */
	wl_zipf_init(&zipf, 2, 3000000);
	assert_int_equal(decide_app(&wl, &zipf, 2, 0), 1);
	assert_int_equal(decide_app(&wl, &zipf, 2, 1), 0);
}

static void test_decide_balloon(void **unused)
{
	(void)unused;
	assert_int_equal(decide_balloon(false, 0, 1000, 10, 110), 10);
	assert_int_equal(decide_balloon(false, 250, 1000, 10, 110), 60);
	assert_int_equal(decide_balloon(false, 500, 1000, 10, 110), 110);
	assert_int_equal(decide_balloon(false, 750, 1000, 10, 110), 60);
	assert_int_equal(decide_balloon(false, 1000, 1000, 10, 110), 10);
	assert_int_equal(decide_balloon(false, 7500, 1000, 10, 110), 110);
	/* an odd period, and numbers whose product does not fit in 64 bits */
	assert_int_equal(decide_balloon(false, 3, 7, 0, 30), 30);
	assert_int_equal(decide_balloon(false, 1ull << 40, 1ull << 41, 0, 1ull << 40), 1ull << 40);
	assert_int_equal(decide_balloon(true, 0, 1000, 10, 110), 10);
	assert_int_equal(decide_balloon(true, 499, 1000, 10, 110), 10);
	assert_int_equal(decide_balloon(true, 500, 1000, 10, 110), 110);
	assert_int_equal(decide_balloon(true, 999, 1000, 10, 110), 110);
	assert_int_equal(decide_balloon(true, 1000, 1000, 10, 110), 10);
}

/* 1000 ns of which a tenth may be stalled; of 1000 pages one in a hundred, reached in five steps.
 */
static void test_decide_senpai(void **unused)
{
	const struct decide_senpai o = {1000, 100000, 10000, 5};
	const uint64_t current = 1000 * 4096, pages = 4096;
	uint64_t step = 0;
	unsigned int i;

	(void)unused;
	for (i = 1; i <= 5; i++)
		assert_int_equal(decide_senpai(&o, 0, current, &step), 2 * i * pages);
	/* no more than that */
	assert_int_equal(decide_senpai(&o, 0, current, &step), 10 * pages);
	/* too much: nothing, and half of it afterwards, in whole pages */
	assert_int_equal(decide_senpai(&o, 100, current, &step), 0);
	assert_int_equal(step, 5 * pages);
	assert_int_equal(decide_senpai(&o, 5000, current, &step), 0);
	assert_int_equal(step, 5 * pages / 2);
	/* half of what is allowed: half a step */
	assert_int_equal(decide_senpai(&o, 50, current, &step), 3 * pages);
	assert_int_equal(step, 7 * pages / 2);
	/* the cgroup has shrunk: so has the limit */
	assert_int_equal(decide_senpai(&o, 0, current / 10, &step), pages);
	assert_int_equal(decide_senpai(&o, 0, 0, &step), 0);
}

/*
 * ---- Processes ----
 */

/* Ends as the body did: what it exits with, or the signal, negative. */
static int outcome(void (*body)(struct wl *wl))
{
	struct wl wl = seeded(7);
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		body(&wl);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* All count in the same place; each has numbers of its own, a function of the seed. */
static void count_in_children(struct wl *wl)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		if (!wl_fork(wl, i)) {
			wl_count(100);
			wl_add(wl, i % 2, 5);
			wl->metric[2 + i % 4] ^= wl_random(wl);
			_exit(0);
		}
	for (i = 0; i < 8; i++)
		if (!wl_reap(true))
			_exit(9);
}

static void test_children(void **unused)
{
	uint64_t first[6];
	unsigned int i, k;

	(void)unused;
	assert_int_equal(outcome(count_in_children), 0);
	assert_int_equal(page->work.ops, 8);
	assert_int_equal(page->work.latency_sum_ns, 800);
	assert_int_equal(page->work.metric[0], 20);
	assert_int_equal(page->work.metric[1], 20);
	memcpy(first, page->work.metric, sizeof(first));
	for (i = 2; i < 6; i++)
		for (k = 2; k < i; k++)
			assert_true(first[i] != first[k]);
	memset(page, 0, sizeof(*page));
	assert_int_equal(outcome(count_in_children), 0);
	assert_memory_equal(page->work.metric, first, sizeof(first));
}

static void fail_in_child(struct wl *wl)
{
	if (!wl_fork(wl, 0))
		wl_fail("the child's own %s", "reason");
	wl_reap(true);
}

static void crash_in_child(struct wl *wl)
{
	if (!wl_fork(wl, 0)) {
		signal(SIGUSR1, SIG_DFL);
		raise(SIGUSR1);
	}
	wl_reap(true);
}

static void leave_in_child(struct wl *wl)
{
	if (!wl_fork(wl, 0))
		_exit(3);
	while (!wl_reap(false))
		usleep(1000);
}

static void killed_child(struct wl *wl)
{
	if (!wl_fork(wl, 0))
		raise(SIGKILL);
	wl_reap(true);
}

static void test_child_fails(void **unused)
{
	(void)unused;
	assert_int_equal(outcome(fail_in_child), 1);
	assert_string_equal(page->message, "the child's own reason");
	memset(page, 0, sizeof(*page));
	assert_int_equal(outcome(crash_in_child), 1);
	assert_non_null(strstr(page->message, "died of signal"));
	memset(page, 0, sizeof(*page));
	assert_int_equal(outcome(leave_in_child), 1);
	assert_non_null(strstr(page->message, "exit code 3"));
	/* as if all of it had been killed, which the agent knows for what it is */
	memset(page, 0, sizeof(*page));
	assert_int_equal(outcome(killed_child), -SIGKILL);
	assert_int_equal(page->failed, 0);
}

/* The children of one that is gone are gone too: the pipe's last writer closes it. */
static void test_child_dies_with_parent(void **unused)
{
	struct wl wl = seeded(7);
	int pipes[2], status;
	char byte;
	pid_t pid;

	(void)unused;
	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	if (!pid) {
		if (!wl_fork(&wl, 0)) {
			if (write(pipes[1], "x", 1) != 1)
				_exit(2);
			for (;;)
				pause();
		}
		for (;;)
			pause();
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	alarm(20);
	assert_int_equal(read(pipes[0], &byte, 1), 0);
	alarm(0);
	close(pipes[0]);
}

static void test_nap(void **unused)
{
	uint64_t begin = wl_now();

	(void)unused;
	wl_nap(30000000);
	assert_true(wl_now() - begin >= 30000000);
	page->stop = 1;
	begin = wl_now();
	wl_nap(10000000000);
	assert_true(wl_now() - begin < 5000000000);
}

/*
 * ---- Data and damage ----
 */

static struct wl_mem mem;

static void check_page_5(struct wl *wl)
{
	(void)wl;
	wl_mem_check(&mem, 5);
}

static void test_mem(void **unused)
{
	(void)unused;
	wl_mem_map(&mem, 16 * 4096, 1 << 20, 3, 750000);
	assert_int_equal((uintptr_t)mem.at % (1 << 20), 0);
	wl_mem_write(&mem, 5);
	wl_mem_dirty(&mem, 5);
	assert_int_equal(outcome(check_page_5), 0);
	wl_mem_page(&mem, 5)[3] ^= 1;
	assert_int_equal(outcome(check_page_5), 1);
	assert_string_equal(page->message, "page 5 does not hold what was written");
}

static char path[80];

static void check_file(struct wl *wl)
{
	(void)wl;
	wl_own_check(path, 11, 21);
}

/* Written and found, then damaged as the fault does it: every page, and nothing but its start. */
static void test_files(void **unused)
{
	char folder[] = "/tmp/wringer-test.XXXXXX", sub[64], bytes[4096], want[4096];
	int fd;

	(void)unused;
	assert_non_null(mkdtemp(folder));
	snprintf(sub, sizeof(sub), "%s/sub", folder);
	wl_own_folder(sub);
	wl_own_folder(sub);
	snprintf(path, sizeof(path), "%s/file", sub);
	wl_own_write(path, 11, 21);
	assert_int_equal(outcome(check_file), 0);
	assert_int_equal(plant_in_files(folder), 21);
	assert_int_equal(outcome(check_file), 1);
	assert_non_null(strstr(page->message, "page 0 of"));
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, bytes, sizeof(bytes), 20 * 4096), sizeof(bytes));
	wl_pattern_write(want, 11, 20, wl_pattern_noise(WL_FILE_COMPRESS));
	assert_memory_not_equal(bytes, want, 8);
	assert_memory_equal(bytes + 8, want + 8, sizeof(want) - 8);
	assert_int_equal(lseek(fd, 0, SEEK_END), 21 * 4096);
	close(fd);
	unlink(path);
	rmdir(sub);
	rmdir(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_decide_app, clear),
		cmocka_unit_test_setup(test_decide_balloon, clear),
		cmocka_unit_test_setup(test_decide_senpai, clear),
		cmocka_unit_test_setup(test_children, clear),
		cmocka_unit_test_setup(test_child_fails, clear),
		cmocka_unit_test_setup(test_child_dies_with_parent, clear),
		cmocka_unit_test_setup(test_nap, clear),
		cmocka_unit_test_setup(test_mem, clear),
		cmocka_unit_test_setup(test_files, clear),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
