// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define PCI_DIR "/sys/bus/pci/devices"

uint64_t rec_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void rec_say(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	port_debug(line, (size_t)n);
}

static bool is_ivshmem(const char *name)
{
	char path[sizeof(PCI_DIR) + 300], id[16];

	snprintf(path, sizeof(path), PCI_DIR "/%s/vendor", name);
	if (sys_read(path, id, sizeof(id)) < 0 || strcmp(id, "0x1af4"))
		return false;
	snprintf(path, sizeof(path), PCI_DIR "/%s/device", name);
	return sys_read(path, id, sizeof(id)) >= 0 && !strcmp(id, "0x1110");
}

static void map_region(const char *name)
{
	char path[sizeof(PCI_DIR) + 300];
	struct stat st;
	void *region;
	int fd;

	snprintf(path, sizeof(path), PCI_DIR "/%s/enable", name);
	sys_write(path, "1");
	snprintf(path, sizeof(path), PCI_DIR "/%s/resource2", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		agent_fail(WIRE_AGENT_ERROR, "cannot open the record region: %m");
	region = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (region == MAP_FAILED)
		agent_fail(WIRE_AGENT_ERROR, "cannot map the record region: %m");
	close(fd);
	wire_start(&agent.wire, region, (size_t)st.st_size);
	agent.wire_ready = true;
}

static void map_uml(void)
{
	size_t size;
	void *region = uml_records(&size);

	if (!region)
		agent_fail(WIRE_AGENT_ERROR, "cannot map the record region: %m");
	wire_start(&agent.wire, region, size);
	agent.wire_ready = true;
}

/* readdir() allocates once; there is no pressure yet. */
static void find_region(void)
{
	DIR *dir = opendir(PCI_DIR);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && is_ivshmem(e->d_name))
			map_region(e->d_name);
	if (dir)
		closedir(dir);
}

void rec_start(void)
{
	if (uml_here())
		map_uml();
	else
		find_region();
	if (!agent.wire_ready)
		agent_fail(WIRE_AGENT_ERROR, "the machine has no record region (ivshmem)");
}

void rec_text(enum wire_type type, uint16_t id, const char *text)
{
	wire_put(&agent.wire, type, id, rec_now(), text, (uint32_t)strlen(text));
}

void rec_phase(enum wire_phase phase, const char *name)
{
	uint64_t now = rec_now();

	wire_put(&agent.wire, WIRE_PHASE, (uint16_t)phase, now, NULL, 0);
	rec_say("phase %s %llu", name, (unsigned long long)now);
}
