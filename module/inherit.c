// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fork probe, in which a child is armed, may not sleep and cannot make the
 * clone fail. So a thread whose children inherit keeps the state of its next
 * child ready, its spare: from when it is armed on, and after a child has used
 * the spare up, from its next call on. Where there is no memory for a spare, the
 * hook fails a call that makes a child.
 *
 * A call that a tracer turns into such a call gets past the hook without a
 * spare: by seccomp, or in the instant in which the tracer attaches. No system
 * call of its child ever runs.
 *
 * A thread's spare belongs to its state, and is touched under the same rules.
 */
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "compat/gate.h"
#include "force.h"
#include "inherit.h"
#include "task.h"

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

enum sud_verdict sud_inherit_refill(struct pt_regs *regs, struct sud_task *st)
{
	st->spare = sud_task_alloc();
	if (likely(st->spare))
		return SUD_VERDICT_RUN;

	/* A tracer may yet make this call one that makes a child. */
	if (!makes_child(regs) && !READ_ONCE(current->ptrace))
		return SUD_VERDICT_RUN;

	regs->ax = -ENOMEM;
	return sud_skip_quietly(regs, &st->resume);
}

void sud_inherit_child(struct task_struct *child, unsigned long clone_flags)
{
	u32 wanted = clone_flags & CLONE_THREAD ? SUD_FLAG_INHERIT_THREAD
						: SUD_FLAG_INHERIT_FORK;
	struct sud_task *st = sud_task_search();
	struct sud_task *spare;

	if (likely(!st) || !(st->config.flags & wanted))
		return;

	spare = st->spare;
	if (unlikely(!spare)) {
		/*
		 * It must not run unarmed, and cannot be killed here: its
		 * siglock may sleep, on RT.
		 */
		sud_gate_seal(child);
		return;
	}
	st->spare = NULL;
	sud_task_arm_child(st, spare, child);
}
