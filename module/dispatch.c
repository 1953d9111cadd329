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
#include "inherit.h"
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

/* The selector has been read and does not say ALLOW. */
static __always_inline long judge_blocked(struct sud_task *st,
					  struct pt_regs *regs, char state,
					  bool unreadable)
{
	/* The short way to the commonest end of the long one. */
	if (st->quick && likely(state == SUD_SELECTOR_BLOCK && !unreadable) &&
	    !in_ia32_syscall() && likely(!sud_exempt_number(regs)) &&
	    likely(sud_auto_allow(st)))
		return sud_upcall_regs(st, regs);

	return judge_rest(st, regs, state, unreadable);
}

static inline bool in_region(const struct sud_task *st, struct pt_regs *regs)
{
	return instruction_pointer(regs) - st->offset < st->len;
}

/* The set does not let the call run, or has changed since it last did. */
static noinline bool in_set(struct sud_task *st, struct pt_regs *regs)
{
	bool exclusive = st->config.mode == SUD_MODE_EXCLUSIVE;
	struct sud_regions_verdict verdict;

	sud_regions_judge(st->set, instruction_pointer(regs), &verdict);
	if (verdict.inside != exclusive)
		return false;

	/* The next call is likely to come from here, too. */
	st->offset = verdict.offset;
	st->len = verdict.len;
	st->version = verdict.version;
	return true;
}

/* SUD_FLAG_ENTRY_*: is the way by which the call came in to be judged? */
static bool entry_judged(const struct sud_task *st, struct pt_regs *regs)
{
	u32 way;

	if (!in_ia32_syscall())
		way = SUD_FLAG_ENTRY_SYSCALL;
	else if (user_64bit_mode(regs))
		way = SUD_FLAG_ENTRY_INT80;
	else
		way = SUD_FLAG_ENTRY_COMPAT;

	return !(st->config.flags & SUD_TASK_ENTRY) || st->config.flags & way;
}

static long run(struct sud_task *st, struct pt_regs *regs)
{
	if (st->config.flags & SUD_TASK_INHERIT && !st->child)
		return sud_inherit_run(st, regs);
	return SUD_ENTRY_RUN;
}

/* For the threads with one of SUD_TASK_RULES. The order is the same. */
static long judge_rules(struct sud_task *st, struct pt_regs *regs)
{
	char state = SUD_SELECTOR_BLOCK;
	int unreadable = 0;

	if (in_region(st, regs) &&
	    (!st->set || sud_regions_version(st->set) == st->version))
		return run(st, regs);
	if (st->set && in_set(st, regs))
		return run(st, regs);

	if (!entry_judged(st, regs))
		return run(st, regs);

	if (st->selector) {
		unreadable = get_user(state, sud_task_selector(st));
		if (!unreadable && state == SUD_SELECTOR_ALLOW)
			return run(st, regs);
	}
	return judge_blocked(st, regs, state, unreadable);
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

	if (unlikely(st->rules))
		return judge_rules(st, regs);

	if (likely(in_region(st, regs)))
		return SUD_ENTRY_RUN;

	if (likely(st->selector)) {
		/* access_ok() was asked when the selector was set. */
		unreadable = __get_user(state, st->selector);
		if (likely(!unreadable && state == SUD_SELECTOR_ALLOW))
			return SUD_ENTRY_RUN;
	}

	return judge_blocked(st, regs, state, unreadable);
}
