// SPDX-License-Identifier: GPL-2.0-only
#include "image/modules.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "image/image.h"

enum state { NOT_SEEN, BEING_RESOLVED, RESOLVED };

/* A module file the kernel has. */
struct entry {
	char *name;
	char *path;
	enum state state;
};

struct resolver {
	const struct kernel *kernel;
	struct entry *entry; /* sorted by name */
	size_t nr;
	struct buf builtin; /* modules.builtin, '-' replaced */
	struct module_list *out;
	size_t nr_seen;
	size_t total; /* bytes of all modules so far */
};

static void normalise(char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] == '-')
			s[i] = '_';
}

/* "a-b.ko.xz" becomes "a_b"; NULL when it is no module's file name. */
static char *module_name_of(const char *file)
{
	static const char *const ends[] = {".ko", ".ko.xz", ".ko.zst"};
	size_t len = strlen(file);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && len - n < MODULE_NAME_MAX && !strcmp(file + len - n, ends[i])) {
			char *name = xasprintf("%.*s", (int)(len - n), file);

			normalise(name, len - n);
			return name;
		}
	}
	return NULL;
}

/* Two files of one name: the path decides, so that the choice is the same everywhere. */
static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->path, y->path);
}

static void add_entry(struct resolver *r, const FTSENT *e)
{
	char *name = module_name_of(e->fts_name);

	if (!name)
		return;
	r->entry = xrealloc(r->entry, r->nr + 1, sizeof(*r->entry));
	r->entry[r->nr++] = (struct entry){.name = name, .path = xstrdup(e->fts_path)};
}

static int walk(struct resolver *r, FTS *fts, struct err *err)
{
	FTSENT *e;

	while ((errno = 0, e = fts_read(fts))) {
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
			return err_sys(err, -e->fts_errno, "cannot read %s", e->fts_path);
		if (e->fts_info == FTS_F)
			add_entry(r, e);
	}
	return errno ? err_sys(err, -errno, "cannot read the modules of kernel %s",
			       r->kernel->version)
		     : 0;
}

static int index_modules(struct resolver *r, struct err *err)
{
	cleanup_free char *dir = xasprintf("%s/modules", r->kernel->dir);
	char *roots[] = {dir, NULL};
	FTS *fts;
	int ret;

	if (!r->kernel->has_modules)
		return 0;
	/* Links below the folder ("build", "source") lead out of the kernel: not followed. */
	fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!fts)
		return err_sys(err, -errno, "cannot read %s", dir);
	ret = walk(r, fts, err);
	fts_close(fts);
	if (r->nr)
		qsort(r->entry, r->nr, sizeof(*r->entry), entry_cmp);
	return ret;
}

static int read_builtin(struct resolver *r, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/modules.builtin", r->kernel->dir);
	int ret = file_exists(path) ? file_read(path, &r->builtin, err) : 0;

	if (!ret)
		normalise(r->builtin.data, r->builtin.len);
	return ret;
}

/* A line is "kernel/fs/ext4/ext4.ko". */
static bool line_names(const char *line, size_t len, const char *name)
{
	const char *slash = memrchr(line, '/', len);
	size_t n = strlen(name);

	if (slash) {
		len -= (size_t)(slash + 1 - line);
		line = slash + 1;
	}
	return len == n + 3 && !memcmp(line, name, n) && !memcmp(line + n, ".ko", 3);
}

static bool is_builtin(const struct resolver *r, const char *name)
{
	const char *p = r->builtin.data;
	size_t left = r->builtin.len;

	while (left) {
		const char *nl = memchr(p, '\n', left);
		size_t len = nl ? (size_t)(nl - p) : left;

		if (line_names(p, len, name))
			return true;
		len += nl ? 1 : 0;
		p += len;
		left -= len;
	}
	return false;
}

/* The first entry of that name. */
static struct entry *find(const struct resolver *r, const char *name)
{
	size_t low = 0, high = r->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(r->entry[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->nr && !strcmp(r->entry[low].name, name) ? &r->entry[low] : NULL;
}

static int missing(const struct resolver *r, const char *name, const char *by, struct err *err)
{
	if (!r->nr)
		return err_set(err, -ENOENT,
			       "module %s is needed but kernel %s came without any modules: do "
			       "without devices (guest bare: no swap, files by FUSE), choose a "
			       "kernel whose modules 'wringer kernel list' shows, or give the "
			       "folder of its modules as -k BZIMAGE:MODULES",
			       name, r->kernel->version);
	if (by)
		return err_set(err, -ENOENT,
			       "module %s needs %s, which kernel %s neither has as a module nor "
			       "has built in: use a complete set of its modules",
			       by, name, r->kernel->version);
	return err_set(err, -ENOENT,
		       "kernel %s neither has a module %s nor has it built in: choose another "
		       "kernel, or leave out the device that needs it",
		       r->kernel->version, name);
}

static int read_all(struct archive *a, struct buf *out)
{
	char chunk[65536];
	la_ssize_t n;

	while ((n = archive_read_data(a, chunk, sizeof(chunk))) > 0) {
		if ((size_t)n > MODULE_SIZE_MAX - out->len)
			return -EFBIG;
		buf_add(out, chunk, (size_t)n);
	}
	return n < 0 ? -EBADMSG : 0;
}

static int open_raw(struct archive *a, const char *path)
{
	struct archive_entry *e;

	/*
	 * Only what kernels are packed with: with every filter on, libarchive may hand a file to
	 * a program of the host.  An uncompressed module passes through as it is.
	 */
	archive_read_support_filter_xz(a);
	archive_read_support_filter_zstd(a);
	archive_read_support_format_raw(a);
	if (archive_read_open_filename(a, path, 65536) != ARCHIVE_OK ||
	    archive_read_next_header(a, &e) != ARCHIVE_OK)
		return -EBADMSG;
	return 0;
}

static int unpack(const char *path, struct buf *out, struct err *err)
{
	struct archive *a = archive_read_new();
	const char *why;
	int ret;

	if (!a)
		return err_sys(err, -ENOMEM, "cannot read %s", path);
	ret = open_raw(a, path);
	if (!ret)
		ret = read_all(a, out);
	why = archive_error_string(a);
	if (ret == -EFBIG)
		err_set(err, ret, "%s holds more than %u MiB: it cannot be a kernel module", path,
			MODULE_SIZE_MAX >> 20);
	else if (ret)
		err_set(err, ret, "cannot read %s: %s", path, why ? why : "it is damaged");
	archive_read_free(a);
	return ret;
}

static int load(struct resolver *r, const struct entry *e, struct buf *data, struct buf *deps,
		struct err *err)
{
	cleanup_buf struct buf name = {0};
	int ret;

	if (r->nr_seen++ == MODULES_MAX)
		return err_set(err, -E2BIG, "more than %d modules are needed: ask for fewer",
			       MODULES_MAX);
	ret = unpack(e->path, data, err);
	if (ret)
		return ret;
	r->total += data->len;
	if (r->total > FILE_READ_MAX)
		return err_set(err, -EFBIG, "the modules hold more than %u MiB: ask for fewer",
			       FILE_READ_MAX >> 20);
	ret = module_info(data->data, data->len, &name, deps);
	if (ret)
		return err_set(err, ret, "%s is no 64-bit kernel module: fetch the kernel again",
			       e->path);
	normalise(name.data, name.len);
	if (strcmp(buf_str(&name), e->name))
		return err_set(err, -EBADMSG, "%s says it is module %s: rename the file", e->path,
			       buf_str(&name));
	return 0;
}

static int visit(struct resolver *r, const char *name, const char *by, struct err *err);

static int visit_deps(struct resolver *r, struct buf *deps, const char *by, struct err *err)
{
	char *rest = deps->data;
	char *dep;
	int ret = 0;

	if (!deps->len)
		return 0;
	normalise(deps->data, deps->len);
	while (!ret && (dep = strsep(&rest, ",")))
		if (*dep)
			ret = visit(r, dep, by, err);
	return ret;
}

/* Behind its dependencies, in the list. */
static void append(struct module_list *list, const char *name, struct buf *data)
{
	list->module = xrealloc(list->module, list->nr + 1, sizeof(*list->module));
	list->module[list->nr++] = (struct module){.name = xstrdup(name), .data = *data};
	*data = (struct buf){0};
}

static int visit(struct resolver *r, const char *name, const char *by, struct err *err)
{
	cleanup_buf struct buf data = {0};
	cleanup_buf struct buf deps = {0};
	struct entry *e;
	int ret;

	if (is_builtin(r, name))
		return 0;
	e = find(r, name);
	if (!e)
		return missing(r, name, by, err);
	if (e->state == RESOLVED)
		return 0;
	if (e->state == BEING_RESOLVED)
		return err_set(err, -ELOOP,
			       "modules %s and %s of kernel %s depend on each other, so neither "
			       "can be loaded: build the kernel's modules again",
			       name, by, r->kernel->version);
	e->state = BEING_RESOLVED;
	ret = load(r, e, &data, &deps, err);
	if (!ret)
		ret = visit_deps(r, &deps, e->name, err);
	if (ret)
		return ret;
	e->state = RESOLVED;
	append(r->out, e->name, &data);
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	size_t len = 0;

	while (module_name_char(name[len]))
		len++;
	if (!len || name[len] || len >= MODULE_NAME_MAX)
		return err_set(err, -EINVAL,
			       "'%.80s' is no module name: use letters, digits, '_' and '-'", name);
	return 0;
}

static int resolve_all(struct resolver *r, const char *const *names, struct err *err)
{
	int ret = read_builtin(r, err);

	if (!ret)
		ret = index_modules(r, err);
	for (; !ret && *names; names++) {
		cleanup_free char *name = xstrdup(*names);

		normalise(name, strlen(name));
		ret = check_name(name, err);
		if (!ret)
			ret = visit(r, name, NULL, err);
	}
	return ret;
}

int modules_resolve(const struct kernel *kernel, const char *const *names, struct module_list *out,
		    struct err *err)
{
	struct resolver r = {.kernel = kernel, .out = out};
	size_t i;
	int ret;

	*out = (struct module_list){0};
	/* Nothing is asked for: a kernel without modules will do. */
	if (!*names)
		return 0;
	ret = resolve_all(&r, names, err);
	for (i = 0; i < r.nr; i++) {
		free(r.entry[i].name);
		free(r.entry[i].path);
	}
	free(r.entry);
	buf_release(&r.builtin);
	if (ret)
		module_list_release(out);
	return ret;
}

void module_list_release(struct module_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++) {
		free(list->module[i].name);
		buf_release(&list->module[i].data);
	}
	free(list->module);
	*list = (struct module_list){0};
}
