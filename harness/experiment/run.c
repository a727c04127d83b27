// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cpus.h"
#include "base/path.h"
#include "engine/template.h"
#include "experiment/experiment.h"
#include "experiment/initrd.h"
#include "experiment/objects.h"
#include "experiment/judge.h"
#include "result/counts.h"

/* How often the pool looks up although no machine has said anything. */
#define TICK_MS 500

/* What an experiment is taken to cost before any was run, seconds of CPU. */
#define DEFAULT_COST 12.0

/* A machine, its experiment and its folder; with VM_SAVE the one it makes a template for. */
struct slot {
	struct vm vm;
	struct experiment *exp;
	char *dir;
	struct template tpl;
	int cpu; /* that it has for itself; -1 = any */
};

/* How far an experiment is. */
struct state {
	double cost; /* estimated CPU seconds; 0 = it was there already */
	bool begun;
	bool boot;   /* its template cannot be made: start from power-on */
};

struct pool {
	struct experiments *exps;
	const struct run_opts *opts;
	struct slot *slot;
	size_t nr_slots; /* running */
	size_t left;     /* experiments that have not begun */
	struct run_progress progress;
	double start;
	double cost_left;  /* estimated CPU seconds of what has not been started */
	double cost_ended; /* estimated, of what has ended */
	struct state *state; /* by experiment */
	uint64_t templates_max;
	struct cpus cpus; /* handed out to machines; none when they are not */
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
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
		cpu = store_cost(exp->id);
		return cpu > 0 ? cpu : DEFAULT_COST;
	}
	if (any > 0)
		return any;
	any = DEFAULT_COST;
	if (!store_ids(&ids, NULL)) {
		cpu = ids[0] ? store_cost(ids[0]) : 0;
		any = cpu > 0 ? cpu : DEFAULT_COST;
		store_ids_free(ids);
	}
	return any;
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

static void tell(struct pool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct pool *pool, const char *fmt, ...)
{
	char note[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(note, sizeof(note), fmt, ap);
	va_end(ap);
	pool->progress.note = note;
	report(pool, NULL);
	pool->progress.note = NULL;
}

/* Its experiments start from power-on, and tell by themselves what is wrong with the machine. */
static void give_up_template(struct pool *pool, const char *key, const char *why)
{
	size_t i;

	for (i = 0; i < pool->exps->nr; i++)
		if (!strcmp(pool->exps->exp[i].template, key))
			pool->state[i].boot = true;
	tell(pool, "no template %.12s, so machines are booted: %s", key, why);
}

static int link_in(const char *dir, const char *name, const char *from, struct err *err)
{
	cleanup_free char *to = xasprintf("%s/%s", dir, name);

	return file_link(from, to, err);
}

static int link_probe(const struct experiment *exp, const char *dir, struct err *err)
{
	cleanup_free char *probe = xasprintf("%s/" RUN_PROBE, path_data());
	int ret = link_in(dir, RUN_PROBE, probe, err);

	return ret ? ret : link_in(dir, RUN_SYMBOLS, exp->symbols_file, err);
}

static int fill_dir(const struct experiment *exp, const char *dir, const char *text,
		    struct err *err)
{
	cleanup_free char *setup = xasprintf("%s/" RUN_SETUP, dir);
	cleanup_free char *plan = xasprintf("%s/" RUN_PLAN, dir);
	int ret = link_in(dir, RUN_KERNEL, exp->kernel_file, err);

	if (!ret && exp->engine == ENGINE_UML)
		ret = initrd_write(exp, dir, err);
	else if (!ret)
		ret = link_in(dir, RUN_INITRD, exp->image_file, err);
	if (!ret)
		ret = objects_put(exp->objects_file, dir, err);
	if (!ret && exp->plugin_file)
		ret = link_in(dir, RUN_PLUGIN, exp->plugin_file, err);
	if (!ret)
		ret = file_write(setup, exp->setup, strlen(exp->setup), err);
	return ret ? ret : file_write(plan, text, strlen(text), err);
}

static void slot_release(struct pool *pool, struct slot *s)
{
	cpus_put(&pool->cpus, s->cpu);
	/* The folder of a template in the making is the template's. */
	if (s->dir && s->vm.mode != VM_SAVE)
		dir_remove(s->dir, NULL);
	free(s->dir);
	buf_release(&s->vm.evidence.text);
	template_close(&s->tpl);
	memset(s, 0, sizeof(*s));
}

/*
 * With a machine for each CPU, each has its own: QEMU's two threads, or those of User-Mode Linux and
 * its processes, wake each other some thousand times a second, which costs a tenth of all when it
 * goes from one CPU to another.  Of fewer, and of engines with a thread for each of the guest's CPUs,
 * the host knows better.
 */
static void give_cpu(struct pool *pool, struct slot *s)
{
	s->cpu = engine_exact(s->exp->engine) ? cpus_take(&pool->cpus) : -1;
}

static int start_vm(struct pool *pool, struct slot *s, enum vm_mode mode, struct err *err)
{
	const struct experiment *exp = s->exp;
	struct vm_opts opts = {.engine = exp->engine, .qemu = &pool->exps->qemu,
			       .machine = &exp->machine,
			       .args = &exp->args, .dir = s->dir, .mode = mode,
			       .saved = s->tpl.dir, .limit_ms = pool->opts->limit_ms,
			       .cpu = s->cpu + 1,
			       .vmcore = pool->opts->vmcore,
			       .probe = exp->symbols_file && mode != VM_SAVE};
	/* A template knows nothing of the plan. */
	int ret = fill_dir(exp, s->dir, mode == VM_SAVE ? "" : exp->plan, err);

	if (!ret && opts.probe)
		ret = link_probe(exp, s->dir, err);
	return ret ? ret : vm_start(&s->vm, &opts, err);
}

/* Takes over tpl. */
static int start_one(struct pool *pool, size_t i, enum vm_mode mode, struct template *tpl,
		     struct err *err)
{
	struct slot *s = &pool->slot[pool->nr_slots];
	int ret = 0;

	*s = (struct slot){.exp = &pool->exps->exp[i], .tpl = *tpl, .vm.mode = mode};
	give_cpu(pool, s);
	if (mode == VM_SAVE)
		s->dir = xstrdup(tpl->dir);
	else
		ret = store_scratch(s->exp->id, &s->dir, err);
	if (!ret)
		ret = start_vm(pool, s, mode, err);
	if (ret) {
		slot_release(pool, s);
		return ret;
	}
	pool->nr_slots++;
	if (mode != VM_SAVE) {
		pool->state[i].begun = true;
		pool->left--;
	}
	return 0;
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

static int boot(struct pool *pool, size_t i, struct err *err)
{
	struct template none = TEMPLATE_NONE;

	return start_one(pool, i, VM_BOOT, &none, err);
}

/* Without its template where that cannot be made, or is not what it should be. */
static int fork_or_make(struct pool *pool, size_t i, enum vm_mode mode, struct template *tpl,
			struct err *err)
{
	const char *key = pool->exps->exp[i].template;
	struct err why = {""};

	if (!start_one(pool, i, mode, tpl, &why))
		return 0;
	if (mode == VM_FORK)
		template_remove(key);
	give_up_template(pool, key, why.msg);
	return boot(pool, i, err);
}

/* Starts it, or what must be there first; -EAGAIN while somebody makes its template. */
static int start_next(struct pool *pool, size_t i, struct err *err)
{
	const char *key = pool->exps->exp[i].template;
	struct template tpl = TEMPLATE_NONE;
	struct err why = {""};
	int ret;

	if (pool->opts->boot || pool->state[i].boot || !*key)
		return boot(pool, i, err);
	ret = template_open(key, &tpl, &why);
	if (!ret)
		return fork_or_make(pool, i, VM_FORK, &tpl, err);
	if (ret == -ENOENT)
		ret = template_begin(key, &tpl, &why);
	if (!ret)
		return fork_or_make(pool, i, VM_SAVE, &tpl, err);
	if (ret == -EBUSY || ret == -EEXIST)
		return -EAGAIN;
	give_up_template(pool, key, why.msg);
	return boot(pool, i, err);
}

static json_t *host_facts(const struct slot *s)
{
	const struct engine_exit *x = &s->vm.exit;
	struct timespec ts;
	char when[32];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_pack("{s:s, s:s, s:f, s:f, s:i, s:i}", "ended", when, "start",
			 s->vm.mode == VM_FORK ? "fork" : "boot", "cpu_seconds", x->cpu_seconds,
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

static bool well_saved(const struct engine_exit *x)
{
	return x->saved && x->exited && !x->exit_code && !x->fault[0] && !x->timed_out &&
	       !x->watchdog;
}

/* What has just been made is held, so that it is not the one that goes. */
static int trim_templates(struct pool *pool, const char *key, struct err *err)
{
	struct template keep = TEMPLATE_NONE;
	size_t removed;
	int ret;

	if (template_open(key, &keep, NULL))
		keep = TEMPLATE_NONE;
	ret = templates_trim(pool->templates_max, &removed, err);
	template_close(&keep);
	return ret;
}

static int end_template(struct pool *pool, struct slot *s, struct err *err)
{
	const struct engine_exit *x = &s->vm.exit;
	struct err why = {"the machine ended before it was ready"};
	char title[80];
	json_t *parts;
	int ret;

	if (x->fault[0])
		err_set(&why, 0, "%s", x->fault);
	if (!well_saved(x)) {
		give_up_template(pool, s->exp->template, why.msg);
		return 0;
	}
	parts = experiment_template(s->exp, title);
	ret = template_finish(&s->tpl, parts, title, &why);
	json_decref(parts);
	if (!ret)
		return trim_templates(pool, s->exp->template, err);
	give_up_template(pool, s->exp->template, why.msg);
	return 0;
}

/* A template that cannot be loaded goes; this experiment does without. */
static int end_unloaded(struct pool *pool, struct slot *s)
{
	struct state *state = &pool->state[s->exp - pool->exps->exp];

	tell(pool, "template %.12s cannot be loaded and is removed", s->exp->template);
	template_close(&s->tpl);
	template_remove(s->exp->template);
	state->boot = true;
	state->begun = false;
	pool->left++;
	return 0;
}

/* The probe runs where the guest does: nothing it wrote is trusted, its size neither. */
static void take_counts(const struct slot *s, struct result *r)
{
	cleanup_free char *path = xasprintf("%s/" RUN_COUNTS, s->dir);
	struct stat st;

	if (s->exp->symbols_file && !lstat(path, &st) && S_ISREG(st.st_mode) &&
	    st.st_size <= COUNTS_MAX)
		file_read(path, &r->counts, NULL);
}

static int end_experiment(struct pool *pool, struct slot *s, struct err *err)
{
	double cost = pool->state[s->exp - pool->exps->exp].cost;
	struct result r;
	int ret = judge_run(s->exp, s->dir, &s->vm.exit, &r, err);

	if (!ret) {
		r.host = host_facts(s);
		take_evidence(pool, s, &r);
		take_counts(s, &r);
		ret = keep(pool, s->exp, &r, err);
		result_release(&r);
	}
	pool->progress.done++;
	pool->progress.failed += s->exp->status != STATUS_DONE;
	pool->cost_ended += cost;
	pool->cost_left -= cost;
	return ret;
}

static int end_one(struct pool *pool, size_t i, struct err *err)
{
	struct slot s = pool->slot[i];
	bool made = s.vm.mode == VM_SAVE;
	const struct experiment *exp;
	int ret;

	pool->slot[i] = pool->slot[--pool->nr_slots];
	if (s.vm.mode == VM_FORK && s.vm.exit.unloaded)
		ret = end_unloaded(pool, &s);
	else
		ret = made ? end_template(pool, &s, err) : end_experiment(pool, &s, err);
	exp = made || s.vm.exit.unloaded ? NULL : s.exp;
	slot_release(pool, &s);
	if (!ret)
		report(pool, exp);
	return ret;
}

void experiment_take_result(struct experiment *exp)
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

	pool->state = xcalloc(exps->nr, sizeof(*pool->state));
	pool->progress.total = exps->nr;
	for (i = 0; i < exps->nr; i++) {
		if (!pool->opts->fresh && !pool->opts->keep_nothing && store_has(exps->exp[i].id)) {
			experiment_take_result(&exps->exp[i]);
			pool->progress.present++;
			pool->progress.failed += exps->exp[i].status != STATUS_DONE;
			pool->state[i].begun = true;
			continue;
		}
		pool->state[i].cost = experiment_cost(&exps->exp[i]);
		pool->cost_left += pool->state[i].cost;
		pool->left++;
	}
}

/* In their order, but for those whose template somebody is making. */
static int start_some(struct pool *pool, struct err *err)
{
	const char *busy = NULL;
	size_t i = 0;
	int ret;

	while (pool->nr_slots < pool->opts->jobs && i < pool->exps->nr) {
		if (pool->state[i].begun ||
		    (busy && !strcmp(pool->exps->exp[i].template, busy))) {
			i++;
			continue;
		}
		ret = start_next(pool, i, err);
		if (ret == -EAGAIN)
			busy = pool->exps->exp[i].template;
		else if (ret)
			return ret;
	}
	return 0;
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
		slot_release(pool, s);
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
	ret = templates_max(&pool.templates_max, err);
	if (ret)
		return ret;
	cache_note_results();
	store_clean();
	templates_clean();
	count(&pool);
	cpus_get(&pool.cpus);
	if (opts->jobs < pool.cpus.nr)
		cpus_release(&pool.cpus);
	pool.slot = xcalloc(opts->jobs, sizeof(*pool.slot));
	report(&pool, NULL);
	while (!ret) {
		ret = start_some(&pool, err);
		if (ret || (!pool.nr_slots && !pool.left))
			break;
		ret = wait_some(&pool, err);
		if (!ret)
			ret = stopped(&pool, err);
		if (!ret)
			report(&pool, NULL);
	}
	end_all(&pool);
	cpus_release(&pool.cpus);
	free(pool.slot);
	free(pool.state);
	return ret;
}
