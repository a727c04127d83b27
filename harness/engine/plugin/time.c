// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU reads the host's time of day through its own entry for gettimeofday() in the table that the
 * dynamic linker fills; the entry is pointed elsewhere.  (A preloaded library would do the same,
 * but then the command line alone would no longer be the experiment.)
 */
#include "engine/plugin/time.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

/* What the command line's -rtc says: 2026-01-01. */
#define PINNED 1767225600

static int pinned(struct timeval *tv, void *tz)
{
	(void)tz;
	*tv = (struct timeval){.tv_sec = PINNED};
	return 0;
}

/* A program's dynamic section, as far as it is needed here. */
struct dynamic {
	const ElfW(Sym) *symbol;
	const char *string;
	const ElfW(Rela) *rela[2]; /* of data, of calls */
	size_t nr_rela[2];
};

static void read_dynamic(const ElfW(Dyn) *d, struct dynamic *out)
{
	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			out->symbol = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_STRTAB)
			out->string = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_RELA)
			out->rela[0] = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_RELASZ)
			out->nr_rela[0] = d->d_un.d_val / sizeof(ElfW(Rela));
		else if (d->d_tag == DT_JMPREL)
			out->rela[1] = (const void *)d->d_un.d_ptr;
		else if (d->d_tag == DT_PLTRELSZ)
			out->nr_rela[1] = d->d_un.d_val / sizeof(ElfW(Rela));
	}
}

/* Where the program has the function's address; 0 = nowhere. */
static uintptr_t find_entry(uintptr_t base, const struct dynamic *dyn, const char *name)
{
	size_t i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; dyn->symbol && dyn->string && i < dyn->nr_rela[k]; i++) {
			const ElfW(Rela) *r = &dyn->rela[k][i];
			const ElfW(Sym) *sym = &dyn->symbol[ELF64_R_SYM(r->r_info)];

			if (!strcmp(dyn->string + sym->st_name, name))
				return base + r->r_offset;
		}
	return 0;
}

/* The table is read-only once it is filled. */
static int set_entry(uintptr_t entry, void *to)
{
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
	void *page = (void *)(entry & ~(size - 1));

	if (mprotect(page, size, PROT_READ | PROT_WRITE))
		return -1;
	*(void **)entry = to;
	return mprotect(page, size, PROT_READ);
}

/* The first object is the program. */
static int patch(struct dl_phdr_info *info, size_t size, void *done)
{
	struct dynamic dyn = {0};
	uintptr_t entry;
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			read_dynamic((const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
				     &dyn);
	entry = find_entry(info->dlpi_addr, &dyn, "gettimeofday");
	*(bool *)done = entry && !set_entry(entry, (void *)pinned);
	return 1;
}

int pin_time(void)
{
	bool done = false;

	dl_iterate_phdr(patch, &done);
	if (!done)
		fprintf(stderr, "exact.so: cannot pin this program's time of day\n");
	return done ? 0 : -1;
}
