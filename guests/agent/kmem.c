// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pieces of the kernel's own image, for a debugger that has no file of it: found by name in
 * /proc/kallsyms and read through /proc/kcore.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

#define KCORE      "/proc/kcore"
#define SEGMENTS   64
#define PIECE      (32u << 10)

/* The addresses of two symbols; 0 for one that is not there. */
static void find_symbols(const char *const name[2], uint64_t address[2])
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long at;
	char line[512], word[256];
	int i;

	address[0] = address[1] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx %*c %255s", &at, word) != 2)
			continue;
		for (i = 0; i < 2; i++)
			if (!strcmp(word, name[i]))
				address[i] = at;
	}
	if (f)
		fclose(f);
}

/* Where in /proc/kcore an address of the kernel's is; -1 when it is not there. */
static off_t kcore_offset(int fd, uint64_t address, uint64_t len)
{
	Elf64_Phdr ph[SEGMENTS];
	Elf64_Ehdr head;
	int i;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) || head.e_phnum > SEGMENTS ||
	    pread(fd, ph, head.e_phnum * sizeof(*ph), (off_t)head.e_phoff) !=
		    (ssize_t)(head.e_phnum * sizeof(*ph)))
		return -1;
	for (i = 0; i < head.e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && address >= ph[i].p_vaddr &&
		    address + len <= ph[i].p_vaddr + ph[i].p_memsz)
			return (off_t)(ph[i].p_offset + (address - ph[i].p_vaddr));
	return -1;
}

static void record_piece(int fd, uint16_t id, off_t at, uint64_t len)
{
	char piece[PIECE];

	while (len) {
		ssize_t n = pread(fd, piece, len < PIECE ? len : PIECE, at);

		if (n <= 0)
			return;
		wire_put(&agent.wire, WIRE_TEXT, id, rec_now(), piece, (uint32_t)n);
		at += n;
		len -= (uint64_t)n;
	}
}

/* Without these symbols or without kcore the source is empty: the harness can do without. */
void kmem_dump(const char *name, const char *start, const char *stop)
{
	const char *const symbol[2] = {start, stop};
	uint16_t id = (uint16_t)agent.nr_sources;
	uint64_t address[2];
	int fd = open(KCORE, O_RDONLY | O_CLOEXEC);
	off_t at = -1;

	sample_source(name, "", 1);
	find_symbols(symbol, address);
	if (fd >= 0 && address[0] && address[0] < address[1])
		at = kcore_offset(fd, address[0], address[1] - address[0]);
	if (at >= 0)
		record_piece(fd, id, at, address[1] - address[0]);
	if (fd >= 0)
		close(fd);
}
