// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF objects of the policy.  Each is loaded and held by a process of its own (guests/bpf/); what it
 * counts is in memory that is shared with it, and read from here as any other source is.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agent.h"
#include "guests/bpf/talk.h"

#define LOADER       "/bpf"
#define OBJECTS_NAME "opt/org.wringer/objects"
#define OBJECTS_MAX  (2u << 20)
#define INSTANCES    32
#define COUNTERS     64
/* How long the loader may say nothing: a kernel with KASAN takes half a minute to verify a large program. */
#define SILENCE_S    120
/* Where its counters lie: in the first page of their map. */
#define SPAN         4096u

struct counter {
	char name[NAME_MAX_];
	uint32_t offset;
};

struct bpf_instance {
	char name[NAME_MAX_];
	int talk;
	uint16_t log; /* source; 0: it has said nothing */
	struct counter counter[COUNTERS];
	unsigned int nr_counters;
	const char *data; /* NULL: it counts nothing */
};

static struct bpf_instance instance[INSTANCES];
static unsigned int nr_instances;

/* "NAME BYTES\n" and the bytes, for each. */
static const char *find_object(const char *all, size_t len, const char *name, size_t *size)
{
	size_t have = strlen(name);
	const char *end = all + len;

	while (all < end) {
		const char *line = memchr(all, '\n', (size_t)(end - all));
		const char *blank = line ? memchr(all, ' ', (size_t)(line - all)) : NULL;

		*size = blank ? strtoul(blank, NULL, 10) : 0;
		if (!*size || *size > (size_t)(end - line - 1))
			return NULL;
		if ((size_t)(blank - all) == have && !memcmp(all, name, have))
			return line + 1;
		all = line + 1 + *size;
	}
	return NULL;
}

/* The object as a file without a name. */
static int open_object(const char *name)
{
	char *all = mmap(NULL, OBJECTS_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	long len = all == MAP_FAILED ? -1 : port_fw_cfg(OBJECTS_NAME, all, OBJECTS_MAX);
	size_t size;
	const char *object = len > 0 ? find_object(all, (size_t)len, name, &size) : NULL;
	int fd = memfd_create(name, 0);

	if (!object)
		agent_fail(WIRE_AGENT_ERROR, "the machine was not given the BPF object %s", name);
	if (fd < 0 || write(fd, object, size) != (ssize_t)size)
		agent_fail(WIRE_SETUP_FAILED, "cannot keep the BPF object %s: %m", name);
	munmap(all, OBJECTS_MAX);
	return fd;
}

static void __attribute__((noreturn)) child(int object, int talk, const char *cgroup, char **vars)
{
	struct sched_param normal = {.sched_priority = 0};
	const char *argv[PLAN_WORDS + 3] = {LOADER, cgroup};
	char *const env[] = {NULL};
	unsigned int i;

	for (i = 0; vars[i]; i++)
		argv[i + 2] = vars[i];
	/* Out of the way first, as each may be where another goes. */
	object = dup(object);
	talk = dup(talk);
	sched_setscheduler(0, SCHED_OTHER, &normal);
	if (dup2(object, TALK_OBJECT_FD) < 0 || dup2(talk, TALK_FD) < 0)
		_exit(126);
	close_range(TALK_FD + 1, ~0u, 0);
	execve(LOADER, (char *const *)argv, env);
	_exit(127);
}

static void start(struct bpf_instance *b, const char *object, const char *cgroup, char **vars)
{
	struct timeval limit = {.tv_sec = 1};
	int fd = open_object(object), talk[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, talk) ||
	    setsockopt(talk[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		agent_fail(WIRE_SETUP_FAILED, "cannot make a socket: %m");
	b->talk = talk[0];
	pid = fork();
	if (pid < 0)
		agent_fail(WIRE_SETUP_FAILED, "cannot start the loader of %s: %m", object);
	if (!pid)
		child(fd, talk[1], cgroup, vars);
	close(fd);
	close(talk[1]);
}

/* What is in one packet; the kind is 0 when there will be none any more. */
struct packet {
	char kind;
	bool silent; /* it is there, and says nothing */
	char text[TALK_MAX + 1];
	size_t len;
	int fd;
};

static void take_fd(struct packet *p, struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	p->fd = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&p->fd, CMSG_DATA(c), sizeof(p->fd));
}

static void receive(struct bpf_instance *b, struct packet *p)
{
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov[2] = {{&p->kind, 1}, {p->text, TALK_MAX}};
	int left = SILENCE_S;
	ssize_t n;

	do {
		struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2, .msg_control = control,
				     .msg_controllen = sizeof(control)};

		port_watchdog_kick();
		n = recvmsg(b->talk, &msg, MSG_CMSG_CLOEXEC);
		if (n > 0)
			take_fd(p, &msg);
	} while (n < 0 && (errno == EINTR || (errno == EAGAIN && left--)));
	p->silent = n < 0 && errno == EAGAIN;
	if (n < 1)
		p->kind = 0;
	p->len = n > 1 ? (size_t)n - 1 : 0;
	p->text[p->len] = '\0';
}

static void map_counters(struct bpf_instance *b, struct packet *p)
{
	char *rest = p->text, *line;
	void *data;

	while ((line = strsep(&rest, "\n")) && b->nr_counters < COUNTERS) {
		struct counter *c = &b->counter[b->nr_counters];

		if (sscanf(line, "%63s %u", c->name, &c->offset) == 2 &&
		    c->offset <= SPAN - sizeof(uint64_t))
			b->nr_counters++;
	}
	if (p->fd < 0)
		return;
	data = mmap(NULL, SPAN, PROT_READ, MAP_SHARED, p->fd, 0);
	if (data == MAP_FAILED)
		agent_fail(WIRE_SETUP_FAILED, "cannot map the counters of %s: %m", b->name);
	close(p->fd);
	b->data = data;
}

static void record_piece(struct bpf_instance *b, struct packet *p)
{
	char name[NAME_MAX_ + 16];

	snprintf(name, sizeof(name), "policy.log %s", b->name);
	if (!b->log)
		b->log = sample_declare(name);
	wire_put(&agent.wire, WIRE_TEXT, b->log, rec_now(), p->text, (uint32_t)p->len);
}

/* A table comes in pieces, each with its name in the first line; those of one follow each other. */
static void record_table(struct bpf_instance *b, struct packet *p)
{
	static char last[2 * NAME_MAX_ + 16];
	static uint16_t id;
	char *text = strchr(p->text, '\n'), name[sizeof(last)];

	if (!text)
		return;
	*text++ = '\0';
	snprintf(name, sizeof(name), "policy.table %.63s %.63s", b->name, p->text);
	if (strcmp(name, last))
		id = sample_declare(name);
	strcpy(last, name);
	wire_put(&agent.wire, WIRE_TEXT, id, rec_now(), text, (uint32_t)strlen(text));
}

static struct packet packet;

/* Until it is attached, or says why it is not. */
static void await_ready(struct bpf_instance *b)
{
	do {
		receive(b, &packet);
		if (packet.kind == TALK_LOG)
			record_piece(b, &packet);
	} while (packet.kind == TALK_LOG);
	if (packet.kind == TALK_ERROR)
		agent_fail(WIRE_POLICY_LOST, "%s: %s", b->name, packet.text);
	if (packet.silent)
		agent_fail(WIRE_POLICY_LOST, "%s: its loader says nothing for %d s", b->name, SILENCE_S);
	if (packet.kind != TALK_READY)
		agent_fail(WIRE_POLICY_LOST, "%s: its loader ended", b->name);
	map_counters(b, &packet);
}

void bpf_attach(const char *name, const char *object, const char *cgroup, char **vars)
{
	struct bpf_instance *b = &instance[nr_instances];

	if (nr_instances == INSTANCES)
		agent_fail(WIRE_AGENT_ERROR, "more than %d BPF objects", INSTANCES);
	snprintf(b->name, sizeof(b->name), "%s", name);
	start(b, object, cgroup, vars);
	await_ready(b);
	nr_instances++;
	if (b->data)
		sample_counters(name, b);
}

size_t bpf_text(const struct bpf_instance *b, char *out, size_t room)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < b->nr_counters && len + 96 < room; i++) {
		const uint64_t *at = (const void *)(b->data + b->counter[i].offset);

		len += (size_t)sprintf(out + len, "%s %llu\n", b->counter[i].name,
				       (unsigned long long)__atomic_load_n(at, __ATOMIC_RELAXED));
	}
	return len;
}

/* How it is in the end; false, and why in the packet's text, when it was lost on the way. */
static bool ask_well(struct bpf_instance *b)
{
	char quit = TALK_QUIT;

	if (send(b->talk, &quit, 1, MSG_NOSIGNAL) != 1)
		packet.kind = 0;
	else
		do {
			receive(b, &packet);
			if (packet.kind == TALK_TABLE)
				record_table(b, &packet);
		} while (packet.kind == TALK_TABLE);
	if (packet.kind == TALK_WELL)
		return true;
	if (packet.kind != TALK_LOST)
		strcpy(packet.text, "its loader was gone");
	return false;
}

void bpf_finish(void)
{
	static char lost[512];
	unsigned int i;

	for (i = 0; i < nr_instances; i++)
		if (!ask_well(&instance[i]) && !lost[0])
			snprintf(lost, sizeof(lost), "%.63s: %.400s", instance[i].name, packet.text);
	if (!lost[0])
		return;
	rec_text(WIRE_ERROR, 0, lost);
	agent_end(WIRE_POLICY_LOST);
}
