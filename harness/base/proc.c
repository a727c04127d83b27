// SPDX-License-Identifier: GPL-2.0-only
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"

/* Debian's "nobody" and "nogroup", used when no sudo user is known. */
#define NOBODY 65534

/* How much of a failed program's stderr is looked at. */
#define TAIL_MAX 512

static unsigned int env_id(const char *name)
{
	const char *s = getenv(name);
	uint64_t id;

	return s && !parse_u64(s, &id) && id && id < NOBODY ? (unsigned int)id : NOBODY;
}

uid_t proc_drop_uid(void)
{
	return env_id("SUDO_UID");
}

gid_t proc_drop_gid(void)
{
	return env_id("SUDO_GID");
}

static int child_fds(const struct proc_opts *opts)
{
	int null = open("/dev/null", O_RDWR);
	size_t i;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -1;
	if (dup2(opts->out_fd ? opts->out_fd : null, STDOUT_FILENO) < 0)
		return -1;
	if (dup2(opts->err_fd ? opts->err_fd : null, STDERR_FILENO) < 0)
		return -1;
	for (i = 0; i < PROC_KEEP_MAX; i++)
		if (opts->keep_fd[i] && fcntl(opts->keep_fd[i], F_SETFD, 0))
			return -1;
	if (null > STDERR_FILENO)
		close(null);
	return 0;
}

/* Never above what we have ourselves, which would need privileges. */
static int child_limit(int which, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit(which, &limit))
		return -1;
	if (value < limit.rlim_max)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(which, &limit);
}

static int child_limits(const struct proc_opts *opts)
{
	if (child_limit(RLIMIT_CORE, 0))
		return -1;
	if (opts->memory_max && child_limit(RLIMIT_AS, opts->memory_max))
		return -1;
	if (opts->files_max && child_limit(RLIMIT_NOFILE, opts->files_max))
		return -1;
	if (!opts->file_size_max)
		return 0;
	/* A write beyond is an error of that write, no end of the program. */
	signal(SIGXFSZ, SIG_IGN);
	return child_limit(RLIMIT_FSIZE, opts->file_size_max);
}

static int child_user(const struct proc_opts *opts)
{
	uid_t uid = proc_drop_uid();
	gid_t gid = proc_drop_gid();
	struct stat st;
	size_t nr = 0;

	if (!opts->drop_root || geteuid())
		return 0;
	if (opts->device && !stat(opts->device, &st) && st.st_mode & S_IWGRP)
		nr = 1;
	if (setgroups(nr, &st.st_gid) || setresgid(gid, gid, gid))
		return -1;
	return setresuid(uid, uid, uid);
}

/* Programs that find no getrandom() do without or take what they read elsewhere. */
static int child_no_random(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = ARRAY_SIZE(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

static int child_repeatable(const struct proc_opts *opts)
{
	if (!opts->repeatable)
		return 0;
	if (personality(PER_LINUX | ADDR_NO_RANDOMIZE) < 0)
		return -1;
	return child_no_random();
}

static void child_exec(const char *const argv[], const struct proc_opts *opts)
{
	if (opts->env)
		execve(argv[0], (char *const *)argv, (char *const *)opts->env);
	else
		execvp(argv[0], (char *const *)argv);
}

/* It goes on anywhere where that CPU is not to be had: it went away, or we may not have it. */
static void child_cpu(const struct proc_opts *opts)
{
	cpu_set_t set;

	if (!opts->cpu)
		return;
	CPU_ZERO(&set);
	CPU_SET(opts->cpu - 1, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Runs in the child; what failed goes to the parent as an errno through the pipe. */
static void child(const char *const argv[], const struct proc_opts *opts, pid_t parent, int report)
{
	sigset_t none;
	int ret;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	child_cpu(opts);
	ret = opts->cwd ? chdir(opts->cwd) : 0;
	if (!ret)
		ret = child_fds(opts);
	if (!ret)
		ret = child_limits(opts);
	if (!ret)
		ret = child_user(opts);
	/* After the change of user, which clears it; then look whether the parent died before. */
	if (!ret)
		ret = prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!ret)
		ret = child_repeatable(opts);
	if (!ret && getppid() == parent)
		child_exec(argv, opts);
	ret = errno;
	if (write(report, &ret, sizeof(ret)) < 0)
		_exit(127);
	_exit(127);
}

static int spawn_result(struct proc *proc, int report, const char *name, struct err *err)
{
	int code = 0;

	if (read(report, &code, sizeof(code)) <= 0)
		return 0;
	proc_kill(proc);
	return err_sys(err, -code, "cannot start %s", name);
}

int proc_spawn(struct proc *proc, const char *const argv[], const struct proc_opts *opts,
	       struct err *err)
{
	pid_t parent = getpid();
	int pipefd[2];
	int ret;

	*proc = PROC_NONE;
	if (pipe2(pipefd, O_CLOEXEC))
		return err_sys(err, -errno, "cannot start %s", argv[0]);
	proc->pid = fork();
	if (!proc->pid)
		child(argv, opts, parent, pipefd[1]);
	close(pipefd[1]);
	if (proc->pid < 0) {
		ret = -errno;
		close(pipefd[0]);
		*proc = PROC_NONE;
		return err_sys(err, ret, "cannot start %s", argv[0]);
	}
	setpgid(proc->pid, proc->pid);
	proc->pidfd = (int)syscall(SYS_pidfd_open, proc->pid, 0);
	if (proc->pidfd < 0) {
		ret = -errno;
		close(pipefd[0]);
		kill(-proc->pid, SIGKILL);
		kill(proc->pid, SIGKILL);
		waitpid(proc->pid, NULL, 0);
		*proc = PROC_NONE;
		return err_sys(err, ret, "cannot watch over %s", argv[0]);
	}
	ret = spawn_result(proc, pipefd[0], argv[0], err);
	close(pipefd[0]);
	return ret;
}

int proc_wait(struct proc *proc, int timeout_ms, int *status)
{
	struct pollfd pfd = {.fd = proc->pidfd, .events = POLLIN};
	int ret;

	do
		ret = poll(&pfd, 1, timeout_ms);
	while (ret < 0 && errno == EINTR && timeout_ms < 0);
	if (ret == 0 || (ret < 0 && errno == EINTR))
		return -ETIMEDOUT;
	while (waitpid(proc->pid, status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	close(proc->pidfd);
	*proc = PROC_NONE;
	return 0;
}

void proc_kill(struct proc *proc)
{
	int status;

	if (!proc->pid)
		return;
	kill(-proc->pid, SIGKILL);
	kill(proc->pid, SIGKILL);
	proc_wait(proc, -1, &status);
}

/* The last non-empty line of a program's stderr says best what was wrong. */
static void last_line(int fd, char out[TAIL_MAX])
{
	char tail[TAIL_MAX];
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(tail) - 1 ? end - (off_t)sizeof(tail) + 1 : 0;
	ssize_t n = pread(fd, tail, sizeof(tail) - 1, from);
	char *line;

	out[0] = '\0';
	if (n <= 0)
		return;
	while (n > 0 && tail[n - 1] == '\n')
		n--;
	tail[n] = '\0';
	line = strrchr(tail, '\n');
	line = line ? line + 1 : tail;
	memmove(out, line, strlen(line) + 1);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* What is left until end; -1 when there is no limit. */
static int left_ms(int64_t end)
{
	int64_t left = end - now_ms();

	return end < 0 ? -1 : left > 0 ? (int)left : 0;
}

static int drain(int fd, int64_t end, struct buf *out)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char chunk[65536];
	ssize_t n = 1;

	while (n) {
		int ret = poll(&pfd, 1, left_ms(end));

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0)
			return ret ? -errno : -ETIMEDOUT;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0)
			return -errno;
		if (out)
			buf_add(out, chunk, (size_t)n);
	}
	return 0;
}

static int capture_end(struct proc *proc, int64_t end, int err_fd, const char *name,
		       struct err *err)
{
	char line[TAIL_MAX];
	int status;
	int ret;

	/* A signal ends the wait early. */
	do
		ret = proc_wait(proc, left_ms(end), &status);
	while (ret == -ETIMEDOUT && left_ms(end));
	if (ret)
		return err_sys(err, ret, "%s", name);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	last_line(err_fd, line);
	if (WIFSIGNALED(status))
		return err_set(err, -EIO, "%s was killed by signal %d", name, WTERMSIG(status));
	return err_set(err, -EIO, "%s failed: %s", name, line);
}

int proc_capture(const char *const argv[], int timeout_ms, struct buf *out, struct err *err)
{
	cleanup_fd int err_fd = memfd_create("stderr", MFD_CLOEXEC);
	struct proc_opts opts = {.err_fd = err_fd};
	int64_t end = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct proc proc;
	int pipefd[2];
	int ret;

	if (err_fd < 0 || pipe2(pipefd, O_CLOEXEC))
		return err_sys(err, -errno, "cannot start %s", argv[0]);
	opts.out_fd = pipefd[1];
	ret = proc_spawn(&proc, argv, &opts, err);
	close(pipefd[1]);
	if (!ret) {
		ret = drain(pipefd[0], end, out);
		if (ret)
			err_sys(err, ret, "%s", argv[0]);
		else
			ret = capture_end(&proc, end, err_fd, argv[0], err);
		proc_kill(&proc);
	}
	close(pipefd[0]);
	return ret;
}
