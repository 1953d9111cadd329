// SPDX-License-Identifier: GPL-2.0-only
#include "clock.h"

#include "harness.h"

int slowness(void)
{
	const char *times = getenv("SUD_TEST_SLOW");

	return times && atoi(times) > 0 ? atoi(times) : 1;
}

int often(int n)
{
	return n < slowness() ? 1 : n / slowness();
}

void sleep_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

bool wait_until(bool (*fn)(void), int ms)
{
	ms *= slowness();
	while (!fn()) {
		if (ms <= 0)
			return false;
		sleep_ms(5);
		ms -= 5;
	}
	return true;
}

static double seconds_of(clockid_t clock)
{
	struct timespec now;

	CHECK_OK(clock_gettime(clock, &now));
	return now.tv_sec + now.tv_nsec / 1e9;
}

double seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

double cpu_seconds(void)
{
	return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}
