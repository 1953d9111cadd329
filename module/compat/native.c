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
#include <linux/ptrace.h>
#include <linux/sched.h>

#include "../hook.h"
#include "../task.h"
#include "native.h"

static struct {
	const char *symbol;
	bool optional;
	unsigned long ip;
} guarded[] = {
	{ .symbol = "set_syscall_user_dispatch" },
	/* Since 6.4 (commit 3f67987cdc09). */
	{ .symbol = "syscall_user_dispatch_get_config", .optional = true },
	{ .symbol = "syscall_user_dispatch_set_config", .optional = true },
};

/* Runs with preemption off, ahead of the guarded function. */
static void on_guarded(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, SUD_FTRACE_REGS *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	const struct task_struct *task = current;

	/* The prctl's is for the caller, the other two's first argument says. */
	if (ip != guarded[0].ip)
		task = (const struct task_struct *)regs->di;

	if (!sud_task_armed(task))
		return;

	regs->ax = -EBUSY;
	regs->ip = (unsigned long)sud_entry_return;
}

static struct ftrace_ops guard_ops = {
	.func = on_guarded,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY |
		 FTRACE_OPS_FL_PERMANENT,
};

int sud_native_init(void)
{
	int err, i;

	for (i = 0; i < ARRAY_SIZE(guarded); i++) {
		guarded[i].ip = sud_hook_find(guarded[i].symbol);
		if (!guarded[i].ip) {
			if (guarded[i].optional)
				continue;
			pr_err("this kernel has no function %s to guard; it is not supported, see the README\n",
			       guarded[i].symbol);
			err = -ENOENT;
			goto err_filter;
		}
		err = ftrace_set_filter_ip(&guard_ops, guarded[i].ip, 0, 0);
		if (err)
			goto err_filter;
	}

	err = register_ftrace_function(&guard_ops);
	if (err) {
		pr_err("cannot guard the kernel's own prctl (%d): unload the live patch or tracer that has set_syscall_user_dispatch\n",
		       err);
		goto err_filter;
	}
	return 0;

err_filter:
	sud_ftrace_forget(&guard_ops);
	return err;
}

void sud_native_exit(void)
{
	sud_hook_must(unregister_ftrace_function(&guard_ops));
	sud_ftrace_forget(&guard_ops);
}
