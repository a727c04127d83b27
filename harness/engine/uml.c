// SPDX-License-Identifier: GPL-2.0-only
#include "engine/uml.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/internal.h"
#include "wire/wire.h"

/*
 * The kernel takes the first memory it needs from the end, before it has read what is reserved
 * there: so much is left to it.
 */
#define TAIL (64u << 10)

/* What the process needs beside the guest's memory: its own, and addresses for vmalloc(). */
#define OVERHEAD_MAX (8ull << 30)
#define FILES_MAX    256

/* Virtual time starts here: 2026-01-01, as with the other engines. */
#define START_NS "1767225600000000000"

const char *const uml_lacks[] = {
	"cpu-time", "numa", "smp", "thp", "accessed-bit", "page-table-walk", "bpf-jit", NULL,
};

int uml_check(const struct machine *m, struct err *err)
{
	const char *what = NULL;

	if (m->nr_nodes > 1)
		what = "several nodes";
	else if (machine_cpus(m) > 1)
		what = "several CPUs";
	else if (machine_has_movable(m))
		what = "memory that is switched on later";
	else if (machine_has_hmat(m))
		what = "an HMAT";
	else if (m->pmem)
		what = "persistent memory";
	if (!what)
		return 0;
	return err_set(err, -EINVAL,
		       "User-Mode Linux has one node of memory and one CPU; this guest has %s",
		       what);
}

uint64_t uml_memory(const struct machine *m)
{
	return machine_memory(m) + m->records;
}

uint64_t uml_records_at(const struct machine *m)
{
	return uml_memory(m) - TAIL - WIRE_UML_GATE - m->records;
}

/*
 * A panic ends the machine with all that the kernel can tell.  What counts time in which something
 * executes (lockups, stalls) would never fire.
 */
#define FAILURES                                                                                   \
	"oops=panic", "panic=-1", "panic_print=0xc2", "sysctl.kernel.hung_task_timeout_secs=8",    \
		"sysctl.kernel.hung_task_check_interval_secs=1", "sysctl.kernel.hung_task_panic=1"

void uml_args(const struct machine *m, struct args *out)
{
	static const char *const fixed[] = {
		"initrd=" RUN_INITRD, "dtb=" RUN_TREE,
		/* Nothing of it goes by the host's clock, and it ends with the guest. */
		"time-travel=inf-cpu", "time-travel-start=" START_NS, "seccomp=off", "noreboot",
		"uml_dir=./", "umid=uml",
		"con=null", "con0=null,fd:1", "console=tty0", "root=/dev/ram0", "loglevel=5",
		"norandmaps", "psi=1", "rootfstype=ramfs", FAILURES,
		/* Drivers are built in, and make no devices but those that are asked for. */
		"scsi_debug.add_host=0", "null_blk.nr_devices=0",
	};
	size_t i;

	memset(out, 0, sizeof(*out));
	args_add(out, "./" RUN_KERNEL);
	args_add(out, "mem=%lluM", (unsigned long long)uml_memory(m) >> 20);
	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		args_add(out, "%s", fixed[i]);
}

void uml_params(struct args *args, const char *params)
{
	cleanup_free char *own = xstrdup(params);
	char *rest = own, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			args_add(args, "%s", word);
}

/*
 * The C library of the guest's programs chooses its functions by it, and tasks are as large as it
 * says: other processors give other results.
 */
int uml_cpu(char hex[SHA256_HEX], struct err *err)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	cleanup_free char *line = NULL;
	cleanup_buf struct buf text = {0};
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		if (!strncmp(line, "processor", 9) && text.len)
			break;
		if (!strncmp(line, "flags", 5) ||
		    !strncmp(line, "model name", 10))
			buf_adds(&text, line);
	}
	if (f)
		fclose(f);
	if (!text.len)
		return err_set(err, -ENOENT, "/proc/cpuinfo does not say what the processor is");
	sha256_buf(buf_str(&text), text.len, hex);
	return 0;
}

static void put32(struct buf *out, uint32_t v)
{
	uint32_t be = __builtin_bswap32(v);

	buf_add(out, &be, sizeof(be));
}

static void put64(struct buf *out, uint64_t v)
{
	put32(out, (uint32_t)(v >> 32));
	put32(out, (uint32_t)v);
}

void uml_tree(uint64_t start, uint64_t size, struct buf *out)
{
	enum { HEADER = 40, RESERVED = 32, STRINGS = 28, STRUCT = 48 };
	static const char strings[STRINGS] = "#address-cells\0#size-cells\0";
	uint32_t cells = 15;

	put32(out, 0xd00dfeed);
	put32(out, HEADER + RESERVED + STRUCT + STRINGS);
	put32(out, HEADER + RESERVED);          /* structure */
	put32(out, HEADER + RESERVED + STRUCT); /* strings */
	put32(out, HEADER);                     /* reserved memory */
	put32(out, 17);
	put32(out, 16);
	put32(out, 0);
	put32(out, STRINGS);
	put32(out, STRUCT);
	put64(out, start);
	put64(out, size);
	put64(out, 0);
	put64(out, 0);
	put32(out, 1); /* a node begins, without a name */
	put32(out, 0);
	put32(out, 3); /* a property: length, name, value */
	put32(out, 4);
	put32(out, 0);
	put32(out, 2);
	put32(out, 3);
	put32(out, 4);
	put32(out, cells);
	put32(out, 2);
	put32(out, 2); /* the node's end, and that of all */
	put32(out, 9);
	buf_add(out, strings, sizeof(strings));
}

static int write_tree(const struct vm_opts *opts, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_TREE, opts->dir);
	cleanup_buf struct buf tree = {0};

	uml_tree(uml_records_at(opts->machine), opts->machine->records + WIRE_UML_GATE, &tree);
	return file_write(path, tree.data, tree.len, err);
}

/* What is in the cache may not be executable, and the user it runs as may not reach it. */
static int write_kernel(const struct vm_opts *opts, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_KERNEL, opts->dir);
	cleanup_free char *own = xasprintf("%s/" RUN_KERNEL ".own", opts->dir);
	int ret = file_copy(path, own, err);

	if (!ret && chmod(own, 0755))
		ret = err_sys(err, -errno, "cannot make %s executable", own);
	if (!ret && rename(own, path))
		ret = err_sys(err, -errno, "cannot replace %s", path);
	return ret;
}

static bool has_room(const char *dir, uint64_t bytes)
{
	struct statvfs fs;

	return !statvfs(dir, &fs) && !(fs.f_flag & (ST_NOEXEC | ST_RDONLY)) &&
	       (uint64_t)fs.f_bavail * fs.f_frsize > bytes + bytes / 4;
}

/* Of a file system in memory if there is one: the guest's memory need not go to a disk. */
static const char *memory_dir(const struct machine *m)
{
	return has_room("/dev/shm", uml_memory(m)) ? "TMPDIR=/dev/shm" : "TMPDIR=.";
}

int uml_start(struct vm *vm, const struct vm_opts *opts, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_STDERR, opts->dir);
	cleanup_fd int errors = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
				     0644);
	const char *const env[] = {"HOME=/", "PATH=/usr/bin:/bin", memory_dir(opts->machine), NULL};
	struct proc_opts popts = {.cwd = opts->dir, .err_fd = errors, .out_fd = vm->console,
				  .drop_root = true, .env = env, .repeatable = true, .cpu = opts->cpu,
				  .file_size_max = uml_memory(opts->machine),
				  .files_max = FILES_MAX,
				  .memory_max = 2 * uml_memory(opts->machine) + OVERHEAD_MAX};
	int ret = errors < 0 ? err_sys(err, -errno, "cannot create %s", path) : 0;

	if (!ret)
		ret = write_tree(opts, err);
	if (!ret)
		ret = write_kernel(opts, err);
	if (!ret)
		ret = vm_hand_over(opts->dir, err);
	if (!ret)
		ret = proc_spawn(&vm->proc, (const char *const *)opts->args->arg, &popts, err);
	return ret;
}

/* A file without a name, of the right size, and of the user's that the guest runs as. */
static bool is_memory(int fd, uint64_t size)
{
	uid_t uid = geteuid() ? geteuid() : proc_drop_uid();
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode) && !st.st_nlink && st.st_uid == uid &&
	       (uint64_t)st.st_size == size;
}

/* Lets the agent go on. */
static int open_gate(const struct vm *vm, int memory)
{
	cleanup_free char *path = xasprintf("/proc/self/fd/%d", memory);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	uint32_t word = 1;
	off_t at = (off_t)(vm->records_at + vm->records_size);

	return fd >= 0 && pwrite(fd, &word, sizeof(word), at) == sizeof(word) ? 0 : -EIO;
}

/*
 * The guest's memory goes with its last descriptor: ours must be there before the end, so the agent
 * waits for it.
 */
void uml_watch(struct vm *vm)
{
	cleanup_free char *fds = xasprintf("/proc/%d/fd", (int)vm->proc.pid);
	DIR *dir = vm->records < 0 ? opendir(fds) : NULL;
	struct dirent *e;

	while (vm->records < 0 && dir && (e = readdir(dir))) {
		int fd = isdigit((unsigned char)e->d_name[0]) ?
				 openat(dirfd(dir), e->d_name, O_RDONLY | O_NONBLOCK | O_CLOEXEC) :
				 -1;

		if (fd >= 0 && is_memory(fd, vm->memory_size) && !open_gate(vm, fd))
			vm->records = fd;
		else if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}
