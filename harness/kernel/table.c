// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/symbols.h"

/* The kernel's text, modules included, lies in the last 2 GiB. */
#define TEXT_START 0xffffffff80000000ull
#define NAME_LEN   120

struct entry {
	uint64_t at;
	size_t order; /* in kallsyms, which puts the better of two names first */
	bool part;
	char name[NAME_LEN];
};

struct entries {
	struct entry *entry;
	size_t nr, cap;
};

/* Only what a symbol of C or of the assembler is made of. */
static bool good_name(const char *s)
{
	size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$");

	return len && !s[len] && *s != '.';
}

/* What lies before functions and is none. */
static bool is_padding(const char *name)
{
	return !strncmp(name, "__pfx_", 6) || !strncmp(name, "__cfi_", 6);
}

/* "shrink_node.isra.0" and "shrink_node.cold" are shrink_node; true for what is never called. */
static bool cut_suffix(char *name)
{
	char *dot = strchr(name, '.');
	bool cold = strstr(name, ".cold");

	if (dot)
		*dot = '\0';
	return cold;
}

static void add_entry(struct entries *list, uint64_t at, char *name, const char *module)
{
	struct entry *e;
	bool part = cut_suffix(name);

	if (list->nr == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 4096;
		list->entry = xrealloc(list->entry, list->cap, sizeof(*list->entry));
	}
	e = &list->entry[list->nr];
	*e = (struct entry){.at = at, .order = list->nr++, .part = part};
	snprintf(e->name, sizeof(e->name), "%.55s%s%.63s", module, *module ? ":" : "", name);
}

/* "ADDRESS TYPE NAME", and behind it for one of a module "\t[MODULE]". */
static void take_line(struct entries *list, const char *line, size_t len)
{
	char copy[512], name[256], module[64] = "", type;
	unsigned long long at;
	int n;

	if (len >= sizeof(copy))
		return;
	memcpy(copy, line, len);
	copy[len] = '\0';
	n = sscanf(copy, "%16llx %c %255s [%63[^]]", &at, &type, name, module);
	if (n < 3 || at < TEXT_START || !strchr("tTwW", type) || !good_name(name) ||
	    (n == 4 && !good_name(module)) || is_padding(name))
		return;
	add_entry(list, at, name, module);
}

static int cmp_entry(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int symbols_table(const struct buf *kallsyms, struct buf *out, struct err *err)
{
	const char *line = buf_str(kallsyms);
	struct entries list = {0};
	size_t len, i;

	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		take_line(&list, line, len);
	}
	if (list.nr)
		qsort(list.entry, list.nr, sizeof(*list.entry), cmp_entry);
	buf_adds(out, "wringer symbols 1\n");
	for (i = 0; i < list.nr; i++)
		if (!i || list.entry[i].at != list.entry[i - 1].at)
			buf_printf(out, "%016llx %c %s\n", (unsigned long long)list.entry[i].at,
				   list.entry[i].part ? 'c' : 'e', list.entry[i].name);
	free(list.entry);
	if (list.nr)
		return 0;
	return err_set(err, -ENODATA, "the kernel does not say where its functions are");
}
