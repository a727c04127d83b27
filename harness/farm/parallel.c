// SPDX-License-Identifier: GPL-2.0-only
/* GNU parallel, here or by ssh. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "farm/internal.h"

#define STOP_MS	  20000
#define CANARY_MS (30 * 60 * 1000)

/* It is asked to end, and passes that on; what does not heed it is killed. */
static void stop_parallel(struct proc *proc)
{
	int status;

	kill(proc->pid, SIGTERM);
	kill(proc->pid, SIGTERM);
	if (proc_wait(proc, STOP_MS, &status))
		proc_kill(proc);
}

static int wait_parallel(struct farm_watch *w, struct proc *proc, struct err *err)
{
	int ret, status;

	do {
		ret = proc_wait(proc, FARM_TICK_MS, &status);
		if (ret && ret != -ETIMEDOUT && ret != -EINTR)
			return err_sys(err, ret, "cannot wait for parallel");
		if (watch_tick(w, err)) {
			stop_parallel(proc);
			return -EINTR;
		}
	} while (ret);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(err, -ENOENT, "there is no parallel here: install the package parallel");
	return 0;
}

static void add_args(const char **argv, size_t *n, const struct farm_opts *opts, const char *jobs)
{
	argv[(*n)++] = "parallel";
	argv[(*n)++] = "--will-cite";
	argv[(*n)++] = "--jobs";
	argv[(*n)++] = jobs;
	/* A worker that is told to end needs a moment to end its machine. */
	argv[(*n)++] = "--termseq";
	argv[(*n)++] = "TERM,10000,KILL,100";
	if (opts->workers) {
		argv[(*n)++] = "--sshlogin";
		argv[(*n)++] = opts->workers;
	}
}

static int round_parallel(struct farm_watch *w, struct err *err)
{
	char jobs[16];
	const char *argv[24];
	cleanup_free char *list = NULL;
	cleanup_buf struct buf command = {0};
	struct proc proc = PROC_NONE;
	struct proc_opts opts = {.err_fd = STDERR_FILENO};
	size_t n = 0, nr;
	int ret = write_list(w->exps, "parallel.list", &list, &nr, err);

	if (!ret)
		ret = worker_command(w->opts, &command, err);
	if (ret)
		return ret;
	snprintf(jobs, sizeof(jobs), "%u", w->opts->run.jobs);
	add_args(argv, &n, w->opts, jobs);
	argv[n++] = "--arg-file";
	argv[n++] = list;
	argv[n++] = buf_str(&command);
	argv[n] = NULL;
	ret = proc_spawn(&proc, argv, &opts, err);
	return ret ? ret : wait_parallel(w, &proc, err);
}

int farm_parallel(struct experiments *exps, const struct farm_opts *opts, struct err *err)
{
	struct farm_watch w;

	watch_begin(&w, exps, opts);
	return farm_rounds(&w, round_parallel, err);
}

int canary_parallel(const char *id, const struct farm_opts *opts, struct buf *out, struct err *err)
{
	const char *argv[24];
	cleanup_buf struct buf command = {0};
	size_t n = 0, i, from = out->len;
	int ret = worker_command(opts, &command, err);

	if (ret)
		return ret;
	buf_printf(&command, " --canary %s", id);
	add_args(argv, &n, opts, "1");
	if (!opts->workers) {
		argv[n++] = "--sshlogin";
		argv[n++] = ":";
	}
	argv[n++] = "--nonall";
	argv[n++] = "--tag";
	argv[n++] = buf_str(&command);
	argv[n] = NULL;
	ret = proc_capture(argv, CANARY_MS, out, err);
	for (i = from; i < out->len; i++)
		if (out->data[i] == '\t')
			out->data[i] = ' ';
	return ret;
}
