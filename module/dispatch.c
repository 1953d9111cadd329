// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decision, in the order and the words of the kernel's own
 * syscall_user_dispatch(), kernel/entry/syscall_user_dispatch.c.
 */
#include <linux/ptrace.h>
#include <linux/signal.h>
#include <linux/uaccess.h>

#include "compat/entry.h"
#include "compat/exempt.h"
#include "task.h"
#include "upcall.h"

/* Neither the region nor the selector lets the call run. */
static noinline long judge_rest(struct sud_task *st, struct pt_regs *regs,
				char state, bool unreadable)
{
	if (unlikely(sud_exempt(regs)))
		return SUD_ENTRY_RUN;

	if (unlikely(unreadable))
		return sud_deliver_death(st, regs, SIGSEGV);

	if (unlikely(state != SUD_SELECTOR_BLOCK))
		return sud_deliver_death(st, regs, SIGSYS);

	if (unlikely(sud_sigreturn_exempt(st, regs)))
		return SUD_ENTRY_RUN;

	return sud_deliver(st, regs);
}

/*
 * sud_dispatch() - judge the call that @regs holds
 *
 * Called by entry.S for every call of a thread that has the arming bit set.
 * It may sleep: the selector's page may have to be read in.
 *
 * Native SUD asks for the vDSO's sigreturn before it reads the selector; no
 * verdict depends on that order, and here the selector's ALLOW comes first.
 */
long sud_dispatch(struct pt_regs *regs)
{
	struct sud_task *st = sud_task_current();
	char state = SUD_SELECTOR_BLOCK;
	int unreadable = 0;

	if (unlikely(!st))
		return SUD_ENTRY_PASS;

	if (likely(instruction_pointer(regs) - st->offset < st->len))
		return SUD_ENTRY_RUN;

	if (likely(st->selector)) {
		/* access_ok() was asked when the selector was set. */
		unreadable = __get_user(state, st->selector);
		if (likely(!unreadable && state == SUD_SELECTOR_ALLOW))
			return SUD_ENTRY_RUN;
	}

	/* The short way to the commonest end of the long one. */
	if (st->quick && likely(state == SUD_SELECTOR_BLOCK && !unreadable) &&
	    !in_ia32_syscall() && likely(!sud_exempt_number(regs)) &&
	    likely(sud_auto_allow(st)))
		return sud_upcall_regs(st, regs);

	return judge_rest(st, regs, state, unreadable);
}
