// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: rounds COUNT SEED FILE OBJECT...
 *
 * Inside a guest whose kernel has the series reclaim_ext: policies come and go, COUNT times, while the
 * cgroups they are for are under load: attached, detached, replaced, left behind by a process that is
 * killed, gone with their cgroup, and the algorithm below them switched.  In the end nothing of them may be
 * left.  Says how it went as KTAP.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests/bpf/loader.h"

#define CG       "/sys/fs/cgroup"
#define LRU_GEN  "/sys/kernel/mm/lru_gen"
#define SLOTS    3
#define LIMIT    (6u << 20)
#define ANON     (2u << 20)
/* A leak adds to the kernel's memory in each quarter of the rounds, at least so many bytes. */
#define GROWTH   (64u << 10)
#define QUARTERS 4
#define PATIENCE 100 /* tenths of a second */

/* A cgroup under load, and its policy. */
struct slot {
	char path[64];
	pid_t load;
	pid_t holder;          /* the process that holds the link; 0: we do */
	struct loader policy;  /* obj is NULL: there is none */
	struct loader spare;   /* what it was replaced by */
};

static struct slot slots[SLOTS];
static char **objects;
static unsigned int nr_objects;
static const char *data_file;
static uint64_t random_state;
static unsigned int nr_tests, nr_failed;

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

void give_up(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

/* There is no agent: guests/bpf/vars.c has somebody to tell. */
void say(enum talk kind, const char *text, size_t len, int fd)
{
	(void)kind;
	(void)text;
	(void)len;
	(void)fd;
}

static void __attribute__((format(printf, 2, 3))) result(bool well, const char *fmt, ...)
{
	va_list ap;

	nr_failed += !well;
	printf("%sok %u ", well ? "" : "not ", ++nr_tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

static unsigned int pick(unsigned int n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state % n);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* More than the cgroup may hold, of a file and of anonymous memory. */
static void __attribute__((noreturn)) load(const struct slot *s, unsigned int nr)
{
	char *anon = mmap(NULL, ANON, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;
	char page[4096];
	off_t at = 0;
	size_t i;

	/* Links live as long as there is a descriptor of them. */
	close_range(3, ~0u, 0);
	fd = open(data_file, O_RDONLY);
	put(s->path, "cgroup.procs", "0");
	if (fd < 0 || anon == MAP_FAILED)
		_exit(1);
	for (i = nr; ; i++) {
		anon[i * 4096 % ANON]++;
		if (pread(fd, page, sizeof(page), at) != (ssize_t)sizeof(page))
			at = 0;
		else
			at += 4096;
		if (i % 256 == 0)
			usleep(5000);
	}
}

static void make_cgroup(struct slot *s, unsigned int nr)
{
	char limit[32];

	snprintf(s->path, sizeof(s->path), CG "/rounds/%u", nr);
	snprintf(limit, sizeof(limit), "%u", LIMIT);
	if (mkdir(s->path, 0755))
		die(s->path);
	put(s->path, "memory.max", limit);
	s->load = fork();
	if (!s->load)
		load(s, nr);
}

static void remove_cgroup(struct slot *s)
{
	int left = PATIENCE;

	kill(s->load, SIGKILL);
	waitpid(s->load, NULL, 0);
	while (rmdir(s->path) && errno == EBUSY && left--)
		usleep(100000);
	if (left < 0)
		die(s->path);
}

/* Loaded, for that cgroup, not attached. */
static void load_policy(struct loader *l, const struct slot *s)
{
	const char *object = objects[pick(nr_objects)];
	struct bpf_program *prog;
	struct stat st;

	*l = (struct loader){.obj = bpf_object__open_file(object, NULL)};
	if (!l->obj || stat(s->path, &st))
		die(object);
	/* Only the struct_ops of it. */
	bpf_object__for_each_program(prog, l->obj)
		bpf_program__set_autoload(prog,
					  bpf_program__type(prog) == BPF_PROG_TYPE_STRUCT_OPS);
	vars_set_if_any(l, "cgroup_id", st.st_ino);
	nodes_make(l);
	if (bpf_object__load(l->obj))
		die(object);
}

static struct bpf_map *ops_of(const struct loader *l)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, l->obj)
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			return map;
	give_up("an object without a policy");
}

static void attach(struct slot *s)
{
	load_policy(&s->policy, s);
	s->policy.link[0] = bpf_map__attach_struct_ops(ops_of(&s->policy));
	if (!s->policy.link[0])
		die("attach");
}

static void detach(struct slot *s)
{
	bpf_link__destroy(s->policy.link[0]);
	bpf_object__close(s->policy.obj);
	bpf_object__close(s->spare.obj);
	s->policy.obj = s->spare.obj = NULL;
}

/* The kernel may have taken the old one away in between: then there is nothing to be replaced. */
static void replace(struct slot *s)
{
	struct loader next;

	load_policy(&next, s);
	if (bpf_link__update_map(s->policy.link[0], ops_of(&next)) && errno != ENODEV &&
	    errno != ENOLINK)
		die("replace");
	bpf_object__close(s->spare.obj);
	s->spare = next;
}

/* Attached by a process that does not live to take it away. */
static void attach_elsewhere(struct slot *s)
{
	int pipefd[2];
	char c;

	if (pipe(pipefd))
		die("pipe");
	s->holder = fork();
	if (!s->holder) {
		dup2(pipefd[1], 3);
		close_range(4, ~0u, 0);
		attach(s);
		if (write(3, "", 1) == 1)
			pause();
		_exit(1);
	}
	close(pipefd[1]);
	if (read(pipefd[0], &c, 1) != 1)
		die("the holder of a policy");
	close(pipefd[0]);
}

static void kill_holder(struct slot *s)
{
	kill(s->holder, SIGKILL);
	waitpid(s->holder, NULL, 0);
	s->holder = 0;
}

static void renew_cgroup(struct slot *s)
{
	remove_cgroup(s);
	if (s->policy.obj)
		detach(s);
	make_cgroup(s, (unsigned int)(s - slots));
}

static void switch_algorithm(struct slot *s)
{
	(void)s;
	put(LRU_GEN, "enabled", pick(2) ? "y" : "n");
}

enum kind { ATTACH, DETACH, REPLACE, DEATH, REMOVAL, SWITCH, KINDS };

static const struct {
	const char *name;
	void (*run)(struct slot *s);
} kinds[KINDS] = {
	[ATTACH] = {"attached", attach},        [DETACH] = {"detached", detach},
	[REPLACE] = {"replaced", replace},      [DEATH] = {"lost with their loader", kill_holder},
	[REMOVAL] = {"gone with their cgroup", renew_cgroup},
	[SWITCH] = {"switches of the algorithm", switch_algorithm},
};

static bool may(const struct slot *s, enum kind kind)
{
	switch (kind) {
	case ATTACH:
		return !s->policy.obj && !s->holder;
	case DETACH:
	case REPLACE:
	case REMOVAL:
		return s->policy.obj;
	case DEATH:
		return s->holder;
	default:
		return true;
	}
}

static enum kind one_round(void)
{
	struct slot *s = &slots[pick(SLOTS)];
	enum kind kind;

	do
		kind = pick(KINDS);
	while (!may(s, kind));
	if (kind == ATTACH && pick(4) == 0)
		attach_elsewhere(s);
	else
		kinds[kind].run(s);
	/* For as long as a few calls take. */
	usleep(pick(20000));
	return kind;
}

static void take_all_away(void)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (slots[i].policy.obj)
			detach(&slots[i]);
		if (slots[i].holder)
			kill_holder(&slots[i]);
	}
}

static unsigned long long meminfo(const char *name)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			kib = strtoull(line + strlen(name), NULL, 10);
	if (f)
		fclose(f);
	return kib << 10;
}

/* Memory of the kernel that nobody can reclaim. */
static unsigned long long kernel_memory(void)
{
	return meminfo("SUnreclaim:") + meminfo("Percpu:") + meminfo("VmallocUsed:") +
	       meminfo("KernelStack:") + meminfo("PageTables:");
}

static unsigned int count_ids(int (*next)(uint32_t, uint32_t *))
{
	uint32_t id = 0;
	unsigned int n = 0;

	while (!next(id, &id))
		n++;
	return n;
}

static unsigned long dying(void)
{
	unsigned long n = 0;
	char line[128];
	FILE *f = fopen(CG "/rounds/cgroup.stat", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "nr_dying_subsys_memory %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

struct left {
	unsigned int links, programs, maps;
	unsigned long cgroups;
	unsigned long long bytes;
};

static void look(struct left *l)
{
	put("/proc/sys/vm", "drop_caches", "3");
	l->links = count_ids(bpf_link_get_next_id);
	l->programs = count_ids(bpf_prog_get_next_id);
	l->maps = count_ids(bpf_map_get_next_id);
	l->cgroups = dying();
	l->bytes = kernel_memory();
}

static void signal_loads(int what)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		kill(slots[i].load, what);
}

/* Much of it is given back by work items and after grace periods. */
static void settle(struct left *l, const struct left *than)
{
	int left = PATIENCE;

	signal_loads(SIGSTOP);
	do {
		usleep(100000);
		look(l);
	} while (left-- && (l->links > than->links || l->programs > than->programs ||
			    l->maps > than->maps || l->cgroups));
	signal_loads(SIGCONT);
}

static bool grows(const struct left *quarter)
{
	unsigned int i;

	for (i = 1; i < QUARTERS; i++)
		if (quarter[i].bytes < quarter[i - 1].bytes + GROWTH)
			return false;
	return true;
}

static void judge(const struct left *first, const struct left *quarter)
{
	const struct left *end = &quarter[QUARTERS - 1];

	result(end->links == first->links, "no link is left: %u, %u before", end->links, first->links);
	result(end->programs == first->programs, "no program is left: %u, %u before", end->programs,
	       first->programs);
	result(end->maps == first->maps, "no map is left: %u, %u before", end->maps, first->maps);
	result(!end->cgroups, "no cgroup is left: %lu", end->cgroups);
	result(!grows(quarter), "no memory is lost: %llu, %llu, %llu, %llu KiB", quarter[0].bytes >> 10,
	       quarter[1].bytes >> 10, quarter[2].bytes >> 10, quarter[3].bytes >> 10);
}

static void play(unsigned int count, unsigned int done[KINDS])
{
	unsigned int i;

	for (i = 0; i < count; i++)
		done[one_round()]++;
	take_all_away();
}

static void start(char **argv)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	unsigned int i;

	random_state = strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	data_file = argv[3];
	objects = argv + 4;
	while (objects[nr_objects])
		nr_objects++;
	setlinebuf(stdout);
	setrlimit(RLIMIT_MEMLOCK, &all);
	put(CG, "cgroup.subtree_control", "+memory");
	if (mkdir(CG "/rounds", 0755))
		die(CG "/rounds");
	put(CG "/rounds", "cgroup.subtree_control", "+memory");
	for (i = 0; i < SLOTS; i++)
		make_cgroup(&slots[i], i);
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 4 ? (unsigned int)atoi(argv[1]) : 0, done[KINDS] = {0}, i;
	struct left first, quarter[QUARTERS];

	if (!count)
		return 2;
	printf("KTAP version 1\n1..%u\n", KINDS + 5);
	start(argv);
	look(&first);
	for (i = 0; i < QUARTERS; i++) {
		play(count / QUARTERS, done);
		settle(&quarter[i], &first);
	}
	for (i = 0; i < KINDS; i++)
		result(done[i], "%u %s", done[i], kinds[i].name);
	judge(&first, quarter);
	for (i = 0; i < SLOTS; i++)
		remove_cgroup(&slots[i]);
	return nr_failed > 0;
}
