// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps the caller's tracee in its stop while something is done to it.
 *
 * Who may change another thread, and when. Two conditions, each needed:
 *
 * The thread does not run. Its siglock is held from the look at it until the
 * change is made. A stopped tracee goes on by a wake-up of the kernel's under
 * siglock (a detach, a dying tracer, SIGKILL, exec by another thread of its
 * process), or by a ptrace() request of its tracer, which begins by taking
 * siglock in ptrace_check_attach(). So no memory of the module's is in use by a
 * thread from which it is taken, whoever takes it.
 *
 * The caller is the tracer. task->parent alone does not say so: an attach sets
 * @ptrace before @parent, and a detach sets @parent back before it clears
 * @ptrace, so in between the natural parent looks like a tracer. Both write
 * under tasklist_lock, which modules cannot take. Hence three looks, at a
 * thread that is off its CPU and has not run since the first one. Between two
 * looks, whoever held tasklist_lock at the earlier one has let go of it. A look
 * can be wrong during an attach or during a detach only. A detach that has ended
 * has woken the thread, which would have run; and between two attaches lies a
 * detach. So at most one attach and one detach fit, and the third look is right.
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/ptrace.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>

#include "compat/tasklist.h"
#include "stop.h"

#define LOOKS 3

static bool on_cpu(const struct task_struct *task)
{
#ifdef CONFIG_SMP
	/*
	 * Pairs with finish_task(): off its CPU, the counts of switches include
	 * the one that took it off.
	 */
	return smp_load_acquire(&task->on_cpu);
#else
	return false;
#endif
}

/* How often the thread has given up its CPU. */
static unsigned long context_switches(const struct task_struct *task)
{
	return READ_ONCE(task->nvcsw) + READ_ONCE(task->nivcsw);
}

/*
 * As looks_like_a_spurious_pid(): the thread has taken over its leader's number
 * in an exec that the tracer has not been told of.
 */
static bool exec_unseen(struct task_struct *task)
{
	return task->exit_code == (PTRACE_EVENT_EXEC << 8 | SIGTRAP) &&
	       task_pid_vnr(task) != task->ptrace_message;
}

static int check_tracer(const struct task_struct *task)
{
	if (READ_ONCE(task->ptrace) &&
	    rcu_access_pointer(task->parent) == current)
		return 0;
	/* One that is dead is nobody's tracee any more. */
	return READ_ONCE(task->exit_state) ? -ESRCH : -EPERM;
}

/* As ptrace_check_attach(). The thread's siglock is held. */
static int check_stopped(struct task_struct *task)
{
	int err = check_tracer(task);

	if (err)
		return err;
	if (task->flags & PF_EXITING || !task_is_traced(task) ||
	    task->jobctl & JOBCTL_LISTENING || exec_unseen(task))
		return -ESRCH;
	return 0;
}

/* As lock_task_sighand(), which is not for modules. */
static bool lock_siglock(struct task_struct *task, unsigned long *flags)
{
	struct sighand_struct *sighand;

	rcu_read_lock();
	for (;;) {
		sighand = rcu_dereference(task->sighand);
		if (!sighand)
			break;
		spin_lock_irqsave(&sighand->siglock, *flags);
		if (likely(sighand == rcu_access_pointer(task->sighand))) {
			/* For sparse: the lock is taken or not. */
			__release(&sighand->siglock);
			break;
		}
		spin_unlock_irqrestore(&sighand->siglock, *flags);
	}
	rcu_read_unlock();
	return sighand;
}

/* Ends sud_stop_hold(). A thread's sighand stays while its siglock is held. */
void sud_stop_let_go(struct task_struct *task, unsigned long flags)
{
	struct sighand_struct *sighand =
		rcu_dereference_protected(task->sighand, true);

	/* See lock_siglock(). */
	__acquire(&sighand->siglock);
	spin_unlock_irqrestore(&sighand->siglock, flags);
}

#ifdef SUD_TEST
/* Gives an attack the time that a virtual CPU which is taken away would. */
static unsigned int test_delay_us;
module_param(test_delay_us, uint, 0644);

static void test_delay(void)
{
	if (READ_ONCE(test_delay_us))
		udelay(min(READ_ONCE(test_delay_us), 10000U));
}
#else
static void test_delay(void)
{
}
#endif

/**
 * sud_stop_hold() - find the caller's tracee stopped, and keep it so
 * @task: the thread, not the caller
 * @flags: for sud_stop_let_go()
 *
 * Return: 0, and the thread's siglock is held; -EPERM, when the caller is not
 * its tracer; -ESRCH, when it is not in a stop of ptrace; -EINTR, when the
 * caller is killed.
 */
int sud_stop_hold(struct task_struct *task, unsigned long *flags)
{
	unsigned long seen = 0;
	int looks = 0, err;
	bool moving;

	/*
	 * A tracer passes here always, since ptrace and parent do not change
	 * under it. Anybody else fails before the thread's siglock is taken.
	 */
	err = check_tracer(task);
	if (err)
		return err;

	for (;;) {
		if (!lock_siglock(task, flags))
			return -ESRCH;
		err = check_stopped(task);
		moving = !err && on_cpu(task);
		if (moving || context_switches(task) != seen)
			looks = 0;
		seen = context_switches(task);
		if (!err && !moving && ++looks == LOOKS) {
			test_delay();
			return 0;
		}
		sud_stop_let_go(task, *flags);

		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		/* It has told its tracer, and is about to sleep. */
		if (moving)
			usleep_range(20, 100);
		else
			sud_tasklist_wait();
	}
}
