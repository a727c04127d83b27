// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "image/image.h"
#include "image/modules.h"

/* A piece of the object whose bounds have been checked. */
struct span {
	const char *p;
	size_t len;
};

static bool cut(struct span all, uint64_t off, uint64_t len, struct span *out)
{
	if (off > all.len || len > all.len - off)
		return false;
	*out = (struct span){.p = all.p + off, .len = (size_t)len};
	return true;
}

static bool read_header(struct span all, Elf64_Ehdr *eh)
{
	if (all.len < sizeof(*eh))
		return false;
	memcpy(eh, all.p, sizeof(*eh));
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return false;
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return false;
	return le16toh(eh->e_type) == ET_REL && le16toh(eh->e_shentsize) == sizeof(Elf64_Shdr);
}

/* The contents of section number i; the name's offset in the table of names goes to *name. */
static bool section(struct span all, const Elf64_Ehdr *eh, unsigned int i, struct span *out,
		    uint32_t *name)
{
	struct span table;
	Elf64_Shdr sh;

	/* The table is cut out whole, so that no offset can wrap around. */
	if (i >= le16toh(eh->e_shnum) ||
	    !cut(all, le64toh(eh->e_shoff), (uint64_t)le16toh(eh->e_shnum) * sizeof(sh), &table))
		return false;
	memcpy(&sh, table.p + i * sizeof(sh), sizeof(sh));
	*name = le32toh(sh.sh_name);
	if (le32toh(sh.sh_type) == SHT_NOBITS) {
		*out = (struct span){.p = all.p, .len = 0};
		return true;
	}
	return cut(all, le64toh(sh.sh_offset), le64toh(sh.sh_size), out);
}

static bool named(struct span names, uint32_t off, const char *name)
{
	struct span s;

	return cut(names, off, strlen(name) + 1, &s) && !memcmp(s.p, name, s.len);
}

static bool find_modinfo(struct span all, struct span *out)
{
	struct span names;
	Elf64_Ehdr eh;
	unsigned int i;
	uint32_t name;

	if (!read_header(all, &eh) || !section(all, &eh, le16toh(eh.e_shstrndx), &names, &name))
		return false;
	for (i = 1; i < le16toh(eh.e_shnum); i++) {
		if (!section(all, &eh, i, out, &name))
			return false;
		if (named(names, name, ".modinfo"))
			return true;
	}
	return false;
}

/* The value of the first "key=value" string, where key includes the '='. */
static bool value_of(struct span info, const char *key, struct span *out)
{
	size_t klen = strlen(key);

	while (info.len) {
		const char *nul = memchr(info.p, '\0', info.len);
		size_t n;

		if (!nul)
			return false;
		n = (size_t)(nul - info.p);
		if (n >= klen && !memcmp(info.p, key, klen))
			return cut(info, klen, n - klen, out);
		cut(info, n + 1, info.len - n - 1, &info);
	}
	return false;
}

bool module_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* These end up as file names and in messages, so nothing odd gets through. */
static bool clean_names(struct span s, const char *also)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!module_name_char(s.p[i]) && !strchr(also, s.p[i]))
			return false;
	return true;
}

int module_info(const void *data, size_t len, struct buf *name, struct buf *deps)
{
	struct span all = {.p = data, .len = len};
	struct span info, n, d;

	if (!find_modinfo(all, &info) || !value_of(info, "name=", &n))
		return -ENOEXEC;
	/* Modules that depend on nothing may lack the field. */
	if (!value_of(info, "depends=", &d))
		d.len = 0;
	if (!n.len || n.len >= MODULE_NAME_MAX || !clean_names(n, ""))
		return -ENOEXEC;
	if (!clean_names(d, ","))
		return -ENOEXEC;
	buf_add(name, n.p, n.len);
	buf_add(deps, d.len ? d.p : "", d.len);
	return 0;
}
