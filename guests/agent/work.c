// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "workloads/lib/program.h"

#define WORKLOAD_PROGRAM "/workload"

/* How long workloads may take to set up, and to end when told to. */
#define READY_NS 120000000000ull
#define STOP_NS  5000000000ull
#define POLL_NS  1000000ull

static void nap(void)
{
	struct timespec ts = {.tv_nsec = POLL_NS};

	nanosleep(&ts, NULL);
}

static struct wl_page *make_page(int *fd)
{
	size_t size = sizeof(struct wl_page);
	void *page;

	*fd = memfd_create("page", 0);
	if (*fd < 0 || ftruncate(*fd, (off_t)size))
		agent_fail(WIRE_SETUP_FAILED, "cannot make a workload's page: %m");
	page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, *fd, 0);
	if (page == MAP_FAILED)
		agent_fail(WIRE_SETUP_FAILED, "cannot map a workload's page: %m");
	memset(page, 0, size);
	return page;
}

static bool hold_next;

void work_hold(void)
{
	hold_next = true;
}

/* Not shared: the agent's alone. */
static struct wl_page *make_copy(void)
{
	void *copy = mmap(NULL, sizeof(struct wl_page), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (copy == MAP_FAILED)
		agent_fail(WIRE_SETUP_FAILED, "cannot map a workload's copy: %m");
	return copy;
}

/* Runs in the child: an ordinary task in its cgroup. */
static void become_ordinary(const char *cgroup)
{
	struct sched_param normal = {.sched_priority = 0};
	char procs[192];
	int fd, code;

	snprintf(procs, sizeof(procs), "/sys/fs/cgroup%s%s/cgroup.procs",
		 strcmp(cgroup, "/") ? "/" : "", strcmp(cgroup, "/") ? cgroup : "");
	sched_setscheduler(0, SCHED_OTHER, &normal);
	code = task_apply();
	if (code)
		_exit(code);
	fd = open("/proc/self/oom_score_adj", O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1 || close(fd))
		_exit(124);
	fd = open(procs, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1 || close(fd))
		_exit(125);
}

static void child(const char *type, const char *cgroup, char **args, int page_fd)
{
	const char *argv[PLAN_WORDS + 3] = {WORKLOAD_PROGRAM, type};
	char *const env[] = {NULL};
	unsigned int i;

	become_ordinary(cgroup);
	for (i = 0; args[i]; i++)
		argv[i + 2] = args[i];
	if (page_fd != WL_PAGE_FD && dup2(page_fd, WL_PAGE_FD) < 0)
		_exit(126);
	close_range(WL_PAGE_FD + 1, ~0u, 0);
	execve(WORKLOAD_PROGRAM, (char *const *)argv, env);
	_exit(127);
}

/* The next workload; its process in *pid, which is 0 in the child. */
static struct workload_slot *start(const char *name)
{
	struct workload_slot *w = &agent.workload[agent.nr_workloads];

	if (agent.nr_workloads == WORKLOADS_MAX)
		agent_fail(WIRE_AGENT_ERROR, "more than %d workloads", WORKLOADS_MAX);
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->page = make_page(&w->page_fd);
	w->copy = make_copy();
	w->held = hold_next;
	w->pid = fork();
	if (w->pid < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot start workload %s: %m", name);
	return w;
}

static void announce(const char *name, const char *type)
{
	char text[2 * NAME_MAX_ + 2];

	snprintf(text, sizeof(text), "%s\n%s", name, type);
	rec_text(WIRE_WORKLOAD, (uint16_t)agent.nr_workloads++, text);
	hold_next = false;
	task_reset();
}

void work_spawn(const char *name, const char *type, const char *cgroup, char **args)
{
	struct workload_slot *w = start(name);

	if (!w->pid)
		child(type, cgroup, args, w->page_fd);
	announce(name, type);
}

void work_program(const struct program *p)
{
	struct workload_slot *w;

	program_make_root(p->layer);
	program_make_output(p);
	w = start(p->name);
	if (!w->pid) {
		become_ordinary(p->cgroup);
		program_exec(p, w->page);
	}
	w->program = true;
	w->exit_max = p->exit_max;
	w->timeout_ns = p->timeout_ns;
	announce(p->name, PROGRAM_TYPE);
}

struct workload_slot *work_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		if (!strcmp(agent.workload[i].name, name))
			return &agent.workload[i];
	return NULL;
}

pid_t work_pid(const char *name)
{
	const struct workload_slot *w = work_find(name);

	return w ? w->pid : 0;
}

/* A step's thread may be waiting for it. */
static void take_end(struct workload_slot *w, int status)
{
	w->status = status;
	w->ended_ns = rec_now();
	__atomic_store_n(&w->gone, true, __ATOMIC_RELEASE);
}

/* It ended as it was told to, or when it had done what it had to do. */
static bool in_order(const struct workload_slot *w, int status)
{
	if (w->program && w->ending)
		return true;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return !w->page->failed && (w->ending || w->page->done);
	return w->ending && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void say_gone(struct workload_slot *w, int status)
{
	take_end(w, status);
	if (in_order(w, status))
		return;
	if (agent.oom_allowed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		rec_say("workload %s was killed by the OOM killer, as it may be", w->name);
		return;
	}
	w->page->message[sizeof(w->page->message) - 1] = '\0';
	if (w->page->failed)
		agent_fail(WIRE_WORKLOAD_FAILED, "workload %s: %s", w->name, w->page->message);
	if (w->program && WIFEXITED(status) && WEXITSTATUS(status) <= w->exit_max)
		return;
	/* Nobody else sends SIGKILL here; after an oops, which would too, the machine panics. */
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		agent_fail(WIRE_OOM, "workload %s was killed by the OOM killer", w->name);
	if (WIFSIGNALED(status))
		agent_fail(WIRE_WORKLOAD_FAILED, "workload %s died of signal %d", w->name,
			   WTERMSIG(status));
	agent_fail(WIRE_WORKLOAD_FAILED, "workload %s ended %swith exit code %d", w->name,
		   w->program ? "" : "too early ", WEXITSTATUS(status));
}

static void check_gone(void)
{
	unsigned int i;
	int status;

	for (i = 0; i < agent.nr_workloads; i++) {
		struct workload_slot *w = &agent.workload[i];

		if (!w->gone && waitpid(w->pid, &status, WNOHANG) == w->pid)
			say_gone(w, status);
	}
}

static void say_stuck(const struct workload_slot *w, uint64_t now)
{
	hang_tell(w->pid);
	agent_fail(WIRE_HUNG, "workload %s finished no operation for %llu ms", w->name,
		   (unsigned long long)(now - w->last_progress_ns) / 1000000);
}

static void check_timeout(const struct workload_slot *w, uint64_t now)
{
	if (!w->timeout_ns || w->gone || now < agent.gate_ns + w->timeout_ns)
		return;
	agent_fail(WIRE_WORKLOAD_FAILED, "program %s did not end within %llu ms", w->name,
		   (unsigned long long)w->timeout_ns / 1000000);
}

static void check_progress(void)
{
	uint64_t now = rec_now();
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++) {
		struct workload_slot *w = &agent.workload[i];

		if (w->program) {
			check_timeout(w, now);
			continue;
		}
		if (w->page->work.ops != w->last_ops || w->gone || !w->going || w->ending)
			w->last_progress_ns = now;
		else if (now - w->last_progress_ns > agent.hang_ns)
			say_stuck(w, now);
		w->last_ops = w->page->work.ops;
	}
}

void work_check(void)
{
	check_gone();
	check_progress();
}

static unsigned int not_ready(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < agent.nr_workloads; i++)
		n += !agent.workload[i].gone &&
		     !__atomic_load_n(&agent.workload[i].page->ready, __ATOMIC_ACQUIRE);
	return n;
}

void work_wait_ready(void)
{
	uint64_t start = rec_now();

	while (not_ready()) {
		check_gone();
		port_watchdog_kick();
		hang_check_limit();
		if (rec_now() - start > READY_NS)
			agent_fail(WIRE_HUNG, "workloads did not get ready");
		nap();
	}
}

void work_let_go(struct wl_page *page)
{
	__atomic_store_n(&page->gate, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &page->gate, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

void work_start(struct workload_slot *w)
{
	w->last_progress_ns = rec_now();
	__atomic_store_n(&w->going, true, __ATOMIC_RELEASE);
	work_let_go(w->page);
}

/*
 * One that still waits at its gate is let go to its end.  A program knows no page: it is asked as
 * programs are, and all that it started with it.
 */
void work_end(struct workload_slot *w, bool kill_it)
{
	__atomic_store_n(&w->page->stop, 1, __ATOMIC_RELEASE);
	if (w->gone)
		return;
	__atomic_store_n(&w->ending, true, __ATOMIC_RELEASE);
	if (w->program)
		kill(-w->pid, kill_it ? SIGKILL : SIGTERM);
	else if (kill_it)
		kill(w->pid, SIGKILL);
	work_let_go(w->page);
}

void work_open_gate(void)
{
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		if (!agent.workload[i].held)
			work_start(&agent.workload[i]);
}

uint64_t work_ops(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		sum += __atomic_load_n(&agent.workload[i].page->work.ops, __ATOMIC_RELAXED);
	return sum;
}

/* Copies: on another CPU the workload goes on counting while the record is put together. */
void work_record(bool buckets)
{
	uint64_t now = rec_now();
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		memcpy(agent.workload[i].copy, agent.workload[i].page, sizeof(struct wl_page));
	for (i = 0; i < agent.nr_workloads; i++) {
		const struct wl_page *copy = agent.workload[i].copy;

		wire_put2(&agent.wire, WIRE_WORK, (uint16_t)i, now, &copy->work,
			  sizeof(copy->work), copy->bucket, buckets ? sizeof(copy->bucket) : 0);
	}
}

static pid_t first_left(void)
{
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		if (!agent.workload[i].gone)
			return agent.workload[i].pid;
	return 0;
}

static unsigned int count_left(void)
{
	unsigned int i, left = 0;
	int status;

	for (i = 0; i < agent.nr_workloads; i++) {
		struct workload_slot *w = &agent.workload[i];

		if (!w->gone && waitpid(w->pid, &status, WNOHANG) == w->pid)
			take_end(w, status);
		left += !w->gone;
	}
	return left;
}

/* What is left of those within so many ns. */
static unsigned int wait_stopped(uint64_t ns)
{
	uint64_t start_ns = rec_now();
	unsigned int left;

	do {
		nap();
		port_watchdog_kick();
		left = count_left();
	} while (left && rec_now() - start_ns < ns);
	return left;
}

/* Programs that did not heed it, and whatever theirs left behind. */
static void kill_programs(void)
{
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		if (agent.workload[i].program)
			kill(-agent.workload[i].pid, SIGKILL);
}

/* Tells all to stop and waits; one that does not is stuck in the kernel. */
void work_stop(void)
{
	unsigned int i, left;

	for (i = 0; i < agent.nr_workloads; i++)
		work_end(&agent.workload[i], false);
	left = wait_stopped(STOP_NS);
	kill_programs();
	if (left)
		left = wait_stopped(STOP_NS);
	if (left) {
		hang_tell(first_left());
		agent_fail(WIRE_HUNG, "%u workloads did not stop within %llu ms", left,
			   STOP_NS / 1000000);
	}
	for (i = 0; i < agent.nr_workloads; i++)
		if (agent.workload[i].page->failed)
			agent_fail(WIRE_WORKLOAD_FAILED, "workload %s: %.127s",
				   agent.workload[i].name, agent.workload[i].page->message);
}
