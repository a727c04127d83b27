// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <signal.h>
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
 * What the boot still does in the background, tests of its ciphers for one, has some time to end: no
 * run is to be slower for it.  Not at a tick, where others would wake up too.
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
	if (sched_setaffinity(0, sizeof(all), &all))
		agent_fail(WIRE_AGENT_ERROR, "cannot free the agent's CPUs again: %m");
	port_watchdog_kick();
}

/*
 * A workload that has ended, or a step's thread with something to be done, ends the sleep; both
 * signals are blocked, so none is missed.
 */
static void sleep_awake(uint64_t end)
{
	sigset_t set;
	uint64_t now;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGCHLD);
	while ((now = rec_now()) < end) {
		struct timespec ts = {.tv_sec = (time_t)((end - now) / 1000000000u),
				      .tv_nsec = (long)((end - now) % 1000000000u)};
		int sig = sigtimedwait(&set, NULL, &ts);

		now = rec_now();
		if (sig == SIGCHLD)
			work_check();
		if (sig > 0)
			step_serve();
		sample_cost(now);
	}
}

/* What can end a phase before its time. */
typedef bool reached_fn(void);

/* Sleeps in ticks, looking after the workloads at each; true when something was reached. */
static bool watch_until(uint64_t end, reached_fn *reached)
{
	uint64_t tick = reached ? TICK_NS / 10 : TICK_NS, next = rec_now();

	while (next < end) {
		uint64_t start;

		next = next + tick < end ? next + tick : end;
		sleep_awake(next);
		start = rec_now();
		port_watchdog_kick();
		hang_check_limit();
		work_check();
		trace_drain();
		sample_cost(start);
		if (reached && reached())
			return true;
	}
	return false;
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
	step_gate(agent.gate_ns);
}

static bool has_done(const struct ops_target *t, uint64_t since)
{
	const struct workload_slot *w = work_find(t->workload);

	if (t->ops && !w)
		agent_fail(WIRE_AGENT_ERROR, "the plan waits for the unknown workload %s",
			   t->workload);
	return !t->ops || w->page->work.ops - since >= t->ops;
}

static bool warm(void)
{
	return has_done(&agent.warmup_ops, 0);
}

#define PERIODS 4

/* Whether the last periods had about as many operations each. */
static bool is_steady(const uint64_t *n)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < PERIODS; i++)
		sum += n[i];
	for (i = 0; i < PERIODS; i++) {
		uint64_t four = n[i] * PERIODS, off = four > sum ? four - sum : sum - four;

		if (off > (uint64_t)((unsigned __int128)sum * agent.steady / 1000000))
			return false;
	}
	return sum > 0;
}

/*
 * What is sampled in the window is read before it too, and thrown away: reading memory.stat folds the
 * cgroups' counters, which reclaim goes by, so the window would be another world otherwise.
 */
static void read_until(uint64_t end)
{
	uint64_t at = rec_now() + agent.sample_ns;

	for (; agent.sample_ns && at < end; at += agent.sample_ns) {
		watch_until(at, NULL);
		sample_read();
	}
	watch_until(end, NULL);
}

/* A run that never gets steady is told from one that does by its state. */
static void wait_steady(uint64_t latest)
{
	uint64_t n[PERIODS] = {0}, before = work_ops(), at = rec_now();
	bool steady = false;
	unsigned int i;

	for (i = 0; !steady && at + agent.period_ns <= latest; i++) {
		at += agent.period_ns;
		read_until(at);
		n[i % PERIODS] = work_ops() - before;
		before += n[i % PERIODS];
		steady = i >= PERIODS - 1 && is_steady(n);
	}
	sample_state_text("warmup.steady", steady ? "yes" : "no");
}

static void warm_up(void)
{
	uint64_t open = agent.gate_ns + agent.warmup_ns;
	uint64_t latest = agent.gate_ns + agent.warmup_max_ns;

	read_until(open);
	if (agent.warmup_ops.ops)
		sample_state_text("warmup.ops", warm() || watch_until(latest, warm) ? "yes" : "no");
	if (agent.steady)
		wait_steady(latest);
}

static uint64_t ops_at_open;

static bool window_over(void)
{
	const struct workload_slot *w = agent.until[0] ? work_find(agent.until) : NULL;

	return (w && w->gone) || (agent.window_ops.ops && has_done(&agent.window_ops, ops_at_open));
}

static void open_window(void)
{
	const struct workload_slot *w = work_find(agent.window_ops.workload);

	sample_record(WIRE_OPEN, "open");
	trace_edge();
	port_open_mark();
	ops_at_open = w ? w->page->work.ops : 0;
}

static void run_window(void)
{
	uint64_t open = agent.gate_ns + agent.warmup_ns, close, at;
	reached_fn *reached = agent.window_ops.ops || agent.until[0] ? window_over : NULL;
	bool over = false;

	warm_up();
	/* Steady at some time later: the window is as long all the same. */
	if (agent.warmup_ops.ops || agent.steady)
		open = rec_now();
	close = open + agent.window_ns;
	open_window();
	step_open(open);
	for (at = open + agent.sample_ns; agent.sample_ns && at < close && !over;
	     at += agent.sample_ns) {
		over = watch_until(at, reached);
		if (!over)
			sample_record(WIRE_SAMPLE, "sample");
	}
	if (!over)
		watch_until(close, reached);
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
	step_prepare();
	trace_start();
	open_gate();
	run_window();
	work_stop();
	rec_phase(WIRE_STOPPED, "stopped");
	program_finish();
	bpf_finish();
	agent_end(WIRE_DONE);
}
