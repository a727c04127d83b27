// SPDX-License-Identifier: GPL-2.0-only
/*
 * A shell in place of the window: busybox on a serial line, either for a user or for a script that
 * came through fw_cfg.  Workloads wait at the gate until wl(1) below lets them go.
 *
 * This is no experiment, so what the rest of the agent avoids (allocation, work for the guest while
 * it runs) does no harm here.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "agent.h"

#define SCRIPT_NAME "opt/org.wringer/script"
#define SCRIPT_FILE "/script"
#define SCRIPT_MAX  (1u << 20)
#define BUSYBOX     "/bin/busybox"

static char *const shell_env[] = {
	(char *)"PATH=/bin:/sbin:/usr/bin:/usr/sbin",
	(char *)"HOME=/",
	(char *)"TERM=linux",
	(char *)"PS1=guest# ",
	NULL,
};

/* True when there is a script; without one the shell is a user's. */
static bool take_script(void)
{
	char *text = mmap(NULL, SCRIPT_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	long len = text == MAP_FAILED ? -1 : port_fw_cfg(SCRIPT_NAME, text, SCRIPT_MAX);
	int fd;

	if (len < 0)
		return false;
	fd = open(SCRIPT_FILE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	if (fd < 0 || write(fd, text, (size_t)len) != len)
		agent_fail(WIRE_SETUP_FAILED, "cannot write " SCRIPT_FILE ": %m");
	close(fd);
	munmap(text, SCRIPT_MAX);
	return true;
}

static void run_busybox(const char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		execve(BUSYBOX, (char *const *)argv, shell_env);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		agent_fail(WIRE_SETUP_FAILED, BUSYBOX " does not run in this guest");
}

static void make_commands(void)
{
	static const char *const install[] = {"busybox", "--install", "-s", "/bin", NULL};

	sys_mkdir("/bin");
	sys_mkdir("/tmp");
	run_busybox(install);
	if (symlink("/init", "/bin/wl"))
		agent_fail(WIRE_SETUP_FAILED, "cannot make /bin/wl: %m");
}

/* What wl goes by: a workload a line, with the descriptor of ours that is its page. */
static void list_workloads(void)
{
	FILE *f;
	unsigned int i;

	sys_mkdir("/run");
	f = fopen("/run/workloads", "we");
	if (!f)
		agent_fail(WIRE_SETUP_FAILED, "cannot write /run/workloads: %m");
	for (i = 0; i < agent.nr_workloads; i++)
		fprintf(f, "%s %d %d\n", agent.workload[i].name, (int)agent.workload[i].pid,
			agent.workload[i].page_fd);
	fclose(f);
}

/* A script's output must arrive as it was written: no carriage returns, no echo. */
static void set_line(int fd, bool script, unsigned int rows, unsigned int columns)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	struct termios t;

	if (tcgetattr(fd, &t))
		agent_fail(WIRE_SETUP_FAILED, "the shell's device is no terminal: %m");
	if (script)
		cfmakeraw(&t);
	t.c_cflag |= CLOCAL;
	tcsetattr(fd, TCSANOW, &t);
	if (rows && columns)
		ioctl(fd, TIOCSWINSZ, &size);
}

/* Runs in the child: an ordinary session leader with the line as its terminal. */
static void child(int fd, bool script)
{
	static const char *const user[] = {"sh", NULL}, *const batch[] = {"sh", SCRIPT_FILE, NULL};
	struct sched_param normal = {.sched_priority = 0};

	sched_setscheduler(0, SCHED_OTHER, &normal);
	setsid();
	ioctl(fd, TIOCSCTTY, 0);
	if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		_exit(127);
	close_range(3, ~0u, 0);
	if (chdir("/"))
		_exit(127);
	execve(BUSYBOX, (char *const *)(script ? batch : user), shell_env);
	_exit(127);
}

static int wait_for(pid_t shell)
{
	int status = 0;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, 0);
	} while (pid != shell && (pid >= 0 || errno == EINTR));
	return status;
}

void shell_run(const char *device, unsigned int rows, unsigned int columns)
{
	bool script = take_script();
	int fd, status;
	pid_t pid;

	make_commands();
	work_wait_ready();
	list_workloads();
	port_watchdog_off();
	fd = open(device, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot open %s: %m", device);
	set_line(fd, script, rows, columns);
	pid = fork();
	if (pid < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot start a shell: %m");
	if (!pid)
		child(fd, script);
	status = wait_for(pid);
	tcdrain(fd);
	agent_end(status ? WIRE_WORKLOAD_FAILED : WIRE_DONE);
}

/*
 * From here on this program is not the agent but wl, a command of the guest's shell.
 */
struct wl {
	char name[NAME_MAX_];
	int pid;
	struct wl_page *page;
};

static struct wl_page *map_page(int fd)
{
	char path[64];
	void *page;
	int own;

	snprintf(path, sizeof(path), "/proc/1/fd/%d", fd);
	own = open(path, O_RDWR | O_CLOEXEC);
	page = own < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct wl_page), PROT_READ | PROT_WRITE,
					   MAP_SHARED, own, 0);
	if (page == MAP_FAILED) {
		fprintf(stderr, "wl: cannot map %s: %s\n", path, strerror(errno));
		exit(1);
	}
	close(own);
	return page;
}

static unsigned int read_list(struct wl *list)
{
	FILE *f = fopen("/run/workloads", "re");
	unsigned int n = 0;
	int fd;

	while (f && n < WORKLOADS_MAX &&
	       fscanf(f, "%63s %d %d", list[n].name, &list[n].pid, &fd) == 3)
		list[n++].page = map_page(fd);
	if (f)
		fclose(f);
	return n;
}

static const char *state_of(const struct wl *w)
{
	const struct wl_page *page = w->page;

	if (page->failed)
		return "failed";
	if (kill(w->pid, 0))
		return "ended";
	return page->stop ? "stopping" : page->gate ? "running" : "waiting";
}

static void print_one(const struct wl *w)
{
	const struct wire_work *work = &w->page->work;
	unsigned int i, last = WIRE_METRICS_MAX;

	printf("%-16s %6d %-8s %12llu %12llu %12llu", w->name, w->pid, state_of(w),
	       (unsigned long long)work->ops,
	       (unsigned long long)(work->ops ? work->latency_sum_ns / work->ops : 0),
	       (unsigned long long)work->latency_max_ns);
	while (last && !work->metric[last - 1])
		last--;
	for (i = 0; i < last; i++)
		printf(" %llu", (unsigned long long)work->metric[i]);
	printf("%s%.127s\n", w->page->failed ? " " : "", w->page->failed ? w->page->message : "");
}

static void apply(const struct wl *w, const char *what)
{
	if (!strcmp(what, "start"))
		work_let_go(w->page);
	else if (!strcmp(what, "stop"))
		__atomic_store_n(&w->page->stop, 1, __ATOMIC_RELEASE);
	else
		print_one(w);
}

static bool chosen(const struct wl *w, int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++)
		if (!strcmp(argv[i], w->name))
			return true;
	return argc <= 2;
}

int wl_main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "status";
	struct wl list[WORKLOADS_MAX];
	unsigned int i, n = read_list(list), done = 0;

	if (strcmp(what, "start") && strcmp(what, "stop") && strcmp(what, "status")) {
		fputs("usage: wl start|stop|status [WORKLOAD...]\n", stderr);
		return 1;
	}
	if (!strcmp(what, "status"))
		printf("%-16s %6s %-8s %12s %12s %12s metrics\n", "workload", "pid", "state", "ops",
		       "mean ns", "max ns");
	for (i = 0; i < n; i++) {
		if (!chosen(&list[i], argc, argv))
			continue;
		apply(&list[i], what);
		done++;
	}
	if (done || argc <= 2)
		return 0;
	fputs("wl: no workload of that name; 'wl status' lists them\n", stderr);
	return 1;
}
