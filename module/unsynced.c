// SPDX-License-Identifier: GPL-2.0-only
/*
 * SUD_IOC_UNSYNCED: which threads of the process are not armed as the caller is.
 *
 * Why "none" is the truth, while threads come and go: the kernel adds a new thread to
 * the end of the process's list before the call that makes it returns. One walk along
 * the list, under RCU, passes each thread that is there when it begins, unless that
 * exits. What an exiting thread has made stands behind it, and is passed later. What a
 * thread makes after it was passed is armed as it was found to be.
 */
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "compat/workers.h"
#include "task.h"
#include "uapi.h"
#include "unsynced.h"

/* Threads that one call gives at most: their numbers are on the stack. */
#define MOST 64

/* Does it run user code, now or later? */
static bool runs_user_code(const struct task_struct *task)
{
	return !(READ_ONCE(task->flags) & (PF_EXITING | SUD_PF_WORKERS));
}

/* Return: how many. */
static unsigned int find(pid_t *tids, unsigned int room)
{
	/* It stays while the thread is here. */
	const struct sud_task *mine = sud_task_search();
	struct task_struct *task;
	unsigned int count = 0;
	pid_t tid;

	rcu_read_lock();
	/* Not for_each_thread(): with lockdep it refers to tasklist_lock. */
	list_for_each_entry_rcu(task, &current->signal->thread_head,
				thread_node) {
		if (!runs_user_code(task) || sud_task_alike(mine, task))
			continue;
		/* 0: it has exited since. */
		tid = task_pid_vnr(task);
		if (!tid)
			continue;
		tids[count++] = tid;
		if (count == room)
			break;
	}
	rcu_read_unlock();
	return count;
}

long sud_ioctl_unsynced(struct file *file, void __user *arg)
{
	struct sud_unsynced args;
	pid_t tids[MOST];
	int err;

	err = sud_uapi_read_unsynced(&args, arg);
	if (err)
		return err;

	args.count = find(tids, min_t(u64, args.count, MOST));
	if (copy_to_user(sud_uapi_pointer(args.tids), tids,
			 args.count * sizeof(*tids)))
		return -EFAULT;
	return copy_to_user(arg, &args, args.size) ? -EFAULT : 0;
}
