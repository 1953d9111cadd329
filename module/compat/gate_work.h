/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 5.11 and later (commit 1446e1df9eb1): native SUD's function and its work bit.
 *
 * An armed thread's native fields are zero but for the selector, which holds the
 * address of its state: an address of the kernel's, which the prctl refuses, so the
 * prctl cannot have set it. If the hook is ever lost, the native body finds no
 * region and goes on to the selector. It does not check that address, and reads the
 * state's first byte, which says BLOCK; or it does check it, and kills the process.
 * Nothing slips through in either case.
 *
 * fork, clone and exec clear the work bit themselves. A child gets a copy of the
 * fields, which sud_gate_fork() wipes before anybody can read it.
 */
#ifndef SUD_COMPAT_GATE_WORK_H
#define SUD_COMPAT_GATE_WORK_H

#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/thread_info.h>
#include <sud_uapi.h>

#include "resume.h"

#if defined(SUD_NATIVE_IS_OPTION) && !defined(CONFIG_SYSCALL_USER_DISPATCH)
#error "sud needs a kernel with CONFIG_SYSCALL_USER_DISPATCH=y"
#endif

struct sud_task;

#define SUD_GATE_SYMBOLS "syscall_user_dispatch"

/* The hooked function returns a bool: "do not run the call". */
enum sud_verdict {
	SUD_VERDICT_RUN = 0,
	SUD_VERDICT_SKIP = 1,
	SUD_VERDICT_PASS = SUD_PASS,
};

static inline void sud_gate_hide(struct sud_resume *resume, bool signal)
{
	/* The exit path clears it, and leaves tracers out. */
	current->syscall_dispatch.on_dispatch = true;
}

static inline bool sud_gate_stepped(void)
{
	return test_syscall_work(SYSCALL_EXIT_TRAP);
}

/* See sud_gate_arm(). */
#define SUD_GATE_BLOCK_BYTES 1

/* Addresses of the kernel's are negative, and those of user space are not. */
static inline bool sud_gate_is_state(const char __user *selector)
{
	return (__force long)selector < 0;
}

/*
 * syscall_dispatch.selector finds a thread's state without the table. A child
 * inherits a copy of it, so the key has to be compared.
 */
#define SUD_GATE_SHORTCUT 1

static inline struct sud_task *sud_gate_shortcut(void)
{
	char __user *selector = current->syscall_dispatch.selector;

	return sud_gate_is_state(selector) ? (__force struct sud_task *)selector
					   : NULL;
}

static inline void sud_gate_arm(struct task_struct *task, struct sud_task *st)
{
	/* What the native body reads there, if the hook is lost. */
	*(char *)st = SUD_SELECTOR_BLOCK;
	memset(&task->syscall_dispatch, 0, sizeof(task->syscall_dispatch));
	task->syscall_dispatch.selector = (__force char __user *)st;
	set_task_syscall_work(task, SYSCALL_USER_DISPATCH);
}

static inline void sud_gate_disarm(struct task_struct *task)
{
	clear_task_syscall_work(task, SYSCALL_USER_DISPATCH);
	memset(&task->syscall_dispatch, 0, sizeof(task->syscall_dispatch));
}

static inline void sud_gate_fork(struct task_struct *child, bool parent_armed)
{
	if (sud_gate_is_state(child->syscall_dispatch.selector))
		memset(&child->syscall_dispatch, 0,
		       sizeof(child->syscall_dispatch));
}

/* The native body blocks all calls of a thread whose fields are all zero. */
static inline void sud_gate_seal(struct task_struct *child)
{
	memset(&child->syscall_dispatch, 0, sizeof(child->syscall_dispatch));
	set_task_syscall_work(child, SYSCALL_USER_DISPATCH);
}

static inline bool sud_gate_native_armed(struct task_struct *task)
{
	return test_task_syscall_work(task, SYSCALL_USER_DISPATCH);
}

static inline u32 sud_gate_native_modes(void)
{
	u32 modes = BIT(SUD_MODE_OFF) | BIT(SUD_MODE_EXCLUSIVE);

#ifdef PR_SYS_DISPATCH_INCLUSIVE_ON
	modes |= BIT(SUD_MODE_INCLUSIVE);
#endif
	return modes;
}

#endif /* SUD_COMPAT_GATE_WORK_H */
