// SPDX-License-Identifier: GPL-2.0-only
/* [workload NAME]: what runs in the guest. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "experiment/scenario.h"

/* What the agent and the records have room for. */
#define WORKS_MAX 64

const char *const scenario_mempolicies[] = {"default",    "bind",  "preferred",
					    "interleave", "local", NULL};

#define KEY(field, key, kind, ...) \
	{.name = key, .type = kind, .offset = offsetof(struct scenario_work, field), __VA_ARGS__}

const struct conf_key scenario_work_keys[] = {
	KEY(cgroup, "cgroup", CONF_STR, .help = "the [cgroup] it runs in, / for the root"),
	KEY(cpus, "cpus", CONF_STR, .help = "CPUs it may use, a list as in 0-2,4"),
	KEY(mempolicy, "mempolicy", CONF_CHOICE, .help = "where its memory is to come from",
	    .choices = scenario_mempolicies),
	KEY(nodes, "nodes", CONF_STR, .help = "nodes of bind, preferred and interleave, a list"),
	KEY(nice, "nice", CONF_U64, .help = "its nice value", .max = 19),
	KEY(start_ns, "start", CONF_TIME, .help = "it starts so long after the gate",
	    .max = 3600000000000),
	KEY(stop_ns, "stop", CONF_TIME, .help = "it stops so long after the gate; 0 = with the run",
	    .max = 3600000000000),
	KEY(follows, "follows", CONF_STR, .help = "it starts when this workload has ended"),
	KEY(count, "count", CONF_U64, .help = "so many alike, NAME-1, NAME-2, ...", .min = 1,
	    .max = WORKS_MAX),
	KEY(ops, "ops", CONF_U64, .help = "it ends by itself after so many operations; 0 = never"),
};
const size_t nr_scenario_work_keys = ARRAY_SIZE(scenario_work_keys);

struct scenario_work *scenario_work(const struct scenario *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->nr_works; i++)
		if (!strcmp(s->work[i].name, name))
			return &s->work[i];
	return NULL;
}

static int find_type(struct scenario *s, struct conf_section *sec, const struct workload **type,
		     struct err *err)
{
	const char *name = conf_get(sec, "type");

	*type = workload_find(name ? name : "");
	if (!name)
		return conf_complain(&s->conf, sec->line, err, "[workload %s] needs a type",
				     sec->arg);
	if (!*type)
		return conf_complain(&s->conf, sec->line, err, "there is no workload type '%s'",
				     name);
	return 0;
}

/* Strings in the defaults are constants: the struct gets copies of its own to free. */
static void own_strings(const struct conf_key *keys, size_t nr, void *opts)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		char **field = (char **)((char *)opts + keys[i].offset);

		if (keys[i].type == CONF_STR)
			*field = xstrdup(*field ? *field : "");
	}
}

static void free_strings(const struct conf_key *keys, size_t nr, void *opts)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (keys[i].type == CONF_STR)
			free(*(char **)((char *)opts + keys[i].offset));
}

static int check_file_option(struct scenario *s, const struct scenario_work *w,
			     struct conf_section *sec, struct err *err)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < w->type->nr_options; i++)
		if (!strcmp(w->type->options[i].name, "file"))
			name = conf_get(sec, "file");
	for (i = 0; name && i < s->nr_files; i++)
		if (!strcmp(s->file[i].name, name))
			return 0;
	return name && *name ?
		       conf_complain(&s->conf, sec->line, err, "there is no [file %s]", name) :
		       0;
}

static bool is_list(const char *s)
{
	return !*s || (s[strspn(s, "0123456789,-")] == '\0' && *s >= '0' && *s <= '9');
}

/* cgroup v2: one that hands controllers down holds no tasks itself. */
static bool has_children(const struct scenario *s, const char *cgroup)
{
	size_t len = strlen(cgroup), i;

	for (i = 0; i < s->conf.nr_sections; i++) {
		const struct conf_section *sec = &s->conf.section[i];

		if (!strcmp(sec->name, "cgroup") && !strncmp(sec->arg, cgroup, len) &&
		    sec->arg[len] == '/')
			return true;
	}
	return false;
}

static int check_common(struct scenario *s, const struct scenario_work *w, struct err *err)
{
	bool wants_nodes = w->mempolicy >= 1 && w->mempolicy <= 3;

	if (has_children(s, w->cgroup))
		return conf_complain(&s->conf, w->line, err,
				     "[cgroup %s] has cgroups below it, so it can hold no workload",
				     w->cgroup);
	if (strcmp(w->cgroup, "/") && !conf_section(&s->conf, "cgroup", w->cgroup))
		return conf_complain(&s->conf, w->line, err, "there is no [cgroup %s]", w->cgroup);
	if (!is_list(w->cpus) || !is_list(w->nodes))
		return conf_complain(&s->conf, w->line, err,
				     "cpus and nodes are lists of numbers, as in 0-2,4");
	if (wants_nodes != !!*w->nodes)
		return conf_complain(&s->conf, w->line, err, wants_nodes ?
				     "mempolicy %s needs nodes" : "mempolicy %s has no nodes",
				     scenario_mempolicies[w->mempolicy]);
	if (w->stop_ns && w->stop_ns <= w->start_ns)
		return conf_complain(&s->conf, w->line, err, "it stops before it starts");
	if (*w->follows && w->start_ns)
		return conf_complain(&s->conf, w->line, err, "give either start or follows");
	return 0;
}

/* A struct of its own for each instance: strings are theirs. */
static int bind_work(struct scenario *s, struct conf_section *sec, const struct workload *type,
		     struct scenario_work *w, struct err *err)
{
	int ret;

	*w = (struct scenario_work){.type = type, .line = sec->line, .count = 1};
	own_strings(scenario_work_keys, nr_scenario_work_keys, w);
	w->opts = xcalloc(1, type->opts_size);
	memcpy(w->opts, type->defaults, type->opts_size);
	own_strings(type->options, type->nr_options, w->opts);
	ret = conf_bind(&s->conf, sec, scenario_work_keys, nr_scenario_work_keys, w, err);
	if (!*w->cgroup) {
		free(w->cgroup);
		w->cgroup = xstrdup("/");
	}
	if (!ret)
		ret = check_common(s, w, err);
	if (!ret)
		ret = conf_bind(&s->conf, sec, type->options, type->nr_options, w->opts, err);
	return ret ? ret : check_file_option(s, w, sec, err);
}

static int add_instance(struct scenario *s, struct conf_section *sec, const struct workload *type,
			unsigned int instance, struct err *err)
{
	struct scenario_work *w;
	int ret;

	if (s->nr_works == WORKS_MAX)
		return conf_complain(&s->conf, sec->line, err, "more than %d workloads", WORKS_MAX);
	s->work = xrealloc(s->work, s->nr_works + 1, sizeof(*w));
	w = &s->work[s->nr_works++];
	ret = bind_work(s, sec, type, w, err);
	w->instance = instance;
	w->name = w->count > 1 ? xasprintf("%s-%u", sec->arg, instance + 1) : xstrdup(sec->arg);
	return ret;
}

int scenario_add_work(struct scenario *s, struct conf_section *sec, struct err *err)
{
	const struct workload *type;
	unsigned int i = 0;
	int ret = find_type(s, sec, &type, err);

	if (ret)
		return ret;
	do
		ret = add_instance(s, sec, type, i, err);
	while (!ret && ++i < s->work[s->nr_works - 1].count);
	return ret;
}

static int check_work(struct scenario *s, size_t i, struct err *err)
{
	const struct scenario_work *w = &s->work[i];
	size_t k;

	if (*w->follows && (!scenario_work(s, w->follows) || !strcmp(w->follows, w->name)))
		return conf_complain(&s->conf, w->line, err, "there is no other [workload %s]",
				     w->follows);
	for (k = 0; k < i; k++)
		if (!strcmp(s->work[k].name, w->name))
			return conf_complain(&s->conf, w->line, err,
					     "there are two workloads called %s", w->name);
	return 0;
}

int scenario_check_works(struct scenario *s, struct err *err)
{
	size_t i;
	int ret = 0;

	if (!s->nr_works)
		return err_set(err, -EINVAL, "%s: there is no [workload NAME]", s->conf.name);
	for (i = 0; !ret && i < s->nr_works; i++)
		ret = check_work(s, i, err);
	return ret;
}

void scenario_work_release(struct scenario_work *w)
{
	free_strings(scenario_work_keys, nr_scenario_work_keys, w);
	if (w->opts)
		free_strings(w->type->options, w->type->nr_options, w->opts);
	free(w->opts);
	free(w->name);
}
