// SPDX-License-Identifier: GPL-2.0-only
/* What an object asks for. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/bpf/loader.h"

#define CG      "/sys/fs/cgroup"
#define LRU_GEN "/sys/kernel/debug/lru_gen"
/* The type of the handle of a cgroup's folder: it holds the id and nothing else. */
#define FILEID_KERNFS 0xfe

/* The folder of a cgroup, -1 when it is gone. */
static int open_cgroup(uint64_t id)
{
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = {.head = {sizeof(id), FILEID_KERNFS}, .id = id};
	int mount = open(CG, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	fd = open_by_handle_at(mount, &handle.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(mount);
	return fd;
}

static bool write_text(int at, const char *path, const char *text)
{
	int fd = openat(at, path, O_WRONLY | O_CLOEXEC);
	bool well = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return well;
}

/* Beside the bytes, a share of what it has. */
static unsigned long long bytes_of(const struct request *r, int dir)
{
	int fd = r->share_ppm ? openat(dir, "memory.current", O_RDONLY | O_CLOEXEC) : -1;
	char text[32] = "";

	if (fd < 0)
		return r->bytes;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return r->bytes + strtoull(text, NULL, 10) / 1000000 * r->share_ppm;
}

static bool reclaim(const struct request *r)
{
	int dir = open_cgroup(r->cgroup_id);
	unsigned long long bytes = dir < 0 ? 0 : bytes_of(r, dir);
	char text[64];
	bool well;

	if (r->swappiness >= 0)
		snprintf(text, sizeof(text), "%llu swappiness=%d", bytes, r->swappiness);
	else
		snprintf(text, sizeof(text), "%llu", bytes);
	well = dir >= 0 && write_text(dir, "memory.reclaim", text);
	if (dir >= 0)
		close(dir);
	return well;
}

/* "/app" of the cgroup with this id; what lru_gen calls it by. */
static bool path_of(uint64_t id, char *out, size_t size)
{
	char link[32], full[512], *rest;
	int dir = open_cgroup(id);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = dir < 0 ? -1 : readlink(link, full, sizeof(full) - 1);
	if (dir >= 0)
		close(dir);
	if (n < (ssize_t)strlen(CG))
		return false;
	full[n] = '\0';
	rest = full + strlen(CG);
	if (strlen(rest) >= size)
		return false;
	strcpy(out, *rest ? rest : "/");
	return true;
}

/* Where a walk through lru_gen is: the file has a cgroup, its nodes, and their generations below. */
struct place {
	const char *path;
	bool ours;
	unsigned long memcg, node, max;
	bool has_node;
};

/* The last generation of a node is its youngest. */
static bool age_node(const struct place *p)
{
	char text[96];

	if (!p->ours || !p->has_node)
		return true;
	snprintf(text, sizeof(text), "+ %lu %lu %lu 1 1", p->memcg, p->node, p->max);
	return write_text(AT_FDCWD, LRU_GEN, text);
}

static bool read_line(struct place *p, const char *line)
{
	char path[256];
	unsigned long n;
	bool well = true;

	if (sscanf(line, " memcg %lu %255s", &n, path) == 2) {
		well = age_node(p);
		*p = (struct place){p->path, !strcmp(path, p->path), n, 0, 0, false};
	} else if (sscanf(line, " node %lu", &n) == 1) {
		well = age_node(p);
		p->node = n;
		p->has_node = true;
	} else if (sscanf(line, " %lu", &n) == 1) {
		p->max = n;
	}
	return well;
}

static bool age(const struct request *r)
{
	char path[256], line[512];
	struct place p = {.path = path};
	bool well = path_of(r->cgroup_id, path, sizeof(path));
	FILE *f = well ? fopen(LRU_GEN, "re") : NULL;

	while (f && fgets(line, sizeof(line), f))
		well &= read_line(&p, line);
	if (!f)
		return false;
	fclose(f);
	return age_node(&p) && well;
}

bool act(const struct request *r)
{
	switch (r->kind) {
	case REQUEST_RECLAIM:
		return reclaim(r);
	case REQUEST_AGE:
		return age(r);
	default:
		return false;
	}
}
