// SPDX-License-Identifier: GPL-2.0-only
/*
 * 5.10: thread flags that come back on the way to user mode, by task work.
 */
#include <linux/sched.h>
#include <linux/task_work.h>
#include <linux/thread_info.h>
#include <linux/tracepoint.h>

#include "resume.h"
#include "tasklist.h"

/* While one of them is on, every thread has TIF_SYSCALL_TRACEPOINT. */
static struct tracepoint *enter, *exit;

static void (*release_state)(struct sud_resume *resume);

static void find_tracepoint(struct tracepoint *tracepoint, void *data)
{
	if (!strcmp(tracepoint->name, "sys_enter"))
		enter = tracepoint;
	else if (!strcmp(tracepoint->name, "sys_exit"))
		exit = tracepoint;
}

void sud_resume_init(void (*release)(struct sud_resume *resume))
{
	release_state = release;
	for_each_kernel_tracepoint(find_tracepoint, NULL);
}

static bool traced(void)
{
	return (enter && static_key_enabled(&enter->key)) ||
	       (exit && static_key_enabled(&exit->key));
}

/* The flag is cleared once, on all threads, after the last key went off. */
static void set_tracepoint_flag(void)
{
	if (!traced())
		return;
	set_thread_flag(TIF_SYSCALL_TRACEPOINT);
	/* Pairs with the walk of syscall_unregfunc(): one of us sees. */
	smp_mb__after_atomic();
	if (!traced())
		clear_thread_flag(TIF_SYSCALL_TRACEPOINT);
}

/*
 * The tracer may have gone in the meantime, or may be going: a detach first
 * clears the flag and then @ptrace, all under tasklist_lock. So a detach that
 * has cleared the flag before it is set here has ended when the wait ends.
 */
static void set_trace_flag(void)
{
	if (!READ_ONCE(current->ptrace))
		return;
	set_thread_flag(TIF_SYSCALL_TRACE);
	sud_tasklist_wait();
	if (!READ_ONCE(current->ptrace))
		clear_thread_flag(TIF_SYSCALL_TRACE);
}

static void give_flags_back(struct callback_head *work)
{
	struct sud_resume *resume = container_of(work, struct sud_resume, work);

	if (resume->flags & _TIF_SYSCALL_TRACEPOINT)
		set_tracepoint_flag();
	if (resume->flags & _TIF_SYSCALL_TRACE)
		set_trace_flag();
	resume->flags = 0;

	if (xchg(&resume->state, SUD_RESUME_IDLE) == SUD_RESUME_ORPHAN)
		release_state(resume);
}

void sud_resume_flags(struct sud_resume *resume, unsigned long flags)
{
	resume->flags |= flags;
	if (resume->state == SUD_RESUME_QUEUED)
		return;

	init_task_work(&resume->work, give_flags_back);
	resume->state = SUD_RESUME_QUEUED;
	/* It fails for a thread past its exit, and that makes no calls. */
	if (WARN_ON_ONCE(task_work_add(current, &resume->work, TWA_RESUME)))
		resume->state = SUD_RESUME_IDLE;
}

bool sud_resume_keeps(struct sud_resume *resume)
{
	return cmpxchg(&resume->state, SUD_RESUME_QUEUED, SUD_RESUME_ORPHAN) ==
	       SUD_RESUME_QUEUED;
}
