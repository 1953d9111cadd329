// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another thread's configuration, for its tracer: what
 * PTRACE_{GET,SET}_SYSCALL_USER_DISPATCH_CONFIG is to native SUD.
 */
#include <linux/pid.h>
#include <linux/sched/task.h>
#include <linux/uaccess.h>

#include "config.h"
#include "file.h"
#include "regions.h"
#include "task.h"
#include "tracee.h"
#include "uapi.h"

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

static int get_setup(pid_t tid, struct sud_setup *setup)
{
	struct task_struct *task = find_tracee(tid);
	int err;

	if (IS_ERR(task))
		return PTR_ERR(task);
	err = sud_task_get(task, setup);
	put_task_struct(task);
	return err;
}

#define TAKES (SUD_TASK_TAKE_REGIONS | SUD_TASK_TAKE_LISTENER)

/* What of the thread's the descriptor is to have from now on. */
static void take(struct file *file, const struct sud_setup *setup, u32 flags)
{
	if (flags & SUD_TASK_TAKE_REGIONS && setup->set)
		sud_file_give_set(file, setup->set);
	if (flags & SUD_TASK_TAKE_LISTENER && setup->listener)
		sud_file_give_listener(file, setup->listener);
}

static bool may_take(const struct sud_setup *setup, u32 flags)
{
	return !(flags & SUD_TASK_TAKE_REGIONS) || !setup->set ||
	       sud_regions_may_take(setup->set);
}

long sud_ioctl_get_task(struct file *file, void __user *arg)
{
	struct sud_task_config args;
	struct sud_setup setup;
	u32 flags;
	int err;

	err = sud_uapi_read_task_config(&args, arg, SUD_TASK_32BIT | TAKES);
	if (err)
		return err;
	flags = args.flags;
	if (flags & TAKES) {
		err = sud_file_ready(file);
		if (err)
			return err;
	}
	err = get_setup(args.tid, &setup);
	if (err)
		return err;

	if (!may_take(&setup, flags)) {
		err = -EPERM;
		goto put;
	}
	args.flags = setup.code_64bit ? 0 : SUD_TASK_32BIT;
	args.set = setup.set ? setup.set->id : 0;
	args.listener = setup.listener ? setup.listener->id : 0;
	err = sud_uapi_write_config(&setup.config,
				    sud_uapi_pointer(args.config));
	if (!err && copy_to_user(arg, &args, args.size))
		err = -EFAULT;
	if (!err)
		take(file, &setup, flags);
put:
	sud_setup_put(&setup);
	return err;
}

/* Is what the descriptor has what the caller means? Zero means anything. */
static bool meant(const struct sud_task_config *args,
		  const struct sud_setup *setup)
{
	if (setup->set && args->set && args->set != setup->set->id)
		return false;
	return !setup->listener || !args->listener ||
	       args->listener == setup->listener->id;
}

long sud_ioctl_set_task(struct file *file, void __user *arg)
{
	struct sud_task_config args;
	struct sud_setup setup = {};
	struct task_struct *task;
	int err;

	err = sud_uapi_read_task_config(&args, arg, SUD_TASK_32BIT);
	if (err)
		return err;
	err = sud_uapi_read_config(&setup.config,
				   sud_uapi_pointer(args.config));
	if (err)
		return err;
	setup.code_64bit = !(args.flags & SUD_TASK_32BIT);

	task = find_tracee(args.tid);
	if (IS_ERR(task))
		return PTR_ERR(task);

	err = sud_file_fill_in(file, &setup);
	if (!err && !meant(&args, &setup))
		err = -EINVAL;
	if (!err)
		err = sud_config_apply(task, &setup);
	sud_setup_put(&setup);
	put_task_struct(task);
	return err;
}
