// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "agent.h"

#define DIR_ "/uml"

/* The host puts this folder there for no other machine. */
bool uml_here(void)
{
	static int here = -1;

	if (here < 0)
		here = !access(DIR_ "/records", F_OK);
	return here;
}

/* Each is read once; its pages then go back to the kernel. */
long uml_file(const char *name, char *out, size_t size)
{
	const char *slash = strrchr(name, '/');
	char path[64];
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), DIR_ "/%s", slash ? slash + 1 : name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (n > 0 && len < size) {
		n = read(fd, out + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	/* Whether there is more than fits. */
	if (n > 0)
		n = read(fd, path, 1) ? -1 : 0;
	close(fd);
	unlink(path);
	return n < 0 ? -1 : (long)len;
}

/*
 * The host reads records through a descriptor of its own, as all of this memory goes with the last
 * one: it must have that before there are any, and be it that it has much else to do.  Without a
 * look at the clock no time passes here, however long it takes.
 */
static void wait_for_host(const volatile uint32_t *gate)
{
	while (!*gate)
		;
}

void *uml_records(size_t *size)
{
	unsigned long long at, bytes;
	char where[64];
	void *region;
	int fd;

	if (sys_read(DIR_ "/records", where, sizeof(where)) < 0 ||
	    sscanf(where, "%llu %llu", &at, &bytes) != 2) {
		errno = EINVAL;
		return NULL;
	}
	fd = open("/dev/mem", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	region = mmap(NULL, bytes + WIRE_UML_GATE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      (off_t)at);
	close(fd);
	if (region == MAP_FAILED)
		return NULL;
	*size = bytes;
	wait_for_host((void *)((char *)region + bytes));
	return region;
}

void uml_say(const char *s, size_t len)
{
	static const char error[] = "error ";
	char line[600];
	int fd, n;

	if (len < sizeof(error) || memcmp(s, error, sizeof(error) - 1))
		return;
	n = snprintf(line, sizeof(line), "<3>wringer: %.*s", (int)(len < 560 ? len : 560), s);
	fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, line, (size_t)n) < n)
		line[0] = '\0';
	close(fd);
}

void uml_exit(void)
{
	for (;;)
		reboot(RB_POWER_OFF);
}
