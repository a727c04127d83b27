// SPDX-License-Identifier: GPL-2.0-only
/* A debugger's file from what a kernel says of itself; the kernel is not trusted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "kernel/symbols.h"

#define TEXT 0xffffffff81000000ull

static const char names[] = "ffffffff81000000 T _text\n"
			    "ffffffff81000040 t shrink_folio_list\n"
			    "ffffffff82000000 D vm_swappiness\n"
			    "ffffffff81000100 T _etext\n"
			    "0000000000012345 A per_cpu_offset\n"
			    "ffffffffc0000000 t null_handle\t[null_blk]\n"
			    "nonsense\n";

static const Elf64_Shdr *section(const struct buf *elf, unsigned int i)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)elf->data;

	assert_true(i < head->e_shnum);
	return (const Elf64_Shdr *)(elf->data + head->e_shoff) + i;
}

static const Elf64_Shdr *find_section(const struct buf *elf, const char *name)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)elf->data;
	const char *strings = elf->data + section(elf, head->e_shstrndx)->sh_offset;
	unsigned int i;

	for (i = 0; i < head->e_shnum; i++)
		if (!strcmp(strings + section(elf, i)->sh_name, name))
			return section(elf, i);
	fail_msg("no section %s", name);
	return NULL;
}

static void test_symbols(void **unused)
{
	static const char *const want[] = {"", "_text", "shrink_folio_list", "vm_swappiness",
					   "_etext"};
	struct kernel_dump dump = {0};
	cleanup_buf struct buf elf = {0};
	const Elf64_Shdr *table;
	const Elf64_Sym *sym;
	const char *strings;
	size_t i;

	(void)unused;
	buf_adds(&dump.kallsyms, names);
	assert_int_equal(symbols_elf(&dump, &elf, NULL), 0);
	assert_int_equal(find_section(&elf, ".text")->sh_addr, TEXT);
	assert_int_equal(find_section(&elf, ".text")->sh_size, 0x100);
	assert_int_equal(find_section(&elf, ".debug_frame")->sh_size, 0);
	table = find_section(&elf, ".symtab");
	strings = elf.data + find_section(&elf, ".strtab")->sh_offset;
	sym = (const Elf64_Sym *)(elf.data + table->sh_offset);
	assert_int_equal(table->sh_size / sizeof(*sym), ARRAY_SIZE(want));
	for (i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(strings + sym[i].st_name, want[i]);
	assert_int_equal(sym[2].st_value, TEXT + 0x40);
	assert_int_equal(ELF64_ST_TYPE(sym[2].st_info), STT_FUNC);
	assert_int_equal(ELF64_ST_TYPE(sym[3].st_info), STT_OBJECT);
	buf_release(&dump.kallsyms);
}

static void test_no_text(void **unused)
{
	struct kernel_dump dump = {0};
	cleanup_buf struct buf elf = {0};

	(void)unused;
	/* As a reader without the privilege sees it. */
	buf_adds(&dump.kallsyms, "0000000000000000 T _text\n0000000000000000 T _etext\n");
	assert_int_equal(symbols_elf(&dump, &elf, NULL), -ENODATA);
	buf_release(&dump.kallsyms);
}

struct row {
	uint32_t at; /* behind the table's address */
	int16_t sp, bp;
	uint8_t bases, type;
};

static void make_tables(const struct row *row, size_t nr, struct buf *ip, struct buf *orc)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		int32_t relative = (int32_t)(row[i].at - 4 * i);

		buf_add(ip, &relative, sizeof(relative));
		buf_add(orc, &row[i].sp, sizeof(row[i].sp));
		buf_add(orc, &row[i].bp, sizeof(row[i].bp));
		buf_add(orc, &row[i].bases, 1);
		buf_add(orc, &row[i].type, 1);
	}
}

/* A function that pushes rbp: CFA rsp+8, then rsp+16 with rbp at CFA-16; numbers as of 6.4. */
static void test_orc(void **unused)
{
	static const struct row rows[] = {
		{0x1000, 8, 0, 0x05, 2}, {0x1001, 16, -16, 0x15, 2}, {0x1010, 0, 0, 0, 0},
	};
	static const unsigned char want[] = {
		0x12, 7, 0x7f, 0x11, 16, 1, 0x14, 7, 0, 0x08, 6, /* CFA rsp+8, RA at CFA-8 */
		0x04, 1, 0, 0, 0,                                /* one byte on */
		0x12, 7, 0x7e, 0x11, 16, 1, 0x14, 7, 0, 0x11, 6, 2, /* CFA rsp+16, rbp at CFA-16 */
	};
	cleanup_buf struct buf ip = {0}, orc = {0}, cfi = {0};
	uint64_t range[2];
	uint32_t cie;

	(void)unused;
	make_tables(rows, ARRAY_SIZE(rows), &ip, &orc);
	orc_to_cfi(&ip, &orc, TEXT, &cfi);
	memcpy(&cie, cfi.data, sizeof(cie));
	memcpy(range, cfi.data + 4 + cie + 8, sizeof(range));
	assert_int_equal(range[0], TEXT + 0x1000);
	assert_int_equal(range[1], 0x10);
	assert_memory_equal(cfi.data + 4 + cie + 24, want, sizeof(want));
}

/* The same in the numbers of before: type 0 is a call, and it is the most frequent. */
static void test_old_orc(void **unused)
{
	static const struct row was[] = {
		{0x1000, 8, 0, 0x05, 0}, {0x1001, 16, -16, 0x15, 0}, {0x1010, 0, 0, 0, 4},
	};
	static const struct row is[] = {
		{0x1000, 8, 0, 0x05, 2}, {0x1001, 16, -16, 0x15, 2}, {0x1010, 0, 0, 0, 1},
	};
	cleanup_buf struct buf ip = {0}, orc = {0}, cfi = {0}, ip2 = {0}, orc2 = {0}, cfi2 = {0};

	(void)unused;
	make_tables(was, ARRAY_SIZE(was), &ip, &orc);
	make_tables(is, ARRAY_SIZE(is), &ip2, &orc2);
	orc_to_cfi(&ip, &orc, TEXT, &cfi);
	orc_to_cfi(&ip2, &orc2, TEXT, &cfi2);
	assert_int_equal(cfi.len, cfi2.len);
	assert_memory_equal(cfi.data, cfi2.data, cfi.len);
}

/* The bases of 7.3: SP is 3, the caller's SP is 8. */
static void test_new_orc(void **unused)
{
	static const struct row was[] = {
		{0x1000, 8, 0, 0x05, 2}, {0x1001, 16, -16, 0x15, 2}, {0x1010, 0, 0, 0, 1},
	};
	static const struct row is[] = {
		{0x1000, 8, 0, 0x03, 2}, {0x1001, 16, -16, 0x83, 2}, {0x1010, 0, 0, 0, 1},
	};
	cleanup_buf struct buf ip = {0}, orc = {0}, cfi = {0}, ip2 = {0}, orc2 = {0}, cfi2 = {0};

	(void)unused;
	make_tables(was, ARRAY_SIZE(was), &ip, &orc);
	make_tables(is, ARRAY_SIZE(is), &ip2, &orc2);
	orc_to_cfi(&ip, &orc, TEXT, &cfi);
	orc_to_cfi(&ip2, &orc2, TEXT, &cfi2);
	assert_int_equal(cfi.len, cfi2.len);
	assert_memory_equal(cfi.data, cfi2.data, cfi.len);
}

/* Tables that do not fit, that go backwards, and nonsense: no more than nothing comes of them. */
static void test_bad_orc(void **unused)
{
	static const struct row back[] = {{0x2000, 8, 0, 5, 2}, {0x1000, 8, 0, 5, 2}};
	cleanup_buf struct buf ip = {0}, orc = {0}, cfi = {0}, noise = {0};
	size_t i, was;

	(void)unused;
	orc_to_cfi(&ip, &orc, TEXT, &cfi);
	assert_int_equal(cfi.len, 0);
	make_tables(back, ARRAY_SIZE(back), &ip, &orc);
	orc_to_cfi(&ip, &orc, TEXT, &cfi);
	was = cfi.len;
	for (i = 0; i < 6000; i++)
		buf_add(&noise, (char[]){(char)(i * 2654435761u >> 13)}, 1);
	ip.len = 4;
	orc_to_cfi(&ip, &noise, TEXT, &cfi);
	assert_int_equal(cfi.len, was);
	buf_reset(&ip);
	buf_add(&ip, noise.data, 4000);
	orc_to_cfi(&ip, &noise, TEXT, &cfi);
}

/* By address, the better of two names, parts folded, modules named, and nothing that is no function. */
static void test_table(void **unused)
{
	static const char text[] =
		"ffffffff81000100 t shrink_node.cold\n"
		"ffffffff81000030 t __pfx_shrink_node\n"
		"ffffffff81000040 t shrink_node.isra.0\n"
		"ffffffff81000040 t another_name\n"
		"ffffffff81000020 T first\n"
		"ffffffff82000000 D vm_swappiness\n"
		"0000000000012345 T below\n"
		"ffffffff81000200 T bad;name\n"
		"ffffffffc0000000 t null_handle\t[null_blk]\n"
		"nonsense\n";
	cleanup_buf struct buf in = {0}, out = {0};

	(void)unused;
	buf_adds(&in, text);
	assert_int_equal(symbols_table(&in, &out, NULL), 0);
	assert_string_equal(out.data, "wringer symbols 1\n"
				      "ffffffff81000020 e first\n"
				      "ffffffff81000040 e shrink_node\n"
				      "ffffffff81000100 c shrink_node\n"
				      "ffffffffc0000000 e null_blk:null_handle\n");
	buf_reset(&in);
	buf_reset(&out);
	assert_int_equal(symbols_table(&in, &out, NULL), -ENODATA);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols), cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_orc),     cmocka_unit_test(test_old_orc),
		cmocka_unit_test(test_new_orc),
		cmocka_unit_test(test_bad_orc), cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
