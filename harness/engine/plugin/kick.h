/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ENGINE_PLUGIN_KICK_H
#define ENGINE_PLUGIN_KICK_H

/*
 * From now on QEMU's timer that ends the time slice of a CPU that has run for long never fires.
 * Called by the CPUs' thread while it runs code, once.  A machine of one CPU has no such timer.
 * Ends the program with a word on stderr when the timer is not where it is looked for.
 */
void stop_kicks(void);

#endif
