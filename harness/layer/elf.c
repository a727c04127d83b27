// SPDX-License-Identifier: GPL-2.0-only
#include "layer/internal.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A section's bytes, or NULL where the file does not have them. */
static const void *section_data(const struct buf *file, const Elf64_Shdr *s)
{
	if (s->sh_type == SHT_NOBITS || s->sh_offset > file->len ||
	    s->sh_size > file->len - s->sh_offset)
		return NULL;
	return file->data + s->sh_offset;
}

/* A copy: nothing says that it lies where a struct may. */
static bool section(const struct buf *file, const Elf64_Ehdr *eh, size_t i, Elf64_Shdr *out)
{
	if (eh->e_shentsize != sizeof(*out) || i >= eh->e_shnum || eh->e_shoff > file->len ||
	    (i + 1) * sizeof(*out) > file->len - eh->e_shoff)
		return false;
	memcpy(out, file->data + eh->e_shoff + i * sizeof(*out), sizeof(*out));
	return true;
}

/* A string of a table, if it ends inside it. */
static const char *string(const struct buf *file, const Elf64_Shdr *table, uint64_t at)
{
	const char *data = section_data(file, table);

	if (!data || at >= table->sh_size || !memchr(data + at, '\0', table->sh_size - at))
		return NULL;
	return data + at;
}

static void take_needed(const struct buf *file, const Elf64_Shdr *s, const Elf64_Shdr *names,
			struct elf *elf)
{
	const char *data = section_data(file, s);
	size_t i;

	for (i = 0; data && i < s->sh_size / sizeof(Elf64_Dyn); i++) {
		const char *name;
		Elf64_Dyn d;

		memcpy(&d, data + i * sizeof(d), sizeof(d));
		name = d.d_tag == DT_NEEDED ? string(file, names, d.d_un.d_val) : NULL;
		if (!name)
			continue;
		elf->needed = xrealloc(elf->needed, elf->nr_needed + 1, sizeof(*elf->needed));
		elf->needed[elf->nr_needed++] = name;
	}
}

static void take_symbols(const struct buf *file, const Elf64_Shdr *s, const Elf64_Shdr *names,
			 struct elf *elf)
{
	size_t nr = s->sh_size / sizeof(Elf64_Sym), i;
	const char *data = section_data(file, s);

	if (!data || elf->symbol)
		return;
	elf->symbol = xcalloc(nr, sizeof(*elf->symbol));
	for (i = 0; i < nr; i++) {
		const char *name;
		Elf64_Sym sym;

		memcpy(&sym, data + i * sizeof(sym), sizeof(sym));
		name = string(file, names, sym.st_name);
		if (!name || !*name || ELF64_ST_BIND(sym.st_info) == STB_LOCAL)
			continue;
		elf->symbol[elf->nr_symbols++] = (struct elf_symbol){
			name, sym.st_shndx != SHN_UNDEF,
			ELF64_ST_BIND(sym.st_info) == STB_WEAK};
	}
}

static void take_interp(const struct buf *file, const Elf64_Ehdr *eh, struct elf *elf)
{
	Elf64_Phdr ph;
	size_t i;

	for (i = 0; i < eh->e_phnum; i++) {
		if (eh->e_phentsize != sizeof(ph) || eh->e_phoff > file->len ||
		    (i + 1) * sizeof(ph) > file->len - eh->e_phoff)
			return;
		memcpy(&ph, file->data + eh->e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_INTERP && ph.p_offset < file->len &&
		    memchr(file->data + ph.p_offset, '\0', file->len - ph.p_offset))
			elf->interp = file->data + ph.p_offset;
	}
}

int elf_read(const struct buf *file, struct elf *elf)
{
	Elf64_Shdr s, names;
	Elf64_Ehdr eh;
	size_t i;

	*elf = (struct elf){0};
	if (file->len < sizeof(eh))
		return -ENOEXEC;
	memcpy(&eh, file->data, sizeof(eh));
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh.e_machine != EM_X86_64)
		return -ENOEXEC;
	take_interp(file, &eh, elf);
	for (i = 0; section(file, &eh, i, &s); i++) {
		if (!section(file, &eh, s.sh_link, &names))
			continue;
		if (s.sh_type == SHT_DYNAMIC)
			take_needed(file, &s, &names, elf);
		else if (s.sh_type == SHT_DYNSYM)
			take_symbols(file, &s, &names, elf);
	}
	return 0;
}

void elf_release(struct elf *elf)
{
	free(elf->needed);
	free(elf->symbol);
	*elf = (struct elf){0};
}

static void align(struct buf *out)
{
	while (out->len % 8)
		buf_add(out, "", 1);
}

/* All names in one chain of one bucket: it is looked through when the program starts, once. */
static void put_hash(struct buf *out, size_t nr)
{
	uint32_t head[] = {1, (uint32_t)nr + 1, nr ? 1 : 0, 0}, next;
	size_t i;

	buf_add(out, head, sizeof(head));
	for (i = 1; i <= nr; i++) {
		next = i < nr ? (uint32_t)i + 1 : 0;
		buf_add(out, &next, sizeof(next));
	}
}

static void put_symbols(struct buf *out, const char *const *name, size_t nr, uint64_t code,
			struct buf *strings)
{
	Elf64_Sym sym = {0};
	size_t i;

	buf_add(out, &sym, sizeof(sym));
	sym.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
	sym.st_shndx = 1;
	sym.st_value = code;
	sym.st_size = 2;
	for (i = 0; i < nr; i++) {
		sym.st_name = (Elf64_Word)strings->len;
		buf_add(strings, name[i], strlen(name[i]) + 1);
		buf_add(out, &sym, sizeof(sym));
	}
}

static void put_dyn(struct buf *out, int64_t tag, uint64_t value)
{
	Elf64_Dyn d = {.d_tag = tag, .d_un.d_val = value};

	buf_add(out, &d, sizeof(d));
}

/*
 * One segment, at address 0, with everything; the dynamic linker writes into the table that it is
 * told of, so that may be written.
 */
static void put_heads(struct buf *out, uint64_t dynamic)
{
	Elf64_Ehdr eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			 .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			 .e_phoff = sizeof(eh), .e_ehsize = sizeof(eh),
			 .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2};
	Elf64_Phdr ph[2] = {
		{.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_filesz = out->len,
		 .p_memsz = out->len, .p_align = 4096},
		{.p_type = PT_DYNAMIC, .p_flags = PF_R | PF_W, .p_offset = dynamic,
		 .p_vaddr = dynamic, .p_paddr = dynamic, .p_filesz = out->len - dynamic,
		 .p_memsz = out->len - dynamic, .p_align = 8},
	};

	memcpy(out->data, &eh, sizeof(eh));
	memcpy(out->data + sizeof(eh), ph, sizeof(ph));
}

void elf_stand_in(const char *soname, const char *needed, const char *const *name, size_t nr,
		  struct buf *out)
{
	static const char room[sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr)];
	static const char illegal[] = "\x0f\x0b";
	cleanup_buf struct buf strings = {0};
	uint64_t code = sizeof(room), symbols, hash, names, dynamic;

	buf_add(out, room, sizeof(room));
	buf_add(out, illegal, 2);
	align(out);
	buf_add(&strings, "", 1);
	buf_add(&strings, soname, strlen(soname) + 1);
	if (needed)
		buf_add(&strings, needed, strlen(needed) + 1);
	symbols = out->len;
	put_symbols(out, name, nr, code, &strings);
	hash = out->len;
	put_hash(out, nr);
	names = out->len;
	buf_add(out, strings.data, strings.len);
	align(out);
	dynamic = out->len;
	put_dyn(out, DT_SONAME, 1);
	if (needed)
		put_dyn(out, DT_NEEDED, strlen(soname) + 2);
	put_dyn(out, DT_HASH, hash);
	put_dyn(out, DT_STRTAB, names);
	put_dyn(out, DT_STRSZ, strings.len);
	put_dyn(out, DT_SYMTAB, symbols);
	put_dyn(out, DT_SYMENT, sizeof(Elf64_Sym));
	put_dyn(out, DT_NULL, 0);
	put_heads(out, dynamic);
}
