// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine.h"

/* What the emulator needs for itself, beside the guest's memory and records: generously. */
#define OVERHEAD_MAX (4ull << 30)
#define FILES_MAX    64
/* What a vmcore has beside the guest's memory: headers, notes, firmware. */
#define VMCORE_OVERHEAD_MAX (64u << 20)
/* After the watchdog's NMI the kernel has so long to say its last words. */
#define LAST_WORDS_MS 30000
#define QMP_LINE_MAX (1u << 20)

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * The whole region is allocated now: a full disk must not become a SIGBUS in the middle of a run.
 */
static int make_records(const char *path, uint64_t size, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int ret;

	if (fd < 0)
		return err_sys(err, -errno, "cannot create %s", path);
	ret = posix_fallocate(fd, 0, (off_t)size);
	if (ret)
		return err_sys(err, -ret, "cannot reserve %llu MiB for records in %s",
			       (unsigned long long)size >> 20, path);
	return 0;
}

static int hand_over(const char *path, struct err *err)
{
	if (!geteuid() && chown(path, proc_drop_uid(), proc_drop_gid()))
		return err_sys(err, -errno, "cannot hand %s to the emulator's user", path);
	return 0;
}

static int prepare(const struct machine *m, const char *dir, struct err *err)
{
	cleanup_free char *records = xasprintf("%s/" RUN_RECORDS, dir);
	int ret = make_records(records, m->records, err);

	if (!ret)
		ret = hand_over(records, err);
	return ret ? ret : hand_over(dir, err);
}

static void add_monitor(struct args *all, const struct args *args, const char *program, int fd)
{
	size_t i;

	args_add(all, "%s", program);
	for (i = 1; i < args->nr; i++)
		args_add(all, "%s", args->arg[i]);
	/* Stopped at the first instruction, so that the monitor is quiet before the guest runs. */
	args_add(all, "-S");
	args_add(all, "-chardev");
	args_add(all, "socket,id=qmp,fd=%d", fd);
	args_add(all, "-mon");
	args_add(all, "chardev=qmp,mode=control");
	evidence_args(all);
}

static uint64_t vmcore_max(const struct machine *m)
{
	return machine_memory(m) + m->records + VMCORE_OVERHEAD_MAX;
}

static int spawn(struct vm *vm, const struct qemu *q, const struct machine *m, const char *dir,
		 const struct args *args, int monitor, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_STDERR, dir);
	cleanup_fd int errors = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct proc_opts opts = {.cwd = dir, .err_fd = errors, .out_fd = errors, .keep_fd = monitor,
				 .drop_root = true,
				 /* Of a console that is longer for that no more is read. */
				 .file_size_max = VM_CONSOLE_MAX +
						  (vm->evidence.vmcore ? vmcore_max(m) : 0),
				 .files_max = FILES_MAX,
				 .memory_max = machine_memory(m) + m->records + OVERHEAD_MAX};
	struct args all = {0};
	int ret;

	if (errors < 0)
		return err_sys(err, -errno, "cannot create %s", path);
	add_monitor(&all, args, q->path, monitor);
	ret = proc_spawn(&vm->proc, (const char *const *)all.arg, &opts, err);
	args_release(&all);
	return ret;
}

int vm_start(struct vm *vm, const struct qemu *q, const struct machine *m, const char *dir,
	     const struct args *args, int64_t limit_ms, bool vmcore, struct err *err)
{
	int pair[2];
	int ret;

	*vm = (struct vm){.proc = PROC_NONE, .qmp = -1};
	ret = prepare(m, dir, err);
	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, -errno, "cannot make a socket pair");
	vm->qmp = pair[0];
	vm->start_ms = now_ms();
	vm->limit_ms = limit_ms;
	fcntl(vm->qmp, F_SETFL, O_NONBLOCK);
	vm->dir = dir;
	vm->evidence.vmcore = vmcore;
	ret = spawn(vm, q, m, dir, args, pair[1], err);
	close(pair[1]);
	if (ret)
		close(vm->qmp);
	return ret;
}

static void say(struct vm *vm, const char *line)
{
	/* The socket's buffer is empty: this fits. A dead emulator is seen through its pidfd. */
	if (send(vm->qmp, line, strlen(line), MSG_NOSIGNAL) < 0)
		return;
}

static void send_and_free(struct vm *vm, char *line)
{
	if (line)
		say(vm, line);
	free(line);
}

/* stop: it still runs. */
static void take_evidence(struct vm *vm, bool stop)
{
	send_and_free(vm, evidence_begin(&vm->evidence, stop, now_ms()));
}

static void take_shutdown(struct engine_exit *x, const json_t *event)
{
	const char *reason =
		json_string_value(json_object_get(json_object_get(event, "data"), "reason"));

	if (!reason)
		return;
	x->guest_reset = x->guest_reset || !strcmp(reason, "guest-reset");
	x->guest_off = x->guest_off || !strcmp(reason, "guest-shutdown");
}

/* Greeting: negotiate. First answer: let the guest run. Afterwards only events matter. */
static void take_line(struct vm *vm, const char *line, size_t len)
{
	json_t *msg = json_loadb(line, len, 0, NULL);
	const char *event = json_string_value(json_object_get(msg, "event"));

	if (json_object_get(msg, "QMP")) {
		say(vm, "{\"execute\":\"qmp_capabilities\",\"id\":\"ready\"}\n");
	} else if (evidence_mine(msg)) {
		send_and_free(vm, evidence_next(&vm->evidence, msg));
	} else if (json_object_get(msg, "id")) {
		say(vm, "{\"execute\":\"cont\"}\n");
	} else if (event && !strcmp(event, "WATCHDOG")) {
		vm->exit.watchdog = true;
		vm->watchdog_ms = now_ms();
	} else if (event && !strcmp(event, "SHUTDOWN")) {
		take_shutdown(&vm->exit, msg);
		take_evidence(vm, false);
	}
	json_decref(msg);
}

static void take_lines(struct vm *vm)
{
	size_t used = 0;
	char *nl;

	while ((nl = memchr(vm->in.data + used, '\n', vm->in.len - used))) {
		take_line(vm, vm->in.data + used, (size_t)(nl - vm->in.data) - used);
		used = (size_t)(nl - vm->in.data) + 1;
	}
	memmove(vm->in.data, vm->in.data + used, vm->in.len - used);
	vm->in.len -= used;
	if (vm->in.len > QMP_LINE_MAX)
		vm->in.len = 0;
}

static void read_monitor(struct vm *vm)
{
	char chunk[4096];
	ssize_t n;

	while ((n = recv(vm->qmp, chunk, sizeof(chunk), 0)) > 0)
		buf_add(&vm->in, chunk, (size_t)n);
	if (vm->in.len)
		take_lines(vm);
	if (!n) {
		close(vm->qmp);
		vm->qmp = -1;
	}
}

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void take_status(struct engine_exit *x, int status)
{
	x->exited = WIFEXITED(status);
	x->exit_code = x->exited ? WEXITSTATUS(status) : 0;
	x->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void finish(struct vm *vm)
{
	struct rusage before, after;
	int status = 0;

	if (vm->qmp >= 0)
		read_monitor(vm);
	getrusage(RUSAGE_CHILDREN, &before);
	if (!proc_wait(&vm->proc, -1, &status))
		take_status(&vm->exit, status);
	/* Children are waited for one by one, so the difference is this one's. */
	getrusage(RUSAGE_CHILDREN, &after);
	vm->exit.cpu_seconds = seconds(after.ru_utime) - seconds(before.ru_utime) +
			       seconds(after.ru_stime) - seconds(before.ru_stime);
	vm->exit.wall_seconds = (double)(now_ms() - vm->start_ms) / 1e3;
	if (vm->qmp >= 0)
		close(vm->qmp);
	vm->qmp = -1;
	buf_release(&vm->in);
	vm->exit.triple_fault = evidence_resets(&vm->evidence, vm->dir);
}

void vm_kill(struct vm *vm)
{
	if (!vm->proc.pid)
		return;
	vm->exit.interrupted = true;
	kill(-vm->proc.pid, SIGKILL);
	finish(vm);
}

/* Evidence first; an emulator that does not answer is killed all the same. */
static void check_limit(struct vm *vm)
{
	int64_t now = now_ms();

	if (evidence_overdue(&vm->evidence, now)) {
		kill(-vm->proc.pid, SIGKILL);
	} else if (vm->evidence.step) {
		return;
	} else if (vm->limit_ms && now - vm->start_ms >= vm->limit_ms) {
		vm->exit.timed_out = true;
		take_evidence(vm, true);
	} else if (vm->watchdog_ms && now - vm->watchdog_ms >= LAST_WORDS_MS) {
		take_evidence(vm, true);
	}
}

int vm_poll(struct vm **vms, size_t n, int timeout_ms, bool *ended)
{
	struct pollfd *pfd = xcalloc(2 * n, sizeof(*pfd));
	size_t i;
	int ret;

	for (i = 0; i < n; i++) {
		pfd[2 * i] = (struct pollfd){.fd = vms[i]->proc.pidfd, .events = POLLIN};
		pfd[2 * i + 1] = (struct pollfd){.fd = vms[i]->qmp, .events = POLLIN};
	}
	ret = poll(pfd, 2 * n, timeout_ms) < 0 ? -errno : 0;
	for (i = 0; !ret && i < n; i++) {
		if (pfd[2 * i + 1].revents)
			read_monitor(vms[i]);
		ended[i] = pfd[2 * i].revents;
		if (ended[i])
			finish(vms[i]);
		else
			check_limit(vms[i]);
	}
	free(pfd);
	return ret;
}
