// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signals that a thread cannot refuse.
 *
 * The kernel's own functions for this, force_sig_info() and force_exit_sig(),
 * are not exported; send_sig_info() and force_sig() are.
 */
#include <linux/ptrace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>
#include <asm/trapnr.h>

#include "count.h"
#include "force.h"
#include "task.h"
#include "trace.h"

/* It changes in exec only, which the thread itself would have to do. */
static struct sighand_struct *own_sighand(void)
{
	return rcu_dereference_protected(current->sighand, true);
}

/* siglock is held. */
static void set_default(struct k_sigaction *action, int sig)
{
	action->sa.sa_handler = SIG_DFL;
	sigdelset(&current->blocked, sig);
	/* As force_sig_info(): init dies of it too, unless it is debugged. */
	if (!current->ptrace)
		current->signal->flags &= ~SIGNAL_UNKILLABLE;
	/* It may have been pending before it was unblocked. */
	recalc_sigpending();
}

/*
 * Another thread that ignores the signal after the lock is dropped discards it,
 * as it would have discarded the signal when already queued.
 */
static void force_signal(struct kernel_siginfo *info)
{
	struct sighand_struct *sighand = own_sighand();
	int sig = info->si_signo;
	struct k_sigaction *action = &sighand->action[sig - 1];
	unsigned long flags;

	spin_lock_irqsave(&sighand->siglock, flags);
	if (action->sa.sa_handler == SIG_DFL ||
	    action->sa.sa_handler == SIG_IGN ||
	    sigismember(&current->blocked, sig))
		set_default(action, sig);
	spin_unlock_irqrestore(&sighand->siglock, flags);

	send_sig_info(sig, info, current);
}

/*
 * The call's number stays in ax. When it looks like one of the codes that ask
 * for a restart, building the signal frame would "restart" the call, that is
 * change ax or ip: say that this is not a system call any more. Native SUD
 * does not, and its handlers see wrong registers for these numbers.
 */
static void rollback(struct pt_regs *regs)
{
	syscall_rollback(current, regs);

	switch (syscall_get_error(current, regs)) {
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		regs->orig_ax = -1;
	}
}

/* SIGSYS as native SUD sends it; the registers are as at the instruction. */
void sud_force_sigsys(struct pt_regs *regs)
{
	struct kernel_siginfo info;

	clear_siginfo(&info);
	info.si_signo = SIGSYS;
	info.si_code = SYS_USER_DISPATCH;
	info.si_call_addr = (void __user *)instruction_pointer(regs);
	info.si_arch = syscall_get_arch(current);
	info.si_syscall = syscall_get_nr(current, regs);

	rollback(regs);
	force_signal(&info);
}

/* As send_sigtrap(), which reports a step over a system call. */
void sud_force_step(struct pt_regs *regs)
{
	struct kernel_siginfo info;

	/* A handler finds them in its context. */
	current->thread.trap_nr = X86_TRAP_DB;
	current->thread.error_code = 0;

	clear_siginfo(&info);
	info.si_signo = SIGTRAP;
	info.si_code = TRAP_BRKPT;
	info.si_addr = (void __user *)instruction_pointer(regs);
	force_signal(&info);
}

/*
 * Neither sigaction() nor a tracer may take the death back. From 5.16 on the
 * kernel has a flag for that. Before, another thread's sigaction() can slip in
 * ahead of the signal: then the thread is left with a selector that no one can
 * map, and dies of its next call instead.
 */
static void set_immutable(struct sud_task *st, struct k_sigaction *action)
{
#ifdef SA_IMMUTABLE
	action->sa.sa_flags |= SA_IMMUTABLE;
#else
	st->kind = SUD_KIND_PLAIN;
	st->run_range.len = 0;
	st->selector = (char __user *)TASK_SIZE_MAX;
#endif
}

/*
 * The whole process dies by @sig, and nothing can catch it. The call fails with
 * ENOSYS and its exit is shown to tracers, as native SUD leaves it.
 */
enum sud_verdict sud_force_death(struct sud_task *st, int sig,
				 enum sud_death reason)
{
	struct sighand_struct *sighand = own_sighand();
	struct k_sigaction *action = &sighand->action[sig - 1];
	unsigned long flags;

	sud_count(kills);
	trace_sud_kill(current_pt_regs(), sig, reason);

	spin_lock_irqsave(&sighand->siglock, flags);
	set_default(action, sig);
	current->signal->flags &= ~SIGNAL_UNKILLABLE;
	set_immutable(st, action);
	spin_unlock_irqrestore(&sighand->siglock, flags);

	force_sig(sig);

	return SUD_VERDICT_SKIP;
}
