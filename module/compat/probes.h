/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SUD_COMPAT_PROBES_H
#define SUD_COMPAT_PROBES_H

#include <linux/sched.h>
#include <linux/version.h>

/* 6.16 gave sched_process_exit "group_dead", and moved it before exit_mm(). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
#define SUD_PROBE_EXIT_ARGS \
	void *data, struct task_struct *task, bool group_dead
#else
#define SUD_PROBE_EXIT_ARGS void *data, struct task_struct *task
#endif

/* The type of the flags; 6.18 made it u64. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#define SUD_PROBE_NEWTASK_ARGS \
	void *data, struct task_struct *task, u64 clone_flags
#else
#define SUD_PROBE_NEWTASK_ARGS \
	void *data, struct task_struct *task, unsigned long clone_flags
#endif

/*
 * Threads that the kernel makes in a process for itself, and that never run
 * user code: of io_uring, and since 6.4 (commit 54e6842d0775) of vhost.
 */
#ifdef PF_USER_WORKER
#define SUD_PROBE_WORKERS (PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER)
#else
#define SUD_PROBE_WORKERS (PF_KTHREAD | PF_IO_WORKER)
#endif

#endif /* SUD_COMPAT_PROBES_H */
