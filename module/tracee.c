// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, for its tracer: what
 * PTRACE_{GET,SET}_SYSCALL_USER_DISPATCH_CONFIG is to native SUD.
 */
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "config.h"
#include "dev.h"
#include "regions.h"
#include "task.h"
#include "tracee.h"

/**
 * sud_tracee_check() - is the caller the thread's tracer, and the thread stopped?
 *
 * As ptrace_check_attach(), which is not for modules, but without freezing the
 * thread: SIGKILL can wake it any time. Nothing else can, but the caller.
 *
 * Return: 0, -EPERM or -ESRCH.
 */
int sud_tracee_check(const struct task_struct *task)
{
	/* One that is dead is nobody's tracee any more. */
	if (!READ_ONCE(task->ptrace) ||
	    rcu_access_pointer(task->parent) != current)
		return READ_ONCE(task->exit_state) ? -ESRCH : -EPERM;
	if (task->flags & PF_EXITING || !task_is_traced(task) ||
	    READ_ONCE(task->jobctl) & JOBCTL_LISTENING)
		return -ESRCH;
	return 0;
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
