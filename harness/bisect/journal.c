// SPDX-License-Identifier: GPL-2.0-only
#include "bisect/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

/* Parses whole lines; *used: where the last of them ends. */
static int parse(struct journal *j, const struct buf *text, size_t *used, struct err *err)
{
	size_t line = 1;
	const char *at = buf_str(text), *end;

	j->all = json_array();
	for (; (end = memchr(at, '\n', text->len - (size_t)(at - buf_str(text)))); at = end + 1, line++) {
		json_t *entry = json_loadb(at, (size_t)(end - at), 0, NULL);

		if (!json_is_object(entry)) {
			json_decref(entry);
			return err_set(err, -EBADMSG,
				       "line %zu of %s is damaged; --fresh starts anew, and finds the results "
				       "that are there", line, j->path);
		}
		json_array_append_new(j->all, entry);
	}
	*used = (size_t)(at - buf_str(text));
	return 0;
}

static int read_all(int fd, const char *path, struct buf *out, struct err *err)
{
	char chunk[65536];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0 && out->len <= FILE_READ_MAX)
		buf_add(out, chunk, (size_t)n);
	if (n < 0)
		return err_sys(err, -errno, "cannot read %s", path);
	return out->len > FILE_READ_MAX ? err_set(err, -EFBIG, "%s is too large", path) : 0;
}

static int take(struct journal *j, struct err *err)
{
	if (!flock(j->fd, LOCK_EX | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err, -EBUSY, "another process is at this search (%s)", j->path);
	return err_sys(err, -errno, "cannot lock %s", j->path);
}

int journal_open(const char *path, bool write, struct journal *out, struct err *err)
{
	int fd = open(path, (write ? O_RDWR | O_CREAT | O_APPEND : O_RDONLY) | O_CLOEXEC, 0644);
	cleanup_buf struct buf text = {0};
	size_t used = 0;
	int ret;

	*out = (struct journal){.path = xstrdup(path), .fd = fd};
	ret = fd < 0 ? err_sys(err, -errno, "cannot open %s", path) : 0;
	if (!ret && write)
		ret = take(out, err);
	if (!ret)
		ret = read_all(fd, path, &text, err);
	if (!ret)
		ret = parse(out, &text, &used, err);
	if (!ret && write && used < text.len && ftruncate(fd, (off_t)used))
		ret = err_sys(err, -errno, "cannot cut the torn end off %s", path);
	if (ret) {
		journal_close(out);
	} else if (!write) {
		close(fd);
		out->fd = -1;
	}
	return ret;
}

void journal_close(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	json_decref(j->all);
	*j = JOURNAL_NONE;
}

int journal_add(struct journal *j, json_t *entry, struct err *err)
{
	char *line = entry ? json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	cleanup_buf struct buf text = {0};
	ssize_t n;

	if (!line) {
		json_decref(entry);
		return err_set(err, -EINVAL, "cannot write to %s what is no JSON", j->path);
	}
	buf_printf(&text, "%s\n", line);
	free(line);
	/* One write, so that it is torn only where the machine or the disk ends. */
	n = write(j->fd, text.data, text.len);
	if (n != (ssize_t)text.len || fdatasync(j->fd)) {
		int ret = n < 0 || (size_t)n == text.len ? -errno : -ENOSPC;

		json_decref(entry);
		return err_sys(err, ret, "cannot write %s", j->path);
	}
	json_array_append_new(j->all, entry);
	return 0;
}

static void undo(json_t *live)
{
	size_t n = json_array_size(live);

	while (n--) {
		bool step = json_object_get(json_array_get(live, n), "step") != NULL;

		/* How the search began is not undone. */
		if (json_object_get(json_array_get(live, n), "start"))
			return;
		json_array_remove(live, n);
		if (step)
			return;
	}
}

json_t *journal_live(const struct journal *j)
{
	json_t *live = json_array(), *entry;
	size_t i;

	json_array_foreach(j->all, i, entry) {
		if (json_object_get(entry, "undo"))
			undo(live);
		else
			json_array_append(live, entry);
	}
	return live;
}
