// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "experiment/scenario.h"

static bool is_knob(const char *path)
{
	return !strncmp(path, "/proc/sys/", 10) || !strncmp(path, "/sys/", 5);
}

int knobs_check(struct conf *conf, const char *section, struct err *err)
{
	struct conf_section *sec = conf_section(conf, section, "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++) {
		struct conf_entry *e = &sec->entry[i];

		e->used = true;
		if (!is_knob(e->key))
			return conf_complain(conf, e->line, err,
					     "'%s': knobs are below /proc/sys/ and /sys/", e->key);
		if (strchr(e->key, ' ') || !*e->value)
			return conf_complain(conf, e->line, err, "a knob is written PATH = TEXT");
	}
	return 0;
}

/* What is asked of a variable is a word for the guest's loader. */
static int add_var(struct policy_object *o, const struct conf *conf, struct conf_entry *e,
		   struct err *err)
{
	if (!e->key[strlen("var.")] || strpbrk(e->key, " =") || !*e->value || strchr(e->value, ' '))
		return conf_complain(conf, e->line, err,
				     "a variable is written var.NAME = NUMBER, or = @CGROUP");
	buf_printf(&o->vars, " %s=%s", e->key + strlen("var."), e->value);
	e->used = true;
	return 0;
}

static int bind_object(struct policy *policy, struct conf_section *sec, struct err *err)
{
	const char *object = conf_get(sec, "object"), *cgroup = conf_get(sec, "cgroup");
	struct policy_object *o;
	size_t i;
	int ret = 0;

	policy->object = xrealloc(policy->object, policy->nr_objects + 1, sizeof(*policy->object));
	o = &policy->object[policy->nr_objects++];
	*o = (struct policy_object){.name = sec->arg, .object = xstrdup(object ? object : sec->arg),
				    .cgroup = xstrdup(cgroup ? cgroup : "")};
	sec->used = true;
	if (!*sec->arg || strpbrk(sec->arg, " /") || !*o->object || strpbrk(o->object, " /"))
		return conf_complain(&policy->conf, sec->line, err,
				     "an object is written [bpf NAME], and found as NAME.bpf.o beside "
				     "this file");
	for (i = 0; !ret && i < sec->nr_entries; i++)
		if (!strncmp(sec->entry[i].key, "var.", 4))
			ret = add_var(o, &policy->conf, &sec->entry[i], err);
	return ret;
}

static int bind_objects(struct policy *policy, struct err *err)
{
	struct conf *conf = &policy->conf;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < conf->nr_sections; i++)
		if (!strcmp(conf->section[i].name, "bpf"))
			ret = bind_object(policy, &conf->section[i], err);
	return ret;
}

/* Objects lie beside the file that names them. */
static int read_objects(struct policy *policy, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash - path) + 1 : 0, ret = 0;
	size_t i;

	for (i = 0; !ret && i < policy->nr_objects; i++) {
		struct policy_object *o = &policy->object[i];
		cleanup_free char *file = xasprintf("%.*s%s.bpf.o", dir, path, o->object);

		if (file_exists(file))
			ret = file_read(file, &o->data, err);
		else
			ret = err_set(err, -ENOENT,
				      "%s: there is no %s; 'clang -O2 -g -target bpf -c' makes it "
				      "from %s.bpf.c", policy->conf.name, file, o->object);
	}
	return ret;
}

static void release_object(struct policy_object *o)
{
	free(o->object);
	free(o->cgroup);
	buf_release(&o->vars);
	buf_release(&o->data);
}

char *policy_path(const char *word)
{
	if (strchr(word, '/'))
		return xstrdup(word);
	if (!strncmp(word, "bpf:", 4))
		return xasprintf("%s/policies/bpf/%s.conf", path_data(), word + 4);
	return xasprintf("%s/policies/%s.conf", path_data(), word);
}

static int check_counts(struct conf *conf, struct err *err)
{
	struct conf_section *sec = conf_section(conf, "count", "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++) {
		struct conf_entry *e = &sec->entry[i];

		e->used = true;
		if (!scenario_name_ok(e->key, false))
			return conf_complain(conf, e->line, err, "a count is written NAME = PATH");
		if (!is_knob(e->value) || strchr(e->value, ' '))
			return conf_complain(conf, e->line, err,
					     "'%s': counts are in files below /proc/sys/ and /sys/",
					     e->value);
	}
	if (sec && sec->nr_entries > POLICY_COUNTS_MAX)
		return conf_complain(conf, sec->line, err, "%zu counts; %d are possible",
				     sec->nr_entries, POLICY_COUNTS_MAX);
	return 0;
}

static int bind_policy(struct policy *policy, struct err *err)
{
	static const struct conf_key keys[] = {
		{"title", CONF_STR, offsetof(struct policy, title), "one line", NULL, 0, 0, true},
	};
	struct conf *conf = &policy->conf;
	struct conf_section *sec = conf_section(conf, "policy", "");
	int ret;

	if (!sec)
		return err_set(err, -EINVAL, "%s: there is no [policy] section", conf->name);
	ret = conf_bind(conf, sec, keys, ARRAY_SIZE(keys), policy, err);
	if (!ret)
		ret = knobs_check(conf, "tune", err);
	if (!ret)
		ret = knobs_check(conf, "set", err);
	if (!ret)
		ret = knobs_check(conf, "expect", err);
	if (!ret)
		ret = check_counts(conf, err);
	if (!ret)
		ret = bind_objects(policy, err);
	return ret ? ret : conf_unused(conf, err);
}

int policy_load(struct policy *policy, const char *path, struct err *err)
{
	cleanup_free char *name = NULL;
	int ret;

	memset(policy, 0, sizeof(*policy));
	ret = conf_load(&policy->conf, path, NULL, err);
	if (ret)
		return ret;
	ret = bind_policy(policy, err);
	if (!ret)
		ret = read_objects(policy, path, err);
	name = conf_name(path);
	policy->name = policy->nr_objects ? xasprintf("bpf:%s", name) : xstrdup(name);
	if (ret)
		policy_release(policy);
	return ret;
}

void policy_release(struct policy *policy)
{
	while (policy->nr_objects)
		release_object(&policy->object[--policy->nr_objects]);
	free(policy->object);
	free(policy->name);
	free(policy->title);
	conf_release(&policy->conf);
	memset(policy, 0, sizeof(*policy));
}
