// SPDX-License-Identifier: GPL-2.0-only
#include "backend.h"

#include <sys/prctl.h>

#include "harness.h"

bool native;
int sud_fd = -1;

static bool native_modes[SUD_MODE_INCLUSIVE + 1];

static bool try_native(int mode)
{
	static volatile unsigned char allow;

	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, 1UL, 1UL, &allow))
		return false;
	prctl(PR_SET_SYSCALL_USER_DISPATCH, SUD_MODE_OFF, 0UL, 0UL, 0UL);
	return true;
}

void native_probe(void)
{
	for (int mode = SUD_MODE_EXCLUSIVE; mode <= SUD_MODE_INCLUSIVE; mode++)
		native_modes[mode] = try_native(mode);
}

bool native_has(int mode)
{
	return native_modes[mode];
}

void need_inclusive(void)
{
	if (native && !native_has(SUD_MODE_INCLUSIVE))
		SKIP("this kernel's prctl has no inclusive mode");
}

int arm(int mode, unsigned long offset, unsigned long len, volatile void *sel)
{
	if (native)
		return prctl(PR_SET_SYSCALL_USER_DISPATCH, mode, offset, len,
			     sel);
	return sud_arm(sud_fd, mode, offset, len, sel);
}

int disarm(void)
{
	return arm(SUD_MODE_OFF, 0, 0, NULL);
}
