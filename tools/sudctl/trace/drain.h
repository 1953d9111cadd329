/* SPDX-License-Identifier: GPL-2.0-only */
/* Takes the records out of the rings, and has them printed in their order in time. */
#ifndef SUDCTL_TRACE_DRAIN_H
#define SUDCTL_TRACE_DRAIN_H

#include <stdbool.h>

#include "tracee.h"

/* Of all threads, what ended before now. Return: there was something. */
bool drain(void);

/*
 * Of a thread that is gone, or that has been moved out of the handler: what it had in hand.
 * @result: what its call returned, or NULL: it did not.
 */
void drain_unfinished(struct tracee *tracee, const int64_t *result);

#endif /* SUDCTL_TRACE_DRAIN_H */
