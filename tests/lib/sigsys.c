// SPDX-License-Identifier: GPL-2.0-only
#include "sigsys.h"

#include "harness.h"
#include "sites.h"

volatile unsigned char selector;
struct seen seen;

static void on_sigsys(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	selector = SUD_SELECTOR_ALLOW;
	memcpy(&seen.info, info, sizeof(seen.info));
	memcpy(&seen.uc, uc, sizeof(seen.uc));
	seen.count++;
}

void handle_sigsys(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigsys,
				.sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGSYS, &sa, NULL));
}

long blocked(long nr, long a, long b, long c)
{
	selector = SUD_SELECTOR_BLOCK;
	return site_a(nr, a, b, c);
}

bool dispatched_at(long nr)
{
	int before = seen.count;

	blocked(nr, 0, 0, 0);
	return seen.count == before + 1;
}

bool armed_now(void)
{
	bool yes = dispatched_at(MAGIC_NR);

	selector = SUD_SELECTOR_ALLOW;
	return yes;
}
