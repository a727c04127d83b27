// SPDX-License-Identifier: GPL-2.0-only
/* What workers left becomes results, if it is what it should be. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "farm/internal.h"
#include "result/store.h"
#include "result/verify.h"

/* Of one machine's spool: 1 when it was taken. */
static int take_from(const char *spool, const char *id, struct err *err)
{
	cleanup_free char *schema = xasprintf("%s/schema", path_data());
	cleanup_free char *real = xstrdup(path_results());
	cleanup_free char *from = xasprintf("%s/%s", spool, id);
	char violated[256];
	struct err why = {""};
	bool unchecked;
	int ret;

	path_set_results(spool);
	ret = store_has(id) ? verify_result(id, schema, violated, &unchecked, &why) : -ENOENT;
	path_set_results(real);
	if (ret == -ENOENT)
		return 0;
	if (!ret) {
		ret = store_adopt(from, id, err);
		return ret ? ret : 1;
	}
	/* It is run again. */
	return dir_remove(from, err);
}

int cells_collect(const struct experiments *exps, size_t *taken, struct err *err)
{
	cleanup_free char *top = xasprintf("%s/.spool", path_results());
	DIR *dir = opendir(top);
	struct dirent *e;
	size_t i;
	int ret = 0;

	*taken = 0;
	while (dir && ret >= 0 && (e = readdir(dir))) {
		cleanup_free char *spool = xasprintf("%s/%s", top, e->d_name);

		for (i = 0; ret >= 0 && *e->d_name != '.' && i < exps->nr; i++) {
			ret = take_from(spool, exps->exp[i].id, err);
			*taken += ret == 1;
		}
	}
	if (dir)
		closedir(dir);
	return ret < 0 ? ret : 0;
}

size_t cells_missing(const struct experiments *exps)
{
	size_t i, n = 0;

	for (i = 0; i < exps->nr; i++)
		n += !store_has(exps->exp[i].id);
	return n;
}

void cells_statuses(struct experiments *exps)
{
	size_t i;

	for (i = 0; i < exps->nr; i++)
		if (store_has(exps->exp[i].id))
			experiment_take_result(&exps->exp[i]);
}
