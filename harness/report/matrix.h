/* SPDX-License-Identifier: GPL-2.0-only */
/* Arms side by side: the tables of several arms against one base, as one. */
#ifndef REPORT_MATRIX_H
#define REPORT_MATRIX_H

#include "base/buf.h"
#include "report/table.h"

/*
 * All tables, a matrix for each set of those that differ in the other arm alone.  Below a scenario's
 * metrics comes what its reclaim costs, where wringer probe has seen it.  Wider than 72 columns from four
 * arms on.
 */
int matrix_text(const struct tables *tables, struct buf *out, struct err *err);
/* [{scenario, guest, arm, instructions_per_page, n}] of each arm that wringer probe has seen. */
int matrix_costs_json(const struct tables *tables, json_t **out, struct err *err);

#endif
