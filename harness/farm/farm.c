// SPDX-License-Identifier: GPL-2.0-only
#include "farm/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "result/store.h"

static int farm_local(struct experiments *exps, const struct farm_opts *opts, struct err *err)
{
	return experiments_run(exps, &opts->run, err);
}

const struct farm farms[] = {
	{"local", "this machine's CPUs", farm_local, NULL},
	{"parallel", "GNU parallel: this machine, or the ssh logins of --workers", farm_parallel,
	 canary_parallel},
	{"slurm", "a Slurm cluster: job arrays, in the partition of --workers", farm_slurm, canary_slurm},
};
const size_t nr_farms = ARRAY_SIZE(farms);

const struct farm *farm_find(const char *name)
{
	size_t i;

	for (i = 0; i < nr_farms; i++)
		if (!strcmp(farms[i].name, name))
			return &farms[i];
	return NULL;
}

static int add_path(struct buf *out, const char *before, const char *path, struct err *err)
{
	char *real = realpath(path, NULL);

	if (!real)
		return err_sys(err, -errno, "cannot find %s", path);
	buf_adds(out, before);
	buf_add_shell(out, real);
	free(real);
	return 0;
}

int worker_command(const struct farm_opts *opts, struct buf *out, struct err *err)
{
	int ret = add_path(out, "exec env WRINGER_CACHE=", path_cache(), err);

	if (!ret)
		ret = add_path(out, " WRINGER_DATA=", path_data(), err);
	if (!ret)
		ret = add_path(out, " ", "/proc/self/exe", err);
	if (!ret)
		ret = add_path(out, " cell --results ", path_results(), err);
	if (!ret)
		buf_printf(out, " --timeout %lldms", (long long)opts->run.limit_ms);
	return ret;
}

int write_list(const struct experiments *exps, const char *name, char **path, size_t *nr, struct err *err)
{
	cleanup_buf struct buf text = {0};
	size_t i;

	*nr = 0;
	for (i = 0; i < exps->nr; i++) {
		if (store_has(exps->exp[i].id))
			continue;
		buf_printf(&text, "%s\n", exps->exp[i].id);
		++*nr;
	}
	*path = xasprintf("%s/.cells/%s", path_results(), name);
	return file_write(*path, buf_str(&text), text.len, err);
}

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

void watch_begin(struct farm_watch *w, struct experiments *exps, const struct farm_opts *opts)
{
	size_t missing = cells_missing(exps);

	*w = (struct farm_watch){.exps = exps, .opts = opts,
				 .progress = {.total = exps->nr, .present = exps->nr - missing,
					      .running = missing, .estimate = -1}};
	clock_gettime(CLOCK_MONOTONIC, &w->begun);
	w->last = w->begun;
}

int watch_tick(struct farm_watch *w, struct err *err)
{
	struct run_progress *p = &w->progress;
	size_t taken;
	int ret = cells_collect(w->exps, &taken, err);

	if (ret)
		return ret;
	if (taken)
		clock_gettime(CLOCK_MONOTONIC, &w->last);
	p->done += taken;
	p->running = p->total - p->present - p->done;
	p->seconds = seconds_since(&w->begun);
	if (p->done)
		p->estimate = p->seconds / (double)p->done * (double)p->running;
	if (w->opts->run.progress)
		w->opts->run.progress(p, w->opts->run.ctx);
	if (w->opts->run.stop && *w->opts->run.stop)
		return err_set(err, -EINTR, "stopped; the same command goes on where this one ended");
	return 0;
}

double watch_idle(const struct farm_watch *w)
{
	return seconds_since(&w->last);
}

int farm_rounds(struct farm_watch *w, int (*round)(struct farm_watch *w, struct err *err), struct err *err)
{
	size_t missing = cells_missing(w->exps), now, idle = 0;
	int ret = cells_put(w->exps, err);

	while (!ret && missing && idle < FARM_ROUNDS) {
		/* What the one before waited for in vain is not held against this one. */
		clock_gettime(CLOCK_MONOTONIC, &w->last);
		ret = round(w, err);
		now = cells_missing(w->exps);
		idle = now < missing ? 0 : idle + 1;
		missing = now;
	}
	cells_statuses(w->exps);
	if (!ret && missing)
		return err_set(err, -EIO, "%zu experiments got no result in %d tries; what the workers said is in "
			       "%s/.cells/log", missing, FARM_ROUNDS, path_results());
	if (!ret)
		cells_remove(w->exps);
	return ret;
}

/* "WORKER HASH" a line: whose hash is another one? */
static int check_hashes(const char *lines, const char *hex, struct err *err)
{
	cleanup_free char *copy = xstrdup(lines);
	char *rest = copy, *line, *blank;
	size_t n = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		blank = strrchr(line, ' ');
		n++;
		if (!blank || strcmp(blank + 1, hex))
			return err_set(err, -EXDEV, "worker %.*s is not exact: the same experiment gives %.12s there "
				       "and %.12s here", blank ? (int)(blank - line) : 64, line,
				       blank ? blank + 1 : "nothing", hex);
	}
	return n ? 0 : err_set(err, -EXDEV, "no worker answered");
}

int farm_check(const struct farm *farm, struct experiments *exps, const struct farm_opts *opts, struct err *err)
{
	struct experiments first = {.exp = exps->exp, .nr = 1};
	cleanup_buf struct buf lines = {0};
	char hex[SHA256_HEX];
	int ret;

	if (!farm->canary || !engine_exact(exps->exp[0].engine))
		return 0;
	ret = cells_put(&first, err);
	if (!ret)
		ret = cell_canary(first.exp[0].id, &opts->run, hex, err);
	if (!ret)
		ret = farm->canary(first.exp[0].id, opts, &lines, err);
	return ret ? ret : check_hashes(buf_str(&lines), hex, err);
}
