// SPDX-License-Identifier: GPL-2.0-only
/*
 * Goes wrong on purpose, some time after the gate: what the harness makes of a guest that panics,
 * hangs or runs out of memory is tested with this.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "workloads/lib/data.h"
#include "workloads/lib/plant.h"
#include "workloads/lib/workload.h"

enum { PANIC, STALL, LOCKUP, OOM, EXIT, CORRUPT, FLOOD, POKE, PLANT };
static const char *const kinds[] = {"panic",   "stall", "lockup", "oom",   "exit",
				    "corrupt", "flood", "poke",   "plant", NULL};

enum { BOTH, MEMORY, FILES };
static const char *const places[] = {"both", "memory", "files", NULL};

struct fault_opts {
	unsigned int kind;
	uint64_t after;
	char *path;
	char *text;
	char *target;
	unsigned int place;
};

static char none[] = "";
static const struct fault_opts fault_defaults = {
	.after = 500000000, .path = none, .text = none, .target = none};

static const struct conf_key fault_options[] = {
	{.name = "kind", .type = CONF_CHOICE, .offset = offsetof(struct fault_opts, kind),
	 .help = "what goes wrong", .choices = kinds, .required = true},
	{.name = "after", .type = CONF_TIME, .offset = offsetof(struct fault_opts, after),
	 .help = "how long after the gate", .max = 600000000000},
	{.name = "path", .type = CONF_STR, .offset = offsetof(struct fault_opts, path),
	 .help = "poke: the file that text is written to"},
	{.name = "text", .type = CONF_STR, .offset = offsetof(struct fault_opts, text),
	 .help = "poke: one word"},
	{.name = "target", .type = CONF_STR, .offset = offsetof(struct fault_opts, target),
	 .help = "plant: the type of workload whose data is damaged"},
	{.name = "place", .type = CONF_CHOICE, .offset = offsetof(struct fault_opts, place),
	 .help = "plant: where; of files it is all there are", .choices = places},
};

static uint64_t due;
static bool done;

static void fault_setup(struct wl *wl)
{
	(void)wl;
}

static void poke(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd))
		wl_fail("cannot write %s to %s: %m", text, path);
}

/* Faster than anything that reads it; the run goes on. */
static void flood_console(void)
{
	static char line[4096];
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY);
	int i;

	memset(line, '.', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	if (fd < 0)
		wl_fail("cannot open the console: %m");
	for (i = 0; i < 2048; i++)
		if (write(fd, line, sizeof(line)) < 0)
			wl_fail("cannot write to the console: %m");
	close(fd);
}

/*
 * Above every other task, the agent's too: only the emulator's watchdog is left.  Instructions that
 * do nothing, many in a row: for an emulator they are much time and little work.
 */
static void lock_up(void)
{
	struct sched_param prio = {.sched_priority = 99};

	if (sched_setscheduler(0, SCHED_FIFO, &prio))
		wl_fail("cannot raise the priority: %m");
	for (;;)
		asm volatile(".rept 400\n\tnop\n\t.endr");
}

static void eat_memory(void)
{
	size_t step = 1 << 20;
	char *p;

	while ((p = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) !=
	       MAP_FAILED)
		memset(p, 1, step);
}

/* Whoever reads its own data back has to find out. */
static void plant(const struct fault_opts *o)
{
	uint64_t pages = 0;

	if (o->place != FILES)
		pages += plant_in_memory(o->target);
	if (o->place != MEMORY)
		pages += plant_in_files(WL_DATA_DIR);
	if (!pages)
		wl_fail("there is no data of a workload of type '%s' to be damaged", o->target);
}

static void go_wrong(const struct fault_opts *o)
{
	switch (o->kind) {
	case PANIC:
		poke("/proc/sysrq-trigger", "c");
		break;
	case POKE:
		poke(o->path, o->text);
		break;
	case FLOOD:
		flood_console();
		break;
	case PLANT:
		plant(o);
		break;
	case STALL:
		for (;;)
			pause();
	case LOCKUP:
		lock_up();
		break;
	case OOM:
		eat_memory();
		break;
	case EXIT:
		_exit(7);
	default:
		wl_fail("page 0 does not hold what was written (on purpose)");
	}
}

static void fault_op(struct wl *wl)
{
	const struct fault_opts *o = wl->opts;
	struct timespec ms = {.tv_nsec = 1000000};

	if (!due)
		due = wl_now() + o->after;
	if (wl_now() >= due && !done) {
		done = true;
		go_wrong(o);
	}
	nanosleep(&ms, NULL);
}

const struct workload workload_fault = {
	.name = "fault",
	.summary = "goes wrong on purpose; for testing the harness",
	.op = "one millisecond waited",
	WL_TABLE(fault_options),
	.defaults = &fault_defaults,
	.opts_size = sizeof(struct fault_opts),
	.setup = fault_setup,
	.op_run = fault_op,
};
