// SPDX-License-Identifier: GPL-2.0-only
/*
 * 5.10: the arming bit, and how a dispatched call gets past the exit work.
 */
#include <linux/sched.h>
#include <linux/thread_info.h>

#include "gate.h"
#include "gate_bit.h"

/* audit_alloc() sets the flag where there is a context, for good. */
static bool audited(const struct task_struct *task)
{
	return task->audit_context;
}

void sud_gate_arm(struct task_struct *task, struct sud_task *st)
{
	/* gate_macros.S tests the bit in the first word of the task. */
	BUILD_BUG_ON(offsetof(struct task_struct, thread_info.flags));
	BUILD_BUG_ON(_TIF_SYSCALL_AUDIT != SUD_ARMING_BIT);

	set_tsk_thread_flag(task, TIF_SYSCALL_AUDIT);
}

void sud_gate_disarm(struct task_struct *task)
{
	if (!audited(task))
		clear_tsk_thread_flag(task, TIF_SYSCALL_AUDIT);
}

/*
 * The exit path knows nothing of dispatched calls and would report this one.
 * Take away the bits by which it would, and have those that must come back
 * set again on the way to user mode, after the exit work.
 *
 * The resume work runs before a signal is taken (get_signal() begins with it),
 * so at a signal's stop the tracer says afresh whether it wants to see the next
 * call.
 */
void sud_gate_hide_shown(struct sud_resume *resume, bool signal)
{
	unsigned long flags = READ_ONCE(current_thread_info()->flags);
	unsigned long back = 0;

	if (flags & _TIF_SYSCALL_TRACEPOINT) {
		clear_thread_flag(TIF_SYSCALL_TRACEPOINT);
		back |= _TIF_SYSCALL_TRACEPOINT;
	}
	if (flags & _TIF_SYSCALL_TRACE) {
		clear_thread_flag(TIF_SYSCALL_TRACE);
		back |= _TIF_SYSCALL_TRACE;
	}
	/* A signal stops a debugger by itself; else the exit work has to. */
	if (flags & _TIF_SINGLESTEP && signal)
		clear_thread_flag(TIF_SINGLESTEP);
	if (back)
		sud_resume_flags(resume, back);
}
