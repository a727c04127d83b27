// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU plugin that counts the guest's instructions between the agent's marks of the window
 * (wire/fork.h): by CPU, by mode, by function of the kernel, and what reclaims by its tree of calls.
 * The guest cannot tell that it is there.
 *
 * What is counted is QEMU's own instruction counter, which is the guest's clock: at each change from
 * one function to another, or to a program, what it has advanced since the last change belongs to
 * what ran until then.  So the sum is exact whatever becomes of single blocks, which a fault may
 * leave in the middle.
 *
 * With one CPU a block of the function that runs already costs a comparison and an addition.  Several
 * CPUs take turns in one thread and share translated code and the counter, and QEMU 10.0 makes that
 * code for the CPU that translates it, not for those that run it: its numbers by CPU (scoreboards) are
 * wrong there, and their index is even written to a constant that the guest's own instructions may
 * use.  So there each block calls us, and what the counter has advanced by belongs to the CPU of the
 * block before.
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
void *qemu_get_cpu(int index);

/* With qemu_plugin_read_memory_vaddr(). */
PLUGIN_EXPORT int qemu_plugin_version = 4;

#define SYMBOLS "symbols"
#define COUNTS  "counts"

/* The kernel's text, modules included, lies in the last 2 GiB. */
#define KERNEL_HALF (1ull << 63)
#define KERNEL_TEXT 0xffffffff80000000ull

/* What translated code changes and tests where there is one CPU. */
struct score {
	uint64_t func;   /* that of its struct cpu */
	uint64_t blocks; /* instructions of the blocks that were begun */
};
static struct qemu_plugin_scoreboard *board;
static qemu_plugin_u64 score_func, score_blocks;
static struct score several; /* the same where there are more */

static void *cpu_of[CPUS_MAX]; /* QEMU's */
static unsigned int nr_cpus;
static struct cpu *running; /* whose the counter is */

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
	void *cpu;

	while (nr_cpus < CPUS_MAX && (cpu = qemu_get_cpu((int)nr_cpus)))
		cpu_of[nr_cpus++] = cpu;
	running = cpus;
}

static struct cpu *this_cpu(void)
{
	unsigned int i = 0;

	if (nr_cpus == 1 || cpu_of[running - cpus] == current_cpu)
		return running;
	while (i < nr_cpus - 1 && cpu_of[i] != current_cpu)
		i++;
	return &cpus[i];
}

/*
 * All until now is charged to where the CPU that ran was.  ahead: instructions of the block that are
 * in the counter and still to come.
 */
static void settle(uint64_t ahead)
{
	uint64_t now = counter() - ahead;

	track_charge(running, now - last);
	last = now;
	running = this_cpu();
}

static struct score *score(void)
{
	static struct score *one;

	if (nr_cpus > 1)
		return &several;
	if (!one)
		one = qemu_plugin_scoreboard_find(board, 0);
	return one;
}

/* So that blocks of the same function do not call. */
static void set_func(const struct cpu *c)
{
	score()->func = c->func;
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

/* With one CPU only a block of another function than the one that ran. */
static void on_block(unsigned int cpu, void *data)
{
	union block b = {.data = data};
	enum role role = funcs[b.func].role;
	struct cpu *c = this_cpu();

	(void)cpu;
	several.blocks += b.insns;
	if (c == running && (c->func == b.func || role == ROLE_THUNK))
		return;
	settle(b.insns);
	if (c->func == b.func || role == ROLE_THUNK)
		return;
	if (role == ROLE_SWITCH && b.entry)
		track_switch(c, read_register(RDI), read_register(RSI));
	else if (role == ROLE_ROOT && b.entry && !c->stack)
		track_begin(c, funcs[b.func].root, return_address());
	track_enter(c, b.func, b.entry, KERNEL_TEXT | b.at);
	set_func(c);
}

/* A program's block; with one CPU only behind the kernel. */
static void on_user(unsigned int cpu, void *data)
{
	union block b = {.data = data};
	struct cpu *c = this_cpu();

	(void)cpu;
	several.blocks += b.insns;
	if (c == running && c->func == FUNC_USER)
		return;
	settle(b.insns);
	track_user(c);
	set_func(c);
}

/* The last instruction of its block. */
static void on_iret(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (!running->stack)
		return;
	settle(0);
	track_iret(running);
	set_func(running);
}

static struct window now(uint64_t ahead)
{
	uint64_t insns = counter(), ns = virtual_ns();

	return (struct window){.insns = insns - ahead,
			       .virtual_ns = ns - (uint64_t)icount_to_ns((int64_t)ahead),
			       .idle_ns = ns - (uint64_t)icount_to_ns((int64_t)insns),
			       .blocks = score()->blocks - ahead};
}

/* Marks say how many instructions of their block, they themselves included, are still to come. */
static void on_open(unsigned int cpu, void *data)
{
	union block b = {.data = data};

	(void)cpu;
	if (open)
		return;
	open = true;
	settle(b.insns);
	at_open = now(b.insns);
	track_open(running);
}

static void on_close(unsigned int cpu, void *data)
{
	union block b = {.data = data};
	struct window w;

	(void)cpu;
	if (!open || closed)
		return;
	closed = true;
	settle(b.insns);
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

static void watch(struct qemu_plugin_tb *tb, void (*cb)(unsigned int cpu, void *data),
		  enum qemu_plugin_cb_flags regs, union block b)
{
	if (nr_cpus > 1) {
		qemu_plugin_register_vcpu_tb_exec_cb(tb, cb, regs, b.data);
		return;
	}
	/* In the order of execution: who is called finds the number as before the block. */
	if (funcs[b.func].role != ROLE_THUNK)
		qemu_plugin_register_vcpu_tb_exec_cond_cb(tb, cb, regs, QEMU_PLUGIN_COND_NE,
							  score_func, b.func, b.data);
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, QEMU_PLUGIN_INLINE_ADD_U64,
							  score_blocks, b.insns);
}

static void watch_kernel(struct qemu_plugin_tb *tb, size_t n)
{
	uint64_t at = qemu_plugin_tb_vaddr(tb);
	bool entry = false;
	unsigned int func = at < KERNEL_TEXT ? FUNC_UNKNOWN : symbols_find(at, &entry);
	union block b = {{.at = at, .insns = n, .entry = entry, .func = func}};
	enum role role = funcs[func].role;

	watch(tb, on_block, entry && (role == ROLE_SWITCH || role == ROLE_ROOT) ?
				    QEMU_PLUGIN_CB_R_REGS : QEMU_PLUGIN_CB_NO_REGS, b);
	watch_iret(tb, n);
}

static void watch_user(struct qemu_plugin_tb *tb, size_t n)
{
	union block b = {{.insns = n, .func = FUNC_USER}};

	watch(tb, on_user, QEMU_PLUGIN_CB_NO_REGS, b);
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
	if (qemu_plugin_tb_vaddr(tb) >= KERNEL_HALF)
		watch_kernel(tb, n);
	else
		watch_user(tb, n);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
				      char **argv)
{
	(void)info;
	if (!symbols_load(SYMBOLS))
		return -1;
	following = argc == 1 && !strcmp(argv[0], "mark=done");
	board = qemu_plugin_scoreboard_new(sizeof(struct score));
	score_func = (qemu_plugin_u64){board, offsetof(struct score, func)};
	score_blocks = (qemu_plugin_u64){board, offsetof(struct score, blocks)};
	track_start();
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
