/* SPDX-License-Identifier: GPL-2.0-only */
/* The time stamp counter, by which the records are written, as time. */
#ifndef SUDCTL_TRACE_CLOCK_H
#define SUDCTL_TRACE_CLOCK_H

#include <stdint.h>

#include "text.h"

/* Measures how fast the counter is, for some milliseconds. */
void clock_start(void);
double clock_seconds(uint64_t ticks);
/* @style: as so many -t ask for */
void clock_write(struct text *text, uint64_t when, int style);
void clock_write_spent(struct text *text, uint64_t ticks);

#endif /* SUDCTL_TRACE_CLOCK_H */
