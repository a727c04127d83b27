// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU plugin that makes the instruction counter exact where QEMU alone is not, and stops a
 * machine at an exact instruction so that it can be saved and forked.
 *
 * Idle.  HLT marks the CPU as halted before the instructions of its time slice have been added to
 * the clock.  If QEMU's main loop is awake at that moment (it is woken up twice for one idle
 * period), it sees all CPUs idle and moves the clock on to the next timer by a distance it computes
 * from the old time; then the slice is added on top, and the clock is ahead by as many
 * instructions: one run in three differs by a few nanoseconds on a loaded host.  So the clock is
 * brought up to date just before a CPU can become idle: the whole block has been counted by then,
 * as HLT and MWAIT end theirs.
 *
 * The software TLB.  QEMU makes it larger and smaller by how much of it was used in the last 100 ms
 * of the host's time.  Its size decides which pages are looked up again in the guest's page tables,
 * which sets their accessed bits, which is what reclaim goes by: on a loaded host nearly every
 * second run with two CPUs went another way.  So the host's time of day stands still (pin_time()),
 * with which the TLB only grows, as a function of what the guest does; and it starts anew at the
 * fork point, where that of a fork is new too.  So does the translated code: what is translated
 * already is not fetched through the TLB again.
 *
 * Turns.  A timer of QEMU's own that ends time slices depends on the host, and on when the program
 * was started; it is put off for good (stop_kicks()).
 *
 * The fork point.  The agent marks it with an instruction that does nothing (wire/fork.h).  With
 * the argument mark=stop the machine is stopped there.  A device that stops the machine marks its CPU
 * as stopped first and the machine later; in between the main loop sees all CPUs idle and moves the
 * clock.  Here the CPU goes on "running", in the callback, until the machine is no longer running,
 * so nothing is ever idle.  Without the argument only the time slice ends, as it does when a saved
 * machine goes on: then CPUs take turns in the same order in a fork and in a run that was never
 * stopped.
 *
 * The end.  The machine is told to end by a device and ends when the main loop gets to it; until
 * then other CPUs would go on.  At the agent's second mark all CPUs wait for that.
 *
 * What is declared below is no part of the plugin API: the program exports it for its own modules.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/plugin/api.h"
#include "engine/plugin/kick.h"
#include "engine/plugin/time.h"
#include "wire/fork.h"

void tlb_destroy(void *cpu);
void tlb_init(void *cpu);
void tb_flush(void *cpu);
void *qemu_get_cpu(int index);
void cpu_exit(void *cpu);
void qemu_system_vmstop_request_prepare(void);
void qemu_system_vmstop_request(int state);
bool runstate_is_running(void);
bool qemu_shutdown_requested_get(void);

/* RunState "paused" of QEMU's qapi/run-state.json; the harness checks that it is what it gets. */
#define RUN_STATE_PAUSED 4

PLUGIN_EXPORT int qemu_plugin_version = 3;

static const uint8_t fork_mark[MARK_LEN] = {FORK_MARK};
static const uint8_t end_mark[MARK_LEN] = {END_MARK};

/* What the agent's mark of the fork point does here. */
static enum {
	MARK_STOP,  /* a machine that is to be saved */
	MARK_START, /* one that runs from power-on */
	MARK_DONE,  /* one that is behind it: a guest may write what it likes */
} mark = MARK_START;

static void before_idle(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	icount_update(current_cpu);
}

/* All CPUs are one thread's; translated code looks the table up anew at each access. */
static void new_tlbs(void)
{
	void *cpu;
	int i;

	for (i = 0; (cpu = qemu_get_cpu(i)); i++) {
		tlb_destroy(cpu);
		tlb_init(cpu);
	}
}

/* The CPUs' thread goes on in here until nothing can be taken for idle any more. */
static void wait_stop(void)
{
	while (runstate_is_running())
		usleep(100);
}

static void stop_machine(void)
{
	qemu_system_vmstop_request_prepare();
	qemu_system_vmstop_request(RUN_STATE_PAUSED);
	wait_stop();
}

static void at_end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	/* A guest may write the mark when nobody has asked for an end. */
	if (qemu_shutdown_requested_get())
		wait_stop();
}

static void at_fork(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (mark == MARK_DONE)
		return;
	if (mark == MARK_STOP)
		stop_machine();
	mark = MARK_DONE;
	new_tlbs();
	tb_flush(current_cpu);
	cpu_exit(current_cpu);
}

/* HLT, and MWAIT, which is one here when there is a single CPU. */
static bool may_idle(const uint8_t *code, size_t len)
{
	return (len == 1 && code[0] == 0xf4) ||
	       (len == 3 && code[0] == 0x0f && code[1] == 0x01 && code[2] == 0xc9);
}

static bool is_mark(const uint8_t *code, size_t len, const uint8_t *mark_bytes)
{
	return len == MARK_LEN && !memcmp(code, mark_bytes, len);
}

static void at_start(unsigned int cpu, void *data)
{
	static bool done;

	(void)cpu;
	(void)data;
	if (!done)
		stop_kicks();
	done = true;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	static bool started;
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (!started)
		qemu_plugin_register_vcpu_tb_exec_cb(tb, at_start, QEMU_PLUGIN_CB_NO_REGS, NULL);
	started = true;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint8_t code[16];
		size_t len = qemu_plugin_insn_data(insn, code, sizeof(code));

		if (is_mark(code, len, fork_mark))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_fork, 0, NULL);
		else if (is_mark(code, len, end_mark))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_end, 0, NULL);
		else if (i == n - 1 && may_idle(code, len))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_idle, 0, NULL);
	}
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id,
							       const void *info, int argc,
							       char **argv)
{
	(void)info;
	if (pin_time())
		return -1;
	if (argc == 1 && !strcmp(argv[0], "mark=stop"))
		mark = MARK_STOP;
	else if (argc == 1 && !strcmp(argv[0], "mark=done"))
		mark = MARK_DONE;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
