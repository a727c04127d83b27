// SPDX-License-Identifier: GPL-2.0-only
/* Is this file a kernel for User-Mode Linux, a program of the host, and of which release? */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "kernel/internal.h"

#define BANNER      "Linux version "
#define USAGE       "User Mode Linux v"
#define RELEASE_MAX 64

static bool is_program(const struct buf *file)
{
	Elf64_Ehdr head;

	if (file->len < sizeof(head))
		return false;
	memcpy(&head, file->data, sizeof(head));
	return !memcmp(head.e_ident, ELFMAG, SELFMAG) && head.e_ident[EI_CLASS] == ELFCLASS64 &&
	       head.e_machine == EM_X86_64 && (head.e_type == ET_EXEC || head.e_type == ET_DYN);
}

/* The word behind "Linux version "; other strings that begin so have no release there. */
static char *find_release(const struct buf *file)
{
	const char *at = file->data, *end = file->data + file->len;

	while ((at = memmem(at, (size_t)(end - at), BANNER, strlen(BANNER)))) {
		size_t n = 0;

		at += strlen(BANNER);
		while (at + n < end && n < RELEASE_MAX &&
		       (isalnum((unsigned char)at[n]) || strchr("._+~-", at[n] ? at[n] : ' ')))
			n++;
		if (n && isdigit((unsigned char)*at) && at + n < end && at[n] == ' ')
			return strndup(at, n);
	}
	return NULL;
}

bool uml_image(const char *path)
{
	cleanup_buf struct buf file = {0};

	return !file_read(path, &file, NULL) && is_program(&file) &&
	       memmem(file.data, file.len, USAGE, strlen(USAGE));
}

/*
 * Without the first it runs in the host's time; without the second its records would lie in memory
 * that it uses itself.  Each is known by its line of --help.
 */
static const struct {
	const char *config, *help;
} needs[] = {
	{"UML_TIME_TRAVEL_SUPPORT", "time-travel=inf-cpu\n"},
	{"OF", "dtb=<file>\n"},
};

static int check_needs(const char *path, const struct buf *file, struct err *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(needs); i++)
		if (!memmem(file->data, file->len, needs[i].help, strlen(needs[i].help)))
			return err_set(err, -ENOEXEC,
				       "kernel %s for User-Mode Linux lacks CONFIG_%s, which "
				       "kernel-config/uml.config has",
				       path, needs[i].config);
	return 0;
}

int uml_image_check(const char *path, char **release, struct err *err)
{
	cleanup_buf struct buf file = {0};
	int ret = file_read(path, &file, err);

	if (!ret)
		ret = check_needs(path, &file, err);
	if (ret)
		return ret;
	*release = find_release(&file);
	if (!*release)
		return err_set(err, -ENOEXEC, "kernel %s does not say its release", path);
	return 0;
}
