// SPDX-License-Identifier: GPL-2.0-only
/*
 * Real programs.  Each sees its layer of the image as the root, with the guest's /proc, /sys, /dev
 * and /data in it, a /tmp of its own, and /output, where what it prints is "log" and what it is told
 * to write is "result", in a folder of its name.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define LAYERS     "/layers"
#define OUTPUT     "/output"
#define OUTPUT_MAX (2u << 20) /* bytes of all programs together */
#define TMPFS_MAX    (16u << 20)
#define PIECE_MAX  (64u << 10)

struct output {
	char layer[NAME_MAX_];
	char kind[NAME_MAX_]; /* how result is to be read */
};

/* By workload. */
static struct output output[WORKLOADS_MAX];
static bool have_output;
static char piece[PIECE_MAX];

static void bind(const char *root, const char *dir)
{
	char to[128];

	snprintf(to, sizeof(to), "%s%s", root, dir);
	sys_mkdir(to);
	if (mount(dir, to, NULL, MS_BIND | MS_REC, NULL))
		agent_fail(WIRE_SETUP_FAILED, "cannot show %s to the programs in %s: %m", dir, root);
}

static void make_tmpfs(const char *root, const char *dir, unsigned int size)
{
	char to[128], opts[32];

	snprintf(to, sizeof(to), "%s%s", root, dir);
	snprintf(opts, sizeof(opts), "mode=1777,size=%u", size);
	sys_mount("tmpfs", "tmpfs", to, opts);
}

static bool layer_is_ready(const char *layer)
{
	unsigned int i;

	for (i = 0; i < agent.nr_workloads; i++)
		if (!strcmp(output[i].layer, layer))
			return true;
	return false;
}

static void make_shared(void)
{
	if (have_output)
		return;
	make_tmpfs("", OUTPUT, OUTPUT_MAX);
	make_tmpfs("", "/dev/shm", TMPFS_MAX);
	have_output = true;
}

void program_make_root(const char *layer)
{
	char root[NAME_MAX_ + sizeof(LAYERS)];

	snprintf(root, sizeof(root), LAYERS "/%.63s", layer);
	if (access(root, F_OK))
		agent_fail(WIRE_SETUP_FAILED, "the image has no layer %s", layer);
	make_shared();
	if (layer_is_ready(layer))
		return;
	bind(root, "/proc");
	bind(root, "/sys");
	bind(root, "/dev");
	bind(root, OUTPUT);
	if (!access("/data", F_OK))
		bind(root, "/data");
	make_tmpfs(root, "/tmp", TMPFS_MAX);
}

void program_make_output(const struct program *p)
{
	struct output *o = &output[agent.nr_workloads];
	char dir[NAME_MAX_ + sizeof(OUTPUT)];

	if (agent.nr_workloads == WORKLOADS_MAX)
		agent_fail(WIRE_AGENT_ERROR, "more than %d workloads", WORKLOADS_MAX);
	snprintf(o->layer, sizeof(o->layer), "%s", p->layer);
	snprintf(o->kind, sizeof(o->kind), "%s", p->output);
	snprintf(dir, sizeof(dir), OUTPUT "/%.63s", p->name);
	sys_mkdir(dir);
}

static void __attribute__((noreturn)) give_up(struct wl_page *page, const char *what)
{
	snprintf(page->message, sizeof(page->message), "cannot run %.80s: %s", what,
		 strerror(errno));
	__atomic_store_n(&page->failed, 1, __ATOMIC_RELEASE);
	_exit(127);
}

static void open_output(const struct program *p, struct wl_page *page)
{
	char log[NAME_MAX_ + sizeof(OUTPUT) + 8];
	int fd;

	snprintf(log, sizeof(log), OUTPUT "/%.63s/log", p->name);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		give_up(page, log);
	fd = open("/dev/null", O_RDONLY);
	if (fd < 0 || dup2(fd, 0) < 0)
		give_up(page, "/dev/null");
}

static void wait_at_gate(struct wl_page *page)
{
	__atomic_store_n(&page->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&page->gate, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &page->gate, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void program_exec(const struct program *p, struct wl_page *page)
{
	static char *const env[] = {
		(char *)"PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"HOME=/tmp", (char *)"TMPDIR=/tmp", (char *)"LC_ALL=C", (char *)"TZ=UTC0",
		NULL,
	};
	char root[NAME_MAX_ + sizeof(LAYERS)];

	setsid();
	snprintf(root, sizeof(root), LAYERS "/%.63s", p->layer);
	if (chroot(root) || chdir("/tmp"))
		give_up(page, root);
	open_output(p, page);
	wait_at_gate(page);
	close_range(3, ~0u, 0);
	execvpe(p->argv[0], p->argv, env);
	give_up(page, p->argv[0]);
}

/* As sample_dump(), but nothing here ends the run: it may be ending already. */
static void record_file(const char *source, const char *workload, const char *file)
{
	uint16_t id = (uint16_t)agent.nr_sources;
	char name[2 * NAME_MAX_], path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), OUTPUT "/%s/%s", workload, file);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || agent.nr_sources == SOURCES_MAX)
		return;
	agent.source[agent.nr_sources++] = (struct source){.fd = -1, .every = 1};
	snprintf(name, sizeof(name), "%s %s", source, workload);
	rec_text(WIRE_SOURCE, id, name);
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		wire_put(&agent.wire, WIRE_TEXT, id, rec_now(), piece, (uint32_t)n);
		port_watchdog_kick();
	}
	close(fd);
}

/* What it is read as, how it ended and when, and whether it was told to. */
static void record_end(const struct workload_slot *w, const char *kind)
{
	uint16_t id = (uint16_t)agent.nr_sources;
	char text[2 * NAME_MAX_ + 160];
	int n;

	if (agent.nr_sources == SOURCES_MAX)
		return;
	agent.source[agent.nr_sources++] = (struct source){.fd = -1, .every = 1};
	snprintf(text, sizeof(text), "output.end %s", w->name);
	rec_text(WIRE_SOURCE, id, text);
	n = snprintf(text, sizeof(text), "output %s\n", kind);
	if (w->gone)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "%s %d\nended_ns %llu\nstopped %d\n",
			      WIFSIGNALED(w->status) ? "signal" : "exit",
			      WIFSIGNALED(w->status) ? WTERMSIG(w->status) : WEXITSTATUS(w->status),
			      (unsigned long long)w->ended_ns, w->ending);
	wire_put(&agent.wire, WIRE_TEXT, id, rec_now(), text, (uint32_t)n);
}

static bool is_full(void)
{
	struct statfs fs;

	return !statfs(OUTPUT, &fs) && !fs.f_bavail;
}

void program_record_all(void)
{
	static bool done;
	char kind[2 * NAME_MAX_];
	unsigned int i;

	if (done || !have_output)
		return;
	done = true;
	for (i = 0; i < agent.nr_workloads; i++) {
		if (!agent.workload[i].program)
			continue;
		record_end(&agent.workload[i], output[i].kind);
		record_file("output.log", agent.workload[i].name, "log");
		snprintf(kind, sizeof(kind), "output.%s", output[i].kind);
		record_file(kind, agent.workload[i].name, "result");
	}
}

void program_finish(void)
{
	program_record_all();
	if (have_output && is_full())
		agent_fail(WIRE_WORKLOAD_FAILED, "programs wrote more than the %u KiB of /output",
			   OUTPUT_MAX >> 10);
}
