// SPDX-License-Identifier: GPL-2.0-only
#include "base/path.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static char *results;

/* Folder of the running program; "." if the kernel does not say. */
static char *program_dir(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return xstrdup(".");
	exe[n] = '\0';
	return xstrdup(dirname(exe));
}

static char *find_data(void)
{
	/*
	 * build/wringer keeps its data in build/data; PREFIX/bin/wringer in PREFIX/lib/wringer.
	 */
	static const char *const places[] = {"data", "../lib/wringer"};
	cleanup_free char *dir = program_dir();
	size_t i;

	if (getenv("WRINGER_DATA"))
		return xstrdup(getenv("WRINGER_DATA"));
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		char *path = xasprintf("%s/%s", dir, places[i]);

		if (file_exists(path))
			return path;
		free(path);
	}
	return xasprintf("%s/%s", dir, places[0]);
}

const char *path_data(void)
{
	static char *dir;

	if (!dir)
		dir = find_data();
	return dir;
}

static char *find_cache(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (getenv("WRINGER_CACHE"))
		return xstrdup(getenv("WRINGER_CACHE"));
	if (xdg && *xdg == '/')
		return xasprintf("%s/wringer", xdg);
	return xasprintf("%s/.cache/wringer", home && *home ? home : "/var/tmp");
}

const char *path_cache(void)
{
	static char *dir;

	if (!dir)
		dir = find_cache();
	return dir;
}

const char *path_results(void)
{
	if (!results)
		results = xstrdup(getenv("WRINGER_RESULTS") ? getenv("WRINGER_RESULTS")
							    : "results");
	return results;
}

void path_set_results(const char *dir)
{
	free(results);
	results = xstrdup(dir);
}
