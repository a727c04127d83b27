// SPDX-License-Identifier: GPL-2.0-only
/*
 * With more than one CPU, QEMU ends the time slice of the one that is running 100 ms after the last
 * moment when all of them were idle, and every 100 ms from there on until all are idle again.  That
 * moment is not part of a saved machine, whose timer starts anew, and it depends on the host: if the
 * main loop is awake when the last CPU goes idle it may move the clock on before QEMU sees that all
 * are idle, and that idle period does not count.  A timer decides where slices end, long before it
 * fires: what is left until then is shared out among the CPUs.  Nothing needs it here, as the
 * instruction counter ends every slice at the machine's next timer.
 *
 * QEMU sets it to 100 ms from now in the timer's own unit, so a larger unit puts it off: a million
 * nanoseconds for each is more than a day from power-on.  It is found by a timer of our own, as the
 * first of the list that both are in; what is declared here is as in QEMU's include/qemu/timer.h.
 */
#include "engine/plugin/kick.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLOCK_VIRTUAL 1 /* QEMU_CLOCK_VIRTUAL */
#define SCALE_NS      1
#define SCALE_NEVER   1000000
#define KICK_NS       100000000

struct timer {
	int64_t expire; /* ns */
	void *list;
	void (*cb)(void *opaque);
	void *opaque;
	struct timer *next; /* none expires before the one in front of it */
	int attributes;
	int scale; /* ns in a unit of what it is set to */
};

extern char main_loop_tlg[];
void timer_init_full(struct timer *timer, void *group, int clock, int scale, int attributes,
		     void (*cb)(void *opaque), void *opaque);
void timer_mod_ns(struct timer *timer, int64_t expire);
void timer_del(struct timer *timer);
int64_t qemu_clock_get_ns(int clock);
void *qemu_get_cpu(int index);
void bql_lock_impl(const char *file, int line);
void bql_unlock(void);

static void never(void *opaque)
{
	(void)opaque;
}

/* Devices have their state as the argument of theirs. */
static int is_kick(const struct timer *timer, int64_t now)
{
	return !timer->opaque && timer->scale == SCALE_NS && timer->expire <= now + KICK_NS;
}

static struct timer *find_kick(struct timer *t, int64_t now)
{
	struct timer *found = NULL;

	for (; t; t = t->next) {
		if (is_kick(t, now) && found)
			return NULL;
		if (is_kick(t, now))
			found = t;
	}
	return found;
}

/* The loop that lets CPUs take turns sets it anew when it finds that it is not set. */
void stop_kicks(void)
{
	static struct timer first;
	struct timer *kick;

	if (!qemu_get_cpu(1))
		return;
	bql_lock_impl(__FILE__, __LINE__);
	timer_init_full(&first, main_loop_tlg, CLOCK_VIRTUAL, SCALE_NS, 0, never, NULL);
	timer_mod_ns(&first, 0);
	kick = find_kick(first.next, qemu_clock_get_ns(CLOCK_VIRTUAL));
	timer_del(&first);
	if (!kick) {
		fprintf(stderr, "exact.so: cannot find this program's timer of CPUs' turns\n");
		_exit(EXIT_FAILURE);
	}
	kick->scale = SCALE_NEVER;
	timer_del(kick);
	bql_unlock();
}
