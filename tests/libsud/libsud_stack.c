// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/libsud and a guest with a small stack, as a goroutine's: what its handler needs
 * there. Which stack the handler is on is in libsud.c.
 */
#include "lib/harness.h"
#include "lib/libsud_guest.h"
#include "lib/sites.h"
#include "lib/small_stack.h"
#include "lib/upcalls.h"

/* What libsud(3) says of the guest's stack, when the handler has one of its own. */
#define USED 144

static bool own_stack;
static unsigned int room;

static void call_from_guest(void)
{
	struct sud_options o = {
		.mode = SUD_MODE_EXCLUSIVE,
		.stack = own_stack ? guest_stack : NULL,
		.stack_size = own_stack ? sizeof(guest_stack) : 0,
	};
	long r;

	small_stack_make(room);
	CHECK_OK(sud_upcall_install(note, &o));
	sud_call_block();
	r = call_on_small_stack(MAGIC_NR);
	sud_call_allow();
	CHECK_EQ(r, RESULT);
	CHECK_EQ(noted.rsp, small_stack_sp);
}

TEST(guests, "a handler on the guest's stack overruns it")
{
	own_stack = false;
	room = 16384;
	CHECK_EQ(in_child(call_from_guest), 0);
	room = 1024;
	expect_death(call_from_guest, SIGSEGV);
}

TEST(own,
     "with a stack of its own, 144 bytes of the guest's will do, and no less")
{
	own_stack = true;
	room = USED;
	CHECK_EQ(in_child(call_from_guest), 0);
	room = USED - 8;
	expect_death(call_from_guest, SIGSEGV);
}
