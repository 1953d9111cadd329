// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syscall User Dispatch through /dev/sud.
 *
 * The data path reads in one direction:
 *
 *	system call -> entry.S -> dispatch.c -> task.h -> deliver.h
 *
 * hook.c puts the trampoline in entry.S in front of the function that the
 * kernel's slow system call path calls for a thread with the arming bit set (on
 * 5.10 for some others too, which entry.S sends on); dispatch.c asks what native
 * SUD asks, sigreturn.c one question more; deliver.h hands a blocked call over,
 * by an upcall (upcall.h, upcall.c), by a signal (force.c), or to a listener:
 * notify.c, with registers.c, waits in the queue of listener.c, whose descriptor is
 * in serve.c.
 *
 * The control path is dev.c -> config.c -> task.c, with uapi.c for the structs,
 * file.c for the open file and switch.c for the administrator. tracee.c, with
 * stop.c, and prctl.c are two more ways into it. lifecycle.c follows fork, exec
 * and exit, inherit.c arms children. Region sets are ranges.c (arithmetic),
 * regions.c (sharing), user.c (how much memory) and region_ioctls.c.
 *
 * list.c says which threads are armed, to those whom access.c allows; count.c has the
 * counters, and trace.h the tracepoints.
 *
 * guard.c looks ahead of cold kernel functions and keeps ftrace on; native.c
 * uses it to keep the kernel's own prctl and the module apart. What differs
 * between kernels is in compat/, which includes nothing from here. No two files
 * include each other.
 *
 * Init opens the users' doors last, when nothing can fail any more, and exit
 * closes them first. A thread's state pins the module, so exit runs when no
 * thread is armed any more.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "access.h"
#include "dev.h"
#include "guard.h"
#include "hook.h"
#include "lifecycle.h"
#include "native.h"
#include "prctl.h"
#include "reclaim.h"
#include "task.h"

static int __init sud_init(void)
{
	int err;

	sud_task_init();

	err = sud_reclaim_init();
	if (err)
		return err;

	err = sud_lifecycle_init();
	if (err)
		goto err_reclaim;

	err = sud_anchor_init();
	if (err)
		goto err_lifecycle;

	err = sud_native_init();
	if (err)
		goto err_anchor;

	err = sud_access_init();
	if (err)
		goto err_native;

	err = sud_hook_init();
	if (err)
		goto err_access;

	err = sud_prctl_init();
	if (err)
		goto err_hook;

	err = sud_dev_init();
	if (err)
		goto err_prctl;

	sud_prctl_open();
	return 0;

err_prctl:
	sud_prctl_exit();
err_hook:
	sud_hook_exit();
err_access:
	sud_access_exit();
err_native:
	sud_native_exit();
err_anchor:
	sud_anchor_exit();
err_lifecycle:
	sud_lifecycle_exit();
err_reclaim:
	sud_reclaim_exit();
	return err;
}

static void __exit sud_exit(void)
{
	sud_dev_exit();
	sud_prctl_exit();
	sud_hook_exit();
	sud_access_exit();
	sud_native_exit();
	sud_anchor_exit();
	sud_lifecycle_exit();
	/*
	 * A thread that dropped the last reference to the module may still be
	 * in the few instructions between that and its return to the kernel.
	 */
	synchronize_rcu_tasks();
	sud_reclaim_exit();
}

module_init(sud_init);
module_exit(sud_exit);

MODULE_DESCRIPTION("Syscall User Dispatch through an ioctl");
MODULE_AUTHOR("The sud authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
