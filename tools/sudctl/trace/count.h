/* SPDX-License-Identifier: GPL-2.0-only */
/* -c: how often, how long, how many errors. */
#ifndef SUDCTL_TRACE_COUNT_H
#define SUDCTL_TRACE_COUNT_H

#include "space.h"

/* What the handler has counted in a slot that is given up. */
void count_add(const struct space *space, int slot);
/* A call that was made, but not counted there. */
void count_one(const struct record *record);
/* The table. */
void count_print(void);

#endif /* SUDCTL_TRACE_COUNT_H */
