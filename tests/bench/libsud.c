// SPDX-License-Identifier: GPL-2.0-only
/* An upcall to a handler in C, by libsud; it answers every call with 0. */
#include <stddef.h>

#include <libsud.h>

#include "bench.h"

static long handler(struct sud_call *call)
{
	(void)call;
	return 0;
}

void prepare_libsud(void)
{
	need(sud_upcall_install(handler, NULL), "sud_upcall_install");
}
