// SPDX-License-Identifier: GPL-2.0-only
#include "workloads/lib/child.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workloads/lib/pattern.h"

/* A sleeper looks so often whether it is time to stop. */
#define NAP_NS 20000000ull

static void become_child(struct wl *wl, uint64_t nr, pid_t parent)
{
	unsigned int i;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		wl_fail("cannot tie a process to its parent: %m");
	/* It may have died before. */
	if (getppid() != parent)
		_exit(0);
	for (i = 0; i < 4; i++)
		wl->rng[i] = wl_mix(wl_mix(wl->seed ^ wl_mix(nr)) + i);
}

pid_t wl_fork(struct wl *wl, uint64_t nr)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		wl_fail("cannot start a process: %m");
	if (!pid)
		become_child(wl, nr, parent);
	return pid;
}

/* Nobody but the OOM killer sends SIGKILL; what it takes a part of, is gone as a whole. */
static void check_end(int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
		kill(getpid(), SIGKILL);
		pause();
	}
	if (WIFSIGNALED(status))
		wl_fail("a process of it died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		wl_fail("a process of it ended with exit code %d", WEXITSTATUS(status));
}

pid_t wl_reap(bool wait)
{
	int status = 0;
	pid_t pid;

	do
		pid = waitpid(-1, &status, wait ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid < 0)
		wl_fail("cannot wait for a process: %m");
	if (pid)
		check_end(status);
	return pid;
}

void wl_add(struct wl *wl, unsigned int metric, uint64_t n)
{
	__atomic_fetch_add(&wl->metric[metric], n, __ATOMIC_RELAXED);
}

void wl_nap(uint64_t ns)
{
	uint64_t end = wl_now() + ns, now;

	while (!wl_stopping() && (now = wl_now()) < end) {
		uint64_t left = end - now < NAP_NS ? end - now : NAP_NS;
		struct timespec ts = {.tv_nsec = (long)left};

		nanosleep(&ts, NULL);
	}
}
