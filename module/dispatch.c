// SPDX-License-Identifier: GPL-2.0-only
/*
 * The decision. It asks what the kernel's own syscall_user_dispatch() asks, in
 * the words of kernel/entry/syscall_user_dispatch.c and in this order:
 *
 *	1. the region (or the set), and which ways in are judged	judge*()
 *	2. the selector							judge_selector()
 *	3. calls that are never dispatched				judge_rest()
 *	4. the deaths by a bad selector					judge_rest()
 *	5. SUD_FLAG_SIGRETURN						judge_rest()
 *	6. what a blocked call gets					sud_deliver()
 *
 * Native SUD asks 3 before 2. No verdict depends on that order, and here the
 * selector's ALLOW comes first, because it is common. A fast upcall goes from 2
 * to 6.
 *
 * Each step that is not always needed is a function of its own, and is called
 * last in the one before: so the common cases need no stack frame. What differs
 * by the selector's place is written once and compiled three times: SUD_AT_FIXED,
 * SUD_AT_MAPPED and SUD_AT_ANY (task.h).
 */
#include <linux/ptrace.h>
#include <linux/signal.h>
#include <linux/uaccess.h>

#include "compat/exempt.h"
#include "compat/gate.h"
#include "deliver.h"
#include "dispatch.h"
#include "force.h"
#include "inherit.h"
#include "sigreturn.h"
#include "task.h"

/* What the selector says. */
enum said {
	SAID_ALLOW,
	SAID_BLOCK, /* or there is no selector */
	SAID_BAD, /* any other value */
	SAID_UNREADABLE,
};

static __always_inline enum sud_verdict
let_run(struct pt_regs *regs, struct sud_task *st, enum sud_at at)
{
	return at == SUD_AT_ANY ? sud_inherit_let_run(regs, st)
				: SUD_VERDICT_RUN;
}

static __always_inline bool in_run_range(struct pt_regs *regs,
					 const struct sud_task *st)
{
	return instruction_pointer(regs) - st->run_range.offset <
	       st->run_range.len;
}

/* SUD_FLAG_ENTRY_*: is the way by which the call came in to be judged? */
static bool way_judged(struct pt_regs *regs, const struct sud_task *st)
{
	u32 way;

	if (!in_ia32_syscall())
		way = SUD_FLAG_ENTRY_SYSCALL;
	else if (user_64bit_mode(regs))
		way = SUD_FLAG_ENTRY_INT80;
	else
		way = SUD_FLAG_ENTRY_COMPAT;

	return !(st->config.flags & SUD_FLAGS_WAYS) || st->config.flags & way;
}

static __always_inline enum said said_by(char byte)
{
	if (byte == SUD_SELECTOR_ALLOW)
		return SAID_ALLOW;
	return byte == SUD_SELECTOR_BLOCK ? SAID_BLOCK : SAID_BAD;
}

/*
 * User code changes the byte at any time, so it is read once.
 *
 * get_user(), also where access_ok() was asked before: it masks the address, and
 * __get_user() waits for all instructions before it, by LFENCE, which costs more.
 */
static __always_inline enum said read_selector(const struct sud_task *st,
					       enum sud_at at)
{
	char byte;

	if (sud_at_mapped(st, at))
		return said_by(READ_ONCE(*st->mapped));

	if (!st->selector)
		return SAID_BLOCK;

	if (get_user(byte, sud_task_selector(st, at)))
		return SAID_UNREADABLE;

	return said_by(byte);
}

/* Neither the region nor the selector lets the call run: ask all the rest. */
static noinline enum sud_verdict judge_rest(struct pt_regs *regs,
					    struct sud_task *st, enum said said)
{
	if (unlikely(sud_exempt(regs)))
		return let_run(regs, st, SUD_AT_ANY);

	if (unlikely(said == SAID_UNREADABLE))
		return sud_force_death(st, SIGSEGV,
				       SUD_DEATH_SELECTOR_UNREADABLE);

	if (unlikely(said == SAID_BAD))
		return sud_force_death(st, SIGSYS, SUD_DEATH_SELECTOR_VALUE);

	if (unlikely(sud_sigreturn_exempt(regs, st)))
		return let_run(regs, st, SUD_AT_ANY);

	return sud_deliver(regs, st, SUD_AT_ANY);
}

static __always_inline enum sud_verdict
blocked(struct pt_regs *regs, struct sud_task *st, enum sud_at at)
{
	/*
	 * What judge_rest() asks does not concern such a call: it is not exempt
	 * by this number, and a fast upcall has no SUD_FLAG_SIGRETURN.
	 */
	if (likely(sud_upcall_is_fast(st, at) && !sud_exempt_number(regs)))
		return sud_deliver(regs, st, at);

	return judge_rest(regs, st, SAID_BLOCK);
}

static noinline enum sud_verdict blocked_fixed(struct pt_regs *regs,
					       struct sud_task *st)
{
	return blocked(regs, st, SUD_AT_FIXED);
}

static noinline enum sud_verdict blocked_any(struct pt_regs *regs,
					     struct sud_task *st)
{
	return blocked(regs, st, SUD_AT_ANY);
}

static __always_inline enum sud_verdict
judge_selector(struct pt_regs *regs, struct sud_task *st, enum sud_at at)
{
	enum said said = read_selector(st, at);

	if (likely(said == SAID_ALLOW))
		return let_run(regs, st, at);

	if (unlikely(said != SAID_BLOCK))
		return judge_rest(regs, st, said);

	return at == SUD_AT_FIXED ? blocked_fixed(regs, st)
				  : blocked_any(regs, st);
}

static noinline enum sud_verdict judge_selector_fixed(struct pt_regs *regs,
						      struct sud_task *st)
{
	return judge_selector(regs, st, SUD_AT_FIXED);
}

/* A function of its own, because gcc 10 keeps two verdicts in a saved register. */
static noinline enum sud_verdict
judge_mapped_not_block(struct pt_regs *regs, struct sud_task *st, char byte)
{
	if (byte == SUD_SELECTOR_ALLOW)
		return SUD_VERDICT_RUN;
	return judge_rest(regs, st, SAID_BAD);
}

/* It did not say ALLOW a moment ago, so most likely it says BLOCK. */
static noinline enum sud_verdict judge_selector_mapped(struct pt_regs *regs,
						       struct sud_task *st)
{
	char byte = READ_ONCE(*st->mapped);

	if (likely(byte == SUD_SELECTOR_BLOCK))
		return blocked(regs, st, SUD_AT_MAPPED);
	return judge_mapped_not_block(regs, st, byte);
}

static noinline enum sud_verdict judge_way(struct pt_regs *regs,
					   struct sud_task *st)
{
	if (!way_judged(regs, st))
		return let_run(regs, st, SUD_AT_ANY);
	return judge_selector(regs, st, SUD_AT_ANY);
}

/* Not in the range found last, or the set has changed since: search the set. */
static noinline enum sud_verdict judge_set_exclusive(struct pt_regs *regs,
						     struct sud_task *st)
{
	if (sud_regions_inside(st->set, instruction_pointer(regs),
			       &st->run_range))
		return let_run(regs, st, SUD_AT_ANY);
	return judge_way(regs, st);
}

static noinline enum sud_verdict judge_set_inclusive(struct pt_regs *regs,
						     struct sud_task *st)
{
	if (sud_regions_outside(st->set, instruction_pointer(regs),
				&st->run_range))
		return let_run(regs, st, SUD_AT_ANY);
	return judge_way(regs, st);
}

static noinline enum sud_verdict judge_other_outside(struct pt_regs *regs,
						     struct sud_task *st)
{
	if (st->kind == SUD_KIND_SET_INCLUSIVE)
		return judge_set_inclusive(regs, st);
	return judge_way(regs, st);
}

static __always_inline enum sud_verdict judge_rich_outside(struct pt_regs *regs,
							   struct sud_task *st)
{
	if (likely(st->kind == SUD_KIND_SET_EXCLUSIVE))
		return judge_set_exclusive(regs, st);
	return judge_other_outside(regs, st);
}

/* With a set, what was found in it last counts as long as the set is the same. */
static noinline enum sud_verdict judge_rich_inside(struct pt_regs *regs,
						   struct sud_task *st)
{
	if (likely(READ_ONCE(*st->version) == st->run_range.version))
		return let_run(regs, st, SUD_AT_ANY);
	return judge_rich_outside(regs, st);
}

static __always_inline enum sud_verdict judge(struct pt_regs *regs,
					      struct sud_task *st)
{
	if (unlikely(!st))
		return SUD_VERDICT_PASS;

	if (likely(in_run_range(regs, st))) {
		if (unlikely(st->kind > SUD_KIND_MAPPED))
			return judge_rich_inside(regs, st);
		return SUD_VERDICT_RUN;
	}

	/* One comparison, three ways: the compiler would load and compare twice. */
	asm goto("cmpb %[mapped], %[kind]\n\t"
		 "jb %l[plain]\n\t"
		 "ja %l[rich]"
		 :
		 : [kind] "m"(st->kind), [mapped] "i"(SUD_KIND_MAPPED)
		 : "cc"
		 : plain, rich);

	/* If user code changes it meanwhile, either value is right. */
	if (likely(data_race(*st->mapped == SUD_SELECTOR_ALLOW)))
		return SUD_VERDICT_RUN;
	return judge_selector_mapped(regs, st);
plain:
	return judge_selector_fixed(regs, st);
rich:
	return judge_rich_outside(regs, st);
}

/* The shortcut has found the state of another thread. */
static noinline enum sud_verdict judge_by_table(struct pt_regs *regs)
{
	return judge(regs, sud_task_search());
}

/*
 * sud_dispatch() - judge the call that @regs holds
 *
 * Called by entry.S for every call of a thread that has the arming bit set. It
 * may sleep: the selector's page may have to be read in.
 */
enum sud_verdict __noendbr sud_dispatch(struct pt_regs *regs)
{
	struct sud_task *st;

	if (!SUD_GATE_SHORTCUT)
		return judge(regs, sud_task_search());

	st = sud_gate_shortcut();
	if (unlikely(st && st->key != current))
		return judge_by_table(regs);

	return judge(regs, st);
}
