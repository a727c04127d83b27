// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of harness/image.  Modules are tiny ELF objects made here, in kernel folders made here;
 * what is written is read back with libarchive, fsck.ext4 and by hand.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "image/image.h"

static char root[] = "/tmp/wringer-test-image-XXXXXX";

/*
 * ---- Making modules ----
 */

#define NAMES	     "\0.modinfo\0.shstrtab"
#define NAME_MODINFO 1
#define NAME_NAMES   10

/* Header, section headers, names, and last .modinfo, so that whatever is cut off is missed. */
static void make_elf(struct buf *out, const void *info, size_t len)
{
	Elf64_Ehdr eh = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}};
	Elf64_Shdr sh[3] = {{0}};

	eh.e_type = ET_REL;
	eh.e_machine = EM_X86_64;
	eh.e_shoff = sizeof(eh);
	eh.e_shentsize = sizeof(sh[0]);
	eh.e_shnum = 3;
	eh.e_shstrndx = 1;
	sh[1].sh_name = NAME_NAMES;
	sh[1].sh_type = SHT_STRTAB;
	sh[1].sh_offset = sizeof(eh) + sizeof(sh);
	sh[1].sh_size = sizeof(NAMES);
	sh[2].sh_name = NAME_MODINFO;
	sh[2].sh_type = SHT_PROGBITS;
	sh[2].sh_offset = sh[1].sh_offset + sizeof(NAMES);
	sh[2].sh_size = len;
	buf_add(out, &eh, sizeof(eh));
	buf_add(out, sh, sizeof(sh));
	buf_add(out, NAMES, sizeof(NAMES));
	buf_add(out, info, len);
}

static void make_module(struct buf *out, const char *name, const char *deps)
{
	cleanup_buf struct buf info = {0};

	buf_printf(&info, "license=GPL%c", 0);
	buf_printf(&info, "depends=%s%c", deps, 0);
	buf_printf(&info, "name=%s%c", name, 0);
	make_elf(out, info.data, info.len);
}

static void pack(const char *path, const void *data, size_t len, int (*filter)(struct archive *))
{
	struct archive_entry *e = archive_entry_new();
	struct archive *a = archive_write_new();

	assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
	assert_int_equal(filter(a), ARCHIVE_OK);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	archive_entry_set_pathname(e, "data");
	archive_entry_set_filetype(e, AE_IFREG);
	assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, data, len), len);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(e);
	archive_write_free(a);
}

/*
 * ---- Kernel folders ----
 */

static void kernel_make(struct kernel *kernel, const char *name)
{
	cleanup_free char *modules = xasprintf("%s/%s/modules/kernel/sub", root, name);

	*kernel = (struct kernel){.has_modules = true};
	kernel->dir = xasprintf("%s/%s", root, name);
	kernel->version = xstrdup("6.99");
	assert_int_equal(dir_remove(kernel->dir, NULL), 0);
	assert_int_equal(dir_make(modules, NULL), 0);
}

static void kernel_free(struct kernel *kernel)
{
	free(kernel->dir);
	free(kernel->version);
}

static char *in_kernel(const struct kernel *kernel, const char *file)
{
	return xasprintf("%s/modules/kernel/%s", kernel->dir, file);
}

/* The ending of file says how it is packed. */
static void add_module(const struct kernel *kernel, const char *file, const char *name,
		       const char *deps)
{
	cleanup_free char *path = in_kernel(kernel, file);
	cleanup_buf struct buf elf = {0};

	make_module(&elf, name, deps);
	if (strstr(file, ".xz"))
		pack(path, elf.data, elf.len, archive_write_add_filter_xz);
	else if (strstr(file, ".zst"))
		pack(path, elf.data, elf.len, archive_write_add_filter_zstd);
	else
		assert_int_equal(file_write(path, elf.data, elf.len, NULL), 0);
}

static void add_builtin(const struct kernel *kernel, const char *text)
{
	cleanup_free char *path = xasprintf("%s/modules.builtin", kernel->dir);

	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
}

/* Builds an image of these modules only; order is the space-separated list expected. */
static void assert_order(const struct kernel *kernel, const char *const *modules, const char *order)
{
	cleanup_buf struct buf got = {0};
	struct image image;
	struct err err = {{0}};
	size_t i;

	if (image_build(kernel, modules, NULL, 0, &image, &err))
		fail_msg("%s", err.msg);
	for (i = 0; image.modules[i]; i++)
		buf_printf(&got, "%s%s", i ? " " : "", image.modules[i]);
	assert_string_equal(buf_str(&got), order);
	image_release(&image);
}

/* Building must fail with this code and a sentence that holds the text. */
static void assert_fails(const struct kernel *kernel, const char *const *modules, int code,
			 const char *text)
{
	struct image image;
	struct err err = {{0}};

	assert_int_equal(image_build(kernel, modules, NULL, 0, &image, &err), code);
	assert_null(image.path);
	assert_null(image.modules);
	if (!strstr(err.msg, text))
		fail_msg("'%s' lacks '%s'", err.msg, text);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * ---- module_info ----
 */

/* In memory of its own, so that a byte read too far is noticed. */
static int info_of(const void *data, size_t len, struct buf *name, struct buf *deps)
{
	cleanup_free char *copy = xcalloc(len, 1);

	if (len)
		memcpy(copy, data, len);
	return module_info(copy, len, name, deps);
}

static int info_of_strings(const void *info, size_t len)
{
	cleanup_buf struct buf elf = {0};
	cleanup_buf struct buf name = {0};
	cleanup_buf struct buf deps = {0};
	int ret;

	make_elf(&elf, info, len);
	ret = info_of(elf.data, elf.len, &name, &deps);
	if (ret)
		assert_int_equal(name.len + deps.len, 0);
	return ret;
}

static void test_info(void **state)
{
	cleanup_buf struct buf elf = {0};
	cleanup_buf struct buf name = {0};
	cleanup_buf struct buf deps = {0};

	(void)state;
	make_module(&elf, "scsi_debug", "crc-t10dif,scsi_mod");
	assert_int_equal(info_of(elf.data, elf.len, &name, &deps), 0);
	assert_string_equal(buf_str(&name), "scsi_debug");
	assert_string_equal(buf_str(&deps), "crc-t10dif,scsi_mod");
}

static void test_info_truncated(void **state)
{
	cleanup_buf struct buf elf = {0};
	cleanup_buf struct buf out = {0};
	size_t len;

	(void)state;
	make_module(&elf, "scsi_debug", "crc-t10dif,scsi_mod");
	for (len = 0; len < elf.len; len++)
		assert_int_equal(info_of(elf.data, len, &out, &out), -ENOEXEC);
	assert_int_equal(out.len, 0);
}

/* Every byte with every value: what comes out does not matter, that it stays inside does. */
static void test_info_changed_bytes(void **state)
{
	cleanup_buf struct buf elf = {0};
	size_t i;
	int c;

	(void)state;
	make_module(&elf, "a", "b");
	for (i = 0; i < elf.len; i++) {
		char old = elf.data[i];

		for (c = 0; c < 256; c++) {
			cleanup_buf struct buf out = {0};
			int ret;

			elf.data[i] = (char)c;
			ret = info_of(elf.data, elf.len, &out, &out);
			assert_true(ret == 0 || ret == -ENOEXEC);
		}
		elf.data[i] = old;
	}
}

/* Offsets and sizes near the ends of their range. */
static void test_info_huge_fields(void **state)
{
	static const uint64_t huge[] = {UINT64_MAX,	UINT64_MAX - 1, UINT64_MAX - 63,
					1ull << 63,	UINT32_MAX,	0};
	static const size_t fields[] = {
		offsetof(Elf64_Ehdr, e_shoff),
		sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset),
		sizeof(Elf64_Ehdr) + sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
		sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_offset),
		sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_size),
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		for (j = 0; j < ARRAY_SIZE(huge); j++) {
			cleanup_buf struct buf elf = {0};
			cleanup_buf struct buf out = {0};

			make_module(&elf, "a", "b");
			memcpy(elf.data + fields[i], &huge[j], sizeof(huge[j]));
			assert_int_equal(info_of(elf.data, elf.len, &out, &out), -ENOEXEC);
		}
	}
}

static void test_info_garbage(void **state)
{
	cleanup_buf struct buf out = {0};
	uint64_t x = 88172645463325252u;
	char junk[512];
	int round;
	size_t i;

	(void)state;
	for (round = 0; round < 2000; round++) {
		for (i = 0; i < sizeof(junk); i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			junk[i] = (char)x;
		}
		/* Half of them get past the magic. */
		if (round & 1)
			memcpy(junk, "\177ELF\2\1\1", 7);
		assert_int_equal(info_of(junk, sizeof(junk), &out, &out), -ENOEXEC);
	}
	assert_int_equal(info_of("", 0, &out, &out), -ENOEXEC);
}

#define STRINGS(s) info_of_strings(s, sizeof(s))

static void test_info_strings(void **state)
{
	char name[5 + 64 + 1] = "name=";

	(void)state;
	assert_int_equal(STRINGS("name=a\0depends="), 0);
	assert_int_equal(STRINGS("name=a"), 0);
	assert_int_equal(STRINGS("\0\0name=a\0depends=b,c-d"), 0);
	assert_int_equal(STRINGS("depends=b"), -ENOEXEC);
	assert_int_equal(STRINGS("name=\0depends="), -ENOEXEC);
	assert_int_equal(STRINGS("name=../../x"), -ENOEXEC);
	assert_int_equal(STRINGS("name=a,b"), -ENOEXEC);
	assert_int_equal(STRINGS("name=a\0depends=b\n"), -ENOEXEC);
	assert_int_equal(info_of_strings("name=a", 6), -ENOEXEC);
	assert_int_equal(info_of_strings("", 0), -ENOEXEC);
	memset(name + 5, 'x', 63);
	assert_int_equal(info_of_strings(name, 5 + 63 + 1), 0);
	memset(name + 5, 'x', 64);
	assert_int_equal(info_of_strings(name, 5 + 64 + 1), -ENOEXEC);
}

static void test_info_other_objects(void **state)
{
	static const struct {
		size_t at;
		char value;
	} change[] = {
		{EI_CLASS, ELFCLASS32},
		{EI_DATA, ELFDATA2MSB},
		{offsetof(Elf64_Ehdr, e_type), ET_EXEC},
		{offsetof(Elf64_Ehdr, e_shnum), 0},
		{offsetof(Elf64_Ehdr, e_shnum), 2},
		{offsetof(Elf64_Ehdr, e_shstrndx), 3},
		{offsetof(Elf64_Ehdr, e_shentsize), 40},
		{sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_type),
		 SHT_NOBITS},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(change); i++) {
		cleanup_buf struct buf elf = {0};
		cleanup_buf struct buf out = {0};

		make_module(&elf, "a", "b");
		elf.data[change[i].at] = change[i].value;
		assert_int_equal(info_of(elf.data, elf.len, &out, &out), -ENOEXEC);
	}
}

/*
 * ---- Which modules, in which order ----
 */

/* top needs left and right, both need bottom; packed in all three ways. */
static void make_diamond(struct kernel *kernel)
{
	kernel_make(kernel, "diamond");
	add_module(kernel, "sub/top-one.ko", "top_one", "left,right");
	add_module(kernel, "left.ko.xz", "left", "bottom-most");
	add_module(kernel, "sub/right.ko.zst", "right", "bottom_most,left");
	add_module(kernel, "bottom-most.ko", "bottom_most", "");
	add_module(kernel, "other.ko", "other", "");
}

static void test_order(void **state)
{
	struct kernel k;

	(void)state;
	make_diamond(&k);
	assert_order(&k, LIST("top_one"), "bottom_most left right top_one");
	assert_order(&k, LIST("top-one"), "bottom_most left right top_one");
	assert_order(&k, LIST("right"), "bottom_most left right");
	assert_order(&k, LIST("other", "top-one", "other", "left"),
		     "other bottom_most left right top_one");
	assert_order(&k, LIST("bottom-most", "bottom_most"), "bottom_most");
	assert_order(&k, (const char *const[]){NULL}, "");
	kernel_free(&k);
}

static void test_cycle(void **state)
{
	struct kernel k;

	(void)state;
	kernel_make(&k, "cycle");
	add_module(&k, "a.ko", "a", "b");
	add_module(&k, "b.ko", "b", "c");
	add_module(&k, "c.ko", "c", "a");
	add_module(&k, "self.ko", "self", "self");
	assert_fails(&k, LIST("a"), -ELOOP, "modules a and c of kernel 6.99 depend on each other");
	assert_fails(&k, LIST("self"), -ELOOP, "self");
	kernel_free(&k);
}

static void test_missing(void **state)
{
	struct kernel k;

	(void)state;
	make_diamond(&k);
	add_module(&k, "broken.ko", "broken", "other,nowhere");
	assert_fails(&k, LIST("left", "zram"), -ENOENT, "kernel 6.99 neither has a module zram");
	assert_fails(&k, LIST("broken"), -ENOENT, "module broken needs nowhere");
	assert_fails(&k, LIST("../x"), -EINVAL, "'../x' is no module name");
	assert_fails(&k, LIST(""), -EINVAL, "'' is no module name");
	k.has_modules = false;
	assert_fails(&k, LIST("left"), -ENOENT, "kernel 6.99 came without any modules");
	assert_order(&k, (const char *const[]){NULL}, "");
	kernel_free(&k);
}

/* The record says there are modules but the folder is gone. */
static void test_no_folder(void **state)
{
	cleanup_free char *dir = NULL;
	struct kernel k;

	(void)state;
	make_diamond(&k);
	dir = xasprintf("%s/modules", k.dir);
	assert_int_equal(dir_remove(dir, NULL), 0);
	assert_fails(&k, LIST("left"), -ENOENT, dir);
	kernel_free(&k);
}

static void test_builtin(void **state)
{
	struct kernel k;

	(void)state;
	make_diamond(&k);
	add_builtin(&k, "kernel/fs/ext4/ext4.ko\nkernel/x/bottom-most.ko\nright.ko");
	assert_order(&k, LIST("ext4", "top_one"), "left top_one");
	assert_order(&k, LIST("ext4"), "");
	/* Whole names only. */
	assert_fails(&k, LIST("xt4"), -ENOENT, "xt4");
	assert_fails(&k, LIST("ext"), -ENOENT, "ext");
	k.has_modules = false;
	assert_order(&k, LIST("ext4"), "");
	kernel_free(&k);
}

/* Links lead out of the kernel and may go round in circles. */
static void test_links_not_followed(void **state)
{
	cleanup_free char *loop = NULL, *away = NULL;
	struct kernel k;

	(void)state;
	make_diamond(&k);
	loop = in_kernel(&k, "sub/loop");
	away = in_kernel(&k, "link.ko");
	assert_int_equal(symlink("..", loop), 0);
	assert_int_equal(symlink("other.ko", away), 0);
	assert_order(&k, LIST("right"), "bottom_most left right");
	assert_fails(&k, LIST("link"), -ENOENT, "link");
	kernel_free(&k);
}

static void test_bad_files(void **state)
{
	cleanup_free char *plain = NULL, *cut = NULL, *good = NULL;
	cleanup_buf struct buf bytes = {0};
	struct kernel k;

	(void)state;
	make_diamond(&k);
	plain = in_kernel(&k, "plain.ko.xz");
	cut = in_kernel(&k, "cut.ko.xz");
	good = in_kernel(&k, "left.ko.xz");
	assert_int_equal(file_write(plain, "no module", 9, NULL), 0);
	assert_int_equal(file_read(good, &bytes, NULL), 0);
	assert_int_equal(file_write(cut, bytes.data, bytes.len / 2, NULL), 0);
	add_module(&k, "liar.ko", "honest", "");
	assert_fails(&k, LIST("plain"), -ENOEXEC, "plain.ko.xz is no 64-bit kernel module");
	assert_fails(&k, LIST("cut"), -EBADMSG, "cut.ko.xz");
	assert_fails(&k, LIST("liar"), -EBADMSG, "liar.ko says it is module honest");
	assert_int_equal(file_write(plain, "", 0, NULL), 0);
	assert_fails(&k, LIST("plain"), -EBADMSG, "plain.ko.xz");
	kernel_free(&k);
}

/* Small on disk, more than 64 MiB unpacked. */
static void test_bomb(void **state)
{
	const size_t len = (64u << 20) + 1;
	cleanup_free char *zeros = xcalloc(len, 1);
	cleanup_free char *path = NULL;
	struct kernel k;

	(void)state;
	kernel_make(&k, "bomb");
	path = in_kernel(&k, "bomb.ko.zst");
	pack(path, zeros, len, archive_write_add_filter_zstd);
	assert_fails(&k, LIST("bomb"), -EFBIG, "more than 64 MiB");
	kernel_free(&k);
}

/* A chain longer than what an image takes ends before the stack does. */
static void test_long_chain(void **state)
{
	struct kernel k;
	int i;

	(void)state;
	kernel_make(&k, "chain");
	for (i = 0; i <= 256; i++) {
		cleanup_free char *file = xasprintf("m%d.ko", i);
		cleanup_free char *name = xasprintf("m%d", i);
		cleanup_free char *next = xasprintf("m%d", i + 1);

		add_module(&k, file, name, i < 256 ? next : "");
	}
	assert_fails(&k, LIST("m0"), -E2BIG, "more than 256 modules");
	kernel_free(&k);
}

/*
 * ---- The archive ----
 */

static void age(const char *path, time_t when)
{
	struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(chmod(path, when & 1 ? 0600 : 0755), 0);
	if (!geteuid())
		assert_int_equal(chown(path, (uid_t)when, (gid_t)when), 0);
}

/* From files of that age. */
static void build_sample(struct image *image, time_t when)
{
	cleanup_free char *agent = xasprintf("%s/agent", root);
	cleanup_free char *module = NULL;
	struct image_file files[] = {
		{.name = "init", .path = agent, .mode = 0755},
		{.name = "bin/deep/tool", .data = "tool\n", .len = 5, .mode = 0700},
		{.name = "bin/empty", .data = NULL, .len = 0, .mode = 0444},
	};
	struct err err = {{0}};
	struct kernel k;

	make_diamond(&k);
	module = in_kernel(&k, "left.ko.xz");
	assert_int_equal(file_write(agent, "agent", 5, NULL), 0);
	age(agent, when);
	age(module, when);
	if (image_build(&k, LIST("left", "other"), files, ARRAY_SIZE(files), image, &err))
		fail_msg("%s", err.msg);
	kernel_free(&k);
}

static void test_same_bytes(void **state)
{
	cleanup_buf struct buf x = {0};
	cleanup_buf struct buf y = {0};
	struct image a, b;

	(void)state;
	build_sample(&a, 1000000001);
	assert_int_equal(file_read(a.path, &x, NULL), 0);
	/* Gone, so that the second one is really written. */
	assert_int_equal(unlink(a.path), 0);
	build_sample(&b, 2000000);
	assert_int_equal(file_read(b.path, &y, NULL), 0);
	assert_string_equal(a.id, b.id);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, y.data, x.len);
	image_release(&a);
	image_release(&b);
}

struct expected {
	const char *name;
	unsigned int mode;
	const char *data; /* NULL: not looked at */
};

static void check_entry(struct archive *a, struct archive_entry *e, const struct expected *want)
{
	char data[64] = "";
	la_ssize_t n;

	assert_string_equal(archive_entry_pathname(e), want->name);
	assert_int_equal(archive_entry_mode(e), want->mode);
	assert_int_equal(archive_entry_uid(e), 0);
	assert_int_equal(archive_entry_gid(e), 0);
	assert_int_equal(archive_entry_mtime(e), 0);
	assert_int_equal(archive_entry_dev(e), 0);
	assert_int_equal(archive_entry_nlink(e), S_ISDIR(want->mode) ? 2 : 1);
	if (!want->data)
		return;
	n = archive_read_data(a, data, sizeof(data));
	assert_int_equal(n, strlen(want->data));
	assert_memory_equal(data, want->data, (size_t)n);
}

static void check_archive(const char *path, const struct expected *want, size_t nr)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	size_t i;

	archive_read_support_format_cpio(a);
	assert_int_equal(archive_read_open_filename(a, path, 4096), ARCHIVE_OK);
	for (i = 0; i < nr; i++) {
		assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_OK);
		assert_int_equal(archive_entry_ino64(e), i + 1);
		check_entry(a, e, &want[i]);
	}
	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_EOF);
	archive_read_free(a);
}

static void test_contents(void **state)
{
	static const struct expected want[] = {
		{"init", S_IFREG | 0755, "agent"},
		{"bin", S_IFDIR | 0755, NULL},
		{"bin/deep", S_IFDIR | 0755, NULL},
		{"bin/deep/tool", S_IFREG | 0700, "tool\n"},
		{"bin/empty", S_IFREG | 0444, ""},
		{"modules", S_IFDIR | 0755, NULL},
		{"modules/bottom_most.ko", S_IFREG | 0644, NULL},
		{"modules/left.ko", S_IFREG | 0644, NULL},
		{"modules/other.ko", S_IFREG | 0644, NULL},
	};
	cleanup_buf struct buf bytes = {0};
	cleanup_buf struct buf left = {0};
	struct image image;

	(void)state;
	build_sample(&image, 1);
	check_archive(image.path, want, ARRAY_SIZE(want));
	/* The module that was packed is in there as it was before. */
	make_module(&left, "left", "bottom-most");
	assert_int_equal(file_read(image.path, &bytes, NULL), 0);
	assert_memory_equal(bytes.data, "070701", 6);
	assert_non_null(memmem(bytes.data, bytes.len, left.data, left.len));
	image_release(&image);
}

static void test_bad_names(void **state)
{
	static const char *const bad[] = {
		"", "/init", "init/", "a//b", ".", "a/..", "../a", "a b", "a\n", "\xc3\xa4",
		"TRAILER!!!",
	};
	struct kernel k;
	size_t i;

	(void)state;
	make_diamond(&k);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct image_file file = {.name = bad[i], .data = "x", .len = 1, .mode = 0644};
		struct image image;
		struct err err = {{0}};

		assert_int_equal(image_build(&k, LIST("left"), &file, 1, &image, &err), -EINVAL);
		assert_null(image.path);
		assert_non_null(strstr(err.msg, "cannot be a file of the guest image"));
	}
	kernel_free(&k);
}

static void test_bad_files_given(void **state)
{
	struct image_file twice[] = {
		{.name = "modules/left.ko", .data = "x", .len = 1, .mode = 0644},
		{.name = "modules/left.ko", .data = "x", .len = 1, .mode = 0644},
	};
	struct image_file gone = {.name = "init", .path = "/nonexistent/agent", .mode = 0755};
	struct image image;
	struct err err = {{0}};
	struct kernel k;

	(void)state;
	make_diamond(&k);
	assert_int_equal(image_build(&k, LIST("other"), twice, 2, &image, &err), -EEXIST);
	assert_int_equal(image_build(&k, LIST("left"), twice, 1, &image, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "modules/left.ko"));
	assert_int_equal(image_build(&k, LIST("left"), &gone, 1, &image, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "/nonexistent/agent"));
	kernel_free(&k);
}

static void test_open(void **state)
{
	struct image made, image;
	struct err err = {{0}};

	(void)state;
	build_sample(&made, 1);
	assert_int_equal(image_open(made.id, &image, &err), 0);
	assert_string_equal(image.id, made.id);
	assert_string_equal(image.path, made.path);
	assert_null(image.modules[0]);
	image_release(&image);

	assert_int_equal(image_open("../../etc/passwd", &image, &err), -EINVAL);
	assert_int_equal(image_open("", &image, &err), -EINVAL);
	/* Damaged, then healed by building it again. */
	assert_int_equal(truncate(made.path, 100), 0);
	assert_int_equal(image_open(made.id, &image, &err), -ENOENT);
	assert_null(image.path);
	image_release(&made);
	build_sample(&made, 1);
	assert_int_equal(image_open(made.id, &image, &err), 0);
	image_release(&image);
	assert_int_equal(unlink(made.path), 0);
	assert_int_equal(image_open(made.id, &image, &err), -ENOENT);
	assert_non_null(strstr(err.msg, made.id));
	image_release(&made);
}

/*
 * ---- The file system ----
 */

static uint64_t get(const struct buf *buf, size_t at, size_t bytes)
{
	uint64_t value = 0;

	assert_true(at + bytes <= buf->len);
	while (bytes--)
		value = value << 8 | (uint8_t)buf->data[at + bytes];
	return value;
}

/* Checks the format and writes the runs to a sparse file. */
static void decode(const struct buf *fs, uint64_t size, const char *path)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	uint64_t runs = get(fs, 16, 4), end = 0;
	size_t at = 24;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_memory_equal(fs->data, "WRFS\1\0\0\0", 8);
	assert_int_equal(get(fs, 8, 8), size);
	assert_int_equal(get(fs, 20, 4), 0);
	assert_true(runs > 0);
	while (runs--) {
		uint64_t off = get(fs, at, 8), len = get(fs, at + 8, 4);

		assert_int_equal(get(fs, at + 12, 4), 0);
		at += 16;
		assert_true(off >= end && off % 4096 == 0 && len % 4096 == 0);
		assert_true(len && len <= 1 << 20 && len <= fs->len - at);
		end = off + len;
		assert_true(end <= size);
		assert_int_equal(pwrite(fd, fs->data + at, len, (off_t)off), len);
		at += len;
	}
	assert_int_equal(at, fs->len);
}

/* What fsck.ext4 says of it, where there is one. */
static void check_fs(const char *path)
{
	static const char *const where[] = {"/sbin/fsck.ext4", "/usr/sbin/fsck.ext4"};
	struct err err = {{0}};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(where); i++) {
		const char *const argv[] = {where[i], "-fn", path, NULL};

		if (!file_exists(where[i]))
			continue;
		if (proc_capture(argv, 60000, NULL, &err))
			fail_msg("%s", err.msg);
		return;
	}
	print_message("fsck.ext4 is not installed: file system not checked\n");
}

/* Offsets of the superblock's fields are those of the kernel's documentation. */
static void check_super(const char *path, uint64_t size)
{
	static const size_t times[] = {0x30, 0x40, 0x108};
	cleanup_buf struct buf bytes = {0};
	size_t i;

	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(file_read(path, &bytes, NULL), 0);
	assert_int_equal(get(&bytes, 1024 + 0x38, 2), 0xef53);
	assert_int_equal(get(&bytes, 1024 + 0x04, 4), size / 4096);
	/* Mounted: never.  Written, checked, made: one second after time began. */
	assert_int_equal(get(&bytes, 1024 + 0x2c, 4), 0);
	for (i = 0; i < ARRAY_SIZE(times); i++)
		assert_int_equal(get(&bytes, 1024 + times[i], 4), 1);
	/* compat: none; incompat: filetype, extents, flex_bg; ro: sparse_super, large_file. */
	assert_int_equal(get(&bytes, 1024 + 0x5c, 4), 0);
	assert_int_equal(get(&bytes, 1024 + 0x60, 4), 0x2 | 0x40 | 0x200);
	assert_int_equal(get(&bytes, 1024 + 0x64, 4), 0x1 | 0x2);
}

static void make_kind(const char *kind, uint64_t size, struct buf *fs)
{
	struct err err = {{0}};

	if (fs_make(kind, size, fs, &err))
		fail_msg("%s", err.msg);
}

static void make_fs(uint64_t size, struct buf *fs)
{
	make_kind("ext4", size, fs);
}

/* To be called before anything is allocated: skip() does not come back. */
static void need_mkfs(const char *kind)
{
	cleanup_buf struct buf fs = {0};
	struct err err = {{0}};

	if (fs_make(kind, 64 << 20, &fs, &err) != -ENOENT)
		return;
	print_message("%s\n", err.msg);
	skip();
}

static void test_fs(void **state)
{
	static const uint64_t sizes[] = {1 << 20, 3 << 20, 129 << 20, 1ull << 30, 5ull << 30};
	cleanup_free char *path = NULL;
	size_t i;

	(void)state;
	need_mkfs("ext4");
	path = xasprintf("%s/fs", root);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_buf struct buf x = {0};
		cleanup_buf struct buf y = {0};

		make_fs(sizes[i], &x);
		/* Another second, another environment. */
		sleep(i == 0);
		setenv("MKE2FS_DEVICE_SECTSIZE", "512", 1);
		make_fs(sizes[i], &y);
		unsetenv("MKE2FS_DEVICE_SECTSIZE");
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.data, y.data, x.len);
		assert_true(x.len < 1 << 20);
		decode(&x, sizes[i], path);
		check_fs(path);
		check_super(path, sizes[i]);
	}
}

/* mkfs.xfs itself would put the time and random numbers in. */
static void test_fs_xfs(void **state)
{
	static const uint64_t sizes[] = {32 << 20, 96 << 20, 1ull << 30};
	cleanup_free char *path = NULL;
	size_t i;

	(void)state;
	need_mkfs("xfs");
	path = xasprintf("%s/xfs", root);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		const char *const argv[] = {"/sbin/xfs_repair", "-n", "-o", "force_geometry", "-f",
					    path, NULL};
		cleanup_buf struct buf x = {0}, y = {0};
		struct err err;

		make_kind("xfs", sizes[i], &x);
		sleep(i == 0);
		make_kind("xfs", sizes[i], &y);
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.data, y.data, x.len);
		assert_true(x.len < 1 << 20);
		decode(&x, sizes[i], path);
		if (proc_capture(argv, 60000, NULL, &err))
			fail_msg("%s", err.msg);
	}
}

/* What is in out stays, and the new bytes come behind it. */
static void test_fs_appends(void **state)
{
	cleanup_buf struct buf x = {0};
	cleanup_buf struct buf y = {0};

	(void)state;
	need_mkfs("ext4");
	buf_adds(&y, "before");
	make_fs(4 << 20, &x);
	make_fs(4 << 20, &y);
	assert_int_equal(y.len, x.len + 6);
	assert_memory_equal(y.data, "before", 6);
	assert_memory_equal(y.data + 6, x.data, x.len);
}

static void test_fs_sizes(void **state)
{
	static const uint64_t bad[] = {
		0, 4096, (1 << 20) - 4096, (1 << 20) + 512, (1ull << 40) + 4096, UINT64_MAX,
	};
	cleanup_buf struct buf out = {0};
	struct err err = {{0}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(fs_make("ext4", bad[i], &out, &err), -EINVAL);
	assert_int_equal(out.len, 0);
	assert_non_null(strstr(err.msg, "multiple of 4096 from 1M to 1T"));
}

static int setup(void **state)
{
	cleanup_free char *cache = NULL;

	(void)state;
	if (!mkdtemp(root))
		return -1;
	cache = xasprintf("%s/cache", root);
	return setenv("WRINGER_CACHE", cache, 1);
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove(root, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_info_truncated),
		cmocka_unit_test(test_info_changed_bytes),
		cmocka_unit_test(test_info_huge_fields),
		cmocka_unit_test(test_info_garbage),
		cmocka_unit_test(test_info_strings),
		cmocka_unit_test(test_info_other_objects),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_no_folder),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_links_not_followed),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_long_chain),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_bad_files_given),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_fs),
		cmocka_unit_test(test_fs_xfs),
		cmocka_unit_test(test_fs_appends),
		cmocka_unit_test(test_fs_sizes),
	};

	return cmocka_run_group_tests_name("image", tests, setup, teardown);
}
