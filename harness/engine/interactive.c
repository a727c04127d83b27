// SPDX-License-Identifier: GPL-2.0-only
#include "engine/interactive.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "engine/internal.h"

#define TICK_MS 100

static bool is_console(const struct args *args, size_t i)
{
	return i + 1 < args->nr && !strcmp(args->arg[i], "-serial");
}

static void add_script(struct args *out)
{
	args_add(out, "-serial");
	args_add(out, "file:" RUN_OUTPUT);
	args_add(out, "-fw_cfg");
	args_add(out, "name=opt/org.wringer/script,file=" RUN_SCRIPT);
}

void interactive_args(const struct args *args, bool terminal, const char *append, struct args *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < args->nr; i++) {
		bool more = append && i && !strcmp(args->arg[i - 1], "-append");

		/* On a terminal the console goes there: interactive_run() knows by which socket. */
		if (terminal && is_console(args, i)) {
			i++;
			continue;
		}
		args_add(out, "%s%s%s", args->arg[i], more ? " " : "", more ? append : "");
	}
	if (!terminal)
		add_script(out);
}

/* The relay between our terminal or stdout and the machine. */
struct relay {
	const struct interactive *opts;
	struct proc proc;
	int guest; /* terminal: the console's socket */
	int from;  /* batch: RUN_OUTPUT, -1 until it is there */
	const char *dir;
	int64_t end_ms; /* 0 = never */
	struct engine_exit *exit;
};

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

static bool copy(int from, int to)
{
	char chunk[4096];
	ssize_t n = read(from, chunk, sizeof(chunk));

	if (n > 0)
		write_all(to, chunk, (size_t)n);
	return n > 0;
}

/* The folder is the emulator's: a link there must not make us read what only we may. */
static void copy_output(struct relay *r)
{
	cleanup_free char *path = xasprintf("%s/" RUN_OUTPUT, r->dir);

	if (r->from < 0)
		r->from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	while (r->from >= 0 && copy(r->from, STDOUT_FILENO))
		;
}

static void check_end(struct relay *r)
{
	if (r->opts->stop && *r->opts->stop)
		r->exit->interrupted = true;
	else if (r->end_ms && now_ms() > r->end_ms)
		r->exit->timed_out = true;
	else
		return;
	kill(-r->proc.pid, SIGKILL);
}

/* Until the machine has ended. */
static void relay_loop(struct relay *r)
{
	struct pollfd pfd[3] = {
		{.fd = r->proc.pidfd, .events = POLLIN},
		{.fd = r->guest, .events = POLLIN},
		{.fd = r->opts->terminal ? STDIN_FILENO : -1, .events = POLLIN},
	};

	while (!pfd[0].revents) {
		if (poll(pfd, 3, TICK_MS) < 0 && errno != EINTR)
			return;
		if (pfd[1].revents && !copy(r->guest, STDOUT_FILENO))
			pfd[1].fd = -1;
		if (pfd[2].revents && !copy(STDIN_FILENO, r->guest))
			pfd[2].fd = -1;
		if (!r->opts->terminal)
			copy_output(r);
		check_end(r);
	}
}

static void add_terminal(struct args *all, int fd)
{
	args_add(all, "-chardev");
	args_add(all, "socket,id=terminal,fd=%d,mux=on", fd);
	args_add(all, "-serial");
	args_add(all, "chardev:terminal");
	args_add(all, "-mon");
	args_add(all, "chardev=terminal,mode=readline");
}

static int spawn(struct relay *r, const struct qemu *q, const struct args *args, int fd,
		 struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_STDERR, r->dir);
	cleanup_fd int errors = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct proc_opts opts = {.cwd = r->dir, .err_fd = errors, .out_fd = errors, .keep_fd = {fd},
				 .drop_root = true, .device = engine_device(args),
				 .file_size_max = VM_CONSOLE_MAX};
	struct args all = {0};
	size_t i;
	int ret;

	if (errors < 0)
		return err_sys(err, -errno, "cannot create %s", path);
	args_add(&all, "%s", q->path);
	for (i = 1; i < args->nr; i++)
		args_add(&all, "%s", args->arg[i]);
	if (fd)
		add_terminal(&all, fd);
	ret = proc_spawn(&r->proc, (const char *const *)all.arg, &opts, err);
	args_release(&all);
	return ret;
}

static void run_terminal(struct relay *r)
{
	struct termios was, raw;
	bool tty = !tcgetattr(STDIN_FILENO, &was);

	raw = was;
	cfmakeraw(&raw);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	relay_loop(r);
	if (tty)
		tcsetattr(STDIN_FILENO, TCSANOW, &was);
}

static void finish(struct relay *r)
{
	int status = 0;

	if (!proc_wait(&r->proc, -1, &status)) {
		r->exit->exited = WIFEXITED(status);
		r->exit->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
		r->exit->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	}
	if (!r->opts->terminal)
		copy_output(r);
	if (r->from >= 0)
		close(r->from);
}

int interactive_run(const struct qemu *q, const struct machine *m, const char *dir,
		    const struct args *args, const struct interactive *opts,
		    struct engine_exit *exit, struct err *err)
{
	struct relay r = {.opts = opts, .proc = PROC_NONE, .guest = -1, .from = -1, .dir = dir,
			  .exit = exit};
	int pair[2] = {-1, 0};
	int ret = vm_prepare(m, dir, err);

	memset(exit, 0, sizeof(*exit));
	if (ret)
		return ret;
	if (opts->terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return err_sys(err, -errno, "cannot make a socket pair");
	r.guest = pair[0];
	r.end_ms = opts->limit_ms ? now_ms() + opts->limit_ms : 0;
	ret = spawn(&r, q, args, pair[1], err);
	if (pair[1])
		close(pair[1]);
	if (!ret && opts->terminal)
		run_terminal(&r);
	else if (!ret)
		relay_loop(&r);
	if (!ret)
		finish(&r);
	if (r.guest >= 0)
		close(r.guest);
	return ret;
}
