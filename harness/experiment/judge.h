/* SPDX-License-Identifier: GPL-2.0-only */
/* From how a machine ended and what it left to a status and a result.json. */
#ifndef EXPERIMENT_JUDGE_H
#define EXPERIMENT_JUDGE_H

#include "base/err.h"
#include "engine/engine.h"
#include "experiment/experiment.h"
#include "result/store.h"

/*
 * Reads the run's folder and fills result (all but host.json's caller-known part) and exp->status
 * and reason.  An error means that the folder could not be read.
 */
int judge_run(struct experiment *exp, const char *dir, const struct engine_exit *exit,
	      struct result *result, struct err *err);

#endif
