/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inheritance: a child that is armed as its parent is, from its first
 * instruction on. The ABI is in include/sud_uapi.h.
 */
#ifndef SUD_INHERIT_H
#define SUD_INHERIT_H

#include "compat/gate.h"
#include "task.h"

struct pt_regs;

/* A call is let run, and the thread has no spare: try to get one. */
enum sud_verdict sud_inherit_refill(struct pt_regs *regs, struct sud_task *st);
/* A call runs, and with it a child of the thread's may come to be. */
static __always_inline enum sud_verdict
sud_inherit_let_run(struct pt_regs *regs, struct sud_task *st)
{
	if (st->config.flags & SUD_FLAGS_INHERIT && !st->spare)
		return sud_inherit_refill(regs, st);
	return SUD_VERDICT_RUN;
}

/* The calling thread has made a child, which has not run yet. */
void sud_inherit_child(struct task_struct *child, unsigned long clone_flags);

#endif /* SUD_INHERIT_H */
