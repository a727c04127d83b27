// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU plugin that closes a race in the instruction counter, with which one run in three differs
 * by a few nanoseconds of virtual time on a loaded host.
 *
 * HLT marks the CPU as halted before the instructions of its time slice have been added to the
 * clock. If QEMU's main loop is awake at that moment (it is woken up twice for one idle period), it
 * sees all CPUs idle and moves the clock on to the next timer by a distance it computes from the
 * old time; then the slice is added on top, and the clock is ahead by as many instructions.  So the
 * clock is brought up to date just before a CPU can become idle: the whole block has been counted
 * by then, as HLT and MWAIT end theirs.
 *
 * QEMU does not package its plugin header; these are the few declarations of it that are used, as
 * of plugin API 3 (QEMU 9.1).  icount_update() and current_cpu are no part of that API: the program
 * exports them for its own modules.
 */
#include <stdint.h>
#include <stdlib.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int cpu, void *data), int flags,
					    void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t id,
						      struct qemu_plugin_tb *tb));
void icount_update(void *cpu);
extern __thread void *current_cpu;

int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

__attribute__((visibility("default"))) int qemu_plugin_version = 3;

static void before_idle(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	icount_update(current_cpu);
}

/* HLT, and MWAIT, which is one here when there is a single CPU. */
static int may_idle(const struct qemu_plugin_insn *insn)
{
	uint8_t code[16];
	size_t len = qemu_plugin_insn_data(insn, code, sizeof(code));

	return (len == 1 && code[0] == 0xf4) ||
	       (len == 3 && code[0] == 0x0f && code[1] == 0x01 && code[2] == 0xc9);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct qemu_plugin_insn *last;

	(void)id;
	if (!n)
		return;
	last = qemu_plugin_tb_get_insn(tb, n - 1);
	if (may_idle(last))
		qemu_plugin_register_vcpu_insn_exec_cb(last, before_idle, 0, NULL);
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
							       const void *info, int argc,
							       char **argv)
{
	(void)info;
	(void)argc;
	(void)argv;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
