// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

int knobs_check(struct conf *conf, const char *section, struct err *err)
{
	struct conf_section *sec = conf_section(conf, section, "");
	size_t i;

	for (i = 0; sec && i < sec->nr_entries; i++) {
		struct conf_entry *e = &sec->entry[i];

		e->used = true;
		if (strncmp(e->key, "/proc/sys/", 10) && strncmp(e->key, "/sys/", 5))
			return conf_complain(conf, e->line, err,
					     "'%s': knobs are below /proc/sys/ and /sys/", e->key);
		if (strchr(e->key, ' ') || !*e->value)
			return conf_complain(conf, e->line, err, "a knob is written PATH = TEXT");
	}
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
		ret = knobs_check(conf, "set", err);
	if (!ret)
		ret = knobs_check(conf, "expect", err);
	return ret ? ret : conf_unused(conf, err);
}

int policy_load(struct policy *policy, const char *path, struct err *err)
{
	int ret;

	memset(policy, 0, sizeof(*policy));
	ret = conf_load(&policy->conf, path, NULL, err);
	if (ret)
		return ret;
	policy->name = conf_name(path);
	ret = bind_policy(policy, err);
	if (ret)
		policy_release(policy);
	return ret;
}

void policy_release(struct policy *policy)
{
	free(policy->name);
	free(policy->title);
	conf_release(&policy->conf);
	memset(policy, 0, sizeof(*policy));
}
