// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/inside.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/path.h"
#include "engine/interactive.h"
#include "experiment/initrd.h"
#include "experiment/objects.h"
#include "image/cpio.h"

/* Emulated processors may take longer than a real one: they are shared with what else runs here. */
#define PROBE_LIMIT_MS     20000
#define PROBE_LIMIT_TCG_MS 120000
#define PROBE_TICK_MS  100

static int guest_named(const char *name, struct guest *guest, struct err *err)
{
	cleanup_free char *path =
		strchr(name, '/') ? xstrdup(name) :
				    xasprintf("%s/guests/%s.conf", path_data(), name);

	if (!file_exists(path))
		return err_set(err, -ENOENT,
			       "there is no guest '%s' ('wringer show guests' lists them)", name);
	return guest_load(guest, path, err);
}

static int bare_image(const struct kernel *kernel, struct experiment *exp, struct err *err)
{
	cleanup_free char *agent = xasprintf("%s/agent", path_data());
	const struct image_file init = {.name = "init", .path = agent, .mode = 0755};
	static const char *const none[] = {NULL};
	struct image image;
	int ret = image_build(kernel, none, &init, 1, &image, err);

	if (ret)
		return ret;
	exp->image_file = xstrdup(image.path);
	image_release(&image);
	return 0;
}

int bare_files(const char *kernel_id, struct experiment *exp, struct err *err)
{
	struct kernel kernel;
	int ret = kernel_open(kernel_id, &kernel, err);

	if (ret)
		return ret;
	exp->kernel_file = kernel_image(&kernel);
	ret = bare_image(&kernel, exp, err);
	kernel_release(&kernel);
	return ret;
}

static int bare_experiment(const char *kernel_name, const struct guest *guest, enum engine engine,
			   void (*say)(const char *line), struct experiment *exp, struct err *err)
{
	struct kernel kernel;
	int ret = kernel_resolve(kernel_name, say, &kernel, err);

	if (ret)
		return ret;
	if (engine == ENGINE_UML || kernel_is_uml(&kernel)) {
		kernel_release(&kernel);
		return err_set(err, -EINVAL,
			       "User-Mode Linux runs experiments only; there is no console to type at");
	}
	exp->kernel_file = kernel_image(&kernel);
	exp->engine = engine;
	if (engine == ENGINE_EXACT)
		exp->plugin_file = xasprintf("%s/" RUN_PLUGIN, path_data());
	exp->machine = guest_machine(guest, &guest->storage);
	exp->setup = xstrdup("");
	exp->plan = xstrdup("# wringer plan 4\ntimes 0 0 0 0 0 1\n");
	engine_args(&exp->machine, engine, &exp->args);
	ret = bare_image(&kernel, exp, err);
	kernel_release(&kernel);
	return ret;
}

int bare_plan(const char *kernel, const char *guest_name, enum engine engine,
	      void (*say)(const char *line), struct experiments *out, struct err *err)
{
	struct guest guest;
	int ret = guest_named(guest_name, &guest, err);

	memset(out, 0, sizeof(*out));
	if (ret)
		return ret;
	out->exp = xcalloc(1, sizeof(*out->exp));
	out->nr = 1;
	ret = qemu_probe(&out->qemu, err);
	if (!ret)
		ret = bare_experiment(kernel, &guest, engine, say, out->exp, err);
	guest_release(&guest);
	if (ret)
		experiments_release(out);
	return ret;
}

static int link_in(const char *dir, const char *name, const char *from, struct err *err)
{
	cleanup_free char *to = xasprintf("%s/%s", dir, name);

	return file_link(from, to, err);
}

static int write_in(const char *dir, const char *name, const char *data, size_t len,
		    struct err *err)
{
	cleanup_free char *to = xasprintf("%s/%s", dir, name);

	return file_write(to, data, len, err);
}

static int fill(const struct experiment *exp, const char *plan, const struct buf *initrd,
		const char *dir, struct err *err)
{
	int ret = link_in(dir, RUN_KERNEL, exp->kernel_file, err);

	if (!ret && exp->engine == ENGINE_UML)
		ret = initrd_write(exp, dir, err);
	else if (!ret && initrd)
		ret = write_in(dir, RUN_INITRD, initrd->data, initrd->len, err);
	else if (!ret)
		ret = link_in(dir, RUN_INITRD, exp->image_file, err);
	if (!ret)
		ret = objects_put(exp->objects_file, dir, err);
	if (!ret && exp->plugin_file)
		ret = link_in(dir, RUN_PLUGIN, exp->plugin_file, err);
	if (!ret)
		ret = write_in(dir, RUN_SETUP, exp->setup ? exp->setup : "",
			       exp->setup ? strlen(exp->setup) : 0, err);
	plan = plan ? plan : exp->plan;
	return ret ? ret : write_in(dir, RUN_PLAN, plan, strlen(plan), err);
}

int inside_dir(const struct experiment *exp, const char *plan, const struct buf *initrd, char **out,
	       struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = xasprintf("%s/wringer.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	int ret = 0;

	if (!mkdtemp(dir))
		ret = err_sys(err, -errno, "cannot make the folder %s", dir);
	if (!ret)
		ret = fill(exp, plan, initrd, dir, err);
	if (!ret) {
		*out = dir;
		return 0;
	}
	dir_remove(dir, NULL);
	free(dir);
	return ret;
}

/* What a file of the run's folder says; empty when it is not a plain file. */
static void read_from(const char *dir, const char *name, struct buf *out)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	struct stat st;

	if (!lstat(path, &st) && S_ISREG(st.st_mode))
		file_read(path, out, NULL);
}

/* True once the agent has written a whole record. */
static bool agent_spoke(const char *dir)
{
	cleanup_free char *path = xasprintf("%s/" RUN_RECORDS, dir);
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct wire_header head;

	return fd >= 0 && pread(fd, &head, sizeof(head), 0) == sizeof(head) &&
	       head.magic == WIRE_MAGIC && head.used >= sizeof(struct wire_record);
}

/* The first line that the emulator said, if it did; KVM's own errors leave it standing still. */
static bool emulator_said(const char *dir, char *line, size_t size)
{
	cleanup_buf struct buf text = {0};

	read_from(dir, RUN_STDERR, &text);
	snprintf(line, size, "%.*s", (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
	return strstr(buf_str(&text), "KVM internal error");
}

static int wait_boot(struct vm *vm, const char *dir, struct err *err)
{
	char line[256] = "";
	bool ended = false, spoke = false, stuck = false;

	while (!ended && !spoke && !stuck) {
		vm_poll(&vm, 1, PROBE_TICK_MS, &ended);
		spoke = agent_spoke(dir);
		stuck = emulator_said(dir, line, sizeof(line));
	}
	if (!ended)
		vm_kill(vm);
	if (spoke)
		return 0;
	if (vm->exit.timed_out)
		return err_set(err, -ENOTSUP, "a kernel did not boot within %lld s",
			       (long long)vm->limit_ms / 1000);
	return err_set(err, -ENOTSUP, "a kernel does not boot: %s",
		       *line ? line : "QEMU ended without a word");
}

int experiment_boots(const struct qemu *qemu, const struct experiment *exp, struct err *err)
{
	struct vm_opts opts = {.qemu = qemu, .machine = &exp->machine, .args = &exp->args,
			       .limit_ms = exp->engine == ENGINE_KVM ? PROBE_LIMIT_MS :
								       PROBE_LIMIT_TCG_MS};
	struct vm vm;
	char *dir;
	int ret = inside_dir(exp, NULL, NULL, &dir, err);

	if (ret)
		return ret;
	opts.dir = dir;
	ret = vm_start(&vm, &opts, err);
	if (!ret)
		ret = wait_boot(&vm, dir, err);
	dir_remove(dir, NULL);
	free(dir);
	return ret;
}

int experiments_check_engines(const struct experiments *exps, struct err *err)
{
	size_t i;
	int ret;

	for (i = 0; i < exps->nr; i++)
		if (exps->exp[i].engine == ENGINE_KVM)
			break;
	if (i == exps->nr)
		return 0;
	ret = experiment_boots(&exps->qemu, &exps->exp[i], err);
	return ret ? err_prefix(err, ret, "the engine kvm does not work on this host") : 0;
}

/* True for a program that needs no interpreter: the guest has no libraries. */
static bool is_static(const struct buf *file)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)file->data;
	const Elf64_Phdr *ph;
	size_t i;

	if (file->len < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) ||
	    head->e_phoff > file->len ||
	    head->e_phnum > (file->len - head->e_phoff) / sizeof(*ph))
		return false;
	ph = (const Elf64_Phdr *)(file->data + head->e_phoff);
	for (i = 0; i < head->e_phnum; i++)
		if (ph[i].p_type == PT_INTERP)
			return false;
	return true;
}

int inside_busybox(struct buf *out, struct err *err)
{
	const char *path = getenv("PATH");
	cleanup_free char *dirs = xasprintf("%s:/bin:/usr/bin", path ? path : "");
	char *rest = dirs, *dir;

	while ((dir = strsep(&rest, ":"))) {
		cleanup_free char *file = xasprintf("%s/busybox", dir);

		buf_reset(out);
		if (*dir == '/' && file_exists(file) && !file_read(file, out, NULL) &&
		    is_static(out))
			return 0;
	}
	return err_set(err, -ENOENT,
		       "the guest's shell is a static busybox, and there is none: install the "
		       "package busybox-static");
}

/* A second archive behind the image's: the kernel unpacks one after the other. */
static int add_busybox(const struct experiment *exp, struct buf *initrd, struct err *err)
{
	cleanup_buf struct buf busybox = {0};
	struct cpio cpio;
	int ret = inside_busybox(&busybox, err);

	if (!ret)
		ret = file_read(exp->image_file, initrd, err);
	if (ret)
		return ret;
	while (initrd->len % 4)
		buf_add(initrd, "", 1);
	ret = cpio_start(&cpio, err);
	if (!ret)
		ret = cpio_add(&cpio, "bin/busybox", 0755, busybox.data, busybox.len, err);
	if (!ret)
		ret = cpio_finish(&cpio, err);
	if (!ret)
		buf_add(initrd, cpio.bytes.data, cpio.bytes.len);
	cpio_release(&cpio);
	return ret;
}

/* All of the plan but its end: where the gate would open there is the shell. */
static void shell_plan(const struct experiment *exp, bool terminal, struct buf *out)
{
	struct winsize size = {0};
	const char *line = exp->plan;
	size_t len;

	for (; *line; line += len) {
		len = strcspn(line, "\n");
		len += line[len] == '\n';
		if (strncmp(line, "times ", 6))
			buf_add(out, line, len);
	}
	if (terminal)
		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	buf_printf(out, "shell %s %u %u\n", terminal ? SHELL_TERMINAL : SHELL_BATCH, size.ws_row,
		   size.ws_col);
}

/* The last line of text that starts with mark, without it. */
static bool last_line(const struct buf *text, const char *mark, char *out, size_t size)
{
	const char *at = buf_str(text), *found = NULL;

	for (; (at = strstr(at, mark)); at++)
		if (at == text->data || at[-1] == '\n')
			found = at + strlen(mark);
	if (found)
		snprintf(out, size, "%.*s", (int)strcspn(found, "\r\n"), found);
	return found;
}

/* Why there was no shell, or why it did not come to its end. */
static int explain(const char *dir, const struct engine_exit *exit, struct err *err)
{
	cleanup_buf struct buf progress = {0}, console = {0}, errors = {0};
	char line[256];
	const char *panic;

	read_from(dir, RUN_PROGRESS, &progress);
	read_from(dir, RUN_CONSOLE, &console);
	read_from(dir, RUN_STDERR, &errors);
	panic = strstr(buf_str(&console), "Kernel panic");
	if (exit->timed_out)
		return err_set(err, -EIO, "the machine was ended by the wall-clock limit");
	if (exit->interrupted)
		return err_set(err, -EINTR, "stopped");
	if (last_line(&progress, "error ", line, sizeof(line)))
		return err_set(err, -EIO, "the guest could not be made as asked: %s", line);
	if (panic)
		return err_set(err, -EIO, "the guest's kernel: %.*s",
			       (int)strcspn(panic, "\r\n"), panic);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(buf_str(&errors), "\n"),
		 buf_str(&errors));
	return err_set(err, -EIO, "the machine ended before its shell did: %s",
		       *line ? line : "nobody said why");
}

/* The agent's exit port makes odd codes of its statuses; QEMU's own end on a terminal is 0. */
static int take_exit(const char *dir, const struct inside_opts *opts, const struct engine_exit *x,
		     bool *well, struct err *err)
{
	bool clean = x->exited && !x->timed_out && !x->interrupted;

	*well = true;
	if (clean && (x->exit_code == (WIRE_DONE << 1 | 1) || (!x->exit_code && opts->terminal)))
		return 0;
	*well = false;
	if (clean && x->exit_code == (WIRE_WORKLOAD_FAILED << 1 | 1))
		return 0;
	return explain(dir, x, err);
}

static int run_shell(const struct qemu *qemu, const struct experiment *exp, const char *dir,
		     const struct inside_opts *opts, bool *well, struct err *err)
{
	struct interactive how = {opts->terminal, opts->limit_ms, opts->stop};
	struct engine_exit exit;
	struct args args;
	int ret = 0;

	if (!opts->terminal)
		ret = write_in(dir, RUN_SCRIPT, buf_str(opts->script), opts->script->len, err);
	if (ret)
		return ret;
	interactive_args(&exp->args, opts->terminal, opts->append, &args);
	ret = interactive_run(qemu, &exp->machine, dir, &args, &how, &exit, err);
	args_release(&args);
	return ret ? ret : take_exit(dir, opts, &exit, well, err);
}

int inside_shell(const struct qemu *qemu, const struct experiment *exp,
		 const struct inside_opts *opts, bool *well, struct err *err)
{
	cleanup_buf struct buf initrd = {0}, plan = {0};
	char *dir;
	int ret = add_busybox(exp, &initrd, err);

	if (ret)
		return ret;
	shell_plan(exp, opts->terminal, &plan);
	ret = inside_dir(exp, buf_str(&plan), &initrd, &dir, err);
	if (ret)
		return ret;
	ret = run_shell(qemu, exp, dir, opts, well, err);
	dir_remove(dir, NULL);
	free(dir);
	return ret;
}
