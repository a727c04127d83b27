// SPDX-License-Identifier: GPL-2.0-only
/* What is said of a run that does not get on, before it is ended. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

/* Nothing here may end the run for another reason than the hang that it tells of. */
static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		rec_say("cannot write %s to %s: %m", text, path);
	close(fd);
}

/*
 * On the console the stacks of all blocked tasks and what every CPU does; with the error the stuck
 * task's own, which need not be a blocked one.
 */
void hang_tell(pid_t pid)
{
	char path[64];

	port_watchdog_kick();
	put("/proc/sys/kernel/printk", "8");
	put("/proc/sysrq-trigger", "w");
	put("/proc/sysrq-trigger", "l");
	snprintf(path, sizeof(path), "/proc/%d/stack", (int)pid);
	if (sys_read(path, agent.detail, sizeof(agent.detail)) < 0)
		agent.detail[0] = '\0';
}

void hang_check_limit(void)
{
	uint64_t now = rec_now();

	if (!agent.limit_ns || now <= agent.limit_ns)
		return;
	agent_fail(WIRE_VIRTUAL_TIMEOUT, "%llu ms of virtual time are over; the limit is %llu ms",
		   (unsigned long long)now / 1000000, (unsigned long long)agent.limit_ns / 1000000);
}
