// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "guests/bpf/loader.h"

/* What woke us; a link is its number. */
enum { AGENT = LINKS_MAX, REQUESTS, TICK };

struct server {
	struct loader *l;
	int epoll;
	int timer;
	int tick; /* the program that is run so often */
	struct ring_buffer *requests;
	uint64_t *done, *failed; /* statistics of the object's; NULL: it has none */
	char lost[400];
};

static void lose(struct server *s, const char *what, const char *why)
{
	if (!s->lost[0])
		snprintf(s->lost, sizeof(s->lost), "%s%s%s", what, *why ? ": " : "", why);
}

static void wait_for(struct server *s, int fd, unsigned int what, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u32 = what};

	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e))
		give_up("cannot wait for events: %s", strerror(errno));
}

static int do_request(void *ctx, void *data, size_t len)
{
	struct server *s = ctx;
	uint64_t *count;

	if (len < sizeof(struct request))
		return 0;
	count = act(data) ? s->done : s->failed;
	if (count)
		__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
	return 0;
}

static void start_requests(struct server *s)
{
	struct bpf_map *map = bpf_object__find_map_by_name(s->l->obj, "requests");

	if (!map)
		return;
	s->requests = ring_buffer__new(bpf_map__fd(map), do_request, s, NULL);
	if (!s->requests)
		give_up("cannot read the object's requests: %s", strerror(errno));
	s->done = stat_find(s->l, "requests_done");
	s->failed = stat_find(s->l, "requests_failed");
	wait_for(s, ring_buffer__epoll_fd(s->requests), REQUESTS, EPOLLIN);
}

/* A program "tick" is run each period_us. */
static void start_ticks(struct server *s)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(s->l->obj, "tick");
	uint64_t us = 0;
	struct itimerspec t;

	if (!prog)
		return;
	if (!vars_get(s->l, "period_us", &us) || !us)
		give_up("the object has a program tick, and no variable period_us that says how often");
	t.it_interval.tv_sec = (time_t)(us / 1000000);
	t.it_interval.tv_nsec = (long)(us % 1000000 * 1000);
	t.it_value = t.it_interval;
	s->tick = bpf_program__fd(prog);
	s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer < 0 || timerfd_settime(s->timer, 0, &t, NULL))
		give_up("cannot make a timer: %s", strerror(errno));
	wait_for(s, s->timer, TICK, EPOLLIN);
}

static void do_tick(struct server *s)
{
	struct bpf_test_run_opts opts = {.sz = sizeof(opts)};
	uint64_t times;
	int ret;

	/* Those that were missed are not made up for. */
	if (read(s->timer, &times, sizeof(times)) != sizeof(times))
		return;
	ret = bpf_prog_test_run_opts(s->tick, &opts);
	if (ret)
		lose(s, "its program tick cannot be run", strerror(errno));
	else if ((int)opts.retval < 0)
		lose(s, "its program tick failed", strerror(-(int)opts.retval));
}

static void end(struct server *s)
{
	say_tables(s->l);
	if (s->lost[0])
		say(TALK_LOST, s->lost, strlen(s->lost), -1);
	else
		say(TALK_WELL, "", 0, -1);
	exit(0);
}

static void serve_agent(struct server *s)
{
	char what;

	if (recv(TALK_FD, &what, 1, 0) < 1)
		exit(1);
	if (what == TALK_QUIT)
		end(s);
}

/* What the kernel has to say of a policy that it took away: "state disabled: WHY". */
static const char *read_why(const struct loader *l, char *line, size_t size)
{
	static const char state[] = "state disabled: ";
	char path[300];
	FILE *f;
	bool found = false;

	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/memory.reclaim_ext", l->cgroup);
	f = fopen(path, "re");
	while (f && !found && fgets(line, (int)size, f))
		found = !strncmp(line, state, sizeof(state) - 1);
	if (f)
		fclose(f);
	line[found ? strcspn(line, "\n") : 0] = '\0';
	return found ? line + sizeof(state) - 1 : "";
}

static void lose_link(struct server *s, unsigned int i)
{
	char line[256];

	lose(s, "the kernel detached it", read_why(s->l, line, sizeof(line)));
	epoll_ctl(s->epoll, EPOLL_CTL_DEL, bpf_link__fd(s->l->link[i]), NULL);
}

static void serve_one(struct server *s, unsigned int what)
{
	switch (what) {
	case AGENT:
		serve_agent(s);
		break;
	case REQUESTS:
		ring_buffer__consume(s->requests);
		break;
	case TICK:
		do_tick(s);
		break;
	default:
		lose_link(s, what);
		break;
	}
}

void serve(struct loader *l)
{
	struct server s = {.l = l, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	struct epoll_event e;
	unsigned int i;

	wait_for(&s, TALK_FD, AGENT, EPOLLIN);
	start_requests(&s);
	start_ticks(&s);
	for (i = 0; i < l->nr_links; i++)
		if (l->is_ops[i])
			wait_for(&s, bpf_link__fd(l->link[i]), i, EPOLLHUP);
	say_ready(l);
	for (;;)
		if (epoll_wait(s.epoll, &e, 1, -1) == 1)
			serve_one(&s, e.data.u32);
}
