// SPDX-License-Identifier: GPL-2.0-only
/* The template cache, with folders as a machine would leave them; nothing is started here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/path.h"
#include "engine/mode.h"
#include "engine/template.h"

#define MIB (1ull << 20)

static char cache[] = "/tmp/test_template.XXXXXX";

static void key_of(int n, char key[SHA256_HEX])
{
	json_t *parts = json_pack("{s:i}", "n", n);

	template_key(parts, key);
	json_decref(parts);
}

static void put(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(file_write(path, text, strlen(text), NULL), 0);
}

/* Four pages: data, zero, data, zero. */
static void put_memory(const char *dir, const char *name, char fill)
{
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	char page[4096] = {0};
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT, 0644);
	int i;

	for (i = 0; i < 4; i++) {
		page[7] = i % 2 ? 0 : fill;
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	}
}

static void fill(const struct template *tpl, char fill)
{
	put(tpl->dir, SAVED_STATE, "state");
	put(tpl->dir, RUN_CONSOLE, "said");
	put(tpl->dir, RUN_PROGRESS, "");
	put(tpl->dir, RUN_PLAN, "");
	put(tpl->dir, RUN_KERNEL, "k");
	put_memory(tpl->dir, "m0.ram", fill);
	put_memory(tpl->dir, "m1.ram", fill);
}

static int finish(struct template *tpl)
{
	json_t *parts = json_pack("{s:i}", "n", 1);
	int ret = template_finish(tpl, parts, "title", NULL);

	json_decref(parts);
	return ret;
}

static void make(int n)
{
	struct template tpl;
	char key[SHA256_HEX];

	key_of(n, key);
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	fill(&tpl, 'x');
	assert_int_equal(finish(&tpl), 0);
}

static int nothing(void **unused)
{
	(void)unused;
	return dir_remove(path_cache(), NULL);
}

static void test_make(void **unused)
{
	struct template tpl, second;
	char key[SHA256_HEX];
	struct stat st;

	(void)unused;
	key_of(1, key);
	assert_int_equal(template_open(key, &tpl, NULL), -ENOENT);
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	/* whoever else wants it waits */
	assert_int_equal(template_open(key, &second, NULL), -EBUSY);
	assert_int_equal(template_begin(key, &second, NULL), -EBUSY);
	fill(&tpl, 'x');
	assert_int_equal(finish(&tpl), 0);
	assert_null(tpl.dir);
	assert_int_equal(template_begin(key, &tpl, NULL), -EEXIST);
	assert_int_equal(template_open(key, &tpl, NULL), 0);
	assert_int_equal(template_open(key, &second, NULL), 0);
	assert_int_equal(chdir(tpl.dir), 0);
	/* only what a fork needs, whole, read-only, its zero pages off the disk */
	assert_false(file_exists(RUN_PLAN));
	assert_false(file_exists(RUN_KERNEL));
	assert_int_equal(stat("m0.ram", &st), 0);
	assert_int_equal(st.st_size, 4 * 4096);
	assert_true(st.st_blocks * 512 < st.st_size);
	assert_int_equal(st.st_mode & 0777, 0444);
	assert_int_equal(chdir("/"), 0);
	template_close(&tpl);
	template_close(&second);
}

static const char *hash_of(const struct template_info *list, size_t nr, int n)
{
	char key[SHA256_HEX];
	size_t i;

	key_of(n, key);
	for (i = 0; i < nr; i++)
		if (!strcmp(list[i].key, key))
			return json_string_value(json_object_get(list[i].about, "memory_sha256"));
	fail_msg("template %d is not there", n);
	return NULL;
}

/* Equal memory has an equal hash, other memory another. */
static void test_hash(void **unused)
{
	struct template_info *list;
	struct template tpl;
	char key[SHA256_HEX];
	size_t nr;

	(void)unused;
	make(1);
	make(2);
	key_of(3, key);
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	fill(&tpl, 'y');
	assert_int_equal(finish(&tpl), 0);
	assert_int_equal(templates_list(&list, &nr, NULL), 0);
	assert_int_equal(nr, 3);
	assert_string_equal(hash_of(list, nr, 1), hash_of(list, nr, 2));
	assert_string_not_equal(hash_of(list, nr, 1), hash_of(list, nr, 3));
	templates_free(list, nr);
}

static void test_given_up(void **unused)
{
	struct template tpl;
	char key[SHA256_HEX];

	(void)unused;
	key_of(1, key);
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	fill(&tpl, 'x');
	template_close(&tpl);
	assert_int_equal(template_open(key, &tpl, NULL), -ENOENT);
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	assert_int_equal(rmdir(tpl.dir), 0);
	template_close(&tpl);
}

/* Whoever runs the emulator may put anything there. */
static void test_hostile(void **unused)
{
	struct template tpl;
	char key[SHA256_HEX];
	cleanup_free char *link_path = NULL;

	(void)unused;
	key_of(1, key);
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	fill(&tpl, 'x');
	link_path = xasprintf("%s/m1.ram", tpl.dir);
	assert_int_equal(unlink(link_path), 0);
	assert_int_equal(symlink("/etc/passwd", link_path), 0);
	assert_true(finish(&tpl) < 0);
	assert_int_equal(template_open(key, &tpl, NULL), -ENOENT);
	/* no memory at all */
	assert_int_equal(template_begin(key, &tpl, NULL), 0);
	put(tpl.dir, SAVED_STATE, "");
	put(tpl.dir, RUN_CONSOLE, "");
	put(tpl.dir, RUN_PROGRESS, "");
	assert_true(finish(&tpl) < 0);
	assert_int_equal(template_open(key, &tpl, NULL), -ENOENT);
}

static void set_used(int n, time_t when)
{
	char key[SHA256_HEX];
	cleanup_free char *path = NULL;
	struct timespec ts[2] = {{.tv_sec = when}, {.tv_sec = when}};

	key_of(n, key);
	path = xasprintf("%s/templates/%s/template.json", path_cache(), key);
	assert_int_equal(utimensat(AT_FDCWD, path, ts, 0), 0);
}

static bool there(int n)
{
	char key[SHA256_HEX];
	struct template tpl;
	int ret;

	key_of(n, key);
	ret = template_open(key, &tpl, NULL);
	if (!ret)
		template_close(&tpl);
	return !ret;
}

static void test_trim(void **unused)
{
	struct template_info *list;
	struct template tpl;
	char key[SHA256_HEX];
	uint64_t each;
	size_t nr, removed;

	(void)unused;
	make(1);
	make(2);
	make(3);
	set_used(2, 1000);
	set_used(1, 2000);
	set_used(3, 3000);
	assert_int_equal(templates_list(&list, &nr, NULL), 0);
	assert_int_equal(nr, 3);
	each = list[0].bytes;
	key_of(2, key);
	assert_string_equal(list[0].key, key);
	templates_free(list, nr);
	assert_int_equal(templates_trim(3 * each, &removed, NULL), 0);
	assert_int_equal(removed, 0);
	assert_int_equal(templates_trim(2 * each, &removed, NULL), 0);
	assert_int_equal(removed, 1);
	assert_false(there(2));
	/* what is in use stays, whatever its age */
	key_of(1, key);
	assert_int_equal(template_open(key, &tpl, NULL), 0);
	set_used(1, 10);
	assert_int_equal(templates_trim(0, &removed, NULL), 0);
	assert_int_equal(removed, 1);
	assert_false(template_remove(key));
	template_close(&tpl);
	assert_true(there(1));
	assert_false(there(3));
	assert_true(template_remove(key));
	assert_false(there(1));
}

/* A maker that was killed has left a folder and a lock nobody holds. */
static void test_killed_maker(void **unused)
{
	struct template tpl;
	char key[SHA256_HEX];
	cleanup_free char *left = NULL;
	size_t removed;
	int status;
	pid_t pid;

	(void)unused;
	key_of(1, key);
	left = xasprintf("%s/templates/%s.new", path_cache(), key);
	pid = fork();
	if (!pid) {
		if (!template_begin(key, &tpl, NULL)) {
			fill(&tpl, 'x');
			raise(SIGKILL);
		}
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(file_exists(left));
	assert_false(there(1));
	assert_int_equal(templates_trim(MIB, &removed, NULL), 0);
	assert_false(file_exists(left));
	make(1);
	assert_true(there(1));
}

static void test_max(void **unused)
{
	uint64_t max;

	(void)unused;
	unsetenv("WRINGER_TEMPLATES_MAX");
	assert_int_equal(templates_max(&max, NULL), 0);
	assert_int_equal(max, TEMPLATES_MAX_DEFAULT);
	setenv("WRINGER_TEMPLATES_MAX", "3M", 1);
	assert_int_equal(templates_max(&max, NULL), 0);
	assert_int_equal(max, 3 * MIB);
	setenv("WRINGER_TEMPLATES_MAX", "much", 1);
	assert_int_equal(templates_max(&max, NULL), -EINVAL);
	unsetenv("WRINGER_TEMPLATES_MAX");
}

static void mode_line(enum vm_mode mode, const char *saved, struct buf *out)
{
	static const struct machine machine = {
		.node = {{384 * MIB, 1}, {192 * MIB, 0}}, .nr_nodes = 2, .records = 16 * MIB};
	struct qemu qemu = {.path = (char *)"/usr/bin/qemu"};
	struct args args, all = {0};
	struct vm_opts opts = {.qemu = &qemu, .machine = &machine, .args = &args, .mode = mode,
			       .saved = saved, .probe = true};
	int fd[PROC_KEEP_MAX] = {99, 98};
	size_t i;

	engine_args(&machine, ENGINE_EXACT, &args);
	assert_int_equal(mode_args(&opts, fd, &all, NULL), 0);
	for (i = 0; i < all.nr; i++)
		buf_printf(out, "%s ", all.arg[i]);
	for (i = FD_RAM; i < PROC_KEEP_MAX && fd[i]; i++) {
		cleanup_free char *want = xasprintf("mem-path=/proc/self/fd/%d,share=off,readonly=on",
						    fd[i]);

		assert_non_null(strstr(out->data, want));
		close(fd[i]);
	}
	assert_int_equal(i, mode == VM_FORK ? FD_RAM + 2 : FD_RAM);
	args_release(&args);
	args_release(&all);
}

static void test_modes(void **unused)
{
	cleanup_buf struct buf boot = {0}, save = {0}, again = {0};
	struct template tpl;
	char key[SHA256_HEX];

	(void)unused;
	mode_line(VM_BOOT, NULL, &boot);
	assert_non_null(strstr(boot.data, "memory-backend-ram,id=m1,size=192M "));
	assert_non_null(strstr(boot.data, "mem-path=records,share=on "));
	assert_non_null(strstr(boot.data, "-plugin ./exact.so -plugin ./probe.so "));
	assert_non_null(strstr(boot.data, "-serial chardev:console "));
	assert_non_null(strstr(boot.data, "file,id=console,path=/proc/self/fd/98,append=on "));
	mode_line(VM_SAVE, NULL, &save);
	assert_non_null(strstr(save.data,
			       "memory-backend-file,id=m1,size=192M,mem-path=m1.ram,share=on "));
	assert_non_null(strstr(save.data, "memory-backend-memfd,id=records,size=16M,share=on "));
	assert_non_null(strstr(save.data, "-plugin ./exact.so,mark=stop "));
	assert_null(strstr(save.data, "probe"));
	make(1);
	key_of(1, key);
	assert_int_equal(template_open(key, &tpl, NULL), 0);
	mode_line(VM_FORK, tpl.dir, &again);
	assert_non_null(strstr(again.data,
			       "-plugin ./exact.so,mark=done -plugin ./probe.so,mark=done "));
	assert_non_null(strstr(again.data, "-serial chardev:console "));
	assert_non_null(strstr(again.data, "path=progress,append=on "));
	assert_non_null(strstr(again.data, "-incoming defer "));
	template_close(&tpl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_make, nothing),
		cmocka_unit_test_setup(test_hash, nothing),
		cmocka_unit_test_setup(test_given_up, nothing),
		cmocka_unit_test_setup(test_hostile, nothing),
		cmocka_unit_test_setup(test_trim, nothing),
		cmocka_unit_test_setup(test_killed_maker, nothing),
		cmocka_unit_test_setup(test_max, nothing),
		cmocka_unit_test_setup(test_modes, nothing),
	};
	int ret;

	if (!mkdtemp(cache))
		return 1;
	setenv("WRINGER_CACHE", cache, 1);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	dir_remove(cache, NULL);
	return ret;
}
