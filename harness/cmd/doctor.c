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
#include "cmd/doctor.h"
#include "engine/engine.h"
#include "experiment/guest.h"
#include "experiment/inside.h"
#include "kernel/kernel.h"

#define PROBE_TIMEOUT_MS 30000
#define NO_KVM           "nothing needs it: exact is the default, fast does without as well"
#define SPACE_MIN        (1ull << 30)
/* What the emulator needs beside the guest's memory: translated code, its own, the records. */
#define EMULATOR_MEMORY  (256ull << 20)

struct doctor_cmd {
	bool json;
};

static const struct cmd_option doctor_options[] = {
	{"json", 0, CMD_FLAG, offsetof(struct doctor_cmd, json), NULL, "print JSON"},
};

static const char *const state_names[] = {
	[DOCTOR_OK] = "ok", [DOCTOR_WARNING] = "warning", [DOCTOR_OPTIONAL] = "optional",
	[DOCTOR_MISSING] = "missing"};

void doctor_say(struct doctor *d, const char *check, enum doctor_state state, const char *todo,
		const char *fmt, ...)
{
	char found[ERR_MSG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(found, sizeof(found), fmt, ap);
	va_end(ap);
	todo = todo && state != DOCTOR_OK ? todo : "";
	json_array_append_new(d->checks,
			      json_pack("{s:s, s:s, s:s, s:s}", "check", check, "state",
					state_names[state], "found", found, "todo", todo));
	d->missing |= state == DOCTOR_MISSING;
}

/* The probe looks at the firmware last: an emulator that says its version is not the trouble. */
static void report_no_qemu(struct doctor *d, int ret, const struct err *err)
{
	static const char todo[] = "install qemu-system-x86, 9.1 or newer";
	const char *argv[] = {"qemu-system-x86_64", "--version", NULL};
	cleanup_buf struct buf version = {0};

	if (ret == -ENOTSUP || proc_capture(argv, PROBE_TIMEOUT_MS, &version, NULL)) {
		doctor_say(d, "qemu", DOCTOR_MISSING, todo, "%s", err->msg);
		return;
	}
	doctor_say(d, "qemu", DOCTOR_OK, NULL, "%.*s", (int)strcspn(buf_str(&version), "\n"),
	       buf_str(&version));
	doctor_say(d, "firmware", DOCTOR_MISSING, "install seabios and qemu-system-data", "%s", err->msg);
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
	doctor_say(d, "qemu", DOCTOR_OK, NULL, "%s", q->version);
	doctor_say(d, "firmware", DOCTOR_OK, NULL, "all files there");
	doctor_say(d, "key", DOCTOR_OK, NULL,
		   "%.16s-%.16s: hosts where it is the same give the same bytes", q->sha256,
		   q->firmware);
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
		doctor_say(d, "devices", DOCTOR_MISSING, "install a QEMU that was built with them",
		       "this QEMU lacks:%s", buf_str(&lack));
	else
		doctor_say(d, "devices", DOCTOR_OK, NULL, "QEMU has the %zu that guests use",
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
		doctor_say(d, "sandbox", DOCTOR_MISSING,
		       "use a QEMU built with seccomp, and a container that allows seccomp filters",
		       "%s", err.msg);
		proc_capture(bare, PROBE_TIMEOUT_MS, &again, NULL);
		check_devices(d, buf_str(&again));
		return;
	}
	doctor_say(d, "sandbox", DOCTOR_OK, NULL, "QEMU can lock itself in (seccomp)");
	check_devices(d, buf_str(&list));
}

static void check_accel(struct doctor *d)
{
	const char *argv[] = {d->qemu.path, "-accel", "help", NULL};
	cleanup_buf struct buf list = {0};
	struct err err = {""};

	if (proc_capture(argv, PROBE_TIMEOUT_MS, &list, &err))
		doctor_say(d, "accel", DOCTOR_MISSING, "repair the installation of QEMU", "%s", err.msg);
	else if (!strstr(buf_str(&list), "\ntcg\n"))
		doctor_say(d, "accel", DOCTOR_MISSING, "install a QEMU that was built with TCG",
		       "this QEMU has no TCG");
	else
		doctor_say(d, "accel", DOCTOR_OK, NULL, "QEMU has TCG");
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
		doctor_say(d, "data", DOCTOR_MISSING, "build or install wringer again, or set WRINGER_DATA",
		       "%s lacks:%s", path_data(), buf_str(&lack));
	else
		doctor_say(d, "data", DOCTOR_OK, NULL, "%s", path_data());
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
	cleanup_free char *todo = xasprintf("'wringer gc' says what can go; or set %s to "
					    "another folder", set);
	struct statvfs fs;
	struct stat st;
	uint64_t space;

	if (stat(there, &st) || !S_ISDIR(st.st_mode) || access(there, W_OK | X_OK) ||
	    statvfs(there, &fs)) {
		doctor_say(d, check, DOCTOR_MISSING, todo, "%s cannot be written to", there);
		return;
	}
	space = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (space < SPACE_MIN)
		doctor_say(d, check, DOCTOR_MISSING, todo, "%s has %llu MiB of space, less than 1 GiB", path,
		       (unsigned long long)space >> 20);
	else
		doctor_say(d, check, DOCTOR_OK, NULL, "%s, %.1f GiB of space", path,
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
		doctor_say(d, "apt", DOCTOR_OK, NULL,
		       "kernels can be fetched from this machine's Debian archives");
	else if (d->can_fetch)
		doctor_say(d, "apt", DOCTOR_WARNING, "what is in the cache can be used; for more, repair apt",
		       "the list of kernels is there, but not where to fetch them: %s", why);
	else
		doctor_say(d, "apt", DOCTOR_WARNING, "give kernels as files: -k PATH or -k PATH:MODULES", "%s",
		       why);
}

static void check_kernels(struct doctor *d)
{
	struct kernel *kernel;
	struct err err = {""};
	size_t nr;

	if (kernel_cached(&kernel, &nr, &err)) {
		doctor_say(d, "kernels", DOCTOR_MISSING, "set WRINGER_CACHE to another folder", "%s", err.msg);
		return;
	}
	if (nr)
		doctor_say(d, "kernels", DOCTOR_OK, NULL, "%zu in the cache, %s to %s", nr, kernel[0].version,
		       kernel[nr - 1].version);
	else if (d->can_fetch)
		doctor_say(d, "kernels", DOCTOR_OK, NULL, "none in the cache yet; fetched when first used");
	else
		doctor_say(d, "kernels", DOCTOR_MISSING, "give one as a file: -k PATH",
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
		doctor_say(d, "memory", DOCTOR_WARNING, "without a readable guest its need is not known", "%s",
		       err.msg);
	else if (have < need)
		doctor_say(d, "memory", DOCTOR_MISSING, "end other programs, or use a machine with more",
		       "%llu MiB free; one machine of guest two needs %llu MiB", have, need);
	else if (have < 2 * need)
		doctor_say(d, "memory", DOCTOR_WARNING, "run one machine at a time: --jobs 1",
		       "%llu MiB free; two machines of guest two need %llu MiB", have, 2 * need);
	else
		doctor_say(d, "memory", DOCTOR_OK, NULL,
		       "%llu MiB free; two machines of guest two need %llu MiB", have, 2 * need);
}

static void check_cpus(struct doctor *d)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	doctor_say(d, "cpus", DOCTOR_OK, NULL, "%ld; each machine that runs takes one", n);
}

/* Whether a kernel really boots; without a kernel in the cache there is nothing to try it with. */
static void check_engine(struct doctor *d, const char *kernel, enum engine engine)
{
	const char *name = engine_name(engine);
	enum doctor_state bad = engine == ENGINE_KVM ? DOCTOR_OPTIONAL : DOCTOR_MISSING;
	struct experiments exps;
	struct err err = {""};
	int ret = bare_plan(kernel, "one", engine, NULL, &exps, &err);

	if (!ret) {
		ret = experiment_boots(&exps.qemu, exps.exp, &err);
		experiments_release(&exps);
	}
	if (!ret)
		doctor_say(d, name, DOCTOR_OK, NULL, "works: kernel %s booted", kernel);
	else
		doctor_say(d, name, bad,
		       engine == ENGINE_KVM ? NO_KVM : "try 'wringer boot -e exact </dev/null'",
		       "does not work: %s", err.msg);
}

/* The newest that has a name to be called by: those that were given as files have none. */
static const char *newest_package(const struct kernel *kernel, size_t nr, bool uml)
{
	while (nr--)
		if (kernel[nr].package[0] && kernel_is_uml(&kernel[nr]) == uml)
			return kernel[nr].package;
	return NULL;
}

/* A kernel that is a program runs experiments only, so nothing is booted. */
static void check_uml(struct doctor *d, const char *kernel)
{
	if (kernel)
		doctor_say(d, "uml", DOCTOR_OK, NULL, "kernel %s is there, for experiments without an emulator", kernel);
	else
		doctor_say(d, "uml", DOCTOR_OPTIONAL, "wringer kernel build debian:7.3 --config uml",
			   "no kernel in the cache that is a program");
}

static void check_engines(struct doctor *d)
{
	const char *newest;
	struct kernel *kernel;
	unsigned int engine;
	size_t nr;

	if (kernel_cached(&kernel, &nr, NULL))
		return;
	newest = newest_package(kernel, nr, false);
	for (engine = 0; engine < ENGINE_NR; engine++) {
		if (engine == ENGINE_UML)
			check_uml(d, newest_package(kernel, nr, true));
		else if (engine == ENGINE_KVM && access("/dev/kvm", F_OK))
			doctor_say(d, "kvm", DOCTOR_OPTIONAL, NO_KVM, "does not work: there is no /dev/kvm");
		else if (newest)
			check_engine(d, newest, (enum engine)engine);
		else
			doctor_say(d, engine_name((enum engine)engine), DOCTOR_OK, NULL,
			       "not tried: no packaged kernel in the cache yet");
	}
	kernels_release(kernel, nr);
}

static void check_folders(struct doctor *d)
{
	check_folder(d, "cache", path_cache(), "WRINGER_CACHE");
	check_folder(d, "results", path_results(), "WRINGER_RESULTS");
}

/* In the order of the lines: each says one line or a few. */
static const struct {
	void (*run)(struct doctor *d);
	enum { ALWAYS, WITH_QEMU, IF_ALL_WELL } when;
} checks[] = {
	{check_qemu, ALWAYS},	    {check_accel, WITH_QEMU}, {check_sandbox, WITH_QEMU},
	{check_data, ALWAYS},	    {check_folders, ALWAYS},  {check_apt, ALWAYS},
	{check_kernels, ALWAYS},    {check_cpus, ALWAYS},     {check_memory, ALWAYS},
	{doctor_programs, ALWAYS},  {doctor_busybox, ALWAYS}, {doctor_completion, ALWAYS},
	{doctor_index, ALWAYS},	    {doctor_left, ALWAYS},    {doctor_orphans, ALWAYS},
	{check_engines, IF_ALL_WELL},
};

static void check_all(struct doctor *d)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i].when == ALWAYS || (d->has_qemu && checks[i].when == WITH_QEMU) ||
		    (d->has_qemu && !d->missing))
			checks[i].run(d);
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

		printf("%-8s %-10s %s\n", text_of(check, "state"), text_of(check, "check"),
		       found ? found : "?");
		if (todo && *todo)
			printf("%-8s %-10s %s\n", "", "", todo);
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
