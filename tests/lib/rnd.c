// SPDX-License-Identifier: GPL-2.0-only
#include "rnd.h"

__thread unsigned int rnd_seed;

unsigned int rnd(unsigned int below)
{
	rnd_seed = rnd_seed * 1103515245 + 12345;
	return (rnd_seed >> 8) % below;
}
