// SPDX-License-Identifier: GPL-2.0-only
#include "base/zstd.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sys/stat.h>

static int failed(struct archive *a, int code, const char *what, struct err *err)
{
	const char *why = archive_error_string(a);

	return err_set(err, code, "cannot %s: %s", what, why ? why : "libarchive failed");
}

static la_ssize_t to_buf(struct archive *a, void *out, const void *bytes, size_t len)
{
	(void)a;
	buf_add(out, bytes, len);
	return (la_ssize_t)len;
}

/* One entry without a name: the raw format is its data and nothing else. */
static int write_entry(struct archive *a, const void *data, size_t len)
{
	struct archive_entry *e = archive_entry_new();
	int ret = ARCHIVE_FATAL;

	if (!e)
		return ret;
	archive_entry_set_filetype(e, S_IFREG);
	ret = archive_write_header(a, e);
	if (ret == ARCHIVE_OK && len && archive_write_data(a, data, len) != (la_ssize_t)len)
		ret = ARCHIVE_FATAL;
	archive_entry_free(e);
	return ret;
}

int zstd_pack(const void *data, size_t len, struct buf *out, struct err *err)
{
	struct archive *a = archive_write_new();
	int ret = 0;

	if (!a)
		return err_sys(err, -ENOMEM, "cannot compress");
	/* Only the library itself: one that would start a program is not what was built with. */
	if (archive_write_set_format_raw(a) != ARCHIVE_OK ||
	    archive_write_add_filter_zstd(a) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
	    archive_write_open(a, out, NULL, to_buf, NULL) != ARCHIVE_OK ||
	    write_entry(a, data, len) != ARCHIVE_OK || archive_write_close(a) != ARCHIVE_OK)
		ret = failed(a, -EIO, "compress", err);
	archive_write_free(a);
	return ret;
}

static int read_entry(struct archive *a, size_t max, struct buf *out, struct err *err)
{
	char chunk[65536];
	size_t sum = 0;
	la_ssize_t n;

	while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0) {
		if ((size_t)n > max - sum)
			return err_set(err, -EFBIG, "it unpacks to more than %zu bytes", max);
		sum += (size_t)n;
		buf_add(out, chunk, (size_t)n);
	}
	return n ? failed(a, -EBADMSG, "uncompress", err) : 0;
}

int zstd_unpack(const void *data, size_t len, size_t max, struct buf *out, struct err *err)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	int ret = 0, head;

	if (!a)
		return err_sys(err, -ENOMEM, "cannot uncompress");
	if (archive_read_support_filter_zstd(a) != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK ||
	    archive_read_open_memory(a, data, len) != ARCHIVE_OK) {
		ret = failed(a, -EBADMSG, "uncompress", err);
	} else if (archive_filter_code(a, 0) != ARCHIVE_FILTER_ZSTD) {
		ret = err_set(err, -EBADMSG, "it is not compressed with zstd");
	} else {
		head = archive_read_next_header(a, &e);
		if (head == ARCHIVE_OK)
			ret = read_entry(a, max, out, err);
		else if (head != ARCHIVE_EOF)
			ret = failed(a, -EBADMSG, "uncompress", err);
	}
	archive_read_free(a);
	return ret;
}
