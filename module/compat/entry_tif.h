/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 5.10: the slow path's own function, and a thread flag that leads there.
 *
 * TIF_SYSCALL_AUDIT on a thread without an audit context does nothing, and
 * nobody clears it. The function's body would let every call run, so the hook
 * must never be lost: the kernel refuses to switch ftrace off while it is
 * attached (hook.c).
 *
 * Can go when 5.10 does.
 */
#ifndef SUD_COMPAT_ENTRY_TIF_H
#define SUD_COMPAT_ENTRY_TIF_H

#include <linux/sched.h>
#include <linux/thread_info.h>
#include <sud_uapi.h>

#include "../sud.h"

#define SUD_ENTRY_SYMBOLS \
	"syscall_trace_enter.constprop.0", "syscall_trace_enter"

/* ptrace, seccomp, audit and the tracepoints come next. */
#define SUD_ENTRY_RUN SUD_ENTRY_PASS
/* -1 is no system call's number: nothing runs, ax stays. */
#define SUD_ENTRY_FAIL (-1)

/* The exit work that would show a call, had it been made. */
#define SUD_ENTRY_SHOWING \
	(_TIF_SYSCALL_TRACE | _TIF_SYSCALL_TRACEPOINT | _TIF_SINGLESTEP)

void sud_entry_hide(struct sud_task *st, bool upcall);

static inline long sud_entry_skip(struct sud_task *st, struct pt_regs *regs,
				  bool upcall)
{
	if (unlikely(READ_ONCE(current_thread_info()->flags) &
		     SUD_ENTRY_SHOWING))
		sud_entry_hide(st, upcall);
	return SUD_ENTRY_FAIL;
}

void sud_entry_arm(struct task_struct *task, struct sud_task *st);
void sud_entry_disarm(struct task_struct *task);
void sud_entry_fork(struct task_struct *parent, struct task_struct *child);

/* What PTRACE_SYSEMU sets; only a tracer's resuming the child clears it. */
static inline void sud_entry_seal(struct task_struct *child)
{
	set_tsk_thread_flag(child, TIF_SYSCALL_EMU);
}

/* There is no field to keep one in. */
#define SUD_ENTRY_SHORT 0
#define sud_entry_shortcut() sud_task_search()

static inline bool sud_entry_native_armed(struct task_struct *task)
{
	return false;
}

static inline u32 sud_entry_native_modes(void)
{
	return 0;
}

#endif /* SUD_COMPAT_ENTRY_TIF_H */
