// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "experiment/policy.h"
#include "image/image.h"
#include "result/expect.h"
#include "result/metrics.h"
#include "workloads/lib/pattern.h"
#include "workloads/lib/program.h"

/* What is added to warm-up and window when a scenario sets no limit of its own. */
#define LIMIT_SLACK_NS 300000000000ull

const char *const scenario_traces[] = {"none", "reclaim", "batch", "all", "pages", NULL};

const char *const scenario_groups[] = {"shapes", "limits", "numa",    "devices",
				       "storms", "regress", "programs", "own", NULL};
#define GROUP_OWN 7

#define KEY(field, key, kind, ...) \
	{.name = key, .type = kind, .offset = offsetof(struct scenario, field), __VA_ARGS__}

#define HOUR 3600000000000ull

const struct conf_key scenario_keys[] = {
	KEY(title, "title", CONF_STR, .help = "one line", .required = true),
	KEY(group, "group", CONF_CHOICE, .help = "its part of the catalogue",
	    .choices = scenario_groups),
	KEY(shows, "shows", CONF_STR, .help = "what it shows"),
	KEY(who, "who", CONF_STR, .help = "who cares"),
	KEY(known, "known", CONF_STR, .help = "what result is known, and its source"),
	KEY(guest, "guest", CONF_STR, .help = "the guest it is made for"),
	KEY(primary, "primary", CONF_STR, .help = "metrics that decide, blank-separated"),
	KEY(warmup_ns, "warmup", CONF_TIME, .help = "from the gate to the window, at least",
	    .max = HOUR),
	KEY(warmup_ops, "warmup_ops", CONF_STR,
	    .help = "WORKLOAD NUMBER: the warm-up lasts until it has done so many operations"),
	KEY(steady, "steady", CONF_MILLIONTHS,
	    .help = "the warm-up lasts until the workloads' rates of four periods in a row are "
		    "within this share of their mean; 0 = do not wait for that",
	    .max = 1000000),
	KEY(steady_period_ns, "steady_period", CONF_TIME, .help = "one such period",
	    .min = 1000000, .max = HOUR),
	KEY(warmup_max_ns, "warmup_max", CONF_TIME,
	    .help = "the longest that warmup_ops and steady are waited for", .min = 1000000,
	    .max = HOUR),
	KEY(window_ns, "window", CONF_TIME, .help = "what is measured, at the most",
	    .min = 1000000, .max = HOUR, .required = true),
	KEY(window_ops, "window_ops", CONF_STR,
	    .help = "WORKLOAD NUMBER: the window ends when it has done so many operations in it"),
	KEY(until, "until", CONF_STR, .help = "the window ends when this workload has ended"),
	KEY(sample_ns, "sample", CONF_TIME, .help = "between samples; 0 = none", .max = HOUR),
	KEY(hang_ns, "hang", CONF_TIME, .help = "no operation of a workload for so long is a hang",
	    .min = 1000000, .max = HOUR),
	KEY(limit_ns, "limit", CONF_TIME, .help = "the run must be over so long after the gate",
	    .min = 1000000, .max = 10 * HOUR),
	KEY(oom_allowed, "oom", CONF_BOOL, .help = "OOM kills are part of it"),
	KEY(trace, "trace", CONF_CHOICE, .help = "events of the kernel to record",
	    .choices = scenario_traces),
};
const size_t nr_scenario_keys = ARRAY_SIZE(scenario_keys);
/* A name goes into plan lines and guest paths. */
bool scenario_name_ok(const char *s, bool slashes)
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

/* A relative path is one from the folder of the file that has it, wherever the program runs. */
static void place(const struct scenario *s, int line, char **path)
{
	const char *file = conf_file(&s->conf, line), *slash = strrchr(file, '/');
	char *from = *path;

	if (*from == '/' || !slash)
		return;
	*path = xasprintf("%.*s/%s", (int)(slash - file), file, from);
	free(from);
}

static int add_input(struct scenario *s, struct conf_section *sec, struct err *err)
{
	static const struct conf_key keys[] = {
		{"path", CONF_STR, offsetof(struct scenario_input, path), "the file", NULL, 0, 0,
		 true},
	};
	struct scenario_input *in;
	int ret;

	if (s->nr_inputs == INPUTS_MAX)
		return conf_complain(&s->conf, sec->line, err, "more than %d inputs", INPUTS_MAX);
	s->input = xrealloc(s->input, s->nr_inputs + 1, sizeof(*in));
	in = &s->input[s->nr_inputs++];
	*in = (struct scenario_input){.name = sec->arg};
	ret = conf_bind(&s->conf, sec, keys, ARRAY_SIZE(keys), in, err);
	if (ret)
		return ret;
	place(s, sec->line, &in->path);
	return file_read(in->path, &in->data, err);
}

static int read_module(struct scenario *s, const struct conf_section *sec,
		       struct scenario_module *m, struct err *err)
{
	cleanup_buf struct buf name = {0};
	char *c;
	int ret;

	place(s, sec->line, &m->path);
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

static const struct {
	const char *name;
	int (*add)(struct scenario *s, struct conf_section *sec, struct err *err);
	bool slashes;
} kinds[] = {
	{"module", add_module, false},
	{"input", add_input, false},
	{"file", add_file, false},
	{"cgroup", check_cgroup, true},
	{"workload", scenario_add_work, false},
	{"step", scenario_add_step, false},
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
		if (!scenario_name_ok(sec->arg, kinds[kind].slashes))
			return conf_complain(
				&s->conf, sec->line, err,
				"[%s NAME] needs a name of small letters, digits, - and _",
				sec->name);
		ret = kinds[kind].add(s, sec, err);
	}
	return ret;
}

/* "WORKLOAD NUMBER" */
static int check_ops(struct scenario *s, const char *key, const char *text, struct err *err)
{
	const char *blank = strchr(text, ' ');
	cleanup_free char *name = xasprintf("%.*s", blank ? (int)(blank - text) : 0, text);
	uint64_t n;

	if (!*text || (blank && scenario_work(s, name) && !parse_u64(blank + 1, &n) && n))
		return 0;
	return err_set(err, -EINVAL, "%s: %s = %s: the name of a workload and a number are needed",
		       s->conf.name, key, text);
}

static int check_window(struct scenario *s, struct err *err)
{
	int ret = check_ops(s, "warmup_ops", s->warmup_ops, err);

	if (!ret)
		ret = check_ops(s, "window_ops", s->window_ops, err);
	if (!ret && *s->until && !scenario_work(s, s->until))
		ret = err_set(err, -EINVAL, "%s: until = %s: there is no such workload",
			      s->conf.name, s->until);
	if (!ret && s->warmup_max_ns < s->warmup_ns)
		s->warmup_max_ns = s->warmup_ns;
	return ret;
}

/* A metric of a workload's own; those of programs are whatever they tell. */
static bool is_own_metric(const struct scenario *s, const char *name)
{
	const char *dot = !strncmp(name, "workload.", 9) ? strchr(name + 9, '.') : NULL;
	cleanup_free char *work = xasprintf("%.*s", dot ? (int)(dot - name - 9) : 0, name + 9);
	const struct scenario_work *w = dot ? scenario_work(s, work) : NULL;
	size_t i;

	if (w && !strcmp(w->type->name, PROGRAM_TYPE))
		return true;
	for (i = 0; w && i < w->type->nr_metrics; i++)
		if (!strcmp(w->type->metrics[i].name, dot + 1))
			return true;
	return false;
}

/* Every counter is one too, as far as the kernel has it. */
static bool is_raw(const char *name)
{
	return !strncmp(name, "vmstat.", 7) || !strncmp(name, "node.", 5) ||
	       !strncmp(name, "device.", 7) ||
	       (!strncmp(name, "cgroup.", 7) && strstr(name, ".stat."));
}

/* In the registry, and of something that the scenario has. */
static bool is_metric(const struct scenario *s, const char *name)
{
	const struct metric *m = metric_find(name);
	size_t len = m ? strlen(name) - strlen(m->name) : 0;
	cleanup_free char *scope = NULL;

	if (!m || m->scope == SCOPE_SYSTEM || m->scope == SCOPE_NODE)
		return m || is_raw(name) || is_own_metric(s, name);
	len -= strlen(metric_prefix(m->scope)) + 1;
	scope = xasprintf("%.*s", (int)len, name + strlen(metric_prefix(m->scope)));
	return m->scope == SCOPE_WORKLOAD ?
		       scenario_work(s, scope) != NULL :
		       conf_section((struct conf *)&s->conf, "cgroup", scope) != NULL;
}

static int check_primary(struct scenario *s, struct err *err)
{
	cleanup_free char *copy = xstrdup(s->primary);
	char *rest = copy, *name;

	while ((name = strsep(&rest, " ")))
		if (*name && !is_metric(s, name))
			return err_set(err, -EINVAL,
				       "%s: primary: its results will have no metric '%s'",
				       s->conf.name, name);
	return 0;
}

/* The parsed form is kept by nobody: what is checked here is what the spec holds as text. */
static int check_expect(struct scenario *s, struct err *err)
{
	struct conf_section *sec = conf_section(&s->conf, "expect", "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++) {
		struct conf_entry *e = &sec->entry[i];
		struct err why;

		e->used = true;
		if (expect_parse(e->key, e->value, &why))
			return conf_complain(&s->conf, e->line, err, "%s", why.msg);
	}
	return 0;
}

static int bind_sections(struct scenario *s, struct err *err)
{
	size_t kind;
	int ret = storage_bind(&s->conf, &s->storage, err);

	if (!ret)
		ret = knobs_check(&s->conf, "set", err);
	for (kind = 0; !ret && kind < ARRAY_SIZE(kinds); kind++)
		ret = bind_kind(s, kind, err);
	if (!ret)
		ret = scenario_check_works(s, err);
	if (!ret)
		ret = check_window(s, err);
	if (!ret)
		ret = check_primary(s, err);
	return ret ? ret : check_expect(s, err);
}

static int bind_scenario(struct scenario *s, struct err *err)
{
	struct conf_section *sec = conf_section(&s->conf, "scenario", "");
	int ret;

	if (!sec)
		return err_set(err, -EINVAL, "%s: there is no [scenario] section", s->conf.name);
	ret = conf_bind(&s->conf, sec, scenario_keys, ARRAY_SIZE(scenario_keys), s, err);
	if (!ret)
		ret = bind_sections(s, err);
	if (ret)
		return ret;
	scenario_work_steps(s);
	if (!s->limit_ns)
		s->limit_ns = (*s->warmup_ops || s->steady ? s->warmup_max_ns : s->warmup_ns) +
			      s->window_ns + LIMIT_SLACK_NS;
	return conf_unused(&s->conf, err);
}

static bool is_scenario_key(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scenario_keys); i++)
		if (!strcmp(scenario_keys[i].name, name))
			return true;
	return false;
}

/* What the file says already changes nothing, not even the name. */
static bool is_same(struct scenario *s, const char *section, const char *key, const char *value)
{
	struct conf_section *sec = conf_section(&s->conf, section, "");
	const char *was = conf_get(sec, key);

	return was && !strcmp(was, value);
}

static int set_one(struct scenario *s, const char *set, struct buf *name, struct err *err)
{
	const char *eq = strchr(set, '=');
	cleanup_free char *key = xasprintf("%.*s", eq ? (int)(eq - set) : 0, set);
	struct conf_section *param = conf_section(&s->conf, "param", "");
	bool is_param = conf_get(param, key);

	if (!eq || (!is_param && !is_scenario_key(key)))
		return err_set(err, -ENOENT,
			       "%s: '%s' sets neither a parameter of it nor a key of its [scenario] "
			       "('wringer scenario show' lists them)", s->conf.name, set);
	if (is_same(s, is_param ? "param" : "scenario", key, eq + 1))
		return 0;
	conf_set(&s->conf, is_param ? "param" : "scenario", key, eq + 1, 0);
	buf_printf(name, ":%s", set);
	return 0;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In one order, so that one scenario has one name. */
static int set_all(struct scenario *s, char *const *set, struct err *err)
{
	cleanup_free char **sorted = NULL;
	cleanup_buf struct buf name = {0};
	size_t n, i;
	char *plain = s->name;
	int ret = 0;

	for (n = 0; set && set[n]; n++)
		;
	sorted = xcalloc(n + 1, sizeof(*sorted));
	for (i = 0; i < n; i++)
		sorted[i] = set[i];
	qsort(sorted, n, sizeof(*sorted), compare_words);
	for (i = 0; !ret && i < n; i++)
		ret = set_one(s, sorted[i], &name, err);
	s->name = xasprintf("%s%s", plain, buf_str(&name));
	free(plain);
	return ret;
}

void scenario_defaults(struct scenario *s)
{
	size_t i;

	*s = (struct scenario){.warmup_ns = 1000000000,
			       .steady_period_ns = 250000000,
			       .warmup_max_ns = 60000000000,
			       .sample_ns = 100000000,
			       .hang_ns = 10000000000,
			       .group = GROUP_OWN,
			       .trace = TRACE_RECLAIM};
	for (i = 0; i < ARRAY_SIZE(scenario_keys); i++)
		if (scenario_keys[i].type == CONF_STR)
			*(char **)((char *)s + scenario_keys[i].offset) = xstrdup("");
}

int scenario_load(struct scenario *s, const char *path, char *const *set, struct err *err)
{
	cleanup_free char *catalogue = xasprintf("%s/scenarios", path_data());
	int ret;

	scenario_defaults(s);
	ret = conf_load(&s->conf, path, catalogue, err);
	if (!ret) {
		s->name = conf_name(path);
		ret = set_all(s, set, err);
	}
	if (!ret)
		ret = conf_expand(&s->conf, err);
	if (!ret)
		ret = bind_scenario(s, err);
	if (ret)
		scenario_release(s);
	return ret;
}

void scenario_release(struct scenario *s)
{
	size_t i;

	for (i = 0; i < s->nr_works; i++)
		scenario_work_release(&s->work[i]);
	for (i = 0; i < s->nr_inputs; i++) {
		buf_release(&s->input[i].data);
		free(s->input[i].path);
	}
	for (i = 0; i < ARRAY_SIZE(scenario_keys); i++)
		if (scenario_keys[i].type == CONF_STR)
			free(*(char **)((char *)s + scenario_keys[i].offset));
	for (i = 0; i < s->nr_modules; i++) {
		buf_release(&s->module[i].data);
		buf_release(&s->module[i].deps);
		free(s->module[i].path);
		free(s->module[i].params);
	}
	free(s->module);
	free(s->input);
	free(s->work);
	free(s->file);
	free(s->name);
	buf_release(&s->steps);
	conf_release(&s->conf);
	memset(s, 0, sizeof(*s));
}
