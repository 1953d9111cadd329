// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, for its tracer: what
 * PTRACE_{GET,SET}_SYSCALL_USER_DISPATCH_CONFIG is to native SUD.
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "compat/tasklist.h"
#include "config.h"
#include "dev.h"
#include "regions.h"
#include "task.h"
#include "tracee.h"

/*
 * Who may change another thread, and when. Two walls, each for itself:
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
 * under tasklist_lock, which modules cannot take. Hence three looks, between
 * which all writers of the first moment have left that lock, at a thread that
 * is off its CPU and that has not run since the first look. A look can be wrong
 * during an attach or during a detach only. A detach that has ended has woken
 * the thread, which would have run; and between two attaches lies a detach. So
 * at most one attach and one detach fit, and the third look is right.
 */
#define LOOKS 3

static bool on_cpu(const struct task_struct *task)
{
#ifdef CONFIG_SMP
	/* Pairs with finish_task(): the count of switches is the last one's. */
	return smp_load_acquire(&task->on_cpu);
#else
	return false;
#endif
}

/* How often the thread has given up its CPU. */
static unsigned long switches(const struct task_struct *task)
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

/* As ptrace_check_attach(). The thread's siglock is held. */
static int check_stopped(struct task_struct *task)
{
	/* One that is dead is nobody's tracee any more. */
	if (!READ_ONCE(task->ptrace) ||
	    rcu_access_pointer(task->parent) != current)
		return READ_ONCE(task->exit_state) ? -ESRCH : -EPERM;
	if (task->flags & PF_EXITING || !task_is_traced(task) ||
	    task->jobctl & JOBCTL_LISTENING || exec_unseen(task))
		return -ESRCH;
	return 0;
}

/* As lock_task_sighand(), which is not for modules. */
static bool lock_siglock(struct task_struct *task, unsigned long *flags)
{
	struct sighand_struct *sighand;
	bool locked = false;

	rcu_read_lock();
	while (!locked) {
		sighand = rcu_dereference(task->sighand);
		if (!sighand)
			break;
		spin_lock_irqsave(&sighand->siglock, *flags);
		locked = sighand == rcu_access_pointer(task->sighand);
		if (!locked)
			spin_unlock_irqrestore(&sighand->siglock, *flags);
	}
	rcu_read_unlock();
	return locked;
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
 * sud_tracee_hold() - find the caller's tracee stopped, and keep it so
 * @task: the thread, not the caller
 * @flags: for sud_tracee_let_go()
 *
 * Return: 0, and the thread's siglock is held; -EPERM, when the caller is not
 * its tracer; -ESRCH, when it is not in a stop of ptrace; -EINTR, when the
 * caller is killed.
 */
int sud_tracee_hold(struct task_struct *task, unsigned long *flags)
{
	unsigned long seen = 0;
	int looks = 0, err;
	bool moving;

	for (;;) {
		if (!lock_siglock(task, flags))
			return -ESRCH;
		err = check_stopped(task);
		moving = !err && on_cpu(task);
		if (moving || switches(task) != seen)
			looks = 0;
		seen = switches(task);
		if (!err && !moving && ++looks == LOOKS) {
			test_delay();
			return 0;
		}
		sud_tracee_let_go(task, *flags);

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

/* Ends sud_tracee_hold(). A thread's sighand stays while its siglock is held. */
void sud_tracee_let_go(struct task_struct *task, unsigned long flags)
{
	struct sighand_struct *sighand =
		rcu_dereference_protected(task->sighand, true);

	spin_unlock_irqrestore(&sighand->siglock, flags);
}

static int read_args(struct sud_task_config *args, void __user *arg, u32 known)
{
	u32 size;
	int err;

	err = sud_config_size(arg, SUD_TASK_CONFIG_SIZE_VER0, &size);
	if (!err)
		err = copy_struct_from_user(args, sizeof(*args), arg, size);
	if (err)
		return err;
	args->size = min_t(u32, size, sizeof(*args));
	return args->reserved || args->flags & ~known ? -EINVAL : 0;
}

/* Return: a reference to the thread, or an error. */
static struct task_struct *find_tracee(pid_t tid)
{
	struct pid *pid = tid > 0 ? find_get_pid(tid) : NULL;
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);

	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	if (task == current) {
		put_task_struct(task);
		return ERR_PTR(-EPERM);
	}
	return task;
}

static int get_state(pid_t tid, struct sud_task_state *state)
{
	struct task_struct *task = find_tracee(tid);
	int err;

	if (IS_ERR(task))
		return PTR_ERR(task);
	err = sud_task_get(task, state);
	put_task_struct(task);
	return err;
}

/* SUD_IOC_GET_TASK */
long sud_tracee_get(struct file *file, void __user *arg)
{
	struct sud_task_config args;
	struct sud_task_state state;
	bool take;
	int err;

	err = read_args(&args, arg, SUD_TASK_32BIT | SUD_TASK_TAKE_REGIONS);
	if (err)
		return err;
	err = get_state(args.tid, &state);
	if (err)
		return err;

	take = args.flags & SUD_TASK_TAKE_REGIONS;
	args.flags = state.user64 ? 0 : SUD_TASK_32BIT;
	args.set = state.set ? state.set->id : 0;
	err = sud_config_write(&state.config, sud_config_pointer(args.config));
	if (!err && copy_to_user(arg, &args, args.size))
		err = -EFAULT;
	if (!err && take && state.set)
		sud_dev_give(file, state.set);

	sud_regions_put(state.set);
	return err;
}

/* SUD_IOC_SET_TASK */
long sud_tracee_set(struct file *file, void __user *arg)
{
	struct sud_region_set *set;
	struct sud_task_config args;
	struct sud_config config;
	struct task_struct *task;
	int err;

	BUILD_BUG_ON(sizeof(args) != SUD_TASK_CONFIG_SIZE_VER0);

	err = read_args(&args, arg, SUD_TASK_32BIT);
	if (err)
		return err;
	err = sud_config_read(&config, sud_config_pointer(args.config));
	if (err)
		return err;

	task = find_tracee(args.tid);
	if (IS_ERR(task))
		return PTR_ERR(task);
	set = sud_dev_regions(file);

	if (config.flags & SUD_FLAG_REGIONS && args.set && args.set != set->id)
		err = -EINVAL;
	else
		err = sud_config_apply(task, &config, set,
				       !(args.flags & SUD_TASK_32BIT));

	sud_regions_put(set);
	put_task_struct(task);
	return err;
}
