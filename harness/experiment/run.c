// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "experiment/experiment.h"
#include "experiment/judge.h"

/* How often the pool looks up although no machine has said anything. */
#define TICK_MS 500

/* What an experiment is taken to cost before any was run, seconds of CPU. */
#define DEFAULT_COST 12.0

/* A machine, its experiment and its folder. */
struct slot {
	struct vm vm;
	struct experiment *exp;
	char *dir;
};

struct pool {
	struct experiments *exps;
	const struct run_opts *opts;
	struct slot *slot;
	size_t nr_slots; /* running */
	size_t next;     /* next experiment to look at */
	struct run_progress progress;
	double start;
	double cost_left;  /* estimated CPU seconds of what has not been started */
	double cost_ended; /* estimated, of what has ended */
	double *cost;      /* by experiment */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double stored_cost(const char *id)
{
	struct result r;
	double cpu;

	if (store_load(id, &r, NULL))
		return 0;
	cpu = json_number_value(json_object_get(r.host, "cpu_seconds"));
	result_release(&r);
	return cpu;
}

/*
 * Another seed of the same arm is the best guess; its id is not known, so any other result will do.
 */
double experiment_cost(const struct experiment *exp)
{
	static double any;
	char **ids;
	double cpu;

	if (store_has(exp->id)) {
		cpu = stored_cost(exp->id);
		return cpu > 0 ? cpu : DEFAULT_COST;
	}
	if (any > 0)
		return any;
	any = DEFAULT_COST;
	if (!store_ids(&ids, NULL)) {
		cpu = ids[0] ? stored_cost(ids[0]) : 0;
		any = cpu > 0 ? cpu : DEFAULT_COST;
		store_ids_free(ids);
	}
	return any;
}

static int link_in(const char *dir, const char *name, const char *from, struct err *err)
{
	cleanup_free char *to = xasprintf("%s/%s", dir, name);

	return file_link(from, to, err);
}

static int fill_dir(const struct experiment *exp, const char *dir, struct err *err)
{
	cleanup_free char *plan = xasprintf("%s/" RUN_PLAN, dir);
	int ret = link_in(dir, RUN_KERNEL, exp->kernel_file, err);

	if (!ret)
		ret = link_in(dir, RUN_INITRD, exp->image_file, err);
	if (!ret)
		ret = link_in(dir, RUN_PLUGIN, exp->plugin_file, err);
	return ret ? ret : file_write(plan, exp->plan, strlen(exp->plan), err);
}

static void slot_release(struct slot *s)
{
	if (s->dir)
		dir_remove(s->dir, NULL);
	free(s->dir);
	memset(s, 0, sizeof(*s));
}

static int start_one(struct pool *pool, struct experiment *exp, struct err *err)
{
	struct slot *s = &pool->slot[pool->nr_slots];
	int ret;

	memset(s, 0, sizeof(*s));
	s->exp = exp;
	ret = store_scratch(exp->id, &s->dir, err);
	if (!ret)
		ret = fill_dir(exp, s->dir, err);
	if (!ret)
		ret = vm_start(&s->vm, &pool->exps->qemu, &exp->machine, s->dir, &exp->args,
			       pool->opts->limit_ms, pool->opts->vmcore, err);
	if (ret)
		slot_release(s);
	else
		pool->nr_slots++;
	return ret;
}

/* What the emulator told is worth keeping where something went wrong. */
static void take_evidence(struct pool *pool, struct slot *s, struct result *r)
{
	cleanup_free char *vmcore = xasprintf("%s/" RUN_VMCORE, s->dir);
	struct stat st;

	if (s->exp->status != STATUS_DONE) {
		r->evidence = s->vm.evidence.text;
		memset(&s->vm.evidence.text, 0, sizeof(s->vm.evidence.text));
	}
	buf_release(&s->vm.evidence.text);
	if (s->exp->status == STATUS_DONE && !pool->opts->keep_nothing)
		return;
	if (s->vm.evidence.vmcore && !lstat(vmcore, &st) && S_ISREG(st.st_mode))
		r->vmcore = xstrdup(vmcore);
}

static json_t *host_facts(const struct engine_exit *x)
{
	struct timespec ts;
	char when[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:f, s:f, s:i, s:i}", "ended", when, "cpu_seconds", x->cpu_seconds,
			 "wall_seconds", x->wall_seconds, "exit_code", x->exit_code, "signal",
			 x->signal);
}

static int keep(struct pool *pool, struct experiment *exp, const struct result *r, struct err *err)
{
	if (pool->opts->finished)
		pool->opts->finished(exp, r, pool->opts->ctx);
	if (pool->opts->keep_nothing)
		return 0;
	return status_final(exp->status) ? store_save(exp->id, r, pool->opts->fresh, err) :
					   store_save_failed(exp->id, r, err);
}

static void report(struct pool *pool, const struct experiment *ended)
{
	struct run_progress *p = &pool->progress;

	p->running = pool->nr_slots;
	p->seconds = now() - pool->start;
	p->ended = ended;
	/* What has ended says how many CPU seconds pass in a second here. */
	p->estimate = pool->cost_left / pool->opts->jobs;
	if (pool->cost_ended > 0)
		p->estimate = pool->cost_left * p->seconds / pool->cost_ended;
	if (pool->opts->progress)
		pool->opts->progress(p, pool->opts->ctx);
}

static int end_one(struct pool *pool, size_t i, struct err *err)
{
	struct slot s = pool->slot[i];
	struct experiment *exp = s.exp;
	double cost = pool->cost[exp - pool->exps->exp];
	struct result r;
	int ret;

	pool->slot[i] = pool->slot[--pool->nr_slots];
	ret = judge_run(exp, s.dir, &s.vm.exit, &r, err);
	if (!ret) {
		r.host = host_facts(&s.vm.exit);
		take_evidence(pool, &s, &r);
		ret = keep(pool, exp, &r, err);
		result_release(&r);
	}
	slot_release(&s);
	pool->progress.done++;
	pool->progress.failed += exp->status != STATUS_DONE;
	pool->cost_ended += cost;
	pool->cost_left -= cost;
	if (!ret)
		report(pool, exp);
	return ret;
}

static void take_present(struct experiment *exp)
{
	const char *name, *reason;
	struct result r;

	if (store_load(exp->id, &r, NULL))
		return;
	name = json_string_value(json_object_get(r.result, "status"));
	reason = json_string_value(json_object_get(r.result, "reason"));
	exp->status = name ? status_find(name) : STATUS_NR;
	exp->reason = reason && *reason ? xstrdup(reason) : NULL;
	result_release(&r);
}

/* Which of them is there already is decided once, so that total and estimate stay true. */
static void count(struct pool *pool)
{
	struct experiments *exps = pool->exps;
	size_t i;

	pool->cost = xcalloc(exps->nr, sizeof(*pool->cost));
	pool->progress.total = exps->nr;
	for (i = 0; i < exps->nr; i++) {
		if (!pool->opts->fresh && !pool->opts->keep_nothing && store_has(exps->exp[i].id)) {
			take_present(&exps->exp[i]);
			pool->progress.present++;
			pool->progress.failed += exps->exp[i].status != STATUS_DONE;
			continue;
		}
		pool->cost[i] = experiment_cost(&exps->exp[i]);
		pool->cost_left += pool->cost[i];
	}
}

static int start_some(struct pool *pool, struct err *err)
{
	int ret = 0;

	while (!ret && pool->nr_slots < pool->opts->jobs && pool->next < pool->exps->nr) {
		size_t i = pool->next++;

		if (pool->cost[i] > 0)
			ret = start_one(pool, &pool->exps->exp[i], err);
	}
	return ret;
}

static int wait_some(struct pool *pool, struct err *err)
{
	struct vm **vms = xcalloc(pool->nr_slots, sizeof(*vms));
	bool *ended = xcalloc(pool->nr_slots, sizeof(*ended));
	size_t i;
	int ret;

	for (i = 0; i < pool->nr_slots; i++)
		vms[i] = &pool->slot[i].vm;
	ret = vm_poll(vms, pool->nr_slots, TICK_MS, ended);
	if (ret == -EINTR)
		ret = 0;
	/* From the back: ending one moves the last into its place. */
	for (i = pool->nr_slots; !ret && i-- > 0;)
		if (ended[i])
			ret = end_one(pool, i, err);
	free(vms);
	free(ended);
	return ret;
}

static void end_all(struct pool *pool)
{
	while (pool->nr_slots) {
		struct slot *s = &pool->slot[--pool->nr_slots];

		vm_kill(&s->vm);
		slot_release(s);
	}
}

static int stopped(const struct pool *pool, struct err *err)
{
	if (!pool->opts->stop || !*pool->opts->stop)
		return 0;
	return err_set(err, -EINTR, "stopped; the same command goes on where this one ended");
}

int experiments_run(struct experiments *exps, const struct run_opts *opts, struct err *err)
{
	struct pool pool = {.exps = exps, .opts = opts, .start = now()};
	int ret = dir_make(path_results(), err);

	if (ret)
		return ret;
	store_clean();
	count(&pool);
	pool.slot = xcalloc(opts->jobs, sizeof(*pool.slot));
	report(&pool, NULL);
	while (!ret) {
		ret = start_some(&pool, err);
		if (ret || !pool.nr_slots)
			break;
		ret = wait_some(&pool, err);
		if (!ret)
			ret = stopped(&pool, err);
		if (!ret)
			report(&pool, NULL);
	}
	end_all(&pool);
	free(pool.slot);
	free(pool.cost);
	return ret;
}
