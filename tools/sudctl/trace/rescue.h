/* SPDX-License-Identifier: GPL-2.0-only */
/* When the tracer is killed: its threads are moved out of the handler. */
#ifndef SUDCTL_TRACE_RESCUE_H
#define SUDCTL_TRACE_RESCUE_H

#include <stdbool.h>

#include "tracee.h"

/*
 * Seizes every thread of this user's whose space belongs to a dead tracer. They stop one by
 * one, for events.c to let them go.
 */
void rescue_seize(long trace_options);

/* A thread that was seized so has stopped: finds its slot. */
void rescue_slot(struct tracee *tracee);

#endif /* SUDCTL_TRACE_RESCUE_H */
