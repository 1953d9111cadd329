/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes of tracepoints whose arguments are not the same on all kernels, and
 * which threads are the kernel's own. Includes the tracepoints.
 */
#ifndef SUD_COMPAT_PROBES_H
#define SUD_COMPAT_PROBES_H

#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <trace/events/sched.h>
#include <trace/events/task.h>

/* The one of two functions that is of the type that the tracepoint calls. */
#define SUD_PROBE_OF(tracepoint, one, other)                             \
	__builtin_choose_expr(                                           \
		__builtin_types_compatible_p(                            \
			typeof(&check_trace_callback_type_##tracepoint), \
			void (*)(typeof(&one))),                         \
		one, other)

/* task_newtask: the flags are a u64 since 6.18. Calls @function(child, flags). */
#define SUD_DEFINE_NEWTASK_PROBES(function)                                 \
	static void __maybe_unused function##_long(                         \
		void *data, struct task_struct *child, unsigned long flags) \
	{                                                                   \
		function(child, flags);                                     \
	}                                                                   \
	static void __maybe_unused function##_u64(                          \
		void *data, struct task_struct *child, u64 flags)           \
	{                                                                   \
		function(child, flags);                                     \
	}

#define SUD_NEWTASK_PROBE(function) \
	SUD_PROBE_OF(task_newtask, function##_long, function##_u64)

/*
 * sched_process_exit: since 6.16 it has "group_dead", and comes ahead of
 * exit_mm(). Calls @function().
 */
#define SUD_DEFINE_EXIT_PROBES(function)                                     \
	static void __maybe_unused function##_task(void *data,               \
						   struct task_struct *task) \
	{                                                                    \
		function();                                                  \
	}                                                                    \
	static void __maybe_unused function##_group(                         \
		void *data, struct task_struct *task, bool group_dead)       \
	{                                                                    \
		function();                                                  \
	}

#define SUD_EXIT_PROBE(function) \
	SUD_PROBE_OF(sched_process_exit, function##_task, function##_group)

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
