// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/path.h"
#include "base/proc.h"
#include "cmd/cmd.h"
#include "engine/engine.h"
#include "experiment/guest.h"
#include "experiment/inside.h"
#include "kernel/kernel.h"

#define PROBE_TIMEOUT_MS 30000
#define NO_KVM           "nothing needs it: exact is the default, fast does without as well"
#define SPACE_MIN        (1ull << 30)
/* What the emulator needs beside the guest's memory: translated code, its own, the records. */
#define EMULATOR_MEMORY  (256ull << 20)

enum state { OK, WARNING, MISSING };

struct doctor {
	json_t *checks;
	bool missing;   /* something without which nothing runs */
	bool can_fetch; /* packages of kernels can be had, or at least their list is there */
	struct qemu qemu;
	bool has_qemu;
};

struct doctor_cmd {
	bool json;
};

static const struct cmd_option doctor_options[] = {
	{"json", 0, CMD_FLAG, offsetof(struct doctor_cmd, json), NULL, "print JSON"},
};

static const char *const state_names[] = {
	[OK] = "ok", [WARNING] = "warning", [MISSING] = "missing"};

/* todo: what the user can do about it, or NULL. */
static void report(struct doctor *d, const char *check, enum state state, const char *todo,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

static void report(struct doctor *d, const char *check, enum state state, const char *todo,
		   const char *fmt, ...)
{
	char found[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(found, sizeof(found), fmt, ap);
	va_end(ap);
	todo = todo && state != OK ? todo : "";
	json_array_append_new(d->checks,
			      json_pack("{s:s, s:s, s:s, s:s}", "check", check, "state",
					state_names[state], "found", found, "todo", todo));
	d->missing |= state == MISSING;
}

/* The probe looks at the firmware last: an emulator that says its version is not the trouble. */
static void report_no_qemu(struct doctor *d, int ret, const struct err *err)
{
	static const char todo[] = "install qemu-system-x86, 9.1 or newer";
	const char *argv[] = {"qemu-system-x86_64", "--version", NULL};
	cleanup_buf struct buf version = {0};

	if (ret == -ENOTSUP || proc_capture(argv, PROBE_TIMEOUT_MS, &version, NULL)) {
		report(d, "qemu", MISSING, todo, "%s", err->msg);
		return;
	}
	report(d, "qemu", OK, NULL, "%.*s", (int)strcspn(buf_str(&version), "\n"),
	       buf_str(&version));
	report(d, "firmware", MISSING, "install seabios and qemu-system-data", "%s", err->msg);
}

static void check_qemu(struct doctor *d)
{
	const struct qemu *q = &d->qemu;
	struct err err = {""};
	int ret = qemu_probe(&d->qemu, &err);

	if (ret) {
		report_no_qemu(d, ret, &err);
		return;
	}
	d->has_qemu = true;
	report(d, "qemu", OK, NULL, "%s", q->version);
	report(d, "firmware", OK, NULL, "all files there (%.12s)", q->firmware);
}

static void check_devices(struct doctor *d, const char *list)
{
	static const char *const names[] = {"ivshmem-plain", "ib700", "isa-debugcon",
					    "isa-debug-exit"};
	cleanup_buf struct buf lack = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *word = xasprintf("name \"%s\"", names[i]);

		if (!strstr(list, word))
			buf_printf(&lack, " %s", names[i]);
	}
	if (lack.len)
		report(d, "devices", MISSING, "install a QEMU that was built with them",
		       "this QEMU lacks:%s", buf_str(&lack));
	else
		report(d, "devices", OK, NULL, "QEMU has the %zu that guests use",
		       ARRAY_SIZE(names));
}

/* The list is printed after the sandbox is entered, so it says whether that works here as well. */
static void check_sandbox(struct doctor *d)
{
	const char *argv[] = {
		d->qemu.path,
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-device",
		"help",
		NULL};
	const char *bare[] = {d->qemu.path, "-device", "help", NULL};
	cleanup_buf struct buf list = {0}, again = {0};
	struct err err = {""};

	if (proc_capture(argv, PROBE_TIMEOUT_MS, &list, &err)) {
		report(d, "sandbox", MISSING,
		       "use a QEMU built with seccomp, and a container that allows seccomp filters",
		       "%s", err.msg);
		proc_capture(bare, PROBE_TIMEOUT_MS, &again, NULL);
		check_devices(d, buf_str(&again));
		return;
	}
	report(d, "sandbox", OK, NULL, "QEMU can lock itself in (seccomp)");
	check_devices(d, buf_str(&list));
}

static void check_accel(struct doctor *d)
{
	const char *argv[] = {d->qemu.path, "-accel", "help", NULL};
	cleanup_buf struct buf list = {0};
	struct err err = {""};

	if (proc_capture(argv, PROBE_TIMEOUT_MS, &list, &err))
		report(d, "accel", MISSING, "repair the installation of QEMU", "%s", err.msg);
	else if (!strstr(buf_str(&list), "\ntcg\n"))
		report(d, "accel", MISSING, "install a QEMU that was built with TCG",
		       "this QEMU has no TCG");
	else
		report(d, "accel", OK, NULL, "QEMU has TCG");
}

/* As the one who makes file systems looks for it. */
static void check_mke2fs(struct doctor *d)
{
	const char *path = getenv("PATH");
	cleanup_free char *dirs = xasprintf("%s:/sbin:/usr/sbin", path ? path : "");
	char *rest = dirs, *dir;

	while ((dir = strsep(&rest, ":"))) {
		cleanup_free char *file = xasprintf("%s/mke2fs", dir);

		if (*dir != '/' || access(file, X_OK))
			continue;
		report(d, "mke2fs", OK, NULL, "%s", file);
		return;
	}
	report(d, "mke2fs", MISSING, "install e2fsprogs", "not there");
}

static void check_data(struct doctor *d)
{
	static const char *const names[] = {"agent",  "workload", "bpf", "exact.so", "apt-conf",
					    "guests", "policies", "scenarios"};
	cleanup_buf struct buf lack = {0};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *path = xasprintf("%s/%s", path_data(), names[i]);

		if (access(path, R_OK))
			buf_printf(&lack, " %s", names[i]);
	}
	if (lack.len)
		report(d, "data", MISSING, "build or install wringer again, or set WRINGER_DATA",
		       "%s lacks:%s", path_data(), buf_str(&lack));
	else
		report(d, "data", OK, NULL, "%s", path_data());
}

/* The folder, or if it is not there yet the one in which it will be made. */
static char *existing(const char *path)
{
	char *at = xstrdup(path);

	while (access(at, F_OK) && strcmp(at, "/") && strcmp(at, ".")) {
		char *up = xstrdup(dirname(at));

		free(at);
		at = up;
	}
	return at;
}

static void check_folder(struct doctor *d, const char *check, const char *path, const char *set)
{
	cleanup_free char *there = existing(path);
	cleanup_free char *todo = xasprintf("set %s to another folder", set);
	struct statvfs fs;
	struct stat st;
	uint64_t space;

	if (stat(there, &st) || !S_ISDIR(st.st_mode) || access(there, W_OK | X_OK) ||
	    statvfs(there, &fs)) {
		report(d, check, MISSING, todo, "%s cannot be written to", there);
		return;
	}
	space = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (space < SPACE_MIN)
		report(d, check, MISSING, todo, "%s has %llu MiB of space, less than 1 GiB", path,
		       (unsigned long long)space >> 20);
	else
		report(d, check, OK, NULL, "%s, %.1f GiB of space", path,
		       (double)space / (1 << 30));
}

/* Whether the script finds sources; it reads what apt knows and fetches nothing. */
static int derive_sources(struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	cleanup_free char *script = xasprintf("%s/apt-conf", path_data());
	cleanup_free char *dir = xasprintf("%s/wringer.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	const char *argv[] = {"sh", script, dir, NULL};
	int ret;

	if (!file_exists(script))
		return err_set(err, -ENOENT, "%s is missing", script);
	if (!mkdtemp(dir))
		return err_sys(err, -errno, "cannot make the folder %s", dir);
	ret = proc_capture(argv, PROBE_TIMEOUT_MS, NULL, err);
	dir_remove(dir, NULL);
	return ret;
}

static void check_apt(struct doctor *d)
{
	cleanup_free char *index = xasprintf("%s/apt/kernels", path_cache());
	struct err err = {""};
	int ret = derive_sources(&err);
	const char *mark = strstr(err.msg, "failed: ");
	const char *why = mark ? mark + strlen("failed: ") : err.msg;

	d->can_fetch = !ret || file_exists(index);
	if (!ret)
		report(d, "apt", OK, NULL,
		       "kernels can be fetched from this machine's Debian archives");
	else if (d->can_fetch)
		report(d, "apt", WARNING, "what is in the cache can be used; for more, repair apt",
		       "the list of kernels is there, but not where to fetch them: %s", why);
	else
		report(d, "apt", WARNING, "give kernels as files: -k PATH or -k PATH:MODULES", "%s",
		       why);
}

static void check_kernels(struct doctor *d)
{
	struct kernel *kernel;
	struct err err = {""};
	size_t nr;

	if (kernel_cached(&kernel, &nr, &err)) {
		report(d, "kernels", MISSING, "set WRINGER_CACHE to another folder", "%s", err.msg);
		return;
	}
	if (nr)
		report(d, "kernels", OK, NULL, "%zu in the cache, %s to %s", nr, kernel[0].version,
		       kernel[nr - 1].version);
	else if (d->can_fetch)
		report(d, "kernels", OK, NULL, "none in the cache yet; fetched when first used");
	else
		report(d, "kernels", MISSING, "give one as a file: -k PATH",
		       "none in the cache, and none can be fetched");
	kernels_release(kernel, nr);
}

/* Bytes that one machine of the default guest needs; 0 when the guest cannot be read. */
static uint64_t machine_need(struct err *err)
{
	cleanup_free char *path = xasprintf("%s/guests/two.conf", path_data());
	struct machine machine;
	struct guest guest;

	if (guest_load(&guest, path, err))
		return 0;
	machine = guest_machine(&guest, &guest.storage);
	guest_release(&guest);
	return machine_memory(&machine) + EMULATOR_MEMORY;
}

static uint64_t free_memory(void)
{
	cleanup_buf struct buf text = {0};
	unsigned long long kib = 0;
	const char *line;

	if (file_read("/proc/meminfo", &text, NULL))
		return 0;
	line = strstr(buf_str(&text), "MemAvailable:");
	if (line)
		sscanf(line, "MemAvailable: %llu", &kib);
	return kib << 10;
}

static void check_memory(struct doctor *d)
{
	unsigned long long have = free_memory() >> 20, need;
	struct err err = {""};

	need = machine_need(&err) >> 20;
	if (!need)
		report(d, "memory", WARNING, "without a readable guest its need is not known", "%s",
		       err.msg);
	else if (have < need)
		report(d, "memory", MISSING, "end other programs, or use a machine with more",
		       "%llu MiB free; one machine of guest two needs %llu MiB", have, need);
	else if (have < 2 * need)
		report(d, "memory", WARNING, "run one machine at a time: --jobs 1",
		       "%llu MiB free; two machines of guest two need %llu MiB", have, 2 * need);
	else
		report(d, "memory", OK, NULL,
		       "%llu MiB free; two machines of guest two need %llu MiB", have, 2 * need);
}

static void check_cpus(struct doctor *d)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	report(d, "cpus", OK, NULL, "%ld; each machine that runs takes one", n);
}

/* Whether a kernel really boots; without a kernel in the cache there is nothing to try it with. */
static void check_engine(struct doctor *d, const char *kernel, enum engine engine)
{
	const char *name = engine_name(engine);
	enum state bad = engine == ENGINE_KVM ? WARNING : MISSING;
	struct experiments exps;
	struct err err = {""};
	int ret = bare_plan(kernel, "one", engine, NULL, &exps, &err);

	if (!ret) {
		ret = experiment_boots(&exps.qemu, exps.exp, &err);
		experiments_release(&exps);
	}
	if (!ret)
		report(d, name, OK, NULL, "works: kernel %s booted", kernel);
	else
		report(d, name, bad,
		       engine == ENGINE_KVM ? NO_KVM : "try 'wringer boot -e exact </dev/null'",
		       "does not work: %s", err.msg);
}

/* The newest that has a name to be called by: those that were given as files have none. */
static const char *newest_package(const struct kernel *kernel, size_t nr)
{
	while (nr--)
		if (kernel[nr].package[0])
			return kernel[nr].package;
	return NULL;
}

static void check_engines(struct doctor *d)
{
	const char *newest;
	struct kernel *kernel;
	unsigned int engine;
	size_t nr;

	if (kernel_cached(&kernel, &nr, NULL))
		return;
	newest = newest_package(kernel, nr);
	for (engine = 0; engine < ENGINE_NR; engine++) {
		if (engine == ENGINE_KVM && access("/dev/kvm", F_OK))
			report(d, "kvm", WARNING, NO_KVM, "does not work: there is no /dev/kvm");
		else if (newest)
			check_engine(d, newest, (enum engine)engine);
		else
			report(d, engine_name((enum engine)engine), OK, NULL,
			       "not tried: no packaged kernel in the cache yet");
	}
	kernels_release(kernel, nr);
}

static void check_all(struct doctor *d)
{
	check_qemu(d);
	if (d->has_qemu) {
		check_accel(d);
		check_sandbox(d);
	}
	check_mke2fs(d);
	check_data(d);
	check_folder(d, "cache", path_cache(), "WRINGER_CACHE");
	check_folder(d, "results", path_results(), "WRINGER_RESULTS");
	check_apt(d);
	check_kernels(d);
	check_cpus(d);
	check_memory(d);
	if (d->has_qemu && !d->missing)
		check_engines(d);
	qemu_release(&d->qemu);
}

static const char *text_of(const json_t *check, const char *key)
{
	return json_string_value(json_object_get(check, key));
}

static void print_checks(const struct doctor *d)
{
	json_t *check;
	size_t i;

	json_array_foreach(d->checks, i, check) {
		const char *found = text_of(check, "found");
		const char *todo = text_of(check, "todo");

		printf("%-8s %-9s %s\n", text_of(check, "state"), text_of(check, "check"),
		       found ? found : "?");
		if (todo && *todo)
			printf("%-8s %-9s %s\n", "", "", todo);
	}
	say(d->missing ? "Something that is needed is missing." : "Experiments can run.");
}

static int run_doctor(int argc, char **argv)
{
	extern const struct cmd cmd_doctor;
	struct doctor d = {.checks = json_array()};
	struct doctor_cmd o = {0};

	if (cmd_parse(&cmd_doctor, argc, argv, &o))
		die_usage(&cmd_doctor, "'%s' is no option", argv[1]);
	check_all(&d);
	if (o.json)
		print_json(json_pack("{s:b, s:O}", "ready", !d.missing, "checks", d.checks));
	else
		print_checks(&d);
	json_decref(d.checks);
	return d.missing ? EXIT_FINDING : EXIT_FINE;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.summary = "say whether this machine can run experiments, and what it lacks",
	.usage = "",
	CMD_OPTIONS(doctor_options),
	.examples = "  wringer doctor\n"
		    "  wringer doctor --json\n",
	.run = run_doctor,
};
