// SPDX-License-Identifier: GPL-2.0-only
/* Upcalls to a handler in C, by libsud; it answers every call with 0. */
#include <libsud.h>
#include <sud.h>

#include "bench.h"

extern char site_a[], site_a_end[];

static long handler(struct sud_call *call)
{
	(void)call;
	return 0;
}

static void install(unsigned int flags)
{
	struct sud_options options = {
		.mode = SUD_MODE_INCLUSIVE,
		.flags = flags,
		.offset = (uintptr_t)site_a,
		.len = site_a_end - site_a,
	};

	need(sud_upcall_install(handler, &options), "sud_upcall_install");
}

void prepare_libsud(void)
{
	install(0);
	sud_call_block();
}

void prepare_libsud_fast(void)
{
	install(SUD_UPCALL_NO_VECTORS | SUD_UPCALL_NO_SELECTOR);
}
