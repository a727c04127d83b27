// SPDX-License-Identifier: GPL-2.0-only
#include "result/store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/zstd.h"
#include "wire/wire.h"

#define FAILED_DIR ".failed"
#define ID_PREFIX_MIN 4

void json_canonical(const json_t *json, struct buf *out)
{
	char *text = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(1));

	buf_adds(out, text ? text : "null");
	buf_adds(out, "\n");
	free(text);
}

void result_release(struct result *r)
{
	json_decref(r->spec);
	json_decref(r->result);
	json_decref(r->host);
	buf_release(&r->records);
	buf_release(&r->console);
	buf_release(&r->evidence);
	buf_release(&r->policy_log);
	buf_release(&r->counts);
	free(r->vmcore);
	memset(r, 0, sizeof(*r));
}

static bool is_id(const char *s)
{
	return strlen(s) == SHA256_HEX - 1 && strspn(s, "0123456789abcdef") == SHA256_HEX - 1;
}

char *store_path(const char *id)
{
	return xasprintf("%s/%s", path_results(), id);
}

bool store_has(const char *id)
{
	cleanup_free char *file = xasprintf("%s/%s/result.json", path_results(), id);

	return file_exists(file);
}

static int write_in(const char *dir, const char *name, const struct buf *data, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);

	return file_write(path, buf_str(data), data->len, err);
}

static int write_json(const char *dir, const char *name, const json_t *json, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (!json)
		return 0;
	json_canonical(json, &text);
	return write_in(dir, name, &text, err);
}

int store_add(const char *id, const char *name, const struct buf *data, struct err *err)
{
	cleanup_free char *dir = store_path(id);

	return write_in(dir, name, data, err);
}

static int move_vmcore(const char *from, const char *dir, struct err *err)
{
	cleanup_free char *to = xasprintf("%s/vmcore", dir);

	/* It was the emulator's user's. */
	if (rename(from, to) || (!geteuid() && chown(to, 0, 0)))
		return err_sys(err, -errno, "cannot keep %s", to);
	return 0;
}

int store_vmcore(const char *id, const char *file, struct err *err)
{
	cleanup_free char *dir = store_path(id);

	return move_vmcore(file, dir, err);
}

static int write_evidence(const char *dir, const struct result *r, struct err *err)
{
	int ret = r->evidence.len ? write_in(dir, "evidence.txt", &r->evidence, err) : 0;

	return ret || !r->vmcore ? ret : move_vmcore(r->vmcore, dir, err);
}

static int write_records(const char *dir, const struct buf *records, struct err *err)
{
	cleanup_buf struct buf packed = {0};
	int ret = zstd_pack(buf_str(records), records->len, &packed, err);

	return ret ? ret : write_in(dir, "records.zst", &packed, err);
}

static int write_all(const char *dir, const struct result *r, struct err *err)
{
	int ret = dir_make(dir, err);

	if (!ret)
		ret = write_json(dir, "spec.json", r->spec, err);
	if (!ret)
		ret = write_records(dir, &r->records, err);
	if (!ret)
		ret = write_in(dir, "console.txt", &r->console, err);
	if (!ret && r->policy_log.len)
		ret = write_in(dir, "policy.log", &r->policy_log, err);
	if (!ret)
		ret = write_evidence(dir, r, err);
	if (!ret)
		ret = write_json(dir, "host.json", r->host, err);
	if (!ret)
		ret = write_json(dir, "result.json", r->result, err);
	return ret ? ret : dir_sync(dir, err);
}

/* Swaps the new folder with what is there, if anything. */
static int put_in_place(const char *new, const char *path, bool replace, struct err *err)
{
	int ret = 0;

	if (!renameat2(AT_FDCWD, new, AT_FDCWD, path, RENAME_NOREPLACE))
		return 0;
	if (errno != EEXIST)
		ret = -errno;
	else if (replace && renameat2(AT_FDCWD, new, AT_FDCWD, path, RENAME_EXCHANGE))
		ret = -errno;
	dir_remove(new, NULL);
	return ret ? err_sys(err, ret, "cannot write %s", path) : 0;
}

static int save_as(const char *path, const char *name, const struct result *r, bool replace,
		   struct err *err)
{
	cleanup_free char *new = xasprintf("%s/.run-%.12s-%d.new", path_results(), name,
					   (int)getpid());
	int ret;

	dir_remove(new, NULL);
	ret = write_all(new, r, err);
	if (ret) {
		dir_remove(new, NULL);
		return ret;
	}
	ret = put_in_place(new, path, replace, err);
	return ret ? ret : dir_sync(path_results(), err);
}

int store_save(const char *id, const struct result *r, bool replace, struct err *err)
{
	cleanup_free char *path = store_path(id);

	return save_as(path, id, r, replace, err);
}

int store_adopt(const char *from, const char *id, struct err *err)
{
	cleanup_free char *path = store_path(id);
	int ret = put_in_place(from, path, false, err);

	return ret ? ret : dir_sync(path_results(), err);
}

int store_save_failed(const char *id, const struct result *r, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/" FAILED_DIR, path_results());
	cleanup_free char *path = xasprintf("%s/%s", dir, id);
	int ret = dir_make(dir, err);

	return ret ? ret : save_as(path, id, r, true, err);
}

static int load_json(const char *id, const char *name, json_t **out, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s/%s", path_results(), id, name);
	cleanup_buf struct buf text = {0};
	json_error_t jerr;
	int ret = file_read(path, &text, err);

	if (ret)
		return ret;
	*out = json_loadb(buf_str(&text), text.len, JSON_REJECT_DUPLICATES, &jerr);
	if (!json_is_object(*out))
		return err_set(err, -EBADMSG, "%s:%d: %s", path, jerr.line, jerr.text);
	return 0;
}

int store_load(const char *id, struct result *out, struct err *err)
{
	int ret;

	memset(out, 0, sizeof(*out));
	ret = load_json(id, "spec.json", &out->spec, err);
	if (!ret)
		ret = load_json(id, "result.json", &out->result, err);
	/* Facts of a host may be missing: whoever hands results on need not tell them. */
	if (!ret && load_json(id, "host.json", &out->host, NULL))
		out->host = json_object();
	if (ret)
		result_release(out);
	return ret;
}

int store_records(const char *id, struct buf *out, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s/records.zst", path_results(), id);
	cleanup_free char *plain = xasprintf("%s/%s/records.bin", path_results(), id);
	cleanup_buf struct buf packed = {0};
	int ret;

	if (!file_exists(path) && file_exists(plain))
		return file_read(plain, out, err);
	ret = file_read(path, &packed, err);
	if (ret)
		return ret;
	ret = zstd_unpack(buf_str(&packed), packed.len, WIRE_REGION_MAX, out, err);
	return ret ? err_prefix(err, ret, "%s", path) : 0;
}

static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

double store_cost(const char *id)
{
	struct result r;
	double cpu;

	if (store_load(id, &r, NULL))
		return 0;
	cpu = json_number_value(json_object_get(r.host, "cpu_seconds"));
	result_release(&r);
	return cpu;
}

int store_ids(char ***ids, struct err *err)
{
	DIR *dir = opendir(path_results());
	struct dirent *e;
	size_t n = 0;

	*ids = xcalloc(1, sizeof(**ids));
	if (!dir)
		return errno == ENOENT ? 0 : err_sys(err, -errno, "cannot read %s", path_results());
	while ((e = readdir(dir))) {
		if (!is_id(e->d_name) || !store_has(e->d_name))
			continue;
		*ids = xrealloc(*ids, n + 2, sizeof(**ids));
		(*ids)[n++] = xstrdup(e->d_name);
		(*ids)[n] = NULL;
	}
	closedir(dir);
	qsort(*ids, n, sizeof(**ids), cmp_str);
	return 0;
}

void store_ids_free(char **ids)
{
	size_t i;

	for (i = 0; ids && ids[i]; i++)
		free(ids[i]);
	free(ids);
}

int store_find(const char *prefix, char id[SHA256_HEX], struct err *err)
{
	char **ids;
	size_t i, found = 0;
	int ret;

	if (strlen(prefix) < ID_PREFIX_MIN)
		return err_set(err, -EINVAL, "'%s': give at least %d digits of an id", prefix,
			       ID_PREFIX_MIN);
	ret = store_ids(&ids, err);
	for (i = 0; !ret && ids[i]; i++)
		if (!strncmp(ids[i], prefix, strlen(prefix)) && !found++)
			memcpy(id, ids[i], SHA256_HEX);
	store_ids_free(ids);
	if (!ret && !found)
		ret = err_set(err, -ENOENT, "no result in %s has an id that starts with '%s'",
			      path_results(), prefix);
	if (!ret && found > 1)
		ret = err_set(err, -ENOTUNIQ, "%zu results have an id that starts with '%s'", found,
			      prefix);
	return ret;
}

int store_scratch(const char *id, char **out, struct err *err)
{
	static unsigned int nr;
	char *dir = xasprintf("%s/.run-%.12s-%d-%u", path_results(), id, (int)getpid(), nr++);
	int ret = dir_make(path_results(), err);

	if (!ret)
		ret = dir_remove(dir, err);
	if (!ret && mkdir(dir, 0755))
		ret = err_sys(err, -errno, "cannot make folder %s", dir);
	*out = ret ? NULL : dir;
	if (ret)
		free(dir);
	return ret;
}

/* ".run-<12 digits>-<pid>..." of a process that is no more. */
bool store_run_is_dead(const char *name)
{
	const char *dash;
	pid_t pid;

	if (strncmp(name, ".run-", 5))
		return false;
	dash = strchr(name + 5, '-');
	if (!dash || !isdigit((unsigned char)dash[1]))
		return false;
	pid = (pid_t)strtol(dash + 1, NULL, 10);
	return pid > 0 && kill(pid, 0) && errno == ESRCH;
}

void store_clean(void)
{
	DIR *dir = opendir(path_results());
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		cleanup_free char *path = xasprintf("%s/%s", path_results(), e->d_name);

		if (store_run_is_dead(e->d_name))
			dir_remove(path, NULL);
	}
	if (dir)
		closedir(dir);
}
