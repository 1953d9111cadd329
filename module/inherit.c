// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a child is made, in the fork probe, nothing may sleep and nothing can
 * fail any more. So a thread whose children inherit has a spare entry: since it
 * was armed, and again since the call after the one that used it up. The hook
 * fails a call that makes a child when there is none. What is left then is a
 * call that a tracer changes into one, by seccomp and in the instant in which it
 * attaches, while there is no memory: no system call of that child ever runs.
 *
 * The spare belongs to the thread's entry, and is given and taken like that.
 */
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "compat/entry.h"
#include "inherit.h"

static bool makes_child(const struct pt_regs *regs)
{
	int nr = regs->orig_ax;

	if (in_ia32_syscall()) {
		switch (nr) {
		case __NR_ia32_fork:
		case __NR_ia32_vfork:
		case __NR_ia32_clone:
		case __NR_ia32_clone3:
			return true;
		}
		return false;
	}

	switch (nr & ~__X32_SYSCALL_BIT) {
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		return true;
	}
	return false;
}

long sud_inherit_run(struct sud_task *st, struct pt_regs *regs)
{
	st->child = sud_task_alloc();
	if (likely(st->child))
		return SUD_ENTRY_RUN;

	/* A tracer could yet make another call one that makes a child. */
	if (!makes_child(regs) && !READ_ONCE(current->ptrace))
		return SUD_ENTRY_RUN;

	regs->ax = -ENOMEM;
	return sud_entry_skip(st, regs, true);
}

void sud_inherit(struct task_struct *child, unsigned long clone_flags)
{
	u32 wanted = clone_flags & CLONE_THREAD ? SUD_FLAG_INHERIT_THREAD
						: SUD_FLAG_INHERIT_FORK;
	struct sud_task *st = sud_task_search();
	struct sud_task *spare;

	if (likely(!st) || !(st->config.flags & wanted))
		return;

	spare = st->child;
	if (unlikely(!spare)) {
		/* Rather than run unarmed. Its siglock may sleep, on RT. */
		sud_entry_seal(child);
		return;
	}
	st->child = NULL;
	sud_task_inherit(st, spare, child);
}
