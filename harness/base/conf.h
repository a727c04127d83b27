/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The INI reader: data only, strict, every complaint with file:line.
 *
 *	# comment
 *	[section]
 *	[section argument]
 *	key = value
 *
 * Keys may hold any character but '='.  A section may appear once per argument, a key once per
 * section.  Lines are at most CONF_LINE_MAX bytes, a file at most CONF_FILE_MAX.
 *
 *	[include FILE]
 *
 * stands for the sections of another file, FILE or FILE.conf in the folder of this one.  A section
 * that both have is one section, and of a key that both have the value read last holds; so a file
 * includes first and says then what differs.
 *
 *	[param]
 *	NAME = DEFAULT
 *
 * makes ${NAME} stand for a text in all other sections, in arguments and values (conf_expand()).
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CONF_LINE_MAX 1024
#define CONF_FILE_MAX (256u << 10)
/* How deep files may include each other, and how many files one may be made of. */
#define CONF_DEPTH_MAX 8
#define CONF_FILES_MAX 64

/*
 * A line below is the number of a line and which file it is of, in one; conf_complain() and
 * conf_file() take it apart.
 */
struct conf_entry {
	char *key;
	char *value;
	int line;
	bool used; /* set by whoever consumed it: conf_unused() names the first that nobody did */
};

struct conf_section {
	char *name;
	char *arg; /* "" when there is none */
	int line;
	struct conf_entry *entry;
	size_t nr_entries;
	bool used;
};

struct conf {
	char *name; /* what complaints call the file */
	char **file; /* all that it was read from; the first is name */
	size_t nr_files;
	struct conf_section *section;
	size_t nr_sections;
};

/* What a file includes is beside it, or in that folder (may be NULL). */
int conf_load(struct conf *conf, const char *path, const char *folder, struct err *err);
/* One text, which may include nothing. */
int conf_parse(struct conf *conf, const char *name, const char *text, size_t len, struct err *err);
void conf_release(struct conf *conf);

/* The file that a line is of. */
const char *conf_file(const struct conf *conf, int line);
/* What a configuration file is called by: its base name without ".conf"; a heap string. */
char *conf_name(const char *path);

/*
 * Replaces each ${NAME} by the parameter's value, in sections other than [param].  A parameter's
 * value may use those above it.
 */
int conf_expand(struct conf *conf, struct err *err);

/* The section, marked used, or NULL. */
struct conf_section *conf_section(struct conf *conf, const char *name, const char *arg);
/* Sets a key of a section, both made where they are not there; complaints name the line. */
void conf_set(struct conf *conf, const char *section, const char *key, const char *value, int line);
/* The value, marked used, or NULL. */
const char *conf_get(struct conf_section *sec, const char *key);
/* 0, or -EINVAL with file:line of the first section or key that no one asked for. */
int conf_unused(const struct conf *conf, struct err *err);

/* "-EINVAL, file:line: <message>". */
int conf_complain(const struct conf *conf, int line, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * A table that says what a section may hold.  conf_bind() sets the fields of a struct from it;
 * keys that are absent leave the field as it was, so defaults go there first.  A key marked
 * required must be present.
 */
enum conf_type {
	CONF_STR,        /* char *, replaced by a heap copy; the old value is freed */
	CONF_U64,        /* uint64_t */
	CONF_SIZE,       /* uint64_t, bytes */
	CONF_TIME,       /* uint64_t, nanoseconds */
	CONF_BOOL,       /* bool */
	CONF_MILLIONTHS, /* uint64_t: "0.99" becomes 990000 */
	CONF_CHOICE,     /* unsigned int: position in choices */
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset;
	const char *help;           /* one line, with the unit */
	const char *const *choices; /* CONF_CHOICE: NULL-terminated */
	uint64_t min;               /* numbers: smallest allowed */
	uint64_t max;               /* numbers: largest allowed, 0 = no limit */
	bool required;
};

int conf_bind(struct conf *conf, struct conf_section *sec, const struct conf_key *keys,
	      size_t nr_keys, void *out, struct err *err);

#endif
