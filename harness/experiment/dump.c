// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/dump.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "wire/wire.h"

#define TICK_MS 200
/* The first sources, and there is nothing else of interest. */
#define SOURCES 8

/* A source's text goes where its name says. */
static struct buf *find_piece(struct kernel_dump *dump, const char *name, size_t len)
{
	struct {
		const char *name;
		struct buf *buf;
	} pieces[] = {{"kallsyms", &dump->kallsyms}, {"orc_ip", &dump->orc_ip}, {"orc", &dump->orc}};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		if (strlen(pieces[i].name) == len && !memcmp(pieces[i].name, name, len))
			return pieces[i].buf;
	return NULL;
}

static void take_record(const struct wire_item *item, struct kernel_dump *dump,
			struct buf *source[SOURCES])
{
	const char *text = (const char *)item->payload;

	if (item->head.id >= SOURCES)
		return;
	if (item->head.type == WIRE_SOURCE)
		source[item->head.id] = find_piece(dump, text, item->head.len);
	else if (item->head.type == WIRE_TEXT && source[item->head.id])
		buf_add(source[item->head.id], text, item->head.len);
}

static int read_dump(const char *dir, struct kernel_dump *dump, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_RECORDS, dir);
	cleanup_buf struct buf region = {0};
	struct buf *source[SOURCES] = {NULL};
	struct wire_reader reader;
	struct wire_item item;
	struct stat st;
	int ret = lstat(path, &st) || !S_ISREG(st.st_mode) ? -EBADMSG : 0;

	if (!ret)
		ret = file_read(path, &region, err);
	if (!ret)
		ret = wire_open(&reader, buf_str(&region), region.len);
	while (!ret && !wire_next(&reader, &item))
		take_record(&item, dump, source);
	if (ret || reader.dropped || !dump->kallsyms.len)
		return err_set(err, -ENODATA, "the kernel did not tell its symbols");
	return 0;
}

int dump_wait(struct vm *vm, const volatile bool *stop, struct err *err)
{
	bool ended = false;

	while (!ended && !*stop)
		vm_poll(&vm, 1, TICK_MS, &ended);
	if (ended)
		return 0;
	vm_kill(vm);
	return err_set(err, -EINTR, "stopped");
}

int dump_run(const struct vm_opts *opts, const volatile bool *stop, struct kernel_dump *dump,
	     struct err *err)
{
	struct vm vm;
	int ret = vm_start(&vm, opts, err);

	if (!ret)
		ret = dump_wait(&vm, stop, err);
	if (!ret)
		buf_release(&vm.evidence.text);
	if (!ret && vm.exit.exit_code != (WIRE_DONE << 1 | 1))
		ret = err_set(err, -ENODATA, "the kernel could not be asked for its symbols");
	return ret ? ret : read_dump(opts->dir, dump, err);
}
