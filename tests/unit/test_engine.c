// SPDX-License-Identifier: GPL-2.0-only
/* The machine's command line; nothing is started here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "engine/engine.h"

#define MIB (1ull << 20)

static const struct machine one = {
	.node = {{384 * MIB, 1}}, .nr_nodes = 1, .records = 16 * MIB,
};

static const struct machine two_smp = {
	.node = {{192 * MIB, 1}, {256 * MIB, 1}}, .nr_nodes = 2,
	.distance = {{0, 20}, {20, 0}}, .records = 32 * MIB,
};

/* The command line in one string, a blank before and behind each argument. */
static void join(const struct args *args, struct buf *out)
{
	size_t i;

	for (i = 0; i < args->nr; i++)
		buf_printf(out, " %s", args->arg[i]);
	buf_adds(out, " ");
	assert_null(args->arg[args->nr]);
}

static void command_line(const struct machine *m, struct buf *out)
{
	struct args args;

	engine_args(m, ENGINE_EXACT, &args);
	assert_string_equal(args.arg[0], "qemu-system-x86_64");
	join(&args, out);
	args_release(&args);
	assert_null(args.arg);
}

static void assert_has(const struct buf *line, const char *words)
{
	const char *at = strstr(line->data, words);

	if (!at)
		fail_msg("'%s' is not in:%s", words, line->data);
	assert_null(strstr(at + 1, words));
}

static void test_two_nodes(void **unused)
{
	cleanup_buf struct buf line = {0};

	(void)unused;
	command_line(&two_smp, &line);
	assert_has(&line, " -m 448M -smp 2"
			  " -object memory-backend-ram,id=m0,size=192M"
			  " -numa node,nodeid=0,memdev=m0,cpus=0"
			  " -object memory-backend-ram,id=m1,size=256M"
			  " -numa node,nodeid=1,memdev=m1,cpus=1"
			  " -numa dist,src=0,dst=1,val=20 -numa dist,src=1,dst=0,val=20 ");
	assert_has(&line, " -object memory-backend-file,id=records,size=32M,mem-path=records,"
			  "share=on ");
}

/* CPUs are numbered in the order of the nodes; a node without one, and one with several. */
static void test_uneven_nodes(void **unused)
{
	static const struct machine m = {
		.node = {{64 * MIB, 3}, {32 * MIB, 0}, {16 * MIB, 3}}, .nr_nodes = 3,
		.distance = {{0, 0, 60}}, .records = MIB,
	};
	cleanup_buf struct buf line = {0};

	(void)unused;
	command_line(&m, &line);
	assert_has(&line, " -m 112M -smp 6 ");
	assert_has(&line, " -numa node,nodeid=0,memdev=m0,cpus=0-2 ");
	assert_has(&line, " -numa node,nodeid=1,memdev=m1 ");
	assert_has(&line, " -numa node,nodeid=2,memdev=m2,cpus=3-5 ");
	assert_has(&line, " -numa dist,src=0,dst=2,val=60 ");
	assert_null(strstr(line.data, "dst=1"));
}

/* What makes the clock a function of the instructions, and nothing that would undo it. */
static void test_exact(void **unused)
{
	static const char *const never[] = {"-netdev", "-nic", "-monitor", "-qmp", "virtio", "kvm",
					    "rng-random", "hpet=on", "-daemonize", "sleep=on"};
	cleanup_buf struct buf line = {0};
	size_t i;

	(void)unused;
	command_line(&one, &line);
	assert_has(&line, " -accel tcg,thread=single,");
	assert_has(&line, " -icount shift=0,sleep=off ");
	assert_has(&line, " -rtc base=2026-01-01,clock=vm ");
	assert_has(&line, ",-rdrand,-rdseed,");
	assert_has(&line, " -plugin ./exact.so ");
	assert_has(&line, " -nodefaults ");
	assert_has(&line, " -no-user-config ");
	assert_has(&line, " -smp 1 ");
	assert_has(&line, " nokaslr ");
	assert_has(&line, " -kernel kernel -initrd initrd ");
	assert_has(&line, " -fw_cfg name=opt/org.wringer/plan,file=plan ");
	for (i = 0; i < ARRAY_SIZE(never); i++)
		assert_null(strstr(line.data, never[i]));
}

/* Equal on every machine: no path but names in the run's folder. */
static void test_no_paths(void **unused)
{
	struct args here;
	size_t i;

	(void)unused;
	engine_args(&two_smp, ENGINE_EXACT, &here);
	for (i = 0; i < here.nr; i++) {
		const char *arg = here.arg[i];

		assert_int_not_equal(arg[0], '/');
		assert_null(strstr(arg, "=/"));
		assert_null(strstr(arg, ",/"));
		assert_null(strstr(arg, ":/"));
		assert_null(strstr(arg, ".."));
	}
	args_release(&here);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_uneven_nodes),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_no_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
