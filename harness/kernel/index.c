// SPDX-License-Identifier: GPL-2.0-only
/* From the text of package indexes to the rungs of the ladder. */
#include "kernel/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

/* The packages a kernel's files are spread over. */
enum kind {
	IMAGE,           /* boot/vmlinuz, config, modules */
	IMAGE_UNSIGNED,  /* the same before it was signed */
	BINARY,          /* vmlinuz, in boot/ or below the modules folder */
	BINARY_UNSIGNED, /* vmlinuz.unsigned */
	BASE,            /* config, modules.builtin */
	MODULES,
	NR_KINDS,
};

#define BIT(kind) (1u << (kind))

static const struct kind_name {
	const char *prefix;
	const char *suffix;
} kind_names[NR_KINDS] = {
	[IMAGE] = {"linux-image-", "-cloud-amd64"},
	[IMAGE_UNSIGNED] = {"linux-image-", "-cloud-amd64-unsigned"},
	[BINARY] = {"linux-binary-", "-cloud-amd64"},
	[BINARY_UNSIGNED] = {"linux-binary-unsigned-", "-cloud-amd64"},
	[BASE] = {"linux-base-", "-cloud-amd64"},
	[MODULES] = {"linux-modules-", "-cloud-amd64"},
};

/*
 * The five ways in which Debian packages or packaged them, best first.  6.1 to 6.18 are one
 * package; up to 7.1 the modules are in a package that the index has lost; then they are spread
 * over three. A version whose signed package is not there (yet, or any more) is had from the
 * unsigned one.
 */
static const struct packaging {
	const char *name;
	unsigned int needs;
	unsigned int takes;
} packagings[] = {
	{"image", BIT(IMAGE), BIT(IMAGE)},
	{"split", BIT(BINARY) | BIT(MODULES), BIT(BINARY) | BIT(BASE) | BIT(MODULES)},
	{"binary", BIT(BINARY), BIT(BINARY) | BIT(BASE)},
	{"split-unsigned", BIT(BINARY_UNSIGNED), BIT(BINARY_UNSIGNED) | BIT(BASE) | BIT(MODULES)},
	{"image-unsigned", BIT(IMAGE_UNSIGNED), BIT(IMAGE_UNSIGNED)},
};

/* Packages with an image are at least some megabytes; smaller ones only depend on others. */
#define IMAGE_SIZE_MIN (1u << 20)

/* All packages of one version. */
struct set {
	char *version;
	char *abi;
	char *suite;
	char *name[NR_KINDS];
	uint64_t size[NR_KINDS];
};

struct sets {
	struct set *set;
	size_t nr;
};

struct stanza {
	char *package;
	char *version;
	char *suite;
	uint64_t size;
};

/* The next line without its end, or NULL. */
static const char *next_line(const char **at, const char *end, size_t *len)
{
	const char *line = *at;
	const char *nl;

	if (line >= end)
		return NULL;
	nl = memchr(line, '\n', (size_t)(end - line));
	*len = (size_t)((nl ? nl : end) - line);
	*at = nl ? nl + 1 : end;
	return line;
}

/* The value when the line is "Name: value", else NULL. */
static char *line_value(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	if (len <= n + 2 || memcmp(line, name, n) || memcmp(line + n, ": ", 2))
		return NULL;
	return strndup(line + n + 2, len - n - 2);
}

/* Values end up as arguments of apt-get and on terminals. */
static bool valid(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.+~:-";

	return s && *s && strspn(s, chars) == strlen(s) && strlen(s) < 256;
}

static void stanza_release(struct stanza *st)
{
	free(st->package);
	free(st->version);
	free(st->suite);
	memset(st, 0, sizeof(*st));
}

static void set_once(char **field, char *value)
{
	if (!value)
		return;
	if (*field)
		free(value);
	else
		*field = value;
}

static void stanza_line(struct stanza *st, const char *line, size_t len)
{
	cleanup_free char *size = line_value(line, len, "Size");

	set_once(&st->package, line_value(line, len, "Package"));
	set_once(&st->version, line_value(line, len, "Version"));
	set_once(&st->suite, line_value(line, len, "Suite"));
	if (size && parse_u64(size, &st->size))
		st->size = 0;
}

/* Reads up to the next empty line; false at the end. */
static bool next_stanza(const char **at, const char *end, struct stanza *st)
{
	const char *line;
	size_t len;

	stanza_release(st);
	while ((line = next_line(at, end, &len))) {
		if (len)
			stanza_line(st, line, len);
		else if (st->package)
			return true;
	}
	return st->package != NULL;
}

/* The ABI name between prefix and suffix ("6.12.107+deb13"), or NULL if it is not that kind. */
static char *match_kind(const char *name, const struct kind_name *kind)
{
	size_t len = strlen(name);
	size_t pre = strlen(kind->prefix);
	size_t suf = strlen(kind->suffix);

	if (len <= pre + suf || strncmp(name, kind->prefix, pre))
		return NULL;
	if (strcmp(name + len - suf, kind->suffix))
		return NULL;
	if (name[pre] < '0' || name[pre] > '9')
		return NULL;
	return strndup(name + pre, len - pre - suf);
}

static enum kind kind_of(const struct stanza *st, char **abi)
{
	unsigned int i;

	for (i = 0; i < NR_KINDS; i++) {
		*abi = match_kind(st->package, &kind_names[i]);
		if (*abi)
			break;
	}
	if (i <= BINARY_UNSIGNED && st->size < IMAGE_SIZE_MIN) {
		free(*abi);
		*abi = NULL;
		i = NR_KINDS;
	}
	return (enum kind)i;
}

static void filter_stanza(const char *from, const char *end, const char *suite, struct buf *out)
{
	struct stanza st = {0};
	char *abi = NULL;

	next_stanza(&from, end, &st);
	if (valid(st.package) && valid(st.version) && kind_of(&st, &abi) != NR_KINDS)
		buf_printf(out, "Package: %s\nVersion: %s\nSize: %llu\nSuite: %s\n\n", st.package,
			   st.version, (unsigned long long)st.size, suite);
	free(abi);
	stanza_release(&st);
}

/* An index has some hundred megabytes: skip what cannot be a kernel without taking it apart. */
void index_filter(const char *text, size_t len, const char *suite, struct buf *out)
{
	static const char first[] = "Package: linux-";
	const char *end = text + len;
	const char *next;

	for (; text < end; text = next) {
		next = memmem(text, (size_t)(end - text), "\n\n", 2);
		next = next ? next + 2 : end;
		if ((size_t)(next - text) > sizeof(first) &&
		    !memcmp(text, first, sizeof(first) - 1))
			filter_stanza(text, next, suite, out);
	}
}

static struct set *find_set(struct sets *sets, const struct stanza *st, const char *abi)
{
	struct set *set;
	size_t i;

	for (i = 0; i < sets->nr; i++)
		if (!strcmp(sets->set[i].version, st->version) && !strcmp(sets->set[i].abi, abi))
			return &sets->set[i];
	sets->set = xrealloc(sets->set, sets->nr + 1, sizeof(*sets->set));
	set = &sets->set[sets->nr++];
	memset(set, 0, sizeof(*set));
	set->version = xstrdup(st->version);
	set->abi = xstrdup(abi);
	set->suite = xstrdup(valid(st->suite) ? st->suite : "unknown");
	return set;
}

static void add_stanza(struct sets *sets, const struct stanza *st)
{
	cleanup_free char *abi = NULL;
	struct set *set;
	enum kind kind;

	if (!valid(st->package) || !valid(st->version))
		return;
	kind = kind_of(st, &abi);
	if (kind == NR_KINDS)
		return;
	set = find_set(sets, st, abi);
	if (set->name[kind])
		return;
	set->name[kind] = xstrdup(st->package);
	set->size[kind] = st->size;
}

static void sets_release(struct sets *sets)
{
	size_t i;
	int k;

	for (i = 0; i < sets->nr; i++) {
		free(sets->set[i].version);
		free(sets->set[i].abi);
		free(sets->set[i].suite);
		for (k = 0; k < NR_KINDS; k++)
			free(sets->set[i].name[k]);
	}
	free(sets->set);
}

static const struct packaging *choose(const struct set *set)
{
	unsigned int have = 0;
	size_t i;
	int k;

	for (k = 0; k < NR_KINDS; k++)
		if (set->name[k])
			have |= BIT(k);
	for (i = 0; i < ARRAY_SIZE(packagings); i++)
		if ((have & packagings[i].needs) == packagings[i].needs)
			return &packagings[i];
	return NULL;
}

/* "6.12.94-1~bpo12+1" is version 6.12.94. */
static char *upstream(const char *package)
{
	const char *colon = strchr(package, ':');
	const char *from = colon ? colon + 1 : package;
	const char *dash = strrchr(from, '-');

	return strndup(from, dash ? (size_t)(dash - from) : strlen(from));
}

static void make_rung(struct rung *rung, const struct set *set, const struct packaging *packaging)
{
	size_t n = 0;
	int k;

	memset(rung, 0, sizeof(*rung));
	rung->version = upstream(set->version);
	rung->package = xstrdup(set->version);
	rung->suite = xstrdup(set->suite);
	rung->packaging = packaging->name;
	rung->name = xcalloc(NR_KINDS + 1, sizeof(*rung->name));
	for (k = 0; k < NR_KINDS; k++) {
		if (!set->name[k] || !(packaging->takes & BIT(k)))
			continue;
		rung->name[n++] = xstrdup(set->name[k]);
		rung->size += set->size[k];
		if (k == IMAGE || k == IMAGE_UNSIGNED || k == MODULES)
			rung->has_modules = true;
	}
}

static int cmp_rungs(const void *a, const void *b)
{
	const struct rung *ra = a;
	const struct rung *rb = b;

	return kernel_version_cmp(ra->package, rb->package);
}

void index_parse(const char *text, size_t len, struct ladder *ladder)
{
	const char *end = text + len;
	struct stanza st = {0};
	struct sets sets = {0};
	size_t i;

	while (next_stanza(&text, end, &st))
		add_stanza(&sets, &st);
	stanza_release(&st);
	ladder->nr = 0;
	ladder->rung = xcalloc(sets.nr + 1, sizeof(*ladder->rung));
	for (i = 0; i < sets.nr; i++) {
		const struct packaging *packaging = choose(&sets.set[i]);

		if (packaging)
			make_rung(&ladder->rung[ladder->nr++], &sets.set[i], packaging);
	}
	sets_release(&sets);
	qsort(ladder->rung, ladder->nr, sizeof(*ladder->rung), cmp_rungs);
}
