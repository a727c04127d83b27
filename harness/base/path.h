/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where things are.  All strings are owned by path.c and live as long as the program.
 *
 * Data (guests/, policies/, scenarios/, the agent, helper scripts) is found beside the program in a
 * built tree, or under the prefix where it was installed; WRINGER_DATA overrides.  The cache is
 * WRINGER_CACHE, else $XDG_CACHE_HOME/wringer, else ~/.cache/wringer.  Results are
 * WRINGER_RESULTS, else results/ in the current folder.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

/* Folder of the data files: it holds guests/, policies/, scenarios/, agent, workload, apt-conf. */
const char *path_data(void);
/* Folder of fetched kernels, images and package indexes; it may not exist yet. */
const char *path_cache(void);
/* Folder of results; it may not exist yet. */
const char *path_results(void);
void path_set_results(const char *dir);

#endif
