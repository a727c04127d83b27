// SPDX-License-Identifier: GPL-2.0-only
#include "workloads/lib/plant.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workloads/lib/pattern.h"

#define LARGE (256u << 10)
/* Bits of an entry of /proc/PID/pagemap. */
#define PRESENT (1ull << 63)
#define SWAPPED (1ull << 62)

/* No page's tag: those are of other seeds. */
static const char damage[8] = {'d', 'a', 'm', 'a', 'g', 'e', 'd', '!'};

struct mapping {
	unsigned long long start;
	unsigned long long end;
	unsigned long long offset;
	char flags[8];
	const char *path; /* "" for anonymous memory */
};

static bool parse_mapping(char *line, struct mapping *m)
{
	int path = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %n", &m->start, &m->end, m->flags, &m->offset,
		   &path) < 4)
		return false;
	m->path = path ? line + path : "";
	return true;
}

static bool ends_with(const char *s, const char *end)
{
	size_t len = strlen(s), n = strlen(end);

	return len >= n && !strcmp(s + len - n, end);
}

/*
 * What is worth damaging.  A thread's stack is anonymous memory directly above a page that nobody
 * may touch.
 */
static bool is_data(const struct mapping *m, const struct mapping *before)
{
	bool guarded = before->end == m->start && !strncmp(before->flags, "---", 3);

	if (m->end - m->start < LARGE || m->path[0] == '[' || !strncmp(m->path, "/memfd:page", 11))
		return false;
	return !ends_with(m->path, "/workload") && !(guarded && !*m->path);
}

static uint64_t plant_in_fd(int fd, uint64_t start, uint64_t end, int pagemap)
{
	uint64_t at, entry, n = 0;

	for (at = start; at < end; at += WL_PAGE_SIZE) {
		if (pagemap >= 0 &&
		    (pread(pagemap, &entry, 8, (off_t)(at / WL_PAGE_SIZE * 8)) != 8 ||
		     !(entry & (PRESENT | SWAPPED))))
			continue;
		n += pwrite(fd, damage, sizeof(damage), (off_t)at) == sizeof(damage);
	}
	return n;
}

/* By way of the mapping's own file: what is mapped shared may be read-only just now. */
static uint64_t plant_in_shared(const char *pid, const struct mapping *m)
{
	char path[320];
	uint64_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/map_files/%llx-%llx", pid, m->start, m->end);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = plant_in_fd(fd, m->offset, m->offset + m->end - m->start, -1);
	close(fd);
	return n;
}

static int open_of(const char *pid, const char *name, int flags)
{
	char path[320];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

static uint64_t plant_in_mappings(const char *pid, FILE *maps)
{
	int mem = open_of(pid, "mem", O_RDWR), pagemap = open_of(pid, "pagemap", O_RDONLY);
	struct mapping m, before = {.flags = ""};
	char line[512];
	uint64_t n = 0;

	while (mem >= 0 && pagemap >= 0 && fgets(line, sizeof(line), maps)) {
		if (!parse_mapping(line, &m))
			continue;
		if (is_data(&m, &before))
			n += m.flags[3] == 's' ? plant_in_shared(pid, &m)
					       : plant_in_fd(mem, m.start, m.end, pagemap);
		before = m;
	}
	close(pagemap);
	close(mem);
	return n;
}

static bool is_of_type(const char *pid, const char *type)
{
	char text[256];
	int fd = open_of(pid, "cmdline", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *second;

	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	second = text + strlen(text) + 1;
	return !strcmp(text, "/workload") && second < text + n && !strcmp(second, type);
}

static uint64_t plant_in_process(const char *pid)
{
	int fd = open_of(pid, "maps", O_RDONLY);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	uint64_t n;

	if (!maps)
		return 0;
	n = plant_in_mappings(pid, maps);
	fclose(maps);
	return n;
}

uint64_t plant_in_memory(const char *type)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	uint64_t n = 0;

	while (proc && (e = readdir(proc)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && is_of_type(e->d_name, type))
			n += plant_in_process(e->d_name);
	if (proc)
		closedir(proc);
	return n;
}

static uint64_t plant_in_file(const char *path, uint64_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	uint64_t n;

	if (fd < 0)
		return 0;
	n = plant_in_fd(fd, 0, size / WL_PAGE_SIZE * WL_PAGE_SIZE, -1);
	close(fd);
	return n;
}

uint64_t plant_in_files(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	char path[512];
	struct stat st;
	uint64_t n = 0;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.200s/%.255s", folder, e->d_name);
		if (lstat(path, &st))
			continue;
		if (S_ISDIR(st.st_mode))
			n += plant_in_files(path);
		else if (S_ISREG(st.st_mode))
			n += plant_in_file(path, (uint64_t)st.st_size);
	}
	if (dir)
		closedir(dir);
	return n;
}
