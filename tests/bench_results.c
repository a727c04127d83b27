// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: bench_results DIR FROM TO
 *
 * Makes the results FROM to TO - 1 of a long history below DIR, for the bench of the index: each with the
 * metrics of a real one that the index takes, a thousand to a scenario, s0, s1 and so on.  Nothing is
 * synced: they are made to be thrown away.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "result/store.h"

#define PER_SCENARIO 1000
#define METRICS	     73 /* primary and secondary ones of a result of kv-scan on guest two */

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static json_t *spec_of(unsigned int i)
{
	static const char *const policies[] = {"lru", "mglru"};
	cleanup_free char *kernel = xasprintf("6.%u.%u", 1 + i / 8 % 5, i / 40 % 25);
	cleanup_free char *scenario = xasprintf("s%u", i / PER_SCENARIO);

	return json_pack("{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}, s:i}", "engine", "name", "exact",
			 "kernel", "version", kernel, "guest", "name", "two", "policy", "name",
			 policies[i / 4 % 2], "scenario", "name", scenario, "seed", (int)i);
}

/* Values that no two experiments share; of every tenth metric they are a tenth higher from 6.3 on. */
static json_t *result_of(unsigned int i)
{
	json_t *metrics = json_array();
	unsigned int k, later = i / 8 % 5 >= 2;

	for (k = 0; k < METRICS; k++) {
		cleanup_free char *name = xasprintf("bench.metric.%u", k);

		json_array_append_new(metrics, json_pack(
			"{s:s, s:s, s:s, s:s, s:i}", "name", name, "class", k < 7 ? "primary" : "secondary",
			"unit", "count", "better", "lower", "value",
			(int)(100000 + (k % 10 ? 0 : later * 10000) +
			      (i * 2654435761u + k * 40503u) % 5000)));
	}
	return json_pack("{s:s, s:o}", "status", "done", "metrics", metrics);
}

static void put(const char *dir, const char *name, const struct buf *text)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fwrite(text->data, text->len, 1, f) != 1 || fclose(f))
		give_up(path);
}

static void make(const char *folder, unsigned int i)
{
	cleanup_buf struct buf spec = {0}, result = {0}, host = {0};
	cleanup_free char *dir = NULL;
	json_t *s = spec_of(i), *r = result_of(i);
	char id[SHA256_HEX];

	json_canonical(s, &spec);
	json_canonical(r, &result);
	buf_printf(&host, "{\"ended\": \"2026-11-01T%02u:%02u:%02uZ\"}\n", i / 3600 % 24, i / 60 % 60,
		   i % 60);
	sha256_buf(spec.data, spec.len, id);
	dir = xasprintf("%s/%s", folder, id);
	if (mkdir(dir, 0755))
		give_up(dir);
	put(dir, "spec.json", &spec);
	put(dir, "host.json", &host);
	put(dir, "result.json", &result);
	json_decref(s);
	json_decref(r);
}

int main(int argc, char **argv)
{
	unsigned int i, to;

	if (argc != 4) {
		fprintf(stderr, "usage: bench_results DIR FROM TO\n");
		return 2;
	}
	to = (unsigned int)strtoul(argv[3], NULL, 10);
	for (i = (unsigned int)strtoul(argv[2], NULL, 10); i < to; i++)
		make(argv[1], i);
	return 0;
}
