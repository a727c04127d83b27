/* SPDX-License-Identifier: GPL-2.0-only */
/* Between run.c and main.c of the guest's workload program only. */
#ifndef WORKLOADS_LIB_RUN_H
#define WORKLOADS_LIB_RUN_H

#include "workloads/lib/page.h"

/* Maps the page shared with the agent; NULL with errno set when that fails. */
struct wl_page *wl_page_map(int fd);

#endif
