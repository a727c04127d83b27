// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's workload program: "workload TYPE seed=N option=value ...".  The harness has checked
 * the options against the descriptor and hands every value over as a plain number (bytes, ns,
 * millionths, position of a choice) or a string.
 */
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "workloads/lib/pattern.h"
#include "workloads/lib/run.h"
#include "workloads/lib/workload.h"

static void set_option(struct wl *wl, const struct conf_key *key, const char *value)
{
	char *field = (char *)wl->opts + key->offset;
	unsigned long long v = strtoull(value, NULL, 10);

	switch (key->type) {
	case CONF_STR:
		*(const char **)field = value;
		break;
	case CONF_BOOL:
		*(bool *)field = v;
		break;
	case CONF_CHOICE:
		*(unsigned int *)field = (unsigned int)v;
		break;
	default:
		*(uint64_t *)field = v;
		break;
	}
}

static uint64_t ops_limit; /* the workload ends by itself after so many; 0 = never */

static void take_argument(struct wl *wl, char *arg)
{
	char *value = strchr(arg, '=');
	size_t i;

	if (!value)
		wl_fail("argument '%s' is no option=value", arg);
	*value++ = '\0';
	if (!strcmp(arg, "seed") || !strcmp(arg, "ops")) {
		*(*arg == 's' ? &wl->seed : &ops_limit) = strtoull(value, NULL, 10);
		return;
	}
	for (i = 0; i < wl->type->nr_options; i++) {
		if (strcmp(wl->type->options[i].name, arg))
			continue;
		set_option(wl, &wl->type->options[i], value);
		return;
	}
	wl_fail("workload %s has no option '%s'", wl->type->name, arg);
}

static void prepare(struct wl *wl, struct wl_page *page, char **argv)
{
	unsigned int i;

	wl->type = workload_find(argv[1] ? argv[1] : "");
	if (!wl->type)
		wl_fail("there is no workload '%s'", argv[1] ? argv[1] : "");
	wl->opts = malloc(wl->type->opts_size);
	if (!wl->opts)
		wl_fail("out of memory");
	memcpy(wl->opts, wl->type->defaults, wl->type->opts_size);
	wl->metric = page->work.metric;
	for (argv += 2; *argv; argv++)
		take_argument(wl, *argv);
	for (i = 0; i < 4; i++)
		wl->rng[i] = wl_mix(wl->seed + i);
}

static void wait_at_gate(struct wl_page *page)
{
	__atomic_store_n(&page->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&page->gate, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &page->gate, FUTEX_WAIT, 0, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
	struct wl_page *page = wl_page_map(WL_PAGE_FD);
	struct wl wl = {0};

	if (!page || argc < 2)
		return 2;
	prepare(&wl, page, argv);
	wl.type->setup(&wl);
	wait_at_gate(page);
	while (!wl_stopping() && (!ops_limit || page->work.ops < ops_limit)) {
		uint64_t start = wl_now(), rested = wl_rested();

		wl.type->op_run(&wl);
		if (!wl.type->counts_itself)
			wl_count(wl_now() - start - (wl_rested() - rested));
	}
	page->done = 1;
	_exit(0);
}
