// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "wire/fork.h"

#define SETUP_NAME  "opt/org.wringer/setup"
#define PLAN_NAME   "opt/org.wringer/plan"
/* Even without samples the watchdog is kicked and workloads are looked at so often. */
#define TICK_NS     100000000ull
#define AGENT_PRIO  50
#define SETTLE_NS   50000000ull

struct agent agent;
static char plan[PLAN_MAX];

void agent_end(enum wire_status status)
{
	port_watchdog_off();
	if (agent.wire_ready)
		wire_put(&agent.wire, WIRE_END, (uint16_t)status, rec_now(), NULL, 0);
	rec_say("end %u", (unsigned int)status);
	port_exit(status);
}

static void rec_error(const char *msg)
{
	static char text[sizeof(agent.detail) + 600];

	snprintf(text, sizeof(text), "%s%s%s", msg, agent.detail[0] ? "\n" : "", agent.detail);
	rec_text(WIRE_ERROR, 0, text);
}

void agent_fail(enum wire_status status, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	rec_say("error %s", msg);
	if (agent.wire_ready) {
		/* What there is to see at this point is worth more than the reason alone. */
		sample_record(WIRE_CLOSE, "close");
		trace_edge();
		trace_stop();
		program_record_all();
		rec_error(msg);
	}
	agent_end(status);
}

static void say_hello(void)
{
	struct utsname uts;
	char text[512];

	uname(&uts);
	snprintf(text, sizeof(text), "%s\n%s\n%s", AGENT_VERSION, uts.release, uts.version);
	rec_text(WIRE_HELLO, 0, text);
}

static void start(void)
{
	struct sched_param prio = {.sched_priority = AGENT_PRIO};

	port_start();
	sys_base_mounts();
	rec_start();
	rec_phase(WIRE_BOOT, "boot");
	say_hello();
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		agent_fail(WIRE_AGENT_ERROR, "cannot lock the agent in memory: %m");
	if (sched_setscheduler(0, SCHED_FIFO, &prio))
		agent_fail(WIRE_AGENT_ERROR, "cannot raise the agent's priority: %m");
}

static void read_plan(const char *name)
{
	long len = port_fw_cfg(name, plan, sizeof(plan) - 1);

	if (len < 0)
		agent_fail(WIRE_AGENT_ERROR, "no %s in fw_cfg, or one over %u bytes", name,
			   PLAN_MAX);
	plan[len] = '\0';
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u),
			      .tv_nsec = (long)(ns % 1000000000u)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/*
 * All CPUs idle for a while: the emulator then lets them take turns from the beginning, from a time
 * that does not depend on what was before.  Not at a tick, where others would wake up too.
 */
static void settle(void)
{
	sleep_until((rec_now() / SETTLE_NS + 2) * SETTLE_NS + SETTLE_NS / 3);
}

/*
 * Here the machine is saved when it is to be a template, and here each fork of it goes on.  A saved
 * machine goes on with its first CPU; from the last one that is the next anyway, so that a machine
 * that was never stopped lets its CPUs run in the same order.
 */
static void fork_point(void)
{
	cpu_set_t all, last;
	int cpu = CPU_SETSIZE - 1;

	if (sched_getaffinity(0, sizeof(all), &all))
		agent_fail(WIRE_AGENT_ERROR, "cannot read the agent's CPUs: %m");
	while (cpu && !CPU_ISSET(cpu, &all))
		cpu--;
	CPU_ZERO(&last);
	CPU_SET(cpu, &last);
	if (sched_setaffinity(0, sizeof(last), &last))
		agent_fail(WIRE_AGENT_ERROR, "cannot move the agent to CPU %d: %m", cpu);
	settle();
	rec_phase(WIRE_READY, "ready");
	port_fork_mark();
	settle();
	if (sched_setaffinity(0, sizeof(all), &all))
		agent_fail(WIRE_AGENT_ERROR, "cannot free the agent's CPUs again: %m");
	port_watchdog_kick();
}

/* Sleeps in ticks, looking after the workloads at each. */
static void watch_until(uint64_t end)
{
	uint64_t next = rec_now();

	while (next < end) {
		uint64_t start;

		next = next + TICK_NS < end ? next + TICK_NS : end;
		sleep_until(next);
		start = rec_now();
		port_watchdog_kick();
		hang_check_limit();
		work_check();
		trace_drain();
		sample_cost(start);
	}
}

/*
 * The gate opens at an absolute virtual time, whatever booting and set-up took, so that every
 * experiment of a scenario sees the same clock; if that has passed, at the next whole second.
 */
static void open_gate(void)
{
	uint64_t now = rec_now();

	while (agent.gate_ns <= now)
		agent.gate_ns += 1000000000u;
	agent.gate_ns += agent.jitter_ns;
	sleep_until(agent.gate_ns);
	port_watchdog_kick();
	rec_phase(WIRE_GATE, "gate");
	work_open_gate();
}

static void run_window(void)
{
	uint64_t open = agent.gate_ns + agent.warmup_ns;
	uint64_t close = open + agent.window_ns;
	uint64_t at;

	watch_until(open);
	sample_record(WIRE_OPEN, "open");
	trace_edge();
	port_open_mark();
	for (at = open + agent.sample_ns; agent.sample_ns && at < close; at += agent.sample_ns) {
		watch_until(at);
		sample_record(WIRE_SAMPLE, "sample");
	}
	watch_until(close);
	port_close_mark();
	sample_record(WIRE_CLOSE, "close");
	trace_edge();
	trace_stop();
}

int main(int argc, char **argv)
{
	if (getpid() != 1)
		return wl_main(argc, argv);
	start();
	read_plan(SETUP_NAME);
	rec_phase(WIRE_SETUP, "setup");
	plan_run(plan);
	fork_point();
	read_plan(PLAN_NAME);
	plan_run(plan);
	work_wait_ready();
	trace_start();
	open_gate();
	run_window();
	work_stop();
	rec_phase(WIRE_STOPPED, "stopped");
	program_finish();
	agent_end(WIRE_DONE);
}
