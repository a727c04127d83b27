// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine that is saved keeps its memory in files, which a fork maps copy-on-write: starting a
 * fork costs no more than the devices' state, and forks share what they do not change.  Memory that
 * is a file of the host's is left out of the saved state (x-ignore-shared) and would have to be at
 * its guest-physical address already when the state is loaded; the record region, a PCI BAR, is not.
 * So in these modes it is a memfd, whose contents travel with the state, and the host reads it
 * through the emulator's own descriptor.
 *
 * The console is a memfd in all modes: of a full disk the emulator would say nothing.
 */
#include "engine/mode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"

bool ram_parse(const char *arg, struct ram *ram)
{
	char size[24];
	int end = 0;

	return sscanf(arg, "memory-backend-ram,id=%15[^,],size=%23[0-9M]%n", ram->id, size,
		      &end) == 2 &&
	       !arg[end] && !parse_size(size, &ram->size);
}

static int add_fd(int fd[], int new)
{
	size_t i;

	for (i = 0; i < PROC_KEEP_MAX; i++) {
		if (fd[i])
			continue;
		fd[i] = new;
		return 0;
	}
	return -EMFILE;
}

/* By descriptor: the emulator's user need not be able to reach the cache. */
static int add_saved_ram(const struct vm_opts *opts, const struct ram *ram, int fd[],
			 struct args *out, struct err *err)
{
	cleanup_free char *path = xasprintf("%s/%s" SAVED_RAM, opts->saved, ram->id);
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	if (add_fd(fd, file)) {
		close(file);
		return err_set(err, -EMFILE, "too many pieces of memory");
	}
	args_add(out,
		 "memory-backend-file,id=%s,size=%lluM,mem-path=/proc/self/fd/%d,share=off,"
		 "readonly=on,rom=off",
		 ram->id, (unsigned long long)ram->size >> 20, file);
	return 0;
}

/* A machine that is saved is not looked at: what comes of it must not depend on that. */
static void add_plugin(const struct vm_opts *opts, const char *arg, struct args *out)
{
	static const char *const mark[] = {[VM_BOOT] = "", [VM_SAVE] = ",mark=stop",
					   [VM_FORK] = ",mark=done"};

	args_add(out, "%s%s", arg, mark[opts->mode]);
	if (!opts->probe || opts->mode == VM_SAVE)
		return;
	args_add(out, "-plugin");
	args_add(out, "./" RUN_PROBE "%s", mark[opts->mode]);
}

static int add_arg(const struct vm_opts *opts, const char *arg, int fd[], struct args *out,
		   struct err *err)
{
	bool boot = opts->mode == VM_BOOT, fork = opts->mode == VM_FORK;
	unsigned long long mib = opts->machine->records >> 20;
	struct ram ram;

	if (!strcmp(arg, "file:" RUN_CONSOLE)) {
		args_add(out, "chardev:console");
	} else if (!boot && ram_parse(arg, &ram)) {
		if (fork)
			return add_saved_ram(opts, &ram, fd, out, err);
		args_add(out, "memory-backend-file,id=%s,size=%lluM,mem-path=%s" SAVED_RAM
			 ",share=on", ram.id, (unsigned long long)ram.size >> 20, ram.id);
	} else if (!boot && !strncmp(arg, "memory-backend-file,id=records,", 31)) {
		args_add(out, "memory-backend-memfd,id=records,size=%lluM,share=on", mib);
	} else if (fork && !strcmp(arg, "file,id=progress,path=" RUN_PROGRESS)) {
		args_add(out, "%s,append=on", arg);
	} else if (!strcmp(arg, "./" RUN_PLUGIN)) {
		add_plugin(opts, arg, out);
	} else {
		args_add(out, "%s", arg);
	}
	return 0;
}

static void add_monitor(struct args *out, int monitor)
{
	/* Stopped at the first instruction, so that the monitor is quiet before the guest runs. */
	args_add(out, "-S");
	args_add(out, "-chardev");
	args_add(out, "socket,id=qmp,fd=%d", monitor);
	args_add(out, "-mon");
	args_add(out, "chardev=qmp,mode=control");
}

int mode_args(const struct vm_opts *opts, int fd[], struct args *out, struct err *err)
{
	const struct args *args = opts->args;
	size_t i;
	int ret = 0;

	args_add(out, "%s", opts->qemu->path);
	for (i = 1; !ret && i < args->nr; i++)
		ret = add_arg(opts, args->arg[i], fd, out, err);
	args_add(out, "-chardev");
	args_add(out, "file,id=console,path=/proc/self/fd/%d,append=on", fd[FD_CONSOLE]);
	add_monitor(out, fd[FD_MONITOR]);
	/* A machine that ends before it can be saved is no experiment's. */
	if (opts->mode != VM_SAVE)
		evidence_args(out);
	if (opts->mode == VM_FORK) {
		args_add(out, "-incoming");
		args_add(out, "defer");
	}
	return ret;
}
