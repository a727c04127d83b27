// SPDX-License-Identifier: GPL-2.0-only
#include "experiment/initrd.h"

#include <stdio.h>
#include <string.h>

#include "engine/uml.h"
#include "image/cpio.h"

static int add_text(struct cpio *cpio, const char *name, const char *text, struct err *err)
{
	return cpio_add(cpio, name, 0444, text, strlen(text), err);
}

static int make_archive(const struct experiment *exp, struct cpio *cpio, struct err *err)
{
	char where[64];
	int ret = cpio_start(cpio, err);

	snprintf(where, sizeof(where), "%llu %llu",
		 (unsigned long long)uml_records_at(&exp->machine),
		 (unsigned long long)exp->machine.records);
	if (!ret)
		ret = add_text(cpio, "uml/records", where, err);
	if (!ret)
		ret = add_text(cpio, "uml/" RUN_SETUP, exp->setup, err);
	if (!ret)
		ret = add_text(cpio, "uml/" RUN_PLAN, exp->plan, err);
	return ret ? ret : cpio_finish(cpio, err);
}

int initrd_write(const struct experiment *exp, const char *dir, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/" RUN_INITRD, dir);
	cleanup_buf struct buf all = {0};
	struct cpio cpio = {0};
	int ret = file_read(exp->image_file, &all, err);

	if (!ret)
		ret = make_archive(exp, &cpio, err);
	/* One archive begins where another has ended, on a boundary of 4. */
	while (!ret && all.len % 4)
		buf_add(&all, "", 1);
	if (!ret) {
		buf_add(&all, cpio.bytes.data, cpio.bytes.len);
		ret = file_write(path, all.data, all.len, err);
	}
	cpio_release(&cpio);
	return ret;
}
