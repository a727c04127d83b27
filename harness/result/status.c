// SPDX-License-Identifier: GPL-2.0-only
#include "result/status.h"

#include <string.h>

static const char *const names[STATUS_NR] = {
	[STATUS_DONE] = "done",
	[STATUS_EXPECTATION_FAILED] = "expectation-failed",
	[STATUS_OOM] = "oom",
	[STATUS_HUNG] = "hung",
	[STATUS_LOCKUP] = "lockup",
	[STATUS_PANIC] = "panic",
	[STATUS_POLICY_LOST] = "policy-lost",
	[STATUS_WORKLOAD_FAILED] = "workload-failed",
	[STATUS_SETUP_FAILED] = "setup-failed",
	[STATUS_TIMEOUT] = "timeout",
	[STATUS_HARNESS_ERROR] = "harness-error",
	[STATUS_OOPS] = "oops",
	[STATUS_BUG] = "bug",
	[STATUS_WARNING] = "warning",
	[STATUS_HUNG_TASK] = "hung-task",
	[STATUS_RCU_STALL] = "rcu-stall",
	[STATUS_TRIPLE_FAULT] = "triple-fault",
	[STATUS_CONSOLE_FLOOD] = "console-flood",
	[STATUS_RECORD_FLOOD] = "record-flood",
	[STATUS_VIRTUAL_TIMEOUT] = "virtual-timeout",
};

const char *status_name(enum status status)
{
	return status < STATUS_NR ? names[status] : "invalid";
}

enum status status_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < STATUS_NR; i++)
		if (!strcmp(names[i], name))
			break;
	return (enum status)i;
}

bool status_final(enum status status)
{
	return status != STATUS_TIMEOUT && status != STATUS_HARNESS_ERROR;
}
