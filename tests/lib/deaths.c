// SPDX-License-Identifier: GPL-2.0-only
#include "deaths.h"

#include "backend.h"
#include "sigsys.h"
#include "sites.h"
#include "upcalls.h"

void die_of_value(void)
{
	selector = 77;
	arm(SUD_MODE_EXCLUSIVE, 0, 0, &selector);
	site_a(MAGIC_NR, 0, 0, 0);
}

void die_of_address(void)
{
	arm(SUD_MODE_EXCLUSIVE, 0, 0, (void *)4096);
	site_a(MAGIC_NR, 0, 0, 0);
}

void die_of_frames(void)
{
	selector = SUD_SELECTOR_ALLOW;
	arm_upcall(true);
	up_top = 4096;
	blocked(MAGIC_NR, 0, 0, 0);
}
