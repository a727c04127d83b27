// SPDX-License-Identifier: GPL-2.0-only
/* An INI file: whatever is in it, what was read can be asked for, and then nothing is left over. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_all(struct conf *conf)
{
	size_t i, k;

	for (i = 0; i < conf->nr_sections; i++) {
		struct conf_section *sec = &conf->section[i];

		if (conf_section(conf, sec->name, sec->arg) != sec)
			abort();
		for (k = 0; k < sec->nr_entries; k++)
			if (conf_get(sec, sec->entry[k].key) != sec->entry[k].value)
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct conf conf;
	struct err err;

	if (size)
		memcpy(copy, data, size);
	if (!conf_parse(&conf, "fuzz", copy, size, &err)) {
		if (!conf_unused(&conf, &err) != !conf.nr_sections)
			abort();
		use_all(&conf);
		if (conf_unused(&conf, &err))
			abort();
	} else if (conf.section || strncmp(err.msg, "fuzz:", 5)) {
		abort();
	}
	conf_release(&conf);
	free(copy);
	return 0;
}
