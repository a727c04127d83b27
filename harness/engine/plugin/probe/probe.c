// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU plugin that counts the guest's instructions between the agent's marks of the window
 * (wire/fork.h): by CPU, by mode, by function of the kernel, and what reclaims by its tree of calls.
 * The guest cannot tell that it is there.
 *
 * What is counted is QEMU's own instruction counter, which is the guest's clock: at each change from
 * one function to another, or to a program, what it has advanced since the last change belongs to
 * what ran until then.  So the sum is exact whatever becomes of single blocks, which a fault may
 * leave in the middle.  Blocks of the function that runs already cost a comparison and an addition.
 *
 * CPUs take turns and share the counter.  What another CPU has done since is told apart by the
 * instructions of the blocks that it has begun; it cannot have left one in the middle without
 * getting to another function.
 *
 * Calls are followed from the fork point on, so that it is known who is reclaiming when the window
 * opens.  Before that there is nothing here; the plugin exact.so throws all translated code away at
 * the fork point.
 */
#include <stdio.h>
#include <string.h>

#include "engine/plugin/api.h"
#include "engine/plugin/probe/probe.h"
#include "wire/fork.h"

int64_t icount_get_raw(void);
int64_t icount_get(void);
int64_t icount_to_ns(int64_t icount);

/* With qemu_plugin_read_memory_vaddr(). */
PLUGIN_EXPORT int qemu_plugin_version = 4;

#define SYMBOLS "symbols"
#define COUNTS  "counts"

/* The kernel's text, modules included, lies in the last 2 GiB. */
#define KERNEL_HALF (1ull << 63)
#define KERNEL_TEXT 0xffffffff80000000ull

/* Each CPU's own. */
struct score {
	uint64_t func;   /* that of its struct cpu */
	uint64_t blocks; /* instructions of the blocks it has begun */
};
static struct qemu_plugin_scoreboard *board;
static const qemu_plugin_u64 *score_func, *score_blocks;
static struct score *scores[CPUS_MAX];
static unsigned int nr_cpus;

static bool following, open, closed;
static uint64_t last; /* the counter, as far as it has been charged to somebody */
static struct window at_open;

static const uint8_t fork_mark[MARK_LEN] = {FORK_MARK};
static const uint8_t open_mark[MARK_LEN] = {OPEN_MARK};
static const uint8_t close_mark[MARK_LEN] = {CLOSE_MARK};

/*
 * What a callback has to know of its block, in the one pointer it gets: low half of the address,
 * instructions, whether a function starts here, and which one it is.
 */
union block {
	struct {
		uint64_t at : 32, insns : 10, entry : 1, func : 21;
	};
	void *data;
};

/*
 * All instructions of the block that is running are in it already.  The clock's readers would look
 * whether a CPU that runs may read it; it may, but only by its last instruction.
 */
static uint64_t counter(void)
{
	void *cpu = current_cpu;
	uint64_t now;

	icount_update(cpu);
	current_cpu = NULL;
	now = (uint64_t)icount_get_raw();
	current_cpu = cpu;
	return now;
}

static uint64_t virtual_ns(void)
{
	void *cpu = current_cpu;
	uint64_t now;

	current_cpu = NULL;
	now = (uint64_t)icount_get();
	current_cpu = cpu;
	return now;
}

static void find_cpus(void)
{
	unsigned int i, n = (unsigned int)qemu_plugin_num_vcpus();

	nr_cpus = n < CPUS_MAX ? n : CPUS_MAX;
	for (i = 0; i < nr_cpus; i++)
		scores[i] = qemu_plugin_scoreboard_find(board, i);
}

/* How many instructions of blocks it has begun since this was asked last. */
static uint64_t take_blocks(unsigned int i, uint64_t ahead)
{
	uint64_t now = scores[i]->blocks - ahead, n = now - cpus[i].blocks_seen;

	cpus[i].blocks_seen = now;
	return n;
}

/*
 * Everything until now is charged to where the CPUs are.  ahead: instructions of this CPU's block
 * that are still to come, in the counter and in the CPU's own number.
 */
static void settle(unsigned int cpu, uint64_t ahead, uint64_t ahead_own)
{
	uint64_t now = counter() - ahead, left = now - last;
	unsigned int i;

	for (i = 0; i < nr_cpus; i++) {
		uint64_t n = take_blocks(i, i == cpu ? ahead_own : 0);

		if (i == cpu || !n)
			continue;
		n = n < left ? n : left;
		track_charge(&cpus[i], n);
		left -= n;
	}
	track_charge(&cpus[cpu], left);
	last = now;
}

static void set_func(unsigned int cpu)
{
	scores[cpu]->func = cpus[cpu].func;
}

static struct qemu_plugin_register *find_register(const char *name)
{
	struct g_array *all = qemu_plugin_get_registers();
	const struct qemu_plugin_reg_descriptor *d = (const void *)all->data;
	unsigned int i;

	for (i = 0; i < all->len; i++)
		if (!strcmp(d[i].name, name))
			return d[i].handle;
	return NULL;
}

static uint64_t first_u64(const struct g_byte_array *bytes)
{
	uint64_t value = 0;

	if (bytes->len >= sizeof(value))
		memcpy(&value, bytes->data, sizeof(value));
	return value;
}

enum { RDI, RSI, RSP, REGISTERS };

static uint64_t read_register(unsigned int which)
{
	static const char *const names[REGISTERS] = {"rdi", "rsi", "rsp"};
	static struct qemu_plugin_register *handle[REGISTERS];
	static struct g_byte_array *bytes;

	if (!bytes)
		bytes = g_byte_array_new();
	if (!handle[which])
		handle[which] = find_register(names[which]);
	g_byte_array_set_size(bytes, 0);
	if (!handle[which] || qemu_plugin_read_register(handle[which], bytes) <= 0)
		return 0;
	return first_u64(bytes);
}

/* At a function's first instruction. */
static uint64_t return_address(void)
{
	static struct g_byte_array *bytes;

	if (!bytes)
		bytes = g_byte_array_new();
	g_byte_array_set_size(bytes, 0);
	if (!qemu_plugin_read_memory_vaddr(read_register(RSP), bytes, sizeof(uint64_t)))
		return 0;
	return first_u64(bytes);
}

/* A block of another function than the one that ran. */
static void on_block(unsigned int cpu, void *data)
{
	union block b = {.data = data};
	struct cpu *c = &cpus[cpu];
	enum role role = funcs[b.func].role;

	settle(cpu, b.insns, 0);
	if (role == ROLE_SWITCH && b.entry)
		track_switch(c, read_register(RDI), read_register(RSI));
	else if (role == ROLE_ROOT && b.entry && !c->stack)
		track_begin(c, funcs[b.func].root, return_address());
	track_enter(c, b.func, b.entry, KERNEL_TEXT | b.at);
	set_func(cpu);
}

/* A program's block, behind the kernel. */
static void on_user(unsigned int cpu, void *data)
{
	union block b = {.data = data};

	settle(cpu, b.insns, 0);
	track_user(&cpus[cpu]);
	set_func(cpu);
}

/* The last instruction of its block. */
static void on_iret(unsigned int cpu, void *data)
{
	(void)data;
	if (!cpus[cpu].stack)
		return;
	settle(cpu, 0, 0);
	track_iret(&cpus[cpu]);
	set_func(cpu);
}

static uint64_t all_blocks(uint64_t ahead)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < nr_cpus; i++)
		sum += scores[i]->blocks;
	return sum - ahead;
}

static struct window now(uint64_t ahead)
{
	uint64_t insns = counter(), ns = virtual_ns();

	return (struct window){.insns = insns - ahead,
			       .virtual_ns = ns - (uint64_t)icount_to_ns((int64_t)ahead),
			       .idle_ns = ns - (uint64_t)icount_to_ns((int64_t)insns),
			       .blocks = all_blocks(ahead)};
}

/* Marks say how many instructions of their block, they themselves included, are still to come. */
static void on_open(unsigned int cpu, void *data)
{
	union block b = {.data = data};

	if (open)
		return;
	open = true;
	settle(cpu, b.insns, b.insns);
	at_open = now(b.insns);
	track_open(&cpus[cpu]);
}

static void on_close(unsigned int cpu, void *data)
{
	union block b = {.data = data};
	struct window w;

	if (!open || closed)
		return;
	closed = true;
	settle(cpu, b.insns, b.insns);
	w = now(b.insns);
	w.insns -= at_open.insns;
	w.virtual_ns -= at_open.virtual_ns;
	w.idle_ns -= at_open.idle_ns;
	w.blocks -= at_open.blocks;
	write_counts(COUNTS, &w, nr_cpus);
}

/* Who was what before is not known, which is why this is not at the window's opening. */
static void on_fork(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	following = true;
}

static bool is_mark(const uint8_t *code, size_t len, const uint8_t *mark)
{
	return len == MARK_LEN && !memcmp(code, mark, len);
}

static void look_for_marks(struct qemu_plugin_tb *tb, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		union block b = {{.insns = n - i}};
		uint8_t code[16];
		size_t len = qemu_plugin_insn_data(insn, code, sizeof(code));

		if (is_mark(code, len, fork_mark))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_fork, 0, NULL);
		else if (is_mark(code, len, open_mark))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_open, 0, b.data);
		else if (is_mark(code, len, close_mark))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_close, 0, b.data);
	}
}

static void watch_iret(struct qemu_plugin_tb *tb, size_t n)
{
	struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, n - 1);
	uint8_t code[16];

	if (qemu_plugin_insn_data(insn, code, sizeof(code)) == 2 && code[0] == 0x48 &&
	    code[1] == 0xcf)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_iret, 0, NULL);
}

static void watch_kernel(struct qemu_plugin_tb *tb, size_t n)
{
	uint64_t at = qemu_plugin_tb_vaddr(tb);
	enum qemu_plugin_cb_flags regs;
	bool entry = false;
	unsigned int func = at < KERNEL_TEXT ? FUNC_UNKNOWN : symbols_find(at, &entry);
	union block b = {{.at = at, .insns = n, .entry = entry, .func = func}};

	regs = entry && (funcs[func].role == ROLE_SWITCH || funcs[func].role == ROLE_ROOT) ?
		       QEMU_PLUGIN_CB_R_REGS : QEMU_PLUGIN_CB_NO_REGS;
	if (funcs[func].role != ROLE_THUNK)
		qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, on_block, regs, QEMU_PLUGIN_COND_NE,
							  *score_func, func, b.data);
	watch_iret(tb, n);
}

static void watch_user(struct qemu_plugin_tb *tb, size_t n)
{
	union block b = {{.insns = n}};

	qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, on_user, QEMU_PLUGIN_CB_NO_REGS,
						  QEMU_PLUGIN_COND_NE, *score_func, FUNC_USER,
						  b.data);
	look_for_marks(tb, n);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (!following) {
		look_for_marks(tb, n);
		return;
	}
	if (!nr_cpus)
		find_cpus();
	/* The order is that of execution: who is called finds the numbers as before the block. */
	if (qemu_plugin_tb_vaddr(tb) >= KERNEL_HALF)
		watch_kernel(tb, n);
	else
		watch_user(tb, n);
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  *score_blocks, n);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
				      char **argv)
{
	static qemu_plugin_u64 fields[2];

	(void)info;
	if (!symbols_load(SYMBOLS))
		return -1;
	following = argc == 1 && !strcmp(argv[0], "mark=done");
	board = qemu_plugin_scoreboard_new(sizeof(struct score));
	fields[0] = (qemu_plugin_u64){board, offsetof(struct score, func)};
	fields[1] = (qemu_plugin_u64){board, offsetof(struct score, blocks)};
	score_func = &fields[0];
	score_blocks = &fields[1];
	track_start();
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
