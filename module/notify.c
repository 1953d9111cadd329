// SPDX-License-Identifier: GPL-2.0-only
/*
 * A blocked call that waits for its listener. The thread sleeps in the hook, where
 * nobody takes its state away: only the thread itself does, and a tracer while it is
 * in a stop, which it is not here. That state pins the module, and the listener.
 */
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <asm/syscall.h>

#include "count.h"
#include "force.h"
#include "inherit.h"
#include "listener.h"
#include "notify.h"
#include "registers.h"
#include "task.h"
#include "upcall.h"

/* As the program would see it: the selector at its address, relative to nothing. */
static u64 selector_address(const struct sud_task *st)
{
	if (!st->config.selector)
		return 0;
	if (st->config.flags & SUD_FLAG_MAPPED)
		return st->config.selector;
	return (uintptr_t)sud_task_address(st, st->config.selector);
}

/* No system call any more: what @regs hold is not to be restarted. */
static enum sud_verdict skip(struct pt_regs *regs, struct sud_task *st,
			     unsigned long ax)
{
	regs->ax = ax;
	regs->orig_ax = -1;
	return sud_skip_quietly(regs, &st->resume);
}

/* As the kernel does it itself: every instruction of a call has this length. */
#define CALL_LENGTH 2

/*
 * Signals are handled behind the call, which then is restarted or fails. But the
 * kernel takes -1 for the number of no call, and 5.10 any negative one, and would give
 * its request for a restart to the program; and a number that looks like such a
 * request it would take for one, when it has already restarted the call. These calls
 * are restarted here, whatever the signal's handler asks for.
 */
static enum sud_verdict interrupted(struct pt_regs *regs, struct sud_task *st)
{
	if ((int)regs->orig_ax < 0) {
		regs->ip -= CALL_LENGTH;
		regs->ax = regs->orig_ax;
		regs->orig_ax = -1;
	} else {
		regs->ax = -ERESTARTSYS;
	}
	sud_gate_hide(&st->resume, true);
	return SUD_VERDICT_SKIP;
}

/* The call that runs may be another one than the program's. */
static enum sud_verdict run(struct pt_regs *regs, struct sud_task *st,
			    const struct sud_answer *answer)
{
	if (answer->flags & SUD_ANSWER_REGS) {
		sud_registers_write(regs, &answer->regs);
		/* As the ways in leave it there. */
		regs->orig_ax = in_ia32_syscall() ? (u32)answer->regs.ax
						  : answer->regs.ax;
	}
	return sud_inherit_let_run(regs, st);
}

enum sud_verdict sud_notify(struct pt_regs *regs, struct sud_task *st)
{
	struct sud_waiting call = {
		.task = current,
		.regs = regs,
		.selector = selector_address(st),
		.flags = sud_upcall_flags(regs),
		.arch = syscall_get_arch(current),
	};
	const struct sud_answer *answer = &call.answer;

	sud_count(notifies);
	if (sud_listener_wait(st->listener, &call))
		return interrupted(regs, st);
	if (answer->flags & SUD_ANSWER_RUN)
		return run(regs, st, answer);
	if (!(answer->flags & SUD_ANSWER_REGS))
		return skip(regs, st, answer->result);
	sud_registers_write(regs, &answer->regs);
	return skip(regs, st, answer->regs.ax);
}
