// SPDX-License-Identifier: GPL-2.0-only
#include "layer/layer.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/conf.h"
#include "base/path.h"
#include "base/proc.h"
#include "kernel/apt.h"
#include "layer/pick.h"

/* Of what a configuration is made into: another number makes all layers anew. */
#define LAYER_FORMAT 2

#define BUILD_TIMEOUT_MS (30 * 60 * 1000)
#define WORDS_MAX 64

struct layer_conf {
	struct conf conf;
	char *dir; /* of the file */
	char *title, *suite, *packages, *files, *without, *build;
	char key[SHA256_HEX];
};

static const struct conf_key layer_keys[] = {
	{"title", CONF_STR, offsetof(struct layer_conf, title), "one line", NULL, 0, 0, true},
	{"suite", CONF_STR, offsetof(struct layer_conf, suite), "where packages come from", NULL, 0,
	 0, true},
	{"packages", CONF_STR, offsetof(struct layer_conf, packages), "blank-separated", NULL, 0, 0,
	 true},
	{"files", CONF_STR, offsetof(struct layer_conf, files), "blank-separated", NULL, 0, 0, true},
	{"without", CONF_STR, offsetof(struct layer_conf, without), "libraries to stand in for",
	 NULL, 0, 0, false},
	{"build", CONF_STR, offsetof(struct layer_conf, build), "a script that makes more files",
	 NULL, 0, 0, false},
};

/* Cuts a list into words, in place. */
static int words(char *list, char *word[WORDS_MAX + 1], struct err *err)
{
	size_t n = 0;
	char *w;

	while ((w = strsep(&list, " \t")))
		if (*w && n < WORDS_MAX)
			word[n++] = w;
		else if (*w)
			return err_set(err, -E2BIG, "a list of the layer has over %d words",
				       WORDS_MAX);
	word[n] = NULL;
	return 0;
}

static void conf_free(struct layer_conf *c)
{
	free(c->dir);
	free(c->title);
	free(c->suite);
	free(c->packages);
	free(c->files);
	free(c->without);
	free(c->build);
	conf_release(&c->conf);
}

static char *script_path(const struct layer_conf *c)
{
	return xasprintf("%s/%s", c->dir, c->build);
}

/* What the layer is made of decides what it is called in the cache; a title does not. */
static int set_key(struct layer_conf *c, struct err *err)
{
	cleanup_buf struct buf text = {0};
	size_t i, k;
	int ret = 0;

	buf_printf(&text, "wringer layer %d\n", LAYER_FORMAT);
	for (i = 0; i < c->conf.nr_sections; i++)
		for (k = 0; k < c->conf.section[i].nr_entries; k++)
			if (strcmp(c->conf.section[i].entry[k].key, "title"))
				buf_printf(&text, "%s %s=%s\n", c->conf.section[i].name,
					   c->conf.section[i].entry[k].key,
					   c->conf.section[i].entry[k].value);
	if (*c->build) {
		cleanup_free char *script = script_path(c);

		ret = file_read(script, &text, err);
	}
	sha256_buf(buf_str(&text), text.len, c->key);
	return ret;
}

static void take_links(struct layer_conf *c)
{
	struct conf_section *links = conf_section(&c->conf, "links", "");
	size_t i;

	for (i = 0; links && i < links->nr_entries; i++)
		links->entry[i].used = true;
}

static int conf_read(struct layer_conf *c, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct conf_section *sec;
	int ret;

	*c = (struct layer_conf){.suite = xstrdup(""), .without = xstrdup(""), .build = xstrdup("")};
	c->dir = slash ? xasprintf("%.*s", (int)(slash - path), path) : xstrdup(".");
	ret = conf_load(&c->conf, path, NULL, err);
	if (ret)
		return ret;
	sec = conf_section(&c->conf, "layer", "");
	if (!sec)
		return err_set(err, -EINVAL, "%s: there is no [layer] section", path);
	ret = conf_bind(&c->conf, sec, layer_keys, ARRAY_SIZE(layer_keys), c, err);
	take_links(c);
	if (!ret && strchr(c->build, '/'))
		ret = err_set(err, -EINVAL, "%s: build is a file of the same folder", path);
	if (!ret)
		ret = conf_unused(&c->conf, err);
	return ret ? ret : set_key(c, err);
}

/* A layer being made. */
struct making {
	struct layer_conf *conf;
	const char *name;
	char *dir; /* packages, and what is built of them */
	struct tree tree;
	json_t *packages;
	json_t *missing;
};

static int fetch(struct making *m, struct err *err)
{
	cleanup_free char *list = xstrdup(m->conf->packages);
	char *word[WORDS_MAX + 1], *full[WORDS_MAX + 1];
	size_t n;
	int ret = words(list, word, err);

	if (ret)
		return ret;
	for (n = 0; word[n]; n++)
		full[n] = strpbrk(word[n], "=/") ? xstrdup(word[n]) :
						   xasprintf("%s/%s", word[n], m->conf->suite);
	full[n] = NULL;
	ret = apt_fetch(full, m->dir, err);
	while (n)
		free(full[--n]);
	return ret;
}

static int is_deb(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && !strcmp(e->d_name + len - 4, ".deb");
}

/* A source package is for the build; its archive would only fill memory. */
static int take_package(struct making *m, const char *file, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s", m->dir, file);
	char hex[SHA256_HEX];
	int ret = sha256_file(path, hex, err);

	if (ret)
		return ret;
	json_array_append_new(m->packages, json_pack("{s:s, s:s}", "file", file, "sha256", hex));
	return strncmp(file, "linux-source-", 13) ? tree_add_deb(&m->tree, path, err) : 0;
}

static int take_packages(struct making *m, struct err *err)
{
	struct dirent **list;
	int nr = scandir(m->dir, &list, is_deb, alphasort);
	int ret = 0, i;

	if (nr < 0)
		return err_sys(err, -errno, "cannot read %s", m->dir);
	for (i = 0; i < nr; i++) {
		if (!ret)
			ret = take_package(m, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return ret;
}

/* The script's own words: a line for each thing that cannot be made on this host. */
static void take_missing(struct making *m, struct buf *said)
{
	char *rest = said->data, *line;

	while (rest && (line = strsep(&rest, "\n")))
		if (!strncmp(line, "missing ", 8))
			json_array_append_new(m->missing, json_string(line + 8));
}

static int build(struct making *m, struct err *err)
{
	cleanup_free char *out = xasprintf("%s/out", m->dir);
	cleanup_free char *script = script_path(m->conf);
	const char *const argv[] = {"sh", script, m->dir, out, NULL};
	cleanup_buf struct buf said = {0};
	int ret;

	if (!*m->conf->build)
		return 0;
	ret = dir_make(out, err);
	if (!ret)
		ret = proc_capture(argv, BUILD_TIMEOUT_MS, &said, err);
	if (ret)
		return ret;
	take_missing(m, &said);
	return tree_add_dir(&m->tree, out, err);
}

static int add_links(struct making *m, struct pick *p, struct err *err)
{
	struct conf_section *links = conf_section(&m->conf->conf, "links", "");
	size_t i;
	int ret = 0;

	for (i = 0; !ret && links && i < links->nr_entries; i++) {
		const char *key = links->entry[i].key;
		cleanup_free char *name = xasprintf("%s/%s", p->prefix, key + strspn(key, "/"));

		ret = cpio_link(p->cpio, name, links->entry[i].value, err);
	}
	return ret;
}

static int pick_all(struct making *m, struct pick *p, struct err *err)
{
	cleanup_free char *files = xstrdup(m->conf->files);
	cleanup_free char *without = xstrdup(m->conf->without);
	char *file[WORDS_MAX + 1], *library[WORDS_MAX + 1];
	size_t i;
	int ret = words(files, file, err);

	if (!ret)
		ret = words(without, library, err);
	p->without = library;
	for (i = 0; !ret && file[i]; i++)
		ret = pick_file(p, file[i], err);
	if (!ret)
		ret = pick_stand_ins(p, err);
	return ret ? ret : add_links(m, p, err);
}

static char *cache_file(const char *key, const char *ending)
{
	return xasprintf("%s/layers/%s.%s", path_cache(), key, ending);
}

/* The archive first: what tells of it is only there when it is. */
static int store(const struct making *m, const struct cpio *cpio, size_t nr_files, struct err *err)
{
	cleanup_free char *archive = cache_file(m->conf->key, "cpio");
	cleanup_free char *about = cache_file(m->conf->key, "json");
	cleanup_free char *dir = xasprintf("%s/layers", path_cache());
	char hex[SHA256_HEX], *text;
	json_t *json;
	int ret = dir_make(dir, err);

	sha256_buf(cpio->bytes.data, cpio->bytes.len, hex);
	json = json_pack("{s:s, s:s, s:I, s:I, s:O, s:O}", "name", m->name, "id", hex, "bytes",
			 (json_int_t)cpio->bytes.len, "files", (json_int_t)nr_files, "packages",
			 m->packages, "missing", m->missing);
	text = json ? json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
	if (!text)
		ret = err_set(err, -EINVAL, "the layer's packages have names that are no text");
	if (!ret)
		ret = file_write(archive, cpio->bytes.data, cpio->bytes.len, err);
	if (!ret)
		ret = file_write(about, text, strlen(text), err);
	free(text);
	json_decref(json);
	return ret;
}

static int assemble(struct making *m, struct err *err)
{
	cleanup_free char *prefix = xasprintf("layers/%s", m->name);
	struct cpio cpio;
	struct pick p = {.tree = &m->tree, .cpio = &cpio, .prefix = prefix};
	int ret = cpio_start(&cpio, err);

	if (!ret)
		ret = pick_all(m, &p, err);
	if (!ret)
		ret = cpio_finish(&cpio, err);
	if (!ret)
		ret = store(m, &cpio, p.nr_files, err);
	pick_release(&p);
	cpio_release(&cpio);
	return ret;
}

static int make_in(struct making *m, struct err *err)
{
	int ret = fetch(m, err);

	if (!ret)
		ret = take_packages(m, err);
	if (!ret)
		ret = build(m, err);
	return ret ? ret : assemble(m, err);
}

static int make(struct layer_conf *conf, const char *name, struct err *err)
{
	struct making m = {.conf = conf, .name = name, .packages = json_array(),
			   .missing = json_array()};
	int ret = dir_make(path_cache(), err);

	m.dir = xasprintf("%s/layer.XXXXXX", path_cache());
	if (!ret && !mkdtemp(m.dir))
		ret = err_sys(err, -errno, "cannot make the folder %s", m.dir);
	if (!ret) {
		ret = make_in(&m, err);
		dir_remove(m.dir, NULL);
	}
	free(m.dir);
	tree_release(&m.tree);
	json_decref(m.packages);
	json_decref(m.missing);
	return ret;
}

/* From the cache, if it is there and what it says it is. */
static int load(const char *key, struct layer *out)
{
	cleanup_free char *about = cache_file(key, "json");
	char hex[SHA256_HEX];
	const char *id;

	cache_hold();
	cache_used(about);
	out->path = cache_file(key, "cpio");
	out->about = file_exists(about) ? json_load_file(about, 0, NULL) : NULL;
	id = json_string_value(json_object_get(out->about, "id"));
	if (id && !sha256_file(out->path, hex, NULL) && !strcmp(id, hex))
		return 0;
	layer_release(out);
	return -ENOENT;
}

static bool name_ok(const char *name)
{
	return *name && strlen(name) <= 40 &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_")];
}

static int open_conf(struct layer_conf *conf, const char *name, void (*say)(const char *line),
		     struct layer *out, struct err *err)
{
	cleanup_free char *line = xasprintf("making layer %s of packages from %s", name,
					    conf->suite);
	int ret = load(conf->key, out);

	if (ret) {
		if (say)
			say(line);
		ret = make(conf, name, err);
		if (!ret && load(conf->key, out))
			ret = err_set(err, -EIO, "it is not in the cache after it was made");
	}
	return ret ? err_prefix(err, ret, "layer %s", name) : 0;
}

int layer_open(const char *name, void (*say)(const char *line), struct layer *out, struct err *err)
{
	cleanup_free char *path = strchr(name, '/') ?
					  xstrdup(name) :
					  xasprintf("%s/layers/%s.conf", path_data(), name);
	cleanup_free char *base = conf_name(path);
	struct layer_conf conf;
	int ret;

	*out = (struct layer){0};
	if (!file_exists(path))
		return err_set(err, -ENOENT, "there is no layer '%s' (%s)", name, path);
	if (!name_ok(base))
		return err_set(err, -EINVAL,
			       "a layer's file has a name of small letters, digits, - and _, not %s",
			       base);
	ret = conf_read(&conf, path, err);
	if (!ret)
		ret = open_conf(&conf, base, say, out, err);
	conf_free(&conf);
	if (!ret)
		out->name = xstrdup(base);
	return ret;
}

void layer_release(struct layer *layer)
{
	free(layer->name);
	free(layer->path);
	json_decref(layer->about);
	*layer = (struct layer){0};
}
