// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "experiment/policy.h"
#include "image/image.h"
#include "workloads/lib/pattern.h"

/* What is added to warm-up and window when a scenario sets no limit of its own. */
#define LIMIT_SLACK_NS 300000000000ull

const char *const scenario_traces[] = {"none", "reclaim", "batch", "all", NULL};

static const struct conf_key scenario_keys[] = {
	{"title", CONF_STR, offsetof(struct scenario, title), "one line", NULL, 0, 0, true},
	{"shows", CONF_STR, offsetof(struct scenario, shows), "what it shows and what is known",
	 NULL, 0, 0, false},
	{"primary", CONF_STR, offsetof(struct scenario, primary),
	 "metrics that decide, blank-separated", NULL, 0, 0, false},
	{"warmup", CONF_TIME, offsetof(struct scenario, warmup_ns), "from the gate to the window",
	 NULL, 0, 3600000000000, false},
	{"window", CONF_TIME, offsetof(struct scenario, window_ns), "what is measured", NULL,
	 1000000, 3600000000000, true},
	{"sample", CONF_TIME, offsetof(struct scenario, sample_ns), "between samples; 0 = none",
	 NULL, 0, 3600000000000, false},
	{"hang", CONF_TIME, offsetof(struct scenario, hang_ns),
	 "no operation of a workload for so long is a hang", NULL, 1000000, 3600000000000, false},
	{"limit", CONF_TIME, offsetof(struct scenario, limit_ns),
	 "the run must be over so long after the gate", NULL, 1000000, 36000000000000, false},
	{"oom", CONF_BOOL, offsetof(struct scenario, oom_allowed), "OOM kills are part of it", NULL,
	 0, 0, false},
	{"trace", CONF_CHOICE, offsetof(struct scenario, trace),
	 "events of the kernel to record: none, reclaim, batch, all", scenario_traces, 0, 0, false},
};

/* A name goes into plan lines and guest paths. */
static bool name_ok(const char *s, bool slashes)
{
	if (!*s || *s == '/' || *s == '.' || strlen(s) > 40)
		return false;
	return !s[strspn(s, slashes ? "abcdefghijklmnopqrstuvwxyz0123456789-_/" :
				      "abcdefghijklmnopqrstuvwxyz0123456789-_")];
}

static int add_file(struct scenario *s, struct conf_section *sec, struct err *err)
{
	static const struct conf_key keys[] = {
		{"size", CONF_SIZE, offsetof(struct scenario_file, size),
		 "bytes, a multiple of 4096", NULL, 4096, 1ull << 40, true},
		{"compress", CONF_MILLIONTHS, offsetof(struct scenario_file, compress),
		 "share of each page that compression saves", NULL, 0, 1000000, false},
	};
	struct scenario_file *f;
	int ret;

	s->file = xrealloc(s->file, s->nr_files + 1, sizeof(*f));
	f = &s->file[s->nr_files++];
	*f = (struct scenario_file){.name = sec->arg, .compress = WL_FILE_COMPRESS};
	ret = conf_bind(&s->conf, sec, keys, ARRAY_SIZE(keys), f, err);
	if (!ret && f->size % 4096)
		ret = conf_complain(&s->conf, sec->line, err,
				    "the size of a file must be a multiple of 4096");
	return ret;
}

/* A relative path is one from the scenario's folder, wherever the program runs. */
static void place(const char *scenario, char **path)
{
	const char *slash = strrchr(scenario, '/');
	char *from = *path;

	if (*from == '/' || !slash)
		return;
	*path = xasprintf("%.*s/%s", (int)(slash - scenario), scenario, from);
	free(from);
}

static int read_module(struct scenario *s, const struct conf_section *sec,
		       struct scenario_module *m, struct err *err)
{
	cleanup_buf struct buf name = {0};
	char *c;
	int ret;

	place(s->conf.name, &m->path);
	ret = file_read(m->path, &m->data, err);
	if (!ret && module_info(m->data.data, m->data.len, &name, &m->deps))
		ret = conf_complain(&s->conf, sec->line, err, "%s is no kernel module", m->path);
	if (ret)
		return ret;
	for (c = name.data; c && *c; c++)
		*c = *c == '-' ? '_' : *c;
	if (!strcmp(buf_str(&name), m->name))
		return 0;
	return conf_complain(&s->conf, sec->line, err, "%s is module %s, not %s", m->path,
			     buf_str(&name), m->name);
}

static int add_module(struct scenario *s, struct conf_section *sec, struct err *err)
{
	static const struct conf_key keys[] = {
		{"path", CONF_STR, offsetof(struct scenario_module, path), "the .ko file", NULL, 0,
		 0, true},
		{"params", CONF_STR, offsetof(struct scenario_module, params),
		 "its parameters, blank-separated", NULL, 0, 0, false},
	};
	struct scenario_module *m;
	int ret;

	if (s->nr_modules == OWN_MODULES_MAX)
		return conf_complain(&s->conf, sec->line, err, "more than %d modules",
				     OWN_MODULES_MAX);
	s->module = xrealloc(s->module, s->nr_modules + 1, sizeof(*m));
	m = &s->module[s->nr_modules++];
	*m = (struct scenario_module){.name = sec->arg, .params = xstrdup("")};
	ret = conf_bind(&s->conf, sec, keys, ARRAY_SIZE(keys), m, err);
	return ret ? ret : read_module(s, sec, m, err);
}

static int check_cgroup(struct scenario *s, struct conf_section *sec, struct err *err)
{
	size_t i;

	for (i = 0; i < sec->nr_entries; i++) {
		struct conf_entry *e = &sec->entry[i];

		e->used = true;
		/* What is after the dot is the kernel's to know; it is written and must be
		 * accepted. */
		if (!strchr(e->key, '.'))
			return conf_complain(&s->conf, e->line, err,
					     "'%s' is no cgroup interface file", e->key);
		if (strpbrk(e->key, "/ ") || !strncmp(e->key, "cgroup.procs", 12))
			return conf_complain(&s->conf, e->line, err, "'%s' cannot be set here",
					     e->key);
	}
	return 0;
}

static int bind_type(struct scenario *s, struct scenario_work *w, struct conf_section *sec,
		     struct err *err)
{
	const char *type = conf_get(sec, "type");

	w->type = workload_find(type ? type : "");
	if (!type)
		return conf_complain(&s->conf, sec->line, err, "[workload %s] needs a type",
				     sec->arg);
	if (!w->type)
		return conf_complain(&s->conf, sec->line, err, "there is no workload type '%s'",
				     type);
	w->opts = xcalloc(1, w->type->opts_size);
	memcpy(w->opts, w->type->defaults, w->type->opts_size);
	return 0;
}

/* Strings in the defaults are constants: the struct gets copies of its own to free. */
static void own_strings(const struct workload *type, void *opts)
{
	size_t i;

	for (i = 0; i < type->nr_options; i++) {
		char **field = (char **)((char *)opts + type->options[i].offset);

		if (type->options[i].type == CONF_STR)
			*field = xstrdup(*field ? *field : "");
	}
}

static int check_file_option(struct scenario *s, struct scenario_work *w, struct conf_section *sec,
			     struct err *err)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < w->type->nr_options; i++)
		if (!strcmp(w->type->options[i].name, "file"))
			name = conf_get(sec, "file");
	for (i = 0; name && i < s->nr_files; i++)
		if (!strcmp(s->file[i].name, name))
			return 0;
	return name ? conf_complain(&s->conf, sec->line, err, "there is no [file %s]", name) : 0;
}

static int add_work(struct scenario *s, struct conf_section *sec, struct err *err)
{
	const char *cgroup = conf_get(sec, "cgroup");
	struct scenario_work *w;
	int ret;

	s->work = xrealloc(s->work, s->nr_works + 1, sizeof(*w));
	w = &s->work[s->nr_works++];
	*w = (struct scenario_work){.name = sec->arg, .cgroup = xstrdup(cgroup ? cgroup : "/")};
	ret = bind_type(s, w, sec, err);
	if (ret)
		return ret;
	own_strings(w->type, w->opts);
	if (cgroup && strcmp(cgroup, "/") && !conf_section(&s->conf, "cgroup", cgroup))
		return conf_complain(&s->conf, sec->line, err, "there is no [cgroup %s]", cgroup);
	ret = conf_bind(&s->conf, sec, w->type->options, w->type->nr_options, w->opts, err);
	return ret ? ret : check_file_option(s, w, sec, err);
}

static const struct {
	const char *name;
	int (*add)(struct scenario *s, struct conf_section *sec, struct err *err);
	bool slashes;
} kinds[] = {
	{"module", add_module, false},
	{"file", add_file, false},
	{"cgroup", check_cgroup, true},
	{"workload", add_work, false},
};

/* Kind by kind, so that a workload may stand before the file it reads. */
static int bind_kind(struct scenario *s, size_t kind, struct err *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < s->conf.nr_sections; i++) {
		struct conf_section *sec = &s->conf.section[i];

		if (strcmp(sec->name, kinds[kind].name))
			continue;
		sec->used = true;
		if (!name_ok(sec->arg, kinds[kind].slashes))
			return conf_complain(
				&s->conf, sec->line, err,
				"[%s NAME] needs a name of small letters, digits, - and _",
				sec->name);
		ret = kinds[kind].add(s, sec, err);
	}
	return ret;
}

static int bind_scenario(struct scenario *s, struct err *err)
{
	struct conf_section *sec = conf_section(&s->conf, "scenario", "");
	size_t kind;
	int ret;

	if (!sec)
		return err_set(err, -EINVAL, "%s: there is no [scenario] section", s->conf.name);
	ret = conf_bind(&s->conf, sec, scenario_keys, ARRAY_SIZE(scenario_keys), s, err);
	if (!ret)
		ret = storage_bind(&s->conf, &s->storage, err);
	if (!ret)
		ret = knobs_check(&s->conf, "set", err);
	for (kind = 0; !ret && kind < ARRAY_SIZE(kinds); kind++)
		ret = bind_kind(s, kind, err);
	if (!s->limit_ns)
		s->limit_ns = s->warmup_ns + s->window_ns + LIMIT_SLACK_NS;
	if (!ret && !s->nr_works)
		ret = err_set(err, -EINVAL, "%s: there is no [workload NAME]", s->conf.name);
	return ret ? ret : conf_unused(&s->conf, err);
}

int scenario_load(struct scenario *s, const char *path, struct err *err)
{
	int ret;

	*s = (struct scenario){.warmup_ns = 1000000000,
			       .sample_ns = 100000000,
			       .hang_ns = 10000000000,
			       .trace = TRACE_RECLAIM,
			       .primary = xstrdup(""),
			       .shows = xstrdup("")};
	ret = conf_load(&s->conf, path, err);
	if (!ret) {
		s->name = conf_name(path);
		ret = bind_scenario(s, err);
	}
	if (ret)
		scenario_release(s);
	return ret;
}

static void work_release(struct scenario_work *w)
{
	size_t i;

	for (i = 0; w->opts && i < w->type->nr_options; i++)
		if (w->type->options[i].type == CONF_STR)
			free(*(char **)((char *)w->opts + w->type->options[i].offset));
	free(w->opts);
	free(w->cgroup);
}

void scenario_release(struct scenario *s)
{
	size_t i;

	for (i = 0; i < s->nr_works; i++)
		work_release(&s->work[i]);
	for (i = 0; i < s->nr_modules; i++) {
		buf_release(&s->module[i].data);
		buf_release(&s->module[i].deps);
		free(s->module[i].path);
		free(s->module[i].params);
	}
	free(s->module);
	free(s->work);
	free(s->file);
	free(s->name);
	free(s->title);
	free(s->shows);
	free(s->primary);
	conf_release(&s->conf);
	memset(s, 0, sizeof(*s));
}
