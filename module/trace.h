/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tracepoints: sud:sud_arm, sud_disarm, sud_dispatch, sud_kill. While one is off,
 * it is a nop where it stands. On the data path each stands in front of a function
 * that is called last, so that the common case needs no stack frame for it.
 *
 * What they show is the program's own, and no address of the kernel's. Thread numbers
 * are of the first pid namespace, as in all of the kernel's events.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM sud

#if !defined(SUD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SUD_TRACE_H

#include <linux/audit.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include <asm/syscall.h>
#include <sud_uapi.h>

#include "why.h"

TRACE_DEFINE_ENUM(SUD_ARMED_ITSELF);
TRACE_DEFINE_ENUM(SUD_ARMED_BY_TRACER);
TRACE_DEFINE_ENUM(SUD_ARMED_AS_CHILD);
TRACE_DEFINE_ENUM(SUD_DISARMED_BY_SET);
TRACE_DEFINE_ENUM(SUD_DISARMED_BY_EXEC);
TRACE_DEFINE_ENUM(SUD_DISARMED_BY_EXIT);
TRACE_DEFINE_ENUM(SUD_DEATH_SELECTOR_UNREADABLE);
TRACE_DEFINE_ENUM(SUD_DEATH_SELECTOR_VALUE);
TRACE_DEFINE_ENUM(SUD_DEATH_SELECTOR_UNWRITABLE);
TRACE_DEFINE_ENUM(SUD_DEATH_FRAME);

/* As the kernel writes its events, which clang-format cannot. */
/* clang-format off */
#define sud_show_mode(mode)                                        \
	__print_symbolic(mode, { SUD_MODE_EXCLUSIVE, "exclusive" }, \
			 { SUD_MODE_INCLUSIVE, "inclusive" })
#define sud_show_delivery(delivery)                              \
	__print_symbolic(delivery, { SUD_DELIVER_SIGSYS, "sigsys" }, \
			 { SUD_DELIVER_UPCALL, "upcall" },       \
			 { SUD_DELIVER_NOTIFY, "notify" })
#define sud_show_arch(arch)                                    \
	__print_symbolic(arch, { AUDIT_ARCH_X86_64, "x86_64" }, \
			 { AUDIT_ARCH_I386, "i386" })

/* A thread is armed or re-armed. */
TRACE_EVENT(sud_arm,
	TP_PROTO(const struct task_struct *task, const struct sud_config *config,
		 enum sud_armed reason),
	TP_ARGS(task, config, reason),
	TP_STRUCT__entry(
		__field(pid_t, tid)
		__field(u32, mode)
		__field(u32, delivery)
		__field(u32, flags)
		__field(u64, offset)
		__field(u64, len)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->tid = task->pid;
		__entry->mode = config->mode;
		__entry->delivery = config->delivery;
		__entry->flags = config->flags;
		__entry->offset = config->offset;
		__entry->len = config->len;
		__entry->reason = reason;
	),
	TP_printk("tid=%d mode=%s delivery=%s flags=%#x offset=%#llx len=%#llx reason=%s",
		  __entry->tid, sud_show_mode(__entry->mode),
		  sud_show_delivery(__entry->delivery), __entry->flags,
		  __entry->offset, __entry->len,
		  __print_symbolic(__entry->reason,
				   { SUD_ARMED_ITSELF, "set" },
				   { SUD_ARMED_BY_TRACER, "tracer" },
				   { SUD_ARMED_AS_CHILD, "inherit" }))
);

/* A thread is armed no more. */
TRACE_EVENT(sud_disarm,
	TP_PROTO(const struct task_struct *task, enum sud_disarmed reason),
	TP_ARGS(task, reason),
	TP_STRUCT__entry(
		__field(pid_t, tid)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->tid = task->pid;
		__entry->reason = reason;
	),
	TP_printk("tid=%d reason=%s", __entry->tid,
		  __print_symbolic(__entry->reason,
				   { SUD_DISARMED_BY_SET, "set" },
				   { SUD_DISARMED_BY_EXEC, "exec" },
				   { SUD_DISARMED_BY_EXIT, "exit" }))
);

/* A call of the current thread is blocked, and about to be delivered. */
TRACE_EVENT(sud_dispatch,
	TP_PROTO(struct pt_regs *regs, u32 delivery),
	TP_ARGS(regs, delivery),
	TP_STRUCT__entry(
		__field(u64, ip)
		__field(int, nr)
		__field(u32, arch)
		__field(u32, delivery)
	),
	TP_fast_assign(
		__entry->ip = instruction_pointer(regs);
		__entry->nr = syscall_get_nr(current, regs);
		__entry->arch = syscall_get_arch(current);
		__entry->delivery = delivery;
	),
	TP_printk("ip=%#llx nr=%d arch=%s delivery=%s", __entry->ip,
		  __entry->nr, sud_show_arch(__entry->arch),
		  sud_show_delivery(__entry->delivery))
);

/* The current process dies of what its selector or its frames are. */
TRACE_EVENT(sud_kill,
	TP_PROTO(struct pt_regs *regs, int sig, enum sud_death reason),
	TP_ARGS(regs, sig, reason),
	TP_STRUCT__entry(
		__field(u64, ip)
		__field(int, nr)
		__field(u32, arch)
		__field(int, sig)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->ip = instruction_pointer(regs);
		__entry->nr = syscall_get_nr(current, regs);
		__entry->arch = syscall_get_arch(current);
		__entry->sig = sig;
		__entry->reason = reason;
	),
	TP_printk("ip=%#llx nr=%d arch=%s sig=%d reason=%s", __entry->ip,
		  __entry->nr, sud_show_arch(__entry->arch), __entry->sig,
		  __print_symbolic(__entry->reason,
				   { SUD_DEATH_SELECTOR_UNREADABLE,
				     "selector-unreadable" },
				   { SUD_DEATH_SELECTOR_VALUE,
				     "selector-value" },
				   { SUD_DEATH_SELECTOR_UNWRITABLE,
				     "selector-unwritable" },
				   { SUD_DEATH_FRAME, "frame" }))
);

/* clang-format on */

#endif /* SUD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
