/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * 5.10: the slow path's own function, and a thread flag that leads there.
 *
 * TIF_SYSCALL_AUDIT on a thread without an audit context does nothing, and
 * nobody clears it. The function's body would let every call run, so the hook
 * must never be lost: the kernel refuses to switch ftrace off while the hook is
 * attached (guard.c).
 *
 * Can go when 5.10 does.
 */
#ifndef SUD_COMPAT_GATE_TIF_H
#define SUD_COMPAT_GATE_TIF_H

#include <linux/sched.h>
#include <linux/thread_info.h>
#include <sud_uapi.h>

#include "resume.h"

struct sud_task;

#define SUD_GATE_SYMBOLS \
	"syscall_trace_enter.constprop.0", "syscall_trace_enter"

/*
 * The hooked function returns the number of the call to run: -1 is none. Its
 * body has ptrace, seccomp, audit and the tracepoints still to do, so a call
 * that runs goes on there.
 */
enum sud_verdict {
	SUD_VERDICT_RUN = SUD_PASS,
	SUD_VERDICT_SKIP = -1,
	SUD_VERDICT_PASS = SUD_PASS,
};

/* The exit work that would show a call, had it been made. */
#define SUD_GATE_SHOWING \
	(_TIF_SYSCALL_TRACE | _TIF_SYSCALL_TRACEPOINT | _TIF_SINGLESTEP)

void sud_gate_hide_shown(struct sud_resume *resume, bool signal);

static inline void sud_gate_hide(struct sud_resume *resume, bool signal)
{
	if (unlikely(READ_ONCE(current_thread_info()->flags) &
		     SUD_GATE_SHOWING))
		sud_gate_hide_shown(resume, signal);
}

/* The exit work reports it: sud_gate_hide() leaves that to it. */
static inline bool sud_gate_stepped(void)
{
	return false;
}

void sud_gate_arm(struct task_struct *task, struct sud_task *st);
void sud_gate_disarm(struct task_struct *task);

/* A child starts with its parent's flags. */
static inline void sud_gate_fork(struct task_struct *child, bool parent_armed)
{
	if (parent_armed)
		sud_gate_disarm(child);
}

/* What PTRACE_SYSEMU sets; only a tracer's resuming the child clears it. */
static inline void sud_gate_seal(struct task_struct *child)
{
	set_tsk_thread_flag(child, TIF_SYSCALL_EMU);
}

/* No native body looks into a state, and the table's node is best at its start. */
#define SUD_GATE_BLOCK_BYTES 0

/* 5.10 has no field to keep a pointer in. */
#define SUD_GATE_SHORTCUT 0
#define sud_gate_shortcut() sud_task_search()

static inline bool sud_gate_native_armed(struct task_struct *task)
{
	return false;
}

static inline u32 sud_gate_native_modes(void)
{
	return 0;
}

#endif /* SUD_COMPAT_GATE_TIF_H */
