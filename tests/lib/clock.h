/* SPDX-License-Identifier: GPL-2.0-only */
/* Time, and how much of it a kernel needs that looks for bugs. */
#ifndef SUD_LIB_CLOCK_H
#define SUD_LIB_CLOCK_H

#include <stdbool.h>
#include <time.h>

/* How many times slower this guest is than a stock kernel's. */
int slowness(void);
/* How often to do what is done often for luck's sake: n, or less where it is slow. */
int often(int n);

void sleep_ms(int ms);
/* True when fn() became true within the limit. */
bool wait_until(bool (*fn)(void), int ms);

/* Since some moment in the past, and what this thread has taken of a CPU. */
double seconds(void);
double cpu_seconds(void);

#endif /* SUD_LIB_CLOCK_H */
