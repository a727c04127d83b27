// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steps: what a plan has done while the workloads run.  Each has a thread of its own, an ordinary
 * task like an administrator's, so that one that the kernel keeps waiting (a limit that is lowered,
 * memory.reclaim) delays no other and not the agent.  A thread records nothing: it leaves what there
 * is to say to the agent, wakes it, and goes on when that has been done.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define STEPS_MAX   160
#define ACTIONS_MAX 512
#define STACK_SIZE  (96u << 10)
#define TEXT_SIZE   (48u << 10)
#define POLL_NS     10000000ull

/* What is waited for: "PATH WORD BASE OP NUMBER" of the plan. */
struct condition {
	const char *path; /* "@NAME" for a workload's page */
	const char *word;
	int fd;
	const struct wl_page *page;
	const struct workload_slot *work;
	bool since_gate;
	uint64_t base;
	const char *op;
	uint64_t number;
};

struct action {
	const char *verb, *a, *b; /* inside the plan's text */
	struct condition condition;
};

enum request { NOTHING, MARK, DONE, FAILED };

struct step {
	char name[NAME_MAX_];
	bool from_open;
	uint64_t at_ns, delay_ns, every_ns, times;
	int follows; /* index, or -1 */
	bool has_condition;
	struct condition condition;
	unsigned int first, nr; /* actions */
	uint64_t done;          /* so often; others wait for it */
	uint32_t request;       /* futex: what the agent is to do; NOTHING again when it has */
	char mark[NAME_MAX_];
	char message[256];
};

static struct step steps[STEPS_MAX];
static struct action actions[ACTIONS_MAX];
static unsigned int nr_steps, nr_actions;
static pthread_t agent_thread;
/* Set by the agent: absolute times; 0 = not there yet.  Futexes for those that wait. */
static uint64_t gate_ns, open_ns;
static uint32_t gate_futex, open_futex;

static void futex_wait(uint32_t *at, uint32_t value)
{
	while (__atomic_load_n(at, __ATOMIC_ACQUIRE) == value)
		syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_set(uint32_t *at, uint32_t value)
{
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u),
			      .tv_nsec = (long)(ns % 1000000000u)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Hands over to the agent and waits until it is done with it. */
static void tell(struct step *s, enum request what)
{
	__atomic_store_n(&s->request, what, __ATOMIC_RELEASE);
	pthread_kill(agent_thread, SIGUSR1);
	futex_wait(&s->request, what);
}

static void fail(struct step *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

static void fail(struct step *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->message, sizeof(s->message), fmt, ap);
	va_end(ap);
	/* The agent ends the machine. */
	for (;;)
		tell(s, FAILED);
}

static struct step *newest(const char *verb)
{
	if (!nr_steps)
		agent_fail(WIRE_AGENT_ERROR, "the plan has '%s' before any step", verb);
	return &steps[nr_steps - 1];
}

static int find_step(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_steps; i++)
		if (!strcmp(steps[i].name, name))
			return (int)i;
	return -1;
}

void step_add(const char *name)
{
	if (nr_steps == STEPS_MAX)
		agent_fail(WIRE_AGENT_ERROR, "more than %d steps", STEPS_MAX);
	snprintf(steps[nr_steps].name, sizeof(steps[0].name), "%s", name);
	steps[nr_steps].follows = -1;
	steps[nr_steps++].first = nr_actions;
}

void step_at(const char *from, uint64_t ns)
{
	newest("at")->from_open = !strcmp(from, "open");
	newest("at")->at_ns = ns;
}

void step_delay(uint64_t ns)
{
	newest("delay")->delay_ns = ns;
}

void step_every(uint64_t ns, uint64_t times)
{
	newest("every")->every_ns = ns;
	newest("every")->times = times;
}

/* Steps may follow ones that come later in the plan: looked up when all are known. */
static const char *follow_names[STEPS_MAX];

void step_follow(const char *name)
{
	newest("follow");
	follow_names[nr_steps - 1] = name;
}

static void open_condition(struct condition *c)
{
	if (*c->path == '@') {
		c->work = work_find(c->path + 1);
		c->page = c->work ? c->work->page : NULL;
	} else {
		c->fd = open(c->path, O_RDONLY | O_CLOEXEC);
	}
	if (*c->path == '@' ? !c->page : c->fd < 0)
		agent_fail(WIRE_SETUP_FAILED, "a step waits for %s, which is not there", c->path);
}

static void read_condition(struct condition *c, char *text)
{
	char *word[5] = {text};
	int i;

	for (i = 1; i < 5; i++) {
		strsep(&text, " ");
		if (!text)
			agent_fail(WIRE_AGENT_ERROR, "the plan has a condition with a word missing");
		word[i] = text;
	}
	*c = (struct condition){.path = word[0], .word = word[1], .fd = -1, .op = word[3],
				.since_gate = !strcmp(word[2], "gate"),
				.number = strtoull(word[4], NULL, 10)};
	open_condition(c);
}

void step_when(char *text)
{
	read_condition(&newest("when")->condition, text);
	newest("when")->has_condition = true;
}

void step_do(char *text)
{
	struct action *a = &actions[nr_actions];

	if (nr_actions == ACTIONS_MAX)
		agent_fail(WIRE_AGENT_ERROR, "steps with more than %d actions", ACTIONS_MAX);
	newest("do")->nr++;
	nr_actions++;
	a->verb = strsep(&text, " ");
	a->a = a->b = "";
	if (!strcmp(a->verb, "wait")) {
		read_condition(&a->condition, text ? text : (char *)"");
		return;
	}
	a->a = text ? strsep(&text, " ") : "";
	a->b = text ? text : "";
}

/* A word at the beginning of a line or behind a blank, and not the beginning of a longer one. */
static const char *find_word(const char *text, const char *word, size_t len)
{
	const char *at = text;

	while ((at = strstr(at, word))) {
		bool begins = at == text || at[-1] == '\n' || at[-1] == ' ';

		if (begins && (strchr(" :=\t", at[len]) || word[len - 1] == '='))
			return at + len;
		at += len;
	}
	return NULL;
}

/* "-" is the text's first number; "some,total=" the one behind total= on the line of some. */
static bool number_in(const char *text, const char *words, uint64_t *out)
{
	char word[64];
	char *end;

	while (strcmp(words, "-") && *words) {
		size_t len = strcspn(words, ",");

		if (!len || len >= sizeof(word))
			return false;
		memcpy(word, words, len);
		word[len] = '\0';
		text = find_word(text, word, len);
		if (!text)
			return false;
		words += len + (words[len] == ',');
	}
	text += strspn(text, " :=\t");
	*out = strtoull(text, &end, 10);
	return end != text;
}

static uint64_t of_page(const struct condition *c)
{
	if (!strcmp(c->word, "gone"))
		return __atomic_load_n(&c->work->gone, __ATOMIC_ACQUIRE);
	if (!strcmp(c->word, "ops"))
		return __atomic_load_n(&c->page->work.ops, __ATOMIC_RELAXED);
	return c->page->work.metric[strtoul(c->word, NULL, 10) % WIRE_METRICS_MAX];
}

/* A counter that is not there, as in a kernel without it, is 0. */
static uint64_t value_of(const struct condition *c)
{
	char text[TEXT_SIZE];
	size_t len = 0;
	uint64_t v = 0;
	ssize_t n = 1;

	if (c->page)
		return of_page(c);
	while (n > 0 && len < sizeof(text) - 1) {
		n = pread(c->fd, text + len, sizeof(text) - 1 - len, (off_t)len);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	return number_in(text, c->word, &v) ? v : 0;
}

static bool holds(const struct condition *c)
{
	uint64_t v = value_of(c), base = c->since_gate ? c->base : 0;
	uint64_t than = base + c->number;

	switch (c->op[0]) {
	case '<':
		return c->op[1] ? v <= than : v < than;
	case '>':
		return c->op[1] ? v >= than : v > than;
	case '=':
		return v == than;
	default:
		return v != than;
	}
}

static void wait_for(const struct condition *c)
{
	while (!holds(c))
		sleep_until(rec_now() + POLL_NS);
}

static void put(struct step *s, const struct action *a)
{
	int fd = open(a->a, O_WRONLY | O_CLOEXEC);
	bool is_reclaim = !strcmp(a->verb, "reclaim");

	if (fd < 0)
		fail(s, "cannot open %s: %m", a->a);
	if (write(fd, a->b, strlen(a->b)) < 0) {
		/* Less was reclaimed than asked: an outcome, not an error. */
		if (!is_reclaim || errno != EAGAIN)
			fail(s, "cannot write '%.60s' to %s: %m", a->b, a->a);
		snprintf(s->message, sizeof(s->message), "less was reclaimed than asked for");
	}
	close(fd);
}

static void tune(struct step *s, const struct action *a)
{
	if (!access(a->a, F_OK))
		put(s, a);
}

static void expect(struct step *s, const struct action *a)
{
	char got[256];
	long n = sys_read(a->a, got, sizeof(got));

	if (n < 0 || strcmp(got, a->b))
		fail(s, "%s says '%.60s', not '%.60s' as asked", a->a, n < 0 ? "nothing" : got, a->b);
}

static void control(struct step *s, const struct action *a)
{
	struct workload_slot *w = work_find(a->a);

	if (!w)
		fail(s, "there is no workload %s", a->a);
	if (!strcmp(a->verb, "start"))
		work_start(w);
	else
		work_end(w, !strcmp(a->verb, "kill"));
}

static void mark(struct step *s, const struct action *a)
{
	snprintf(s->mark, sizeof(s->mark), "%s", a->a);
	tell(s, MARK);
}

static void memory(struct step *s, const struct action *a)
{
	const char *why = topo_online((unsigned int)strtoul(a->a, NULL, 10), a->b);

	if (why)
		fail(s, "node %s's memory cannot be made %s: %s", a->a, a->b, why);
}

static void pause_for(struct step *s, const struct action *a)
{
	(void)s;
	sleep_until(rec_now() + strtoull(a->a, NULL, 10));
}

static void wait_action(struct step *s, const struct action *a)
{
	(void)s;
	wait_for(&a->condition);
}

static const struct {
	const char *verb;
	void (*run)(struct step *s, const struct action *a);
} verbs[] = {
	{"write", put},       {"tune", tune},       {"reclaim", put},     {"expect", expect},
	{"start", control},   {"stop", control},    {"kill", control},    {"mark", mark},
	{"memory", memory},   {"sleep", pause_for}, {"wait", wait_action},
};

static void act(struct step *s, const struct action *a)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].verb, a->verb)) {
			verbs[i].run(s, a);
			return;
		}
	fail(s, "this agent cannot do '%s'", a->verb);
}

static void run_once(struct step *s)
{
	unsigned int i;

	s->message[0] = '\0';
	if (s->has_condition)
		wait_for(&s->condition);
	for (i = 0; i < s->nr; i++)
		act(s, &actions[s->first + i]);
	tell(s, DONE);
	__atomic_fetch_add(&s->done, 1, __ATOMIC_RELEASE);
}

static void take_base(struct condition *c)
{
	if (c->op && c->since_gate)
		c->base = value_of(c);
}

static uint64_t start_of(struct step *s)
{
	unsigned int i;

	futex_wait(&gate_futex, 0);
	take_base(&s->condition);
	for (i = 0; i < s->nr; i++)
		take_base(&actions[s->first + i].condition);
	if (s->from_open)
		futex_wait(&open_futex, 0);
	return (s->from_open ? open_ns : gate_ns) + s->at_ns;
}

static void *run(void *arg)
{
	struct step *s = arg;
	struct sched_param normal = {.sched_priority = 0};
	uint64_t at, n = 0;

	sched_setscheduler(0, SCHED_OTHER, &normal);
	prctl(PR_SET_NAME, "step");
	at = start_of(s);
	if (s->follows >= 0)
		while (!__atomic_load_n(&steps[s->follows].done, __ATOMIC_ACQUIRE))
			sleep_until(rec_now() + POLL_NS);
	if (s->delay_ns)
		at = rec_now() + s->delay_ns;
	do {
		sleep_until(at);
		run_once(s);
		at += s->every_ns;
	} while (s->every_ns && (!s->times || ++n < s->times));
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

/* The agent alone is to be woken: a signal ends its sleep, which is all it is for. */
static void take_signals(void)
{
	struct sigaction sa = {.sa_handler = nothing};

	agent_thread = pthread_self();
	if (sigaction(SIGUSR1, &sa, NULL) || sigaction(SIGCHLD, &sa, NULL))
		agent_fail(WIRE_AGENT_ERROR, "cannot take signals: %m");
}

static void start_thread(struct step *s, const char *follows)
{
	pthread_attr_t attr;
	pthread_t thread;

	s->follows = follows ? find_step(follows) : -1;
	if (pthread_attr_init(&attr) || pthread_attr_setstacksize(&attr, STACK_SIZE) ||
	    pthread_create(&thread, &attr, run, s))
		agent_fail(WIRE_SETUP_FAILED, "cannot start a thread for step %s: %m", s->name);
}

void step_prepare(void)
{
	unsigned int i;

	take_signals();
	for (i = 0; i < nr_steps; i++)
		start_thread(&steps[i], follow_names[i]);
}

void step_gate(uint64_t ns)
{
	gate_ns = ns;
	futex_set(&gate_futex, 1);
}

void step_open(uint64_t ns)
{
	open_ns = ns;
	futex_set(&open_futex, 1);
}

static void serve(struct step *s, unsigned int nr)
{
	enum request what = __atomic_load_n(&s->request, __ATOMIC_ACQUIRE);
	char text[NAME_MAX_ + sizeof(s->message) + 2];

	if (what == NOTHING)
		return;
	if (what == FAILED)
		agent_fail(WIRE_SETUP_FAILED, "step %s: %s", s->name, s->message);
	if (what == MARK)
		sample_mark(s->mark);
	snprintf(text, sizeof(text), "%s\n%s", s->name, s->message[0] ? s->message : "done");
	if (what == DONE)
		rec_text(WIRE_STEP, (uint16_t)nr, text);
	futex_set(&s->request, NOTHING);
}

void step_serve(void)
{
	unsigned int i;

	for (i = 0; i < nr_steps; i++)
		serve(&steps[i], i);
}
