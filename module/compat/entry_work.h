/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 5.11 and later (commit 1446e1df9eb1): native SUD's function and its work bit.
 *
 * An armed thread's native fields are zero but for the offset, which holds the
 * address of its entry. The prctl refuses an offset without a length, so this
 * cannot be its doing; and the native body takes a length of 0 for "block
 * everything", so that nothing slips through if the hook were ever lost.
 *
 * fork, clone and exec clear the work bit themselves. A child gets a copy of
 * the fields, which is wiped before anybody can read it.
 */
#ifndef SUD_COMPAT_ENTRY_WORK_H
#define SUD_COMPAT_ENTRY_WORK_H

#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <sud_uapi.h>

#include "../sud.h"

#define SUD_ENTRY_SYMBOLS "syscall_user_dispatch"

/* The hooked function returns a bool: "do not run the call". */
#define SUD_ENTRY_RUN 0
#define SUD_ENTRY_FAIL 1

static inline long sud_entry_skip(struct sud_task *st, struct pt_regs *regs,
				  bool upcall)
{
	/* The exit path clears it, and skips its tracers. */
	current->syscall_dispatch.on_dispatch = true;
	/* A signal stops a debugger by itself; an upcall has to say so. */
	if (upcall && unlikely(test_syscall_work(SYSCALL_EXIT_TRAP)))
		sud_deliver_step(regs);
	return SUD_ENTRY_FAIL;
}

/* The shortcut is shorter than the table, so it is checked against it. */
#define SUD_ENTRY_SHORT 1

static inline struct sud_task *sud_entry_shortcut(void)
{
	const struct syscall_user_dispatch *sd = &current->syscall_dispatch;

	return sd->len ? NULL : (struct sud_task *)sd->offset;
}

static inline void sud_entry_arm(struct task_struct *task, struct sud_task *st)
{
	memset(&task->syscall_dispatch, 0, sizeof(task->syscall_dispatch));
	task->syscall_dispatch.offset = (unsigned long)st;
	set_task_syscall_work(task, SYSCALL_USER_DISPATCH);
}

static inline void sud_entry_disarm(struct task_struct *task)
{
	clear_task_syscall_work(task, SYSCALL_USER_DISPATCH);
	memset(&task->syscall_dispatch, 0, sizeof(task->syscall_dispatch));
}

static inline void sud_entry_fork(struct task_struct *parent,
				  struct task_struct *child)
{
	if (child->syscall_dispatch.offset && !child->syscall_dispatch.len)
		memset(&child->syscall_dispatch, 0,
		       sizeof(child->syscall_dispatch));
}

/* The native body blocks all calls of a thread whose fields are all zero. */
static inline void sud_entry_seal(struct task_struct *child)
{
	memset(&child->syscall_dispatch, 0, sizeof(child->syscall_dispatch));
	set_task_syscall_work(child, SYSCALL_USER_DISPATCH);
}

static inline bool sud_entry_native_armed(struct task_struct *task)
{
	return test_task_syscall_work(task, SYSCALL_USER_DISPATCH);
}

static inline u32 sud_entry_native_modes(void)
{
	u32 modes = BIT(SUD_MODE_OFF) | BIT(SUD_MODE_EXCLUSIVE);

#ifdef PR_SYS_DISPATCH_INCLUSIVE_ON
	modes |= BIT(SUD_MODE_INCLUSIVE);
#endif
	return modes;
}

#endif /* SUD_COMPAT_ENTRY_WORK_H */
