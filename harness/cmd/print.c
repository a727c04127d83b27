// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* In the largest unit that leaves no fraction. */
static void scaled(uint64_t v, const char *const *unit, const uint64_t *by, struct buf *out)
{
	while (v && *by && !(v % *by)) {
		v /= *by++;
		unit++;
	}
	buf_printf(out, "%" PRIu64 "%s", v, *unit);
}

static void add_size(uint64_t v, struct buf *out)
{
	static const char *const unit[] = {"", "K", "M", "G", "T"};
	static const uint64_t by[] = {1024, 1024, 1024, 1024, 0};

	scaled(v, unit, by, out);
}

static void add_time(uint64_t v, struct buf *out)
{
	static const char *const unit[] = {"ns", "us", "ms", "s", "m"};
	static const uint64_t by[] = {1000, 1000, 1000, 60, 0};

	if (v)
		scaled(v, unit, by, out);
	else
		buf_adds(out, "0");
}

void value_text(const struct conf_key *key, const void *opts, struct buf *out)
{
	const char *field = (const char *)opts + key->offset;

	switch (key->type) {
	case CONF_STR:
		buf_adds(out, *(char *const *)field ? *(char *const *)field : "");
		break;
	case CONF_BOOL:
		buf_adds(out, *(const bool *)field ? "yes" : "no");
		break;
	case CONF_CHOICE:
		buf_adds(out, key->choices[*(const unsigned int *)field]);
		break;
	case CONF_TIME:
		add_time(*(const uint64_t *)field, out);
		break;
	case CONF_SIZE:
		add_size(*(const uint64_t *)field, out);
		break;
	case CONF_MILLIONTHS:
		buf_printf(out, "%.8g", (double)*(const uint64_t *)field / 1e6);
		break;
	default:
		buf_printf(out, "%" PRIu64, *(const uint64_t *)field);
		break;
	}
}

void print_option(const struct conf_key *key, const void *opts)
{
	cleanup_buf struct buf value = {0};

	value_text(key, opts, &value);
	printf("%s = %s\n", key->name, buf_str(&value));
}

void print_device(const char *section, const struct storage *s)
{
	const struct conf_key *key;
	size_t next = 0;

	printf("\n[%s]\nmodel = %s\n", section, s->model->name);
	while ((key = storage_key(s, &next)))
		print_option(key, s);
}

void print_swaps(const struct storage_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr_swaps; i++) {
		cleanup_free char *name = xstrdup(set->swap[i].name);

		/* "swap-NAME" is [swap NAME]. */
		if (name[4])
			name[4] = ' ';
		print_device(name, &set->swap[i]);
	}
	if (!set->nr_swaps)
		printf("\n[swap]\nmodel = none\n");
}

void print_conf(const struct conf *conf, const char *only)
{
	size_t i, k;

	for (i = 0; i < conf->nr_sections; i++) {
		const struct conf_section *s = &conf->section[i];

		if (only && strcmp(s->name, only))
			continue;
		printf("\n[%s%s%s]\n", s->name, *s->arg ? " " : "", s->arg);
		for (k = 0; k < s->nr_entries; k++)
			printf("%s = %s\n", s->entry[k].key, s->entry[k].value);
	}
}
