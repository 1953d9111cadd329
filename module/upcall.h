/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upcalls: a blocked call continues at the thread's entry in user mode, as if
 * its instruction had been a jump there. The ABI is in include/sud_uapi.h.
 */
#ifndef SUD_UPCALL_H
#define SUD_UPCALL_H

#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "task.h"

/* The flags that are the program's own: a debugger set the trap flag. */
static inline unsigned long sud_upcall_flags(const struct pt_regs *regs)
{
	if (unlikely(test_thread_flag(TIF_FORCED_TF)))
		return regs->flags & ~X86_EFLAGS_TF;
	return regs->flags;
}

static inline long sud_upcall_enter(struct sud_task *st, struct pt_regs *regs)
{
	syscall_rollback(current, regs);
	/* No system call any more: a signal has nothing to restart. */
	regs->orig_ax = -1;
	regs->ip = st->config.upcall_entry;

	return sud_entry_skip(st, regs, true);
}

/* SUD_FLAG_AUTO_ALLOW. False when the selector cannot be written. */
static inline bool sud_auto_allow(const struct sud_task *st)
{
	return !(st->config.flags & SUD_FLAG_AUTO_ALLOW) ||
	       likely(!put_user(SUD_SELECTOR_ALLOW, sud_task_selector(st)));
}

/* The form in registers, for a call by 64-bit SYSCALL. */
static inline long sud_upcall_regs(struct sud_task *st, struct pt_regs *regs)
{
	/* What SYSCALL left there; under FRED it leaves nothing. */
	regs->cx = regs->ip;
	regs->r11 = sud_upcall_flags(regs);

	return sud_upcall_enter(st, regs);
}

bool sud_upcall_possible(const struct sud_task *st, struct pt_regs *regs);
long sud_upcall(struct sud_task *st, struct pt_regs *regs);

#endif /* SUD_UPCALL_H */
