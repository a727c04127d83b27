// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/kunit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/inside.h"
#include "result/console.h"
#include "result/program.h"

#define MEMORY   (256ull << 20)
#define TICK_MS  200

/* Tests are told at this level, and after them the machine has nothing to do. */
#define PARAMS "loglevel=8 printk.time=0 kunit.enable=1 kunit.autorun=1 kunit_shutdown="

static const struct machine machine = {
	.node[0] = {.memory = MEMORY, .cpus = 1}, .nr_nodes = 1, .records = 1 << 20,
};

static void make_args(struct experiment *exp, const char *filter)
{
	cleanup_buf struct buf params = {0};

	buf_printf(&params, PARAMS "%s", exp->engine == ENGINE_UML ? "poweroff" : "reboot");
	if (filter)
		buf_printf(&params, " kunit.filter_glob=%s", filter);
	engine_args(&exp->machine, exp->engine, &exp->args);
	engine_params(exp->engine, &exp->args, buf_str(&params));
}

static int prepare(const char *name, const struct kunit_opts *opts, struct experiments *out,
		   struct err *err)
{
	struct experiment *exp = xcalloc(1, sizeof(*exp));
	struct kernel kernel;
	int ret = kernel_resolve(name, opts->say, &kernel, err);

	*out = (struct experiments){.exp = exp, .nr = 1};
	if (ret)
		return ret;
	exp->engine = kernel_is_uml(&kernel) ? ENGINE_UML : ENGINE_FAST;
	exp->machine = machine;
	exp->setup = xstrdup("");
	exp->plan = xstrdup("# wringer plan 4\ntimes 0 0 0 0 0 1\n");
	ret = bare_files(kernel.id, exp, err);
	kernel_release(&kernel);
	if (!ret && exp->engine != ENGINE_UML)
		ret = qemu_probe(&out->qemu, err);
	if (!ret)
		make_args(exp, opts->filter);
	return ret;
}

static int run(const struct experiments *exps, const struct kunit_opts *opts, const char *dir,
	       struct buf *console, struct err *err)
{
	const struct experiment *exp = exps->exp;
	struct vm_opts vopts = {.engine = exp->engine, .qemu = &exps->qemu,
				.machine = &exp->machine, .args = &exp->args, .dir = dir,
				.limit_ms = opts->limit_ms};
	cleanup_free char *path = xasprintf("%s/" RUN_CONSOLE, dir);
	struct vm vm, *vms[] = {&vm};
	bool ended = false;
	int ret = vm_start(&vm, &vopts, err);

	while (!ret && !ended)
		ret = vm_poll(vms, 1, TICK_MS, &ended);
	if (ret == -EINTR) {
		vm_kill(&vm);
		return err_set(err, ret, "stopped");
	}
	if (!ret)
		ret = file_read(path, console, err);
	if (!ret && vm.exit.timed_out)
		ret = err_set(err, -ENODATA, "its tests had not ended after %.0f s",
			      vm.exit.wall_seconds);
	buf_release(&vm.evidence.text);
	return ret;
}

/* "[    1.234567] " before each line, where the kernel puts it. */
static void strip_times(const struct buf *console, struct buf *out)
{
	const char *p = buf_str(console), *end = p + console->len;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *q = p;

		nl = nl ? nl + 1 : end;
		if (*q == '[') {
			q++;
			while (q < nl && (isdigit((unsigned char)*q) || *q == ' ' || *q == '.'))
				q++;
			if (q + 1 < nl && q[0] == ']' && q[1] == ' ')
				p = q + 2;
		}
		buf_add(out, p, (size_t)(nl - p));
		p = nl;
	}
}

static uint64_t metric(const struct program_report *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->nr_metrics; i++)
		if (!strcmp(r->metric[i].kind->name, name))
			return (uint64_t)r->metric[i].value;
	return 0;
}

/* What the kernel said instead. */
static int no_tests(const struct buf *console, struct err *err)
{
	struct console said;

	console_classify(buf_str(console), console->len, true, &said);
	if (said.first.kind != STATUS_DONE)
		return err_set(err, -ENODATA, "it ran no test: %s", said.first.title);
	return err_set(err, -ENODATA,
		       "it has no KUnit tests of that name; kernel-config/kunit.config switches some on");
}

static int read_tests(const struct buf *console, struct kunit *out, struct err *err)
{
	static const char *const names[] = {"passed", "failed", "skipped", "expected"};
	struct program_report r = {0};
	cleanup_buf struct buf text = {0};
	size_t i;

	strip_times(console, &text);
	ktap_read(buf_str(&text), text.len, &r);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		out->nr[i] = metric(&r, names[i]);
	out->missing = metric(&r, "missing");
	out->tests = json_incref(r.detail);
	snprintf(out->error, sizeof(out->error), "%s", r.error);
	program_report_release(&r);
	return json_array_size(out->tests) ? 0 : no_tests(console, err);
}

int kunit_run(const char *kernel, const struct kunit_opts *opts, struct kunit *out, struct err *err)
{
	cleanup_buf struct buf console = {0};
	struct experiments exps;
	char *dir = NULL;
	int ret = prepare(kernel, opts, &exps, err);

	memset(out, 0, sizeof(*out));
	if (!ret)
		ret = inside_dir(exps.exp, NULL, NULL, &dir, err);
	if (!ret)
		ret = run(&exps, opts, dir, &console, err);
	if (!ret)
		ret = read_tests(&console, out, err);
	if (dir)
		dir_remove(dir, NULL);
	free(dir);
	experiments_release(&exps);
	if (ret)
		kunit_release(out);
	return ret;
}

void kunit_release(struct kunit *kunit)
{
	json_decref(kunit->tests);
	memset(kunit, 0, sizeof(*kunit));
}
