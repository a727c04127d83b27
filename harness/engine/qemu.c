// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/internal.h"
#include "engine/uml.h"

#define PROGRAM "qemu-system-x86_64"
#define PROBE_TIMEOUT_MS 30000

/*
 * The oldest with the plugin interface that plugin/exact.c needs; without it no run is exact.
 * (Several CPUs would need 8.1, the first with fair time slices, anyway.)
 */
#define OLDEST_MAJOR 9
#define OLDEST_MINOR 1

/*
 * Memory that is plugged in stays off until the agent switches it on, as movable and when the
 * kernel has read the HMAT.  It lies above 4 GiB; without the second word the kernel would set
 * 64 MiB aside for devices that cannot reach it, of which there are none here.
 */
#define MOVABLE_PARAMS " memhp_default_state=offline swiotlb=noforce"

void args_add(struct args *args, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	args->arg = xrealloc(args->arg, args->nr + 2, sizeof(*args->arg));
	args->arg[args->nr++] = s;
	args->arg[args->nr] = NULL;
}

void args_release(struct args *args)
{
	size_t i;

	for (i = 0; i < args->nr; i++)
		free(args->arg[i]);
	free(args->arg);
	memset(args, 0, sizeof(*args));
}

static char *find_program(void)
{
	const char *path = getenv("PATH");
	cleanup_free char *copy = xstrdup(path ? path : "/usr/bin");
	char *rest = copy, *dir;

	while ((dir = strsep(&rest, ":"))) {
		char *file = xasprintf("%s/" PROGRAM, dir);

		if (!access(file, X_OK))
			return file;
		free(file);
	}
	return NULL;
}

static int probe_version(struct qemu *q, struct err *err)
{
	const char *argv[] = {q->path, "--version", NULL};
	cleanup_buf struct buf out = {0};
	int ret = proc_capture(argv, PROBE_TIMEOUT_MS, &out, err);

	if (ret)
		return ret;
	out.data[strcspn(out.data, "\n")] = '\0';
	if (sscanf(out.data, "QEMU emulator version %u.%u", &q->major, &q->minor) != 2)
		return err_set(err, -ENOTSUP, "%s says '%s', not its version", q->path, out.data);
	q->version = xstrdup(out.data + strlen("QEMU emulator version "));
	return 0;
}

/* The first of QEMU's data folders that has the file. */
static char *find_firmware(char *dirs, const char *name)
{
	cleanup_free char *copy = xstrdup(dirs);
	char *rest = copy, *dir;

	while ((dir = strsep(&rest, "\n"))) {
		char *file = xasprintf("%s/%s", dir, name);

		if (*dir && file_exists(file))
			return file;
		free(file);
	}
	return NULL;
}

/* What the machine executes before the kernel counts as much as the emulator itself. */
static int probe_firmware(struct qemu *q, struct err *err)
{
	static const char *const names[] = {"bios-256k.bin", "kvmvapic.bin", "linuxboot_dma.bin"};
	const char *argv[] = {q->path, "-L", "help", NULL};
	cleanup_buf struct buf dirs = {0}, hashes = {0};
	char hex[SHA256_HEX];
	size_t i;
	int ret = proc_capture(argv, PROBE_TIMEOUT_MS, &dirs, err);

	for (i = 0; !ret && i < ARRAY_SIZE(names); i++) {
		cleanup_free char *file = find_firmware(dirs.data, names[i]);

		if (!file)
			return err_set(err, -ENOENT,
				       "QEMU's firmware %s is missing; install seabios and "
				       "qemu-system-data",
				       names[i]);
		ret = sha256_file(file, hex, err);
		buf_printf(&hashes, "%s  %s\n", hex, names[i]);
	}
	if (!ret)
		sha256_buf(buf_str(&hashes), hashes.len, q->firmware);
	return ret;
}

int qemu_probe(struct qemu *q, struct err *err)
{
	int ret;

	*q = (struct qemu){.path = find_program()};
	if (!q->path)
		return err_set(err, -ENOENT, PROGRAM " is not installed; 'make demo' installs it");
	ret = probe_version(q, err);
	if (!ret &&
	    (q->major < OLDEST_MAJOR || (q->major == OLDEST_MAJOR && q->minor < OLDEST_MINOR)))
		ret = err_set(err, -ENOTSUP, "QEMU %s is too old; 'make demo' installs a newer one",
			      q->version);
	if (!ret)
		ret = sha256_file(q->path, q->sha256, err);
	if (!ret)
		ret = probe_firmware(q, err);
	if (ret)
		qemu_release(q);
	return ret;
}

void qemu_release(struct qemu *q)
{
	free(q->path);
	free(q->version);
	memset(q, 0, sizeof(*q));
}

/*
 * What goes wrong ends the machine, with all that the kernel can tell on the console: memory, every
 * CPU's backtrace and the blocked tasks' stacks (panic_print).  Each detector of the kernel speaks
 * before the next one would hide it: a soft lockup after 6 to 8 s, an RCU stall after 8, a blocked
 * task after 8 to 9; the agent's watchdog fires after 10 and injects an NMI.
 */
#define FAILURES                                                                                   \
	"oops=panic panic_print=0xc2 softlockup_panic=1 watchdog_thresh=3 "                        \
	"rcupdate.rcu_cpu_stall_timeout=8 sysctl.kernel.panic_on_rcu_stall=1 "                     \
	"sysctl.kernel.hung_task_timeout_secs=8 sysctl.kernel.hung_task_check_interval_secs=1 "    \
	"sysctl.kernel.hung_task_panic=1 unknown_nmi_panic"

static const char *const engines[ENGINE_NR] = {
	[ENGINE_EXACT] = "exact",
	[ENGINE_KVM] = "kvm",
	[ENGINE_FAST] = "fast",
	[ENGINE_UML] = "uml",
};

const char *engine_name(enum engine engine)
{
	return engine < ENGINE_NR ? engines[engine] : "";
}

enum engine engine_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ENGINE_NR; i++)
		if (!strcmp(engines[i], name))
			break;
	return (enum engine)i;
}

/*
 * Random numbers come from the plan's seed alone.  REP string instructions count one per iteration
 * under TCG, so without erms and its like a page is cleared in 512 steps, not 4096.
 */
static void add_engine(enum engine engine, struct args *a)
{
	args_add(a, "-accel");
	args_add(a, engine == ENGINE_KVM ? "kvm" : "tcg,thread=single,tb-size=512");
	if (engine == ENGINE_EXACT) {
		args_add(a, "-icount");
		args_add(a, "shift=0,sleep=off");
		args_add(a, "-plugin");
		args_add(a, "./" RUN_PLUGIN);
	}
	args_add(a, "-cpu");
	args_add(a, engine == ENGINE_KVM ? "host,-rdrand,-rdseed" :
					   "max,-rdrand,-rdseed,-erms,-fsrm,-fsrs,-fzrm");
}

const char *engine_device(const struct args *args)
{
	size_t i;

	for (i = 1; i < args->nr; i++)
		if (!strcmp(args->arg[i - 1], "-accel") && !strncmp(args->arg[i], "kvm", 3))
			return "/dev/kvm";
	return NULL;
}

static void add_fixed(enum engine engine, struct args *a)
{
	args_add(a, PROGRAM);
	args_add(a, "-nodefaults");
	args_add(a, "-no-user-config");
	args_add(a, "-no-reboot");
	args_add(a, "-machine");
	args_add(a, "pc,hpet=off");
	add_engine(engine, a);
	args_add(a, "-seed");
	args_add(a, "1");
	args_add(a, "-rtc");
	args_add(a, "base=2026-01-01,clock=vm");
	args_add(a, "-sandbox");
	args_add(a, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
}

static void add_memory(const struct machine *m, struct args *a)
{
	unsigned int i, slots = 0;

	for (i = 0; i < m->nr_nodes; i++)
		slots += m->node[i].movable;
	args_add(a, "-m");
	if (slots)
		args_add(a, "%lluM,slots=%u,maxmem=%lluM",
			 (unsigned long long)machine_boot_memory(m) >> 20, slots,
			 (unsigned long long)machine_memory(m) >> 20);
	else
		args_add(a, "%lluM", (unsigned long long)machine_memory(m) >> 20);
}

/* One node: what it has of memory, CPUs, and an initiator where there is an HMAT. */
static void add_node(const struct machine *m, unsigned int i, unsigned int cpu, struct args *a)
{
	const struct machine_node *node = &m->node[i];
	cleanup_buf struct buf text = {0};

	buf_printf(&text, "node,nodeid=%u", i);
	if (node->memory) {
		args_add(a, "-object");
		args_add(a, "memory-backend-ram,id=m%u,size=%lluM", i,
			 (unsigned long long)node->memory >> 20);
	}
	if (node->memory && !node->movable)
		buf_printf(&text, ",memdev=m%u", i);
	if (node->cpus > 1)
		buf_printf(&text, ",cpus=%u-%u", cpu, cpu + node->cpus - 1);
	else if (node->cpus)
		buf_printf(&text, ",cpus=%u", cpu);
	if (machine_has_hmat(m))
		buf_printf(&text, ",initiator=%u", node->cpus ? i : node->initiator);
	args_add(a, "-numa");
	args_add(a, "%s", buf_str(&text));
}

static void add_nodes(const struct machine *m, struct args *a)
{
	unsigned int i, cpu = 0;

	add_memory(m, a);
	args_add(a, "-smp");
	/* CPUs of several nodes in one socket would share a cache, which the kernel warns of. */
	if (__builtin_popcount(machine_cpu_nodes(m)) > 1)
		args_add(a, "%u,sockets=%u,cores=1,threads=1", machine_cpus(m), machine_cpus(m));
	else
		args_add(a, "%u", machine_cpus(m));
	for (i = 0; i < m->nr_nodes; i++) {
		add_node(m, i, cpu, a);
		cpu += m->node[i].cpus;
	}
}

/* The guest must know their addresses, as it switches these on block by block. */
static void add_movable(const struct machine *m, struct args *a)
{
	unsigned int i;

	for (i = 0; i < m->nr_nodes; i++) {
		if (!m->node[i].movable)
			continue;
		args_add(a, "-device");
		args_add(a, "pc-dimm,memdev=m%u,node=%u,addr=0x%llx", i, i,
			 (unsigned long long)machine_movable_addr(m, i));
	}
}

static bool has_distances(const struct machine *m)
{
	unsigned int i, j;

	for (i = 0; i < m->nr_nodes; i++)
		for (j = 0; j < m->nr_nodes; j++)
			if (m->distance[i][j])
				return true;
	return false;
}

/* The emulator wants all of them or none. */
static void add_distances(const struct machine *m, struct args *a)
{
	unsigned int i, j;

	for (i = 0; has_distances(m) && i < m->nr_nodes; i++)
		for (j = 0; j < m->nr_nodes; j++) {
			if (i == j)
				continue;
			args_add(a, "-numa");
			args_add(a, "dist,src=%u,dst=%u,val=%u", i, j, machine_distance(m, i, j));
		}
}

static void add_hmat_pair(const struct machine *m, unsigned int from, unsigned int to,
			  struct args *a)
{
	args_add(a, "-numa");
	args_add(a, "hmat-lb,initiator=%u,target=%u,hierarchy=memory,data-type=access-latency,"
		    "latency=%llu", from, to, (unsigned long long)machine_latency(m, from, to));
	args_add(a, "-numa");
	args_add(a, "hmat-lb,initiator=%u,target=%u,hierarchy=memory,data-type=access-bandwidth,"
		    "bandwidth=%lluM", from, to,
		 (unsigned long long)machine_bandwidth(m, from, to) >> 20);
}

/* What access costs, as the firmware tells it: from each node with CPUs to each with memory. */
static void add_hmat(const struct machine *m, struct args *a)
{
	unsigned int i, j;

	if (!machine_has_hmat(m))
		return;
	args_add(a, "-machine");
	args_add(a, "hmat=on");
	for (i = 0; i < m->nr_nodes; i++)
		for (j = 0; m->node[i].cpus && j < m->nr_nodes; j++)
			if (m->node[j].memory)
				add_hmat_pair(m, i, j, a);
}

static void add_boot(const struct machine *m, enum engine engine, struct args *a)
{
	char pmem[64] = "";

	if (m->pmem)
		snprintf(pmem, sizeof(pmem), " memmap=%lluM!%lluM",
			 (unsigned long long)m->pmem >> 20,
			 (unsigned long long)machine_pmem_start(m) >> 20);
	args_add(a, "-kernel");
	args_add(a, RUN_KERNEL);
	args_add(a, "-initrd");
	args_add(a, RUN_INITRD);
	args_add(a, "-append");
	/*
	 * rootfs as ramfs: the agent and the workloads' text are then no part of what is reclaimed.
	 * In the host's time a busy host is late with the timer that Linux tests at boot, and it panics.
	 */
	args_add(a, "console=ttyS0 loglevel=5 nokaslr norandmaps panic=-1 psi=1 rootfstype=ramfs "
		    "tsc=reliable " FAILURES "%s%s%s", pmem, machine_has_movable(m) ? MOVABLE_PARAMS : "",
		 engine_exact(engine) ? "" : " no_timer_check");
	args_add(a, "-fw_cfg");
	args_add(a, "name=opt/org.wringer/setup,file=" RUN_SETUP);
	args_add(a, "-fw_cfg");
	args_add(a, "name=opt/org.wringer/plan,file=" RUN_PLAN);
	args_add(a, "-fw_cfg");
	args_add(a, "name=opt/org.wringer/objects,file=" RUN_OBJECTS);
}

/* Nothing here completes in host time: files that are written at once, memory, and ports. */
static void add_devices(const struct machine *m, struct args *a)
{
	args_add(a, "-display");
	args_add(a, "none");
	args_add(a, "-serial");
	args_add(a, "file:" RUN_CONSOLE);
	args_add(a, "-chardev");
	args_add(a, "file,id=progress,path=" RUN_PROGRESS);
	args_add(a, "-device");
	args_add(a, "isa-debugcon,iobase=0xe9,chardev=progress");
	args_add(a, "-device");
	args_add(a, "isa-debug-exit,iobase=0xf4,iosize=1");
	args_add(a, "-object");
	args_add(a, "memory-backend-file,id=records,size=%lluM,mem-path=" RUN_RECORDS ",share=on",
		 (unsigned long long)m->records >> 20);
	args_add(a, "-device");
	args_add(a, "ivshmem-plain,memdev=records,master=on");
	args_add(a, "-device");
	args_add(a, "ib700");
	args_add(a, "-action");
	/* The kernel then tells where it was, and panics: FAILURES. */
	args_add(a, "watchdog=inject-nmi");
}

void engine_args(const struct machine *m, enum engine engine, struct args *out)
{
	if (engine == ENGINE_UML) {
		uml_args(m, out);
		return;
	}
	memset(out, 0, sizeof(*out));
	add_fixed(engine, out);
	add_nodes(m, out);
	add_movable(m, out);
	add_distances(m, out);
	add_hmat(m, out);
	add_boot(m, engine, out);
	add_devices(m, out);
}

void engine_params(enum engine engine, struct args *args, const char *params)
{
	size_t i;

	if (engine == ENGINE_UML) {
		uml_params(args, params);
		return;
	}
	for (i = 1; *params && i < args->nr; i++) {
		char *line = args->arg[i];

		if (strcmp(args->arg[i - 1], "-append"))
			continue;
		args->arg[i] = xasprintf("%s %s", line, params);
		free(line);
		return;
	}
}
