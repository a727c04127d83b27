// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/policy_make.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"

static int check_name(const char *name, struct err *err)
{
	size_t len = strlen(name);

	if (len && len <= POLICY_NAME_MAX && islower((unsigned char)*name) &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len)
		return 0;
	return err_set(err, -EINVAL,
		       "'%s' is no name for a policy: a small letter, then small letters, digits and _, "
		       "%d at most", name, POLICY_NAME_MAX);
}

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c);
}

/* The name where it stands by itself, or with something behind an underscore. */
static void rename_in(const char *text, const char *from, const char *to, struct buf *out)
{
	size_t len = strlen(from);
	const char *at, *begin = text;

	while ((at = strstr(text, from))) {
		bool whole = (at == begin || !(is_part_of_word(at[-1]) || at[-1] == '_')) &&
			     !is_part_of_word(at[len]);

		buf_add(out, text, (size_t)(at - text));
		buf_adds(out, whole ? to : from);
		text = at + len;
	}
	buf_adds(out, text);
}

static int copy_as(const char *name, const char *like, const char *suffix, struct err *err)
{
	cleanup_free char *from = xasprintf("%s/policies/bpf/%s%s", path_data(), like, suffix);
	cleanup_free char *to = xasprintf("%s%s", name, suffix);
	cleanup_buf struct buf text = {0}, out = {0};
	int ret = file_read(from, &text, err);

	if (ret)
		return ret;
	rename_in(buf_str(&text), like, name, &out);
	return file_write(to, out.data, out.len, err);
}

static int check_free(const char *name, const char *suffix, struct err *err)
{
	cleanup_free char *path = xasprintf("%s%s", name, suffix);

	return file_exists(path) ? err_set(err, -EEXIST, "there is a file %s already", path) : 0;
}

int policy_new(const char *name, const char *like, struct err *err)
{
	cleanup_free char *from = xasprintf("%s/policies/bpf/%s.bpf.c", path_data(), like);
	int ret = check_name(name, err);

	if (ret)
		return ret;
	if (strchr(like, '/') || !file_exists(from))
		return err_set(err, -ENOENT, "there is no policy bpf:%s ('wringer show policies' lists "
					     "them)", like);
	ret = check_free(name, ".bpf.c", err);
	if (!ret)
		ret = check_free(name, ".conf", err);
	if (!ret)
		ret = copy_as(name, like, ".bpf.c", err);
	return ret ? ret : copy_as(name, like, ".conf", err);
}

/* "x.bpf.o" of "x.bpf.c"; NULL for a file of another name. */
static char *object_of(const char *source)
{
	size_t len = strlen(source);
	char *object;

	if (len <= 6 || strcmp(source + len - 6, ".bpf.c"))
		return NULL;
	object = xstrdup(source);
	object[len - 1] = 'o';
	return object;
}

int policy_build(const char *source, struct err *err)
{
	cleanup_free char *object = object_of(source), *include = xasprintf("-I%s", path_data());
	const char *const argv[] = {"clang", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-Wall", include,
				    "-I/usr/include/x86_64-linux-gnu", "-fdebug-compilation-dir=.",
				    "-c", "-o", object, source, NULL};
	struct proc_opts opts = {.err_fd = 2};
	struct proc proc;
	int status, ret;

	if (!object)
		return err_set(err, -EINVAL, "'%s' is no NAME.bpf.c", source);
	if (!file_exists(source))
		return err_set(err, -ENOENT, "there is no file %s", source);
	ret = proc_spawn(&proc, argv, &opts, err);
	if (!ret)
		ret = proc_wait(&proc, -1, &status);
	if (!ret && (!WIFEXITED(status) || WEXITSTATUS(status)))
		ret = err_set(err, -EIO, "%s does not compile", source);
	return ret;
}
