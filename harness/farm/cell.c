// SPDX-License-Identifier: GPL-2.0-only
/* One experiment on a worker. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/path.h"
#include "farm/internal.h"
#include "result/store.h"

static char *cell_path(const char *id, const char *end)
{
	return xasprintf("%s/.cells/%s.%s", path_results(), id, end);
}

static int put_one(const struct experiment *exp, struct err *err)
{
	cleanup_free char *path = cell_path(exp->id, "json");
	cleanup_buf struct buf text = {0};

	json_canonical(exp->spec, &text);
	return file_write(path, text.data, text.len, err);
}

int cells_put(const struct experiments *exps, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/.cells", path_results());
	size_t i;
	int ret = dir_make(dir, err);

	for (i = 0; !ret && i < exps->nr; i++)
		ret = put_one(&exps->exp[i], err);
	return ret;
}

void cells_remove(const struct experiments *exps)
{
	size_t i;

	for (i = 0; i < exps->nr; i++) {
		cleanup_free char *spec = cell_path(exps->exp[i].id, "json");
		cleanup_free char *lock = cell_path(exps->exp[i].id, "lock");

		unlink(spec);
		unlink(lock);
	}
}

static int open_cell(const char *id, struct experiments *out, struct err *err)
{
	cleanup_free char *path = cell_path(id, "json");
	cleanup_buf struct buf text = {0};
	json_t *spec;
	int ret;

	if (strlen(id) != SHA256_HEX - 1 || strspn(id, "0123456789abcdef") != SHA256_HEX - 1)
		return err_set(err, -ENOENT, "'%.80s' is no cell: those have 64 hexadecimal digits", id);
	if (!file_exists(path))
		return err_set(err, -ENOENT, "there is no cell %.12s in %s/.cells", id, path_results());
	ret = file_read(path, &text, err);
	if (ret)
		return ret;
	spec = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
	ret = spec ? experiment_from_spec(spec, out, err) :
		     err_set(err, -EBADMSG, "%s is no JSON", path);
	json_decref(spec);
	if (!ret && strcmp(out->exp[0].id, id)) {
		experiments_release(out);
		ret = err_set(err, -EBADMSG, "%s is not what its name says: it was changed", path);
	}
	return ret;
}

/* Whoever is at the same cell is waited for; the lock goes with its process. */
static int lock_cell(const char *id, int *fd, struct err *err)
{
	cleanup_free char *path = cell_path(id, "lock");

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (*fd < 0 || flock(*fd, LOCK_EX))
		return err_sys(err, -errno, "cannot lock %s", path);
	return 0;
}

static bool is_done(const char *id)
{
	char *real = xstrdup(path_results());
	bool done = store_has(id);

	if (!done) {
		spool_enter();
		done = store_has(id);
		path_set_results(real);
	}
	free(real);
	return done;
}

/* Each machine has a spool of its own: what a dead process left is told by its number, which is the machine's. */
void spool_enter(void)
{
	char host[HOST_NAME_MAX + 1] = "";
	cleanup_free char *dir = NULL;

	gethostname(host, sizeof(host) - 1);
	dir = xasprintf("%s/.spool/%s", path_results(), host);
	path_set_results(dir);
}

static int run_in_spool(struct experiments *exps, const struct run_opts *opts, enum status *status,
			struct err *err)
{
	cleanup_free char *real = xstrdup(path_results());
	int ret;

	spool_enter();
	ret = experiments_run(exps, opts, err);
	path_set_results(real);
	*status = exps->exp[0].status;
	if (!ret && !status_final(*status))
		ret = err_set(err, -EIO, "the host failed, not the kernel: %s%s%s", status_name(*status),
			      exps->exp[0].reason ? ": " : "", exps->exp[0].reason ? exps->exp[0].reason : "");
	return ret;
}

int cell_run(const char *id, const struct run_opts *opts, enum status *status, struct err *err)
{
	struct experiments exps;
	cleanup_fd int lock = -1;
	int ret;

	*status = STATUS_DONE;
	if (is_done(id))
		return 0;
	ret = open_cell(id, &exps, err);
	if (ret)
		return ret;
	ret = lock_cell(id, &lock, err);
	if (!ret && !is_done(id))
		ret = run_in_spool(&exps, opts, status, err);
	experiments_release(&exps);
	return ret;
}

struct canary {
	char *hex;
	bool ran;
};

static void hash_result(const struct experiment *exp, const struct result *result, void *ctx)
{
	struct canary *canary = ctx;
	cleanup_buf struct buf text = {0};

	if (!status_final(exp->status))
		return;
	json_canonical(result->result, &text);
	sha256_buf(text.data, text.len, canary->hex);
	canary->ran = true;
}

int cell_canary(const char *id, const struct run_opts *opts, char hex[SHA256_HEX], struct err *err)
{
	struct canary canary = {.hex = hex};
	struct run_opts run = *opts;
	struct experiments exps;
	enum status status;
	int ret = open_cell(id, &exps, err);

	if (ret)
		return ret;
	run.keep_nothing = true;
	run.finished = hash_result;
	run.ctx = &canary;
	ret = run_in_spool(&exps, &run, &status, err);
	experiments_release(&exps);
	return ret || canary.ran ? ret : err_set(err, -EIO, "the canary did not run");
}
