// SPDX-License-Identifier: GPL-2.0-only
/* The index of results: what goes in, what is answered, and that nothing half-written stays. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "history/changes.h"
#include "result/store.h"

#define METRIC "workload.kv.rate"
#define SEEDS 4

static char tmp[] = "/tmp/wringer-test-history-XXXXXX";
static char *results;

static int new_results(void **unused)
{
	static unsigned int nr;

	(void)unused;
	free(results);
	results = xasprintf("%s/%u", tmp, nr++);
	path_set_results(results);
	return 0;
}

/* What one experiment is told apart by, and its value. */
struct made {
	const char *kernel;
	const char *policy;
	const char *image;
	int day;
	int seed;
	double value;
};

static json_t *spec_of(const struct made *m)
{
	return json_pack("{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:s, s:i, s:s}", "engine", "name",
			 "exact", "kernel", "version", m->kernel, "guest", "name", "two", "policy", "name",
			 m->policy, "scenario", "name", "kv-scan", "image", m->image, "seed", m->seed, "plan",
			 m->kernel);
}

static void hash_of(const json_t *spec, char id[SHA256_HEX])
{
	cleanup_buf struct buf text = {0};

	json_canonical(spec, &text);
	sha256_buf(buf_str(&text), text.len, id);
}

static void make(const struct made *m, const char *status, char id[SHA256_HEX])
{
	cleanup_free char *ended = xasprintf("2026-11-%02dT01:00:0%dZ", m->day, m->seed % 10);
	struct result r = {.spec = spec_of(m)};
	struct err err;

	r.result = json_pack("{s:s, s:[{s:s, s:s, s:s, s:s, s:f}, {s:s, s:s, s:s, s:s, s:i}]}", "status", status,
			     "metrics", "name", METRIC, "class", "primary", "unit", "op/s", "better", "higher",
			     "value", m->value, "name", "vmstat.pgscan", "class", "diagnostic", "unit", "count",
			     "better", "none", "value", 7);
	r.host = json_pack("{s:s}", "ended", ended);
	hash_of(r.spec, id);
	assert_int_equal(store_save(id, &r, true, &err), 0);
	result_release(&r);
}

static void make_kernel(const char *kernel, const char *image, int day, double level)
{
	static const double around[SEEDS] = {-1, 0.5, 1, -0.5};
	char id[SHA256_HEX];
	int seed;

	for (seed = 1; seed <= SEEDS; seed++) {
		struct made m = {kernel, "mglru", image, day, seed, level + around[seed - 1] + day * 0.01};

		make(&m, "done", id);
	}
}

static struct history_update update(bool fresh)
{
	struct history_update done;
	struct history *h;
	struct err err;

	assert_int_equal(history_open(true, fresh, &h, &err), 0);
	assert_int_equal(history_update(h, NULL, &done, &err), 0);
	history_close(h);
	return done;
}

static int ask(const struct history_select *what, struct history_answer *a)
{
	struct history *h;
	struct err err;
	int ret = history_open(false, false, &h, &err);

	if (ret)
		return ret;
	ret = history_ask(h, what, a, &err);
	history_close(h);
	return ret;
}

static void make_ladder(void)
{
	make_kernel("6.1.9", "a", 5, 100);
	make_kernel("6.1.10", "a", 4, 100);
	make_kernel("6.12", "a", 3, 100);
	make_kernel("7.2", "a", 2, 80);
	make_kernel("7.3~rc1", "b", 1, 80);
	make_kernel("7.3", "b", 6, 80);
}

/* Versions are in their own order, not in that of letters or of time, and the level falls with 7.2. */
static void test_change(void **state)
{
	static const char *const order[] = {"6.1.9", "6.1.10", "6.12", "7.2", "7.3~rc1", "7.3"};
	const struct history_select what = {.metric = METRIC};
	const struct history_series *s;
	struct history_answer a;
	size_t i;

	(void)state;
	make_ladder();
	assert_int_equal(update(false).added, 6 * SEEDS);
	assert_int_equal(ask(&what, &a), 0);
	assert_int_equal(a.nr, 1);
	s = a.series;
	assert_int_equal(s->nr, 6);
	for (i = 0; i < 6; i++) {
		assert_string_equal(s->point[i].kernel, order[i]);
		assert_int_equal(s->point[i].nr, SEEDS);
		assert_int_equal(s->point[i].other, i == 4);
	}
	assert_int_equal(s->nr_changes, 1);
	assert_int_equal(s->change[0].at, 3);
	assert_true(history_is_worse(&a, &s->change[0]));
	assert_true(fabs(s->point[3].median - 80.02) < 1e-9);
	history_answer_release(&a);
}

/* What falls twice: the second time is like the first, and the rise after it is not. */
static void test_changes(void **state)
{
	const struct history_select what = {0};
	cleanup_buf struct buf text = {0};
	struct history_changes all;
	struct history *h;
	struct err err;

	(void)state;
	make_ladder();
	make_kernel("7.3.1", "b", 7, 60);
	make_kernel("7.3.2", "b", 8, 60);
	make_kernel("7.3.3", "b", 9, 120);
	make_kernel("7.3.4", "b", 10, 120);
	update(false);
	assert_int_equal(history_open(false, false, &h, &err), 0);
	assert_int_equal(history_changes(h, &what, &all, &err), 0);
	assert_int_equal(all.nr, 3);
	assert_string_equal(all.kernel[0].name, "7.3.3");
	assert_string_equal(all.kernel[0].before, "7.3.2");
	assert_int_equal(all.kernel[0].nr, 1);
	assert_int_equal(all.kernel[0].nr_worse, 0);
	assert_string_equal(all.kernel[0].change[0].metric, METRIC);
	assert_true(all.kernel[0].like == HISTORY_NONE);
	assert_string_equal(all.kernel[1].name, "7.3.1");
	assert_int_equal(all.kernel[1].nr_worse, 1);
	assert_int_equal(all.kernel[1].like, 2);
	assert_int_equal(all.kernel[1].same, 1);
	assert_string_equal(all.kernel[2].name, "7.2");
	assert_true(all.kernel[2].like == HISTORY_NONE);
	history_changes_text(&all, 2, &text);
	assert_non_null(strstr(buf_str(&text), "7.3.1, after 7.3: 1 worse, 0 better; like 7.2, 1 of 1 the same way\n"));
	assert_non_null(strstr(buf_str(&text), "(1 earlier kernels"));
	history_changes_release(&all);
	history_close(h);
}

static void set_index(const char *sql)
{
	cleanup_free char *path = xasprintf("%s/.index/results.db", results);
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* All that it has to say of changes. */
static char *tell(const char *metric)
{
	const struct history_select what = {.metric = metric};
	cleanup_buf struct buf text = {0};
	struct history_changes all;
	struct history_answer a;
	struct history *h;
	struct err err;

	assert_int_equal(history_open(false, false, &h, &err), 0);
	assert_int_equal(history_changes(h, &what, &all, &err), 0);
	assert_int_equal(history_ask(h, &what, &a, &err), 0);
	history_changes_text(&all, 10, &text);
	history_text(&a, &text);
	history_changes_release(&all);
	history_answer_release(&a);
	history_close(h);
	return xstrdup(buf_str(&text));
}

/* What the index keeps is what it would find, and it keeps up with what comes. */
static void test_kept(void **state)
{
	cleanup_free char *kept = NULL, *found = NULL, *more = NULL, *wrong = NULL;

	(void)state;
	make_ladder();
	make_kernel("7.3.1", "b", 7, 60);
	make_kernel("7.3.2", "b", 8, 60);
	update(false);
	kept = tell(METRIC);
	assert_non_null(strstr(kept, "7.3.1, after 7.3: 1 worse"));
	set_index("UPDATE series SET stale = 1");
	found = tell(METRIC);
	assert_string_equal(kept, found);
	make_kernel("7.3.3", "b", 9, 120);
	make_kernel("7.3.4", "b", 10, 120);
	update(false);
	more = tell(METRIC);
	assert_non_null(strstr(more, "7.3.3, after 7.3.2: 0 worse, 1 better"));
	set_index("DELETE FROM change");
	wrong = tell(METRIC);
	assert_non_null(strstr(wrong, "no metric's level changes"));
}

/* An index of an earlier version: who reads is told what to do, who writes does it. */
static void test_older(void **state)
{
	struct history *h;
	struct err err;

	(void)state;
	make_kernel("7.3", "a", 1, 100);
	update(false);
	set_index("PRAGMA user_version = 1; DROP TABLE change");
	assert_int_equal(history_open(false, false, &h, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "'wringer index' makes it again"));
	assert_int_equal(update(false).added, SEEDS);
	set_index("PRAGMA user_version = 1000");
	assert_int_equal(history_open(true, false, &h, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "'wringer index --fresh' makes it again"));
}

static void test_by_time(void **state)
{
	const struct history_select what = {.metric = METRIC, .by_time = true};
	struct history_answer a;

	(void)state;
	make_ladder();
	update(false);
	assert_int_equal(ask(&what, &a), 0);
	assert_string_equal(a.series->point[0].kernel, "7.3~rc1");
	assert_string_equal(a.series->point[5].kernel, "7.3");
	history_answer_release(&a);
}

/* Made of something newer since: that counts.  What did not end well does not. */
static void test_newest(void **state)
{
	const struct made odd = {"7.3", "mglru", "b", 7, 9, 1e6};
	const struct history_select what = {.metric = METRIC};
	struct history_answer a;
	char id[SHA256_HEX];

	(void)state;
	make_kernel("7.3", "a", 1, 100);
	make_kernel("7.3", "b", 2, 200);
	make(&odd, "oom", id);
	update(false);
	assert_int_equal(ask(&what, &a), 0);
	assert_int_equal(a.series->nr, 1);
	assert_int_equal(a.series->point->nr, SEEDS);
	assert_true(fabs(a.series->point->median - 200.02) < 1e-9);
	history_answer_release(&a);
}

static void test_select(void **state)
{
	const struct made lru = {"7.3", "lru", "a", 1, 1, 5};
	char name[] = "lru";
	char *const only[] = {name, NULL};
	struct history_select what = {.metric = METRIC, .policy = only};
	struct history_answer a;
	char id[SHA256_HEX];

	(void)state;
	assert_int_equal(ask(&what, &a), -ENOENT);
	make_kernel("7.3", "a", 1, 100);
	make(&lru, "done", id);
	update(false);
	assert_int_equal(ask(&what, &a), 0);
	assert_int_equal(a.nr, 1);
	assert_string_equal(a.series->policy, "lru");
	assert_string_equal(a.series->point->id[0], id);
	history_answer_release(&a);
	what.metric = "vmstat.pgscan";
	assert_int_equal(ask(&what, &a), -ENOENT);
	name[0] = 'x';
	what.metric = METRIC;
	assert_int_equal(ask(&what, &a), 0);
	assert_int_equal(a.nr, 0);
	history_answer_release(&a);
}

/* All that the index holds, in an order of its own. */
static char *dump(void)
{
	static const char sql[] =
		"SELECT e.hash || ' ' || e.seed || e.status || e.ended || ' ' || s.engine || a.kernel ||"
		" s.guest || s.policy || s.scenario || a.made_of || ' ' || m.name || m.unit || m.better"
		" || v.value FROM experiment e JOIN arm a ON a.id = e.arm JOIN series s ON s.id = a.series"
		" LEFT JOIN value v ON v.experiment = e.id LEFT JOIN metric m ON m.id = v.metric"
		" UNION ALL SELECT 'change ' || s.scenario || s.policy || s.stale || m.name || c.kernel || c.last || c.first"
		" || c.before || ' ' || c.after || ' ' || c.p FROM change c JOIN series s ON s.id = c.series"
		" JOIN metric m ON m.id = c.metric ORDER BY 1";
	cleanup_free char *path = xasprintf("%s/.index/results.db", results);
	cleanup_buf struct buf out = {0};
	sqlite3_stmt *s;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(s, 0), "ok");
	sqlite3_finalize(s);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	while (sqlite3_step(s) == SQLITE_ROW)
		buf_printf(&out, "%s\n", sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	sqlite3_close(db);
	return xstrdup(buf_str(&out));
}

/* One goes, one comes, one is damaged: then it is as one that is made anew. */
static void test_rebuilt(void **state)
{
	const struct made more = {"7.3", "lru", "a", 1, 1, 5};
	cleanup_free char *grown = NULL, *anew = NULL, *file = NULL, *bad = NULL, *dir = NULL;
	struct history_update done;
	char id[SHA256_HEX];

	(void)state;
	make(&more, "done", id);
	make_ladder();
	update(false);
	dir = store_path(id);
	assert_int_equal(dir_remove(dir, NULL), 0);
	make_kernel("7.4", "b", 9, 80);
	file = xasprintf("%s/0000000000000000000000000000000000000000000000000000000000000000", results);
	assert_int_equal(dir_make(file, NULL), 0);
	bad = xasprintf("%s/result.json", file);
	assert_int_equal(file_write(bad, "{", 1, NULL), 0);
	done = update(false);
	assert_int_equal(done.added, SEEDS);
	assert_int_equal(done.removed, 1);
	assert_int_equal(done.damaged, 1);
	grown = dump();
	done = update(true);
	assert_int_equal(done.added, 7 * SEEDS);
	anew = dump();
	assert_string_equal(grown, anew);
	assert_int_equal(update(false).added, 0);
}

static bool is_stale(void)
{
	struct history *h;
	struct err err;
	bool stale;

	assert_int_equal(history_open(false, false, &h, &err), 0);
	stale = history_stale(h);
	history_close(h);
	return stale;
}

static void test_stale(void **state)
{
	(void)state;
	make_kernel("7.3", "a", 1, 100);
	update(false);
	assert_false(is_stale());
	update(true);
	assert_false(is_stale());
	make_kernel("7.4", "a", 2, 100);
	assert_true(is_stale());
}

static void test_foreign(void **state)
{
	cleanup_free char *path = NULL;
	struct history *h;
	struct err err;

	(void)state;
	make_kernel("7.3", "a", 1, 100);
	update(false);
	path = xasprintf("%s/.index/results.db", results);
	assert_int_equal(file_write(path, "no database, but long enough to be taken for one.....", 50, &err), 0);
	assert_int_equal(history_open(true, false, &h, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "wringer index --fresh"));
	assert_int_equal(update(true).added, SEEDS);
}

/* Killed at any moment, the index is whole, and the next update makes it complete. */
static void test_killed(void **state)
{
	cleanup_free char *want = NULL;
	unsigned int i;

	(void)state;
	make_ladder();
	update(true);
	want = dump();
	for (i = 0; i < 200; i++) {
		cleanup_free char *got = NULL;
		pid_t pid = fork();

		if (!pid) {
			for (;;)
				update(true);
		}
		assert_true(pid > 0);
		usleep(i * 397 % 40000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		update(false);
		got = dump();
		assert_string_equal(got, want);
	}
}

/* Two at a time: the second waits, and finds all done. */
static void test_together(void **state)
{
	cleanup_free char *want = NULL, *got = NULL;
	int status, i;

	(void)state;
	make_ladder();
	update(true);
	want = dump();
	for (i = 0; i < 4; i++)
		if (!fork()) {
			update(i % 2);
			_exit(0);
		}
	for (i = 0; i < 4; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	got = dump();
	assert_string_equal(got, want);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(tmp) ? 0 : -1;
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
		cmocka_unit_test_setup(test_change, new_results),
		cmocka_unit_test_setup(test_changes, new_results),
		cmocka_unit_test_setup(test_kept, new_results),
		cmocka_unit_test_setup(test_older, new_results),
		cmocka_unit_test_setup(test_by_time, new_results),
		cmocka_unit_test_setup(test_newest, new_results),
		cmocka_unit_test_setup(test_select, new_results),
		cmocka_unit_test_setup(test_stale, new_results),
		cmocka_unit_test_setup(test_rebuilt, new_results),
		cmocka_unit_test_setup(test_foreign, new_results),
		cmocka_unit_test_setup(test_killed, new_results),
		cmocka_unit_test_setup(test_together, new_results),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
