/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps in the index where levels change: to find that takes far longer than to look it up. */
#ifndef HISTORY_JUDGE_H
#define HISTORY_JUDGE_H

#include "history/history.h"

/*
 * Finds the changes of all series to which values were added or from which some went; each series goes in
 * whole or not at all.  *stop, which may be NULL, ends it between two; those left are still asked rightly, but slowly.
 */
int judge_series(struct history *h, const volatile bool *stop, struct err *err);

#endif
