// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * User shadow stacks (CET, Linux 6.6 and later).
 *
 * As the kernel starts a signal handler, it pushes two words onto the thread's
 * shadow stack: a token, which is an address with bit 63 set, and the address
 * that the handler returns to. The handler's "ret" pops the second, so
 * rt_sigreturn finds the token on top, and the kernel insists on that
 * (shstk_pop_sigframe() in the kernel's arch/x86/kernel/shstk.c). The guest's
 * rt_sigreturn is made from within the handler, however, where the calls that led
 * there have return addresses on top of the token. entry.S takes those off, by
 * INCSSP, as many as are counted here.
 *
 * Nothing else needs it. An upcall is a jump, and so is the way back to the guest.
 * The C library's siglongjmp() restores the shadow stack. A new thread gets one of
 * its own from the kernel and reaches the guest by a jump; a forked process has a
 * copy, and returns through the handler like its parent.
 */
#include "shadow.h"

#define TOKEN_BIT 0x8000000000000000ULL

/* No call chain is longer; then there is no token, and the kernel says so. */
#define MOST 65536

size_t sud_shadow_above_token(const uint64_t *ssp)
{
	size_t n = 0;

	while (n < MOST && !(ssp[n] & TOKEN_BIT))
		n++;
	return n;
}
