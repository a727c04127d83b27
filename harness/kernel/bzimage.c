// SPDX-License-Identifier: GPL-2.0-only
/* Is this file a bootable x86 image, and of which release?  (The x86 boot protocol's header.) */
#include "kernel/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SETUP_SECTS    0x1f1 /* u8: sectors of real-mode code after the first; 0 means 4 */
#define SYSSIZE        0x1f4 /* u32: size of the protected-mode code in units of 16 bytes */
#define BOOT_FLAG      0x1fe
#define HEADER_MAGIC   0x202
#define KERNEL_VERSION 0x20e /* u16: offset of the version string from 0x200; 0 means none */
#define LOADFLAGS      0x211
#define HEADER_END     0x268
#define LOADED_HIGH    1
#define SECTOR         512

/* The real-mode part has at most 255 sectors after the first; the version string is inside it. */
#define SETUP_MAX (256 * SECTOR)
/* A struct utsname holds no more. */
#define RELEASE_MAX 64

struct image {
	uint8_t setup[SETUP_MAX];
	size_t len;    /* bytes of setup that are there */
	uint64_t size; /* of the whole file */
};

static unsigned int get16(const uint8_t *p)
{
	return p[0] | (unsigned int)p[1] << 8;
}

static uint64_t get32(const uint8_t *p)
{
	return get16(p) | (uint64_t)get16(p + 2) << 16;
}

static int image_read(const char *path, struct image *image, struct err *err)
{
	/* Nonblocking, since a FIFO would otherwise wait for a writer. */
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st))
		return err_sys(err, -errno, "cannot open kernel image %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -ENOEXEC, "%s is not a file; give the path of a bzImage", path);
	image->size = (uint64_t)st.st_size;
	for (; image->len < SETUP_MAX; image->len += (size_t)n) {
		n = pread(fd, image->setup + image->len, SETUP_MAX - image->len, (off_t)image->len);
		if (n < 0)
			return err_sys(err, -errno, "cannot read %s", path);
		if (!n)
			break;
	}
	return 0;
}

static bool has_header(const struct image *image)
{
	const uint8_t *p = image->setup;

	return image->len >= HEADER_END && get16(p + BOOT_FLAG) == 0xaa55 &&
	       !memcmp(p + HEADER_MAGIC, "HdrS", 4) && (p[LOADFLAGS] & LOADED_HIGH);
}

static uint64_t size_wanted(const struct image *image)
{
	unsigned int sects = image->setup[SETUP_SECTS];

	return (uint64_t)((sects ? sects : 4) + 1) * SECTOR + get32(image->setup + SYSSIZE) * 16;
}

/* The first word of the version string; NULL when there is no sensible one. */
static char *get_release(const struct image *image)
{
	unsigned int off = get16(image->setup + KERNEL_VERSION);
	size_t from = off + 0x200;
	size_t i;

	if (!off)
		return NULL;
	for (i = from; i < image->len && i - from <= RELEASE_MAX; i++) {
		unsigned char c = image->setup[i];

		if ((c == '\0' || c == ' ') && i > from)
			return strndup((const char *)image->setup + from, i - from);
		if (!isalnum(c) && (!c || !strchr("._+~-", c)))
			break;
	}
	return NULL;
}

int image_check(const char *path, char **release, struct err *err)
{
	return uml_image(path) ? uml_image_check(path, release, err) :
				 bzimage_check(path, release, err);
}

int bzimage_check(const char *path, char **release, struct err *err)
{
	cleanup_free struct image *image = xcalloc(1, sizeof(*image));
	int ret = image_read(path, image, err);

	if (ret)
		return ret;
	if (!has_header(image))
		return err_set(err, -ENOEXEC,
			       "%s is not a bootable x86 kernel; give the bzImage, not the vmlinux",
			       path);
	if (image->size < size_wanted(image))
		return err_set(err, -ENOEXEC,
			       "kernel image %s is truncated (%llu of %llu bytes); copy it again",
			       path, (unsigned long long)image->size,
			       (unsigned long long)size_wanted(image));
	*release = get_release(image);
	if (!*release)
		return err_set(err, -ENOEXEC, "kernel image %s does not say its release", path);
	return 0;
}
