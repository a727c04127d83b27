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

int uml_image_check(const char *path, char **release, struct err *err)
{
	cleanup_buf struct buf file = {0};
	int ret = file_read(path, &file, err);

	if (ret)
		return ret;
	*release = find_release(&file);
	if (!*release)
		return err_set(err, -ENOEXEC, "kernel %s does not say its release", path);
	return 0;
}
