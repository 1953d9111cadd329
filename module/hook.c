// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches entry.S to the kernel by a direct trampoline of ftrace, and makes
 * sure that it cannot be lost.
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

#include "compat/entry.h"
#include "compat/native.h"
#include "hook.h"
#include "sud.h"

#ifndef CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS
#error "sud needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"
#endif

#define ANCHOR "kernel_restart"

static const char *const symbols[] = { SUD_ENTRY_SYMBOLS };

static unsigned long hooked;
static struct ftrace_ops direct;

static void nothing(unsigned long ip, unsigned long parent_ip,
		    struct ftrace_ops *ops, SUD_FTRACE_REGS *regs)
{
}

static struct ftrace_ops anchor = {
	.func = nothing,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

/* kallsyms_lookup_name() is not exported; a kprobe, never armed, looks it up. */
int sud_hook_find(const char *symbol, unsigned long *ip)
{
	struct kprobe probe = {
		.symbol_name = symbol,
		.flags = KPROBE_FLAG_DISABLED,
	};
	int err;

	err = register_kprobe(&probe);
	if (err)
		return err;
	*ip = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return 0;
}

/*
 * When ftrace has died of a bug (ftrace_disabled), its calls into the module
 * stay where they are, so the module's text may never be freed.
 */
void sud_hook_must(int err)
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
	unsigned long ip;
	int err;

	err = sud_hook_find(guard->symbol, &ip);
	if (err == -ENOENT && guard->optional)
		return 0;
	if (err) {
		pr_err("cannot find the function %s to guard (%d); %s\n",
		       guard->symbol, err, sud_hint(err));
		return err;
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

void sud_guard_detach(struct sud_guard *guard)
{
	if (!guard->attached)
		return;
	sud_hook_must(unregister_ftrace_function(&guard->ops));
	sud_ftrace_forget(&guard->ops);
	guard->attached = false;
}

static int anchor_init(void)
{
	unsigned long ip;
	int err;

	err = sud_hook_find(ANCHOR, &ip);
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

static void anchor_exit(void)
{
	sud_hook_must(unregister_ftrace_function(&anchor));
	sud_ftrace_forget(&anchor);
}

static int direct_init(void)
{
	int err = -ENOENT, i;

	for (i = 0; i < ARRAY_SIZE(symbols) && err == -ENOENT; i++)
		err = sud_hook_find(symbols[i], &hooked);
	if (err) {
		pr_err("cannot find the function %s to hook (%d); %s\n",
		       symbols[0], err, sud_hint(err));
		return err;
	}

	err = sud_ftrace_attach(&direct, hooked, (unsigned long)sud_entry);
	if (err == -EBUSY)
		pr_err("%ps is taken: stop the BPF program, live patch or tracer attached to it and load the module again\n",
		       (void *)hooked);
	else if (err)
		pr_err("cannot hook %ps (%d); %s\n", (void *)hooked, err,
		       sud_hint(err));
	return err;
}

static void direct_exit(void)
{
	sud_hook_must(
		sud_ftrace_detach(&direct, hooked, (unsigned long)sud_entry));
}

int sud_hook_init(void)
{
	int err;

	err = anchor_init();
	if (err)
		return err;

	err = sud_native_init();
	if (err)
		goto err_anchor;

	err = direct_init();
	if (err)
		goto err_native;

	return 0;

err_native:
	sud_native_exit();
err_anchor:
	anchor_exit();
	return err;
}

void sud_hook_exit(void)
{
	direct_exit();
	sud_native_exit();
	anchor_exit();
}
