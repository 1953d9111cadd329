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

static void refuse_if_armed(const struct task_struct *task,
			    struct pt_regs *regs)
{
	if (!sud_task_armed(task))
		return;

	regs->ax = -EBUSY;
	regs->ip = (unsigned long)sud_entry_return;
}

/* Ahead of set_syscall_user_dispatch(), which is for the caller. */
static void on_prctl(unsigned long ip, unsigned long parent_ip,
		     struct ftrace_ops *ops, SUD_FTRACE_REGS *fregs)
{
	refuse_if_armed(current, ftrace_get_regs(fregs));
}

/* Ahead of a function whose first argument is the task, a stopped tracee. */
static void on_ptrace(unsigned long ip, unsigned long parent_ip,
		      struct ftrace_ops *ops, SUD_FTRACE_REGS *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);

	refuse_if_armed((const struct task_struct *)regs->di, regs);
}

#define GUARD_FLAGS                                         \
	(FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | \
	 FTRACE_OPS_FL_PERMANENT)

static struct guard {
	const char *symbol;
	/* Not on every kernel that has native SUD. */
	bool optional;
	bool attached;
	struct ftrace_ops ops;
} guards[] = {
	{
		.symbol = "set_syscall_user_dispatch",
		.ops = { .func = on_prctl, .flags = GUARD_FLAGS },
	},
	/* The pair is since 6.4 (commit 3f67987cdc09). */
	{
		.symbol = "syscall_user_dispatch_get_config",
		.optional = true,
		.ops = { .func = on_ptrace, .flags = GUARD_FLAGS },
	},
	{
		.symbol = "syscall_user_dispatch_set_config",
		.optional = true,
		.ops = { .func = on_ptrace, .flags = GUARD_FLAGS },
	},
};

static int attach(struct guard *guard)
{
	unsigned long ip = sud_hook_find(guard->symbol);
	int err;

	if (!ip) {
		if (guard->optional)
			return 0;
		pr_err("this kernel has no function %s to guard; it is not supported, see the README\n",
		       guard->symbol);
		return -ENOENT;
	}

	err = ftrace_set_filter_ip(&guard->ops, ip, 0, 0);
	if (!err)
		err = register_ftrace_function(&guard->ops);
	if (err) {
		sud_ftrace_forget(&guard->ops);
		pr_err("cannot guard %s (%d): unload the live patch or tracer attached to it and load the module again\n",
		       guard->symbol, err);
		return err;
	}
	guard->attached = true;
	return 0;
}

int sud_native_init(void)
{
	int err, i;

	for (i = 0; i < ARRAY_SIZE(guards); i++) {
		err = attach(&guards[i]);
		if (err) {
			sud_native_exit();
			return err;
		}
	}
	return 0;
}

void sud_native_exit(void)
{
	int i;

	for (i = ARRAY_SIZE(guards) - 1; i >= 0; i--) {
		if (!guards[i].attached)
			continue;
		sud_hook_must(unregister_ftrace_function(&guards[i].ops));
		sud_ftrace_forget(&guards[i].ops);
		guards[i].attached = false;
	}
}
