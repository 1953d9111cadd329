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

static long run(struct sud_task *st, struct pt_regs *regs)
{
	if (st->config.flags & SUD_TASK_INHERIT && !st->child)
		return sud_inherit_run(st, regs);
	return SUD_ENTRY_RUN;
}

/* Neither the region nor the selector lets the call run. */
static noinline long judge_rest(struct sud_task *st, struct pt_regs *regs,
				char state, bool unreadable)
{
	if (unlikely(sud_exempt(regs)))
		return run(st, regs);

	if (unlikely(unreadable))
		return sud_deliver_death(st, regs, SIGSEGV);

	if (unlikely(state != SUD_SELECTOR_BLOCK))
		return sud_deliver_death(st, regs, SIGSYS);

	if (unlikely(sud_sigreturn_exempt(st, regs)))
		return run(st, regs);

	return sud_deliver(st, regs);
}

/* The selector says BLOCK, or there is none: @selector is where it is. */
static noinline long judge_blocked(struct sud_task *st, struct pt_regs *regs,
				   char __user *selector)
{
	if (unlikely(!st->quick || in_ia32_syscall() ||
		     sud_exempt_number(regs)))
		return judge_rest(st, regs, SUD_SELECTOR_BLOCK, false);

	/* The short way to the commonest end of the long one. */
	if (st->config.flags & SUD_FLAG_AUTO_ALLOW &&
	    unlikely(put_user(SUD_SELECTOR_ALLOW, selector)))
		return sud_deliver_death(st, regs, SIGSEGV);
	return sud_upcall_regs(st, regs);
}

static inline bool in_region(const struct sud_task *st, struct pt_regs *regs)
{
	return instruction_pointer(regs) - st->region.offset < st->region.len;
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

/* Neither the region nor the set lets the call run. */
static noinline long judge_rules_rest(struct pt_regs *regs, struct sud_task *st)
{
	char __user *selector = NULL;
	char state;

	if (!entry_judged(st, regs))
		return run(st, regs);

	if (st->selector) {
		selector = sud_task_selector(st);
		if (get_user(state, selector))
			return judge_rest(st, regs, SUD_SELECTOR_BLOCK, true);
		if (state == SUD_SELECTOR_ALLOW)
			return run(st, regs);
		if (state != SUD_SELECTOR_BLOCK)
			return judge_rest(st, regs, state, false);
	}
	return judge_blocked(st, regs, selector);
}

/* The call comes from elsewhere than the last, or the set has changed. */
static noinline long judge_inside(struct pt_regs *regs, struct sud_task *st)
{
	if (sud_regions_inside(st->set, instruction_pointer(regs), &st->region))
		return run(st, regs);
	return judge_rules_rest(regs, st);
}

static noinline long judge_outside(struct pt_regs *regs, struct sud_task *st)
{
	if (sud_regions_outside(st->set, instruction_pointer(regs),
				&st->region))
		return run(st, regs);
	return judge_rules_rest(regs, st);
}

/* For the threads with sud_rules. The order is the same. */
static noinline long judge_rules(struct pt_regs *regs, struct sud_task *st)
{
	if (likely(in_region(st, regs) &&
		   READ_ONCE(*st->latest) == st->region.version))
		return run(st, regs);
	if (st->rules == SUD_RULES_INSIDE)
		return judge_inside(regs, st);
	if (st->rules == SUD_RULES_OUTSIDE)
		return judge_outside(regs, st);
	return judge_rules_rest(regs, st);
}

static noinline long judge_selector(struct sud_task *st, struct pt_regs *regs)
{
	char state;

	if (likely(st->selector)) {
		/* access_ok() was asked when the selector was set. */
		if (unlikely(__get_user(state, st->selector)))
			return judge_rest(st, regs, SUD_SELECTOR_BLOCK, true);
		if (likely(state == SUD_SELECTOR_ALLOW))
			return SUD_ENTRY_RUN;
		if (unlikely(state != SUD_SELECTOR_BLOCK))
			return judge_rest(st, regs, state, false);
	}
	return judge_blocked(st, regs, st->selector);
}

static __always_inline long judge(struct sud_task *st, struct pt_regs *regs)
{
	if (unlikely(!st))
		return SUD_ENTRY_PASS;

	if (unlikely(st->rules != SUD_RULES_NONE))
		return judge_rules(regs, st);

	if (likely(in_region(st, regs)))
		return SUD_ENTRY_RUN;

	return judge_selector(st, regs);
}

/* What the shortcut found is not this thread's. */
static noinline long judge_by_table(struct pt_regs *regs)
{
	return judge(sud_task_search(), regs);
}

/*
 * sud_dispatch() - judge the call that @regs holds
 *
 * Called by entry.S for every call of a thread that has the arming bit set.
 * It may sleep: the selector's page may have to be read in.
 *
 * What is asked rarely is out of line, and the calls of it are the last thing
 * that is done: so the common cases need no stack.
 *
 * Native SUD asks for the vDSO's sigreturn before it reads the selector; no
 * verdict depends on that order, and here the selector's ALLOW comes first.
 */
long sud_dispatch(struct pt_regs *regs)
{
	struct sud_task *st = sud_entry_shortcut();

	if (SUD_ENTRY_SHORT && unlikely(st && st->key != current))
		return judge_by_table(regs);

	return judge(st, regs);
}
