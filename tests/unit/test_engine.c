// SPDX-License-Identifier: GPL-2.0-only
/* The machine's command line; nothing is started here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "engine/debug.h"
#include "engine/engine.h"
#include "engine/interactive.h"
#include "engine/uml.h"
#include "wire/wire.h"

#define MIB (1ull << 20)

static const struct machine one = {
	.node = {{.memory = 384 * MIB, .cpus = 1}}, .nr_nodes = 1, .records = 16 * MIB,
};

static const struct machine two_smp = {
	.node = {{.memory = 192 * MIB, .cpus = 1}, {.memory = 256 * MIB, .cpus = 1}},
	.nr_nodes = 2,
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
	assert_has(&line, " -m 448M -smp 2,sockets=2,cores=1,threads=1"
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
		.node = {{.memory = 64 * MIB, .cpus = 3},
			 {.memory = 32 * MIB},
			 {.memory = 16 * MIB, .cpus = 3}},
		.nr_nodes = 3, .distance = {{0, 0, 60}}, .records = MIB,
	};
	cleanup_buf struct buf line = {0};

	(void)unused;
	command_line(&m, &line);
	assert_has(&line, " -m 112M -smp 6,sockets=6,cores=1,threads=1 ");
	assert_has(&line, " -numa node,nodeid=0,memdev=m0,cpus=0-2 ");
	assert_has(&line, " -numa node,nodeid=1,memdev=m1 ");
	assert_has(&line, " -numa node,nodeid=2,memdev=m2,cpus=3-5 ");
	/* All distances or none: what is left out is 20. */
	assert_has(&line, " -numa dist,src=0,dst=1,val=20 -numa dist,src=0,dst=2,val=60"
			  " -numa dist,src=1,dst=0,val=20 -numa dist,src=1,dst=2,val=20"
			  " -numa dist,src=2,dst=0,val=20 -numa dist,src=2,dst=1,val=20 -kernel ");
}

/* A node of CPUs only has no memory behind it. */
static void test_memoryless(void **unused)
{
	static const struct machine m = {
		.node = {{.memory = 64 * MIB, .cpus = 1}, {.cpus = 2}}, .nr_nodes = 2,
		.records = MIB,
	};
	cleanup_buf struct buf line = {0};

	(void)unused;
	command_line(&m, &line);
	assert_has(&line, " -m 64M -smp 3,sockets=3,cores=1,threads=1 -object memory-backend-ram,id=m0,size=64M"
			  " -numa node,nodeid=0,memdev=m0,cpus=0"
			  " -numa node,nodeid=1,cpus=1-2 -kernel ");
}

/* Plugged in at an address that the guest knows, switched on later. */
static void test_movable(void **unused)
{
	static const struct machine m = {
		.node = {{.memory = 64 * MIB, .cpus = 1},
			 {.memory = 128 * MIB, .cpus = 1, .movable = true},
			 {.memory = 256 * MIB, .movable = true}},
		.nr_nodes = 3, .records = MIB,
	};
	cleanup_buf struct buf line = {0};

	(void)unused;
	command_line(&m, &line);
	assert_has(&line, " -m 64M,slots=2,maxmem=448M -smp 2,sockets=2,cores=1,threads=1 ");
	assert_has(&line, " -object memory-backend-ram,id=m1,size=128M -numa node,nodeid=1,cpus=1"
			  " -object memory-backend-ram,id=m2,size=256M -numa node,nodeid=2"
			  " -device pc-dimm,memdev=m1,node=1,addr=0x100000000"
			  " -device pc-dimm,memdev=m2,node=2,addr=0x108000000 ");
	assert_has(&line, " unknown_nmi_panic memhp_default_state=offline swiotlb=noforce ");
}

/* Every node with CPUs says what access to every node with memory costs it. */
static void test_hmat(void **unused)
{
#define LB(from, to, ns, mib)                                                              \
	" -numa hmat-lb,initiator=" from ",target=" to ",hierarchy=memory,"                \
	"data-type=access-latency,latency=" ns                                             \
	" -numa hmat-lb,initiator=" from ",target=" to ",hierarchy=memory,"                \
	"data-type=access-bandwidth,bandwidth=" mib "M"
	static const struct machine m = {
		.node = {{.memory = 64 * MIB, .cpus = 1, .latency_ns = 100,
			  .bandwidth = 1000 * MIB},
			 {.cpus = 1, .initiator = 1},
			 {.memory = 32 * MIB, .latency_ns = 300, .bandwidth = 500 * MIB,
			  .initiator = 1}},
		.nr_nodes = 3, .distance = {{0, 20, 60}, {20, 0, 30}, {60, 30, 0}},
		.records = MIB,
	};
	cleanup_buf struct buf line = {0};

	(void)unused;
	command_line(&m, &line);
	assert_has(&line, " -numa node,nodeid=0,memdev=m0,cpus=0,initiator=0 ");
	assert_has(&line, " -numa node,nodeid=1,cpus=1,initiator=1 ");
	assert_has(&line, " -numa node,nodeid=2,memdev=m2,initiator=1 ");
	assert_has(&line, " -machine hmat=on" LB("0", "0", "100", "1000") LB("0", "2", "600", "250")
			  LB("1", "0", "200", "500") LB("1", "2", "300", "500") " -kernel ");
#undef LB
}

/* What guests without any of this had on the command line, and nothing more. */
static void test_plain(void **unused)
{
	static const char *const never[] = {"hmat", "slots", "pc-dimm", "initiator", "memhp",
					    "swiotlb", "dist,"};
	cleanup_buf struct buf line = {0};
	size_t i;

	(void)unused;
	command_line(&one, &line);
	assert_has(&line, " -m 384M -smp 1 -object memory-backend-ram,id=m0,size=384M"
			  " -numa node,nodeid=0,memdev=m0,cpus=0 -kernel ");
	for (i = 0; i < ARRAY_SIZE(never); i++)
		assert_null(strstr(line.data, never[i]));
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
	assert_has(&line, " -fw_cfg name=opt/org.wringer/setup,file=setup ");
	assert_has(&line, " -fw_cfg name=opt/org.wringer/plan,file=plan ");
	for (i = 0; i < ARRAY_SIZE(never); i++)
		assert_null(strstr(line.data, never[i]));
}

static void engine_line(enum engine engine, struct buf *out)
{
	struct args args;

	engine_args(&one, engine, &args);
	join(&args, out);
	args_release(&args);
}

/* The engines in real time: nothing of the instruction counter, the same machine. */
static void test_other_engines(void **unused)
{
	cleanup_buf struct buf kvm = {0}, fast = {0};

	(void)unused;
	engine_line(ENGINE_KVM, &kvm);
	assert_has(&kvm, " -accel kvm -cpu host,-rdrand,-rdseed ");
	engine_line(ENGINE_FAST, &fast);
	assert_has(&fast, " -accel tcg,thread=single,");
	assert_null(strstr(kvm.data, "-icount"));
	assert_null(strstr(fast.data, "-icount"));
	assert_null(strstr(kvm.data, "-plugin"));
	assert_null(strstr(fast.data, "-plugin"));
	assert_string_equal(strstr(kvm.data, " -seed "), strstr(fast.data, " -seed "));
	assert_int_equal(engine_find("fast"), ENGINE_FAST);
	assert_int_equal(engine_find("fas"), ENGINE_NR);
	assert_string_equal(engine_name(ENGINE_KVM), "kvm");
}

static void changed(enum debug_mode mode, struct buf *out)
{
	struct args args, debug;

	engine_args(&one, ENGINE_EXACT, &args);
	debug_args(&args, mode, &debug);
	join(&debug, out);
	args_release(&debug);
	args_release(&args);
}

static void test_debug(void **unused)
{
	cleanup_buf struct buf live = {0}, record = {0}, replay = {0};

	(void)unused;
	changed(DEBUG_LIVE, &live);
	assert_has(&live, " -icount shift=0,sleep=off ");
	assert_has(&live, " -action shutdown=pause,watchdog=reset ");
	assert_has(&live, " -device ivshmem-plain,memdev=records,master=on ");
	changed(DEBUG_RECORD, &record);
	assert_has(&record, " shift=0,sleep=off,rr=record,rrfile=rr.bin,rrsnapshot=start ");
	assert_has(&record, " -device ivshmem-plain,memdev=records,master=on ");
	assert_null(strstr(record.data, " -gdb "));
	changed(DEBUG_REPLAY, &replay);
	assert_has(&replay, " shift=0,sleep=off,rr=replay,rrfile=rr.bin,rrsnapshot=start ");
	assert_has(&replay, " -gdb chardev:gdb ");
}

/* With a script nothing comes from the host while it runs; on a terminal the console goes there. */
static void test_interactive(void **unused)
{
	cleanup_buf struct buf script = {0}, terminal = {0};
	struct args args, out;

	(void)unused;
	engine_args(&one, ENGINE_FAST, &args);
	interactive_args(&args, false, "word", &out);
	join(&out, &script);
	args_release(&out);
	interactive_args(&args, true, NULL, &out);
	join(&out, &terminal);
	args_release(&out);
	args_release(&args);
	assert_has(&script, "unknown_nmi_panic no_timer_check word ");
	assert_has(&script, " -serial file:console.txt ");
	assert_has(&script, " -serial file:output ");
	assert_has(&script, "file=script ");
	assert_null(strstr(terminal.data, "-serial"));
	assert_has(&terminal, " oops=panic ");
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

static uint32_t be32(const struct buf *b, size_t at)
{
	uint32_t v;

	assert_true(at + sizeof(v) <= b->len);
	memcpy(&v, b->data + at, sizeof(v));
	return __builtin_bswap32(v);
}

/* The parts of a device tree lie one behind the other, and all of it is there. */
static void test_uml_tree(void **unused)
{
	cleanup_buf struct buf tree = {0};

	(void)unused;
	uml_tree(0x123456000, 0x1000000, &tree);
	assert_int_equal(be32(&tree, 0), 0xd00dfeed);
	assert_int_equal(be32(&tree, 4), tree.len);
	assert_int_equal(be32(&tree, 8), be32(&tree, 16) + 32);
	assert_int_equal(be32(&tree, 12), be32(&tree, 8) + be32(&tree, 36));
	assert_int_equal(be32(&tree, 12) + be32(&tree, 32), tree.len);
	assert_int_equal(be32(&tree, be32(&tree, 16)), 1);
	assert_int_equal(be32(&tree, be32(&tree, 16) + 4), 0x23456000);
	assert_int_equal(be32(&tree, be32(&tree, 16) + 12), 0x1000000);
	assert_int_equal(be32(&tree, be32(&tree, 8)), 1);
	assert_int_equal(be32(&tree, be32(&tree, 12) - 4), 9);
}

static void test_uml(void **unused)
{
	cleanup_buf struct buf line = {0};
	struct err err = {""};
	struct args args;

	(void)unused;
	assert_int_equal(uml_check(&one, &err), 0);
	assert_int_equal(uml_check(&two_smp, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "several nodes"));
	engine_args(&one, ENGINE_UML, &args);
	assert_string_equal(args.arg[0], "./kernel");
	join(&args, &line);
	assert_has(&line, " mem=400M ");
	assert_has(&line, " time-travel=inf-cpu ");
	assert_has(&line, " time-travel-start=1767225600000000000 ");
	args_release(&args);
	assert_int_equal(uml_memory(&one), 400 * MIB);
	/* The kernel takes its first memory from the very end. */
	assert_int_equal(uml_records_at(&one) + one.records + WIRE_UML_GATE,
			 400 * MIB - (64u << 10));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uml_tree),
		cmocka_unit_test(test_uml),
		cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_uneven_nodes),
		cmocka_unit_test(test_memoryless),
		cmocka_unit_test(test_movable),
		cmocka_unit_test(test_hmat),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_no_paths),
		cmocka_unit_test(test_other_engines),
		cmocka_unit_test(test_debug),
		cmocka_unit_test(test_interactive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
