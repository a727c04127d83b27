// SPDX-License-Identifier: GPL-2.0-only
/*
 * [step NAME]: what is done while the workloads run.  Compiled into lines of the plan, which the
 * agent gives a thread of its own to do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "experiment/condition.h"
#include "experiment/policy.h"

#define CG "/sys/fs/cgroup"

#define STEPS_MAX 64

struct step {
	struct scenario *s;
	struct conf_section *sec;
	struct conf_entry *entry; /* the one being compiled */
	char *at;
	char *follows;
	uint64_t delay;
	char *when;
	uint64_t every;
	uint64_t times;
};

static int bad(const struct step *step, struct err *err, const char *why)
{
	return conf_complain(&step->s->conf, step->entry->line, err, "%s = %s: %s",
			     step->entry->key, step->entry->value, why);
}

/* When; all keys that are not of this table are actions. */
const struct conf_key scenario_step_keys[] = {
	{"at", CONF_STR, offsetof(struct step, at), "a time after the gate, or open + TIME", NULL,
	 0, 0, false},
	{"follows", CONF_STR, offsetof(struct step, follows), "the step that must be over first",
	 NULL, 0, 0, false},
	{"delay", CONF_TIME, offsetof(struct step, delay), "waits so long after that", NULL, 0,
	 3600000000000, false},
	{"when", CONF_STR, offsetof(struct step, when), "a condition: COUNTER OP VALUE", NULL, 0, 0,
	 false},
	{"every", CONF_TIME, offsetof(struct step, every), "again after so long", NULL, 100000,
	 3600000000000, false},
	{"times", CONF_U64, offsetof(struct step, times), "so often; 0 = until the end", NULL, 0,
	 1000000, false},
};
const size_t nr_scenario_step_keys = ARRAY_SIZE(scenario_step_keys);

static void release(struct step *step)
{
	free(step->at);
	free(step->follows);
	free(step->when);
}

static int put_at(const struct step *step, struct err *err)
{
	const char *text = step->at;
	const char *from = "gate";
	uint64_t ns = 0;

	if (!strncmp(text, "open", 4)) {
		from = "open";
		text += 4 + strspn(text + 4, " +");
	}
	if ((*text || from[0] == 'g') && parse_time(text, &ns))
		return conf_complain(&step->s->conf, step->sec->line, err,
				     "at = %s: a time after the gate, as in 1.5s, or open + TIME",
				     step->at);
	buf_printf(&step->s->steps, "at %s %llu\n", from, (unsigned long long)ns);
	return 0;
}

static int put_when(struct step *step, struct err *err)
{
	struct buf *out = &step->s->steps;
	int ret;

	if (step->at) {
		ret = put_at(step, err);
		if (ret)
			return ret;
	}
	if (step->follows)
		buf_printf(out, "follow %s\n", step->follows);
	if (step->delay)
		buf_printf(out, "delay %llu\n", (unsigned long long)step->delay);
	if (step->every)
		buf_printf(out, "every %llu %llu\n", (unsigned long long)step->every,
			   (unsigned long long)step->times);
	if (!step->when)
		return 0;
	buf_adds(out, "when ");
	ret = condition_plan(step->s, step->when, step->sec->line, out, err);
	buf_adds(out, "\n");
	return ret;
}

static int check_when(struct step *step, struct err *err)
{
	struct conf *conf = &step->s->conf;

	if (!step->at && !step->follows && !step->when)
		return conf_complain(conf, step->sec->line, err,
				     "[step %s] needs one of at, follows and when",
				     step->sec->arg);
	if (step->times && !step->every)
		return conf_complain(conf, step->sec->line, err, "times needs every");
	if (step->follows && (!conf_section(conf, "step", step->follows) ||
			      !strcmp(step->follows, step->sec->arg)))
		return conf_complain(conf, step->sec->line, err, "there is no other [step %s]",
				     step->follows);
	return 0;
}

/* "start = a b" */
static int do_works(struct step *step, struct err *err)
{
	cleanup_free char *copy = xstrdup(step->entry->value);
	struct scenario_work *w;
	char *rest = copy, *word;

	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		w = scenario_work(step->s, word);
		if (!w)
			return conf_complain(&step->s->conf, step->entry->line, err,
					     "there is no [workload %s]", word);
		if (!strcmp(step->entry->key, "start"))
			w->held = true;
		buf_printf(&step->s->steps, "do %s %s\n", step->entry->key, word);
	}
	return 0;
}

static int do_wait(struct step *step, struct err *err)
{
	int ret;

	buf_adds(&step->s->steps, "do wait ");
	ret = condition_plan(step->s, step->entry->value, step->entry->line, &step->s->steps, err);
	buf_adds(&step->s->steps, "\n");
	return ret;
}

static int do_sleep(struct step *step, struct err *err)
{
	uint64_t ns;

	if (parse_time(step->entry->value, &ns))
		return bad(step, err, "a time, as in 10ms");
	buf_printf(&step->s->steps, "do sleep %llu\n", (unsigned long long)ns);
	return 0;
}

static int do_memory(struct step *step, struct err *err)
{
	uint64_t node;

	if (parse_u64(step->entry->value, &node) || node > 63)
		return bad(step, err, "the number of a node");
	buf_printf(&step->s->steps, "do memory %llu %s\n", (unsigned long long)node,
		   step->entry->key);
	return 0;
}

static int do_mark(struct step *step, struct err *err)
{
	if (!scenario_name_ok(step->entry->value, false) ||
	    !strcmp(step->entry->value, "open") || !strcmp(step->entry->value, "close"))
		return bad(step, err,
			   "a name of small letters, digits, - and _, but open and close");
	buf_printf(&step->s->steps, "do mark %s\n", step->entry->value);
	return 0;
}

static int do_caches(struct step *step, struct err *err)
{
	const char *v = step->entry->value;

	if (strcmp(v, "1") && strcmp(v, "2") && strcmp(v, "3"))
		return bad(step, err, "1 (page cache), 2 (dentries and inodes) or 3 (both)");
	buf_printf(&step->s->steps, "do write /proc/sys/vm/drop_caches %s\n", v);
	return 0;
}

static void put_knobs(struct step *step, struct policy *policy, const char *section,
		      const char *verb)
{
	struct conf_section *sec = conf_section(&policy->conf, section, "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++)
		buf_printf(&step->s->steps, "do %s %s %s\n", verb, sec->entry[i].key,
			   sec->entry[i].value);
}

static int do_policy(struct step *step, struct err *err)
{
	const char *name = step->entry->value;
	cleanup_free char *path = policy_path(name);
	struct policy policy;
	int ret = policy_load(&policy, path, err);

	if (ret)
		return conf_complain(&step->s->conf, step->entry->line, err,
				     "there is no policy '%s'", name);
	if (policy.nr_objects)
		ret = conf_complain(&step->s->conf, step->entry->line, err,
				    "policy '%s' has BPF objects, which a step cannot attach", name);
	put_knobs(step, &policy, "tune", "tune");
	put_knobs(step, &policy, "set", "write");
	put_knobs(step, &policy, "expect", "expect");
	policy_release(&policy);
	return ret;
}

static const struct {
	const char *key;
	int (*compile)(struct step *step, struct err *err);
} actions[] = {
	{"start", do_works},   {"stop", do_works},   {"kill", do_works},
	{"wait", do_wait},     {"sleep", do_sleep},  {"online", do_memory},
	{"offline", do_memory}, {"mark", do_mark},   {"drop_caches", do_caches},
	{"policy", do_policy},
};

/* "app/memory.max = 32M": an interface file of a cgroup of the scenario; reclaim may fall short. */
static int do_cgroup(struct step *step, struct err *err)
{
	const char *key = step->entry->key, *slash = strrchr(key, '/');
	cleanup_free char *cgroup = xasprintf("%.*s", slash ? (int)(slash - key) : 0, key);

	if (!slash || !strchr(slash, '.') || strchr(slash, ' '))
		return conf_complain(&step->s->conf, step->entry->line, err,
				     "'%s' is no action, no CGROUP/FILE and no knob", key);
	if (!conf_section(&step->s->conf, "cgroup", cgroup))
		return conf_complain(&step->s->conf, step->entry->line, err,
				     "there is no [cgroup %s]", cgroup);
	buf_printf(&step->s->steps, "do %s " CG "/%s %s\n",
		   strcmp(slash, "/memory.reclaim") ? "write" : "reclaim", key,
		   step->entry->value);
	return 0;
}

static int do_knob(struct step *step, struct err *err)
{
	const char *key = step->entry->key;

	if ((strncmp(key, "/proc/", 6) && strncmp(key, "/sys/", 5)) || strchr(key, ' '))
		return bad(step, err, "files below /proc/ and /sys/ can be written");
	buf_printf(&step->s->steps, "do write %s %s\n", key, step->entry->value);
	return 0;
}

static int compile_action(struct step *step, struct err *err)
{
	size_t i;

	step->entry->used = true;
	for (i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(step->entry->key, actions[i].key))
			return actions[i].compile(step, err);
	return *step->entry->key == '/' ? do_knob(step, err) : do_cgroup(step, err);
}

static int compile_actions(struct step *step, struct err *err)
{
	size_t i, n = 0;
	int ret = 0;

	for (i = 0; !ret && i < step->sec->nr_entries; i++) {
		step->entry = &step->sec->entry[i];
		if (step->entry->used)
			continue;
		ret = compile_action(step, err);
		n++;
	}
	if (!ret && !n)
		return conf_complain(&step->s->conf, step->sec->line, err,
				     "[step %s] does nothing", step->sec->arg);
	return ret;
}

int scenario_add_step(struct scenario *s, struct conf_section *sec, struct err *err)
{
	struct step step = {.s = s, .sec = sec};
	int ret;

	if (++s->nr_steps > STEPS_MAX)
		return conf_complain(&s->conf, sec->line, err, "more than %d steps", STEPS_MAX);
	buf_printf(&s->steps, "step %s\n", sec->arg);
	ret = conf_bind(&s->conf, sec, scenario_step_keys, nr_scenario_step_keys, &step, err);
	if (!ret)
		ret = check_when(&step, err);
	if (!ret)
		ret = put_when(&step, err);
	if (!ret)
		ret = compile_actions(&step, err);
	release(&step);
	return ret;
}

/* Their names hold a character that those of a file's steps cannot. */
static void work_step(struct scenario *s, const char *verb, const char *work, uint64_t at_ns,
		      const char *after)
{
	s->nr_steps++;
	buf_printf(&s->steps, "step +%s-%s\nat gate %llu\n", verb, work, (unsigned long long)at_ns);
	if (after)
		buf_printf(&s->steps, "when @%s gone 0 == 1\n", after);
	buf_printf(&s->steps, "do %s %s\n", verb, work);
}

void scenario_work_steps(struct scenario *s)
{
	size_t i;

	for (i = 0; i < s->nr_works; i++) {
		struct scenario_work *w = &s->work[i];

		if (w->start_ns || *w->follows) {
			w->held = true;
			work_step(s, "start", w->name, w->start_ns,
				  *w->follows ? w->follows : NULL);
		}
		if (w->stop_ns)
			work_step(s, "stop", w->name, w->stop_ns, NULL);
	}
}
