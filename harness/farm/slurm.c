// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slurm: arrays of jobs, each with one CPU and the memory of the largest machine.
 *
 * What Slurm says of a job is a hint: after a crash of its controller its answers can be old, and a job whose
 * step daemon died runs for ever.  So the results that are there decide, and a job in which nothing happens
 * for longer than any machine may take is cancelled and its cells are given out again.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "farm/internal.h"

/* Slurm's usual MaxArraySize is one more. */
#define ARRAY_MAX 1000
#define ASK_MS	  60000
/* Of the emulator, beside the guest's memory, MiB. */
#define OVERHEAD_MIB 512
/* Time to be given a CPU in, and to be noticed, beside the machine's own limit. */
#define SLACK_S 120
#define CANARY_MS (30 * 60 * 1000)

static uint64_t memory_mib(const struct experiments *exps)
{
	uint64_t most = 0, sum;
	unsigned int n;
	size_t i;

	for (i = 0; i < exps->nr; i++) {
		const struct machine *m = &exps->exp[i].machine;

		for (n = 0, sum = m->records; n < m->nr_nodes; n++)
			sum += m->node[n].memory;
		if (sum > most)
			most = sum;
	}
	return (most >> 20) + OVERHEAD_MIB;
}

/* What each job runs: the line of the list that its number in the array says. */
static int write_script(const struct farm_opts *opts, const char *list, const char *path, struct err *err)
{
	cleanup_buf struct buf command = {0}, text = {0};
	int ret = worker_command(opts, &command, err);

	if (ret)
		return ret;
	buf_adds(&text, "#!/bin/sh\nid=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" ");
	buf_add_shell(&text, list);
	buf_printf(&text, ") || exit\n%s \"$id\"\n", buf_str(&command));
	return file_write(path, text.data, text.len, err);
}

static int submit(struct farm_watch *w, const char *list, size_t nr, struct buf *job, struct err *err)
{
	cleanup_free char *script = xasprintf("%s/.cells/slurm.sh", path_results());
	cleanup_free char *log = xasprintf("--output=%s/.cells/log", path_results());
	char array[40], memory[40];
	const char *argv[16] = {"sbatch", "--parsable", "--requeue", "--open-mode=append",
				"--job-name=wringer", "--cpus-per-task=1", array, memory, log};
	size_t n = 9;
	int ret = write_script(w->opts, list, script, err);

	snprintf(array, sizeof(array), "--array=0-%zu", (nr < ARRAY_MAX ? nr : ARRAY_MAX) - 1);
	snprintf(memory, sizeof(memory), "--mem=%llu", (unsigned long long)memory_mib(w->exps));
	if (w->opts->workers) {
		argv[n++] = "--partition";
		argv[n++] = w->opts->workers;
	}
	argv[n++] = script;
	if (!ret)
		ret = proc_capture(argv, ASK_MS, job, err);
	if (ret)
		return err_prefix(err, ret, "Slurm does not take the job");
	/* "JOB" or "JOB;CLUSTER". */
	job->data[strspn(job->data, "0123456789")] = '\0';
	return *job->data ? 0 : err_set(err, -EIO, "sbatch did not say which job it made");
}

/* 1 while the job is queued or runs, 0 when it is over, and 1 as well while nobody answers. */
static bool is_queued(const char *job)
{
	const char *argv[] = {"squeue", "--noheader", "--jobs", job, "--format=%i", NULL};
	cleanup_buf struct buf out = {0};
	struct err err = {""};
	int ret = proc_capture(argv, ASK_MS, &out, &err);

	if (ret)
		return !strstr(err.msg, "Invalid job id");
	return out.len > 0;
}

static void cancel(const char *job)
{
	const char *argv[] = {"scancel", job, NULL};
	cleanup_buf struct buf out = {0};

	proc_capture(argv, ASK_MS, &out, NULL);
}

static bool is_stuck(const struct farm_watch *w)
{
	return watch_idle(w) > 2 * (double)w->opts->run.limit_ms / 1000 + SLACK_S;
}

static int wait_slurm(struct farm_watch *w, const char *job, struct err *err)
{
	int ret;

	do {
		usleep(FARM_TICK_MS * 1000);
		ret = watch_tick(w, err);
	} while (!ret && cells_missing(w->exps) && !is_stuck(w) && is_queued(job));
	/* What a job that has just ended left. */
	if (!ret)
		ret = watch_tick(w, err);
	cancel(job);
	return ret;
}

static int round_slurm(struct farm_watch *w, struct err *err)
{
	cleanup_free char *list = NULL;
	cleanup_buf struct buf job = {0};
	size_t nr;
	int ret = write_list(w->exps, "slurm.list", &list, &nr, err);

	if (!ret)
		ret = submit(w, list, nr, &job, err);
	return ret ? ret : wait_slurm(w, buf_str(&job), err);
}

int farm_slurm(struct experiments *exps, const struct farm_opts *opts, struct err *err)
{
	struct farm_watch w;

	watch_begin(&w, exps, opts);
	return farm_rounds(&w, round_slurm, err);
}

static int list_nodes(const struct farm_opts *opts, struct buf *out, struct err *err)
{
	const char *argv[8] = {"sinfo", "--noheader", "--Node", "--format=%N", NULL};

	if (opts->workers) {
		argv[4] = "--partition";
		argv[5] = opts->workers;
	}
	return proc_capture(argv, ASK_MS, out, err);
}

static int canary_node(const char *node, const char *command, struct buf *out, struct err *err)
{
	cleanup_free char *which = xasprintf("--nodelist=%s", node);
	const char *argv[] = {"srun", "--nodes=1", "--ntasks=1", "--cpus-per-task=1", "--quiet", which, "sh", "-c",
			      command, NULL};
	cleanup_buf struct buf hash = {0};
	int ret = proc_capture(argv, CANARY_MS, &hash, err);

	if (ret)
		return err_prefix(err, -EXDEV, "worker %s refuses", node);
	buf_printf(out, "%s %.*s\n", node, (int)strcspn(buf_str(&hash), "\n"), buf_str(&hash));
	return 0;
}

int canary_slurm(const char *id, const struct farm_opts *opts, struct buf *out, struct err *err)
{
	cleanup_buf struct buf nodes = {0}, command = {0};
	char *rest, *node;
	int ret = list_nodes(opts, &nodes, err);

	if (!ret)
		ret = worker_command(opts, &command, err);
	buf_printf(&command, " --canary %s", id);
	for (rest = nodes.data; !ret && rest && (node = strsep(&rest, "\n"));)
		if (*node)
			ret = canary_node(node, buf_str(&command), out, err);
	return ret;
}
