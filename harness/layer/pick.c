// SPDX-License-Identifier: GPL-2.0-only
/* Which of the packages' files go into a layer: what is asked for, and the libraries it needs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "layer/pick.h"

/* Where the dynamic linker looks by itself, and so where we do. */
static const char *const library_dirs[] = {"usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu",
					   "usr/lib", "lib"};
#define LIBRARY_DIR "lib/x86_64-linux-gnu"

static bool has(char *const *list, size_t nr, const char *word)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(list[i], word))
			return true;
	return false;
}

static bool is_left_out(const struct pick *p, const char *library)
{
	size_t i;

	for (i = 0; p->without[i]; i++)
		if (!strcmp(p->without[i], library))
			return true;
	return false;
}

static void note_symbols(struct pick *p, const struct elf *elf)
{
	size_t i;

	for (i = 0; i < elf->nr_symbols; i++) {
		const struct elf_symbol *s = &elf->symbol[i];

		if (!s->defined && s->weak)
			continue;
		p->symbol = xrealloc(p->symbol, p->nr_symbols + 1, sizeof(*p->symbol));
		p->symbol[p->nr_symbols++] = (struct pick_symbol){s->name, s->defined};
	}
}

static int put(struct pick *p, const char *name, const struct tree_file *f, struct err *err)
{
	cleanup_free char *full = xasprintf("%s/%s", p->prefix, name);

	p->nr_files++;
	return cpio_add(p->cpio, full, f->mode & 0777, f->data.data, f->data.len, err);
}

static int add_file(struct pick *p, const char *name, const struct tree_file *f, struct err *err);

static int add_library(struct pick *p, const char *library, const char *who, struct err *err)
{
	cleanup_free char *name = xasprintf(LIBRARY_DIR "/%s", library);
	const struct tree_file *f = NULL;
	size_t i;

	if (strchr(library, '/') || is_left_out(p, library) || has(p->name, p->nr_names, name))
		return 0;
	for (i = 0; !f && i < ARRAY_SIZE(library_dirs); i++) {
		cleanup_free char *path = xasprintf("%s/%s", library_dirs[i], library);

		f = tree_find(p->tree, path);
	}
	if (f)
		return add_file(p, name, f, err);
	return err_set(err, -ENOENT,
		       "%s needs %s, which is in none of the layer's packages: add the one that has "
		       "it to packages, or the library to without if it is never called",
		       who, library);
}

/* The dynamic linker goes to where programs look for it. */
static int add_interp(struct pick *p, const char *interp, const char *who, struct err *err)
{
	const char *name = interp + strspn(interp, "/");
	const struct tree_file *f;

	if (has(p->name, p->nr_names, name))
		return 0;
	f = tree_find(p->tree, name);
	if (!f)
		return err_set(err, -ENOENT, "%s needs %s: add libc6 to the layer's packages", who,
			       interp);
	return add_file(p, name, f, err);
}

static int add_needs(struct pick *p, const char *name, const struct tree_file *f, struct err *err)
{
	struct elf elf;
	size_t i;
	int ret = 0;

	if (elf_read(&f->data, &elf))
		return 0;
	note_symbols(p, &elf);
	if (elf.interp)
		ret = add_interp(p, elf.interp, name, err);
	for (i = 0; !ret && i < elf.nr_needed; i++)
		ret = add_library(p, elf.needed[i], name, err);
	elf_release(&elf);
	return ret;
}

static int add_file(struct pick *p, const char *name, const struct tree_file *f, struct err *err)
{
	int ret;

	if (has(p->name, p->nr_names, name))
		return 0;
	p->name = xrealloc(p->name, p->nr_names + 1, sizeof(*p->name));
	p->name[p->nr_names++] = xstrdup(name);
	ret = put(p, name, f, err);
	return ret ? ret : add_needs(p, name, f, err);
}

static int add_folder(struct pick *p, const char *folder, struct err *err)
{
	size_t i, before = p->nr_files;
	int ret = 0;

	for (i = 0; !ret && i < p->tree->nr; i++) {
		const struct tree_file *f = &p->tree->file[i];

		if (!strncmp(f->path, folder, strlen(folder)) && !f->link)
			ret = add_file(p, f->path, f, err);
	}
	if (!ret && p->nr_files == before)
		ret = err_set(err, -ENOENT, "no package of the layer has files in %s", folder);
	return ret;
}

int pick_file(struct pick *p, const char *path, struct err *err)
{
	const char *name = path + strspn(path, "/");
	const struct tree_file *f;

	if (*name && name[strlen(name) - 1] == '/') {
		/* Sorts, so that the order is always one. */
		tree_find(p->tree, name);
		return add_folder(p, name, err);
	}
	f = tree_find(p->tree, name);
	return f ? add_file(p, name, f, err) :
		   err_set(err, -ENOENT, "no package of the layer has %s", path);
}

static int by_name(const void *a, const void *b)
{
	const struct pick_symbol *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (int)y->defined - (int)x->defined;
}

/* Defined ones come first among their like, so what begins undefined is nowhere. */
static size_t find_open(struct pick *p, const char **name)
{
	size_t i, nr = 0;

	if (p->nr_symbols)
		qsort(p->symbol, p->nr_symbols, sizeof(*p->symbol), by_name);
	for (i = 0; i < p->nr_symbols; i++)
		if ((!i || strcmp(p->symbol[i].name, p->symbol[i - 1].name)) &&
		    !p->symbol[i].defined)
			name[nr++] = p->symbol[i].name;
	return nr;
}

static int put_stand_in(struct pick *p, const char *library, const char *needed,
			const char *const *name, size_t nr, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" LIBRARY_DIR "/%s", p->prefix, library);
	cleanup_buf struct buf file = {0};

	elf_stand_in(library, needed, name, nr, &file);
	return cpio_add(p->cpio, path, 0644, file.data, file.len, err);
}

/*
 * The names are in a library of their own, which the others need: the dynamic linker does not take a
 * name without a version from a library that is asked for one with a version.
 */
int pick_stand_ins(struct pick *p, struct err *err)
{
	static const char all[] = "libwringer-stand-in.so";
	const char **open = xcalloc(p->nr_symbols + 1, sizeof(*open));
	size_t nr = find_open(p, open), i;
	int ret = 0;

	for (i = 0; !ret && p->without[i]; i++)
		ret = put_stand_in(p, p->without[i], all, NULL, 0, err);
	if (!ret && i)
		ret = put_stand_in(p, all, NULL, open, nr, err);
	free(open);
	return ret;
}

void pick_release(struct pick *p)
{
	while (p->nr_names)
		free(p->name[--p->nr_names]);
	free(p->name);
	free(p->symbol);
}
