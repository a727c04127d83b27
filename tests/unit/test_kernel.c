// SPDX-License-Identifier: GPL-2.0-only
/* The kernel room without a network: what apt would do is done by small scripts in the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "kernel/internal.h"

#define IMAGE_SIZE 8192

static char tmp[] = "/tmp/wringer-test-kernel-XXXXXX";

static char *in_tmp(const char *name)
{
	return xasprintf("%s/%s", tmp, name);
}

static void put(const char *name, const void *data, size_t len)
{
	cleanup_free char *path = in_tmp(name);

	assert_int_equal(parent_make(path, NULL), 0);
	assert_int_equal(file_write(path, data, len, NULL), 0);
}

static void puts_script(const char *name, const char *text)
{
	cleanup_free char *path = in_tmp(name);

	put(name, text, strlen(text));
	assert_int_equal(chmod(path, 0755), 0);
}

/* A cache holds nothing but whole kernels. */
static void assert_no_drafts(void)
{
	cleanup_free char *path = in_tmp("cache/kernels");
	DIR *dir = opendir(path);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		assert_true(*e->d_name == '.' || strlen(e->d_name) == SHA256_HEX - 1);
	if (dir)
		closedir(dir);
}

/* The least that looks like a bzImage: 2 KiB of setup, the rest code. */
static void make_image(uint8_t image[IMAGE_SIZE], const char *release)
{
	memset(image, 0, IMAGE_SIZE);
	image[0x1f1] = 3;
	image[0x1f4] = (IMAGE_SIZE - 2048) / 16 & 0xff;
	image[0x1f5] = (IMAGE_SIZE - 2048) / 16 >> 8;
	image[0x1fe] = 0x55;
	image[0x1ff] = 0xaa;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x206] = 0x0f;
	image[0x207] = 0x02;
	image[0x20f] = 0x01; /* version string at 0x100 behind 0x200 */
	image[0x211] = 1;
	snprintf((char *)image + 0x300, 128, "%s (someone@example.org) #1 SMP", release);
}

static void put_image(const char *name, const char *release)
{
	uint8_t image[IMAGE_SIZE];

	make_image(image, release);
	put(name, image, sizeof(image));
}

/* --- versions --- */

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void test_version(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		int want;
	} t[] = {
		{"6.12.9", "6.12.10", -1},
		{"6.12.10", "6.12.10", 0},
		{"7.3~rc7", "7.3", -1},
		{"7.3~rc7", "7.3~rc10", -1},
		{"7.3~~", "7.3~", -1},
		{"7.3~rc7-1~exp1", "7.3.4-1~bpo13+1", -1},
		{"6.12.94-1~bpo12+1", "6.12.94-1", -1},
		{"6.12.94-1", "6.12.94-1+b1", -1},
		{"6.12.94-1", "6.12.94-2~bpo12+1", -1},
		{"6.1.192-2", "6.12.43-1", -1},
		{"1:6.1-1", "7.3-1", 1},
		{"0:6.1-1", "6.1-1", 0},
		{"6.1", "6.1-0", 0},
		{"6.1a", "6.1+", -1},
		{"6.1a", "6.1", 1},
		{"6.01", "6.1", 0},
		{"6.1-rc1-1", "6.1-1", 1},
		{"99999999999999999999999", "100000000000000000000000", -1},
		{"", "0", 0},
		{"", "~", 1},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(sign(kernel_version_cmp(t[i].a, t[i].b)), t[i].want);
		assert_int_equal(sign(kernel_version_cmp(t[i].b, t[i].a)), -t[i].want);
	}
}

/* --- the ladder --- */

#define STANZA(name, version, size)                                                                \
	"Package: " name "\nSource: linux\nVersion: " version                                      \
	"\nArchitecture: amd64\nDepends: kmod\nDescription: text\n more text\nSize: " size "\n\n"

static const char index_sid[] =
	STANZA("bash", "5.2", "1500000")
	STANZA("linux-image-cloud-amd64", "7.3.4-1", "1500")
	STANZA("linux-image-6.12-cloud-amd64", "6.12.107-1", "1500")
	STANZA("linux-image-6.1.0-50-cloud-amd64", "6.1.176-1", "26484304")
	STANZA("linux-image-6.1.0-50-cloud-amd64-dbg", "6.1.176-1", "926484304")
	STANZA("linux-image-6.1.0-50-cloud-amd64-unsigned", "6.1.176-1", "26484304")
	STANZA("linux-image-6.1.0-50-amd64", "6.1.176-1", "66484304")
	STANZA("linux-image-6.1.0-51-cloud-amd64-unsigned", "6.1.180-1", "26484304")
	STANZA("linux-image-6.12.107+deb13-cloud-amd64", "6.12.107-1", "34402644")
	STANZA("linux-image-7.1.13+deb13-cloud-amd64", "7.1.13-1~bpo13+1", "2072")
	STANZA("linux-binary-7.1.13+deb13-cloud-amd64", "7.1.13-1~bpo13+1", "13297444")
	STANZA("linux-modules-7.2.12+deb13-cloud-amd64", "7.2.12-1~bpo13+1", "37779084")
	STANZA("linux-base-7.2.12+deb13-cloud-amd64", "7.2.12-1~bpo13+1", "1037368")
	STANZA("linux-binary-unsigned-7.2.12+deb13-cloud-amd64", "7.2.12-1~bpo13+1", "13387976")
	STANZA("linux-binary-7.2.12+deb13-cloud-amd64", "7.2.12-1~bpo13+1", "13389360")
	STANZA("linux-base-7.3-cloud-amd64", "7.3~rc7-1~exp1", "357680")
	STANZA("linux-modules-7.3-cloud-amd64", "7.3~rc7-1~exp1", "21397624")
	STANZA("linux-binary-unsigned-7.3-cloud-amd64", "7.3~rc7-1~exp1", "13885624")
	STANZA("linux-image-9.9-cloud-amd64", "9.9-1 --option", "26484304")
	STANZA("linux-base-9.8-cloud-amd64", "9.8-1", "357680");

static const char index_other[] =
	STANZA("linux-image-6.12.107+deb13-cloud-amd64", "6.12.107-1", "34402644")
	STANZA("linux-image-6.12.107+deb12-cloud-amd64", "6.12.107-1~deb12u1", "34000000")
	STANZA("linux-image-6.12.95+deb12-cloud-amd64", "6.12.95-1~bpo12+1", "33925512");

static void make_index(struct buf *text)
{
	index_filter(index_sid, sizeof(index_sid) - 1, "sid", text);
	index_filter(index_other, sizeof(index_other) - 1, "trixie", text);
}

static void assert_rung(const struct rung *rung, const char *package, const char *suite,
			const char *packaging, const char *first, size_t names, bool modules)
{
	size_t n = 0;

	while (rung->name[n])
		n++;
	assert_string_equal(rung->package, package);
	assert_string_equal(rung->suite, suite);
	assert_string_equal(rung->packaging, packaging);
	assert_string_equal(rung->name[0], first);
	assert_int_equal(n, names);
	assert_int_equal(rung->has_modules, modules);
	assert_false(rung->fetched);
}

static void test_index(void **state)
{
	cleanup_buf struct buf text = {0};
	struct ladder l;
	const struct rung *r;

	(void)state;
	make_index(&text);
	index_parse(text.data, text.len, &l);
	r = l.rung;
	assert_int_equal(l.nr, 8);
	assert_rung(r++, "6.1.176-1", "sid", "image", "linux-image-6.1.0-50-cloud-amd64", 1, true);
	assert_rung(r++, "6.1.180-1", "sid", "image-unsigned",
		    "linux-image-6.1.0-51-cloud-amd64-unsigned", 1, true);
	assert_rung(r++, "6.12.95-1~bpo12+1", "trixie", "image",
		    "linux-image-6.12.95+deb12-cloud-amd64", 1, true);
	assert_rung(r++, "6.12.107-1~deb12u1", "trixie", "image",
		    "linux-image-6.12.107+deb12-cloud-amd64", 1, true);
	assert_rung(r++, "6.12.107-1", "sid", "image", "linux-image-6.12.107+deb13-cloud-amd64", 1,
		    true);
	assert_rung(r++, "7.1.13-1~bpo13+1", "sid", "binary",
		    "linux-binary-7.1.13+deb13-cloud-amd64", 1, false);
	assert_int_equal(r->size, 13389360 + 1037368 + 37779084);
	assert_rung(r++, "7.2.12-1~bpo13+1", "sid", "split",
		    "linux-binary-7.2.12+deb13-cloud-amd64", 3, true);
	assert_string_equal(r->version, "7.3~rc7");
	assert_rung(r++, "7.3~rc7-1~exp1", "sid", "split-unsigned",
		    "linux-binary-unsigned-7.3-cloud-amd64", 3, true);
	ladder_release(&l);
}

static void test_index_garbage(void **state)
{
	static const char *const texts[] = {"",
					    "\n\n\n",
					    "Package: linux-",
					    "Package: linux-image-6-cloud-amd64",
					    "Package: linux-image-6-cloud-amd64\nVersion: ",
					    "Size: 99999999999999999999999\n\nVersion: 1\n\n",
					    "Package: linux-image--cloud-amd64\nSize: 9999999\n"};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_buf struct buf out = {0};
		struct ladder l;

		index_filter(texts[i], strlen(texts[i]), "sid", &out);
		assert_int_equal(out.len, 0);
		index_parse(texts[i], strlen(texts[i]), &l);
		assert_int_equal(l.nr, 0);
		ladder_release(&l);
	}
}

static void test_find(void **state)
{
	static const struct {
		const char *name;
		const char *want; /* package, or part of the message */
		int ret;
	} t[] = {
		{"6.12.107-1~deb12u1", "6.12.107-1~deb12u1", 0},
		{"6.12.107", "6.12.107-1", 0},
		{"6.12", "6.12.107-1", 0},
		{"6.1", "6.1.180-1", 0},
		{"7.3", "7.3~rc7-1~exp1", 0},
		{"newest", "7.2.12-1~bpo13+1", 0},
		{"6.12.100", "6.12.95 and 6.12.107", -ENOENT},
		{"6.13", "6.12.107 and 7.1.13", -ENOENT},
		{"5.10", "nearest: 6.1.176", -ENOENT},
		{"8.0", "nearest: 7.3~rc7", -ENOENT},
		{"", "6.1.176", -ENOENT},
	};
	cleanup_buf struct buf text = {0};
	struct ladder l;
	size_t i;

	(void)state;
	make_index(&text);
	index_parse(text.data, text.len, &l);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		const struct rung *rung = NULL;
		struct err err = {0};

		assert_int_equal(ladder_find(&l, t[i].name, &rung, &err), t[i].ret);
		if (rung)
			assert_string_equal(rung->package, t[i].want);
		else
			assert_non_null(strstr(err.msg, t[i].want));
	}
	ladder_release(&l);
}

/* --- images --- */

static int check_bytes(const uint8_t *image, size_t len, struct err *err)
{
	cleanup_free char *path = in_tmp("check");
	cleanup_free char *release = NULL;
	int ret;

	put("check", image, len);
	ret = bzimage_check(path, &release, err);
	if (!ret)
		assert_string_equal(release, "7.3.4+test");
	return ret;
}

static void test_bzimage(void **state)
{
	/* What must not be at an offset of the header. */
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {
		{0x1fe, 0}, {0x202, 'h'}, {0x211, 0}, {0x1f6, 1}, {0x20f, 0}, {0x20f, 0xff},
		{0x300, 0}, {0x302, '/'}, {0x301, 27}};
	static const size_t lengths[] = {0, 1, 0x1ff, 0x206, 0x267, 2047, IMAGE_SIZE - 1};
	uint8_t image[IMAGE_SIZE];
	struct err err = {0};
	size_t i;

	(void)state;
	make_image(image, "7.3.4+test");
	assert_int_equal(check_bytes(image, sizeof(image), &err), 0);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		assert_int_equal(check_bytes(image, lengths[i], &err), -ENOEXEC);
	assert_non_null(strstr(err.msg, "truncated (8191 of 8192 bytes)"));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		make_image(image, "7.3.4+test");
		image[bad[i].at] = bad[i].value;
		assert_int_equal(check_bytes(image, sizeof(image), &err), -ENOEXEC);
	}
}

static void test_bzimage_no_file(void **state)
{
	char *release;
	struct err err;

	(void)state;
	assert_int_equal(bzimage_check("/nonexistent/bzImage", &release, &err), -ENOENT);
	assert_int_equal(bzimage_check("/", &release, &err), -ENOEXEC);
	assert_int_equal(bzimage_check("/dev/zero", &release, &err), -ENOEXEC);
}

/* --- import --- */

static void assert_has(const struct kernel *kernel, const char *name, bool want)
{
	cleanup_free char *path = xasprintf("%s/%s", kernel->dir, name);

	assert_int_equal(file_exists(path), want);
}

static void put_modules(const char *dir)
{
	static const char *const names[] = {
		"kernel/mm/zsmalloc.ko.xz", "kernel/fs/xfs/xfs.ko", "extra/a.ko.zst",
		"modules.builtin", "kernel/modules.builtin", "modules.dep", "kernel/fs/xfs.ko.txt"};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		cleanup_free char *name = xasprintf("%s/%s", dir, names[i]);

		put(name, names[i], strlen(names[i]));
	}
}

static void check_imported(const struct kernel *kernel)
{
	assert_string_equal(kernel->version, "7.3.4+mine");
	assert_string_equal(kernel->release, "7.3.4+mine");
	assert_string_equal(kernel->package, "");
	assert_string_equal(kernel->packaging, "file");
	assert_true(kernel->has_modules);
	assert_has(kernel, "vmlinuz", true);
	assert_has(kernel, "config", true);
	assert_has(kernel, "modules.builtin", true);
	assert_has(kernel, "modules/kernel/mm/zsmalloc.ko.xz", true);
	assert_has(kernel, "modules/kernel/fs/xfs/xfs.ko", true);
	assert_has(kernel, "modules/extra/a.ko.zst", true);
	assert_has(kernel, "modules/link.ko", false);
	assert_has(kernel, "modules/modules.dep", false);
	assert_has(kernel, "modules/kernel/modules.builtin", false);
	assert_has(kernel, "modules/kernel/fs/xfs.ko.txt", false);
}

static void test_import(void **state)
{
	cleanup_free char *image = in_tmp("boot/vmlinuz");
	cleanup_free char *modules = in_tmp("boot/lib");
	cleanup_free char *link = in_tmp("boot/lib/link.ko");
	cleanup_free char *both = xasprintf("%s:%s", image, modules);
	struct kernel first;
	struct kernel again;

	(void)state;
	put_image("boot/vmlinuz", "7.3.4+mine");
	put("boot/config-7.3.4+mine", "CONFIG_MMU=y\n", 13);
	put_modules("boot/lib");
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(kernel_import(image, modules, &first, NULL), 0);
	check_imported(&first);
	assert_int_equal(kernel_resolve(both, NULL, &again, NULL), 0);
	assert_string_equal(first.id, again.id);
	kernel_release(&again);
	assert_int_equal(kernel_open(first.id, &again, NULL), 0);
	check_imported(&again);
	assert_string_equal(first.dir, again.dir);
	kernel_release(&again);
	kernel_release(&first);
	assert_no_drafts();
}

static void test_import_id(void **state)
{
	cleanup_free char *image = in_tmp("plain/bzImage");
	cleanup_buf struct buf list = {0};
	uint8_t bytes[IMAGE_SIZE];
	char hex[SHA256_HEX];
	struct kernel kernel;

	(void)state;
	make_image(bytes, "7.3.4+plain");
	put("plain/bzImage", bytes, sizeof(bytes));
	assert_int_equal(kernel_resolve(image, NULL, &kernel, NULL), 0);
	sha256_buf(bytes, sizeof(bytes), hex);
	buf_printf(&list, "%s  vmlinuz\n", hex);
	sha256_buf(list.data, list.len, hex);
	assert_string_equal(kernel.id, hex);
	assert_false(kernel.has_modules);
	assert_has(&kernel, "config", false);
	kernel_release(&kernel);
}

static void test_import_build_tree(void **state)
{
	cleanup_free char *image = in_tmp("linux/arch/x86/boot/bzImage");
	struct kernel kernel;

	(void)state;
	put_image("linux/arch/x86/boot/bzImage", "7.3.4+tree");
	put("linux/.config", "CONFIG_MMU=y\n", 13);
	assert_int_equal(kernel_import(image, NULL, &kernel, NULL), 0);
	assert_has(&kernel, "config", true);
	kernel_release(&kernel);
}

/* The vmlinux of the build tree is found, until it is one of another build. */
static void test_vmlinux(void **state)
{
	cleanup_free char *image = in_tmp("vm/arch/x86/boot/bzImage");
	cleanup_free char *vmlinux = in_tmp("vm/vmlinux"), *found = NULL;
	struct kernel kernel;

	(void)state;
	put_image("vm/arch/x86/boot/bzImage", "7.3.4+vm");
	assert_int_equal(kernel_import(image, NULL, &kernel, NULL), 0);
	assert_null(kernel_vmlinux(&kernel));
	kernel_release(&kernel);
	put("vm/vmlinux", "ELF \0 #1 SMP\0 and so on", 24);
	assert_int_equal(kernel_import(image, NULL, &kernel, NULL), 0);
	found = kernel_vmlinux(&kernel);
	assert_non_null(found);
	assert_string_equal(found, vmlinux);
	put("vm/vmlinux", "ELF \0 #2 SMP\0 and so on", 24);
	assert_null(kernel_vmlinux(&kernel));
	assert_int_equal(unlink(vmlinux), 0);
	assert_null(kernel_vmlinux(&kernel));
	kernel_release(&kernel);
}

static void test_import_bad(void **state)
{
	cleanup_free char *image = in_tmp("bad/bzImage");
	cleanup_free char *empty = in_tmp("bad/empty");
	struct kernel kernel;
	struct err err;

	(void)state;
	assert_int_equal(dir_make(empty, NULL), 0);
	put_image("bad/bzImage", "7.3.4+bad");
	assert_int_equal(kernel_import(image, "/nonexistent", &kernel, &err), -ENOTDIR);
	assert_int_equal(kernel_import(image, empty, &kernel, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "no modules"));
	put("bad/bzImage", "garbage", 7);
	assert_int_equal(kernel_import(image, NULL, &kernel, &err), -ENOEXEC);
	assert_int_equal(kernel_import("/nonexistent/x", NULL, &kernel, &err), -ENOENT);
	assert_no_drafts();
}

static void test_open_bad(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	cleanup_free char *meta = xasprintf("cache/kernels/%s/meta.json", id);
	cleanup_free char *dir = xasprintf("%s/cache/kernels/%s", tmp, id);
	struct kernel kernel;
	struct err err;

	(void)state;
	assert_int_equal(kernel_open("../../etc", &kernel, &err), -EINVAL);
	assert_int_equal(kernel_open(id, &kernel, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "not in the cache"));
	put(meta, "{\"version\": 3}", 14);
	assert_int_equal(kernel_open(id, &kernel, &err), -EBADMSG);
	assert_int_equal(dir_remove(dir, NULL), 0);
}

static void test_cached(void **state)
{
	struct kernel *kernel;
	size_t nr;
	size_t i;

	(void)state;
	assert_int_equal(kernel_cached(&kernel, &nr, NULL), 0);
	assert_true(nr >= 2);
	for (i = 1; i < nr; i++)
		assert_true(kernel_version_cmp(kernel[i - 1].version, kernel[i].version) <= 0);
	kernels_release(kernel, nr);
}

/* What a killed process leaves goes away with the next use, what a live one works on does not. */
static void test_sweep(void **state)
{
	cleanup_free char *old = in_tmp("cache/kernels/tmp.old");
	cleanup_free char *young = in_tmp("cache/kernels/tmp.young");
	struct utimbuf past = {.actime = 1, .modtime = 1};
	struct draft draft;

	(void)state;
	put("cache/kernels/tmp.old/kernel/vmlinuz", "x", 1);
	assert_int_equal(dir_make(young, NULL), 0);
	assert_int_equal(utime(old, &past), 0);
	assert_int_equal(draft_open(&draft, NULL), 0);
	assert_false(file_exists(old));
	assert_true(file_exists(young));
	draft_release(&draft);
	assert_int_equal(dir_remove(young, NULL), 0);
	assert_no_drafts();
}

/* --- packages --- */

struct member {
	const char *path;
	const char *link; /* target of a symbolic link */
	const char *hard; /* target of a hard link */
	const void *data;
	size_t len;
};

static void add_member(struct archive *a, const struct member *m)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, m->path);
	archive_entry_set_mode(entry, (m->link ? AE_IFLNK : AE_IFREG) | 0644);
	if (m->link)
		archive_entry_set_symlink(entry, m->link);
	if (m->hard)
		archive_entry_set_hardlink(entry, m->hard);
	archive_entry_set_size(entry, (la_int64_t)m->len);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	if (m->len)
		assert_int_equal(archive_write_data(a, m->data, m->len), m->len);
	archive_entry_free(entry);
}

static size_t make_tar(const struct member *m, size_t nr, void *out, size_t max)
{
	struct archive *a = archive_write_new();
	size_t len = 0;
	size_t i;

	archive_write_set_format_gnutar(a);
	archive_write_add_filter_xz(a);
	assert_int_equal(archive_write_open_memory(a, out, max, &len), ARCHIVE_OK);
	for (i = 0; i < nr; i++)
		add_member(a, &m[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	return len;
}

/* Writes a package into the temporary folder and returns its length. */
static size_t make_deb(const char *name, const struct member *m, size_t nr)
{
	static uint8_t tar[1 << 20];
	static uint8_t deb[1 << 20];
	struct member outer[] = {
		{.path = "debian-binary", .data = "2.0\n", .len = 4},
		{.path = "control.tar.xz", .data = "none", .len = 4},
		{.path = "data.tar.xz", .data = tar},
	};
	struct archive *a = archive_write_new();
	size_t len = 0;
	size_t i;

	outer[2].len = make_tar(m, nr, tar, sizeof(tar));
	archive_write_set_format_ar_svr4(a);
	assert_int_equal(archive_write_open_memory(a, deb, sizeof(deb), &len), ARCHIVE_OK);
	for (i = 0; i < ARRAY_SIZE(outer); i++)
		add_member(a, &outer[i]);
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	archive_write_free(a);
	put(name, deb, len);
	return len;
}

static int unpack(const char *name, const char *dir, struct err *err)
{
	cleanup_free char *deb = in_tmp(name);
	cleanup_free char *to = in_tmp(dir);

	assert_int_equal(dir_remove(to, NULL), 0);
	assert_int_equal(dir_make(to, NULL), 0);
	return deb_unpack(deb, to, err);
}

static void assert_unpacked(const char *name, bool want)
{
	cleanup_free char *path = xasprintf("%s/to/%s", tmp, name);

	assert_int_equal(file_exists(path), want);
}

static void test_deb(void **state)
{
	static const struct member m[] = {
		{.path = "./boot/vmlinuz-7.3", .data = "image", .len = 5},
		{.path = "./boot/config-7.3", .data = "config", .len = 6},
		{.path = "./boot/System.map-7.3", .data = "map", .len = 3},
		{.path = "./usr/lib/modules/7.3/modules.builtin", .data = "b", .len = 1},
		{.path = "./usr/lib/modules/7.3/modules.order", .data = "b", .len = 1},
		{.path = "./usr/lib/modules/7.3/kernel/fs/a.ko.xz", .data = "a", .len = 1},
		{.path = "lib/modules/7.3/kernel/b.ko", .data = "b", .len = 1},
		{.path = "./usr/lib/modules/7.3/kernel/c.ko", .link = "/etc/passwd"},
		{.path = "./usr/lib/modules/7.3/kernel/d.ko", .hard = "/etc/passwd"},
		{.path = "./usr/share/doc/x.ko", .data = "x", .len = 1},
	};
	struct err err = {0};

	(void)state;
	make_deb("good.deb", m, ARRAY_SIZE(m));
	assert_int_equal(unpack("good.deb", "to", &err), 0);
	assert_unpacked("vmlinuz", true);
	assert_unpacked("config", true);
	assert_unpacked("modules.builtin", true);
	assert_unpacked("modules/kernel/fs/a.ko.xz", true);
	assert_unpacked("modules/kernel/b.ko", true);
	assert_unpacked("modules/kernel/c.ko", false);
	assert_unpacked("modules/kernel/d.ko", false);
	assert_unpacked("modules/x.ko", false);
	assert_unpacked("System.map-7.3", false);
}

static void test_deb_unsigned(void **state)
{
	static const struct member m[] = {
		{.path = "./usr/lib/modules/7.3/vmlinuz.unsigned", .data = "image", .len = 5},
		{.path = "./usr/lib/modules/7.3/config", .data = "config", .len = 6},
	};

	(void)state;
	make_deb("unsigned.deb", m, ARRAY_SIZE(m));
	assert_int_equal(unpack("unsigned.deb", "to", NULL), 0);
	assert_unpacked("vmlinuz", true);
	assert_unpacked("config", true);
}

static void test_deb_hostile(void **state)
{
	static const char *const paths[] = {
		"./lib/modules/7.3/../../../../escaped.ko",
		"../escaped.ko",
		"lib/modules/7.3/..",
		"..",
		"/lib/modules/7.3/escaped.ko",
		"./lib/modules/7.3/line\nbreak.ko",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		struct member m = {.path = paths[i], .data = "x", .len = 1};
		struct err err = {0};

		make_deb("hostile.deb", &m, 1);
		assert_int_equal(unpack("hostile.deb", "to", &err), -EBADMSG);
		assert_non_null(strstr(err.msg, "leads out of it"));
	}
	assert_unpacked("../escaped.ko", false);
}

/* Neither a member over another, nor a folder where a file is. */
static void test_deb_twice(void **state)
{
	static const struct member m[] = {
		{.path = "./lib/modules/7.3/a.ko", .data = "x", .len = 1},
		{.path = "./lib/modules/7.3/a.ko", .data = "y", .len = 1},
	};
	static const struct member below[] = {
		{.path = "./lib/modules/7.3/a.ko", .data = "x", .len = 1},
		{.path = "./lib/modules/7.3/a.ko/b.ko", .data = "y", .len = 1},
	};
	struct err err = {0};

	(void)state;
	make_deb("twice.deb", m, ARRAY_SIZE(m));
	assert_int_equal(unpack("twice.deb", "to", &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "second time"));
	make_deb("below.deb", below, ARRAY_SIZE(below));
	assert_int_not_equal(unpack("below.deb", "to", &err), 0);
}

static void test_deb_no_package(void **state)
{
	struct err err = {0};

	(void)state;
	put("no.deb", "hello", 5);
	assert_int_equal(unpack("no.deb", "to", &err), -EBADMSG);
	put("no.deb", "", 0);
	assert_int_not_equal(unpack("no.deb", "to", &err), 0);
	put("no.deb", "!<arch>\n", 8);
	assert_int_equal(unpack("no.deb", "to", &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "no data.tar"));
	assert_int_not_equal(unpack("nonexistent.deb", "to", &err), 0);
}

/* A package as a fetch gets it, with something in it that compresses badly. */
static size_t make_kernel_deb(const char *name)
{
	static uint8_t image[IMAGE_SIZE];
	static uint8_t noise[65536];
	uint32_t x = 1;
	struct member m[] = {
		{.path = "./boot/vmlinuz-7.3.4", .data = image, .len = sizeof(image)},
		{.path = "./lib/modules/7.3.4/a.ko", .data = noise, .len = sizeof(noise)},
	};
	size_t i;

	make_image(image, "7.3.4+deb99-cloud-amd64");
	for (i = 0; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (uint8_t)(x >> 24);
	}
	return make_deb(name, m, ARRAY_SIZE(m));
}

static void truncate_to(const char *name, size_t len)
{
	cleanup_free char *path = in_tmp(name);

	assert_int_equal(truncate(path, (off_t)len), 0);
}

static void test_deb_truncated(void **state)
{
	size_t len = make_kernel_deb("cut.deb");
	size_t cut;

	(void)state;
	assert_int_equal(unpack("cut.deb", "to", NULL), 0);
	for (cut = 1; cut < len; cut += len / 60) {
		struct err err = {0};

		make_kernel_deb("cut.deb");
		truncate_to("cut.deb", len - cut);
		assert_int_not_equal(unpack("cut.deb", "to", &err), 0);
		assert_true(*err.msg);
	}
}

/* --- fetch, with a script for apt-get --- */

static char *rung_names[] = {(char *)"linux-image-7.3.4+deb99-cloud-amd64", NULL};

static const struct rung fake_rung = {
	.version = (char *)"7.3.4",
	.package = (char *)"7.3.4-1",
	.suite = (char *)"sid",
	.packaging = "image",
	.name = rung_names,
	.size = 34000000,
	.has_modules = true,
};

static int said;

static void say(const char *line)
{
	assert_string_equal(line, "downloading kernel 7.3.4-1 from sid (34 MB)");
	said++;
}

static void fake_apt(const char *script)
{
	cleanup_free char *text = xasprintf("#!/bin/sh\ncd \"$PWD\" || exit\n%s\n", script);

	puts_script("bin/apt-get", text);
}

static void test_fetch_fails(void **state)
{
	struct kernel kernel;
	struct err err = {0};
	size_t len = make_kernel_deb("pool.deb");

	(void)state;
	fake_apt("echo 'E: 404 Not Found' >&2; exit 100");
	assert_int_equal(kernel_fetch(&fake_rung, NULL, &kernel, &err), -EIO);
	assert_non_null(strstr(err.msg, "kernel 7.3.4-1 cannot be had now"));
	assert_non_null(strstr(err.msg, ": E: 404 Not Found"));
	truncate_to("pool.deb", len / 2);
	fake_apt("cp \"$TEST_DIR/pool.deb\" kernel_1.deb");
	assert_int_equal(kernel_fetch(&fake_rung, NULL, &kernel, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "damaged"));
	fake_apt("true");
	assert_int_equal(kernel_fetch(&fake_rung, NULL, &kernel, &err), -ENOENT);
	assert_no_drafts();
}

static void test_fetch(void **state)
{
	struct kernel kernel;
	struct kernel again;

	(void)state;
	make_kernel_deb("pool.deb");
	fake_apt("[ \"$*\" = '-qq download linux-image-7.3.4+deb99-cloud-amd64=7.3.4-1' ] || exit "
		 "1\n"
		 "cp \"$TEST_DIR/pool.deb\" kernel_1.deb");
	assert_int_equal(kernel_fetch(&fake_rung, say, &kernel, NULL), 0);
	assert_string_equal(kernel.version, "7.3.4");
	assert_string_equal(kernel.release, "7.3.4+deb99-cloud-amd64");
	assert_true(kernel.has_modules);
	assert_no_drafts();
	/* From now on nothing needs apt. */
	fake_apt("exit 100");
	assert_int_equal(kernel_fetch(&fake_rung, say, &again, NULL), 0);
	assert_string_equal(kernel.id, again.id);
	kernel_release(&again);
	assert_int_equal(kernel_resolve("7.3.4", say, &again, NULL), 0);
	kernel_release(&again);
	assert_int_equal(kernel_resolve("7.3.4-1", say, &again, NULL), 0);
	kernel_release(&again);
	kernel_release(&kernel);
	assert_int_equal(said, 1);
}

static void test_load(void **state)
{
	static const char text[] =
		"Package: linux-image-7.3.4+deb99-cloud-amd64\nVersion: 7.3.4-1\n"
		"Size: 34000000\nSuite: sid\n\n"
		"Package: linux-image-7.2.1-cloud-amd64\nVersion: 7.2.1-1\n"
		"Size: 34000000\nSuite: sid\n\n";
	struct kernel kernel;
	struct ladder l;

	(void)state;
	put("cache/apt/kernels", text, sizeof(text) - 1);
	assert_int_equal(ladder_load(&l, false, NULL), 0);
	assert_int_equal(l.nr, 2);
	assert_false(l.rung[0].fetched);
	assert_true(l.rung[1].fetched);
	ladder_release(&l);
	assert_int_equal(kernel_resolve("newest", NULL, &kernel, NULL), 0);
	assert_string_equal(kernel.package, "7.3.4-1");
	kernel_release(&kernel);
}

static void test_load_no_debian(void **state)
{
	struct utimbuf past = {.actime = 1, .modtime = 1};
	cleanup_free char *index = in_tmp("cache/apt/kernels");
	struct err err = {0};
	struct ladder l;

	(void)state;
	puts_script("data/apt-conf", "#!/bin/sh\necho 'no Debian here' >&2; exit 1\n");
	assert_int_equal(ladder_load(&l, true, &err), -ENOTSUP);
	assert_string_equal(err.msg, "no Debian here");
	/* An old index is better than none. */
	assert_int_equal(utime(index, &past), 0);
	assert_int_equal(ladder_load(&l, false, &err), 0);
	ladder_release(&l);
	assert_int_equal(unlink(index), 0);
	assert_int_equal(ladder_load(&l, false, &err), -ENOTSUP);
}

static void test_load_no_network(void **state)
{
	struct err err = {0};
	struct ladder l;

	(void)state;
	puts_script("data/apt-conf", "#!/bin/sh\ntrue\n");
	fake_apt("[ \"$1\" = indextargets ] || { echo 'E: no way' >&2; exit 100; }");
	assert_int_equal(ladder_load(&l, false, &err), -EIO);
	assert_non_null(strstr(err.msg, "no package index could be fetched"));
	assert_non_null(strstr(err.msg, ": E: no way"));
}

static int set_up(void **state)
{
	cleanup_free char *cache = NULL;
	cleanup_free char *data = NULL;
	cleanup_free char *path = NULL;

	(void)state;
	if (!mkdtemp(tmp))
		return -1;
	cache = in_tmp("cache");
	data = in_tmp("data");
	path = xasprintf("%s/bin:%s", tmp, getenv("PATH"));
	setenv("WRINGER_CACHE", cache, 1);
	setenv("WRINGER_DATA", data, 1);
	setenv("TEST_DIR", tmp, 1);
	return setenv("PATH", path, 1);
}

static int tear_down(void **state)
{
	(void)state;
	return dir_remove(tmp, NULL);
}

/* A program with a few strings in it, as User-Mode Linux has them. */
static void put_uml(const char *name, const char *const *strings, size_t nr)
{
	Elf64_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64}, .e_type = ET_EXEC,
			   .e_machine = EM_X86_64};
	cleanup_buf struct buf file = {0};
	size_t i;

	buf_add(&file, &head, sizeof(head));
	for (i = 0; i < nr; i++)
		buf_add(&file, strings[i], strlen(strings[i]) + 1);
	put(name, file.data, file.len);
}

static void test_uml(void **unused)
{
	static const char *const strings[] = {
		"User Mode Linux v%s\n", "Linux version of something", "Linux version 7.3.4 (x@y)",
		"dtb=<file>\n    Boot", "time-travel=inf-cpu\n    This",
	};
	cleanup_free char *path = in_tmp("uml/linux"), *release = NULL, *image = NULL;
	struct kernel kernel;
	struct err err = {""};

	(void)unused;
	put_uml("uml/linux", strings + 1, 4);
	assert_false(uml_image(path));
	assert_int_equal(kernel_import(path, NULL, &kernel, &err), -ENOEXEC);
	put_uml("uml/linux", strings, 4);
	assert_true(uml_image(path));
	assert_int_equal(kernel_import(path, NULL, &kernel, &err), -ENOEXEC);
	assert_non_null(strstr(err.msg, "lacks CONFIG_UML_TIME_TRAVEL_SUPPORT"));
	put_uml("uml/linux", strings, 5);
	assert_int_equal(image_check(path, &release, &err), 0);
	assert_string_equal(release, "7.3.4");
	assert_int_equal(kernel_import(path, NULL, &kernel, &err), 0);
	assert_true(kernel_is_uml(&kernel));
	assert_string_equal(kernel.release, "7.3.4");
	image = kernel_image(&kernel);
	assert_string_equal(strrchr(image, '/'), "/linux");
	kernel_release(&kernel);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_index),
		cmocka_unit_test(test_index_garbage),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_uml),
		cmocka_unit_test(test_bzimage_no_file),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_import_id),
		cmocka_unit_test(test_import_build_tree),
		cmocka_unit_test(test_vmlinux),
		cmocka_unit_test(test_import_bad),
		cmocka_unit_test(test_open_bad),
		cmocka_unit_test(test_cached),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_deb),
		cmocka_unit_test(test_deb_unsigned),
		cmocka_unit_test(test_deb_hostile),
		cmocka_unit_test(test_deb_twice),
		cmocka_unit_test(test_deb_no_package),
		cmocka_unit_test(test_deb_truncated),
		cmocka_unit_test(test_fetch_fails),
		cmocka_unit_test(test_fetch),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_load_no_debian),
		cmocka_unit_test(test_load_no_network),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
