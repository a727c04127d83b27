// SPDX-License-Identifier: GPL-2.0-only
/* What the probe's plugin has counted: the parser, the sums, and what a page costs. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "result/counts.h"

#define HEAD                                                                                      \
	"wringer counts 1\n"                                                                      \
	"window 1000 1500 500 1003\n"                                                             \
	"lost 0 0 0\n"                                                                            \
	"agent 10 20\n"                                                                           \
	"cpu 300 250\n"                                                                           \
	"cpu 100 350\n"
#define FUNCS                                                                                     \
	"func 400 schedule\n"                                                                     \
	"func 0 balance_pgdat\n"                                                                  \
	"func 5 shrink_node\n"                                                                    \
	"func 0 asm_sysvec_apic_timer_interrupt\n"                                                \
	"func 0 zram:zram_submit_bio\n"                                                           \
	"func 0 scsi_debug:resp_write\n"                                                         \
	"func 0 memcpy\n"
#define ROOTS                                                                                     \
	"root 0\nroot 0\nroot 0\nroot 0\nroot 0\nroot 0\n"                                        \
	"root 0\nroot 0\nroot 0\nroot 0\nroot 0\nroot 0\n"
/* kswapd: balance_pgdat, shrink_node in it, itself in that, a module in that; a device; an interrupt. */
#define NODES                                                                                     \
	"node 0 1 10\n"                                                                           \
	"node 12 2 20\n"                                                                          \
	"node 13 1 30\n"                                                                          \
	"node 14 4 30\n"                                                                          \
	"node 6 3 50\n"                                                                           \
	"node 2 2 45\n"                                                                           \
	"node 13 5 3\n"                                                                           \
	"node 18 6 7\n"
#define GOOD HEAD FUNCS ROOTS NODES "end\n"

static void parse(const char *text, struct counts *c)
{
	struct err err = {""};

	if (counts_parse(c, text, strlen(text), &err))
		fail_msg("%s", err.msg);
}

static void test_reads(void **unused)
{
	struct counts c;

	(void)unused;
	parse(GOOD, &c);
	assert_int_equal(c.insns, 1000);
	assert_int_equal(c.virtual_ns, 1500);
	assert_int_equal(c.idle_ns, 500);
	assert_int_equal(c.user, 400);
	assert_int_equal(c.kernel, 600);
	assert_int_equal(c.agent_kernel, 20);
	assert_int_equal(c.nr_cpus, 2);
	assert_int_equal(c.cpu[1].kernel, 350);
	assert_int_equal(c.nr_funcs, 7);
	assert_int_equal(c.nr_nodes, 20);
	assert_int_equal(c.node[15].depth, 4);
	counts_release(&c);
}

/* Each of these is the good text with one thing wrong. */
static void test_refuses(void **unused)
{
	static const char *const bad[] = {
		"",
		"wringer counts 2\n",
		HEAD FUNCS ROOTS NODES,                              /* no end */
		GOOD "end\n",                                        /* and more behind it */
		HEAD ROOTS NODES "end\n",                            /* functions that are not there */
		HEAD FUNCS NODES ROOTS "end\n",                      /* nodes before the roots */
		HEAD FUNCS ROOTS "root 0\n" NODES "end\n",           /* a root too many */
		HEAD FUNCS ROOTS "node 12 1 195\n" "end\n",          /* its own parent */
		HEAD FUNCS ROOTS "node 0 7 195\n" "end\n",           /* function 7 of 7 */
		HEAD FUNCS ROOTS "node 0 1 194\n" "end\n",           /* the sum is one short */
		HEAD FUNCS ROOTS "node 0 1 -1\n" "end\n",
		HEAD FUNCS ROOTS "node 0 1 99999999999999999999\n" "end\n",
		HEAD FUNCS ROOTS "node 0 1\n" "end\n",
		HEAD FUNCS ROOTS "node 0 1 195 7\n" "end\n",
		HEAD FUNCS "func 0 a b\n" ROOTS NODES "end\n",       /* a blank in a name */
		HEAD FUNCS "func 0 \n" ROOTS NODES "end\n",
		HEAD FUNCS "func 0 a;b\n" ROOTS NODES "end\n",       /* what folded lines are cut at */
	};
	struct counts c;
	size_t i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (counts_parse(&c, bad[i], strlen(bad[i]), NULL) != -EBADMSG)
			fail_msg("number %zu was taken", i);
	assert_int_equal(counts_parse(&c, GOOD "\0x", sizeof(GOOD) + 1, NULL), -EBADMSG);
}

/* A path that is deeper than any stack the plugin keeps. */
static void test_depth(void **unused)
{
	cleanup_buf struct buf text = {0};
	struct counts c;
	unsigned int i;

	(void)unused;
	buf_adds(&text, "wringer counts 1\nwindow 0 0 0 0\nlost 0 0 0\nagent 0 0\ncpu 0 0\nfunc 0 a\n"
			ROOTS "node 0 0 0\n");
	for (i = 0; i < COUNTS_DEPTH_MAX - 1; i++)
		buf_printf(&text, "node %u 0 0\n", 12 + i);
	buf_adds(&text, "end\n");
	parse(text.data, &c);
	counts_release(&c);
	text.len -= 4;
	buf_printf(&text, "node %u 0 0\nend\n", 12 + i);
	assert_int_equal(counts_parse(&c, text.data, text.len, NULL), -EBADMSG);
}

static void test_folded(void **unused)
{
	cleanup_buf struct buf out = {0};
	struct counts c;

	(void)unused;
	parse(GOOD, &c);
	counts_folded(&c, &out);
	assert_string_equal(
		out.data,
		"kswapd;balance_pgdat 10\n"
		"kswapd;balance_pgdat;shrink_node 20\n"
		"kswapd;balance_pgdat;shrink_node;balance_pgdat 30\n"
		"kswapd;balance_pgdat;shrink_node;balance_pgdat;zram:zram_submit_bio 30\n"
		"kswapd;balance_pgdat;shrink_node;scsi_debug:resp_write 3\n"
		"kswapd;balance_pgdat;shrink_node;scsi_debug:resp_write;memcpy 7\n"
		"kswapd;interrupts;asm_sysvec_apic_timer_interrupt 50\n"
		"limit;shrink_node 45\n");
	counts_release(&c);
}

static json_int_t number(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : -1;
}

static const json_t *named(const json_t *list, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
		if (!strcmp(json_string_value(json_object_get(row, "name")), name))
			return row;
	fail_msg("there is no %s", name);
	return NULL;
}

static json_t *json_of(const char *text, json_t *result)
{
	struct counts c;
	json_t *out;

	parse(text, &c);
	out = counts_json(&c, result);
	counts_release(&c);
	json_decref(result);
	assert_non_null(out);
	return out;
}

static void test_totals(void **unused)
{
	json_t *o = json_of(GOOD, json_object()), *sum = json_object_get(o, "instructions");
	const json_t *kswapd = named(json_object_get(o, "contexts"), "kswapd");

	(void)unused;
	assert_int_equal(number(sum, "total"), 1000);
	assert_int_equal(number(sum, "outside_contexts"), 405);
	assert_int_equal(number(kswapd, "instructions"), 90);
	assert_int_equal(number(kswapd, "device"), 10);
	assert_int_equal(number(kswapd, "interrupts"), 50);
	assert_int_equal(number(json_object_get(o, "window"), "uncounted_ns"), 0);
	assert_int_equal(number(json_object_get(o, "window"), "left_in_blocks"), 3);
	json_decref(o);
}

/* A function that is on the way twice has what is below it once. */
static void test_functions(void **unused)
{
	json_t *o = json_of(GOOD, json_object()), *list = json_object_get(o, "functions");
	const json_t *f = named(list, "balance_pgdat");

	(void)unused;
	assert_int_equal(number(f, "self"), 40);
	assert_int_equal(number(f, "inclusive"), 90);
	assert_int_equal(number(f, "outside"), -1);
	f = named(list, "shrink_node");
	assert_int_equal(number(f, "self"), 65);
	assert_int_equal(number(f, "inclusive"), 125);
	assert_int_equal(number(f, "outside"), 5);
	f = named(list, "memcpy");
	assert_int_equal(number(f, "device"), 7);
	assert_int_equal(number(f, "inclusive"), -1);
	f = named(list, "asm_sysvec_apic_timer_interrupt");
	assert_int_equal(number(f, "interrupts"), 50);
	assert_int_equal(number(f, "inclusive"), -1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "name")),
			    "shrink_node");
	json_decref(o);
}

static void add_metric(json_t *list, const char *name, json_int_t value, const char *meaning)
{
	json_t *m = json_pack("{s:s, s:I}", "name", name, "value", value);

	if (meaning)
		json_object_set_new(m, "meaning", json_string(meaning));
	json_array_append_new(list, m);
}

/* What the kernels count, of the same events. */
static json_t *metrics(const char *meaning, json_int_t direct, json_int_t of_cgroups)
{
	json_t *list = json_array();

	add_metric(list, "reclaim.steal.direct", direct, meaning);
	add_metric(list, "vmstat.pgsteal_kswapd", 3, NULL);
	add_metric(list, "vmstat.pgsteal_direct", direct, NULL);
	add_metric(list, "cgroup.a.stat.pgsteal_direct", of_cgroups, NULL);
	/* Part of a's. */
	add_metric(list, "cgroup.a/b.stat.pgsteal_direct", of_cgroups, NULL);
	return json_pack("{s:o}", "metrics", list);
}

static void assert_row(json_t *pages, size_t i, const char *counter, json_int_t per_page)
{
	const json_t *row = json_array_get(pages, i);
	const char *is = json_string_value(json_object_get(row, "counter"));

	if (counter)
		assert_string_equal(is, counter);
	else
		assert_non_null(json_object_get(row, "absent"));
	assert_int_equal(number(row, "instructions_per_page"), per_page);
}

static void assert_pages(const uint64_t insns[COUNTS_CONTEXTS], json_t *result, size_t nr,
			 const char *counter, json_int_t per_page)
{
	json_t *pages = counts_pages(insns, result);

	assert_int_equal(json_array_size(pages), nr);
	assert_row(pages, 0, "vmstat.pgsteal_kswapd", 33);
	assert_row(pages, 1, counter, per_page);
	json_decref(pages);
	json_decref(result);
}

#define BEFORE "without-cgroup-limits"
#define SINCE  "with-cgroup-limits,without-proactive"

static void test_pages(void **unused)
{
	const uint64_t both[COUNTS_CONTEXTS] = {[COUNTS_KSWAPD] = 100, [COUNTS_DIRECT] = 40,
						[COUNTS_LIMIT] = 60};
	const uint64_t limit[COUNTS_CONTEXTS] = {[COUNTS_KSWAPD] = 100, [COUNTS_LIMIT] = 60};
	json_t *pages, *none;

	(void)unused;
	/* The limit's pages are in the cgroups' counters alone ... */
	assert_pages(limit, metrics(BEFORE, 0, 30), 2, "cgroup.*.stat.pgsteal_direct", 2);
	/* ... unless direct reclaim's are too. */
	assert_pages(both, metrics(BEFORE, 20, 30), 3, "vmstat.pgsteal_direct", 2);
	none = json_object();
	pages = counts_pages(both, none);
	json_decref(none);
	assert_row(pages, 0, NULL, -1);
	json_decref(pages);
	/* One counter for both: one number for both. */
	assert_pages(both, metrics(SINCE, 50, 30), 2, "vmstat.pgsteal_direct", 2);
	assert_pages(limit, metrics(SINCE, 30, 30), 2, "vmstat.pgsteal_direct", 2);
	/* Nothing reclaimed: no number. */
	assert_pages(limit, metrics(SINCE, 0, 0), 2, "vmstat.pgsteal_direct", -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),    cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_depth),    cmocka_unit_test(test_folded),
		cmocka_unit_test(test_totals),   cmocka_unit_test(test_functions),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
