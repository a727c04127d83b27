/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Child processes that never outlive us.
 *
 * Each child leads a process group, dies with its parent (PR_SET_PDEATHSIG) and is waited for
 * through a pidfd.  The parent must be a single thread, since the death signal follows the thread
 * that forked.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct proc {
	pid_t pid; /* 0 when none is running */
	int pidfd; /* readable when it has ended; -1 when none is running */
};

#define PROC_NONE ((struct proc){.pid = 0, .pidfd = -1})

/* How many descriptors a child may be left beyond the usual three. */
#define PROC_KEEP_MAX 12

/* What the child is given; zeroed fields mean nothing special. */
struct proc_opts {
	const char *cwd;        /* folder to start in */
	int out_fd;             /* its stdout; 0 = /dev/null, 1 = ours */
	int err_fd;             /* its stderr; 0 = /dev/null, 2 = ours */
	int keep_fd[PROC_KEEP_MAX]; /* more descriptors left open in the child; 0 = none */
	bool drop_root;         /* when we are root, become SUDO_UID or nobody */
	const char *device;     /* then keep the group that may use this device; NULL = none */
	uint64_t file_size_max; /* RLIMIT_FSIZE in bytes: writes beyond fail; 0 = unlimited */
	uint64_t memory_max;    /* RLIMIT_AS in bytes; 0 = as it is */
	unsigned int files_max; /* RLIMIT_NOFILE; 0 = as it is */
	const char *const *env; /* NULL-terminated: its whole environment; NULL = ours */
	/*
	 * Its addresses and random numbers are the same each time: no address randomization, and
	 * getrandom() is not there.  For it and for all that it starts.
	 */
	bool repeatable;
	int cpu;                /* it stays on CPU cpu - 1 of the host; 0 = as it is */
};

int proc_spawn(struct proc *proc, const char *const argv[], const struct proc_opts *opts,
	       struct err *err);
/* Waits; *status is waitpid()'s.  -ETIMEDOUT when timeout_ms (-1 = none) passes first. */
int proc_wait(struct proc *proc, int timeout_ms, int *status);
/* SIGKILL to the whole group, then waits. */
void proc_kill(struct proc *proc);

/*
 * Runs a command to its end and keeps what it printed on stdout.  -EIO when it fails, with the last
 * line of its stderr in err; -ETIMEDOUT after timeout_ms.
 */
int proc_capture(const char *const argv[], int timeout_ms, struct buf *out, struct err *err);

/* The user that drop_root chooses. */
uid_t proc_drop_uid(void);
gid_t proc_drop_gid(void);

#endif
