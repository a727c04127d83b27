/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ENGINE_PLUGIN_TIME_H
#define ENGINE_PLUGIN_TIME_H

/*
 * From now on gettimeofday() tells the program, not its libraries, one and the same time.  0, or -1
 * when the program does not call it as expected; what is wrong is said on stderr.
 */
int pin_time(void);

#endif
