// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the scenario language: includes and parameters, common keys, steps, expectations. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/file.h"
#include "experiment/catalogue.h"
#include "experiment/condition.h"
#include "experiment/scenario.h"
#include "result/expect.h"

static char tmp[] = "/tmp/wringer-test-language-XXXXXX";

static void put(const char *name, const char *text)
{
	assert_int_equal(file_write(name, text, strlen(text), NULL), 0);
}

/*
 * ---- [include] and [param] ----
 */

/* What a file says wins over what it includes, whichever section that is in. */
static void test_include(void **unused)
{
	struct conf conf;
	struct err err;

	(void)unused;
	put("base.conf", "[a]\nk = 1\nkept = yes\n[only base]\nx = 1\n");
	put("top.conf", "[include base]\n[a]\nk = 2\nnew = 3\n[only top]\ny = 2\n");
	assert_int_equal(conf_load(&conf, "top.conf", NULL, &err), 0);
	assert_int_equal(conf.nr_sections, 3);
	assert_string_equal(conf_get(conf_section(&conf, "a", ""), "k"), "2");
	assert_string_equal(conf_get(conf_section(&conf, "a", ""), "kept"), "yes");
	assert_string_equal(conf_get(conf_section(&conf, "a", ""), "new"), "3");
	assert_string_equal(conf_get(conf_section(&conf, "only", "base"), "x"), "1");
	assert_string_equal(conf_get(conf_section(&conf, "only", "top"), "y"), "2");
	conf_release(&conf);
}

/* A complaint names the file that has the line. */
static void test_include_bad(void **unused)
{
	static const char *const cases[][3] = {
		{"[include base]\n[a]\nk = 1\nk = 2\n", "[a]\nk = 0\n", "top.conf:4: key 'k' is"},
		{"[include base]\n", "[a]\nk = 1\nword\n", "base.conf:3: expected"},
		{"[include base]\nk = 1\n", "[a]\n", "top.conf:2: a key before any"},
		{"\n[include none]\n", "", "top.conf:2: there is no none.conf"},
		{"[include top]\n", "", "too many files"},
		{"[include base]\n[a]\n[a]\n", "[a]\n", "top.conf:3: section [a] is there twice"},
		{"[include]\n", "", "top.conf:1: nothing can be included"},
	};
	struct conf conf;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		put("top.conf", cases[i][0]);
		put("base.conf", cases[i][1]);
		assert_int_equal(conf_load(&conf, "top.conf", NULL, &err), -EINVAL);
		if (!strstr(err.msg, cases[i][2]))
			fail_msg("case %zu: %s", i, err.msg);
	}
	assert_int_equal(conf_parse(&conf, "text", "[include base]\n", 15, &err), -EINVAL);
}

static void test_param(void **unused)
{
	static const char text[] = "[param]\na = 1\nb = ${a}2\n[s x${a}]\nk = <${b}> ${a}${a} $5\n";
	struct conf conf;
	struct err err;

	(void)unused;
	assert_int_equal(conf_parse(&conf, "t", text, strlen(text), &err), 0);
	conf_set(&conf, "param", "a", "7", 0);
	assert_int_equal(conf_expand(&conf, &err), 0);
	assert_string_equal(conf_get(conf_section(&conf, "s", "x7"), "k"), "<72> 77 $5");
	assert_int_equal(conf_unused(&conf, &err), 0);
	conf_release(&conf);
}

static void test_param_bad(void **unused)
{
	static const char *const cases[][2] = {
		{"[s]\nk = ${a}\n", "t:2: there is no parameter ${a}"},
		{"[param]\na = ${b}\nb = 1\n", "t:2: there is no parameter ${b} yet"},
		{"[param]\na = ${a}\n", "t:2: there is no parameter ${a} yet"},
		{"[s]\nk = ${a\n", "t:2: there is no parameter"},
		{"[param]\na = x\n[s ${a}]\n[s x]\n", "t:4: section [s x] is there twice"},
	};
	struct conf conf;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(conf_parse(&conf, "t", cases[i][0], strlen(cases[i][0]), &err), 0);
		assert_int_equal(conf_expand(&conf, &err), -EINVAL);
		assert_non_null(strstr(err.msg, cases[i][1]));
		conf_release(&conf);
	}
}

/* Values that grow without end stop at a line's length. */
static void test_param_long(void **unused)
{
	cleanup_buf struct buf text = {0};
	struct conf conf;
	struct err err;
	int i;

	(void)unused;
	buf_adds(&text, "[param]\np0 = xxxxxxxxxxxxxxxx\n");
	for (i = 1; i < 30; i++)
		buf_printf(&text, "p%d = ${p%d}${p%d}\n", i, i - 1, i - 1);
	assert_int_equal(conf_parse(&conf, "t", buf_str(&text), text.len, &err), 0);
	assert_int_equal(conf_expand(&conf, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "longer than"));
	conf_release(&conf);
}

/*
 * ---- Scenarios ----
 */

#define HEAD "[scenario]\ntitle = t\nwindow = 1s\n"
#define WORK "[cgroup app]\n[workload w]\ntype = anon\ncgroup = app\n[workload v]\ntype = anon\n"

static int load(struct scenario *s, const char *text, char *const *set, struct err *err)
{
	put("t.conf", text);
	return scenario_load(s, "t.conf", set, err);
}

static void test_set(void **unused)
{
	static char z[] = "size=32M", w[] = "window=2s", same[] = "size=16M";
	char *set[] = {z, w, NULL}, *as_is[] = {same, NULL};
	struct scenario s;
	struct err err;

	(void)unused;
	assert_int_equal(load(&s, "[param]\nsize = 16M\n" HEAD "[workload w]\ntype = anon\n"
				  "size = ${size}\n", set, &err), 0);
	/* In the order of the alphabet, whichever was said first. */
	assert_string_equal(s.name, "t:size=32M:window=2s");
	assert_int_equal(s.window_ns, 2000000000);
	assert_int_equal(*(uint64_t *)s.work[0].opts, 32 << 20);
	scenario_release(&s);
	assert_int_equal(load(&s, "[param]\nsize = 16M\n" HEAD WORK, as_is, &err), 0);
	assert_string_equal(s.name, "t");
	scenario_release(&s);
	assert_int_equal(load(&s, HEAD WORK, as_is, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "'size=16M' sets neither"));
}

static void test_words(void **unused)
{
	struct scenario s;
	struct err err;

	(void)unused;
	put("t.conf", HEAD WORK);
	assert_int_equal(catalogue_load("./t.conf:window=3s:sample=0", &s, &err), 0);
	assert_string_equal(s.name, "t:sample=0:window=3s");
	assert_int_equal(s.sample_ns, 0);
	scenario_release(&s);
	/* Colons and slashes of a value are its own. */
	put("t.conf", "[param]\npath = x\n" HEAD WORK);
	assert_int_equal(catalogue_load("./t.conf:path=a:b.sh c:/d:window=3s", &s, &err), 0);
	assert_string_equal(s.name, "t:path=a:b.sh c:/d:window=3s");
	assert_int_equal(s.window_ns, 3000000000);
	scenario_release(&s);
	assert_int_equal(catalogue_load("./none.conf", &s, &err), -ENOENT);
	assert_int_equal(catalogue_load("none", &s, &err), -ENOENT);
}

static void test_works(void **unused)
{
	static const char text[] =
		HEAD "[workload many]\ntype = anon\ncount = 3\ncpus = 0-1\nmempolicy = bind\n"
		     "nodes = 0\nnice = 3\nops = 10\n"
		     "[workload late]\ntype = anon\nstart = 1s\nstop = 2s\n"
		     "[workload next]\ntype = anon\nfollows = late\n";
	struct scenario s;
	struct err err;

	(void)unused;
	assert_int_equal(load(&s, text, NULL, &err), 0);
	assert_int_equal(s.nr_works, 5);
	assert_string_equal(s.work[0].name, "many-1");
	assert_string_equal(s.work[2].name, "many-3");
	assert_int_equal(s.work[1].instance, 1);
	assert_string_equal(s.work[1].nodes, "0");
	assert_int_equal(s.work[1].ops, 10);
	assert_false(s.work[0].held);
	assert_true(scenario_work(&s, "late")->held);
	assert_true(scenario_work(&s, "next")->held);
	assert_string_equal(buf_str(&s.steps),
			    "step +start-late\nat gate 1000000000\ndo start late\n"
			    "step +stop-late\nat gate 2000000000\ndo stop late\n"
			    "step +start-next\nat gate 0\nwhen @late gone 0 == 1\ndo start next\n");
	scenario_release(&s);
}

static void test_step(void **unused)
{
	static const char text[] =
		HEAD WORK "[step a]\nat = open + 5ms\nwhen = cgroup.app.current > +3M\n"
			  "app/memory.max = 8M\napp/memory.reclaim = 4M swappiness=10\n"
			  "/proc/sys/vm/swappiness = 1\nstart = w v\nmark = here\nonline = 1\n"
			  "sleep = 1us\nwait = workload.w.ops >= 7\ndrop_caches = 2\n"
			  "[step b]\nfollows = a\ndelay = 1ms\nevery = 2ms\ntimes = 4\nkill = v\n";
	struct scenario s;
	struct err err;

	(void)unused;
	if (load(&s, text, NULL, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(
		buf_str(&s.steps),
		"step a\nat open 5000000\n"
		"when /sys/fs/cgroup/app/memory.current - gate > 3145728\n"
		"do write /sys/fs/cgroup/app/memory.max 8M\n"
		"do reclaim /sys/fs/cgroup/app/memory.reclaim 4M swappiness=10\n"
		"do write /proc/sys/vm/swappiness 1\ndo start w\ndo start v\ndo mark here\n"
		"do memory 1 online\ndo sleep 1000\ndo wait @w ops 0 >= 7\n"
		"do write /proc/sys/vm/drop_caches 2\n"
		"step b\nfollow a\ndelay 1000000\nevery 2000000 4\ndo kill v\n");
	assert_true(s.work[0].held && s.work[1].held);
	scenario_release(&s);
}

static void test_scenario_bad(void **unused)
{
	static const char *const cases[][2] = {
		{"[step a]\nat = 1s\n", "t.conf:10: [step a] does nothing"},
		{"[step a]\nat = x\nsleep = 1s\n", "t.conf:10: at = x"},
		{"[step a]\nsleep = 1s\n", "t.conf:10: [step a] needs one of"},
		{"[step a]\nat = 1s\ntimes = 2\nsleep = 1s\n", "times needs every"},
		{"[step a]\nfollows = a\nsleep = 1s\n", "no other [step a]"},
		{"[step a]\nat = 1s\nstart = nobody\n", "t.conf:12: there is no [workload nobody]"},
		{"[step a]\nat = 1s\n/etc/passwd = x\n", "files below /proc/ and /sys/"},
		{"[step a]\nat = 1s\nb/memory.max = x\n", "t.conf:12: there is no [cgroup b]"},
		{"[step a]\nat = 1s\nmark = open\n", "but open and close"},
		{"[step a]\nat = 1s\ndrop_caches = 4\n", "1 (page cache)"},
		{"[step a]\nwhen = vmstat.x ~ 3\nsleep = 1s\n", "COUNTER OP VALUE"},
		{"[step a]\nwhen = vmstat.x > much\nsleep = 1s\n", "'much' is no value for"},
		{"[step a]\nwhen = nothing.x > 1\nsleep = 1s\n", "no such counter"},
		{"[workload x]\ntype = anon\nstart = 2s\nstop = 1s\n", "stops before it starts"},
		{"[workload x]\ntype = anon\nmempolicy = bind\n", "mempolicy bind needs nodes"},
		{"[workload x]\ntype = anon\nnodes = 1\n", "mempolicy default has no nodes"},
		{"[workload x]\ntype = anon\ncpus = all\n", "are lists of numbers"},
		{"[workload x]\ntype = anon\nfollows = y\n", "no other [workload y]"},
		{"[workload w-1]\ntype = anon\n[workload w-1-1]\ntype = anon\ncount = 0\n",
		 "out of range"},
		{"[workload x]\ntype = anon\ncount = 64\n", "more than 64 workloads"},
		{"[cgroup app/below]\n", "can hold no workload"},
		{"[expect]\nnothing + = 1\n", "t.conf:11: nothing + = 1: a value is missing"},
	};
	struct scenario s;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = xasprintf(HEAD WORK "%s", cases[i][0]);

		assert_int_equal(load(&s, text, NULL, &err), -EINVAL);
		if (!strstr(err.msg, cases[i][1]))
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* What decides must be something that results have. */
static void test_primary(void **unused)
{
	static const struct {
		const char *name;
		bool fine;
	} cases[] = {
		{"workload.w.rate", true},        {"workload.w.touches", true},
		{"workload.x.rate", false},       {"workload.w.scanned", false},
		{"cgroup.app.psi.memory.some_us", true}, {"cgroup.no.psi.memory.some_us", false},
		{"swap.out", true},               {"swap.sideways", false},
		{"vmstat.pswpout", true},         {"cgroup.app.stat.anon", true},
	};
	struct scenario s;
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = xasprintf(HEAD "primary = swap.in %s\n" WORK,
						    cases[i].name);
		int ret = load(&s, text, NULL, &err);

		if (!ret != cases[i].fine)
			fail_msg("%s: %s", cases[i].name, ret ? err.msg : "was taken");
		if (!ret)
			scenario_release(&s);
	}
}

/* Options of a type with the name of a key that all have would never be heard of. */
static void test_no_shadows(void **unused)
{
	size_t i, k, n;

	(void)unused;
	for (i = 0; workloads[i]; i++)
		for (k = 0; k < workloads[i]->nr_options; k++)
			for (n = 0; n < nr_scenario_work_keys; n++)
				assert_string_not_equal(workloads[i]->options[k].name,
							scenario_work_keys[n].name);
}

static void test_condition(void **unused)
{
	static const char *const cases[][2] = {
		{"vmstat.pswpout > 5", "/proc/vmstat pswpout 0 > 5"},
		{"meminfo.MemFree < 3M", "/proc/meminfo MemFree 0 < 3072"},
		{"node.1.nr_free_pages != +2",
		 "/sys/devices/system/node/node1/vmstat nr_free_pages gate != 2"},
		{"psi.memory.some_us >= 10ms", "/proc/pressure/memory some,total= 0 >= 10000"},
		{"cgroup.app.stat.anon <= 1K", "/sys/fs/cgroup/app/memory.stat anon 0 <= 1024"},
		{"cgroup.app.events.local.max == 1",
		 "/sys/fs/cgroup/app/memory.events.local max 0 == 1"},
		{"cgroup./.dying > 1", "/sys/fs/cgroup/cgroup.stat nr_dying_descendants 0 > 1"},
		{"workload.w.touches > 1", "@w 1 0 > 1"},
		{"file /proc/loadavg > 1", "/proc/loadavg - 0 > 1"},
		{"file /proc/zoneinfo high > 1", "/proc/zoneinfo high 0 > 1"},
	};
	struct scenario s;
	struct err err;
	size_t i;

	(void)unused;
	assert_int_equal(load(&s, HEAD WORK, NULL, &err), 0);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_buf struct buf out = {0};

		if (condition_plan(&s, cases[i][0], 1, &out, &err))
			fail_msg("%s", err.msg);
		assert_string_equal(buf_str(&out), cases[i][1]);
	}
	scenario_release(&s);
}

/*
 * ---- Expectations ----
 */

#define REGION (1 << 20)

static _Alignas(8) uint8_t region[REGION];

static void put_texts(struct wire_writer *w, uint64_t pswpin, uint64_t current)
{
	cleanup_free char *vmstat = xasprintf("pswpin %llu\n", (unsigned long long)pswpin);
	cleanup_free char *number = xasprintf("%llu\n", (unsigned long long)current);

	wire_put(w, WIRE_TEXT, 0, 1, vmstat, (uint32_t)strlen(vmstat));
	wire_put(w, WIRE_TEXT, 1, 1, number, (uint32_t)strlen(number));
}

/* open: 10 swapped in, 8 MiB; mark m: 25, 4 MiB; close: 40, 2 MiB. */
static void make_records(struct records *rec)
{
	struct wire_work work = {.ops = 77, .metric = {5, 6}};
	struct wire_writer w;

	wire_start(&w, region, sizeof(region));
	wire_put(&w, WIRE_SOURCE, 0, 1, "vmstat", 6);
	wire_put(&w, WIRE_SOURCE, 1, 1, "memory.current app", 18);
	wire_put(&w, WIRE_WORKLOAD, 0, 1, "w\nanon", 6);
	wire_put(&w, WIRE_PHASE, WIRE_OPEN, 10, NULL, 0);
	put_texts(&w, 10, 8 << 20);
	wire_put(&w, WIRE_PHASE, WIRE_MARK, 20, "m", 1);
	wire_put(&w, WIRE_WORK, 0, 20, &work, sizeof(work));
	put_texts(&w, 25, 4 << 20);
	wire_put(&w, WIRE_STEP, 0, 25, "s\nless than asked", 17);
	wire_put(&w, WIRE_PHASE, WIRE_CLOSE, 30, NULL, 0);
	put_texts(&w, 40, 2 << 20);
	wire_put(&w, WIRE_END, WIRE_DONE, 40, NULL, 0);
	assert_int_equal(records_parse(rec, region, sizeof(region)), 0);
	assert_false(rec->damaged);
}

/* A mark is no sample: what goes over those must not see it. */
static void test_mark(void **unused)
{
	struct records rec;

	(void)unused;
	make_records(&rec);
	assert_int_equal(rec.nr_sets, 2);
	assert_int_equal(rec.nr_marks, 1);
	assert_int_equal(records_mark(&rec, "m")->time_ns, 20);
	assert_null(records_mark(&rec, "n"));
	assert_int_equal(rec.nr_steps, 1);
	assert_true(text_is(rec.step[0].name, "s"));
	assert_true(text_is(rec.step[0].outcome, "less than asked"));
	assert_int_equal(rec.last_phase, WIRE_CLOSE);
	records_release(&rec);
}

static json_t *evaluate(const struct records *rec, const char *left, const char *right)
{
	json_t *expect = json_pack("{s:s}", left, right);
	json_t *metrics = json_pack("[{s:s, s:i}, {s:s, s:s}]", "name", "swap.in", "value", 30,
				    "name", "gone", "absent", "why");
	json_t *out = expect_evaluate(expect, rec, metrics);

	json_decref(expect);
	json_decref(metrics);
	return out;
}

static void test_expect(void **unused)
{
	static const struct {
		const char *left, *right;
		bool holds;
	} cases[] = {
		{"vmstat.pswpin@open", "10", true},
		{"vmstat.pswpin@open", "11", false},
		{"vmstat.pswpin@m", "== 25", true},
		{"vmstat.pswpin@open..m", "== 15", true},
		{"vmstat.pswpin@m..close", "!= 15", false},
		{"cgroup.app.current@m", "<= 4M >= 4096K", true},
		{"cgroup.app.current@m", "<= 4M > 4M", false},
		{"cgroup.app.current@open", "> cgroup.app.current@m * 2 - 1", true},
		{"cgroup.app.current@open", "> cgroup.app.current@m * 2", false},
		{"2 + 3 * 4 - 6 / 4", "12.5", true},
		{"swap.in", ">= 30 <= 30", true},
		{"swap.in + vmstat.pswpin@close", "70", true},
		{"workload.w.ops@m", "77", true},
		{"workload.w.touches@m", "6", true},
		{"cgroup.app.current@open..close", "-6M", true},
	};
	struct records rec;
	size_t i;

	(void)unused;
	make_records(&rec);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *out = evaluate(&rec, cases[i].left, cases[i].right);
		json_t *holds = json_object_get(json_array_get(out, 0), "holds");

		if (!holds || json_is_true(holds) != cases[i].holds)
			fail_msg("%s = %s", cases[i].left, cases[i].right);
		assert_true(!expect_failed(out) == cases[i].holds);
		assert_null(expect_absent(out));
		json_decref(out);
	}
	records_release(&rec);
}

static void test_expect_absent(void **unused)
{
	static const char *const cases[][2] = {
		{"vmstat.nothing@m", "no counter vmstat.nothing"},
		{"vmstat.pswpin@n", "did not come to the point 'n'"},
		{"gone", "no value of the metric gone"},
		{"never.was", "no value of the metric never.was"},
		{"workload.x.ops@m", "no counter workload.x.ops"},
		{"1 / 0", "division by zero"},
	};
	struct records rec;
	size_t i;

	(void)unused;
	make_records(&rec);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *out = evaluate(&rec, cases[i][0], "> 1");
		const json_t *absent = expect_absent(out);

		assert_non_null(absent);
		assert_null(expect_failed(out));
		assert_non_null(strstr(json_string_value(json_object_get(absent, "absent")),
				       cases[i][1]));
		json_decref(out);
	}
	records_release(&rec);
}

static void test_expect_parse(void **unused)
{
	static const char *const bad[][2] = {
		{"a b", "1"},     {"a", ""},        {"a", "< "},       {"a", "< 1 2"},
		{"a", "< 1 <"},   {"a @ b", "1"},   {"@b", "1"},       {"a@", "1"},
		{"a", "1X"},      {"a", "== == 1"}, {"a +", "1"},      {"a", "1 < 2 < 3 < 4"},
		{"a;b", "1"},     {"a", "$x"},      {"a@b..", "1"},
	};
	struct err err;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (!expect_parse(bad[i][0], bad[i][1], &err))
			fail_msg("%s = %s was taken", bad[i][0], bad[i][1]);
	assert_int_equal(expect_parse("a.b_c + 1", "< x@open..close * 2 > 5G", &err), 0);
}

static int set_up(void **unused)
{
	(void)unused;
	return mkdtemp(tmp) && !chdir(tmp) ? 0 : -1;
}

static int tear_down(void **unused)
{
	(void)unused;
	return chdir("/") || dir_remove(tmp, NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_include),      cmocka_unit_test(test_include_bad),
		cmocka_unit_test(test_param),        cmocka_unit_test(test_param_bad),
		cmocka_unit_test(test_param_long),   cmocka_unit_test(test_set),
		cmocka_unit_test(test_words),        cmocka_unit_test(test_works),
		cmocka_unit_test(test_step),         cmocka_unit_test(test_scenario_bad),
		cmocka_unit_test(test_primary),
		cmocka_unit_test(test_no_shadows),   cmocka_unit_test(test_condition),
		cmocka_unit_test(test_mark),         cmocka_unit_test(test_expect),
		cmocka_unit_test(test_expect_absent), cmocka_unit_test(test_expect_parse),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
