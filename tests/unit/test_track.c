// SPDX-License-Identifier: GPL-2.0-only
/* How the probe's plugin follows calls, interrupts and tasks; without a machine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

/* Part of a plugin, so of no library here; it needs of the others just the functions. */
#include "engine/plugin/probe/track.c"

enum {
	USER, UNKNOWN, KSWAPD, BALANCE, SHRINK, LOCK, SCHEDULE, SWITCH, IRQ, TICK, FAULT, ALLOC, FREE,
};

static struct func table[] = {
	[KSWAPD] = {.name = (char *)"kswapd"},
	[BALANCE] = {.name = (char *)"balance_pgdat", .role = ROLE_ROOT, .root = CTX_KSWAPD},
	[SHRINK] = {.name = (char *)"shrink_node"},
	[LOCK] = {.name = (char *)"lock"},
	[SCHEDULE] = {.name = (char *)"schedule"},
	[SWITCH] = {.name = (char *)"__switch_to", .role = ROLE_SWITCH},
	[IRQ] = {.name = (char *)"asm_sysvec", .role = ROLE_INTERRUPT},
	[TICK] = {.name = (char *)"tick"},
	[FAULT] = {.name = (char *)"asm_exc_page_fault", .role = ROLE_EXCEPTION},
	[ALLOC] = {.name = (char *)"alloc"},
	[FREE] = {.name = (char *)"try_to_free_pages", .role = ROLE_ROOT, .root = CTX_DIRECT},
};
struct func *funcs = table;
unsigned int nr_funcs = sizeof(table) / sizeof(table[0]);

#define RETURN 0x1000 /* where the context's function returns to */

static struct cpu *const cpu = &cpus[0];

static int setup(void **unused)
{
	unsigned int i;

	(void)unused;
	memset(cpus, 0, sizeof(cpus));
	memset(nodes, 0, sizeof(nodes));
	memset(by_place, 0, sizeof(by_place));
	memset(stacks, 0, sizeof(stacks));
	memset(&lost, 0, sizeof(lost));
	for (i = 0; i < nr_funcs; i++)
		table[i].outside = 0;
	track_start();
	return 0;
}

static void call(struct cpu *c, unsigned int func, uint64_t insns)
{
	track_enter(c, func, true, 0);
	track_charge(c, insns);
}

static void back_in(struct cpu *c, unsigned int func, uint64_t insns)
{
	track_enter(c, func, false, 0);
	track_charge(c, insns);
}

static void begin(struct cpu *c, unsigned int func, uint64_t insns)
{
	track_begin(c, table[func].root, RETURN);
	call(c, func, insns);
}

/* What was charged to the path; 0 when there is no such place. */
static uint64_t self(uint32_t root, const unsigned int *path)
{
	uint32_t at = root, i;

	for (; *path; path++) {
		for (i = 2 * CTX_NR; i < nr_nodes; i++)
			if (nodes[i].parent == at && nodes[i].func == *path)
				break;
		if (i == nr_nodes)
			return 0;
		at = i;
	}
	return nodes[at].self;
}

#define SELF(root, ...) self(root, (unsigned int[]){__VA_ARGS__, 0})

static void test_calls(void **unused)
{
	(void)unused;
	call(cpu, KSWAPD, 1);
	begin(cpu, BALANCE, 2);
	call(cpu, SHRINK, 3);
	call(cpu, LOCK, 4);
	back_in(cpu, SHRINK, 5);
	call(cpu, LOCK, 6);
	back_in(cpu, BALANCE, 7); /* two returns in one block's time: a tail call */
	call(cpu, LOCK, 8);
	/* Behind the call, and from there on outside; what is not entered at its start too. */
	track_enter(cpu, KSWAPD, false, RETURN);
	track_charge(cpu, 9);
	back_in(cpu, SHRINK, 10);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE), 9);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SHRINK), 8);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SHRINK, LOCK), 10);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, LOCK), 8);
	assert_int_equal(table[KSWAPD].outside, 10);
	assert_int_equal(table[SHRINK].outside, 10);
	assert_int_equal(cpu->kernel, 55);
	assert_int_equal(lost.contexts, 0);
}

/* An interrupt just before a call: the call is not the interrupt's. */
static void test_interrupt(void **unused)
{
	(void)unused;
	begin(cpu, BALANCE, 1);
	call(cpu, IRQ, 2);
	call(cpu, TICK, 3);
	call(cpu, LOCK, 4);
	track_iret(cpu);
	assert_int_equal(cpu->func, BALANCE);
	call(cpu, SHRINK, 5);
	call(cpu, FAULT, 6);
	call(cpu, IRQ, 7); /* another symbol of the same entry */
	track_iret(cpu);
	call(cpu, LOCK, 8);
	assert_int_equal(SELF(CTX_NR + CTX_KSWAPD, IRQ, TICK, LOCK), 4);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SHRINK), 5);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SHRINK, FAULT), 13);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SHRINK, LOCK), 8);
}

/* Two tasks reclaim, and each goes on where it was, one of them on another CPU. */
static void test_tasks(void **unused)
{
	struct cpu *other = &cpus[1];

	(void)unused;
	track_switch(cpu, 0, 100);
	begin(cpu, BALANCE, 1);
	call(cpu, SCHEDULE, 2);
	track_switch(cpu, 100, 200);
	call(cpu, SWITCH, 3);
	assert_int_equal(table[SWITCH].outside, 3);
	call(cpu, ALLOC, 4);
	begin(cpu, FREE, 5);
	call(cpu, SHRINK, 6);
	call(cpu, SCHEDULE, 7);
	track_switch(cpu, 200, 100);
	call(cpu, SWITCH, 8);
	back_in(cpu, BALANCE, 9);
	track_switch(other, 300, 200);
	back_in(other, SHRINK, 10);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE), 10);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SCHEDULE, SWITCH), 8);
	assert_int_equal(SELF(CTX_DIRECT, FREE, SHRINK), 16);
	assert_int_equal(table[ALLOC].outside, 4);
	assert_int_equal(other->kernel, 10);
	assert_int_equal(lost.contexts, 0);
}

/* A task whose name is learnt when it is left. */
static void test_unknown_task(void **unused)
{
	(void)unused;
	begin(cpu, BALANCE, 1);
	track_switch(cpu, 100, 200);
	assert_null(cpu->stack);
	track_switch(cpu, 200, 100);
	assert_non_null(cpu->stack);
}

/* A context does not outlive the kernel, nor begin in itself. */
static void test_lost(void **unused)
{
	unsigned int i;

	(void)unused;
	begin(cpu, BALANCE, 1);
	track_begin(cpu, CTX_DIRECT, RETURN);
	call(cpu, FREE, 2);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, FREE), 2);
	track_user(cpu);
	track_charge(cpu, 3);
	assert_int_equal(cpu->user, 3);
	assert_int_equal(lost.contexts, 1);
	call(cpu, SHRINK, 4);
	assert_int_equal(table[SHRINK].outside, 4);
	for (i = 0; i <= STACKS_MAX; i++) {
		track_switch(cpu, 1000 + i, 1001 + i);
		track_begin(cpu, CTX_DIRECT, RETURN);
	}
	assert_int_equal(lost.contexts, 2);
}

static void test_bounds(void **unused)
{
	unsigned int i;
	uint64_t sum = 0;

	(void)unused;
	begin(cpu, BALANCE, 1);
	for (i = 0; i < 2 * DEPTH_MAX; i++)
		call(cpu, i % 2 ? SHRINK : LOCK, 1);
	assert_int_equal(lost.frames, DEPTH_MAX + 1);
	for (i = 0; i < nr_nodes; i++)
		sum += nodes[i].self;
	assert_int_equal(sum, 2 * DEPTH_MAX + 1);
	back_in(cpu, BALANCE, 1);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE), 2);
}

/* The window's opening forgets numbers, not places. */
static void test_open(void **unused)
{
	(void)unused;
	track_switch(cpu, 0, 100);
	begin(cpu, BALANCE, 1);
	call(cpu, SHRINK, 2);
	track_open(cpu);
	track_charge(cpu, 3);
	track_enter(cpu, KSWAPD, false, RETURN);
	track_charge(cpu, 4);
	track_user(cpu);
	track_charge(cpu, 5);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE), 0);
	assert_int_equal(SELF(CTX_KSWAPD, BALANCE, SHRINK), 3);
	assert_int_equal(agent_kernel, 7);
	assert_int_equal(agent_user, 5);
	track_switch(cpu, 100, 200);
	track_charge(cpu, 6);
	assert_int_equal(agent_user, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_calls, setup),
		cmocka_unit_test_setup(test_interrupt, setup),
		cmocka_unit_test_setup(test_tasks, setup),
		cmocka_unit_test_setup(test_unknown_task, setup),
		cmocka_unit_test_setup(test_lost, setup),
		cmocka_unit_test_setup(test_bounds, setup),
		cmocka_unit_test_setup(test_open, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
