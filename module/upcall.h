/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upcalls: a blocked call continues at the thread's upcall_entry in user mode, as
 * if its instruction had been a jump there. The ABI is in include/sud_uapi.h.
 */
#ifndef SUD_UPCALL_H
#define SUD_UPCALL_H

#include <linux/ptrace.h>
#include <linux/sched.h>
#include <asm/syscall.h>

#include "compat/gate.h"
#include "count.h"
#include "force.h"
#include "task.h"

/* 64-bit SYSCALL gives its caller's rcx and r11 away; no other way in does. */
static __always_inline bool sud_upcall_by_syscall(void)
{
	return !in_ia32_syscall();
}

/* Is this call, if it is blocked, an upcall of the fast kind and nothing else? */
static __always_inline bool sud_upcall_is_fast(const struct sud_task *st,
					       enum sud_at at)
{
	bool fast = at == SUD_AT_MAPPED ? st->fast_upcall != SUD_FAST_NONE
					: st->fast_upcall == SUD_FAST_REGS;

	return fast && sud_upcall_by_syscall();
}

/* Without a frame there is no place for what other ways in must keep. */
static inline bool sud_upcall_possible(struct pt_regs *regs,
				       const struct sud_task *st)
{
	return (st->config.upcall_frame || sud_upcall_by_syscall()) &&
	       user_64bit_mode(regs) == st->code_64bit;
}

/* The flags that are the program's own: a debugger set the trap flag. */
static inline unsigned long sud_upcall_flags(const struct pt_regs *regs)
{
	if (unlikely(test_thread_flag(TIF_FORCED_TF)))
		return regs->flags & ~X86_EFLAGS_TF;
	return regs->flags;
}

static inline enum sud_verdict
sud_upcall_enter(struct pt_regs *regs, struct sud_task *st, unsigned long entry)
{
	sud_count(upcalls);
	syscall_rollback(current, regs);
	/* No system call any more: a signal has nothing to restart. */
	regs->orig_ax = -1;
	regs->ip = entry;

	return sud_skip_quietly(regs, &st->resume);
}

/* The form in registers, for a call by 64-bit SYSCALL. */
static inline enum sud_verdict sud_upcall_regs(struct pt_regs *regs,
					       struct sud_task *st)
{
	/* What SYSCALL left there; under FRED it leaves nothing. */
	regs->cx = regs->ip;
	regs->r11 = sud_upcall_flags(regs);

	return sud_upcall_enter(regs, st, st->config.upcall_entry);
}

/* With rcx equal to rip, and r11 to the flags, the kernel leaves by SYSRET. */
static inline enum sud_verdict sud_upcall_by_sysret(struct pt_regs *regs,
						    struct sud_task *st,
						    unsigned long flags)
{
	unsigned long entry = st->config.upcall_entry;

	regs->cx = entry;
	regs->r11 = flags;
	return sud_upcall_enter(regs, st, entry);
}

/* The form with frames in a control area, for a call by 64-bit SYSCALL. */
enum sud_verdict __noendbr sud_upcall_mapped(struct pt_regs *regs,
					     struct sud_task *st);

enum sud_verdict sud_upcall(struct pt_regs *regs, struct sud_task *st);

#endif /* SUD_UPCALL_H */
