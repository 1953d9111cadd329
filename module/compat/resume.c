// SPDX-License-Identifier: GPL-2.0-only
/*
 * 5.10: thread flags that come back on the way to user mode, by task work.
 */
#include <linux/sched.h>
#include <linux/task_work.h>
#include <linux/thread_info.h>

#include "../task.h"

static void run(struct callback_head *work)
{
	struct sud_task *st = container_of(work, struct sud_task, resume.work);
	struct sud_resume *resume = &st->resume;

	resume->queued = false;
	if (resume->orphan) {
		sud_task_release(st);
		return;
	}

	if (resume->flags & _TIF_SYSCALL_TRACEPOINT)
		set_thread_flag(TIF_SYSCALL_TRACEPOINT);
	/* The tracer may have gone in the meantime. */
	if (resume->flags & _TIF_SYSCALL_TRACE && READ_ONCE(current->ptrace))
		set_thread_flag(TIF_SYSCALL_TRACE);
	resume->flags = 0;
}

void sud_resume_flags(struct sud_task *st, unsigned long flags)
{
	struct sud_resume *resume = &st->resume;

	resume->flags |= flags;
	if (resume->queued)
		return;

	init_task_work(&resume->work, run);
	/* It fails for a thread past its exit, and that makes no calls. */
	if (!WARN_ON_ONCE(task_work_add(current, &resume->work, TWA_RESUME)))
		resume->queued = true;
}

bool sud_resume_keeps(struct sud_task *st)
{
	st->resume.orphan = true;
	return st->resume.queued;
}
