// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks ahead of kernel functions by ftrace, and makes sure that ftrace stays on.
 *
 * A permanent ftrace_ops makes the kernel refuse "sysctl
 * kernel.ftrace_enabled=0", and cannot be registered while that holds. The
 * trampoline's own is not permanent on every kernel, so there is a second one,
 * the anchor, on a function that never runs. It is registered first, which also
 * tells "ftrace is off" from "the function is taken".
 */
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "guard.h"
#include "log.h"

#define ANCHOR "kernel_restart"

static void do_nothing(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, SUD_FTRACE_REGS *regs)
{
}

static struct ftrace_ops anchor = {
	.func = do_nothing,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

/* kallsyms_lookup_name() is not exported; a kprobe, never armed, looks it up. */
int sud_guard_find(const char *symbol, unsigned long *ip)
{
	struct kprobe probe = {
		.symbol_name = symbol,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int err;

	err = register_kprobe(&probe);
	*ip = (unsigned long)probe.addr;
	if (!err)
		unregister_kprobe(&probe);
	return err;
}

/*
 * When ftrace has died of a bug (ftrace_disabled), its calls into the module
 * stay where they are, so the module's text may never be freed.
 */
void sud_guard_must(int err)
{
	if (!err)
		return;
	pr_err("ftrace no longer works (%d), so the module cannot be unloaded until the next boot\n",
	       err);
	for (;;)
		schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
}

/* Return: 0, also when an optional function is not there. */
int sud_guard_attach(struct sud_guard *guard)
{
	int err;

	err = sud_guard_find(guard->symbol, &guard->ip);
	if (err == -ENOENT && guard->optional)
		return 0;
	if (err) {
		pr_err("cannot find the function %s to guard (%d); %s\n",
		       guard->symbol, err, sud_hint(err));
		return err;
	}

	err = ftrace_set_filter_ip(&guard->ops, guard->ip, 0, 0);
	if (!err)
		err = register_ftrace_function(&guard->ops);
	if (err) {
		sud_ftrace_forget(&guard->ops);
		pr_err("cannot guard %s (%d): unload the live patch or tracer attached to it and load the module again\n",
		       guard->symbol, err);
		return err;
	}
	guard->attached = true;
	pr_debug("guards %s\n", guard->symbol);
	return 0;
}

void sud_guard_detach(struct sud_guard *guard)
{
	if (!guard->attached)
		return;
	sud_guard_must(unregister_ftrace_function(&guard->ops));
	sud_ftrace_forget(&guard->ops);
	guard->attached = false;
}

int sud_anchor_init(void)
{
	unsigned long ip;
	int err;

	err = sud_guard_find(ANCHOR, &ip);
	if (!err)
		err = ftrace_set_filter_ip(&anchor, ip, 0, 0);
	if (!err)
		err = register_ftrace_function(&anchor);
	if (!err)
		return 0;

	sud_ftrace_forget(&anchor);
	if (err == -EBUSY)
		pr_err("ftrace is off: run \"sysctl kernel.ftrace_enabled=1\" and load the module again\n");
	else
		pr_err("ftrace does not work here (%d); %s\n", err,
		       sud_hint(err));
	return err;
}

void sud_anchor_exit(void)
{
	sud_guard_must(unregister_ftrace_function(&anchor));
	sud_ftrace_forget(&anchor);
}
