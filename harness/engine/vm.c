// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/internal.h"
#include "engine/mode.h"
#include "engine/uml.h"
#include "wire/wire.h"

/* What the emulator needs for itself, beside the guest's memory and records: generously. */
#define OVERHEAD_MAX (4ull << 30)
#define FILES_MAX    64
/* What a vmcore has beside the guest's memory: headers, notes, firmware. */
#define VMCORE_OVERHEAD_MAX (64u << 20)
/* What the devices of a saved machine hold. */
#define STATE_MAX (16u << 20)
/* After the watchdog's NMI the kernel has so long to say its last words. */
#define LAST_WORDS_MS 30000
/* How often the file with the memory of User-Mode Linux is looked for. */
#define WATCH_MS 10
#define QMP_LINE_MAX (1u << 20)

/* What is said to the monitor, and what is waited for before the next. */
struct vm_step {
	const char *say;
	enum {
		UNTIL_ANSWER,
		UNTIL_STOP,     /* the guest is at the fork point */
		UNTIL_MIGRATED, /* the state is written, or read */
		UNTIL_END,
	} until;
};

#define SAY(command)       "{\"execute\":\"" command "\"}\n"
#define SAY_WITH(command, arguments)                                                              \
	"{\"execute\":\"" command "\",\"arguments\":{" arguments "}}\n"

#define SAY_NEGOTIATE SAY("qmp_capabilities")
#define SAY_CAPABILITIES                                                                          \
	SAY_WITH("migrate-set-capabilities", "\"capabilities\":["                                 \
		 "{\"capability\":\"x-ignore-shared\",\"state\":true},"                           \
		 "{\"capability\":\"events\",\"state\":true}]")
/*
 * A finished incoming migration announces itself by timers in host time for a second, and host
 * timers shorten the CPUs' time slices.
 */
#define SAY_PARAMETERS                                                                            \
	SAY_WITH("migrate-set-parameters", "\"announce-rounds\":0,\"max-bandwidth\":1099511627776")

static const struct vm_step steps_boot[] = {
	{SAY_NEGOTIATE, UNTIL_ANSWER},
	{SAY("cont"), UNTIL_END},
};

static const struct vm_step steps_save[] = {
	{SAY_NEGOTIATE, UNTIL_ANSWER},
	{SAY_CAPABILITIES, UNTIL_ANSWER},
	{SAY_PARAMETERS, UNTIL_ANSWER},
	{SAY("cont"), UNTIL_STOP},
	{SAY("query-status"), UNTIL_ANSWER},
	{SAY_WITH("migrate", "\"uri\":\"file:" SAVED_STATE "\""), UNTIL_MIGRATED},
	{SAY("quit"), UNTIL_END},
};

static const struct vm_step steps_fork[] = {
	{SAY_NEGOTIATE, UNTIL_ANSWER},
	{SAY_CAPABILITIES, UNTIL_ANSWER},
	{SAY_PARAMETERS, UNTIL_ANSWER},
	{SAY_WITH("migrate-incoming", "\"uri\":\"file:" SAVED_STATE "\""), UNTIL_MIGRATED},
	{SAY("cont"), UNTIL_END},
};

static const struct vm_step *const steps[] = {
	[VM_BOOT] = steps_boot, [VM_SAVE] = steps_save, [VM_FORK] = steps_fork};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * The whole file is allocated now: a full disk must not become a SIGBUS in the middle of a run.
 */
static int make_memory(const char *path, uint64_t size, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int ret;

	if (fd < 0)
		return err_sys(err, -errno, "cannot create %s", path);
	ret = posix_fallocate(fd, 0, (off_t)size);
	if (ret)
		return err_sys(err, -ret, "cannot reserve %llu MiB for %s",
			       (unsigned long long)size >> 20, path);
	return 0;
}

int vm_hand_over(const char *path, struct err *err)
{
	if (!geteuid() && chown(path, proc_drop_uid(), proc_drop_gid()))
		return err_sys(err, -errno, "cannot hand %s to the emulator's user", path);
	return 0;
}

static int make_file(const char *dir, const char *name, uint64_t size, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	int ret = make_memory(path, size, err);

	return ret ? ret : vm_hand_over(path, err);
}

static int make_ram(const struct vm_opts *opts, struct err *err)
{
	struct ram ram;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < opts->args->nr; i++) {
		char name[RAM_ID_MAX + sizeof(SAVED_RAM)];

		if (!ram_parse(opts->args->arg[i], &ram))
			continue;
		snprintf(name, sizeof(name), "%s" SAVED_RAM, ram.id);
		ret = make_file(opts->dir, name, ram.size, err);
	}
	return ret;
}

static int take_saved(const struct vm_opts *opts, struct err *err)
{
	static const char *const names[] = {SAVED_STATE, RUN_PROGRESS};
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(names); i++) {
		cleanup_free char *from = xasprintf("%s/%s", opts->saved, names[i]);
		cleanup_free char *to = xasprintf("%s/%s", opts->dir, names[i]);

		ret = file_copy(from, to, err);
		if (!ret)
			ret = vm_hand_over(to, err);
	}
	return ret;
}

int vm_prepare(const struct machine *m, const char *dir, struct err *err)
{
	int ret = make_file(dir, RUN_RECORDS, m->records, err);

	return ret ? ret : vm_hand_over(dir, err);
}

static int prepare(const struct vm_opts *opts, struct err *err)
{
	int ret;

	if (opts->mode == VM_BOOT)
		return vm_prepare(opts->machine, opts->dir, err);
	ret = opts->mode == VM_SAVE ? make_ram(opts, err) : take_saved(opts, err);
	return ret ? ret : vm_hand_over(opts->dir, err);
}

/* What the machine had said when it was saved is the beginning of what a fork of it says. */
static int make_console(const struct vm_opts *opts, int *console, struct err *err)
{
	cleanup_free char *from = xasprintf("%s/" RUN_CONSOLE, opts->saved ? opts->saved : "");
	cleanup_buf struct buf said = {0};
	int ret = opts->mode == VM_FORK ? file_read(from, &said, err) : 0;

	if (ret)
		return ret;
	*console = memfd_create("console", MFD_CLOEXEC);
	if (*console < 0 || write(*console, buf_str(&said), said.len) != (ssize_t)said.len)
		return err_sys(err, -errno, "cannot make a console");
	return 0;
}

/* The monitor's and the console's are the caller's. */
static void close_ram(const int fd[])
{
	size_t i;

	for (i = FD_RAM; i < PROC_KEEP_MAX && fd[i]; i++)
		close(fd[i]);
}

static uint64_t vmcore_max(const struct machine *m)
{
	return machine_memory(m) + m->records + VMCORE_OVERHEAD_MAX;
}

/*
 * The largest file is the record region in a memfd, or a saved state; of a console that is longer
 * than VM_CONSOLE_MAX no more is read.
 */
static uint64_t file_max(const struct vm_opts *opts)
{
	uint64_t max = opts->machine->records + STATE_MAX;

	return max + (opts->vmcore ? vmcore_max(opts->machine) : 0);
}

static int spawn(struct vm *vm, const struct vm_opts *opts, int monitor, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_STDERR, opts->dir);
	cleanup_fd int errors = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				     0644);
	struct proc_opts popts = {.cwd = opts->dir, .err_fd = errors, .out_fd = errors,
				  .drop_root = true, .device = engine_device(opts->args),
				  .file_size_max = file_max(opts), .files_max = FILES_MAX,
				  .cpu = opts->cpu,
				  .memory_max = machine_memory(opts->machine) +
						opts->machine->records + OVERHEAD_MAX};
	struct args all = {0};
	int ret;

	popts.keep_fd[FD_MONITOR] = monitor;
	popts.keep_fd[FD_CONSOLE] = vm->console;
	ret = mode_args(opts, popts.keep_fd, &all, err);
	if (!ret && errors < 0)
		ret = err_sys(err, -errno, "cannot create %s", path);
	if (!ret)
		ret = proc_spawn(&vm->proc, (const char *const *)all.arg, &popts, err);
	args_release(&all);
	close_ram(popts.keep_fd);
	return ret;
}

static int open_fds(struct vm *vm, const struct vm_opts *opts, int *monitor, struct err *err)
{
	int pair[2];
	int ret = make_console(opts, &vm->console, err);

	if (ret)
		return ret;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, -errno, "cannot make a socket pair");
	vm->qmp = pair[0];
	*monitor = pair[1];
	fcntl(vm->qmp, F_SETFL, O_NONBLOCK);
	return 0;
}

static void close_fds(struct vm *vm)
{
	cleanup_closep(&vm->console);
	cleanup_closep(&vm->records);
	cleanup_closep(&vm->qmp);
	vm->console = vm->records = vm->qmp = -1;
}

static int start_qemu(struct vm *vm, const struct vm_opts *opts, struct err *err)
{
	cleanup_fd int monitor = -1;
	int ret = prepare(opts, err);

	vm->evidence.vmcore = opts->vmcore;
	if (!ret)
		ret = open_fds(vm, opts, &monitor, err);
	return ret ? ret : spawn(vm, opts, monitor, err);
}

static int start_uml(struct vm *vm, const struct vm_opts *opts, struct err *err)
{
	int ret = make_console(opts, &vm->console, err);

	vm->records_at = uml_records_at(opts->machine);
	vm->memory_size = uml_memory(opts->machine);
	return ret ? ret : uml_start(vm, opts, err);
}

int vm_start(struct vm *vm, const struct vm_opts *opts, struct err *err)
{
	int ret;

	*vm = (struct vm){.engine = opts->engine, .proc = PROC_NONE, .qmp = -1, .records = -1,
			  .console = -1,
			  .mode = opts->mode, .step = steps[opts->mode],
			  .limit_ms = opts->limit_ms, .records_size = opts->machine->records,
			  .start_ms = now_ms()};
	ret = opts->engine == ENGINE_UML ? start_uml(vm, opts, err) : start_qemu(vm, opts, err);
	if (ret)
		close_fds(vm);
	else
		vm->dir = xstrdup(opts->dir);
	return ret;
}

static void fault(struct vm *vm, const char *what)
{
	if (!vm->exit.fault[0])
		snprintf(vm->exit.fault, sizeof(vm->exit.fault), "%s", what);
	kill(-vm->proc.pid, SIGKILL);
}

/*
 * The record region of a machine that keeps it in a memfd, while the emulator lives to show it.
 */
static void find_records(struct vm *vm)
{
	cleanup_free char *fds = xasprintf("/proc/%d/fd", (int)vm->proc.pid);
	DIR *dir = opendir(fds);
	struct dirent *e;

	while (vm->records < 0 && dir && (e = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s", fds, e->d_name);
		static const char mark[] = "/memfd:memory-backend-memfd";
		char target[64] = "";

		if (readlink(path, target, sizeof(target) - 1) > 0 &&
		    !strncmp(target, mark, sizeof(mark) - 1))
			vm->records = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	if (vm->records < 0)
		fault(vm, "cannot open the emulator's record region");
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

static void say_step(struct vm *vm)
{
	/* The last thing before the guest runs. */
	if (vm->step->until == UNTIL_END && vm->mode == VM_FORK)
		find_records(vm);
	say(vm, vm->step->say);
}

static void next_step(struct vm *vm, int until)
{
	if (vm->step->until != (unsigned int)until)
		return;
	vm->step++;
	say_step(vm);
}

static const char *event_data(const json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(event, "data"), key));

	return s ? s : "";
}

static void take_migration(struct vm *vm, const char *status)
{
	bool save = vm->mode == VM_SAVE;

	vm->exit.unloaded = !save && !strcmp(status, "failed");
	if (!strcmp(status, "failed"))
		fault(vm, save ? "the machine could not be saved" :
				 "the saved machine could not be loaded");
	if (strcmp(status, "completed"))
		return;
	vm->exit.saved = save;
	next_step(vm, UNTIL_MIGRATED);
}

static void take_shutdown(struct vm *vm, const char *reason)
{
	vm->exit.guest_reset |= !strcmp(reason, "guest-reset");
	vm->exit.guest_off |= !strcmp(reason, "guest-shutdown");
	if (vm->mode != VM_SAVE)
		take_evidence(vm, false);
}

static void take_event(struct vm *vm, const char *event, const json_t *msg)
{
	if (!strcmp(event, "WATCHDOG")) {
		vm->exit.watchdog = true;
		vm->watchdog_ms = now_ms();
	} else if (!strcmp(event, "STOP")) {
		next_step(vm, UNTIL_STOP);
	} else if (!strcmp(event, "MIGRATION")) {
		take_migration(vm, event_data(msg, "status"));
	} else if (!strcmp(event, "SHUTDOWN")) {
		take_shutdown(vm, event_data(msg, "reason"));
	}
}

static void take_answer(struct vm *vm, const json_t *answer)
{
	const char *status = json_string_value(json_object_get(answer, "status"));

	/* The plugin asks for this state by its number, which is no promise of QEMU's. */
	if (status && strcmp(status, "paused"))
		fault(vm, "the plugin stopped the machine, but not as 'paused'");
	next_step(vm, UNTIL_ANSWER);
}

static void take_line(struct vm *vm, const char *line, size_t len)
{
	json_t *msg = json_loadb(line, len, 0, NULL);
	const char *event = json_string_value(json_object_get(msg, "event"));
	const json_t *error = json_object_get(msg, "error");

	if (json_object_get(msg, "QMP")) {
		say_step(vm);
	} else if (evidence_mine(msg)) {
		send_and_free(vm, evidence_next(&vm->evidence, msg, now_ms()));
	} else if (event) {
		take_event(vm, event, msg);
	} else if (error) {
		const char *desc = json_string_value(json_object_get(error, "desc"));

		fault(vm, desc ? desc : "the emulator's monitor reported an error");
	} else if (json_object_get(msg, "return")) {
		take_answer(vm, json_object_get(msg, "return"));
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
	ssize_t n = -1;

	while (vm->in.len < QMP_LINE_MAX && (n = recv(vm->qmp, chunk, sizeof(chunk), 0)) > 0)
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

/* User-Mode Linux ends itself so when its kernel panics. */
static void take_abort(struct engine_exit *x)
{
	x->guest_reset = x->signal == SIGABRT;
	if (x->guest_reset)
		x->signal = 0;
}

/* A part of a memfd as a file of the folder. */
static int keep_bytes(const struct vm *vm, int from, uint64_t start, uint64_t len,
		      const char *name)
{
	cleanup_free char *path = xasprintf("%s/%s", vm->dir, name);
	cleanup_fd int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	off_t at = (off_t)start;

	if (out < 0)
		return -errno;
	while (len) {
		ssize_t n = sendfile(out, from, &at, len);
		int ret = n < 0 ? -errno : -EIO;

		if (n <= 0) {
			unlink(path);
			return ret;
		}
		len -= (uint64_t)n;
	}
	return 0;
}

/* Like the region of a machine that was not forked, as far as it is used. */
static int keep_records(const struct vm *vm)
{
	uint64_t len = vm->records_size;
	struct wire_header head;

	if (pread(vm->records, &head, sizeof(head), (off_t)vm->records_at) != sizeof(head))
		return -EIO;
	if (head.used < len - sizeof(head))
		len = sizeof(head) + head.used;
	return keep_bytes(vm, vm->records, vm->records_at, len, RUN_RECORDS);
}

static int keep_console(const struct vm *vm)
{
	struct stat st;

	if (fstat(vm->console, &st))
		return -errno;
	if (st.st_size > VM_CONSOLE_MAX)
		st.st_size = VM_CONSOLE_MAX;
	return keep_bytes(vm, vm->console, 0, (uint64_t)st.st_size, RUN_CONSOLE);
}

/* What the guest wrote. */
static void keep_output(struct vm *vm)
{
	int ret = keep_console(vm);

	if (!ret && vm->records >= 0)
		ret = keep_records(vm);
	if (ret && !vm->exit.fault[0])
		snprintf(vm->exit.fault, sizeof(vm->exit.fault),
			 "cannot keep what the guest wrote: %s", strerror(-ret));
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
	if (vm->engine == ENGINE_UML)
		take_abort(&vm->exit);
	/* Children are waited for one by one, so the difference is this one's. */
	getrusage(RUSAGE_CHILDREN, &after);
	vm->exit.cpu_seconds = seconds(after.ru_utime) - seconds(before.ru_utime) +
			       seconds(after.ru_stime) - seconds(before.ru_stime);
	vm->exit.wall_seconds = (double)(now_ms() - vm->start_ms) / 1e3;
	/* From here on no other emulator of the same user can change what is read. */
	if (!geteuid() && chown(vm->dir, 0, 0))
		snprintf(vm->exit.fault, sizeof(vm->exit.fault), "cannot take the folder back");
	vm->exit.unloaded |= vm->mode == VM_FORK && vm->step->until != UNTIL_END &&
			     !vm->exit.timed_out && !vm->exit.interrupted;
	keep_output(vm);
	close_fds(vm);
	vm->exit.triple_fault = evidence_resets(&vm->evidence, vm->dir);
	free(vm->dir);
	vm->dir = NULL;
	buf_release(&vm->in);
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
		/* Stopped for evidence it would look as if it were at the fork point. */
		if (vm->mode == VM_SAVE || vm->engine == ENGINE_UML)
			kill(-vm->proc.pid, SIGKILL);
		else
			take_evidence(vm, true);
	} else if (vm->watchdog_ms && now - vm->watchdog_ms >= LAST_WORDS_MS) {
		take_evidence(vm, true);
	}
}

/* Often, while there is a machine whose memory is still to be found. */
static int poll_ms(struct vm **vms, size_t n, int timeout_ms)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (vms[i]->engine == ENGINE_UML && vms[i]->records < 0)
			return WATCH_MS;
	return timeout_ms;
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
	ret = poll(pfd, 2 * n, poll_ms(vms, n, timeout_ms)) < 0 ? -errno : 0;
	for (i = 0; !ret && i < n; i++) {
		if (vms[i]->engine == ENGINE_UML && !pfd[2 * i].revents)
			uml_watch(vms[i]);
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
