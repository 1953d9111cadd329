// SPDX-License-Identifier: GPL-2.0-only
/*
 * 5.11 and later: the kernel's own SUD beside the module.
 *
 * Both use the same bit, so a thread has one or the other. While the module
 * has armed a thread, the prctl in that thread and a tracer's
 * PTRACE_{GET,SET}_SYSCALL_USER_DISPATCH_CONFIG of it fail with EBUSY, and
 * leave all as it is. The functions behind them are cold; a thread armed by
 * them passes the hook and keeps working.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/static_call.h>
#include <sud_uapi.h>

#include "guard.h"
#include "hook.h"
#include "native.h"
#include "task.h"

/*
 * set_syscall_user_dispatch(), which is not for modules. By a static call: that
 * is a direct call when it runs, so that it needs no ENDBR, which IBT kernels
 * take away from functions that they never call by address.
 */
static int set_nothing(unsigned long mode, unsigned long offset,
		       unsigned long len, char __user *selector)
{
	return -EFAULT;
}

static_assert(offsetof(struct sud_task, block) == 0, "sud_gate_arm()");

DEFINE_STATIC_CALL(sud_native_set, set_nothing);

/* No address of user space. */
#define NO_SELECTOR ((char __user *)~0UL)

/*
 * kernel.syscall_user_dispatch (7.3) can be read by no function, so ask for what
 * fails in any case: the kernel looks at the switch before the selector.
 */
bool sud_native_allows(void)
{
	return static_call(sud_native_set)(SUD_MODE_EXCLUSIVE, 0, 0,
					   NO_SELECTOR) != -EPERM;
}

static void refuse_if_armed(const struct task_struct *task,
			    struct pt_regs *regs)
{
	if (!sud_task_armed(task))
		return;

	regs->ax = -EBUSY;
	regs->ip = (unsigned long)sud_trampoline_return;
}

/*
 * Ahead of set_syscall_user_dispatch(), which is for the caller. The module's
 * own question changes nothing, and is to be answered.
 */
static void before_prctl(unsigned long ip, unsigned long parent_ip,
			 struct ftrace_ops *ops, SUD_FTRACE_REGS *fregs)
{
	if (!within_module(parent_ip, THIS_MODULE))
		refuse_if_armed(current, ftrace_get_regs(fregs));
}

/* Ahead of a function whose first argument is the task, a stopped tracee. */
static void before_ptrace(unsigned long ip, unsigned long parent_ip,
			  struct ftrace_ops *ops, SUD_FTRACE_REGS *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	refuse_if_armed((const struct task_struct *)regs->di, regs);
}

static struct sud_guard guards[] = {
	{ SUD_GUARD("set_syscall_user_dispatch", before_prctl) },
	/* The pair is since 6.4 (commit 3f67987cdc09). */
	{ SUD_GUARD("syscall_user_dispatch_get_config", before_ptrace),
	  .optional = true },
	{ SUD_GUARD("syscall_user_dispatch_set_config", before_ptrace),
	  .optional = true },
};

int sud_native_init(void)
{
	int err, i;

	for (i = 0; i < ARRAY_SIZE(guards); i++) {
		err = sud_guard_attach(&guards[i]);
		if (err) {
			sud_native_exit();
			return err;
		}
	}

	static_call_update(sud_native_set, (typeof(&set_nothing))guards[0].ip);
	return 0;
}

void sud_native_exit(void)
{
	int i;

	for (i = ARRAY_SIZE(guards) - 1; i >= 0; i--)
		sud_guard_detach(&guards[i]);
}
