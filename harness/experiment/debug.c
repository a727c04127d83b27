// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/debug.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/path.h"
#include "base/proc.h"
#include "engine/debug.h"
#include "experiment/dump.h"
#include "experiment/inside.h"
#include "kernel/symbols.h"

/* The machine that only tells its symbols: they are some 10 MB of text and tables. */
#define SYMBOLS_MEMORY   (512ull << 20)
#define SYMBOLS_RECORDS  (64ull << 20)
#define SYMBOLS_LIMIT_MS 180000
#define RECORD_LIMIT_MS  600000
/* Raised when another file would be made of the same kernel. */
#define SYMBOLS_VERSION  1
#define STUB_WAIT_MS     20000
#define TRACE_HEADER     16

static const char symbols_plan[] = "# wringer plan 1\n" DUMP_KALLSYMS DUMP_ORC DUMP_END;

static int start(struct vm *vm, const struct qemu *qemu, const struct experiment *exp,
		 const char *dir, const struct args *args, int64_t limit_ms, struct err *err)
{
	struct vm_opts opts = {.qemu = qemu, .machine = &exp->machine, .args = args, .dir = dir,
			       .limit_ms = limit_ms};

	return vm_start(vm, &opts, err);
}

/* Boots the kernel with today's agent and nothing but the plan above. */
static int ask_kernel(const struct qemu *qemu, const char *id, const volatile bool *stop,
		      struct kernel_dump *dump, struct err *err)
{
	struct experiment exp = {.machine = {.node = {{.memory = SYMBOLS_MEMORY, .cpus = 1}}, .nr_nodes = 1,
					     .records = SYMBOLS_RECORDS},
				 .engine = ENGINE_FAST};
	char *dir = NULL;
	struct vm_opts opts = {.qemu = qemu, .machine = &exp.machine, .args = &exp.args,
			       .limit_ms = SYMBOLS_LIMIT_MS};
	int ret = bare_files(id, &exp, err);

	if (!ret)
		ret = inside_dir(&exp, symbols_plan, NULL, &dir, err);
	if (!ret) {
		engine_args(&exp.machine, ENGINE_FAST, &exp.args);
		opts.dir = dir;
		ret = dump_run(&opts, stop, dump, err);
	}
	if (dir)
		dir_remove(dir, NULL);
	free(dir);
	free(exp.kernel_file);
	free(exp.image_file);
	args_release(&exp.args);
	return ret;
}

static int make_symbols(const struct qemu *qemu, const char *id, const volatile bool *stop,
			const char *path, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/symbols", path_cache());
	cleanup_buf struct buf elf = {0};
	struct kernel_dump dump = {0};
	int ret = dir_make(dir, err);

	if (!ret)
		ret = ask_kernel(qemu, id, stop, &dump, err);
	if (!ret)
		ret = symbols_elf(&dump, &elf, err);
	if (!ret)
		ret = file_write(path, elf.data, elf.len, err);
	buf_release(&dump.kallsyms);
	buf_release(&dump.orc_ip);
	buf_release(&dump.orc);
	return ret;
}

static char *own_vmlinux(const char *id)
{
	struct kernel kernel;
	char *path;

	if (kernel_open(id, &kernel, NULL))
		return NULL;
	path = kernel_vmlinux(&kernel);
	kernel_release(&kernel);
	return path;
}

int debug_symbols(const struct qemu *qemu, const struct experiment *exp,
		  void (*say)(const char *line), const volatile bool *stop, char **path,
		  struct err *err)
{
	const char *id = json_string_value(
		json_object_get(json_object_get(exp->spec, "kernel"), "id"));
	int ret;

	*path = NULL;
	if (!id)
		return err_set(err, -EBADMSG, "spec.json names no kernel");
	*path = own_vmlinux(id);
	if (*path)
		return 0;
	/* The id becomes part of a path: experiment_from_spec() has opened a kernel by it. */
	*path = xasprintf("%s/symbols/%s.%d.elf", path_cache(), id, SYMBOLS_VERSION);
	cache_used(*path);
	if (file_exists(*path))
		return 0;
	if (say)
		say("booting the kernel once to ask for its symbols");
	ret = make_symbols(qemu, id, stop, *path, err);
	if (ret) {
		free(*path);
		*path = NULL;
	}
	return ret;
}

static void add_ex(struct args *args, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add_ex(struct args *args, const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	args_add(args, "-ex");
	args_add(args, "%s", command);
}

/*
 * The stub's socket lies in a folder whose name may be longer than a socket's may be: it is named
 * through our own descriptor of the folder.
 */
static void gdb_args(const struct debug_opts *opts, int dirfd, struct args *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	args_add(out, "gdb");
	args_add(out, "-q");
	add_ex(out, "set confirm off");
	add_ex(out, "set architecture i386:x86-64");
	if (opts->symbols)
		add_ex(out, "file %s", opts->symbols);
	add_ex(out, "target remote /proc/%d/fd/%d/" RUN_GDB, (int)getpid(), dirfd);
	if (opts->symbols && opts->failure)
		add_ex(out, "tbreak *panic");
	else if (opts->symbols)
		add_ex(out, "tbreak *start_kernel");
	if (opts->symbols || opts->failure)
		add_ex(out, "continue");
	for (i = 0; opts->words && opts->words[i]; i++)
		args_add(out, "%s", opts->words[i]);
}

/* In our process group, with our terminal: what is typed there is gdb's, Ctrl-C too. */
static int run_gdb(const struct args *args, int *code, struct err *err)
{
	void (*was)(int) = signal(SIGINT, SIG_IGN);
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGINT, SIG_DFL);
		execvp(args->arg[0], args->arg);
		_exit(errno == ENOENT ? 127 : 126);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGINT, was);
	if (pid < 0)
		return err_sys(err, -errno, "cannot start gdb");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(err, -ENOENT, "gdb is not installed: install the package gdb");
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	return 0;
}

static int emulator_trouble(const char *dir, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_STDERR, dir);
	cleanup_buf struct buf text = {0};
	struct stat st;

	if (!lstat(path, &st) && S_ISREG(st.st_mode))
		file_read(path, &text, NULL);
	return err_set(err, -EIO, "QEMU cannot do this: %.*s", (int)strcspn(buf_str(&text), "\n"),
		       text.len ? text.data : "it said nothing");
}

static int wait_socket(struct vm *vm, const char *dir, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_GDB, dir);
	struct timespec nap = {.tv_nsec = 50000000};
	siginfo_t info = {0};
	int i;

	for (i = 0; i < STUB_WAIT_MS / 50; i++) {
		if (file_exists(path))
			return 0;
		/* It is left to be waited for by who ends the machine. */
		if (!waitid(P_PID, (id_t)vm->proc.pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
		    info.si_pid)
			break;
		nanosleep(&nap, NULL);
	}
	return emulator_trouble(dir, err);
}

static int with_debugger(const struct qemu *qemu, const struct experiment *exp, const char *dir,
			 const struct debug_opts *opts, int *code, struct err *err)
{
	cleanup_fd int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct args args, gdb;
	struct vm vm;
	int ret;

	debug_args(&exp->args, opts->reverse ? DEBUG_REPLAY : DEBUG_LIVE, &args);
	/* Nobody answers its monitor, so the machine stands until gdb lets it go. */
	ret = start(&vm, qemu, exp, dir, &args, 0, err);
	args_release(&args);
	if (ret)
		return ret;
	ret = wait_socket(&vm, dir, err);
	if (!ret) {
		gdb_args(opts, dirfd, &gdb);
		ret = run_gdb(&gdb, code, err);
		args_release(&gdb);
	}
	vm_kill(&vm);
	return ret;
}

/* More than its header: QEMU that cannot record ends at once. */
static bool has_trace(const char *dir)
{
	cleanup_free char *path = xasprintf("%s/" RUN_TRACE, dir);
	struct stat st;

	return !lstat(path, &st) && st.st_size > TRACE_HEADER;
}

/* Runs it to its end with QEMU writing down what a replay needs. */
static int record(const struct qemu *qemu, const struct experiment *exp, const char *dir,
		  const volatile bool *stop, struct err *err)
{
	cleanup_free char *records = xasprintf("%s/" RUN_RECORDS, dir);
	struct args args;
	struct vm vm;
	int ret = debug_disk(dir, err);

	if (ret)
		return ret;
	debug_args(&exp->args, DEBUG_RECORD, &args);
	ret = start(&vm, qemu, exp, dir, &args, RECORD_LIMIT_MS, err);
	args_release(&args);
	if (ret)
		return ret;
	ret = dump_wait(&vm, stop, err);
	if (!ret && (vm.exit.timed_out || vm.exit.signal || !has_trace(dir)))
		ret = emulator_trouble(dir, err);
	if (ret)
		return ret;
	/* The replay starts from the machine's first snapshot, this region included. */
	if (unlink(records))
		return err_sys(err, -errno, "cannot remove %s", records);
	return 0;
}

static int check_reverse(const struct experiment *exp, struct err *err)
{
	if (exp->engine != ENGINE_EXACT)
		return err_set(err, -EINVAL, "only a run of the engine exact can be replayed "
					     "backwards");
	if (machine_cpus(&exp->machine) == 1)
		return 0;
	return err_set(err, -EINVAL,
		       "QEMU records machines of one CPU only, and this guest has %u; without "
		       "--reverse it can be debugged forwards",
		       machine_cpus(&exp->machine));
}

int debug_run(const struct qemu *qemu, const struct experiment *exp, const struct debug_opts *opts,
	      int *code, struct err *err)
{
	char *dir;
	int ret = opts->reverse ? check_reverse(exp, err) : 0;

	if (!ret)
		ret = inside_dir(exp, NULL, NULL, &dir, err);
	if (ret)
		return ret;
	if (opts->reverse && opts->say)
		opts->say("recording the run");
	if (opts->reverse)
		ret = record(qemu, exp, dir, opts->stop, err);
	if (!ret)
		ret = with_debugger(qemu, exp, dir, opts, code, err);
	dir_remove(dir, NULL);
	free(dir);
	return ret;
}
