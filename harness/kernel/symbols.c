// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/symbols.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEC_NULL, SEC_TEXT, SEC_SYMTAB, SEC_STRTAB, SEC_FRAME, SEC_NAMES, SEC_NR };

static const char section_names[] = "\0.text\0.symtab\0.strtab\0.debug_frame\0.shstrtab";
static const Elf64_Word name_at[SEC_NR] = {0, 1, 7, 15, 23, 36};

struct table {
	struct buf symtab, strtab, frame;
	uint64_t text, etext, orc_ip;
};

static void note_address(struct table *t, const char *name, uint64_t at)
{
	if (!strcmp(name, "_text"))
		t->text = at;
	else if (!strcmp(name, "_etext") || !strcmp(name, "_einittext"))
		t->etext = at > t->etext ? at : t->etext;
	else if (!strcmp(name, "__start_orc_unwind_ip"))
		t->orc_ip = at;
}

static void add_symbol(struct table *t, char type, const char *name, uint64_t at)
{
	bool text = strchr("tTwW", type);
	Elf64_Sym sym = {
		.st_name = (Elf64_Word)t->strtab.len,
		/* All local: an ELF file has local symbols first, kallsyms goes by address. */
		.st_info = ELF64_ST_INFO(STB_LOCAL, text ? STT_FUNC : STT_OBJECT),
		.st_shndx = text ? SEC_TEXT : SHN_ABS,
		.st_value = at,
	};

	buf_add(&t->strtab, name, strlen(name) + 1);
	buf_add(&t->symtab, &sym, sizeof(sym));
}

/* "ADDRESS TYPE NAME", and for a symbol of a module "\t[MODULE]", which may lie anywhere. */
static void take_line(struct table *t, const char *line, size_t len)
{
	char copy[512], name[256], type;
	unsigned long long at;

	if (len >= sizeof(copy) || memchr(line, '[', len))
		return;
	memcpy(copy, line, len);
	copy[len] = '\0';
	/* What lies below the kernel's half is an offset into each CPU's own data. */
	if (sscanf(copy, "%llx %c %255s", &at, &type, name) != 3 || at < 1ull << 63)
		return;
	note_address(t, name, at);
	add_symbol(t, type, name, at);
}

static void take_kallsyms(struct table *t, const struct buf *text)
{
	const char *line = buf_str(text);
	static const Elf64_Sym none;
	size_t len;

	buf_add(&t->symtab, &none, sizeof(none));
	buf_add(&t->strtab, "", 1);
	for (; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		take_line(t, line, len);
	}
}

static void add_section(Elf64_Shdr *sh, unsigned int i, Elf64_Word type, const struct buf *data,
			struct buf *out)
{
	while (out->len % 8)
		buf_add(out, "", 1);
	sh[i] = (Elf64_Shdr){.sh_name = name_at[i], .sh_type = type, .sh_offset = out->len,
			     .sh_size = data->len, .sh_addralign = 8};
	if (data->len)
		buf_add(out, data->data, data->len);
}

static void write_elf(const struct table *t, struct buf *out)
{
	struct buf names = {.data = (char *)section_names, .len = sizeof(section_names)};
	Elf64_Ehdr head = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
		.e_ehsize = sizeof(head), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = SEC_NR,
		.e_shstrndx = SEC_NAMES,
	};
	Elf64_Shdr sh[SEC_NR] = {0};

	buf_add(out, &head, sizeof(head));
	sh[SEC_TEXT] = (Elf64_Shdr){.sh_name = name_at[SEC_TEXT], .sh_type = SHT_NOBITS,
				    .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = t->text,
				    .sh_size = t->etext - t->text, .sh_offset = out->len,
				    .sh_addralign = 16};
	add_section(sh, SEC_SYMTAB, SHT_SYMTAB, &t->symtab, out);
	sh[SEC_SYMTAB].sh_link = SEC_STRTAB;
	sh[SEC_SYMTAB].sh_info = (Elf64_Word)(t->symtab.len / sizeof(Elf64_Sym));
	sh[SEC_SYMTAB].sh_entsize = sizeof(Elf64_Sym);
	add_section(sh, SEC_STRTAB, SHT_STRTAB, &t->strtab, out);
	add_section(sh, SEC_FRAME, SHT_PROGBITS, &t->frame, out);
	add_section(sh, SEC_NAMES, SHT_STRTAB, &names, out);
	while (out->len % 8)
		buf_add(out, "", 1);
	head.e_shoff = out->len;
	memcpy(out->data, &head, sizeof(head));
	buf_add(out, sh, sizeof(sh));
}

int symbols_elf(const struct kernel_dump *dump, struct buf *out, struct err *err)
{
	struct table t = {0};
	int ret = 0;

	take_kallsyms(&t, &dump->kallsyms);
	if (!t.text || t.etext <= t.text)
		ret = err_set(err, -ENODATA, "the kernel does not say where its symbols are");
	if (!ret && t.orc_ip)
		orc_to_cfi(&dump->orc_ip, &dump->orc, t.orc_ip, &t.frame);
	if (!ret)
		write_elf(&t, out);
	buf_release(&t.symtab);
	buf_release(&t.strtab);
	buf_release(&t.frame);
	return ret;
}
