/* SPDX-License-Identifier: GPL-2.0-only */
/* Real programs as workloads: their line of the plan. */
#ifndef EXPERIMENT_PROGRAM_H
#define EXPERIMENT_PROGRAM_H

#include "base/buf.h"
#include "base/err.h"
#include "experiment/scenario.h"

bool is_program(const struct scenario_work *work);
/* -EINVAL for a command that is none. */
int program_check(const struct scenario_work *work, struct err *err);
/* "program NAME ...", with the words that have it tell what it did, and the seed. */
void program_plan(const struct scenario_work *work, uint64_t seed, struct buf *out);

#endif
