/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inheritance: a child that is armed as its parent is, from its first
 * instruction on. The ABI is in include/sud_uapi.h.
 */
#ifndef SUD_INHERIT_H
#define SUD_INHERIT_H

#include <linux/ptrace.h>

#include "task.h"

/*
 * A call has been let run, and there is no spare entry. Return: what
 * sud_dispatch() does.
 */
long sud_inherit_run(struct sud_task *st, struct pt_regs *regs);
/* The calling thread has made a child, which has not run yet. */
void sud_inherit(struct task_struct *child, unsigned long clone_flags);

#endif /* SUD_INHERIT_H */
