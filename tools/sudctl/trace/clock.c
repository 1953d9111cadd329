// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#include "clock.h"

#define MEASURED 10000000L /* nanoseconds */

static uint64_t start_ticks;
static double start_time, ticks_a_second;

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

void clock_start(void)
{
	struct timespec pause = { 0, MEASURED };
	double from = seconds(CLOCK_MONOTONIC);

	start_time = seconds(CLOCK_REALTIME);
	start_ticks = __rdtsc();
	nanosleep(&pause, NULL);
	ticks_a_second =
		(__rdtsc() - start_ticks) / (seconds(CLOCK_MONOTONIC) - from);
}

double clock_seconds(uint64_t ticks)
{
	return ticks / ticks_a_second;
}

void clock_write(struct text *text, uint64_t when, int style)
{
	double time = start_time +
		      (double)(int64_t)(when - start_ticks) / ticks_a_second;
	time_t whole = time;
	long micro = (time - whole) * 1e6;
	struct tm local;
	char line[64];

	if (style > 2) {
		snprintf(line, sizeof(line), "%ld.%06ld", (long)whole, micro);
	} else {
		localtime_r(&whole, &local);
		snprintf(line, sizeof(line), "%02d:%02d:%02d", local.tm_hour,
			 local.tm_min, local.tm_sec);
	}
	text_string(text, line);
	if (style == 2) {
		snprintf(line, sizeof(line), ".%06ld", micro);
		text_string(text, line);
	}
}

void clock_write_spent(struct text *text, uint64_t ticks)
{
	char line[64];

	snprintf(line, sizeof(line), " <%.6f>", clock_seconds(ticks));
	text_string(text, line);
}
